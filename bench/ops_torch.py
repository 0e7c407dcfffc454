#!/usr/bin/env python3
"""The ops of weir-bench norms, blocks, copies, sums, short and convert, through PyTorch.

    python3 bench/ops_torch.py CASE [--threads N] [--seconds S]

Prints JSON lines as `weir-bench --json` does, for bench/interleave. Images are timed in logical
order and channels-last; ms is that of the better one. Gradients are torch.autograd.grad's.
"""
import argparse
import json
import resource
import statistics
import time

import torch
import torch.nn.functional as F


def group_norm(x, w, b):
    return F.group_norm(x, 32, w, b, 1e-5)


def block(x, w, b, k, c):
    h = x
    for _ in range(2):
        h = F.conv2d(F.silu(group_norm(h, w, b)), k, c, padding=1)
    return x + h


def qkv(x):
    b, n, c = x.shape
    p = [i.reshape(b, n, c // 3 // 64, 64).transpose(1, 2).contiguous() for i in x.chunk(3, 2)]
    return p[0] + p[1] + p[2]


def patches(x):
    b, c, h, w = x.shape
    y = x.reshape(b, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 3, 5, 1)
    return y.reshape(b, h * w // 4, 4 * c)


def unpatchify(x):
    b, n, c = x.shape
    side = int(n ** 0.5)
    y = x.reshape(b, side, side, 2, 2, c // 4).permute(0, 5, 1, 3, 2, 4)
    return y.reshape(b, c // 4, 2 * side, 2 * side)


def channel(v):
    return v.view(1, -1, 1, 1)


def half(x):
    n = x.shape[1] // 2
    y = x[:, n:]
    order = torch.channels_last if x.is_contiguous(memory_format=torch.channels_last) else None
    return y.contiguous(memory_format=order or torch.contiguous_format)


def attend(q, k, v, mask=None):
    return F.scaled_dot_product_attention(q, k, v, mask)


IMAGE, DENSE, LAST = "both orders", "dense", "channels-last alone"
BOTH, FORWARD, GRAD = ("", "+grad"), ("",), ("+grad",)
CASES = {
    "norms": [
        ("group_norm_16x64x32x32", "16,64,32,32 64 64", group_norm, BOTH),
        ("group_norm_16x256x8x8", "16,256,8,8 256 256", group_norm, BOTH),
        *[(f"group_norm_silu_{'x'.join(map(str, s))}", f"{','.join(map(str, s))} {s[1]} {s[1]}",
           lambda x, w, b: F.silu(group_norm(x, w, b)), BOTH)
          for s in ((16, 64, 32, 32), (16, 128, 16, 16), (1, 512, 64, 64))],
        ("batch_norm_16x64x32x32", "16,64,32,32 64 64",
         lambda x, w, b: F.batch_norm(x, None, None, w, b, True), BOTH),
        ("batch_norm_eval_16x64x32x32", "16,64,32,32 64 64 n64 v64",
         lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, False), FORWARD),
        *[(f"actnorm_16x{c}x{p}x{p}", f"16,{c},{p},{p} {c} {c}",
           lambda x, b, s: (x + channel(b)) * channel(s).exp(), BOTH)
          for c, p in ((12, 16), (48, 8))],
    ],
    "blocks": [
        *[(f"block_16x{c}x{p}x{p}", f"16,{c},{p},{p} {c} {c} {c},{c},3,3 {c}", block, BOTH)
          for c, p in ((64, 32), (128, 16), (256, 8))],
        ("block_1x512x64x64", "1,512,64,64 512 512 512,512,3,3 512", block, BOTH),
    ],
    "copies": [
        ("pad_16x128x32x32", "16,128,32,32", lambda x: F.pad(x, (0, 1, 0, 1)), BOTH),
        ("pad_reflect_16x64x32x32", "16,64,32,32",
         lambda x: F.pad(x, (1, 1, 1, 1), "reflect"), BOTH),
        ("slice_16x128x32x32", "16,128,32,32", half, BOTH),
        ("dropout_16x128x16x16", "16,128,16,16", lambda x: F.dropout(x, 0.1), BOTH),
        ("index_select_16x128x16x16", "16,128,16,16 i128",
         lambda x, i: torch.index_select(x, 1, i), BOTH),
        ("index_select_dense_16x128x16x16", "16,128,16,16 i128",
         lambda x, i: torch.index_select(x, 1, i), FORWARD, DENSE),
        ("flip_16x64x32x32", "16,64,32,32", lambda x: torch.flip(x, (3,)), BOTH),
        ("cat_16x64x32x32", "16,64,32,32 16,64,32,32", lambda a, b: torch.cat((a, b), 1), BOTH),
        *[(f"to_logical_{s.replace(',', 'x')}", s, lambda x: x.contiguous(), FORWARD, LAST)
          for s in ("16,64,32,32", "1,1024,64,64")],
        *[(f"to_last_{s.replace(',', 'x')}", s,
           lambda x: x.contiguous(memory_format=torch.channels_last), FORWARD, DENSE)
          for s in ("16,64,32,32", "1,512,64,64", "16,3,64,64")],
        ("qkv_4x256x1152", "4,256,1152", qkv, BOTH),
        *[(f"{name}_{s.replace(',', 'x')}", s, f, BOTH)
          for name, s, f in (("patches", "16,4,32,32", patches), ("patches", "16,3,64,64", patches),
                             ("patchify", "16,4,32,32", patches),
                             ("unpatchify", "16,256,16", unpatchify))],
    ],
    "sums": [
        ("sum_first_4096x1152", "4096,1152", lambda x: x.sum(0), FORWARD),
        ("sum_middle_16x256x1152", "16,256,1152", lambda x: x.sum(1), FORWARD),
        ("sum_last_4096x1152", "4096,1152", lambda x: x.sum(-1), FORWARD),
        ("sum_all_4096x1152", "4096,1152", lambda x: x.sum(), FORWARD),
        ("sum_channels_16x64x32x32", "16,64,32,32", lambda x: x.sum((0, 2, 3)), FORWARD),
        ("sum_places_16x64x32x32", "16,64,32,32", lambda x: x.sum((2, 3)), FORWARD),
        ("modulate_16x256x1152", "16,256,1152 16,1,1152 16,1,1152",
         lambda x, s, t: x * (1 + s) + t, GRAD),
        ("gate_16x256x1152", "16,256,1152 16,256,1152 16,1,1152",
         lambda x, y, g: x + y * g, GRAD),
        ("time_add_16x64x32x32", "16,64,32,32 16,64,1,1", lambda x, e: x + e, GRAD),
    ],
    "short": [
        *[(f"{name}_{n}x{m}", f"{n},{m}", f, BOTH if name == "softmax" and m == 16 else FORWARD)
          for name, f in (("softmax", lambda x: x.softmax(-1)),
                          ("logsumexp", lambda x: x.logsumexp(-1)),
                          ("cumsum", lambda x: x.cumsum(-1)))
          for n, m in ((65536, 4), (16384, 16), (4096, 64), (1024, 1000))
          if m < 1000 or name == "softmax"],
        ("gelu_4096x1152", "4096,1152", F.gelu, BOTH),
        ("layer_norm_4096x1152", "4096,1152 1152 1152",
         lambda x, w, b: F.layer_norm(x, w.shape, w, b, 1e-6), BOTH),
        *[(f"linear_{n}x1536_to_9216", f"{n},1536 9216,1536", F.linear, FORWARD)
          for n in (1, 2)],
        ("attend_4x6x256x64", " ".join(["4,6,256,64"] * 3), attend, BOTH),
        ("attend_bool_4x6x256x64", " ".join(["4,6,256,64"] * 3) + " b4,1,256,256", attend, BOTH),
        ("attend_bias_4x6x256x64", " ".join(["4,6,256,64"] * 3) + " 6,256,256", attend, GRAD),
        ("attend_one_head_1x1x1024x64", " ".join(["1,1,1024,64"] * 3), attend, BOTH),
    ],
    "convert": [
        ("bf16_to_f32_1048576", "h1048576", lambda x: x.float(), FORWARD),
        ("f16_to_f32_1048576", "g1048576", lambda x: x.float(), FORWARD),
        ("f32_to_bf16_1048576", "1048576", lambda x: x.bfloat16(), FORWARD),
        ("f32_to_f16_1048576", "1048576", lambda x: x.half(), FORWARD),
    ],
}


def order_of(x, last):
    return x.contiguous(memory_format=torch.channels_last) if last and x.ndim == 4 else x


def tensor(text, train, last):
    kind = text[0] if text[0].isalpha() else ""
    shape = [int(i) for i in text[len(kind):].split(",")]
    if kind == "i":
        return torch.arange(shape[0]).flip(0).clone()
    x = order_of(torch.randn(shape), last)
    special = {"b": lambda: x > 0, "h": x.bfloat16, "g": x.half, "n": lambda: x,
               "v": lambda: x.square() + 1}
    return special[kind]() if kind else x.requires_grad_(train)


def time_of(shapes, f, train, last, seconds, threads):
    clock = time.perf_counter if threads > 1 else time.process_time
    x = [tensor(s, train, last) for s in shapes.split()]
    leaves = [i for i in x if i.requires_grad]

    def once():
        if not train:
            with torch.no_grad():
                return f(*x)
        y = f(*x)
        return torch.autograd.grad(y, leaves, g)

    g = order_of(torch.randn(f(*x).shape), last) if train else None
    once()
    once()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 2000 and (len(times) < 3 or time.perf_counter() < end):
        begin = clock()
        once()
        times.append(clock() - begin)
    return statistics.median(times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("case", choices=sorted(CASES))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    for name, shapes, f, passes, *rest in CASES[a.case]:
        images = shapes.split()[0].count(",") == 3 and not name.startswith("attend")
        order = rest[0] if rest else IMAGE if images else DENSE
        orders = {IMAGE: (False, True), DENSE: (False,), LAST: (True,)}[order]
        for suffix in passes:
            ms = [1e3 * time_of(shapes, f, bool(suffix), last, a.seconds / 4 / len(orders),
                                a.threads) for last in orders]
            rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(json.dumps({"peer": "torch", "case": a.case, "op": name + suffix,
                              "ms": min(ms), "threads": a.threads, "rss_mb": rss}), flush=True)


main()
