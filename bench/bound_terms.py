#!/usr/bin/env python3
"""What the variational bound of a trained ddpm loses on toy:gaussian, by steps of its chain.

    python bench/bound_terms.py WEIR RUN [ROWS]

RUN: `weir train ddpm --data toy:gaussian --out RUN`. The bound is below log p by the gap of a perfect network, whose D
is E[x_0 | x_t], and by what the network's D adds: E |x - D|^2 = E |x - E[x_0|x_t]|^2 + E |D - E[x_0|x_t]|^2, each
weighted as in src/models/variational.c. Both are computed here, the second from what `weir denoise` says at 60 of the
1,000 times, ROWS (2,000) samples each, interpolated in log of the step. Needs NumPy.
"""
import json, struct, subprocess, sys, tempfile
import numpy as np

weir, run = sys.argv[1:3]
rows = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
N = 1000
beta = np.linspace(1e-4, 0.02, N)
a2 = np.concatenate([[1], np.cumprod(1 - beta)])
snr = a2[1:] / (1 - a2[1:])
with open(f"{run}/model.safetensors", "rb") as f:
    head = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
    body = f.read()
tensor = lambda name: np.frombuffer(body[slice(*head[name]["data_offsets"])], "<f8")
mean, std = tensor("data.mean"), tensor("data.std")

L = np.array([[1, 0], [0.4, 0.3]])
m, C = (np.array([0.5, -0.25]) - mean) / std, (L @ L.T) / np.outer(std, std)  # of what the network sees
r = np.random.default_rng(1)
y = m + r.normal(size=(rows, 2)) @ np.linalg.cholesky(C).T

# -- a perfect network: E |x - E[x_0|x_t]|^2 = tr (C^-1 + snr I)^-1
perfect = np.array([np.trace(np.linalg.inv(np.linalg.inv(C) + s * np.eye(2))) for s in snr])
weight = np.concatenate([[1 / (1 - a2[1])], snr[:-1] - snr[1:]])
terms = 0.5 * weight * perfect
terms[0] += np.log(2 * np.pi * (1 - a2[1]))
end = 0.5 * (np.sum(a2[N] * (np.diag(C) + m * m)) - 2 * a2[N] - 2 * np.log(1 - a2[N]))
entropy = 1 + np.log(2 * np.pi) + 0.5 * np.log(np.linalg.det(C))
print(f"gap of a perfect network           {terms.sum() + end - entropy:8.4f} nats")

# -- the network
steps = np.unique(np.concatenate([np.arange(1, 11), np.round(np.geomspace(10, N, 50))])).astype(int)
error = []
with tempfile.TemporaryDirectory() as folder:
    for i in steps:
        a, b = np.sqrt(a2[i]), np.sqrt(1 - a2[i])
        x = a * y + b * r.normal(size=y.shape)
        np.save(f"{folder}/x.npy", x * std + mean)
        subprocess.run([weir, "denoise", run, "--data", f"{folder}/x.npy", "-t", repr(float(i / N)), "-o", f"{folder}/d.npy",
                        "--threads", "1", "--quiet"], check=True)
        D = (np.load(f"{folder}/d.npy") - mean) / std
        best = m + (x - a * m) @ np.linalg.inv(a2[i] * C + b * b * np.eye(2)) @ (a * C)
        error.append(np.mean(np.sum((D - best) ** 2, 1)))
error = np.array(error)
eps = np.exp(np.interp(np.log(np.arange(1, N + 1)), np.log(steps), np.log(error * snr[steps - 1])))  # of eps, smooth
added = 0.5 * weight / snr * eps
print(f"added by the network's errors      {added.sum():8.4f} nats")
for lo, hi in ((1, 1), (2, 2), (3, 5), (6, 10), (11, 30), (31, 100), (101, 300), (301, 1000)):
    part = slice(lo - 1, hi)
    print(f"  steps {lo:4} to {hi:4}                {added[part].sum():8.4f}   weight of an error of eps {0.5 * (weight / snr)[part].sum():.3f}, its mean square {eps[part].mean():.4f}")
