class Autoregressive(Module):
    """Each column goes through `map`, whose parameters a network computes of the columns before it:
    in one pass from x to y, and a column a pass from y to x."""

    def see(self, x):
        return x

    def params(self, x, k):
        return self.net(self.see(x), k).unflatten(1, (x.shape[1], -1))

    def forward(self, x, k):
        y, log_slope = self.map(x, self.params(x, k), False)
        return y, sum_samples(log_slope)

    def inverse(self, y, k):
        x, log_det = torch.zeros_like(y), 0
        for i in range(y.shape[1]):
            h = self.params(x, k)[:, i : i + 1]
            column, log_slope = self.map(y[:, i : i + 1], h, True)
            x = torch.cat([x[:, :i], column, x[:, i + 1 :]], 1)
            log_det = log_det + log_slope[:, 0]
        return x, log_det
