class NormalBase(Module):
    """N(0, I)."""

    def log_prob(self, z, k):
        return (-0.5 * z**2 - 0.5 * math.log(2 * math.pi)).sum(1)

    def draw(self, n, k, temperature, dtype):
        return temperature * torch.randn(n, self.dim, dtype=dtype)
