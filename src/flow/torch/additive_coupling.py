class AdditiveCoupling(Coupling):
    """y = (A, B + net(A)): keeps volume (NICE)."""

    def map(self, x, h, inverse):
        return x - h[..., 0] if inverse else x + h[..., 0], torch.zeros_like(x)
