class Conv1x1(Module):
    """The channels of every place times W, by itself or as P L (U + diag(sign exp(s))): one matrix
    has L below its diagonal, U above it and s on it. W is worked out in double."""

    fixed = ("sign",)

    def matrix(self):
        """W and log|det W|."""
        w = self.weight.double()
        if not self.lu:
            return w, torch.linalg.slogdet(w)[1]
        lower = torch.tril(w, -1) + torch.eye(len(w), dtype=w.dtype, device=w.device)
        upper = torch.triu(w, 1) + torch.diag(self.sign * w.diagonal().exp())
        return (lower @ upper)[self.order], w.diagonal().sum()

    def run(self, x, w, log_det):
        y = torch.einsum("ij,bjhw->bihw", w.to(x.dtype), x)
        return y, (places(x) * log_det).to(x.dtype).expand(len(x))

    def forward(self, x, k):
        w, log_det = self.matrix()
        return self.run(x, w, log_det)

    def inverse(self, y, k):
        w, log_det = self.matrix()
        return self.run(y, torch.linalg.inv(w), -log_det)
