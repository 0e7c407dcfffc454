class Planar(Module):
    """y = x + u' tanh(w x + b), with u' such that c = w u' is above -1; the inverse by bisection of
    s = tanh(w y + b - c s), then Newton's steps, which carry the derivatives."""

    def plane(self, x):
        """u', c and w x + b [B]."""
        along = self.w @ self.u
        more = softplus(along) - 1 - along
        u = self.u + self.w * more / (self.w @ self.w).clamp(min=1e-30)
        return u, self.w @ u, x @ self.w + self.bias

    def forward(self, x, k):
        u, c, height = self.plane(x)
        s = height.tanh()
        return x + s[:, None] * u, torch.log1p(c * (1 - s**2))

    def inverse(self, y, k):
        u, c, height = self.plane(y)
        s, step = torch.zeros_like(height), 0.5
        with torch.no_grad():
            while step > torch.finfo(s.dtype).eps / 8:
                s = torch.where(s > (height - c * s).tanh(), s - step, s + step)
                step /= 2
        for _ in range(2):
            t = (height - c * s).tanh()
            s = s - (s - t) / (1 + c * (1 - t**2))
        return y - s[:, None] * u, -torch.log1p(c * (1 - s**2))
