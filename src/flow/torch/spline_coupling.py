class SplineCoupling(SplineMap, Coupling):
    """y = (A, spline(B)), a spline of every column by net(A) (neural spline flows)."""
