class FlowBatchNorm(Module):
    """y = (x - m) / sqrt(v + eps) exp(s) + b, of running moments m and v of a channel."""

    fixed = ("running_mean", "running_var")

    def parts_of(self, x):
        """m, b and the logarithm of the scale, a channel each, and log|det|."""
        log_scale = -0.5 * (self.running_var + self.eps).log()
        bias = torch.zeros_like(log_scale)
        if self.affine:
            log_scale, bias = log_scale + self.log_scale, self.bias
        m, b, s = [channels(t, x) for t in (self.running_mean, bias, log_scale)]
        return m, b, s, (places(x) * log_scale.sum()).expand(len(x))

    def forward(self, x, k):
        m, b, s, log_det = self.parts_of(x)
        return (x - m) * s.exp() + b, log_det

    def inverse(self, y, k):
        m, b, s, log_det = self.parts_of(y)
        return (y - b) * (-s).exp() + m, -log_det
