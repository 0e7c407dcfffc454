"""Optimizers, as in PyTorch: `weir.optim.Adam(net.parameters(), lr=1e-3)`."""

from ._optimizer import EMA, Optimizer  # noqa: F401
from ._optimizers import *  # noqa: F401,F403
