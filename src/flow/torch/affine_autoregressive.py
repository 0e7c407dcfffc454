class AffineAutoregressive(AffineMap, Autoregressive):
    """y_i = x_i exp(s_i) + t_i, (s_i, t_i) of the columns before i (MAF)."""
