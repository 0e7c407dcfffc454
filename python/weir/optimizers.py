# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "optimizer" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def adam(
    *,
    lr: Optional[float] = None,
    beta1: Optional[float] = None,
    beta2: Optional[float] = None,
    eps: Optional[float] = None,
    weight_decay: Optional[float] = None,
) -> Spec:
    """Adam; weight decay is part of the gradient

    Parameters
    ----------
    lr : real, 1e-3 unless said
        learning rate. [0, 1000]
    beta1 : real, 0.9 unless said
        decay of the mean of gradients. [0, 0.9999999000000001]
    beta2 : real, 0.999 unless said
        decay of the mean of squared gradients. [0, 0.9999999000000001]
    eps : real, 1e-8 unless said
        added to the root of the second moment. [0, 1000]
    weight_decay : real, 0 unless said
        pull towards 0. [0, 1000]
    """
    return spec("adam", {
        "lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay
    })


def adamw(
    *,
    lr: Optional[float] = None,
    beta1: Optional[float] = None,
    beta2: Optional[float] = None,
    eps: Optional[float] = None,
    weight_decay: Optional[float] = None,
) -> Spec:
    """Adam with weight decay apart from the gradient

    Parameters
    ----------
    lr : real, 1e-3 unless said
        learning rate. [0, 1000]
    beta1 : real, 0.9 unless said
        decay of the mean of gradients. [0, 0.9999999000000001]
    beta2 : real, 0.999 unless said
        decay of the mean of squared gradients. [0, 0.9999999000000001]
    eps : real, 1e-8 unless said
        added to the root of the second moment. [0, 1000]
    weight_decay : real, 0.01 unless said
        pull towards 0. [0, 1000]
    """
    return spec("adamw", {
        "lr": lr, "beta1": beta1, "beta2": beta2, "eps": eps, "weight_decay": weight_decay
    })


def sgd(
    *,
    lr: Optional[float] = None,
    momentum: Optional[float] = None,
    dampening: Optional[float] = None,
    weight_decay: Optional[float] = None,
    nesterov: Optional[bool] = None,
) -> Spec:
    """gradient descent with momentum

    Parameters
    ----------
    lr : real, 1e-3 unless said
        learning rate. [0, 1000]
    momentum : real, 0 unless said
        of the running direction. [0, 1]
    dampening : real, 0 unless said
        of what a gradient adds to it. [0, 1]
    weight_decay : real, 0 unless said
        pull towards 0. [0, 1000]
    nesterov : bool, no unless said
        look ahead along the running direction. yes|no
    """
    return spec("sgd", {
        "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
        "nesterov": nesterov
    })


def rmsprop(
    *,
    lr: Optional[float] = None,
    alpha: Optional[float] = None,
    eps: Optional[float] = None,
    weight_decay: Optional[float] = None,
    momentum: Optional[float] = None,
    floor: Optional[float] = None,
    momentum_from: Optional[int] = None,
) -> Spec:
    """gradients over the root of their mean square

    Parameters
    ----------
    lr : real, 1e-2 unless said
        learning rate. [0, 1000]
    alpha : real, 0.99 unless said
        decay of the mean of squared gradients. [0, 1]
    eps : real, 1e-8 unless said
        added to the root, where floor is 0. [0, 1000]
    weight_decay : real, 0 unless said
        pull towards 0. [0, 1000]
    momentum : real, 0 unless said
        of the running direction. [0, 1]
    floor : real, 0 unless said
        above 0: the root is at least this, and eps is not used. [0, 1000]
    momentum_from : int, 0 unless said
        updates made without momentum first. [0, 1000000000000000]
    """
    return spec("rmsprop", {
        "lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay, "momentum":
        momentum, "floor": floor, "momentum_from": momentum_from
    })
