#!/usr/bin/env python3
"""Samples of a run with classes as one picture, a class a row.

    python bench/class_rows.py WEIR RUN OUT.png [N ["SOLVER" [SEED]]]

N of each class (8), by SOLVER ("heun steps=16 guidance=2") and SEED (1). Needs NumPy. Prints the seconds of processor
time that the draws took.
"""
import json, resource, struct, subprocess, sys, tempfile, zlib
import numpy as np


def write_png(path, grey):
    """grey: bytes [height, width]."""
    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    head = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0)
    lines = b"".join(b"\0" + line.tobytes() for line in grey)
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b""))


weir, run, out = sys.argv[1:4]
n = int(sys.argv[4]) if len(sys.argv) > 4 else 8
solver = sys.argv[5] if len(sys.argv) > 5 else "heun steps=16 guidance=2"
seed = sys.argv[6] if len(sys.argv) > 6 else "1"
model = json.load(open(f"{run}/config.json"))["model"]
height, width = model["shape"][-2:]
top = (model["levels"] or 256) - 1
rows = []
with tempfile.TemporaryDirectory() as folder:
    for k in range(model["classes"]):
        subprocess.run([weir, "sample", run, "-n", str(n), "--class", str(k), "-o", f"{folder}/x.npy", "--seed", seed,
                        "--solver", solver, "--threads", "1", "--quiet"], check=True)
        x = np.load(f"{folder}/x.npy").reshape(n, height, width) / top
        rows.append(np.hstack(list(np.clip(x, 0, 1))))
write_png(out, np.round(255 * (1 - np.vstack(rows))).astype(np.uint8))
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{len(rows)} classes, {n} of each, {solver}, seed {seed}: {used.ru_utime + used.ru_stime:.0f} s of processor time")
