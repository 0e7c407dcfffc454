# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "bijection" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def additive_coupling(
    *,
    dim: Optional[int] = None,
    partition: Optional[str] = None,
    mask: Optional[str] = None,
    parity: Optional[int] = None,
    net: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
) -> Spec:
    """y = (A, B + net(A)): keeps volume

    Parameters
    ----------
    dim : int, 2 unless said
        columns, or channels of images. [1, 16777216]
    partition : choice, odd_even unless said
        how columns or channels are cut in two; checkerboard: places of images.
        odd_even|half|checkerboard|mask
    mask : text
        of partition=mask, as 1101: a 1 for each column of the first part, a 0 for the others.
    parity : int, 0 unless said
        0: keep the first part (even columns); 1: keep the second. [0, 1]
    net : row, mlp hidden=16 activation=tanh unless said
        of the part that is kept, added to the other.
        mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    dtype : choice, f32 unless said
        element type. f32|f64
    classes : int, 0 unless said
        of the condition "class", which the net sees; 0: none. [0, 1048576]
    context : int, 0 unless said
        values of the condition "context", which the net sees; 0: none. [0, 16777216]
    """
    return spec("additive_coupling", {
        "dim": dim, "partition": partition, "mask": mask, "parity": parity, "net": net, "dtype":
        dtype, "classes": classes, "context": context
    })


def affine_coupling(
    *,
    dim: Optional[int] = None,
    partition: Optional[str] = None,
    mask: Optional[str] = None,
    parity: Optional[int] = None,
    net: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
    scale: Optional[str] = None,
    first: Optional[str] = None,
    bound: Optional[float] = None,
    keep_volume: Optional[bool] = None,
) -> Spec:
    """y = (A, B exp(s) + t), (s, t) of net(A)

    Parameters
    ----------
    dim : int, 2 unless said
        columns, or channels of images. [1, 16777216]
    partition : choice, odd_even unless said
        how columns or channels are cut in two; checkerboard: places of images.
        odd_even|half|checkerboard|mask
    mask : text
        of partition=mask, as 1101: a 1 for each column of the first part, a 0 for the others.
    parity : int, 0 unless said
        0: keep the first part (even columns); 1: keep the second. [0, 1]
    net : row, mlp hidden=64,64 zero=yes unless said
        of the part that is kept: scales and shifts of the other.
        mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    dtype : choice, f32 unless said
        element type. f32|f64
    classes : int, 0 unless said
        of the condition "class", which the net sees; 0: none. [0, 1048576]
    context : int, 0 unless said
        values of the condition "context", which the net sees; 0: none. [0, 16777216]
    scale : choice, soft unless said
        how the net's output h becomes a log scale: h; log sigmoid(h + 2); c tanh(h / c); h / (1 +
        |h| / c); log(sigmoid(h + 2) + 0.001); log(softplus(h) + 0.001); the same of 3 at most; c
        tanh h; 2 c (sigmoid(h) - 1/2); c tanh(h / (10 c)), shifts a tenth of the net's; k tanh h, k
        learned, from c; c 2/pi atan(h / c); c 2/pi atan h.
        exp|sigmoid|tanh|soft|floored_sigmoid|floored_softplus|clamped_softplus|wide_tanh|wide_sigmoid|slow_tanh|learned_tanh|atan|wide_atan
    first : choice, scale unless said
        x exp(s) + t, or (x + t) exp(s). scale|shift
    bound : real, 3 unless said
        c: the largest log scale of scale=tanh, soft, atan, wide_ and slow_; k at the start. [0.001,
        100]
    keep_volume : bool, no unless said
        log scales less their mean over a sample, so that log|det| = 0 (GIN). yes|no
    """
    return spec("affine_coupling", {
        "dim": dim, "partition": partition, "mask": mask, "parity": parity, "net": net, "dtype":
        dtype, "classes": classes, "context": context, "scale": scale, "first": first, "bound":
        bound, "keep_volume": keep_volume
    })


def spline_coupling(
    *,
    dim: Optional[int] = None,
    partition: Optional[str] = None,
    mask: Optional[str] = None,
    parity: Optional[int] = None,
    net: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
    bins: Optional[int] = None,
    domain: Optional[str] = None,
    form: Optional[str] = None,
    bound: Optional[float] = None,
    min_width: Optional[float] = None,
    min_height: Optional[float] = None,
    min_slope: Optional[float] = None,
) -> Spec:
    """y = (A, spline(B)), a rational-quadratic spline of every column by net(A)

    Parameters
    ----------
    dim : int, 2 unless said
        columns, or channels of images. [1, 16777216]
    partition : choice, odd_even unless said
        how columns or channels are cut in two; checkerboard: places of images.
        odd_even|half|checkerboard|mask
    mask : text
        of partition=mask, as 1101: a 1 for each column of the first part, a 0 for the others.
    parity : int, 0 unless said
        0: keep the first part (even columns); 1: keep the second. [0, 1]
    net : row, mlp hidden=64,64 zero=yes unless said
        of the part that is kept: the splines of the other.
        mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    dtype : choice, f32 unless said
        element type. f32|f64
    classes : int, 0 unless said
        of the condition "class", which the net sees; 0: none. [0, 1048576]
    context : int, 0 unless said
        values of the condition "context", which the net sees; 0: none. [0, 16777216]
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
    """
    return spec("spline_coupling", {
        "dim": dim, "partition": partition, "mask": mask, "parity": parity, "net": net, "dtype":
        dtype, "classes": classes, "context": context, "bins": bins, "domain": domain, "form":
        form, "bound": bound, "min_width": min_width, "min_height": min_height, "min_slope":
        min_slope
    })


def affine_autoregressive(
    *,
    dim: Optional[int] = None,
    net: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
    scale: Optional[str] = None,
    first: Optional[str] = None,
    bound: Optional[float] = None,
) -> Spec:
    """y_i = x_i exp(s_i) + t_i of the columns before i: MAF; its inverse is IAF

    Parameters
    ----------
    dim : int, 2 unless said
        columns. [1, 1048576]
    net : row, made hidden=64,64 zero=yes unless said
        whose outputs for a column see the columns before it alone.
        mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    dtype : choice, f32 unless said
        element type. f32|f64
    classes : int, 0 unless said
        of the condition "class", which the net sees; 0: none. [0, 1048576]
    context : int, 0 unless said
        values of the condition "context", which the net sees; 0: none. [0, 16777216]
    scale : choice, soft unless said
        how the net's output h becomes a log scale: h; log sigmoid(h + 2); c tanh(h / c); h / (1 +
        |h| / c); log(sigmoid(h + 2) + 0.001); log(softplus(h) + 0.001); the same of 3 at most; c
        tanh h; 2 c (sigmoid(h) - 1/2); c tanh(h / (10 c)), shifts a tenth of the net's; k tanh h, k
        learned, from c; c 2/pi atan(h / c); c 2/pi atan h.
        exp|sigmoid|tanh|soft|floored_sigmoid|floored_softplus|clamped_softplus|wide_tanh|wide_sigmoid|slow_tanh|learned_tanh|atan|wide_atan
    first : choice, scale unless said
        x exp(s) + t, or (x + t) exp(s). scale|shift
    bound : real, 3 unless said
        c: the largest log scale of scale=tanh, soft, atan, wide_ and slow_; k at the start. [0.001,
        100]
    """
    return spec("affine_autoregressive", {
        "dim": dim, "net": net, "dtype": dtype, "classes": classes, "context": context, "scale":
        scale, "first": first, "bound": bound
    })


def spline_autoregressive(
    *,
    dim: Optional[int] = None,
    net: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
    bins: Optional[int] = None,
    domain: Optional[str] = None,
    form: Optional[str] = None,
    bound: Optional[float] = None,
    min_width: Optional[float] = None,
    min_height: Optional[float] = None,
    min_slope: Optional[float] = None,
) -> Spec:
    """a rational-quadratic spline of every column by the columns before it

    Parameters
    ----------
    dim : int, 2 unless said
        columns. [1, 1048576]
    net : row, made hidden=64,64 zero=yes unless said
        whose outputs for a column see the columns before it alone.
        mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    dtype : choice, f32 unless said
        element type. f32|f64
    classes : int, 0 unless said
        of the condition "class", which the net sees; 0: none. [0, 1048576]
    context : int, 0 unless said
        values of the condition "context", which the net sees; 0: none. [0, 16777216]
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
    """
    return spec("spline_autoregressive", {
        "dim": dim, "net": net, "dtype": dtype, "classes": classes, "context": context, "bins":
        bins, "domain": domain, "form": form, "bound": bound, "min_width": min_width,
        "min_height": min_height, "min_slope": min_slope
    })


def scale(
    *,
    dim: Optional[int] = None,
    start: Optional[float] = None,
    dtype: Optional[str] = None,
) -> Spec:
    """y = x exp(s), one s a column

    Parameters
    ----------
    dim : int, 2 unless said
        columns. [1, 16777216]
    start : real, 0 unless said
        first value of every log scale. [-100, 100]
    dtype : choice, f32 unless said
        element type. f32|f64
    """
    return spec("scale", {"dim": dim, "start": start, "dtype": dtype})


def actnorm(*, dim: Optional[int] = None, dtype: Optional[str] = None) -> Spec:
    """y = (x + b) exp(s), one b and s a channel; starts at mean 0 and deviation 1 of the first batch

    Parameters
    ----------
    dim : int, 2 unless said
        columns, or channels of images. [1, 16777216]
    dtype : choice, f32 unless said
        element type. f32|f64
    """
    return spec("actnorm", {"dim": dim, "dtype": dtype})


def batch_norm(
    *,
    dim: Optional[int] = None,
    eps: Optional[float] = None,
    momentum: Optional[float] = None,
    affine: Optional[bool] = None,
    dtype: Optional[str] = None,
) -> Spec:
    """a channel to mean 0, deviation 1: the batch's in training, then running ones

    Parameters
    ----------
    dim : int, 2 unless said
        columns, or channels of images. [1, 16777216]
    eps : real, 1e-4 unless said
        added to the variance. [0, 1000]
    momentum : real, 0.1 unless said
        part of the way that running moments move to a batch's. [0, 1]
    affine : bool, yes unless said
        a learned scale and shift of each channel. yes|no
    dtype : choice, f32 unless said
        element type. f32|f64
    """
    return spec("batch_norm", {
        "dim": dim, "eps": eps, "momentum": momentum, "affine": affine, "dtype": dtype
    })


def conv1x1(
    *,
    dim: Optional[int] = None,
    lu: Optional[bool] = None,
    dtype: Optional[str] = None,
) -> Spec:
    """invertible 1 x 1 convolution: the channels of every place times one matrix

    Parameters
    ----------
    dim : int, 2 unless said
        channels. [1, 4096]
    lu : bool, yes unless said
        the factors of the matrix are learned, instead of itself. yes|no
    dtype : choice, f32 unless said
        element type. f32|f64
    """
    return spec("conv1x1", {"dim": dim, "lu": lu, "dtype": dtype})


def lu_linear(*, dim: Optional[int] = None, dtype: Optional[str] = None) -> Spec:
    """y = L U x + b, triangular L and U; starts at the identity

    Parameters
    ----------
    dim : int, 2 unless said
        columns. [1, 16384]
    dtype : choice, f32 unless said
        element type. f32|f64
    """
    return spec("lu_linear", {"dim": dim, "dtype": dtype})


def householder(
    *,
    dim: Optional[int] = None,
    reflections: Optional[int] = None,
    dtype: Optional[str] = None,
) -> Spec:
    """reflections one after the other: an orthogonal map

    Parameters
    ----------
    dim : int, 2 unless said
        columns. [1, 16777216]
    reflections : int, 2 unless said
        K: as many as columns give every rotation. [1, 1024]
    dtype : choice, f32 unless said
        element type. f32|f64
    """
    return spec("householder", {"dim": dim, "reflections": reflections, "dtype": dtype})


def permutation(*, dim: Optional[int] = None, kind: Optional[str] = None) -> Spec:
    """columns or channels in another order, random or reversed

    Parameters
    ----------
    dim : int, 2 unless said
        columns, or channels of images. [1, 16777216]
    kind : choice, random unless said
        drawn by the seed, then fixed; the last one first. random|reverse
    """
    return spec("permutation", {"dim": dim, "kind": kind})


def tile() -> Spec:
    """even columns first, then odd ones"""
    return spec("tile", {})


def squeeze(*, flavour: Optional[str] = None) -> Spec:
    """2 x 2 blocks of places become channels, [C, H, W] -> [4 C, H / 2, W / 2]

    Parameters
    ----------
    flavour : choice, channel unless said
        where place (i, j) of a block of channel c goes: 4 c + 2 i + j; (2 i + j) C + c; the same by
        places of even, then odd parity. channel|offset|ordered
    """
    return spec("squeeze", {"flavour": flavour})


def flatten(*, shape: Optional[Sequence[int]] = None) -> Spec:
    """a sample of any shape as one vector

    Parameters
    ----------
    shape : ints, 2 unless said
        of a sample, such as 1,28,28. [1, 16777216]
    """
    return spec("flatten", {"shape": shape})


def split(
    *,
    shape: Optional[Sequence[int]] = None,
    prior: Optional[bool] = None,
    rest: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
) -> Spec:
    """half the channels are set aside as latent variables, others go on through `rest`

    Parameters
    ----------
    shape : ints, 2,2,2 unless said
        of a sample: channels, height, width. [1, 16777216]
    prior : bool, yes unless said
        what is set aside has a learned mean and deviation, given what goes on. yes|no
    rest : row
        what the other half goes on through, to a vector; none: it is only made one.
        additive_coupling|affine_coupling|spline_coupling|affine_autoregressive|spline_autoregressive|scale|actnorm|batch_norm|conv1x1|lu_linear|householder|permutation|tile|squeeze|flatten|split|compose|inverse|logit|sigmoid|tanh|softplus|affine|planar|radial
    dtype : choice, f32 unless said
        element type. f32|f64
    classes : int, 0 unless said
        of the condition "class", which the prior sees; 0: none. [0, 1048576]
    context : int, 0 unless said
        values of the condition "context", which the prior sees; 0: none. [0, 16777216]
    """
    return spec("split", {
        "shape": shape, "prior": prior, "rest": rest, "dtype": dtype, "classes": classes,
        "context": context
    })


def compose(
    *,
    parts: Optional[Sequence[str]] = None,
    repeat: Optional[int] = None,
    dim: Optional[int] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
) -> Spec:
    """bijections one after the other

    Parameters
    ----------
    parts : rows
        in the order in which data go through.
        additive_coupling|affine_coupling|spline_coupling|affine_autoregressive|spline_autoregressive|scale|actnorm|batch_norm|conv1x1|lu_linear|householder|permutation|tile|squeeze|flatten|split|compose|inverse|logit|sigmoid|tanh|softplus|affine|planar|radial
    repeat : int, 1 unless said
        times the list, each with weights of its own. [1, 1024]
    dim : int, 2 unless said
        columns, of the parts that do not say theirs. [1, 16777216]
    dtype : choice, f32 unless said
        element type of the parts. f32|f64
    classes : int, 0 unless said
        of the condition "class", of the parts that take one; 0: none. [0, 1048576]
    context : int, 0 unless said
        values of the condition "context", of the parts that take one; 0: none. [0, 16777216]
    """
    return spec("compose", {
        "parts": parts, "repeat": repeat, "dim": dim, "dtype": dtype, "classes": classes,
        "context": context
    })


def inverse(
    *,
    of: Optional[str] = None,
    dim: Optional[int] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
) -> Spec:
    """another bijection the other way round

    Parameters
    ----------
    of : row, scale unless said
        which one.
        additive_coupling|affine_coupling|spline_coupling|affine_autoregressive|spline_autoregressive|scale|actnorm|batch_norm|conv1x1|lu_linear|householder|permutation|tile|squeeze|flatten|split|compose|inverse|logit|sigmoid|tanh|softplus|affine|planar|radial
    dim : int, 2 unless said
        columns, where that one does not say its own. [1, 16777216]
    dtype : choice, f32 unless said
        element type. f32|f64
    classes : int, 0 unless said
        of the condition "class", where that one takes one; 0: none. [0, 1048576]
    context : int, 0 unless said
        values of the condition "context", where that one takes one; 0: none. [0, 16777216]
    """
    return spec("inverse", {
        "of": of, "dim": dim, "dtype": dtype, "classes": classes, "context": context
    })


def logit(*, alpha: Optional[float] = None) -> Spec:
    """y = logit(alpha + (1 - 2 alpha) x) of x in [0, 1]

    Parameters
    ----------
    alpha : real, 0.05 unless said
        [0, 1] is first taken to [alpha, 1 - alpha]. [0, 0.4]
    """
    return spec("logit", {"alpha": alpha})


def sigmoid() -> Spec:
    """y = 1 / (1 + exp(-x))"""
    return spec("sigmoid", {})


def tanh() -> Spec:
    """y = tanh(x)"""
    return spec("tanh", {})


def softplus() -> Spec:
    """y = log(1 + exp(x))"""
    return spec("softplus", {})


def affine(*, scale: Optional[float] = None, shift: Optional[float] = None) -> Spec:
    """y = scale x + shift, fixed

    Parameters
    ----------
    scale : real, 1 unless said
        not 0. [-inf, inf]
    shift : real, 0 unless said
        added. [-inf, inf]
    """
    return spec("affine", {"scale": scale, "shift": shift})


def planar(*, dim: Optional[int] = None, dtype: Optional[str] = None) -> Spec:
    """y = x + u tanh(w x + b), for learners; its inverse is found by bisection

    Parameters
    ----------
    dim : int, 2 unless said
        columns. [1, 16777216]
    dtype : choice, f32 unless said
        element type. f32|f64
    """
    return spec("planar", {"dim": dim, "dtype": dtype})


def radial(*, dim: Optional[int] = None, dtype: Optional[str] = None) -> Spec:
    """y = x + beta (x - x_0) / (alpha + |x - x_0|), for learners

    Parameters
    ----------
    dim : int, 2 unless said
        columns. [1, 16777216]
    dtype : choice, f32 unless said
        element type. f32|f64
    """
    return spec("radial", {"dim": dim, "dtype": dtype})
