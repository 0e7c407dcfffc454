class Made(Module):
    """A perceptron whose outputs for a column see the columns before it alone, by its masks. The
    condition stands beside the columns, or linear maps of it are added to hidden units."""

    def forward(self, x, k):
        f = ACTIVATIONS[self.activation]
        parts = dict(self.named_children())
        maps = [parts.pop(name) for name in list(parts) if name.startswith("condition")]
        *hidden, last = parts.values()
        c = condition_columns(x, k, self.classes, self.context)
        h = x if maps else beside(x, k, self.classes, self.context)
        for layer in hidden[:1]:
            h = layer(h) + (f(maps[0](c)) if maps else 0)
        if not self.residual:
            for layer in hidden[1:]:
                h = layer(f(h))
            return last(f(h) if hidden else h)
        for i, (a, b) in enumerate(zip(hidden[1::2], hidden[2::2])):
            inner = a(f(h)) + (maps[1 + i](c) if maps else 0)
            h = h + b(f(inner))
        return last(h)
