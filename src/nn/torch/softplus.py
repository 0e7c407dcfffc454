def softplus(x):
    """log(1 + exp(x)), at large x too."""
    return torch.logaddexp(x, torch.zeros_like(x))
