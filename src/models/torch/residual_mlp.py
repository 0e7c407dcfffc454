class ResidualMlp(Module):
    """h = W x + b, h = h + W'' f(W' f(h)) for each block, y = W h + b; where there are gates, what a
    block adds is times sigmoid of a linear map of the condition."""

    def forward(self, x, k):
        f = ACTIVATIONS[self.activation]
        parts = dict(self.named_children())
        gates = [parts.pop(name) for name in list(parts) if name.startswith("gate")]
        c = condition_columns(x, k, self.classes, self.context)
        first, *blocks, last = parts.values()
        h = first(beside(x, k, self.classes, self.context))
        for i, (a, b) in enumerate(zip(blocks[0::2], blocks[1::2])):
            more = b(f(a(f(h))))
            h = h + (more * gates[i](c).sigmoid() if gates else more)
        return last(h)
