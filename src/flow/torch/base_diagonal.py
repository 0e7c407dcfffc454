class DiagonalBase(Module):
    """Normal, with a mean and a deviation a column, also of each class."""

    def moments(self, n, k):
        at = k["class"] if self.classes else torch.zeros(n, dtype=torch.long)
        return self.mean[at], self.log_scale[at]

    def log_prob(self, z, k):
        mean, log_scale = self.moments(len(z), k)
        e = (z - mean) * (-log_scale).exp()
        return (-0.5 * e**2 - 0.5 * math.log(2 * math.pi) - log_scale).sum(1)

    def draw(self, n, k, temperature, dtype):
        mean, log_scale = self.moments(n, k)
        return mean + temperature * torch.randn(n, self.dim, dtype=dtype) * log_scale.exp()
