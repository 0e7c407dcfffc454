class Permutation(Module):
    """Columns or channels in another order: y_i = x_order(i)."""

    def forward(self, x, k):
        return x[:, self.order], x.new_zeros(len(x))

    def inverse(self, y, k):
        return y[:, self.back], y.new_zeros(len(y))
