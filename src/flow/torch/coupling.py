class Coupling(Module):
    """x = (A, B), in columns, channels or places: A is kept, and each element of B goes through
    `map`, whose parameters a network computes of A."""

    parity, mask = 0, ""
    blocks = True  # the net gives parameter 0 of all columns, then parameter 1, ..

    def see(self, kept):
        return kept

    def cut(self, x):
        if self.partition == "odd_even":
            return x[:, 0::2], x[:, 1::2]
        if self.partition == "mask":
            x, first = x[:, self.order], self.mask.count("1")
        else:
            first = (x.shape[1] + 1) // 2
        return x[:, :first], x[:, first:]

    def join(self, a, b):
        x = torch.cat([a, b], 1)
        if self.partition == "mask":
            return x[:, self.back]
        if self.partition == "odd_even":
            columns = [*range(0, x.shape[1], 2), *range(1, x.shape[1], 2)]
            return x[:, torch.argsort(torch.tensor(columns))]
        return x

    def params(self, seen, n, k):
        """[B, n, .., parameters], of n columns or channels."""
        h = self.net(seen, k)
        each = h.shape[1] // n
        if self.blocks:
            return h.unflatten(1, (each, n)).movedim(1, -1)
        return h.unflatten(1, (n, each)).movedim(2, -1)

    def run(self, x, k, inverse):
        if self.partition == "checkerboard":
            return self.checkerboard(x, k, inverse)
        parts = list(self.cut(x))
        kept, mapped = parts[self.parity], parts[1 - self.parity]
        h = self.params(self.see(kept), mapped.shape[1], k)
        parts[1 - self.parity], log_slope = self.map(mapped, h, inverse)
        return self.join(*parts), sum_samples(log_slope)

    def checkerboard(self, x, k, inverse):
        """A are the places (i, j) with i + j even, with parity=1 odd; the net sees which."""
        i, j = torch.arange(x.shape[2])[:, None], torch.arange(x.shape[3])
        kept = ((i + j) % 2 == self.parity).to(x.device).expand(len(x), 1, -1, -1)
        seen = torch.cat([torch.where(kept, x, 0), kept.to(x.dtype)], 1)
        y, log_slope = self.map(x, self.params(seen, x.shape[1], k), inverse)
        return torch.where(kept, x, y), sum_samples(torch.where(kept, 0, log_slope))

    def forward(self, x, k):
        return self.run(x, k, False)

    def inverse(self, y, k):
        return self.run(y, k, True)
