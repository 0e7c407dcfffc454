class Squeeze(Module):
    """2 x 2 blocks of places become channels: place (i, j) of a block of channel c goes to channel
    4 c + 2 i + j, by offset to (2 i + j) C + c, ordered to the same by (0,0), (1,1), (0,1), (1,0)."""

    def forward(self, x, k):
        blocks = x.unflatten(3, (-1, 2)).unflatten(2, (-1, 2))  # [B, C, H, 2, W, 2]
        if self.flavour == "channel":
            return blocks.permute(0, 1, 3, 5, 2, 4).flatten(1, 3), x.new_zeros(len(x))
        y = blocks.permute(0, 3, 5, 1, 2, 4).flatten(1, 2)  # [B, 4, C, H, W]
        if self.flavour == "ordered":
            y = y[:, [0, 3, 1, 2]]
        return y.flatten(1, 2), x.new_zeros(len(x))

    def inverse(self, y, k):
        if self.flavour == "channel":
            x = y.unflatten(1, (-1, 2, 2)).permute(0, 1, 4, 2, 5, 3)
        else:
            x = y.unflatten(1, (4, -1))
            x = x[:, [0, 2, 3, 1]] if self.flavour == "ordered" else x
            x = x.unflatten(1, (2, 2)).permute(0, 3, 4, 1, 5, 2)
        return x.flatten(4, 5).flatten(2, 3), y.new_zeros(len(y))
