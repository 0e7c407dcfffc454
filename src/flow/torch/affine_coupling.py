class AffineCoupling(AffineMap, Coupling):
    """y = (A, B exp(s) + t), (s, t) of net(A) (RealNVP)."""
