class Conv2dSame(Module):
    """y = (W x + b + edge) scale: height and width stay, and `edge` is a kernel on a channel that is
    1 around the image and 0 inside."""

    fixed = ("started",)

    def forward(self, x):
        pad = [self.weight.shape[2] // 2] * 4
        y = nn.functional.conv2d(nn.functional.pad(x, pad), self.weight, self.bias)
        edge = self.own("edge")
        if edge is not None:
            frame = nn.functional.pad(torch.zeros_like(x[:1, :1]), pad, value=1.0)
            y = y + nn.functional.conv2d(frame, edge)
        if self.own("log_scale") is not None:
            y = y * channels(self.log_scale * (3 if self.start == "zero" else 1), y).exp()
        return y
