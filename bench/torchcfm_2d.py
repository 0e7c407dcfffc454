#!/usr/bin/env python3
"""Flow matching in the plane by torchcfm's notebook recipe, theirs and ours beside each other.

    python bench/torchcfm_2d.py WEIR moons|8gaussians independent|ot [STEPS [ours]]

Needs torch, torchcfm, torchdyn, torchdiffeq, POT. Noise to data; MLP of three layers of 64, SELU (ours: SiLU); sigma = 0.1 (ours: 0);
batch 256; Adam, 1e-3; 20,000 steps. Theirs draws every batch anew, ours from 50,000 rows. Prints for each the energy
distance of 5,000 draws (Dormand-Prince at 1e-5) to 5,000 rows never seen, the 2-Wasserstein distance of 2,000 of each
(torchcfm's own, by POT; that of two samples of the data themselves in the first line), the mean log-density of these rows,
and seconds of processor time of training. `ours`: ours alone, on the same rows.
"""
import json, resource, subprocess, sys, tempfile, time
import numpy as np, torch
from torchcfm.conditional_flow_matching import ConditionalFlowMatcher, ExactOptimalTransportConditionalFlowMatcher
from torchcfm.models import MLP
from torchcfm.optimal_transport import wasserstein
from torchcfm.utils import sample_8gaussians, sample_moons
from torchdiffeq import odeint

weir, data, coupling = sys.argv[1:4]
steps = int(sys.argv[4]) if len(sys.argv) > 4 else 20000
torch.manual_seed(0), torch.set_num_threads(1), np.random.seed(0)
draw = {"moons": sample_moons, "8gaussians": sample_8gaussians}[data]
folder = tempfile.mkdtemp()
test = draw(5000).float()
np.save(f"{folder}/train.npy", draw(50000).float().numpy()), np.save(f"{folder}/test.npy", test.numpy())

def energy(what):
    out = subprocess.run([weir, "compare", what, f"{folder}/test.npy", "-n", "5000", "--metric", "energy", "--solver", "dopri5", "--json", "--quiet"], check=True, capture_output=True).stdout
    m = json.loads(out)["metrics"]["energy"]
    return f"{m['value']:.5f} +- {m['stderr']:.5f}"


def wasserstein_2(file):
    x = torch.from_numpy(np.load(f"{folder}/{file}.npy").astype("float32"))
    some = lambda y: y[torch.from_numpy(np.random.default_rng(0).permutation(len(y))[:2000])]  # moons come one after the other
    return f"{wasserstein(some(x), some(test), method='exact', power=2):.4f}"


def theirs():
    begin = time.process_time()
    match = {"independent": ConditionalFlowMatcher, "ot": ExactOptimalTransportConditionalFlowMatcher}[coupling](sigma=0.1)
    net = MLP(dim=2, time_varying=True)
    opt = torch.optim.Adam(net.parameters())
    for _ in range(steps):
        opt.zero_grad()
        t, x, u = match.sample_location_and_conditional_flow(torch.randn(256, 2), draw(256).float())
        torch.mean((net(torch.cat([x, t[:, None]], -1)) - u) ** 2).backward()
        opt.step()
    seconds = time.process_time() - begin


    def field(t, s):
        with torch.enable_grad():
            x = s[0].detach().requires_grad_()
            u = net(torch.cat([x, t.expand(x.shape[0], 1)], 1))
            div = sum(torch.autograd.grad(u[:, i].sum(), x, retain_graph=True)[0][:, i] for i in range(2))
        return u.detach(), div.detach()


    with torch.no_grad():
        ends = odeint(lambda t, x: net(torch.cat([x, t.expand(x.shape[0], 1)], 1)), torch.randn(5000, 2), torch.tensor([0.0, 1.0]), rtol=1e-5, atol=1e-5, method="dopri5")[-1]
        z, a = odeint(field, (test, torch.zeros(5000)), torch.tensor([1.0, 0.0]), rtol=1e-5, atol=1e-5, method="dopri5")
    np.save(f"{folder}/theirs.npy", ends.numpy())
    nats = -0.5 * (z[-1] ** 2).sum(1) - 1.8378770664 + a[-1]
    print(f"{data:11} {coupling:12} torchcfm  energy {energy(folder + '/theirs.npy')}  W2 {wasserstein_2('theirs')}  nats {nats.mean():.4f} +- {nats.std() / 5000 ** 0.5:.4f}  {seconds:.0f} s", flush=True)


print(f"{data:11} {'':12} data                W2 {wasserstein_2('train')}", flush=True)
if len(sys.argv) < 6: theirs()
before = resource.getrusage(resource.RUSAGE_CHILDREN)
subprocess.run([weir, "train", "rectified-flow", "--data", f"{folder}/train.npy", "--out", f"{folder}/run", "--steps", str(steps), "--set", "net.hidden=64,64,64", "--set", "net.activation=silu", "--set", "batch=256",
                "--set", "lr=1e-3", "--set", "schedule=constant", "--set", f"coupling={coupling}", "--set", "standardize=no", "--set", "train.valid_every=1000000", "--threads", "1", "--quiet"], check=True, capture_output=True)
after = resource.getrusage(resource.RUSAGE_CHILDREN)
trained = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
subprocess.run([weir, "sample", f"{folder}/run", "-n", "5000", "-o", f"{folder}/ours.npy", "--seed", "1", "--solver", "dopri5", "--threads", "1", "--quiet"], check=True, capture_output=True)
score = subprocess.run([weir, "score", f"{folder}/run", "--data", f"{folder}/test.npy", "--json", "--quiet"], check=True, capture_output=True).stdout
s = json.loads(score)
print(f"{data:11} {coupling:12} weir      energy {energy(folder + '/run')}  W2 {wasserstein_2('ours')}  nats {s['nats']:.4f} +- {s.get('nats_stderr', s.get('stderr', float('nan'))):.4f}  {trained:.0f} s", flush=True)
