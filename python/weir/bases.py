# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "base" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def normal(*, dim: Optional[int] = None, dtype: Optional[str] = None) -> Spec:
    """standard normal

    Parameters
    ----------
    dim : int, 2 unless said
        values a sample. [1, 16777216]
    dtype : choice, f32 unless said
        element type. f32|f64
    """
    return spec("normal", {"dim": dim, "dtype": dtype})


def logistic(*, dim: Optional[int] = None, dtype: Optional[str] = None) -> Spec:
    """standard logistic, variance pi^2/3

    Parameters
    ----------
    dim : int, 2 unless said
        values a sample. [1, 16777216]
    dtype : choice, f32 unless said
        element type. f32|f64
    """
    return spec("logistic", {"dim": dim, "dtype": dtype})


def uniform(
    *,
    dim: Optional[int] = None,
    dtype: Optional[str] = None,
    low: Optional[float] = None,
    high: Optional[float] = None,
) -> Spec:
    """uniform on [low, high]: for splines of domain=cube and circle

    Parameters
    ----------
    dim : int, 2 unless said
        values a sample. [1, 16777216]
    dtype : choice, f32 unless said
        element type. f32|f64
    low : real, 0 unless said
        the least value. [-1000000, 1000000]
    high : real, 1 unless said
        the largest value. [-1000000, 1000000]
    """
    return spec("uniform", {"dim": dim, "dtype": dtype, "low": low, "high": high})


def diagonal(
    *,
    dim: Optional[int] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
) -> Spec:
    """normal with a learned mean and deviation a column, also of each class

    Parameters
    ----------
    dim : int, 2 unless said
        values a sample. [1, 16777216]
    dtype : choice, f32 unless said
        element type. f32|f64
    classes : int, 0 unless said
        of the condition "class", each with a mean and deviation of its own; 0: one of all. [0,
        1048576]
    """
    return spec("diagonal", {"dim": dim, "dtype": dtype, "classes": classes})


def mixture(
    *,
    dim: Optional[int] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    components: Optional[int] = None,
    spread: Optional[float] = None,
) -> Spec:
    """mixture of normals with learned means, deviations and weights, also of each class

    Parameters
    ----------
    dim : int, 2 unless said
        values a sample. [1, 16777216]
    dtype : choice, f32 unless said
        element type. f32|f64
    classes : int, 0 unless said
        of the condition "class", each with a mixture of its own; 0: one of all. [0, 1048576]
    components : int, 8 unless said
        K: normals of a mixture. [1, 4096]
    spread : real, 1 unless said
        deviation of the means at the start. [0, 1000000]
    """
    return spec("mixture", {
        "dim": dim, "dtype": dtype, "classes": classes, "components": components, "spread":
        spread
    })


def student_t(
    *,
    dim: Optional[int] = None,
    dtype: Optional[str] = None,
    df: Optional[float] = None,
) -> Spec:
    """Student's t, for data of heavy tails

    Parameters
    ----------
    dim : int, 2 unless said
        values a sample. [1, 16777216]
    dtype : choice, f32 unless said
        element type. f32|f64
    df : real, 5 unless said
        nu, degrees of freedom: 1 is Cauchy's, and the variance is finite above 2. [0.5, 1000000]
    """
    return spec("student_t", {"dim": dim, "dtype": dtype, "df": df})
