# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "time_grid" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def auto(*, shift: Optional[float] = None) -> Spec:
    """even times as uniform has them; Karras's where t is sigma (path.edm) and none is shifted

    Parameters
    ----------
    shift : real, 1 unless said
        k: times are k t / (1 + (k - 1) t) of even ones; above 1: more at the noise. [0.001, 1000]
    """
    return spec("auto", {"shift": shift})


def uniform(*, shift: Optional[float] = None) -> Spec:
    """even times, shifted towards the noise or the data

    Parameters
    ----------
    shift : real, 1 unless said
        k: times are k t / (1 + (k - 1) t) of even ones; above 1: more at the noise. [0.001, 1000]
    """
    return spec("uniform", {"shift": shift})


def karras(
    *,
    sigma_max: Optional[float] = None,
    sigma_min: Optional[float] = None,
    rho: Optional[float] = None,
) -> Spec:
    """sigma^(1/rho) even from sigma_max to sigma_min, then the data (Karras et al. 2022)

    Parameters
    ----------
    sigma_max : real, 80 unless said
        b / a where it begins, or the path's largest. [1e-06, 1000000000]
    sigma_min : real, 0.002 unless said
        b / a where its last step begins. [1e-09, 1000000]
    rho : real, 7 unless said
        even steps of sigma^(1/rho); above 1: more near the data. [0.1, 100]
    """
    return spec("karras", {"sigma_max": sigma_max, "sigma_min": sigma_min, "rho": rho})


def exponential(*, sigma_max: Optional[float] = None, sigma_min: Optional[float] = None) -> Spec:
    """log sigma even from sigma_max to sigma_min, then the data

    Parameters
    ----------
    sigma_max : real, 80 unless said
        b / a where it begins, or the path's largest. [1e-06, 1000000000]
    sigma_min : real, 0.002 unless said
        b / a where its last step begins. [1e-09, 1000000]
    """
    return spec("exponential", {"sigma_max": sigma_max, "sigma_min": sigma_min})


def cosine() -> Spec:
    """the angle atan(b / a) even, as in the cosine schedule (Nichol, Dhariwal 2021)"""
    return spec("cosine", {})


def list(*, times: Optional[Sequence[float]] = None) -> Spec:
    """times that are given

    Parameters
    ----------
    times : reals, 1,0.5,0 unless said
        t at which steps end, from the noise to the data; of N of them N - 1 steps are these, others
        lie between. [0, 1000000000]
    """
    return spec("list", {"times": times})
