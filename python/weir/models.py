# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "model" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def nice(
    *,
    dim: Optional[int] = None,
    shape: Optional[Sequence[int]] = None,
    levels: Optional[int] = None,
    standardize: Optional[bool] = None,
    standardize_scale: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[Union[int, str]] = None,
    context: Optional[Union[int, str]] = None,
    condition_dropout: Optional[float] = None,
    dequantizer: Optional[str] = None,
    embed: Optional[str] = None,
    couplings: Optional[int] = None,
    hidden: Optional[Sequence[int]] = None,
    partition: Optional[str] = None,
    base: Optional[str] = None,
    scale: Optional[bool] = None,
    init: Optional[str] = None,
    bound: Optional[float] = None,
) -> Spec:
    """NICE: additive couplings and a diagonal scaling; exact

    Parameters
    ----------
    dim : int, 0 unless said
        values a sample; 0: the product of shape. [0, 16777216]
    shape : ints
        of a sample, such as 1,28,28; empty: dim. [1, 16777216]
    levels : int, 0 unless said
        data are integers 0 .. levels-1; 0: continuous. [0, 16777216]
    standardize : bool, no unless said
        the model holds mean and deviation of the data. yes|no
    standardize_scale : choice, each unless said
        of standardize=yes: each value has a mean and deviation of its own, or all values have one,
        as networks of pictures want. each|one
    dtype : choice, f32 unless said
        element type, of all that is chosen here too. f32|f64
    classes : int, 0 unless said
        that samples are conditioned on; 0: none; auto: those of the training data. [0, 1048576] or
        auto
    context : int, 0 unless said
        values a sample is conditioned on; 0: none; auto: those of the training data, as unless
        said. [0, 16777216] or auto
    condition_dropout : real, 0 unless said
        of a training sample's condition, so that samples can be drawn without one and guided; 0:
        none. [0, 1]
    dequantizer : row, uniform unless said
        what is added to integer data. uniform|none|variational
    embed : row
        that the context goes through first; of out= values, 16 unless said; none: it is seen as it
        is. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    couplings : int, 4 unless said
        additive couplings. [0, 64]
    hidden : ints, 1000,1000,1000,1000,1000 unless said
        widths of the hidden layers of a coupling's network. [1, 65536]
    partition : choice, odd_even unless said
        how columns are cut in two. odd_even|half
    base : row, logistic unless said
        base distribution. normal|logistic|uniform|diagonal|mixture|student_t
    scale : bool, yes unless said
        a learned diagonal scaling at the end. yes|no
    init : choice, uniform unless said
        uniform: weights on +-bound, biases 0; pytorch: all on +-1/sqrt(in). pytorch|uniform
    bound : real, 0.01 unless said
        of init=uniform. [0, 1000]
    """
    return spec("nice", {
        "dim": dim, "shape": shape, "levels": levels, "standardize": standardize,
        "standardize_scale": standardize_scale, "dtype": dtype, "classes": classes, "context":
        context, "condition.dropout": condition_dropout, "dequantizer": dequantizer, "embed":
        embed, "couplings": couplings, "hidden": hidden, "partition": partition, "base": base,
        "scale": scale, "init": init, "bound": bound
    })


def realnvp(
    *,
    dim: Optional[int] = None,
    shape: Optional[Sequence[int]] = None,
    levels: Optional[int] = None,
    standardize: Optional[bool] = None,
    standardize_scale: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[Union[int, str]] = None,
    context: Optional[Union[int, str]] = None,
    condition_dropout: Optional[float] = None,
    dequantizer: Optional[str] = None,
    embed: Optional[str] = None,
    couplings: Optional[int] = None,
    scales: Optional[int] = None,
    coupling: Optional[str] = None,
    image_net: Optional[str] = None,
    norm: Optional[str] = None,
    base: Optional[str] = None,
    input: Optional[str] = None,
    alpha: Optional[float] = None,
    prior: Optional[bool] = None,
) -> Spec:
    """RealNVP: affine couplings of vectors, or of images over several scales; exact

    Parameters
    ----------
    dim : int, 0 unless said
        values a sample; 0: the product of shape. [0, 16777216]
    shape : ints
        of a sample, such as 1,28,28; empty: dim. [1, 16777216]
    levels : int, 0 unless said
        data are integers 0 .. levels-1; 0: continuous. [0, 16777216]
    standardize : bool, no unless said
        the model holds mean and deviation of the data. yes|no
    standardize_scale : choice, each unless said
        of standardize=yes: each value has a mean and deviation of its own, or all values have one,
        as networks of pictures want. each|one
    dtype : choice, f32 unless said
        element type, of all that is chosen here too. f32|f64
    classes : int, 0 unless said
        that samples are conditioned on; 0: none; auto: those of the training data. [0, 1048576] or
        auto
    context : int, 0 unless said
        values a sample is conditioned on; 0: none; auto: those of the training data, as unless
        said. [0, 16777216] or auto
    condition_dropout : real, 0 unless said
        of a training sample's condition, so that samples can be drawn without one and guided; 0:
        none. [0, 1]
    dequantizer : row, uniform unless said
        what is added to integer data. uniform|none|variational
    embed : row
        that the context goes through first; of out= values, 16 unless said; none: it is seen as it
        is. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    couplings : int, 0 unless said
        of vectors; of images: of a checkerboard, and of channels, in each scale; 0: 8, 3. [0, 256]
    scales : int, 0 unless said
        of images; each but the last halves height and width; 0: as many as they have, 3 at most.
        [0, 16]
    coupling : row, affine_coupling unless said
        what is repeated.
        additive_coupling|affine_coupling|spline_coupling|affine_autoregressive|spline_autoregressive|scale|actnorm|batch_norm|conv1x1|lu_linear|householder|permutation|tile|squeeze|flatten|split|compose|inverse|logit|sigmoid|tanh|softplus|affine|planar|radial
    image_net : row, conv_resnet unless said
        of couplings of images, in place of coupling.net.
        mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    norm : choice, actnorm unless said
        behind a coupling. none|actnorm|batch_norm
    base : row, normal unless said
        base distribution. normal|logistic|uniform|diagonal|mixture|student_t
    input : choice, auto unless said
        of data from 0 to 1: less 1/2, or their logit; auto: logit of images of integers, else none.
        auto|none|centre|logit
    alpha : real, 0.05 unless said
        of input=logit. [0, 0.4]
    prior : bool, no unless said
        what a scale sets aside has a mean and deviation that are learned, given the others. yes|no
    """
    return spec("realnvp", {
        "dim": dim, "shape": shape, "levels": levels, "standardize": standardize,
        "standardize_scale": standardize_scale, "dtype": dtype, "classes": classes, "context":
        context, "condition.dropout": condition_dropout, "dequantizer": dequantizer, "embed":
        embed, "couplings": couplings, "scales": scales, "coupling": coupling, "image_net":
        image_net, "norm": norm, "base": base, "input": input, "alpha": alpha, "prior": prior
    })


def glow(
    *,
    dim: Optional[int] = None,
    shape: Optional[Sequence[int]] = None,
    levels: Optional[int] = None,
    standardize: Optional[bool] = None,
    standardize_scale: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[Union[int, str]] = None,
    context: Optional[Union[int, str]] = None,
    condition_dropout: Optional[float] = None,
    dequantizer: Optional[str] = None,
    embed: Optional[str] = None,
    scales: Optional[int] = None,
    depth: Optional[int] = None,
    permutation: Optional[str] = None,
    coupling: Optional[str] = None,
    net: Optional[str] = None,
    base: Optional[str] = None,
    input: Optional[str] = None,
    alpha: Optional[float] = None,
) -> Spec:
    """Glow: multi-scale flow of images with 1 x 1 convolutions; exact

    Parameters
    ----------
    dim : int, 0 unless said
        values a sample; 0: the product of shape. [0, 16777216]
    shape : ints
        of a sample, such as 1,28,28; empty: dim. [1, 16777216]
    levels : int, 0 unless said
        data are integers 0 .. levels-1; 0: continuous. [0, 16777216]
    standardize : bool, no unless said
        the model holds mean and deviation of the data. yes|no
    standardize_scale : choice, each unless said
        of standardize=yes: each value has a mean and deviation of its own, or all values have one,
        as networks of pictures want. each|one
    dtype : choice, f32 unless said
        element type, of all that is chosen here too. f32|f64
    classes : int, 0 unless said
        that samples are conditioned on; 0: none; auto: those of the training data. [0, 1048576] or
        auto
    context : int, 0 unless said
        values a sample is conditioned on; 0: none; auto: those of the training data, as unless
        said. [0, 16777216] or auto
    condition_dropout : real, 0 unless said
        of a training sample's condition, so that samples can be drawn without one and guided; 0:
        none. [0, 1]
    dequantizer : row, uniform unless said
        what is added to integer data. uniform|none|variational
    embed : row
        that the context goes through first; of out= values, 16 unless said; none: it is seen as it
        is. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    scales : int, 0 unless said
        how often height and width are halved; 0: as often as they can be, three times at most. [0,
        16]
    depth : int, 8 unless said
        steps of a scale. [1, 1024]
    permutation : row, conv1x1 unless said
        of channels, in every step, such as permutation kind=reverse.
        additive_coupling|affine_coupling|spline_coupling|affine_autoregressive|spline_autoregressive|scale|actnorm|batch_norm|conv1x1|lu_linear|householder|permutation|tile|squeeze|flatten|split|compose|inverse|logit|sigmoid|tanh|softplus|affine|planar|radial
    coupling : row, affine_coupling scale=sigmoid unless said
        of channels, in every step; its net is the model's.
        additive_coupling|affine_coupling|spline_coupling|affine_autoregressive|spline_autoregressive|scale|actnorm|batch_norm|conv1x1|lu_linear|householder|permutation|tile|squeeze|flatten|split|compose|inverse|logit|sigmoid|tanh|softplus|affine|planar|radial
    net : row, conv unless said
        of the half of the channels that a coupling keeps.
        mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    base : row, diagonal unless said
        prior of the last scale, and of what is standardised by the others'.
        normal|logistic|uniform|diagonal|mixture|student_t
    input : choice, auto unless said
        of data from 0 to 1: less 1/2, or their logit; auto: centre of images of integers, else
        none. auto|none|centre|logit
    alpha : real, 0.05 unless said
        of input=logit. [0, 0.4]
    """
    return spec("glow", {
        "dim": dim, "shape": shape, "levels": levels, "standardize": standardize,
        "standardize_scale": standardize_scale, "dtype": dtype, "classes": classes, "context":
        context, "condition.dropout": condition_dropout, "dequantizer": dequantizer, "embed":
        embed, "scales": scales, "depth": depth, "permutation": permutation, "coupling":
        coupling, "net": net, "base": base, "input": input, "alpha": alpha
    })


def nsf(
    *,
    dim: Optional[int] = None,
    shape: Optional[Sequence[int]] = None,
    levels: Optional[int] = None,
    standardize: Optional[bool] = None,
    standardize_scale: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[Union[int, str]] = None,
    context: Optional[Union[int, str]] = None,
    condition_dropout: Optional[float] = None,
    dequantizer: Optional[str] = None,
    embed: Optional[str] = None,
    layers: Optional[int] = None,
    mix: Optional[str] = None,
    partition: Optional[str] = None,
    net: Optional[str] = None,
    bins: Optional[int] = None,
    domain: Optional[str] = None,
    form: Optional[str] = None,
    bound: Optional[float] = None,
    min_width: Optional[float] = None,
    min_height: Optional[float] = None,
    min_slope: Optional[float] = None,
    base: Optional[str] = None,
) -> Spec:
    """neural spline flow: couplings of rational-quadratic splines; exact

    Parameters
    ----------
    dim : int, 0 unless said
        values a sample; 0: the product of shape. [0, 16777216]
    shape : ints
        of a sample, such as 1,28,28; empty: dim. [1, 16777216]
    levels : int, 0 unless said
        data are integers 0 .. levels-1; 0: continuous. [0, 16777216]
    standardize : bool, no unless said
        the model holds mean and deviation of the data. yes|no
    standardize_scale : choice, each unless said
        of standardize=yes: each value has a mean and deviation of its own, or all values have one,
        as networks of pictures want. each|one
    dtype : choice, f32 unless said
        element type, of all that is chosen here too. f32|f64
    classes : int, 0 unless said
        that samples are conditioned on; 0: none; auto: those of the training data. [0, 1048576] or
        auto
    context : int, 0 unless said
        values a sample is conditioned on; 0: none; auto: those of the training data, as unless
        said. [0, 16777216] or auto
    condition_dropout : real, 0 unless said
        of a training sample's condition, so that samples can be drawn without one and guided; 0:
        none. [0, 1]
    dequantizer : row, uniform unless said
        what is added to integer data. uniform|none|variational
    embed : row
        that the context goes through first; of out= values, 16 unless said; none: it is seen as it
        is. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    layers : int, 6 unless said
        couplings. [0, 1024]
    mix : choice, lu unless said
        before each coupling: a random permutation; that and a linear map, LU. none|permutation|lu
    partition : choice, odd_even unless said
        how columns are cut in two. odd_even|half
    net : row, residual_mlp width=64 blocks=2 zero=yes unless said
        of the columns that a coupling keeps: the splines of the others.
        mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    bins : int, 8 unless said
        of a spline. [2, 64]
    domain : choice, line unless said
        line: splines on [-B, B], the identity beyond; cube: on [0, B]; circle: angles of period 2
        B. line|cube|circle
    form : choice, floored unless said
        of widths, heights and slopes: softmax and softplus above their least (nflows); softmax and
        exp of bounded numbers, slopes from min_slope to 1 / min_slope (zuko). floored|bounded
    bound : real, 0 unless said
        B; 0: 3 of a line, 1 of a cube, pi of a circle. [0, 1000000]
    min_width : real, 1e-3 unless said
        of a bin, as part of the whole. [1e-05, 0.1]
    min_height : real, 1e-3 unless said
        of a bin, as part of the whole. [1e-05, 0.1]
    min_slope : real, 1e-3 unless said
        at a knot. [1e-05, 0.9]
    base : row, normal unless said
        base distribution. normal|logistic|uniform|diagonal|mixture|student_t
    """
    return spec("nsf", {
        "dim": dim, "shape": shape, "levels": levels, "standardize": standardize,
        "standardize_scale": standardize_scale, "dtype": dtype, "classes": classes, "context":
        context, "condition.dropout": condition_dropout, "dequantizer": dequantizer, "embed":
        embed, "layers": layers, "mix": mix, "partition": partition, "net": net, "bins": bins,
        "domain": domain, "form": form, "bound": bound, "min_width": min_width, "min_height":
        min_height, "min_slope": min_slope, "base": base
    })


def maf(
    *,
    dim: Optional[int] = None,
    shape: Optional[Sequence[int]] = None,
    levels: Optional[int] = None,
    standardize: Optional[bool] = None,
    standardize_scale: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[Union[int, str]] = None,
    context: Optional[Union[int, str]] = None,
    condition_dropout: Optional[float] = None,
    dequantizer: Optional[str] = None,
    embed: Optional[str] = None,
    layers: Optional[int] = None,
    order: Optional[str] = None,
    net: Optional[str] = None,
    map: Optional[str] = None,
    scale: Optional[str] = None,
    scale_bound: Optional[float] = None,
    bins: Optional[int] = None,
    domain: Optional[str] = None,
    form: Optional[str] = None,
    bound: Optional[float] = None,
    min_width: Optional[float] = None,
    min_height: Optional[float] = None,
    min_slope: Optional[float] = None,
    base: Optional[str] = None,
    input: Optional[str] = None,
    alpha: Optional[float] = None,
) -> Spec:
    """masked autoregressive flow, affine or of splines: log p in one pass; exact

    Parameters
    ----------
    dim : int, 0 unless said
        values a sample; 0: the product of shape. [0, 16777216]
    shape : ints
        of a sample, such as 1,28,28; empty: dim. [1, 16777216]
    levels : int, 0 unless said
        data are integers 0 .. levels-1; 0: continuous. [0, 16777216]
    standardize : bool, no unless said
        the model holds mean and deviation of the data. yes|no
    standardize_scale : choice, each unless said
        of standardize=yes: each value has a mean and deviation of its own, or all values have one,
        as networks of pictures want. each|one
    dtype : choice, f32 unless said
        element type, of all that is chosen here too. f32|f64
    classes : int, 0 unless said
        that samples are conditioned on; 0: none; auto: those of the training data. [0, 1048576] or
        auto
    context : int, 0 unless said
        values a sample is conditioned on; 0: none; auto: those of the training data, as unless
        said. [0, 16777216] or auto
    condition_dropout : real, 0 unless said
        of a training sample's condition, so that samples can be drawn without one and guided; 0:
        none. [0, 1]
    dequantizer : row, uniform unless said
        what is added to integer data. uniform|none|variational
    embed : row
        that the context goes through first; of out= values, 16 unless said; none: it is seen as it
        is. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    layers : int, 5 unless said
        autoregressive maps. [0, 1024]
    order : choice, reverse unless said
        of the columns, after each map but the last. random|reverse
    net : row, made hidden=64,64 zero=yes unless said
        whose outputs for a column see the columns before it alone.
        mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    map : choice, affine unless said
        of single columns. affine|spline
    scale : choice, soft unless said
        how the net's output becomes a log scale (bijection.affine_autoregressive).
        exp|sigmoid|tanh|soft
    scale_bound : real, 3 unless said
        the largest log scale of scale=tanh and soft. [0.001, 100]
    bins : int, 8 unless said
        of a spline. [2, 64]
    domain : choice, line unless said
        line: splines on [-B, B], the identity beyond; cube: on [0, B]; circle: angles of period 2
        B. line|cube|circle
    form : choice, floored unless said
        of widths, heights and slopes: softmax and softplus above their least (nflows); softmax and
        exp of bounded numbers, slopes from min_slope to 1 / min_slope (zuko). floored|bounded
    bound : real, 0 unless said
        B; 0: 3 of a line, 1 of a cube, pi of a circle. [0, 1000000]
    min_width : real, 1e-3 unless said
        of a bin, as part of the whole. [1e-05, 0.1]
    min_height : real, 1e-3 unless said
        of a bin, as part of the whole. [1e-05, 0.1]
    min_slope : real, 1e-3 unless said
        at a knot. [1e-05, 0.9]
    base : row, normal unless said
        base distribution. normal|logistic|uniform|diagonal|mixture|student_t
    input : choice, none unless said
        of data from 0 to 1, such as integers not standardized: less 1/2, or their logit, for which
        no value is many deviations from the others. auto|none|centre|logit
    alpha : real, 0.05 unless said
        of input=logit. [0, 0.4]
    """
    return spec("maf", {
        "dim": dim, "shape": shape, "levels": levels, "standardize": standardize,
        "standardize_scale": standardize_scale, "dtype": dtype, "classes": classes, "context":
        context, "condition.dropout": condition_dropout, "dequantizer": dequantizer, "embed":
        embed, "layers": layers, "order": order, "net": net, "map": map, "scale": scale,
        "scale_bound": scale_bound, "bins": bins, "domain": domain, "form": form, "bound":
        bound, "min_width": min_width, "min_height": min_height, "min_slope": min_slope, "base":
        base, "input": input, "alpha": alpha
    })


def iaf(
    *,
    dim: Optional[int] = None,
    shape: Optional[Sequence[int]] = None,
    levels: Optional[int] = None,
    standardize: Optional[bool] = None,
    standardize_scale: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[Union[int, str]] = None,
    context: Optional[Union[int, str]] = None,
    condition_dropout: Optional[float] = None,
    dequantizer: Optional[str] = None,
    embed: Optional[str] = None,
    layers: Optional[int] = None,
    order: Optional[str] = None,
    net: Optional[str] = None,
    map: Optional[str] = None,
    scale: Optional[str] = None,
    scale_bound: Optional[float] = None,
    bins: Optional[int] = None,
    domain: Optional[str] = None,
    form: Optional[str] = None,
    bound: Optional[float] = None,
    min_width: Optional[float] = None,
    min_height: Optional[float] = None,
    min_slope: Optional[float] = None,
    base: Optional[str] = None,
    input: Optional[str] = None,
    alpha: Optional[float] = None,
) -> Spec:
    """inverse autoregressive flow, affine or of splines: samples in one pass; exact

    Parameters
    ----------
    dim : int, 0 unless said
        values a sample; 0: the product of shape. [0, 16777216]
    shape : ints
        of a sample, such as 1,28,28; empty: dim. [1, 16777216]
    levels : int, 0 unless said
        data are integers 0 .. levels-1; 0: continuous. [0, 16777216]
    standardize : bool, no unless said
        the model holds mean and deviation of the data. yes|no
    standardize_scale : choice, each unless said
        of standardize=yes: each value has a mean and deviation of its own, or all values have one,
        as networks of pictures want. each|one
    dtype : choice, f32 unless said
        element type, of all that is chosen here too. f32|f64
    classes : int, 0 unless said
        that samples are conditioned on; 0: none; auto: those of the training data. [0, 1048576] or
        auto
    context : int, 0 unless said
        values a sample is conditioned on; 0: none; auto: those of the training data, as unless
        said. [0, 16777216] or auto
    condition_dropout : real, 0 unless said
        of a training sample's condition, so that samples can be drawn without one and guided; 0:
        none. [0, 1]
    dequantizer : row, uniform unless said
        what is added to integer data. uniform|none|variational
    embed : row
        that the context goes through first; of out= values, 16 unless said; none: it is seen as it
        is. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    layers : int, 5 unless said
        autoregressive maps. [0, 1024]
    order : choice, reverse unless said
        of the columns, after each map but the last. random|reverse
    net : row, made hidden=64,64 zero=yes unless said
        whose outputs for a column see the columns before it alone.
        mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    map : choice, affine unless said
        of single columns. affine|spline
    scale : choice, soft unless said
        how the net's output becomes a log scale (bijection.affine_autoregressive).
        exp|sigmoid|tanh|soft
    scale_bound : real, 3 unless said
        the largest log scale of scale=tanh and soft. [0.001, 100]
    bins : int, 8 unless said
        of a spline. [2, 64]
    domain : choice, line unless said
        line: splines on [-B, B], the identity beyond; cube: on [0, B]; circle: angles of period 2
        B. line|cube|circle
    form : choice, floored unless said
        of widths, heights and slopes: softmax and softplus above their least (nflows); softmax and
        exp of bounded numbers, slopes from min_slope to 1 / min_slope (zuko). floored|bounded
    bound : real, 0 unless said
        B; 0: 3 of a line, 1 of a cube, pi of a circle. [0, 1000000]
    min_width : real, 1e-3 unless said
        of a bin, as part of the whole. [1e-05, 0.1]
    min_height : real, 1e-3 unless said
        of a bin, as part of the whole. [1e-05, 0.1]
    min_slope : real, 1e-3 unless said
        at a knot. [1e-05, 0.9]
    base : row, normal unless said
        base distribution. normal|logistic|uniform|diagonal|mixture|student_t
    input : choice, none unless said
        of data from 0 to 1, such as integers not standardized: less 1/2, or their logit, for which
        no value is many deviations from the others. auto|none|centre|logit
    alpha : real, 0.05 unless said
        of input=logit. [0, 0.4]
    """
    return spec("iaf", {
        "dim": dim, "shape": shape, "levels": levels, "standardize": standardize,
        "standardize_scale": standardize_scale, "dtype": dtype, "classes": classes, "context":
        context, "condition.dropout": condition_dropout, "dequantizer": dequantizer, "embed":
        embed, "layers": layers, "order": order, "net": net, "map": map, "scale": scale,
        "scale_bound": scale_bound, "bins": bins, "domain": domain, "form": form, "bound":
        bound, "min_width": min_width, "min_height": min_height, "min_slope": min_slope, "base":
        base, "input": input, "alpha": alpha
    })


def flow(
    *,
    dim: Optional[int] = None,
    shape: Optional[Sequence[int]] = None,
    levels: Optional[int] = None,
    standardize: Optional[bool] = None,
    standardize_scale: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[Union[int, str]] = None,
    context: Optional[Union[int, str]] = None,
    condition_dropout: Optional[float] = None,
    dequantizer: Optional[str] = None,
    embed: Optional[str] = None,
    flow: Optional[str] = None,
    base: Optional[str] = None,
    flat: Optional[bool] = None,
) -> Spec:
    """bijections that options list, over a base of choice; exact

    Parameters
    ----------
    dim : int, 0 unless said
        values a sample; 0: the product of shape. [0, 16777216]
    shape : ints
        of a sample, such as 1,28,28; empty: dim. [1, 16777216]
    levels : int, 0 unless said
        data are integers 0 .. levels-1; 0: continuous. [0, 16777216]
    standardize : bool, no unless said
        the model holds mean and deviation of the data. yes|no
    standardize_scale : choice, each unless said
        of standardize=yes: each value has a mean and deviation of its own, or all values have one,
        as networks of pictures want. each|one
    dtype : choice, f32 unless said
        element type, of all that is chosen here too. f32|f64
    classes : int, 0 unless said
        that samples are conditioned on; 0: none; auto: those of the training data. [0, 1048576] or
        auto
    context : int, 0 unless said
        values a sample is conditioned on; 0: none; auto: those of the training data, as unless
        said. [0, 16777216] or auto
    condition_dropout : real, 0 unless said
        of a training sample's condition, so that samples can be drawn without one and guided; 0:
        none. [0, 1]
    dequantizer : row, uniform unless said
        what is added to integer data. uniform|none|variational
    embed : row
        that the context goes through first; of out= values, 16 unless said; none: it is seen as it
        is. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    flow : row, compose parts=affine_coupling,affine_coupling parts.1.parity=1 repeat=4 unless said
        from data to noise.
        additive_coupling|affine_coupling|spline_coupling|affine_autoregressive|spline_autoregressive|scale|actnorm|batch_norm|conv1x1|lu_linear|householder|permutation|tile|squeeze|flatten|split|compose|inverse|logit|sigmoid|tanh|softplus|affine|planar|radial
    base : row, normal unless said
        base distribution. normal|logistic|uniform|diagonal|mixture|student_t
    flat : bool, no unless said
        pictures are vectors; no: the bijections see their channels, and the last is flatten or
        split. yes|no
    """
    return spec("flow", {
        "dim": dim, "shape": shape, "levels": levels, "standardize": standardize,
        "standardize_scale": standardize_scale, "dtype": dtype, "classes": classes, "context":
        context, "condition.dropout": condition_dropout, "dequantizer": dequantizer, "embed":
        embed, "flow": flow, "base": base, "flat": flat
    })


def rectified_flow(
    *,
    dim: Optional[int] = None,
    shape: Optional[Sequence[int]] = None,
    levels: Optional[int] = None,
    standardize: Optional[bool] = None,
    standardize_scale: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[Union[int, str]] = None,
    context: Optional[Union[int, str]] = None,
    condition_dropout: Optional[float] = None,
    dequantizer: Optional[str] = None,
    embed: Optional[str] = None,
    path: Optional[str] = None,
    prediction: Optional[str] = None,
    weight: Optional[str] = None,
    time_density: Optional[str] = None,
    coupling: Optional[str] = None,
    net: Optional[str] = None,
    label: Optional[str] = None,
    input_scale: Optional[float] = None,
    sampler: Optional[str] = None,
    log_prob: Optional[str] = None,
    log_prob_probes: Optional[int] = None,
    reflow: Optional[str] = None,
) -> Spec:
    """straight paths from data to noise, and the velocity that a network learns of them

    Parameters
    ----------
    dim : int, 0 unless said
        values a sample; 0: the product of shape. [0, 16777216]
    shape : ints
        of a sample, such as 1,28,28; empty: dim. [1, 16777216]
    levels : int, 0 unless said
        data are integers 0 .. levels-1; 0: continuous. [0, 16777216]
    standardize : bool, no unless said
        the model holds mean and deviation of the data. yes|no
    standardize_scale : choice, each unless said
        of standardize=yes: each value has a mean and deviation of its own, or all values have one,
        as networks of pictures want. each|one
    dtype : choice, f32 unless said
        element type, of all that is chosen here too. f32|f64
    classes : int, 0 unless said
        that samples are conditioned on; 0: none; auto: those of the training data. [0, 1048576] or
        auto
    context : int, 0 unless said
        values a sample is conditioned on; 0: none; auto: those of the training data, as unless
        said. [0, 16777216] or auto
    condition_dropout : real, 0 unless said
        of a training sample's condition, so that samples can be drawn without one and guided; 0:
        none. [0, 1]
    dequantizer : row, uniform unless said
        what is added to integer data. uniform|none|variational
    embed : row
        that the context goes through first; of out= values, 16 unless said; none: it is seen as it
        is. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    path : row, fm unless said
        path from data to noise. fm|trig|vp|vp_cosine|sub_vp|ddpm|ve|edm
    prediction : row, velocity unless said
        what the network predicts. x0|eps|velocity|v|score|edm
    weight : row, none unless said
        weight of the loss over time.
        none|x0|eps|v|straight|edm|min_snr|soft_min_snr|truncated_snr|sigmoid|likelihood
    time_density : row, uniform unless said
        distribution of training times. uniform|logit_normal|log_normal|cosmap
    coupling : row, independent unless said
        which noise a sample is trained with. independent|ot|schroedinger
    net : row, mlp hidden=64,64,64 activation=silu time=raw unless said
        network that predicts. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    label : choice, time unless said
        what it is told of time: t, or log(sigma) / 4. time|log_sigma
    input_scale : real, 0 unless said
        s above 0: it sees x / sqrt(b^2 + a^2 s^2), s the deviation of the data; 0: x itself. [0,
        1000000]
    sampler : row, dopri5 unless said
        draws samples unless another is asked for.
        euler|midpoint|heun|rk4|dopri5|tsit5|ddim|ddpm|euler_ancestral|euler_maruyama|edm|dpm_1|dpm_2|dpm_3|dpmpp_2s|dpmpp_3s|dpmpp_2m|dpmpp_3m|dpmpp_2m_sde|unipc
    log_prob : row, dopri5 unless said
        sampler that carries data to noise for their log-density.
        euler|midpoint|heun|rk4|dopri5|tsit5|ddim|ddpm|euler_ancestral|euler_maruyama|edm|dpm_1|dpm_2|dpm_3|dpmpp_2s|dpmpp_3s|dpmpp_2m|dpmpp_3m|dpmpp_2m_sde|unipc
    log_prob_probes : int, -1 unless said
        of the trace unless others are asked for; 0: the exact trace, as always up to 4 values; -1:
        exact up to 128 values, 2 above. [-1, 1000000]
    reflow : text
        run whose samples it learns to reach from their noise (weir reflow); empty: data.
    """
    return spec("rectified-flow", {
        "dim": dim, "shape": shape, "levels": levels, "standardize": standardize,
        "standardize_scale": standardize_scale, "dtype": dtype, "classes": classes, "context":
        context, "condition.dropout": condition_dropout, "dequantizer": dequantizer, "embed":
        embed, "path": path, "prediction": prediction, "weight": weight, "time_density":
        time_density, "coupling": coupling, "net": net, "label": label, "input_scale":
        input_scale, "sampler": sampler, "log_prob": log_prob, "log_prob.probes":
        log_prob_probes, "reflow": reflow
    })


def flow_matching(
    *,
    dim: Optional[int] = None,
    shape: Optional[Sequence[int]] = None,
    levels: Optional[int] = None,
    standardize: Optional[bool] = None,
    standardize_scale: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[Union[int, str]] = None,
    context: Optional[Union[int, str]] = None,
    condition_dropout: Optional[float] = None,
    dequantizer: Optional[str] = None,
    embed: Optional[str] = None,
    path: Optional[str] = None,
    prediction: Optional[str] = None,
    weight: Optional[str] = None,
    time_density: Optional[str] = None,
    coupling: Optional[str] = None,
    net: Optional[str] = None,
    label: Optional[str] = None,
    input_scale: Optional[float] = None,
    sampler: Optional[str] = None,
    log_prob: Optional[str] = None,
    log_prob_probes: Optional[int] = None,
    source: Optional[str] = None,
    source_folder: Optional[str] = None,
    source_fingerprint: Optional[str] = None,
) -> Spec:
    """straight paths from data to the noise that optimal transport in a batch gives them

    Parameters
    ----------
    dim : int, 0 unless said
        values a sample; 0: the product of shape. [0, 16777216]
    shape : ints
        of a sample, such as 1,28,28; empty: dim. [1, 16777216]
    levels : int, 0 unless said
        data are integers 0 .. levels-1; 0: continuous. [0, 16777216]
    standardize : bool, no unless said
        the model holds mean and deviation of the data. yes|no
    standardize_scale : choice, each unless said
        of standardize=yes: each value has a mean and deviation of its own, or all values have one,
        as networks of pictures want. each|one
    dtype : choice, f32 unless said
        element type, of all that is chosen here too. f32|f64
    classes : int, 0 unless said
        that samples are conditioned on; 0: none; auto: those of the training data. [0, 1048576] or
        auto
    context : int, 0 unless said
        values a sample is conditioned on; 0: none; auto: those of the training data, as unless
        said. [0, 16777216] or auto
    condition_dropout : real, 0 unless said
        of a training sample's condition, so that samples can be drawn without one and guided; 0:
        none. [0, 1]
    dequantizer : row, uniform unless said
        what is added to integer data. uniform|none|variational
    embed : row
        that the context goes through first; of out= values, 16 unless said; none: it is seen as it
        is. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    path : row, fm unless said
        path from data to noise. fm|trig|vp|vp_cosine|sub_vp|ddpm|ve|edm
    prediction : row, velocity unless said
        what the network predicts. x0|eps|velocity|v|score|edm
    weight : row, none unless said
        weight of the loss over time.
        none|x0|eps|v|straight|edm|min_snr|soft_min_snr|truncated_snr|sigmoid|likelihood
    time_density : row, uniform unless said
        distribution of training times. uniform|logit_normal|log_normal|cosmap
    coupling : row, ot unless said
        which noise a sample is trained with. independent|ot|schroedinger
    net : row, mlp hidden=64,64,64 activation=silu time=raw unless said
        network that predicts. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    label : choice, time unless said
        what it is told of time: t, or log(sigma) / 4. time|log_sigma
    input_scale : real, 0 unless said
        s above 0: it sees x / sqrt(b^2 + a^2 s^2), s the deviation of the data; 0: x itself. [0,
        1000000]
    sampler : row, dopri5 unless said
        draws samples unless another is asked for.
        euler|midpoint|heun|rk4|dopri5|tsit5|ddim|ddpm|euler_ancestral|euler_maruyama|edm|dpm_1|dpm_2|dpm_3|dpmpp_2s|dpmpp_3s|dpmpp_2m|dpmpp_3m|dpmpp_2m_sde|unipc
    log_prob : row, dopri5 unless said
        sampler that carries data to noise for their log-density.
        euler|midpoint|heun|rk4|dopri5|tsit5|ddim|ddpm|euler_ancestral|euler_maruyama|edm|dpm_1|dpm_2|dpm_3|dpmpp_2s|dpmpp_3s|dpmpp_2m|dpmpp_3m|dpmpp_2m_sde|unipc
    log_prob_probes : int, -1 unless said
        of the trace unless others are asked for; 0: the exact trace, as always up to 4 values; -1:
        exact up to 128 values, 2 above. [-1, 1000000]
    source : text
        SPEC of data that its samples begin at, drawn by their weights; empty: noise N(0, I).
    source_folder : text
        that the SPEC's files are named from; noted when training begins.
    source_fingerprint : text
        of the source's samples, likewise; others are an error.
    """
    return spec("flow-matching", {
        "dim": dim, "shape": shape, "levels": levels, "standardize": standardize,
        "standardize_scale": standardize_scale, "dtype": dtype, "classes": classes, "context":
        context, "condition.dropout": condition_dropout, "dequantizer": dequantizer, "embed":
        embed, "path": path, "prediction": prediction, "weight": weight, "time_density":
        time_density, "coupling": coupling, "net": net, "label": label, "input_scale":
        input_scale, "sampler": sampler, "log_prob": log_prob, "log_prob.probes":
        log_prob_probes, "source": source, "source_folder": source_folder, "source_fingerprint":
        source_fingerprint
    })


def ddpm(
    *,
    dim: Optional[int] = None,
    shape: Optional[Sequence[int]] = None,
    levels: Optional[int] = None,
    standardize: Optional[bool] = None,
    standardize_scale: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[Union[int, str]] = None,
    context: Optional[Union[int, str]] = None,
    condition_dropout: Optional[float] = None,
    dequantizer: Optional[str] = None,
    embed: Optional[str] = None,
    path: Optional[str] = None,
    prediction: Optional[str] = None,
    weight: Optional[str] = None,
    time_density: Optional[str] = None,
    coupling: Optional[str] = None,
    net: Optional[str] = None,
    label: Optional[str] = None,
    input_scale: Optional[float] = None,
    sampler: Optional[str] = None,
    log_prob: Optional[str] = None,
    log_prob_probes: Optional[int] = None,
) -> Spec:
    """the noise of discrete steps, learned and taken away step by step

    Parameters
    ----------
    dim : int, 0 unless said
        values a sample; 0: the product of shape. [0, 16777216]
    shape : ints
        of a sample, such as 1,28,28; empty: dim. [1, 16777216]
    levels : int, 0 unless said
        data are integers 0 .. levels-1; 0: continuous. [0, 16777216]
    standardize : bool, no unless said
        the model holds mean and deviation of the data. yes|no
    standardize_scale : choice, each unless said
        of standardize=yes: each value has a mean and deviation of its own, or all values have one,
        as networks of pictures want. each|one
    dtype : choice, f32 unless said
        element type, of all that is chosen here too. f32|f64
    classes : int, 0 unless said
        that samples are conditioned on; 0: none; auto: those of the training data. [0, 1048576] or
        auto
    context : int, 0 unless said
        values a sample is conditioned on; 0: none; auto: those of the training data, as unless
        said. [0, 16777216] or auto
    condition_dropout : real, 0 unless said
        of a training sample's condition, so that samples can be drawn without one and guided; 0:
        none. [0, 1]
    dequantizer : row, uniform unless said
        what is added to integer data. uniform|none|variational
    embed : row
        that the context goes through first; of out= values, 16 unless said; none: it is seen as it
        is. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    path : row, ddpm unless said
        path from data to noise. fm|trig|vp|vp_cosine|sub_vp|ddpm|ve|edm
    prediction : row, eps unless said
        what the network predicts. x0|eps|velocity|v|score|edm
    weight : row, none unless said
        weight of the loss over time.
        none|x0|eps|v|straight|edm|min_snr|soft_min_snr|truncated_snr|sigmoid|likelihood
    time_density : row, uniform unless said
        distribution of training times. uniform|logit_normal|log_normal|cosmap
    coupling : row, independent unless said
        which noise a sample is trained with. independent|ot|schroedinger
    net : row, mlp hidden=64,64,64 activation=silu time=fourier unless said
        network that predicts. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    label : choice, time unless said
        what it is told of time: t, or log(sigma) / 4. time|log_sigma
    input_scale : real, 0 unless said
        s above 0: it sees x / sqrt(b^2 + a^2 s^2), s the deviation of the data; 0: x itself. [0,
        1000000]
    sampler : row, ddpm unless said
        draws samples unless another is asked for.
        euler|midpoint|heun|rk4|dopri5|tsit5|ddim|ddpm|euler_ancestral|euler_maruyama|edm|dpm_1|dpm_2|dpm_3|dpmpp_2s|dpmpp_3s|dpmpp_2m|dpmpp_3m|dpmpp_2m_sde|unipc
    log_prob : row, dopri5 unless said
        sampler that carries data to noise for their log-density.
        euler|midpoint|heun|rk4|dopri5|tsit5|ddim|ddpm|euler_ancestral|euler_maruyama|edm|dpm_1|dpm_2|dpm_3|dpmpp_2s|dpmpp_3s|dpmpp_2m|dpmpp_3m|dpmpp_2m_sde|unipc
    log_prob_probes : int, -1 unless said
        of the trace unless others are asked for; 0: the exact trace, as always up to 4 values; -1:
        exact up to 128 values, 2 above. [-1, 1000000]
    """
    return spec("ddpm", {
        "dim": dim, "shape": shape, "levels": levels, "standardize": standardize,
        "standardize_scale": standardize_scale, "dtype": dtype, "classes": classes, "context":
        context, "condition.dropout": condition_dropout, "dequantizer": dequantizer, "embed":
        embed, "path": path, "prediction": prediction, "weight": weight, "time_density":
        time_density, "coupling": coupling, "net": net, "label": label, "input_scale":
        input_scale, "sampler": sampler, "log_prob": log_prob, "log_prob.probes":
        log_prob_probes
    })


def score_sde(
    *,
    dim: Optional[int] = None,
    shape: Optional[Sequence[int]] = None,
    levels: Optional[int] = None,
    standardize: Optional[bool] = None,
    standardize_scale: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[Union[int, str]] = None,
    context: Optional[Union[int, str]] = None,
    condition_dropout: Optional[float] = None,
    dequantizer: Optional[str] = None,
    embed: Optional[str] = None,
    path: Optional[str] = None,
    prediction: Optional[str] = None,
    weight: Optional[str] = None,
    time_density: Optional[str] = None,
    coupling: Optional[str] = None,
    net: Optional[str] = None,
    label: Optional[str] = None,
    input_scale: Optional[float] = None,
    sampler: Optional[str] = None,
    log_prob: Optional[str] = None,
    log_prob_probes: Optional[int] = None,
) -> Spec:
    """the score of the variance preserving SDE, and its probability flow

    Parameters
    ----------
    dim : int, 0 unless said
        values a sample; 0: the product of shape. [0, 16777216]
    shape : ints
        of a sample, such as 1,28,28; empty: dim. [1, 16777216]
    levels : int, 0 unless said
        data are integers 0 .. levels-1; 0: continuous. [0, 16777216]
    standardize : bool, no unless said
        the model holds mean and deviation of the data. yes|no
    standardize_scale : choice, each unless said
        of standardize=yes: each value has a mean and deviation of its own, or all values have one,
        as networks of pictures want. each|one
    dtype : choice, f32 unless said
        element type, of all that is chosen here too. f32|f64
    classes : int, 0 unless said
        that samples are conditioned on; 0: none; auto: those of the training data. [0, 1048576] or
        auto
    context : int, 0 unless said
        values a sample is conditioned on; 0: none; auto: those of the training data, as unless
        said. [0, 16777216] or auto
    condition_dropout : real, 0 unless said
        of a training sample's condition, so that samples can be drawn without one and guided; 0:
        none. [0, 1]
    dequantizer : row, uniform unless said
        what is added to integer data. uniform|none|variational
    embed : row
        that the context goes through first; of out= values, 16 unless said; none: it is seen as it
        is. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    path : row, vp unless said
        path from data to noise. fm|trig|vp|vp_cosine|sub_vp|ddpm|ve|edm
    prediction : row, eps unless said
        what the network predicts. x0|eps|velocity|v|score|edm
    weight : row, none unless said
        weight of the loss over time.
        none|x0|eps|v|straight|edm|min_snr|soft_min_snr|truncated_snr|sigmoid|likelihood
    time_density : row, uniform unless said
        distribution of training times. uniform|logit_normal|log_normal|cosmap
    coupling : row, independent unless said
        which noise a sample is trained with. independent|ot|schroedinger
    net : row, mlp hidden=64,64,64 activation=silu time=fourier unless said
        network that predicts. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    label : choice, time unless said
        what it is told of time: t, or log(sigma) / 4. time|log_sigma
    input_scale : real, 0 unless said
        s above 0: it sees x / sqrt(b^2 + a^2 s^2), s the deviation of the data; 0: x itself. [0,
        1000000]
    sampler : row, dopri5 unless said
        draws samples unless another is asked for.
        euler|midpoint|heun|rk4|dopri5|tsit5|ddim|ddpm|euler_ancestral|euler_maruyama|edm|dpm_1|dpm_2|dpm_3|dpmpp_2s|dpmpp_3s|dpmpp_2m|dpmpp_3m|dpmpp_2m_sde|unipc
    log_prob : row, dopri5 unless said
        sampler that carries data to noise for their log-density.
        euler|midpoint|heun|rk4|dopri5|tsit5|ddim|ddpm|euler_ancestral|euler_maruyama|edm|dpm_1|dpm_2|dpm_3|dpmpp_2s|dpmpp_3s|dpmpp_2m|dpmpp_3m|dpmpp_2m_sde|unipc
    log_prob_probes : int, -1 unless said
        of the trace unless others are asked for; 0: the exact trace, as always up to 4 values; -1:
        exact up to 128 values, 2 above. [-1, 1000000]
    """
    return spec("score-sde", {
        "dim": dim, "shape": shape, "levels": levels, "standardize": standardize,
        "standardize_scale": standardize_scale, "dtype": dtype, "classes": classes, "context":
        context, "condition.dropout": condition_dropout, "dequantizer": dequantizer, "embed":
        embed, "path": path, "prediction": prediction, "weight": weight, "time_density":
        time_density, "coupling": coupling, "net": net, "label": label, "input_scale":
        input_scale, "sampler": sampler, "log_prob": log_prob, "log_prob.probes":
        log_prob_probes
    })


def edm(
    *,
    dim: Optional[int] = None,
    shape: Optional[Sequence[int]] = None,
    levels: Optional[int] = None,
    standardize: Optional[bool] = None,
    standardize_scale: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[Union[int, str]] = None,
    context: Optional[Union[int, str]] = None,
    condition_dropout: Optional[float] = None,
    dequantizer: Optional[str] = None,
    embed: Optional[str] = None,
    path: Optional[str] = None,
    prediction: Optional[str] = None,
    weight: Optional[str] = None,
    time_density: Optional[str] = None,
    coupling: Optional[str] = None,
    net: Optional[str] = None,
    label: Optional[str] = None,
    input_scale: Optional[float] = None,
    sampler: Optional[str] = None,
    log_prob: Optional[str] = None,
    log_prob_probes: Optional[int] = None,
) -> Spec:
    """denoising in sigma, input and output scaled to deviation 1

    Parameters
    ----------
    dim : int, 0 unless said
        values a sample; 0: the product of shape. [0, 16777216]
    shape : ints
        of a sample, such as 1,28,28; empty: dim. [1, 16777216]
    levels : int, 0 unless said
        data are integers 0 .. levels-1; 0: continuous. [0, 16777216]
    standardize : bool, no unless said
        the model holds mean and deviation of the data. yes|no
    standardize_scale : choice, each unless said
        of standardize=yes: each value has a mean and deviation of its own, or all values have one,
        as networks of pictures want. each|one
    dtype : choice, f32 unless said
        element type, of all that is chosen here too. f32|f64
    classes : int, 0 unless said
        that samples are conditioned on; 0: none; auto: those of the training data. [0, 1048576] or
        auto
    context : int, 0 unless said
        values a sample is conditioned on; 0: none; auto: those of the training data, as unless
        said. [0, 16777216] or auto
    condition_dropout : real, 0 unless said
        of a training sample's condition, so that samples can be drawn without one and guided; 0:
        none. [0, 1]
    dequantizer : row, uniform unless said
        what is added to integer data. uniform|none|variational
    embed : row
        that the context goes through first; of out= values, 16 unless said; none: it is seen as it
        is. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    path : row, edm unless said
        path from data to noise. fm|trig|vp|vp_cosine|sub_vp|ddpm|ve|edm
    prediction : row, edm unless said
        what the network predicts. x0|eps|velocity|v|score|edm
    weight : row, edm unless said
        weight of the loss over time.
        none|x0|eps|v|straight|edm|min_snr|soft_min_snr|truncated_snr|sigmoid|likelihood
    time_density : row, log_normal unless said
        distribution of training times. uniform|logit_normal|log_normal|cosmap
    coupling : row, independent unless said
        which noise a sample is trained with. independent|ot|schroedinger
    net : row, mlp hidden=64,64,64 activation=silu time=fourier unless said
        network that predicts. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    label : choice, log_sigma unless said
        what it is told of time: t, or log(sigma) / 4. time|log_sigma
    input_scale : real, 1 unless said
        s above 0: it sees x / sqrt(b^2 + a^2 s^2), s the deviation of the data; 0: x itself. [0,
        1000000]
    sampler : row, edm unless said
        draws samples unless another is asked for.
        euler|midpoint|heun|rk4|dopri5|tsit5|ddim|ddpm|euler_ancestral|euler_maruyama|edm|dpm_1|dpm_2|dpm_3|dpmpp_2s|dpmpp_3s|dpmpp_2m|dpmpp_3m|dpmpp_2m_sde|unipc
    log_prob : row, dopri5 unless said
        sampler that carries data to noise for their log-density.
        euler|midpoint|heun|rk4|dopri5|tsit5|ddim|ddpm|euler_ancestral|euler_maruyama|edm|dpm_1|dpm_2|dpm_3|dpmpp_2s|dpmpp_3s|dpmpp_2m|dpmpp_3m|dpmpp_2m_sde|unipc
    log_prob_probes : int, -1 unless said
        of the trace unless others are asked for; 0: the exact trace, as always up to 4 values; -1:
        exact up to 128 values, 2 above. [-1, 1000000]
    """
    return spec("edm", {
        "dim": dim, "shape": shape, "levels": levels, "standardize": standardize,
        "standardize_scale": standardize_scale, "dtype": dtype, "classes": classes, "context":
        context, "condition.dropout": condition_dropout, "dequantizer": dequantizer, "embed":
        embed, "path": path, "prediction": prediction, "weight": weight, "time_density":
        time_density, "coupling": coupling, "net": net, "label": label, "input_scale":
        input_scale, "sampler": sampler, "log_prob": log_prob, "log_prob.probes":
        log_prob_probes
    })


def cnf(
    *,
    dim: Optional[int] = None,
    shape: Optional[Sequence[int]] = None,
    levels: Optional[int] = None,
    standardize: Optional[bool] = None,
    standardize_scale: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[Union[int, str]] = None,
    context: Optional[Union[int, str]] = None,
    condition_dropout: Optional[float] = None,
    dequantizer: Optional[str] = None,
    embed: Optional[str] = None,
    net: Optional[str] = None,
    solver: Optional[str] = None,
    adjoint: Optional[bool] = None,
    probes: Optional[int] = None,
    kinetic: Optional[float] = None,
    jacobian: Optional[float] = None,
    sampler: Optional[str] = None,
    log_prob: Optional[str] = None,
    log_prob_probes: Optional[int] = None,
) -> Spec:
    """a continuous normalizing flow, its velocity trained by likelihood

    Parameters
    ----------
    dim : int, 0 unless said
        values a sample; 0: the product of shape. [0, 16777216]
    shape : ints
        of a sample, such as 1,28,28; empty: dim. [1, 16777216]
    levels : int, 0 unless said
        data are integers 0 .. levels-1; 0: continuous. [0, 16777216]
    standardize : bool, no unless said
        the model holds mean and deviation of the data. yes|no
    standardize_scale : choice, each unless said
        of standardize=yes: each value has a mean and deviation of its own, or all values have one,
        as networks of pictures want. each|one
    dtype : choice, f32 unless said
        element type, of all that is chosen here too. f32|f64
    classes : int, 0 unless said
        that samples are conditioned on; 0: none; auto: those of the training data. [0, 1048576] or
        auto
    context : int, 0 unless said
        values a sample is conditioned on; 0: none; auto: those of the training data, as unless
        said. [0, 16777216] or auto
    condition_dropout : real, 0 unless said
        of a training sample's condition, so that samples can be drawn without one and guided; 0:
        none. [0, 1]
    dequantizer : row, uniform unless said
        what is added to integer data. uniform|none|variational
    embed : row
        that the context goes through first; of out= values, 16 unless said; none: it is seen as it
        is. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    net : row, mlp hidden=64,64,64 activation=silu time=raw unless said
        network that is the velocity; smooth. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    solver : row, rk4 steps=6 unless said
        solver of the loss, with fixed steps; of its own choice, as dopri5 rtol=1e-4, by adjoint=yes
        alone.
        euler|midpoint|heun|rk4|dopri5|tsit5|ddim|ddpm|euler_ancestral|euler_maruyama|edm|dpm_1|dpm_2|dpm_3|dpmpp_2s|dpmpp_3s|dpmpp_2m|dpmpp_3m|dpmpp_2m_sde|unipc
    adjoint : bool, no unless said
        gradients by the continuous adjoint, in memory that does not grow with the steps; no: those
        of the steps. yes|no
    probes : int, -1 unless said
        of the trace in the loss; 0: the exact trace; -1: exact up to 4 values, 1 above. [-1,
        1000000]
    kinetic : real, 0.01 unless said
        weight of int |u|^2 dt. [0, 1000000]
    jacobian : real, 0.01 unless said
        weight of int |e^T du/dx|^2 dt. [0, 1000000]
    sampler : row, dopri5 unless said
        draws samples unless another is asked for.
        euler|midpoint|heun|rk4|dopri5|tsit5|ddim|ddpm|euler_ancestral|euler_maruyama|edm|dpm_1|dpm_2|dpm_3|dpmpp_2s|dpmpp_3s|dpmpp_2m|dpmpp_3m|dpmpp_2m_sde|unipc
    log_prob : row, dopri5 unless said
        solver that carries data to noise for their log-density.
        euler|midpoint|heun|rk4|dopri5|tsit5|ddim|ddpm|euler_ancestral|euler_maruyama|edm|dpm_1|dpm_2|dpm_3|dpmpp_2s|dpmpp_3s|dpmpp_2m|dpmpp_3m|dpmpp_2m_sde|unipc
    log_prob_probes : int, -1 unless said
        of its trace unless others are asked for; 0: the exact trace, as always up to 4 values; -1:
        exact up to 128 values, 2 above. [-1, 1000000]
    """
    return spec("cnf", {
        "dim": dim, "shape": shape, "levels": levels, "standardize": standardize,
        "standardize_scale": standardize_scale, "dtype": dtype, "classes": classes, "context":
        context, "condition.dropout": condition_dropout, "dequantizer": dequantizer, "embed":
        embed, "net": net, "solver": solver, "adjoint": adjoint, "probes": probes, "kinetic":
        kinetic, "jacobian": jacobian, "sampler": sampler, "log_prob": log_prob,
        "log_prob.probes": log_prob_probes
    })
