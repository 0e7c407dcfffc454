# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "prediction" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def x0() -> Spec:
    """the data: E[x_0 | x_t]"""
    return spec("x0", {})


def eps() -> Spec:
    """the noise: E[eps | x_t]"""
    return spec("eps", {})


def velocity() -> Spec:
    """dx/dt of the flow: E[a' x_0 + b' eps | x_t]"""
    return spec("velocity", {})


def v() -> Spec:
    """v of Salimans, Ho 2022: E[a eps - b x_0 | x_t] / sqrt(a^2 + b^2)"""
    return spec("v", {})


def score() -> Spec:
    """the gradient of log p_t by x: -E[eps | x_t] / b"""
    return spec("score", {})


def edm(*, sigma_data: Optional[float] = None) -> Spec:
    """what is left of the data beside c_skip x / a, of deviation 1 (Karras et al. 2022)

    Parameters
    ----------
    sigma_data : real, 1 unless said
        deviation of the data. [1e-06, 1000000]
    """
    return spec("edm", {"sigma_data": sigma_data})
