class Mlp(Module):
    """Linear layers with an activation between them."""

    def forward(self, x, k):
        x = beside(x.flatten(1), k, self.classes, self.context)
        for layer in self.children():
            x = layer(x)
        return x
