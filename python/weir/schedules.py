# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "schedule" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def constant(*, warmup: Optional[int] = None) -> Spec:
    """the same rate throughout

    Parameters
    ----------
    warmup : int, 0 unless said
        steps of linear rise from 0. [0, 1000000000000000]
    """
    return spec("constant", {"warmup": warmup})


def cosine(*, warmup: Optional[int] = None, floor: Optional[float] = None) -> Spec:
    """half a cosine down to floor * lr at the horizon

    Parameters
    ----------
    warmup : int, 0 unless said
        steps of linear rise from 0. [0, 1000000000000000]
    floor : real, 0 unless said
        last rate, as a part of lr. [0, 1]
    """
    return spec("cosine", {"warmup": warmup, "floor": floor})


def nice(
    *,
    warmup: Optional[int] = None,
    decay: Optional[float] = None,
    floor: Optional[float] = None,
) -> Spec:
    """lr / decay^step, not below floor (the NICE authors')

    Parameters
    ----------
    warmup : int, 0 unless said
        steps of linear rise from 0. [0, 1000000000000000]
    decay : real, 1.0005 unless said
        the rate is divided by it after every update. [1, 10]
    floor : real, 1e-4 unless said
        lowest rate. [0, 1000]
    """
    return spec("nice", {"warmup": warmup, "decay": decay, "floor": floor})
