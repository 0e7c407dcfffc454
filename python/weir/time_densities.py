# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "time_density" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def uniform() -> Spec:
    """every time alike"""
    return spec("uniform", {})


def logit_normal(*, mean: Optional[float] = None, std: Optional[float] = None) -> Spec:
    """t = sigmoid(mean + std z), z normal

    Parameters
    ----------
    mean : real, 0 unless said
        of logit t; above 0: more noise. [-20, 20]
    std : real, 1 unless said
        deviation of logit t. [0.001, 20]
    """
    return spec("logit_normal", {"mean": mean, "std": std})


def log_normal(*, mean: Optional[float] = None, std: Optional[float] = None) -> Spec:
    """sigma = exp(mean + std z), z normal

    Parameters
    ----------
    mean : real, -1.2 unless said
        of log sigma; above 0: more noise. [-20, 20]
    std : real, 1.2 unless said
        deviation of log sigma. [0.001, 20]
    """
    return spec("log_normal", {"mean": mean, "std": std})


def cosmap() -> Spec:
    """on path.fm what uniform times are on path.trig (Esser et al. 2024)"""
    return spec("cosmap", {})
