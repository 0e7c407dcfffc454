class Group(Module):
    """Tensors of their own."""

    fixed = ("mean", "std", "context_mean", "context_std")
