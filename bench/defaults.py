#!/usr/bin/env python3
"""Every model as a user meets it: nothing set but the data.

    python3 bench/defaults.py WEIR [DATA ..] [-- MODEL ..]

DATA: moons, table, digits, or the folder of MNIST's four files; the first three unless said. For
each the seconds of processor time of `weir train MODEL --data X --out RUN --seed 1 --threads 1`,
the step whose weights are kept, and the mean log-density of rows that neither trained nor chose,
with its standard error. The table is of 5 columns, a mixture of three Gaussians; its truth is
printed. Needs NumPy.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import numpy as np

MODELS = ("nice realnvp glow nsf maf iaf flow rectified-flow flow-matching ddpm score-sde edm "
          "cnf").split()


def table(folder):
    """Names of a file to train on and one to score, and the mean of the true log p of that."""
    r = np.random.default_rng(1)
    a, c = r.normal(size=(5, 5)) / 2, 2 * r.normal(size=(3, 5))
    draw = lambda n: r.normal(size=(n, 5)) @ a.T + c[r.integers(0, 3, n)]
    train, test = os.path.join(folder, "table.npy"), os.path.join(folder, "more.npy")
    np.save(train, draw(10000))
    x = draw(20000)
    np.save(test, x)
    z = np.linalg.solve(a, (x[:, None] - c).reshape(-1, 5).T).T.reshape(len(x), 3, 5)
    parts = -0.5 * (z ** 2).sum(2) - 2.5 * np.log(2 * np.pi) - np.log(3)
    truth = np.log(np.exp(parts).sum(1)) - np.linalg.slogdet(a)[1]
    return train, test, truth.mean()


def data(name, folder):
    if name == "moons":
        return "toy:moons", "toy:moons,n=20000,valid=last:10000,split=valid", None
    if name == "digits":
        return "digits", "digits,split=test", None
    if name == "table":
        return table(folder)
    return name + "/train-images-idx3-ubyte.gz", name + "/t10k-images-idx3-ubyte.gz", None


def spent():
    u = resource.getrusage(resource.RUSAGE_CHILDREN)
    return u.ru_utime + u.ru_stime


def run(weir, *args):
    p = subprocess.run([weir, *args, "--threads", "1"], capture_output=True, text=True)
    if p.returncode:
        raise RuntimeError(p.stderr.strip().splitlines()[-1])
    return json.loads(p.stdout)


def main():
    weir, args = sys.argv[1], sys.argv[2:]
    cut = args.index("--") if "--" in args else len(args)
    print("| data | model | nats | bits_per_dim | kept at step | seconds |\n|---|---|---|---|---|---|")
    for name in args[:cut] or ["moons", "table", "digits"]:
        with tempfile.TemporaryDirectory() as folder:
            train, test, truth = data(name, folder)
            for model in args[cut + 1:] or MODELS:
                out = os.path.join(folder, model)
                began = spent()
                try:
                    kept = run(weir, "train", model, "--data", train, "--out", out, "--seed", "1", "--json")
                    seconds = spent() - began
                    s = run(weir, "score", out, "--data", test, "--json", "--seed", "1")
                except RuntimeError as e:
                    print(f"| {name} | `{model}` | {e} | | | |", flush=True)
                    continue
                bits = f"{s['bits_per_dim']:.3f}" if "bits_per_dim" in s else ""
                print(f"| {os.path.basename(name)} | `{model}` | {s['nats']:.3f} ± {s['nats_stderr']:.3f} | {bits} "
                      f"| {kept.get('best_step')} | {seconds:.1f} |", flush=True)
            if truth is not None:
                print(f"| {name} | truth | {truth:.3f} | | | |", flush=True)


main()
