class Compose(Module):
    """One part after the other; the inverse goes backwards."""

    def forward(self, x, k):
        total = x.new_zeros(len(x))
        for part in self.children():
            x, log_det = part(x, k)
            total = total + log_det
        return x, total

    def inverse(self, y, k):
        total = y.new_zeros(len(y))
        for part in reversed(list(self.children())):
            y, log_det = part.inverse(y, k)
            total = total + log_det
        return y, total
