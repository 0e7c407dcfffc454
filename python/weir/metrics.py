# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "metric" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def energy(*, standardize: Optional[bool] = None) -> Spec:
    """energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'|, unbiased: may fall below 0

    Parameters
    ----------
    standardize : bool, no unless said
        divide columns by their deviation over both sets. yes|no
    """
    return spec("energy", {"standardize": standardize})


def sliced_wasserstein(*, directions: Optional[int] = None, order: Optional[int] = None) -> Spec:
    """Wasserstein distance of projections, (mean W_p^p)^(1/p)

    Parameters
    ----------
    directions : int, 500 unless said
        unit vectors, drawn by the seed; of one column there is one. [2, 1000000]
    order : int, 2 unless said
        p of W_p. [1, 2]
    """
    return spec("sliced_wasserstein", {"directions": directions, "order": order})


def classifier(
    *,
    hidden: Optional[Sequence[int]] = None,
    steps: Optional[int] = None,
    batch: Optional[int] = None,
    lr: Optional[float] = None,
) -> Spec:
    """accuracy of a network that tells the sets apart, on samples it has not seen

    Parameters
    ----------
    hidden : ints, 64,64 unless said
        widths of the hidden layers; empty: logistic regression. [1, 65536]
    steps : int, 1000 unless said
        of training. [1, 1000000]
    batch : int, 128 unless said
        samples of each set a step. [1, 1048576]
    lr : real, 3e-3 unless said
        learning rate of adamw at the first step; it falls to 0 as a cosine. [0, 1]
    """
    return spec("classifier", {"hidden": hidden, "steps": steps, "batch": batch, "lr": lr})


def kolmogorov_smirnov() -> Spec:
    """sup |F - G| of each column"""
    return spec("kolmogorov_smirnov", {})
