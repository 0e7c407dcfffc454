#!/usr/bin/env python3
"""What weir-bench memory measures, through PyTorch: resident bytes at the peak of a pass.

    MALLOC_MMAP_THRESHOLD_=65536 python3 bench/memory_torch.py

Large blocks go back to the system when they are freed, by the variable, so that the peak is that
of what is in use. A chain of 20 blocks of a convolution, a group norm and a SiLU, and diffusers'
U-Net without attention, 16 images of 3x32x32; channels-last, after one pass to warm up.
"""
import gc
import json

import torch
from diffusers import UNet2DModel


def status(name):
    with open("/proc/self/status") as f:
        return next(1024 * int(line.split()[1]) for line in f if line.startswith(name + ":"))


def chain():
    block = lambda: [torch.nn.Conv2d(32, 32, 3, padding=1), torch.nn.GroupNorm(8, 32), torch.nn.SiLU()]
    return torch.nn.Sequential(*[layer for _ in range(20) for layer in block()])


class UNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = UNet2DModel(sample_size=32, in_channels=3, out_channels=3, layers_per_block=2,
                               block_out_channels=(64, 128, 256), norm_num_groups=32,
                               down_block_types=("DownBlock2D",) * 3,
                               up_block_types=("UpBlock2D",) * 3, add_attention=False)

    def forward(self, x):
        return self.net(x, torch.zeros(len(x))).sample


def resident(net, shape, train):
    net = net.to(memory_format=torch.channels_last).train(train)
    x = torch.randn(shape).contiguous(memory_format=torch.channels_last)
    for _ in range(2):
        net.zero_grad(set_to_none=False)
        gc.collect()
        with open("/proc/self/clear_refs", "w") as f:
            f.write("5")
        before = status("VmRSS")
        with torch.set_grad_enabled(train):
            y = net(x)
            if train:
                y.square().mean().backward()
        peak = status("VmHWM") - before
        del y
    return peak


torch.set_num_threads(1)
for name, net, shape, train in (("chain", chain(), (16, 32, 32, 32), False),
                                ("unet", UNet(), (16, 3, 32, 32), False),
                                ("unet+grad", UNet(), (16, 3, 32, 32), True)):
    print(json.dumps({"peer": "torch", "case": "memory", "op": name,
                      "resident_bytes": resident(net, shape, train)}), flush=True)
