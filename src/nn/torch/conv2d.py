class Conv2d(Module):
    """y = W x + b of images; extents are height, width, or one number for both."""

    def forward(self, x):
        def pair(v):
            return v * (2 // len(v))

        (top, left), (more, right) = pair(self.padding), pair(self.padding_after)
        x = nn.functional.pad(x, (left, left + right, top, top + more))
        return nn.functional.conv2d(x, self.weight, self.own("bias"), pair(self.stride),
                                    dilation=pair(self.dilation), groups=self.groups)
