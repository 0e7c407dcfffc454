"""The step of bench/ranks in PyTorch: NICE on 256 of 60,000 byte images of 784, DDP over gloo, 2 processes of one thread.

    python bench/ranks_torch.py STEPS      prints the median milliseconds of a step after the first 3
"""
import os
import statistics
import sys
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

DIM, WIDTH, DEPTH, BATCH = 784, 1000, 5, 256


class Nice(nn.Module):
    def __init__(self):
        super().__init__()
        self.nets = nn.ModuleList()
        for _ in range(4):
            layers, n = [], DIM // 2
            for _ in range(DEPTH):
                layers += [nn.Linear(n, WIDTH), nn.ReLU()]
                n = WIDTH
            self.nets.append(nn.Sequential(*layers, nn.Linear(n, DIM // 2)))
        self.log_scale = nn.Parameter(torch.zeros(DIM))

    def forward(self, x):
        a, b = x[:, 0::2], x[:, 1::2]
        for i, net in enumerate(self.nets):
            if i % 2 == 0:
                b = b + net(a)
            else:
                a = a + net(b)
        z = torch.cat([a, b], 1) * self.log_scale.exp()
        log_p = -(nn.functional.softplus(z) + nn.functional.softplus(-z)).sum(1)
        return -(log_p + self.log_scale.sum())


def work(rank, ranks, steps):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT="29517")
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=ranks)
    torch.manual_seed(1)
    model = nn.parallel.DistributedDataParallel(Nice())
    optim = torch.optim.Adam(model.parameters(), lr=1e-3)
    data = torch.randint(0, 256, (60000, DIM), dtype=torch.uint8, generator=torch.Generator().manual_seed(2))
    times, part = [], BATCH // ranks
    for step in range(steps):
        begin = time.monotonic()
        ids = torch.randint(0, len(data), (BATCH,), generator=torch.Generator().manual_seed(step))
        x = data[ids[rank * part:(rank + 1) * part]].float()
        x = (x + torch.rand_like(x)) / 256 - 0.5
        optim.zero_grad()
        model(x).mean().backward()
        optim.step()
        times.append(time.monotonic() - begin)
    if rank == 0:
        print(1e3 * statistics.median(times[3:]))
    dist.destroy_process_group()


if __name__ == "__main__":
    mp.spawn(work, args=(2, int(sys.argv[1])), nprocs=2)
