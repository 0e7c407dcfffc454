class UniformNoise(Module):
    """u uniform on [0, 1)."""

    def forward(self, v, k):
        return torch.rand_like(v), 0
