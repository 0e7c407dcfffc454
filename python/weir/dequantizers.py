# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "dequantizer" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def uniform() -> Spec:
    """u uniform on [0, 1)"""
    return spec("uniform", {})


def none() -> Spec:
    """u = 1/2: nothing is drawn, a density of the middles of the levels"""
    return spec("none", {})


def variational(
    *,
    dim: Optional[int] = None,
    shape: Optional[Sequence[int]] = None,
    levels: Optional[int] = None,
    couplings: Optional[int] = None,
    coupling: Optional[str] = None,
    image_net: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
) -> Spec:
    """u of a flow that is conditioned on the integers and learned with the model

    Parameters
    ----------
    dim : int, 2 unless said
        values a sample. [1, 16777216]
    shape : ints
        of a sample; an image of even height and width is looked at as one. [1, 16777216]
    levels : int, 256 unless said
        data are integers 0 .. levels-1. [0, 16777216]
    couplings : int, 4 unless said
        of the flow. [1, 256]
    coupling : row, affine_coupling unless said
        what is repeated.
        additive_coupling|affine_coupling|spline_coupling|affine_autoregressive|spline_autoregressive|scale|actnorm|batch_norm|conv1x1|lu_linear|householder|permutation|tile|squeeze|flatten|split|compose|inverse|logit|sigmoid|tanh|softplus|affine|planar|radial
    image_net : row, conv width=32 unless said
        of couplings of images, in place of coupling.net.
        mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    dtype : choice, f32 unless said
        element type. f32|f64
    classes : int, 0 unless said
        of the condition "class", which the couplings see; 0: none. [0, 1048576]
    context : int, 0 unless said
        values of the condition "context", which the couplings see; 0: none. [0, 16777216]
    """
    return spec("variational", {
        "dim": dim, "shape": shape, "levels": levels, "couplings": couplings, "coupling":
        coupling, "image_net": image_net, "dtype": dtype, "classes": classes, "context": context
    })
