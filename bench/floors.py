#!/usr/bin/env python3
"""The table of floors: weir-bench beside PyTorch in turns, one line an op, and whether it holds.

    make bench && PEERS-PYTHON bench/floors.py [CASE ..] [--rounds 5] [--seconds 1] [--bench FILE]

Each round runs a case of ours, then of bench/ops_torch.py (bench/memory_torch.py) on the same core,
so that what else the machine does weighs on both. The ratio is PyTorch's least median over ours, at
the better of its two memory orders; a floor of the other kind, a most, is in ns a number or in
bytes over PyTorch's. Lines without a floor are printed too, and first what a core can do on
registers alone. Exit status 1: a floor does not hold.
"""
import argparse
import fnmatch
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TORCH_CASES = ["norms", "blocks", "copies", "sums", "short", "convert"]
NUMBERS = 1 << 20  # of a conversion

# Patterns of ops and how many times PyTorch's speed is asked for, the first that fits. Of cumsum
# three times its own speed of old was asked, which doc/performance.md has.
FLOORS = [
    ("group_norm*", 1.0), ("batch_norm*", 1.0), ("actnorm*", 1.0),
    ("block_*", 1.05),
    ("pad_*", 1.0), ("slice_*", 1.0), ("dropout_*", 1.0), ("index_select_*", 1.0),
    ("flip_*", 1.0), ("cat_*", 1.0), ("qkv_*", 1.0), ("patch*", 1.0), ("unpatch*", 1.0),
    ("sum_first_*", 1.0), ("sum_middle_*", 1.0), ("sum_channels_*", 1.0), ("sum_places_*", 1.0),
    ("modulate_*", 1.0), ("gate_*", 1.0), ("time_add_*", 1.0),
    ("softmax_1024x1000", 0.9), ("softmax_*", 1.0), ("logsumexp_*", 1.0),
    ("gelu_*", 0.9), ("layer_norm_*", 0.9), ("linear_*", 1.0),
    ("attend_bool_*", 1.2), ("attend_bias_*", 1.2),
]
MOST_NS = 1.0  # of a converted or loaded number
MOST_MEMORY = {"chain": 1.5, "unet": 1.5, "unet+grad": 1.1}  # over PyTorch's
ONE_HEAD = "attend_one_head_*"  # on two threads
ONE_HEAD_FLOOR = 1.6  # over one thread


def lines_of(command, cpus, **more):
    """The JSON lines that a command prints, on so many processors"""
    command = ["taskset", "-c", f"0-{cpus - 1}", *map(str, command)]
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                         env={**os.environ, **more}).stdout
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def gather(times, lines, key="ms"):
    for line in lines:
        if key in line:
            times.setdefault(line["op"], []).append(line[key])


def floor_of(op):
    return next((floor for pattern, floor in FLOORS if fnmatch.fnmatch(op, pattern)), None)


class Table:
    def __init__(self):
        self.failed = self.held = 0

    def line(self, case, op, text, ratio, bound, most=False):
        verdict = ""
        if bound is not None:
            holds = ratio <= bound if most else ratio >= bound
            verdict = "pass" if holds else "FAIL"
            self.held += holds
            self.failed += not holds
        bound = "-" if bound is None else f"{'<=' if most else '>='} {bound:.2f}"
        print(f"{case:8} {op:36} {text:40} {ratio:8.2f}  {bound:8} {verdict}", flush=True)


def time_case(table, case, a):
    ours, peer = {}, {}
    for _ in range(a.rounds):
        common = ["--threads", 1, "--seconds", a.seconds]
        gather(ours, lines_of([a.bench, case, "--json", *common], 1))
        gather(peer, lines_of([sys.executable, f"{HERE}/ops_torch.py", case, *common], 1))
    for op in ours:
        ms, other = min(ours[op]), min(peer.get(op, [0]))
        if case == "convert":
            table.line(case, op, f"{ms:.4f} ms, ns a number:", 1e6 * ms / NUMBERS, MOST_NS, True)
        if other:
            bound = None if case == "convert" else floor_of(op)
            table.line(case, op, f"{ms:.4f} ms, PyTorch {other:.4f}:", other / ms, bound)


def time_one_head(table, a):
    """Ours on one thread, its processor time, and on two, by the clock: for a quiet machine"""
    one, two = {}, {}
    for _ in range(a.rounds):
        for threads, times in ((1, one), (2, two)):
            command = [a.bench, "short", "--json", "--threads", threads, "--seconds", a.seconds]
            gather(times, lines_of(command, threads))
    for op in fnmatch.filter(two, ONE_HEAD + "*"):
        ms, other = min(two[op]), min(one[op])
        table.line("threads", op, f"two {ms:.4f} ms, one {other:.4f}:", other / ms, ONE_HEAD_FLOOR)


def measure_memory(table, a):
    ours, peer = {}, {}
    gather(ours, lines_of([a.bench, "memory", "--json"], 1), "resident_bytes")
    gather(peer, lines_of([sys.executable, f"{HERE}/memory_torch.py"], 1,
                          MALLOC_MMAP_THRESHOLD_="65536"), "resident_bytes")
    for op, bound in MOST_MEMORY.items():
        if op in ours and op in peer:
            ms, other = ours[op][0] * 1e-6, peer[op][0] * 1e-6
            table.line("memory", op, f"{ms:.1f} MB, PyTorch {other:.1f}:", ms / other, bound, True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    cases = [*TORCH_CASES, "threads", "memory"]
    parser.add_argument("case", nargs="*", help=", ".join(cases))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1, help="four times those of a line")
    parser.add_argument("--bench", default=f"{HERE}/../build/release/weir-bench")
    a = parser.parse_args()
    unknown = set(a.case) - set(cases)
    if unknown:
        parser.error(f"{unknown.pop()}: expected {', '.join(cases)}")
    table = Table()
    conv = lines_of([a.bench, "conv", "--json", "--threads", 1, "--seconds", 0.01], 1)
    print(f"peak     {conv[0]['fma_peak_gflops']:.1f} GFLOP/s a core, float on registers alone")
    for case in a.case or cases:
        if case == "memory":
            measure_memory(table, a)
        elif case == "threads":
            time_one_head(table, a)
        else:
            time_case(table, case, a)
    print(f"{table.held} floors hold, {table.failed} do not")
    return 1 if table.failed else 0


sys.exit(main())
