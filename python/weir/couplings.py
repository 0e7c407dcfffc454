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


def ot() -> Spec:
    """of the batch's samples of one condition and weight, the permutation of least squared distances (Tong et al. 2024)
    """
    return spec("ot", {})
