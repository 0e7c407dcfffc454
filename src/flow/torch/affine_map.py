class AffineMap:
    """x exp(s) + t, or with first=shift (x + t) exp(s), with parameters (h, t) and s = scale(h)."""

    keep_volume = False

    def log_scale_of(self, h):
        if self.scale == "sigmoid":
            return nn.functional.logsigmoid(h + 2)
        if self.scale == "tanh":
            return self.bound * torch.tanh(h / self.bound)
        if self.scale == "soft":
            return h / (1 + h.abs() / self.bound)
        if self.scale == "floored_sigmoid":
            return torch.log(torch.sigmoid(h + 2) + 1e-3)
        if self.scale == "floored_softplus":
            return torch.log(softplus(h) + 1e-3)
        if self.scale == "clamped_softplus":
            return torch.log((softplus(h) + 1e-3).clamp(0, 3))
        if self.scale == "wide_tanh":
            return self.bound * torch.tanh(h)
        if self.scale == "wide_sigmoid":
            return self.bound * torch.tanh(h / 2)
        if self.scale == "slow_tanh":
            return self.bound * torch.tanh(0.1 * h / self.bound)
        if self.scale == "learned_tanh":
            return self.rescale * torch.tanh(h)
        if self.scale == "atan":
            return self.bound * 2 / math.pi * torch.atan(h / self.bound)
        if self.scale == "wide_atan":
            return self.bound * 2 / math.pi * torch.atan(h)
        return h

    def map(self, x, h, inverse):
        s, t = self.log_scale_of(h[..., 0]), h[..., 1]
        if self.keep_volume:
            s = s - s.mean(tuple(range(1, s.ndim)), keepdim=True)
        if self.scale == "slow_tanh":
            t = 0.1 * t
        if self.first == "shift":
            y = x * (-s).exp() - t if inverse else (x + t) * s.exp()
        else:
            y = (x - t) * (-s).exp() if inverse else x * s.exp() + t
        return y, -s if inverse else s
