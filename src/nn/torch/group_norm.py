class GroupNorm(Module):
    """Each sample over groups of channels, times weight plus bias."""

    def forward(self, x):
        weight, bias = self.own("weight"), self.own("bias")
        return nn.functional.group_norm(x, self.groups, weight, bias, self.eps)
