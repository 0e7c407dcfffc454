class Actnorm(Module):
    """y = (x + b) exp(s), one b and s a channel."""

    fixed = ("started",)

    def log_det(self, x):
        return (places(x) * self.log_scale.sum()).expand(len(x))

    def forward(self, x, k):
        y = (x + channels(self.bias, x)) * channels(self.log_scale, x).exp()
        return y, self.log_det(x)

    def inverse(self, y, k):
        x = y * channels(-self.log_scale, y).exp() - channels(self.bias, y)
        return x, -self.log_det(y)
