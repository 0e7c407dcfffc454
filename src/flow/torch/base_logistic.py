class LogisticBase(Module):
    """Standard logistic."""

    def log_prob(self, z, k):
        return (z - 2 * softplus(z)).sum(1)

    def draw(self, n, k, temperature, dtype):
        u = torch.rand(n, self.dim, dtype=dtype).clamp(min=torch.finfo(dtype).eps / 4)
        return temperature * (u.log() - torch.log1p(-u))
