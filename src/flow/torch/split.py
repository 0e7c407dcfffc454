class Split(Module):
    """Of the channels (a, b), a goes on through `rest`, and b is set aside as latent variables
    e = (b - mean) exp(-s), (mean, s) of a by `prior` where there is one. The result is (rest(a), e)."""

    def moments(self, a, b, k):
        prior = self.own("prior")
        if prior is None:
            return torch.zeros_like(b), torch.zeros_like(b)
        both = prior(a)
        if self.own("condition") is not None:
            c = condition_columns(a, k, self.classes, self.context)
            both = add_channels(both, self.condition, c)
        return both.chunk(2, 1)

    def forward(self, x, k):
        kept = (self.shape[0] + 1) // 2
        a, b = x[:, :kept], x[:, kept:]
        z, log_det = self.rest(a, k)
        mean, s = self.moments(a, b, k)
        e = (b - mean) * (-s).exp()
        return torch.cat([z, e.flatten(1)], 1), log_det - sum_samples(s)

    def inverse(self, y, k):
        c, height, width = self.shape
        kept = (c + 1) // 2 * height * width
        a, log_det = self.rest.inverse(y[:, :kept], k)
        e = y[:, kept:].reshape(len(y), -1, height, width)
        mean, s = self.moments(a, e, k)
        return torch.cat([a, mean + e * s.exp()], 1), log_det + sum_samples(s)
