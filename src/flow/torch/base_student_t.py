class StudentTBase(Module):
    """Student's t with df degrees of freedom in every column."""

    def log_prob(self, z, k):
        nu = torch.tensor(self.df, dtype=torch.float64)
        top = torch.lgamma((nu + 1) / 2) - torch.lgamma(nu / 2) - 0.5 * (math.pi * nu).log()
        return (float(top) - 0.5 * (self.df + 1) * torch.log1p(z**2 / self.df)).sum(1)

    def draw(self, n, k, temperature, dtype):
        u = 1 - torch.rand(n, self.dim, dtype=dtype)
        v = torch.rand(n, self.dim, dtype=dtype)
        radius = (self.df * torch.expm1(-2 / self.df * u.log())).sqrt()
        return temperature * radius * torch.cos(2 * math.pi * v)
