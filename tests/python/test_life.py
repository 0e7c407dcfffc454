"""Memory, threads, processes: what is dropped goes back, whoever drops it."""

import gc
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import weir


def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_ten_thousand_calls_leave_nothing(run):
    m = weir.Model.load(run.folder)
    x = np.zeros((3, 2), np.float32)

    def calls(n):
        for _ in range(n):
            m.log_prob(x)
            m.sample(1)

    calls(100)
    gc.collect()
    before, references = m.context.memory()["live_bytes"], sys.getrefcount(x)
    calls(10000)
    gc.collect()
    assert m.context.memory()["live_bytes"] == before and sys.getrefcount(x) == references


def test_tensors_go_back():
    c = weir.Context(1)
    w = weir.ones(100, 100, requires_grad=True, where=c)

    def steps(n):
        for _ in range(n):
            ((w * 2).exp() + w).sum().backward()
            w.grad = None

    steps(3)
    before = c.memory()["live_blocks"]
    steps(1000)
    assert c.memory()["live_blocks"] == before and c.memory()["peak_bytes"] < 2 ** 20


def test_models_and_contexts_go_back(run):
    x = np.zeros((3, 2))

    def calls(n):
        for _ in range(n):
            weir.Model.load(run.folder, threads=1).log_prob(x)

    calls(20)
    gc.collect()
    before = resident()
    calls(300)
    gc.collect()
    assert resident() - before < 4 * 2 ** 20


def test_what_lies_in_a_cycle_goes_back(run):
    from weir import _core

    for _ in range(5):
        m = weir.Model.load(run.folder, threads=1)
        t = weir.tensor([1.0], where=m)
        cycle = {"m": m, "t": t, "o": weir.optim.Adam(m)}
        cycle["self"] = cycle
        del m, t, cycle
        gc.collect()
    assert not _core._orphans


def test_a_handle_dropped_on_another_thread():
    c = weir.Context(1)
    kept = [weir.ones(1000, where=c) for _ in range(50)]
    before = c.memory()["live_blocks"]
    thread = threading.Thread(target=kept.clear)
    thread.start()
    thread.join()
    assert c.memory()["live_blocks"] <= before - 50


def test_eight_threads_score_with_one_model(run, table):
    m = weir.Model.load(run.folder, threads=1)
    want, errors = m.log_prob(table), []

    def score():
        for _ in range(50):
            if not np.array_equal(m.log_prob(table), want):
                errors.append("other bits")
            if not np.array_equal(m.sample(3, seed=1), first):
                errors.append("other samples")

    first = m.sample(3, seed=1)
    threads = [threading.Thread(target=score) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert errors == []
    weir.optim.Adam(m).zero_grad()
    m.module.load_state_dict({k: v for k, v in m.module.state_dict().items()})  # shares have ended


class Holding:
    """A lock that another thread has until `end`."""

    def __init__(self, lock):
        self.has, self.done = threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self.hold, args=(lock,))
        self.thread.start()
        self.has.wait()

    def hold(self, lock):
        with lock:
            self.has.set()
            self.done.wait()

    def end(self):
        self.done.set()
        self.thread.join()


def test_a_busy_model_is_scored_by_a_share(run, table):
    m = weir.Model.load(run.folder, threads=1)
    want = m.log_prob(table)
    m._free.append(m._shared())  # as after the first time that it was found busy
    assert got_by_share(m, table, want)


def got_by_share(m, table, want):
    """That it does not wait: answered while the lock is held."""
    held, got = Holding(m.context.lock), []
    thread = threading.Thread(target=lambda: got.append(m.log_prob(table)))
    thread.start()
    thread.join(20)
    answered = len(got) == 1
    held.end()
    thread.join()
    return answered and np.array_equal(got[0], want)


def test_calls_let_other_threads_run(run):
    m = weir.Model.load(run.folder, threads=1)
    x = np.zeros((300000, 2), np.float32)
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(1)
            time.sleep(0.001)

    thread = threading.Thread(target=tick)
    thread.start()
    m.log_prob(x)
    done.set()
    thread.join()
    assert len(ticks) > 3


def program(text, *arguments):
    done = subprocess.run([sys.executable, "-W", "error", "-c", textwrap.dedent(text), *map(str, arguments)],
                          text=True, capture_output=True, timeout=60)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout


def test_the_end_of_the_interpreter(run):
    assert program("""
        import sys, threading, weir, weir.nn
        kept = [weir.Model.load(sys.argv[1]), weir.ones(3), weir.nn.Linear(2, 3)]
        kept.append(kept)
        sys.kept = kept
        threading.Thread(target=lambda: kept[0].log_prob([[0.0, 0.0]]), daemon=True).start()
        print("ends")
    """, run.folder) == "ends\n"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_after_fork(run):
    m = weir.Model.load(run.folder, threads=2)
    want = m.log_prob([[0.0, 0.0]])
    weir.ones(3)
    held = Holding(m.context.lock)  # as another thread may at that moment
    pid = os.fork()
    if pid == 0:
        good = np.array_equal(m.log_prob([[0.0, 0.0]]), want) and (weir.ones(3) + 1).sum().item() == 6
        os._exit(0 if good else 1)
    held.end()
    assert os.waitpid(pid, 0)[1] == 0


def test_lazy_parts_and_names():
    assert program("""
        import sys, weir
        assert "weir._ops" not in sys.modules and "weir.models" not in sys.modules
        assert weir.models.nsf and weir.exp and weir.Tensor and "train" in dir(weir)
        try: weir.nothing
        except AttributeError as e: print(e)
    """) == "module 'weir' has no attribute 'nothing'\n"


def test_weights_change_while_others_score(run, table):
    """A share that ends between being taken and being held is no error, and none is of other weights."""
    m = weir.Model.load(run.folder, threads=1)
    x, done, raised = table[:64].astype(np.float32), threading.Event(), []

    def score():
        try:
            while not done.is_set():
                assert np.isfinite(m.log_prob(x)).all()
                m.sample(5, seed=1)
        except BaseException as e:
            raised.append(e)

    threads = [threading.Thread(target=score) for _ in range(4)]
    for t in threads:
        t.start()
    optim = weir.optim.Adam(m, lr=1e-4)
    for _ in range(150):
        optim.zero_grad()
        m.loss(x).mean().backward()
        optim.step()
    done.set()
    for t in threads:
        t.join()
    assert raised == []


def test_an_ended_share_is_not_taken(run, table):
    m = weir.Model.load(run.folder, threads=1)
    want = m.log_prob(table)
    m._free.append(m._shared())
    ended = m._free[0]
    m._unshare()
    m._free.append(ended)  # given back just after it ended
    m._free.insert(0, m._shared())
    assert got_by_share(m, table, want)


def test_after_a_run_is_closed(run, table, tmp_path):
    r = weir.Run(shutil.copytree(run.folder, tmp_path / "run"))
    current = r.current
    optim, module, p = weir.optim.Adam(current), current.module, current.parameters()
    value = p[0].detach().numpy().copy()
    best = r.model
    r.close()
    r.close()
    uses = (lambda: r.step, lambda: r.train(50), lambda: r.current, lambda: current.sample(3), lambda: current.dtype,
            lambda: current.log_prob(table), lambda: repr(current), module.state_dict, optim.step, optim.zero_grad)
    for use in uses:
        with pytest.raises(weir.errors.StateError, match="closed"):
            use()
    assert np.array_equal(p[0].detach().numpy(), value) and best.sample(2).shape == (2, 2)
