class UniformBase(Module):
    """Uniform on [low, high]."""

    def log_prob(self, z, k):
        log_p = torch.full_like(z, -math.log(self.high - self.low))
        return torch.where((z < self.low) | (z > self.high), -torch.inf, log_p).sum(1)

    def draw(self, n, k, temperature, dtype):
        middle, u = (self.low + self.high) / 2, torch.rand(n, self.dim, dtype=dtype)
        return middle + temperature * (self.high - self.low) * (u - 0.5)
