class Householder(Module):
    """Reflections x - 2 v (v x) / (v v), one after the other."""

    def run(self, x, vectors):
        for v in vectors:
            x = x - 2 * (x @ v / (v @ v))[:, None] * v
        return x, x.new_zeros(len(x))

    def forward(self, x, k):
        return self.run(x, self.v)

    def inverse(self, y, k):
        return self.run(y, self.v.flip(0))
