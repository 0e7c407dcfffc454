class Linear(Module):
    """y = x W^T + b."""

    def forward(self, x):
        return nn.functional.linear(x, self.weight, self.own("bias"))
