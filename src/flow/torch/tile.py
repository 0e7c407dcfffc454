class Tile(Module):
    """Even columns first, then odd ones."""

    def forward(self, x, k):
        return torch.cat([x[:, 0::2], x[:, 1::2]], 1), x.new_zeros(len(x))

    def inverse(self, y, k):
        n = y.shape[1]
        order = torch.tensor([*range(0, n, 2), *range(1, n, 2)])
        return y[:, torch.argsort(order)], y.new_zeros(len(y))
