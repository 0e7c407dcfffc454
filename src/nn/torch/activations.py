ACTIVATIONS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softplus": softplus,
    "silu": nn.functional.silu,
    "gelu": nn.functional.gelu,
}
