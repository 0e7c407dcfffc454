def channels(t, x):
    """A value [C] a channel, for x [B, C, ..]."""
    return t.reshape(1, -1, *[1] * (x.ndim - 2))
