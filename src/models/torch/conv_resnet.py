class ConvResnet(Module):
    """h = conv(x), h = h + conv(relu(conv(relu(h)))) for each block, y = conv(relu(h)).

    Its parts stand in the order of their use: batch norms before every relu, where there are any,
    and with skip a 1 x 1 convolution of every h, whose sum the last one sees."""

    def forward(self, x, k):
        c = condition_columns(x, k, self.classes, self.context)
        parts = iter(self.children())

        def active(h):
            return (next(parts)(h) if self.norm == "batch_norm" else h).relu()

        h = next(parts)(x)
        total = next(parts)(h) if self.skip else None
        for _ in range(self.blocks):
            inner = active(h)
            inner = next(parts)(inner)
            if c is not None:
                inner = add_channels(inner, next(parts), c)
            inner = active(inner)
            h = h + next(parts)(inner)
            if self.skip:
                total = total + next(parts)(h)
        h = active(total if self.skip else h)
        return next(parts)(h)
