# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "path" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def fm(*, sigma_min: Optional[float] = None) -> Spec:
    """straight lines: x_t = (1 - t) x_0 + t eps, u = eps - x_0

    Parameters
    ----------
    sigma_min : real, 0 unless said
        s: what noise is left at the data (Lipman et al.), b = s + (1 - s) t. [0, 0.999]
    """
    return spec("fm", {"sigma_min": sigma_min})


def trig() -> Spec:
    """a quarter of a circle: x_t = cos(pi t / 2) x_0 + sin(pi t / 2) eps"""
    return spec("trig", {})


def vp(*, beta_min: Optional[float] = None, beta_max: Optional[float] = None) -> Spec:
    """variance kept, rate of the noise linear in t (Ho et al. 2020; Song et al. 2021)

    Parameters
    ----------
    beta_min : real, 0.1 unless said
        rate of the noise at the data. [1e-09, 10000]
    beta_max : real, 20 unless said
        rate at the noise. [1e-09, 10000]
    """
    return spec("vp", {"beta_min": beta_min, "beta_max": beta_max})


def vp_cosine(*, offset: Optional[float] = None) -> Spec:
    """variance kept, a a cosine of t (Nichol, Dhariwal 2021)

    Parameters
    ----------
    offset : real, 0.008 unless said
        s: keeps the rate of the noise above 0 at the data. [1e-06, 1]
    """
    return spec("vp_cosine", {"offset": offset})


def sub_vp(*, beta_min: Optional[float] = None, beta_max: Optional[float] = None) -> Spec:
    """variance below that of vp (Song et al. 2021)

    Parameters
    ----------
    beta_min : real, 0.1 unless said
        rate of the noise at the data. [1e-09, 10000]
    beta_max : real, 20 unless said
        rate at the noise. [1e-09, 10000]
    """
    return spec("sub_vp", {"beta_min": beta_min, "beta_max": beta_max})


def ddpm(
    *,
    schedule: Optional[str] = None,
    steps: Optional[int] = None,
    beta_min: Optional[float] = None,
    beta_max: Optional[float] = None,
) -> Spec:
    """the tables of DDPM, log a linear between their times

    Parameters
    ----------
    schedule : choice, linear unless said
        the table of rates beta. linear|scaled_linear|cosine
    steps : int, 1000 unless said
        N: rates in the table. [2, 1000000]
    beta_min : real, 1e-4 unless said
        the first rate, but for cosine. [1e-09, 0.999]
    beta_max : real, 0.02 unless said
        the last rate, but for cosine. [1e-09, 0.999]
    """
    return spec("ddpm", {
        "schedule": schedule, "steps": steps, "beta_min": beta_min, "beta_max": beta_max
    })


def ve(*, sigma_min: Optional[float] = None, sigma_max: Optional[float] = None) -> Spec:
    """noise added, geometric in t (Song et al. 2021)

    Parameters
    ----------
    sigma_min : real, 0.01 unless said
        noise at t = 0, which samples lose by a last step to the data. [1e-09, 1000000]
    sigma_max : real, 50 unless said
        noise at t = 1. [1e-06, 1000000000]
    """
    return spec("ve", {"sigma_min": sigma_min, "sigma_max": sigma_max})


def edm(*, sigma_max: Optional[float] = None) -> Spec:
    """noise added, t itself its deviation (Karras et al. 2022)

    Parameters
    ----------
    sigma_max : real, 80 unless said
        the last t. [1e-06, 1000000000]
    """
    return spec("edm", {"sigma_max": sigma_max})
