class Scale(Module):
    """y = x exp(s), one s a column."""

    def forward(self, x, k):
        return x * self.log_scale.exp(), self.log_scale.sum().expand(len(x))

    def inverse(self, y, k):
        return y * (-self.log_scale).exp(), -self.log_scale.sum().expand(len(y))
