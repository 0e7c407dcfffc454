class VariationalNoise(Module):
    """u = sigmoid(g(xi; v)) of logistic xi, g couplings of (v, xi) that keep v; and log q(u | v)."""

    shape, levels = (), 1

    def fold(self, x):
        if self.own("squeeze") is None:
            return x.flatten(1)
        return self.squeeze(x.reshape(-1, *self.shape), None)[0]

    def logistic(self, y):
        return sum_samples(y - 2 * softplus(y))

    def forward(self, v, k):
        seen = self.fold(v * (2 / self.levels) + (1 / self.levels - 1))
        w = torch.rand_like(seen).clamp(min=torch.finfo(v.dtype).eps / 4)
        xi = w.log() - torch.log1p(-w)
        both, log_det = self.flow(torch.cat([seen, xi], 1), k)
        y = both[:, seen.shape[1] :]
        log_q = self.logistic(xi) - log_det - self.logistic(y)
        if self.own("squeeze") is not None:
            y = self.squeeze.inverse(y, None)[0]
        most = 1 - torch.finfo(v.dtype).eps / 2
        return y.sigmoid().clamp(0, most).reshape(v.shape), log_q
