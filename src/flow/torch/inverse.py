class Inverse(Module):
    """Another one the other way round."""

    def forward(self, x, k):
        return self.of.inverse(x, k)

    def inverse(self, y, k):
        return self.of(y, k)
