class SplineAutoregressive(SplineMap, Autoregressive):
    """A spline of every column by the columns before it."""
