class Conv(Module):
    """Convolutions of 3 x 3, 1 x 1 and 3 x 3 places with relu between them, as in Glow."""

    def forward(self, x, k):
        c = condition_columns(x, k, self.classes, self.context)
        h = add_channels(self.conv1(x), self.own("condition1"), c).relu()
        h = add_channels(self.conv2(h), self.own("condition2"), c).relu()
        return self.conv3(h)
