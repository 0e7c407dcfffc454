# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "loss_weight" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def none() -> Spec:
    """the squared error of what is predicted"""
    return spec("none", {})


def x0() -> Spec:
    """that of the data: 1"""
    return spec("x0", {})


def eps() -> Spec:
    """that of the noise: SNR, as in DDPM (Ho et al. 2020)"""
    return spec("eps", {})


def v() -> Spec:
    """that of v: 1 + SNR"""
    return spec("v", {})


def straight() -> Spec:
    """that of eps - x_0, as in flow matching: (1 + 1 / sigma)^2"""
    return spec("straight", {})


def edm(*, sigma_data: Optional[float] = None) -> Spec:
    """that of prediction.edm: 1 / c_out^2 (Karras et al. 2022)

    Parameters
    ----------
    sigma_data : real, 1 unless said
        deviation of the data. [1e-06, 1000000]
    """
    return spec("edm", {"sigma_data": sigma_data})


def min_snr(*, gamma: Optional[float] = None) -> Spec:
    """the smaller of SNR and gamma (Hang et al. 2023)

    Parameters
    ----------
    gamma : real, 5 unless said
        the largest weight. [1e-06, 1000000]
    """
    return spec("min_snr", {"gamma": gamma})


def soft_min_snr(*, sigma_data: Optional[float] = None) -> Spec:
    """1 / (sigma^2 + sigma_data^2) (Crowson et al. 2024)

    Parameters
    ----------
    sigma_data : real, 1 unless said
        deviation of the data. [1e-06, 1000000]
    """
    return spec("soft_min_snr", {"sigma_data": sigma_data})


def truncated_snr() -> Spec:
    """the larger of SNR and 1 (Salimans, Ho 2022)"""
    return spec("truncated_snr", {})


def sigmoid(*, bias: Optional[float] = None) -> Spec:
    """exp(bias) sigmoid(log SNR - bias) (Kingma, Gao 2023)

    Parameters
    ----------
    bias : real, -2 unless said
        log SNR where it bends. [-20, 20]
    """
    return spec("sigmoid", {"bias": bias})


def likelihood() -> Spec:
    """g^2 on the error of the score, a bound of log p (Song et al. 2021)"""
    return spec("likelihood", {})
