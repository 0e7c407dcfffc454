"""Trains small runs of every flow, exports them for PyTorch and compares: log p, noise and data made of it.

    python3 tests/models/compare_export.py build/release/weir      # torch 2.13 (CPU), numpy 2.4; a minute

f64 to 1e-9 and f32 to 1e-4, of 1 + |value|; one line a run, `ok NAME ..` or `not ok NAME ..`.
Beside those: that the tensors training leaves alone are the same, and that all others are parameters.
"""
import importlib.util
import os
import subprocess
import sys
import tempfile
import numpy as np
import torch

torch.set_num_threads(1)
weir = os.path.abspath(sys.argv[1])
N = 200  # rows of every data set
DEFAULTS = ["--steps", "30", "--set", "optimizer.lr=1e-2", "--threads", "1"]
TABLE = "table.npy,standardize=yes"
PLAIN = "table.npy"
WITH_CLASS = "table.npy,labels=labels.npy"
WITH_CONTEXT = "table.npy,conditions=context.npy"

# name, model, data, settings
RUNS = [
    ("nice", "nice", TABLE, []),
    ("nice_half", "nice", PLAIN, ["model.partition=half", "model.base=normal", "model.scale=no"]),
    ("realnvp", "realnvp", TABLE, ["model.coupling.net.activation=gelu"]),
    ("realnvp_scales", "realnvp", PLAIN, ["model.coupling.scale=tanh", "model.coupling.first=shift", "model.norm=batch_norm"]),
    ("realnvp_image", "realnvp", "digits.npy,levels=17", ["model.dequantizer=none"]),
    ("realnvp_image_paper", "realnvp", "digits.npy,levels=17",
     ["model.dequantizer=none", "model.prior=yes", "model.norm=batch_norm", "model.image_net=conv_resnet",
      "model.image_net.norm=batch_norm", "model.image_net.skip=yes", "model.image_net.blocks=2"]),
    ("glow", "glow", "digits.npy,levels=17", ["model.dequantizer=none", "model.depth=2"]),
    ("glow_classes", "glow", "digits.npy,levels=17,labels=labels.npy", ["model.dequantizer=none", "model.depth=2", "model.classes=3", "model.permutation=conv1x1 lu=no"]),
    ("nsf", "nsf", TABLE, []),
    ("nsf_permutation", "nsf", PLAIN, ["model.mix=permutation", "model.partition=half", "model.net=mlp hidden=16,16 activation=silu", "model.base=diagonal"]),
    ("nsf_bounded", "nsf", TABLE, ["model.form=bounded", "model.layers=3"]),
    ("nsf_student", "nsf", PLAIN, ["model.base=student_t df=3"]),
    ("nsf_mixture", "nsf", PLAIN, ["model.base=mixture components=3"]),
    ("nsf_circle", "nsf", "angles.npy", ["model.standardize=no", "model.domain=circle", "model.bound=0", "model.base=uniform low=-3.141592653589793 high=3.141592653589793", "model.mix=permutation"]),
    ("nsf_cube", "nsf", "unit.npy", ["model.standardize=no", "model.domain=cube", "model.bound=0", "model.base=uniform", "model.mix=permutation"]),
    ("maf", "maf", TABLE, []),
    ("maf_spline", "maf", TABLE, ["model.map=spline", "model.layers=2", "model.bound=4", "model.net=made hidden=16,16,16 residual=yes activation=tanh", "model.order=random"]),
    ("iaf", "iaf", TABLE, ["model.layers=2"]),
    ("maf_context", "maf", WITH_CONTEXT, ["model.context=2"]),
    ("nsf_context_dropout", "nsf", WITH_CONTEXT, ["model.context=2", "model.condition.dropout=0.2"]),
    ("nsf_gate", "nsf", WITH_CONTEXT, ["model.context=2", "model.layers=2", "model.net=residual_mlp width=16 gate=yes"]),
    ("nsf_embed", "nsf", WITH_CONTEXT, ["model.context=2", "model.layers=2", "model.condition.dropout=0.2", "model.embed=mlp hidden=8 out=5 activation=tanh"]),
    ("realnvp_learned", "realnvp", TABLE, ["model.coupling.scale=learned_tanh"]),
    ("realnvp_slow", "realnvp", TABLE, ["model.coupling.scale=slow_tanh", "model.coupling.keep_volume=yes"]),
    ("realnvp_atan", "realnvp", TABLE, ["model.coupling.scale=atan", "model.coupling.first=shift"]),
    ("realnvp_wide_atan", "realnvp", TABLE, ["model.coupling.scale=wide_atan", "model.coupling.bound=2"]),
    ("maf_added", "maf", WITH_CONTEXT, ["model.context=2", "model.layers=2", "model.net=made hidden=16,16,16 residual=yes added=yes"]),
    ("maf_added_plain", "maf", WITH_CONTEXT, ["model.context=2", "model.layers=2", "model.net=made hidden=16,16 added=yes"]),
    ("realnvp_mixture_classes", "realnvp", WITH_CLASS, ["model.classes=3", "model.base=mixture components=2"]),
    ("realnvp_classes", "realnvp", WITH_CLASS, ["model.classes=3", "model.base=diagonal"]),
    ("realnvp_unet", "realnvp", "digits.npy,levels=17",
     ["model.dequantizer=none", "model.image_net=unet time=none channels=8,12 blocks=1 groups=4 head=4"]),
    ("glow_unet_classes", "glow", "digits.npy,levels=17,labels=labels.npy",
     ["model.dequantizer=none", "model.depth=1", "model.classes=3", "model.net=unet time=none channels=8,8 groups=2 head=4 mid_attention=no"]),
    ("integers", "nice", "flat.npy,levels=17", ["model.dequantizer=none", "model.standardize=yes"]),
    ("flow", "flow", PLAIN, ["model.flow=compose parts=actnorm,householder,lu_linear,permutation,additive_coupling,inverse,tile,affine,scale",
                             "model.flow.parts.5.of=affine_coupling", "model.flow.parts.7.scale=-2", "model.flow.parts.7.shift=0.5",
                             "model.flow.parts.4.partition=mask", "model.flow.parts.4.mask=10110"]),
    ("flow_learners", "flow", PLAIN, ["model.flow=compose parts=planar,radial,planar,radial,inverse,inverse", "model.flow.parts.4.of=planar", "model.flow.parts.5.of=radial"]),
    ("flow_squash", "flow", "unit.npy", ["model.standardize=no", "model.flow=compose parts=logit,affine_coupling,sigmoid,logit,tanh,inverse,softplus,affine",
                                         "model.flow.parts.5.of=tanh", "model.flow.parts.7.scale=0.5"]),
]


def run(*words):
    r = subprocess.run([weir, *words], capture_output=True, text=True)
    if r.returncode != 0:
        raise RuntimeError(" ".join(words) + "\n" + r.stderr)
    return r.stdout


def make_data():
    g = np.random.default_rng(1)
    x = g.normal(size=(N, 5)) @ g.normal(size=(5, 5)) + 2
    np.save("table.npy", x)
    np.save("unit.npy", g.uniform(size=(N, 5)))
    np.save("angles.npy", g.uniform(-np.pi, np.pi, size=(N, 5)))
    np.save("labels.npy", g.integers(0, 3, size=N))
    digits = np.loadtxt(DIGITS, delimiter=",")[:N]
    np.save("digits.npy", digits[:, :64].astype(np.uint8).reshape(N, 1, 8, 8))
    np.save("flat.npy", digits[:, :64].astype(np.uint8))
    np.save("context.npy", g.normal(size=(N, 2)) * 3 + 1)


def off(a, b):
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if a.shape != b.shape:
        b = b.reshape(a.shape)
    return np.max(np.abs(a - b) / (1 + np.abs(b)))


def exported(folder):
    spec = importlib.util.spec_from_file_location("model", os.path.join(folder, "model.py"))
    code = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(code)
    return code.load()


def compare(name, model, data, settings, dtype):
    where = f"{name}_{dtype}"
    run("train", model, "--data", data, "--out", where, *DEFAULTS, "--set", f"model.dtype={dtype}", *[w for s in settings for w in ("--set", s)])
    run("export", where, "--to", "torch", "-o", where + "_torch")
    rows = data.replace(",standardize=yes", "")
    run("score", where, "--data", rows, "-o", "log_p.npy")
    run("encode", where, "--data", rows, "-o", "z.npy")
    condition = ["--data", rows] if "context" in data or "classes" in name else []
    run("decode", where, "z.npy", "-o", "x.npy", *condition)
    m = exported(where + "_torch")
    k = {}
    if m.classes: k["classes"] = torch.tensor(np.load("labels.npy"))
    if m.context: k["context"] = torch.tensor(np.load("context.npy"))
    with torch.no_grad():
        x, z = torch.tensor(np.load(data.split(",")[0])), torch.tensor(np.load("z.npy"))
        worst = {"log p": off(m.log_prob(x, **k), np.load("log_p.npy")), "noise": off(m.encode(x, **k), np.load("z.npy")),
                 "data": off(m.decode(z, **k), np.load("x.npy"))}
        draws = m.sample(6, **({} if m.null else {w: v[:6] for w, v in k.items()}))
    info = run("info", where)
    same = sum(p.numel() for p in m.parameters()) == int(next(l for l in info.splitlines() if l.startswith("parameters")).split()[1].replace(",", ""))
    good = max(worst.values()) < (1e-9 if dtype == "f64" else 1e-4) and same and bool(torch.isfinite(draws).all()) and len(draws) == 6
    said = ", ".join(f"{w} {v:.1e}" for w, v in worst.items())
    print(f"{'ok' if good else 'not ok'} {where}: {said}{'' if same else ', another number of parameters'}", flush=True)
    return good


# What is drawn is not the same in both: means over so many draws, in their standard error.
DRAWS = 400
DRAWN = [
    ("variational", "nice", "flat.npy,levels=17", ["model.dequantizer=variational", "model.dequantizer.coupling.net.hidden=16"]),
    ("variational_image", "realnvp", "digits.npy,levels=17", ["model.dequantizer=variational", "model.dequantizer.image_net.width=8"]),
]


def compare_drawn(name, model, data, settings):
    run("train", model, "--data", data, "--out", name, *DEFAULTS, "--set", "model.dtype=f64", *[w for s in settings for w in ("--set", s)])
    run("export", name, "--to", "torch", "-o", name + "_torch")
    run("score", name, "--data", data, "-o", "log_p.npy", "--draws", str(DRAWS))
    m = exported(name + "_torch")
    x = torch.tensor(np.load(data.split(",")[0]))
    with torch.no_grad():
        draws = torch.stack([m.log_prob(x) for _ in range(DRAWS)]).numpy()
    error = draws.std(0) * np.sqrt(2 / DRAWS)
    far = (draws.mean(0) - np.load("log_p.npy").reshape(-1)) / error
    good = abs(far.mean()) < 5 / np.sqrt(N) and np.abs(far).max() < 6
    print(f"{'ok' if good else 'not ok'} {name}: means of {DRAWS} draws differ by {far.mean():+.2f} of {far.std():.2f} standard errors", flush=True)
    return good


DIGITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "data", "digits.csv.gz")
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    make_data()
    good = True
    for name, model, data, settings in RUNS:
        if len(sys.argv) > 2 and sys.argv[2] not in name: continue
        for dtype in ("f64", "f32"):
            try:
                good = compare(name, model, data, settings, dtype) and good
            except Exception as e:
                good = False
                print(f"not ok {name}_{dtype}: {type(e).__name__}: {e}", flush=True)
    for run_of in DRAWN:
        if len(sys.argv) > 2 and sys.argv[2] not in run_of[0]: continue
        good = compare_drawn(*run_of) and good
sys.exit(0 if good else 1)
