#!/usr/bin/env python3
"""Flows against a Gaussian, a mixture and a kernel estimate on the tables that scikit-learn ships.

    python3 bench/tables.py WEIR [TABLE ..] [-- SETTING ..]

Mean log-density in nats of test rows, mean and standard error over five splits: 60 % of the rows
train, 20 % choose (ridge of the Gaussian, components and ridge of the mixture, bandwidth of the
kernels, the step of a flow's weights), 20 % test. Values of each column are given with some
step, so each gets uniform noise of that width, the same for all methods. Needs scikit-learn.
"""
import json
import os
import subprocess
import sys
import tempfile
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np  # noqa: E402
from sklearn import datasets, mixture, neighbors  # noqa: E402


def load(name):
    if name == "diabetes":
        x = datasets.load_diabetes(scaled=False).data
        return np.delete(x, 1, axis=1)  # all but the two values of sex
    x = getattr(datasets, "load_" + name)().data
    return x[:, x.std(axis=0) > 0]  # three of the digits' 64 pixels never change


def with_noise(x, r):
    steps = [np.diff(np.unique(c)).min() for c in x.T]
    return x + r.uniform(size=x.shape) * steps


def gaussian(train, valid):
    ridges = 10.0 ** np.arange(-6, 1)
    fits = [mixture.GaussianMixture(1, reg_covar=g).fit(train) for g in ridges]
    return max(fits, key=lambda m: m.score(valid))


def mixtures(train, valid):
    fits = [mixture.GaussianMixture(k, reg_covar=g, random_state=0).fit(train)
            for k in range(1, 7) for g in (1e-3, 1e-2, 1e-1)]
    return max(fits, key=lambda m: m.score(valid))


def kernels(train, valid):
    fits = [neighbors.KernelDensity(bandwidth=h).fit(train) for h in np.geomspace(0.05, 2, 25)]
    return max(fits, key=lambda m: m.score_samples(valid).mean())


def flow(weir, model, train, valid, test, seed, settings, folder):
    run = os.path.join(folder, f"{model}-{seed}-{os.getpid()}")
    both, tests = run + ".npy", run + "-test.npy"
    np.save(both, np.concatenate([train, valid]))
    np.save(tests, test)
    subprocess.run([weir, "train", model, "--data", f"{both},valid=last:{len(valid)}", "--out", run,
                    "--seed", str(seed), "--threads", "1", *settings], check=True,
                   capture_output=True)
    score = lambda d: json.loads(subprocess.run([weir, "score", run, "--data", d, "--json"],
                                                check=True, capture_output=True).stdout)["nats"]
    return score(tests), score(f"{both},valid=last:{len(valid)},split=valid")


def main():
    weir, args = sys.argv[1], sys.argv[2:]
    cut = args.index("--") if "--" in args else len(args)
    tables, settings = args[:cut] or ["iris", "diabetes", "wine", "breast_cancer", "digits"], args[cut + 1:]
    print("table", "n", "dim", "gaussian", "mixture", "kernels", "nsf", "maf", sep="\t")
    for name in tables:
        x = load(name)
        got = []
        for seed in range(5):
            r = np.random.default_rng(seed)
            y = r.permutation(with_noise(x, r))
            a, b = int(0.6 * len(y)), int(0.8 * len(y))
            mean, std = y[:a].mean(0), y[:a].std(0)
            z, unit = (y - mean) / std, np.log(std).sum()
            parts = z[:a], z[a:b], z[b:]
            row = [f(*parts[:2]).score_samples(parts[2]).mean() - unit
                   for f in (gaussian, mixtures, kernels)]
            with tempfile.TemporaryDirectory() as folder:
                for model in "nsf", "maf":
                    test, valid = flow(weir, model, y[:a], y[a:b], y[b:], seed, settings, folder)
                    row.append(test)
                    if settings:
                        row.append(valid)
            got.append(row)
        got = np.array(got)
        print(name, len(x), x.shape[1],
              *(f"{m:.3f} ± {e:.3f}" for m, e in zip(got.mean(0), got.std(0, ddof=1) / 5 ** 0.5)),
              sep="\t", flush=True)


main()
