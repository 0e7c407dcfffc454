class BatchNorm(Module):
    """Each channel by running moments, times weight plus bias."""

    fixed = ("running_mean", "running_var")

    def forward(self, x):
        weight, bias = self.own("weight"), self.own("bias")
        mean, var = self.running_mean, self.running_var
        return nn.functional.batch_norm(x, mean, var, weight, bias, eps=self.eps)
