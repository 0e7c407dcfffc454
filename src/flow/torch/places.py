def places(x):
    """Of one channel of x [B, C, ..]."""
    return math.prod(x.shape[2:])
