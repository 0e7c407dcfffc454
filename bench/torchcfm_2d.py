#!/usr/bin/env python3
"""Flow matching in the plane by torchcfm's notebook recipe, theirs and ours on the same rows.

    python bench/torchcfm_2d.py WEIR moons|8gaussians independent|ot|schroedinger
        [--steps 20000] [--rows 5000] [--side both|ours|torchcfm]

One case a call, a line as soon as it is known. Needs torch, torchcfm, torchdyn, torchdiffeq, POT.

Noise to data; an MLP of three layers of 64, SELU (ours: SiLU); batch 256; Adam, 1e-3. Theirs draws
every batch anew, ours from 50,000 rows. sigma: 0.1 (ours: 0) of independent and ot; 0.5 of the
bridge on both sides, theirs by POT's Sinkhorn at reg = 2 sigma^2. Printed are processor seconds of
training on one thread; the energy distance of ROWS draws (Dormand-Prince at 1e-5) to ROWS rows
never seen; the 2-Wasserstein distance of at most 2,000 of each (torchcfm's own, by POT; the line
`data` is that of two samples of the data); the mean log-density of these rows.
"""
import argparse
import json
import math
import os
import resource
import subprocess
import tempfile
import time
import warnings
import numpy as np
import torch
from torchcfm.conditional_flow_matching import (
    ConditionalFlowMatcher, ExactOptimalTransportConditionalFlowMatcher,
    SchrodingerBridgeConditionalFlowMatcher)
from torchcfm.models import MLP
from torchcfm.optimal_transport import wasserstein
from torchcfm.utils import sample_8gaussians, sample_moons
from torchdiffeq import odeint

BRIDGE = 0.5
DRAW = {"moons": sample_moons, "8gaussians": sample_8gaussians}
MATCH = {
    "independent": lambda: ConditionalFlowMatcher(sigma=0.1),
    "ot": lambda: ExactOptimalTransportConditionalFlowMatcher(sigma=0.1),
    "schroedinger": lambda: SchrodingerBridgeConditionalFlowMatcher(sigma=BRIDGE,
                                                                    ot_method="sinkhorn"),
}
ap = argparse.ArgumentParser()
ap.add_argument("weir")
ap.add_argument("data", choices=DRAW)
ap.add_argument("coupling", choices=MATCH)
ap.add_argument("--steps", type=int, default=20000)
ap.add_argument("--rows", type=int, default=5000)
ap.add_argument("--side", choices=["both", "ours", "torchcfm"], default="both")
a = ap.parse_args()
folder = tempfile.mkdtemp()


def path(name):
    return os.path.join(folder, name)


def say(who, text):
    print(f"{a.data:11} {a.coupling:12} {who:9} {text}", flush=True)


def weir(*args):
    done = subprocess.run([a.weir, *args, "--threads", "1", "--quiet"], check=True,
                          capture_output=True, text=True)
    return done.stdout


def energy(what):
    """Of rows in a file, or drawn by a run, to those never seen."""
    out = weir("compare", what, path("test.npy"), "-n", str(a.rows), "--metric", "energy",
               "--solver", "dopri5", "--json")
    m = json.loads(out)["metrics"]["energy"]
    return f"energy {m['value']:.4f} +- {m['stderr']:.4f}"


def wasserstein_2(name):
    """Moons come one after the other, so that rows are chosen by chance."""
    some = lambda x: torch.from_numpy(np.random.default_rng(0).permutation(x)[:2000])
    x, y = (np.load(path(f)).astype("float32") for f in (name, "test.npy"))
    return f"W2 {wasserstein(some(x), some(y), method='exact', power=2):.4f}"


def train_theirs():
    match, net = MATCH[a.coupling](), MLP(dim=2, time_varying=True)
    opt = torch.optim.Adam(net.parameters())
    for _ in range(a.steps):
        opt.zero_grad()
        data = DRAW[a.data](256).float()
        t, x, u = match.sample_location_and_conditional_flow(torch.randn(256, 2), data)
        torch.mean((net(torch.cat([x, t[:, None]], -1)) - u) ** 2).backward()
        opt.step()
    return net


def velocity(net, t, x):
    return net(torch.cat([x, t.expand(x.shape[0], 1)], 1))


def solve(field, state, begin, end):
    times = torch.tensor([begin, end])
    with torch.no_grad():
        return odeint(field, state, times, rtol=1e-5, atol=1e-5, method="dopri5")


def log_density(net, x):
    def field(t, s):
        with torch.enable_grad():
            x = s[0].detach().requires_grad_()
            u = velocity(net, t, x)
            trace = sum(torch.autograd.grad(u[:, i].sum(), x, retain_graph=True)[0][:, i]
                        for i in range(2))
        return u.detach(), trace.detach()

    z, trace = solve(field, (x, torch.zeros(len(x))), 1.0, 0.0)
    return -0.5 * (z[-1] ** 2).sum(1) - math.log(2 * math.pi) + trace[-1]


def theirs(test):
    begin = time.process_time()
    net = train_theirs()
    say("torchcfm", f"trained in {time.process_time() - begin:.0f} s")
    ends = solve(lambda t, x: velocity(net, t, x), torch.randn(a.rows, 2), 0.0, 1.0)[-1]
    np.save(path("theirs.npy"), ends.numpy())
    say("torchcfm", f"{energy(path('theirs.npy'))}  {wasserstein_2('theirs.npy')}")
    nats = log_density(net, test)
    say("torchcfm", f"nats {nats.mean():.4f} +- {nats.std() / len(test) ** 0.5:.4f}")


def ours():
    coupling = a.coupling + (f" sigma={BRIDGE}" if a.coupling == "schroedinger" else "")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    weir("train", "rectified-flow", "--data", path("train.npy"), "--out", path("run"),
         "--steps", str(a.steps), "--seed", "1", "--set", f"coupling={coupling}",
         "--set", "net.hidden=64,64,64", "--set", "net.activation=silu", "--set", "batch=256",
         "--set", "lr=1e-3", "--set", "schedule=constant", "--set", "standardize=no",
         "--set", "train.valid_every=1000000")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    say("weir", f"trained in {spent:.0f} s")
    weir("sample", path("run"), "-n", str(a.rows), "-o", path("ours.npy"), "--seed", "1",
         "--solver", "dopri5")
    say("weir", f"{energy(path('ours.npy'))}  {wasserstein_2('ours.npy')}")
    s = json.loads(weir("score", path("run"), "--data", path("test.npy"), "--json"))
    say("weir", f"nats {s['nats']:.4f} +- {s['nats_stderr']:.4f}")


warnings.filterwarnings("ignore")
torch.manual_seed(0)
torch.set_num_threads(1)
np.random.seed(0)
test = DRAW[a.data](a.rows).float()
np.save(path("train.npy"), DRAW[a.data](50000).float().numpy())
np.save(path("test.npy"), test.numpy())
say("data", wasserstein_2("train.npy"))
if a.side != "torchcfm":
    ours()
if a.side != "ours":
    theirs(test)
