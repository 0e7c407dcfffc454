class Radial(Module):
    """y = x + beta h (x - x_0), h = 1 / (alpha + |x - x_0|)."""

    def sphere(self, x):
        """alpha, beta, x - x_0 and its length [B, 1]."""
        alpha = softplus(self.a)
        least = 1e-300 if x.dtype == torch.float64 else 1e-37
        radius = ((x - self.centre) ** 2).sum(1, keepdim=True).add(least).sqrt()
        return alpha, softplus(self.b) - alpha, x - self.centre, radius

    def stretch(self, alpha, beta, radius):
        """1 + beta h [B, 1] and log|det| [B]."""
        h, others = 1 / (alpha + radius), len(self.centre) - 1
        log_det = others * torch.log1p(beta * h) + torch.log1p(alpha * beta * h**2)
        return 1 + beta * h, log_det[:, 0]

    def forward(self, x, k):
        alpha, beta, centred, radius = self.sphere(x)
        stretch, log_det = self.stretch(alpha, beta, radius)
        return self.centre + centred * stretch, log_det

    def inverse(self, y, k):
        alpha, beta, centred, radius = self.sphere(y)
        b, c = alpha + beta - radius, alpha * radius
        root = (b**2 + 4 * c).sqrt()
        r = torch.where(b < 0, (root - b) / 2, 2 * c / torch.where(b < 0, 1, b + root))
        stretch, log_det = self.stretch(alpha, beta, r)
        return self.centre + centred / stretch, -log_det
