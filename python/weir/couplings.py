# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "coupling" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def independent() -> Spec:
    """any noise with any sample"""
    return spec("independent", {})


def ot(*, condition: Optional[float] = None) -> Spec:
    """of the batch's samples of one condition and weight, the permutation of least squared distances (Tong et al. 2024)

    Parameters
    ----------
    condition : real, inf unless said
        weight w of |context - context'|^2 beside |x - eps|^2, contexts as the model sees them; inf:
        equal ones alone exchange noise. [0, inf]
    """
    return spec("ot", {"condition": condition})


def schroedinger(
    *,
    condition: Optional[float] = None,
    sigma: Optional[float] = None,
    tolerance: Optional[float] = None,
    iterations: Optional[int] = None,
) -> Spec:
    """of the same samples, drawn from the entropic plan, a Brownian bridge between them (Tong et al. 2023)

    Parameters
    ----------
    condition : real, inf unless said
        weight w of |context - context'|^2 beside |x - eps|^2, contexts as the model sees them; inf:
        equal ones alone exchange noise. [0, inf]
    sigma : real, 1 unless said
        deviation of the Brownian motion, in the model's scale of data and noise. [0.001, 1000]
    tolerance : real, 1e-3 unless said
        that sums of lines and columns of the plan may be off, of 1. [1e-13, 1]
    iterations : int, 20000 unless said
        of Sinkhorn, at most; more are an error. [1, 1000000000]
    """
    return spec("schroedinger", {
        "condition": condition, "sigma": sigma, "tolerance": tolerance, "iterations": iterations
    })
