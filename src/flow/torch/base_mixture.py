class MixtureBase(Module):
    """Mixture of normals, also one of each class."""

    def parts(self, n, k):
        at = k["class"] if self.classes else torch.zeros(n, dtype=torch.long)
        shape = (n, self.components, self.dim)
        return self.mean[at].view(shape), self.log_scale[at].view(shape), self.logit[at]

    def log_prob(self, z, k):
        mean, log_scale, logit = self.parts(len(z), k)
        e = (z[:, None] - mean) * (-log_scale).exp()
        log_p = (-0.5 * e**2 - 0.5 * math.log(2 * math.pi) - log_scale).sum(2)
        return (log_p + logit.log_softmax(1)).logsumexp(1)

    def draw(self, n, k, temperature, dtype):
        mean, log_scale, logit = self.parts(n, k)
        one = torch.multinomial(logit.softmax(1), 1)[:, :, None].expand(n, 1, self.dim)
        mean, log_scale = mean.gather(1, one)[:, 0], log_scale.gather(1, one)[:, 0]
        return mean + temperature * torch.randn(n, self.dim, dtype=dtype) * log_scale.exp()
