def condition_columns(x, k, classes, context):
    """The condition as columns [B, n], a class as a one-hot vector; None: it sees none."""
    parts = []
    if classes:
        parts.append(nn.functional.one_hot(k["class"], classes).to(x.dtype))
    if context:
        parts.append(k["context"])
    return torch.cat(parts, 1) if parts else None


def beside(x, k, classes, context):
    """Columns x with those of the condition behind them."""
    c = condition_columns(x, k, classes, context)
    return x if c is None else torch.cat([x, c], 1)


def add_channels(h, linear, c):
    """Images with a linear map of the condition added to every place."""
    return h if c is None else h + linear(c)[:, :, None, None]
