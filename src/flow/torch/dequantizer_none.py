class NoNoise(Module):
    """u = 1/2."""

    def forward(self, v, k):
        return 0.5, 0
