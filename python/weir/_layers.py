# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""Layers: the rows of kind "module"."""

from __future__ import annotations

from typing import Any, Optional, Sequence, Union  # noqa: F401

from ._module import Layer


class Linear(Layer):
    """y = x W^T + b

    Parameters
    ----------
    in_ : int, 1 unless said
        columns of the input. [1, 16777216]
    out : int, 1 unless said
        columns of the output. [1, 16777216]
    bias : bool, yes unless said
        add a learned bias. yes|no
    init : choice, pytorch unless said
        pytorch: weight and bias uniform on +-1/sqrt(in); uniform: weight on +-bound, bias 0.
        pytorch|uniform
    bound : real, 0.01 unless said
        of init=uniform. [0, 1000]
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    """

    def __init__(
        self,
        in_: Optional[int] = None,
        out: Optional[int] = None,
        bias: Optional[bool] = None,
        init: Optional[str] = None,
        bound: Optional[float] = None,
        dtype: Optional[str] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("linear", {
            "in": in_, "out": out, "bias": bias, "init": init, "bound": bound, "dtype": dtype
        }, where)


class Embedding(Layer):
    """rows of a learned table by an index of any shape

    Parameters
    ----------
    rows : int, 1 unless said
        entries of the table. [1, 268435456]
    width : int, 1 unless said
        columns of the table. [1, 16777216]
    padding : int, -1 unless said
        row that starts at 0 and gets no gradient; -1: none. [-1, 268435455]
    dtype : choice, f32 unless said
        element type of the table. f32|f64
    """

    def __init__(
        self,
        rows: Optional[int] = None,
        width: Optional[int] = None,
        padding: Optional[int] = None,
        dtype: Optional[str] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("embedding", {
            "rows": rows, "width": width, "padding": padding, "dtype": dtype
        }, where)


class LayerNorm(Layer):
    """(x - mean) / sqrt(variance + eps) over the last axes, times weight plus bias

    Parameters
    ----------
    shape : ints, 1 unless said
        extents of the last axes, which are normalised together. [1, 16777216]
    eps : real, 1e-5 unless said
        added to the variance. [0, 1000]
    affine : bool, yes unless said
        learn a weight of that shape, from 1. yes|no
    bias : bool, yes unless said
        with affine: and a bias, from 0. yes|no
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    """

    def __init__(
        self,
        shape: Optional[Sequence[int]] = None,
        eps: Optional[float] = None,
        affine: Optional[bool] = None,
        bias: Optional[bool] = None,
        dtype: Optional[str] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("layer_norm", {
            "shape": shape, "eps": eps, "affine": affine, "bias": bias, "dtype": dtype
        }, where)


class RMSNorm(Layer):
    """x / sqrt(mean(x^2) + eps) over the last axes, times weight

    Parameters
    ----------
    shape : ints, 1 unless said
        extents of the last axes, which are normalised together. [1, 16777216]
    eps : real, 1.1920928955078125e-07 unless said
        added to the variance. [0, 1000]
    affine : bool, yes unless said
        learn a weight of that shape, from 1. yes|no
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    """

    def __init__(
        self,
        shape: Optional[Sequence[int]] = None,
        eps: Optional[float] = None,
        affine: Optional[bool] = None,
        dtype: Optional[str] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("rms_norm", {
            "shape": shape, "eps": eps, "affine": affine, "dtype": dtype
        }, where)


class GroupNorm(Layer):
    """normalises each sample over groups of channels, times weight plus bias by channel

    Parameters
    ----------
    groups : int, 1 unless said
        groups the channels are divided into. [1, 16777216]
    channels : int, 1 unless said
        extent of axis 1, a multiple of groups. [1, 16777216]
    eps : real, 1e-5 unless said
        added to the variance. [0, 1000]
    affine : bool, yes unless said
        learn a weight, from 1, and a bias, from 0, for each channel. yes|no
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    """

    def __init__(
        self,
        groups: Optional[int] = None,
        channels: Optional[int] = None,
        eps: Optional[float] = None,
        affine: Optional[bool] = None,
        dtype: Optional[str] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("group_norm", {
            "groups": groups, "channels": channels, "eps": eps, "affine": affine, "dtype": dtype
        }, where)


class BatchNorm(Layer):
    """normalises each channel over the batch, or by running statistics outside training, times weight plus bias

    Parameters
    ----------
    channels : int, 1 unless said
        extent of axis 1. [1, 16777216]
    eps : real, 1e-5 unless said
        added to the variance. [0, 1000]
    momentum : real, 0.1 unless said
        part of the way that running statistics move to a batch's. [0, 1]
    cumulative : bool, no unless said
        average all batches alike instead (PyTorch's momentum=None). yes|no
    affine : bool, yes unless said
        learn a weight, from 1, and a bias, from 0, for each channel. yes|no
    track : bool, yes unless said
        keep running statistics; without, the batch's are used always. yes|no
    dtype : choice, f32 unless said
        element type of parameters and statistics. f32|f64
    """

    def __init__(
        self,
        channels: Optional[int] = None,
        eps: Optional[float] = None,
        momentum: Optional[float] = None,
        cumulative: Optional[bool] = None,
        affine: Optional[bool] = None,
        track: Optional[bool] = None,
        dtype: Optional[str] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("batch_norm", {
            "channels": channels, "eps": eps, "momentum": momentum, "cumulative": cumulative,
            "affine": affine, "track": track, "dtype": dtype
        }, where)


class Dropout(Layer):
    """while training 0 with probability p, else x / (1 - p); outside it x

    Parameters
    ----------
    p : real, 0.5 unless said
        probability of an element to be dropped. [0, 1]
    """

    def __init__(self, p: Optional[float] = None, *, where: Any = None) -> None:
        super().__init__("dropout", {
            "p": p
        }, where)


class MultiheadAttention(Layer):
    """self-attention of several heads over the places of each sample

    Parameters
    ----------
    width : int, 1 unless said
        columns of input and output, a multiple of heads. [1, 1048576]
    heads : int, 1 unless said
        heads, of width / heads columns each. [1, 65536]
    bias : bool, yes unless said
        add learned biases, from 0. yes|no
    causal : bool, no unless said
        a place sees itself and those before it. yes|no
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    """

    def __init__(
        self,
        width: Optional[int] = None,
        heads: Optional[int] = None,
        bias: Optional[bool] = None,
        causal: Optional[bool] = None,
        dtype: Optional[str] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("multihead_attention", {
            "width": width, "heads": heads, "bias": bias, "causal": causal, "dtype": dtype
        }, where)


class Attention(Layer):
    """attention of several heads, to the input or another sequence

    Parameters
    ----------
    width : int, 1 unless said
        columns of input and output. [1, 1048576]
    context : int, 0 unless said
        columns of the sequence that is looked at; 0: the input itself. [0, 1048576]
    heads : int, 1 unless said
        heads. [1, 65536]
    head : int, 0 unless said
        columns of a head; 0: width / heads. [0, 65536]
    bias : bool, no unless said
        learned biases of q, k and v. yes|no
    out_bias : bool, yes unless said
        a learned bias of the output. yes|no
    qk_norm : choice, none unless said
        norms of each head of q and of k, with weights. none|rms_norm|layer_norm
    eps : real, 1e-5 unless said
        of these norms. [0, 1000]
    causal : bool, no unless said
        a place sees itself and those before it. yes|no
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    """

    def __init__(
        self,
        width: Optional[int] = None,
        context: Optional[int] = None,
        heads: Optional[int] = None,
        head: Optional[int] = None,
        bias: Optional[bool] = None,
        out_bias: Optional[bool] = None,
        qk_norm: Optional[str] = None,
        eps: Optional[float] = None,
        causal: Optional[bool] = None,
        dtype: Optional[str] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("attention", {
            "width": width, "context": context, "heads": heads, "head": head, "bias": bias,
            "out_bias": out_bias, "qk_norm": qk_norm, "eps": eps, "causal": causal, "dtype":
            dtype
        }, where)


class Conv2d(Layer):
    """two-dimensional convolution of images [batch, channels, height, width]

    Parameters
    ----------
    in_ : int, 1 unless said
        channels of the input, a multiple of groups. [1, 16777216]
    out : int, 1 unless said
        channels of the output, a multiple of groups. [1, 16777216]
    kernel : ints, 3 unless said
        extent of the kernel, or height,width. [1, 1048576]
    stride : ints, 1 unless said
        places from one output to the next, or height,width. [1, 1048576]
    padding : ints, 0 unless said
        zeros on each side, or height,width. [0, 1048576]
    padding_after : ints, 0 unless said
        zeros more below and on the right, or height,width; -padding or more. [-1048576, 1048576]
    dilation : ints, 1 unless said
        places between the kernel's, or height,width. [1, 1048576]
    groups : int, 1 unless said
        groups of channels that see each other. [1, 16777216]
    bias : bool, yes unless said
        add a learned bias. yes|no
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    init : choice, pytorch unless said
        pytorch: weights and biases uniform on +-1/sqrt(numbers that one output sums); uniform:
        weights on +-bound, biases 0. pytorch|uniform
    bound : real, 0.01 unless said
        of init=uniform; 0: all weights 0. [0, 1000]
    """

    def __init__(
        self,
        in_: Optional[int] = None,
        out: Optional[int] = None,
        kernel: Optional[Sequence[int]] = None,
        stride: Optional[Sequence[int]] = None,
        padding: Optional[Sequence[int]] = None,
        padding_after: Optional[Sequence[int]] = None,
        dilation: Optional[Sequence[int]] = None,
        groups: Optional[int] = None,
        bias: Optional[bool] = None,
        dtype: Optional[str] = None,
        init: Optional[str] = None,
        bound: Optional[float] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("conv2d", {
            "in": in_, "out": out, "kernel": kernel, "stride": stride, "padding": padding,
            "padding_after": padding_after, "dilation": dilation, "groups": groups, "bias":
            bias, "dtype": dtype, "init": init, "bound": bound
        }, where)


class Conv2dSame(Layer):
    """convolution that keeps height and width, and knows how far the edge is (Glow)

    Parameters
    ----------
    in_ : int, 1 unless said
        channels of the input. [1, 16777216]
    out : int, 1 unless said
        channels of the output. [1, 16777216]
    kernel : int, 3 unless said
        height and width of the kernel, odd. [1, 1024]
    edge : bool, yes unless said
        add a learned bias of the places at the edge. yes|no
    start : choice, normal unless said
        weights: normal; the same, and the first batch gets mean 0 and deviation 1; 0.
        normal|norm|zero
    std : real, 0.05 unless said
        deviation of the first weights, normal. [0, 1000]
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    """

    def __init__(
        self,
        in_: Optional[int] = None,
        out: Optional[int] = None,
        kernel: Optional[int] = None,
        edge: Optional[bool] = None,
        start: Optional[str] = None,
        std: Optional[float] = None,
        dtype: Optional[str] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("conv2d_same", {
            "in": in_, "out": out, "kernel": kernel, "edge": edge, "start": start, "std": std,
            "dtype": dtype
        }, where)


class ConvTranspose2d(Layer):
    """transposed convolution of images [batch, channels, height, width]

    Parameters
    ----------
    in_ : int, 1 unless said
        channels of the input, a multiple of groups. [1, 16777216]
    out : int, 1 unless said
        channels of the output, a multiple of groups. [1, 16777216]
    kernel : ints, 3 unless said
        extent of the kernel, or height,width. [1, 1048576]
    stride : ints, 1 unless said
        places from one input to the next, or height,width. [1, 1048576]
    padding : ints, 0 unless said
        places cut off on each side, or height,width. [0, 1048576]
    output_padding : ints, 0 unless said
        places more below and on the right, or height,width. [0, 1048576]
    dilation : ints, 1 unless said
        places from one tap of the kernel to the next, or height,width. [1, 1048576]
    groups : int, 1 unless said
        groups of channels that see each other alone. [1, 16777216]
    bias : bool, yes unless said
        add a learned bias. yes|no
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    """

    def __init__(
        self,
        in_: Optional[int] = None,
        out: Optional[int] = None,
        kernel: Optional[Sequence[int]] = None,
        stride: Optional[Sequence[int]] = None,
        padding: Optional[Sequence[int]] = None,
        output_padding: Optional[Sequence[int]] = None,
        dilation: Optional[Sequence[int]] = None,
        groups: Optional[int] = None,
        bias: Optional[bool] = None,
        dtype: Optional[str] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("conv_transpose2d", {
            "in": in_, "out": out, "kernel": kernel, "stride": stride, "padding": padding,
            "output_padding": output_padding, "dilation": dilation, "groups": groups, "bias":
            bias, "dtype": dtype
        }, where)


class PatchEmbedding(Layer):
    """patches of images [batch, channels, height, width] as a sequence of vectors

    Parameters
    ----------
    in_ : int, 1 unless said
        channels of the images. [1, 16777216]
    width : int, 1 unless said
        columns of the sequence. [1, 16777216]
    patch : ints, 2 unless said
        extent of a patch, or height,width. [1, 65536]
    bias : bool, yes unless said
        add a learned bias. yes|no
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    """

    def __init__(
        self,
        in_: Optional[int] = None,
        width: Optional[int] = None,
        patch: Optional[Sequence[int]] = None,
        bias: Optional[bool] = None,
        dtype: Optional[str] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("patch_embedding", {
            "in": in_, "width": width, "patch": patch, "bias": bias, "dtype": dtype
        }, where)


class MaxPool2d(Layer):
    """the maximum of each window of an image

    Parameters
    ----------
    kernel : ints, 2 unless said
        extent of a window, or height,width. [1, 1048576]
    stride : ints
        places from one window to the next, or height,width; the kernel's unless said. [1, 1048576]
    padding : ints, 0 unless said
        on each side, or height,width; at most half the kernel. [0, 1048576]
    """

    def __init__(
        self,
        kernel: Optional[Sequence[int]] = None,
        stride: Optional[Sequence[int]] = None,
        padding: Optional[Sequence[int]] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("max_pool2d", {
            "kernel": kernel, "stride": stride, "padding": padding
        }, where)


class AvgPool2d(Layer):
    """the mean of each window of an image, padding included

    Parameters
    ----------
    kernel : ints, 2 unless said
        extent of a window, or height,width. [1, 1048576]
    stride : ints
        places from one window to the next, or height,width; the kernel's unless said. [1, 1048576]
    padding : ints, 0 unless said
        on each side, or height,width; at most half the kernel. [0, 1048576]
    """

    def __init__(
        self,
        kernel: Optional[Sequence[int]] = None,
        stride: Optional[Sequence[int]] = None,
        padding: Optional[Sequence[int]] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("avg_pool2d", {
            "kernel": kernel, "stride": stride, "padding": padding
        }, where)


class Upsample(Layer):
    """an image made larger, each place from the nearest, or from four

    Parameters
    ----------
    scale : ints, 2 unless said
        how many times larger, or height,width. [1, 1048576]
    mode : choice, nearest unless said
        the nearest place's value, or straight lines between places. nearest|bilinear
    align_corners : bool, no unless said
        of mode=bilinear: corners stay where they are. yes|no
    """

    def __init__(
        self,
        scale: Optional[Sequence[int]] = None,
        mode: Optional[str] = None,
        align_corners: Optional[bool] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("upsample", {
            "scale": scale, "mode": mode, "align_corners": align_corners
        }, where)


class ReLU(Layer):
    """max(x, 0)"""

    def __init__(self, where: Any = None) -> None:
        super().__init__("relu", {}, where)


class Tanh(Layer):
    """tanh x"""

    def __init__(self, where: Any = None) -> None:
        super().__init__("tanh", {}, where)


class Sigmoid(Layer):
    """1 / (1 + exp(-x))"""

    def __init__(self, where: Any = None) -> None:
        super().__init__("sigmoid", {}, where)


class Softplus(Layer):
    """log(1 + exp(x))"""

    def __init__(self, where: Any = None) -> None:
        super().__init__("softplus", {}, where)


class SiLU(Layer):
    """x sigmoid(x)"""

    def __init__(self, where: Any = None) -> None:
        super().__init__("silu", {}, where)


class GELU(Layer):
    """x Phi(x), Phi the normal distribution function

    Parameters
    ----------
    approximate : choice, none unless said
        none: by erf; tanh: Hendrycks & Gimpel's formula. none|tanh
    """

    def __init__(self, approximate: Optional[str] = None, *, where: Any = None) -> None:
        super().__init__("gelu", {
            "approximate": approximate
        }, where)


class QuickGelu(Layer):
    """x sigmoid(1.702 x), as in CLIP"""

    def __init__(self, where: Any = None) -> None:
        super().__init__("quick_gelu", {}, where)


class Glu(Layer):
    """a f(b) of the halves of an axis: GLU, GEGLU (f=gelu), SwiGLU (f=silu)

    Parameters
    ----------
    dim : int, -1 unless said
        the axis; negative from the end. [-8, 7]
    f : choice, sigmoid unless said
        of the second half. sigmoid|tanh|silu|gelu|gelu_tanh|quick_gelu
    """

    def __init__(
        self,
        dim: Optional[int] = None,
        f: Optional[str] = None,
        *,
        where: Any = None,
    ) -> None:
        super().__init__("glu", {
            "dim": dim, "f": f
        }, where)


class ELU(Layer):
    """x above 0, alpha (exp(x) - 1) below

    Parameters
    ----------
    alpha : real, 1 unless said
        minus the limit at -infinity. [0, 1000]
    """

    def __init__(self, alpha: Optional[float] = None, *, where: Any = None) -> None:
        super().__init__("elu", {
            "alpha": alpha
        }, where)


class SELU(Layer):
    """scaled elu, self-normalising (Klambauer et al. 2017)"""

    def __init__(self, where: Any = None) -> None:
        super().__init__("selu", {}, where)


class LeakyReLU(Layer):
    """x above 0, a small slope below

    Parameters
    ----------
    negative_slope : real, 0.01 unless said
        slope below 0. [-1000, 1000]
    """

    def __init__(self, negative_slope: Optional[float] = None, *, where: Any = None) -> None:
        super().__init__("leaky_relu", {
            "negative_slope": negative_slope
        }, where)


class LogSigmoid(Layer):
    """-log(1 + exp(-x))"""

    def __init__(self, where: Any = None) -> None:
        super().__init__("logsigmoid", {}, where)
