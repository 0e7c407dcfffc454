"""What Python costs over C: one call, a million samples, and the import, beside torch where it is.

    bench/python/run        builds what is needed and prints one table

In turns, in one process, by the processor time of one thread; the least of the rounds, which is what
the processor does when nothing else weighs on it. The C loop calls the same function of the same
library on the same model.
"""

import ctypes
import importlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

import weir
from weir._weir import ffi

C = ctypes.CDLL(os.environ["WEIR_CALLS"])
C.calls_log_prob.restype = ctypes.c_double
C.calls_log_prob.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_int]


def of_c(model, x, times):
    out = np.empty(len(x))
    return C.calls_log_prob(int(ffi.cast("intptr_t", model._p)), x.ctypes.data, len(x), out.ctypes.data, times)


def of_python(model, x, times):
    begin = time.thread_time()
    for _ in range(times):
        model.log_prob(x)
    return (time.thread_time() - begin) / times


def in_turns(model, x, times, rounds):
    pairs = [(of_c(model, x, times), of_python(model, x, times)) for _ in range(rounds)]
    return [min(side) for side in zip(*pairs)]


def of_torch(model, x, rounds):
    """The same flow as code of PyTorch (`weir export`); None: there is no torch."""
    try:
        import torch
    except ImportError:
        return None
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        model.export("torch", folder)
        sys.path.insert(0, folder)
        theirs = importlib.import_module("model").load()
    t = torch.from_numpy(x)
    times = []
    with torch.no_grad():
        for _ in range(rounds):
            begin = time.thread_time()
            theirs.log_prob(t)
            times.append(time.thread_time() - begin)
    return min(times)


def cpu(code):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def imports(rounds=40):
    pairs = [(cpu("import numpy"), cpu("import numpy, weir")) for _ in range(rounds)]
    return [1e3 * min(side) for side in zip(*pairs)]


def threads(model, x, n):
    """Calls a second of n threads that score with one model."""
    def score():
        for _ in range(8 // n):
            model.log_prob(x)

    workers = [threading.Thread(target=score) for _ in range(n)]
    begin = time.perf_counter()
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    return 8 / (time.perf_counter() - begin)


def main():
    model = weir.Model("nice", dim=2, hidden=[16], couplings=2, where=weir.Context(1, 1)).eval()
    flow = weir.Model("nsf", dim=4, where=weir.Context(1, 1)).eval()
    rng = np.random.default_rng(1)
    one = rng.normal(size=(1, 2)).astype(np.float32)
    model.log_prob(one)
    c, python = in_turns(model, one, 500, 1000)
    print(f"one call        C {1e6 * c:8.2f} us   Python {1e6 * python:8.2f} us   over C {1e6 * (python - c):.2f} us")
    many = rng.normal(size=(10**6, 4)).astype(np.float32)
    c, python = in_turns(flow, many, 1, 9)
    print(f"10^6 samples    C {c:8.3f} s    Python {python:8.3f} s    ratio {python / c:.4f}")
    few = many[:20000]
    torch = of_torch(flow, few, 3)
    if torch:
        _, mine = in_turns(flow, few, 1, 3)
        print(f"20000 samples   torch {torch:.3f} s  weir {mine:.3f} s  ratio {torch / mine:.2f}")
    threads(flow, few, 8)  # makes the shares
    rates = [[threads(flow, few, n) for n in (1, 2, 8)] for _ in range(5)]
    one, two, eight = (statistics.median(r) for r in zip(*rates))
    print(f"one model       2 threads {two / one:.2f} times the calls of 1, 8 threads {eight / one:.2f}"
          f" ({len(os.sched_getaffinity(0))} processors)")
    numpy, both = imports()
    print(f"import          numpy {numpy:.1f} ms  and weir {both:.1f} ms  over numpy {both - numpy:.1f} ms")


main()
