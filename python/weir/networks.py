# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""The rows of kind "network" as functions: each gives the text that says it and its options.

What is not said is as the library, or a preset, has it.
"""

from __future__ import annotations

from typing import Optional, Sequence, Union  # noqa: F401

from ._spec import Spec, spec


def mlp(
    *,
    in_: Optional[int] = None,
    out: Optional[int] = None,
    hidden: Optional[Sequence[int]] = None,
    activation: Optional[str] = None,
    time: Optional[str] = None,
    frequencies: Optional[int] = None,
    init: Optional[str] = None,
    bound: Optional[float] = None,
    dtype: Optional[str] = None,
    zero: Optional[bool] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
) -> Spec:
    """linear layers with an activation between them

    Parameters
    ----------
    in_ : int, 2 unless said
        columns of the input. [1, 16777216]
    out : int, 2 unless said
        columns of the output. [1, 16777216]
    hidden : ints, 64,64 unless said
        widths of the hidden layers. [1, 65536]
    activation : choice, relu unless said
        after every hidden layer. relu|tanh|sigmoid|softplus|silu|gelu
    time : choice, none unless said
        columns of the time, beside those of x. none|raw|fourier|sinusoidal
    frequencies : int, 8 unless said
        of time=fourier and sinusoidal. [1, 4096]
    init : choice, pytorch unless said
        pytorch: weights and biases uniform on +-1/sqrt(in); uniform: weights on +-bound, biases 0.
        pytorch|uniform
    bound : real, 0.01 unless said
        of init=uniform. [0, 1000]
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    zero : bool, no unless said
        the last layer starts at 0, so that the output does. yes|no
    classes : int, 0 unless said
        of the condition "class", which joins the input, a class as a one-hot vector; 0: none. [0,
        1048576]
    context : int, 0 unless said
        values of the condition "context", which joins the input, a class as a one-hot vector; 0:
        none. [0, 16777216]
    """
    return spec("mlp", {
        "in": in_, "out": out, "hidden": hidden, "activation": activation, "time": time,
        "frequencies": frequencies, "init": init, "bound": bound, "dtype": dtype, "zero": zero,
        "classes": classes, "context": context
    })


def residual_mlp(
    *,
    in_: Optional[int] = None,
    out: Optional[int] = None,
    width: Optional[int] = None,
    blocks: Optional[int] = None,
    activation: Optional[str] = None,
    gate: Optional[bool] = None,
    zero: Optional[bool] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
) -> Spec:
    """linear layers in residual blocks of two

    Parameters
    ----------
    in_ : int, 2 unless said
        columns of the input. [1, 16777216]
    out : int, 2 unless said
        columns of the output. [1, 16777216]
    width : int, 64 unless said
        of the hidden layers. [1, 65536]
    blocks : int, 2 unless said
        of two layers each. [0, 1024]
    activation : choice, relu unless said
        before each layer of a block. relu|tanh|sigmoid|softplus|silu|gelu
    gate : bool, no unless said
        of a condition: what a block adds is times sigmoid of a linear map of it. yes|no
    zero : bool, no unless said
        the last layer starts at 0, so that the output does. yes|no
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    classes : int, 0 unless said
        of the condition "class", which joins the input, a class as a one-hot vector; 0: none. [0,
        1048576]
    context : int, 0 unless said
        values of the condition "context", which joins the input, a class as a one-hot vector; 0:
        none. [0, 16777216]
    """
    return spec("residual_mlp", {
        "in": in_, "out": out, "width": width, "blocks": blocks, "activation": activation,
        "gate": gate, "zero": zero, "dtype": dtype, "classes": classes, "context": context
    })


def made(
    *,
    in_: Optional[int] = None,
    out: Optional[int] = None,
    columns: Optional[int] = None,
    hidden: Optional[Sequence[int]] = None,
    residual: Optional[bool] = None,
    activation: Optional[str] = None,
    added: Optional[bool] = None,
    zero: Optional[bool] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
) -> Spec:
    """a masked perceptron: outputs for a column see the columns before it alone

    Parameters
    ----------
    in_ : int, 2 unless said
        columns of the input; behind the first `columns` follow more of the same, in order. [1,
        1048576]
    out : int, 2 unless said
        outputs, as many for each column, those of the first column first. [1, 16777216]
    columns : int, 0 unless said
        D, in their order; 0: those of the input. [0, 1048576]
    hidden : ints, 64,64 unless said
        widths of the hidden layers. [1, 65536]
    residual : bool, no unless said
        each width after the first is a residual block of two layers; all are equal. yes|no
    activation : choice, relu unless said
        between layers. relu|tanh|sigmoid|softplus|silu|gelu
    added : bool, no unless said
        linear maps of the condition are added to hidden units, instead of being inputs. yes|no
    zero : bool, no unless said
        the last layer starts at 0, so that the output does. yes|no
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    classes : int, 0 unless said
        of the condition "class", which joins the input, a class as a one-hot vector; 0: none. [0,
        1048576]
    context : int, 0 unless said
        values of the condition "context", which joins the input, a class as a one-hot vector; 0:
        none. [0, 16777216]
    """
    return spec("made", {
        "in": in_, "out": out, "columns": columns, "hidden": hidden, "residual": residual,
        "activation": activation, "added": added, "zero": zero, "dtype": dtype, "classes":
        classes, "context": context
    })


def conv(
    *,
    in_: Optional[int] = None,
    out: Optional[int] = None,
    width: Optional[int] = None,
    norm: Optional[str] = None,
    edge: Optional[bool] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
) -> Spec:
    """convolutions of 3 x 3, 1 x 1 and 3 x 3 places, as in Glow; starts at 0

    Parameters
    ----------
    in_ : int, 2 unless said
        channels of the input. [1, 16777216]
    out : int, 2 unless said
        channels of the output. [1, 16777216]
    width : int, 64 unless said
        channels between the convolutions. [1, 65536]
    norm : choice, actnorm unless said
        of the first two convolutions: as the first batch is. none|actnorm
    edge : bool, yes unless said
        convolutions of 3 x 3 places have a learned bias of the places at the edge. yes|no
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    classes : int, 0 unless said
        of the condition "class"; 0: none. [0, 1048576]
    context : int, 0 unless said
        values of the condition "context"; 0: none. [0, 16777216]
    """
    return spec("conv", {
        "in": in_, "out": out, "width": width, "norm": norm, "edge": edge, "dtype": dtype,
        "classes": classes, "context": context
    })


def conv_resnet(
    *,
    in_: Optional[int] = None,
    out: Optional[int] = None,
    width: Optional[int] = None,
    blocks: Optional[int] = None,
    norm: Optional[str] = None,
    skip: Optional[bool] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
) -> Spec:
    """residual blocks of 3 x 3 convolutions, as in RealNVP; starts at 0

    Parameters
    ----------
    in_ : int, 2 unless said
        channels of the input. [1, 16777216]
    out : int, 2 unless said
        channels of the output. [1, 16777216]
    width : int, 32 unless said
        channels between the convolutions. [1, 65536]
    blocks : int, 2 unless said
        of two convolutions of 3 x 3 places each. [0, 1024]
    norm : choice, actnorm unless said
        of what convolutions give, as the first batch is; of what comes into every relu.
        none|actnorm|batch_norm
    skip : bool, no unless said
        the last convolution sees every block. yes|no
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    classes : int, 0 unless said
        of the condition "class"; 0: none. [0, 1048576]
    context : int, 0 unless said
        values of the condition "context"; 0: none. [0, 16777216]
    """
    return spec("conv_resnet", {
        "in": in_, "out": out, "width": width, "blocks": blocks, "norm": norm, "skip": skip,
        "dtype": dtype, "classes": classes, "context": context
    })


def unet(
    *,
    in_: Optional[int] = None,
    out: Optional[int] = None,
    height: Optional[int] = None,
    width: Optional[int] = None,
    channels: Optional[Sequence[int]] = None,
    blocks: Optional[int] = None,
    attention: Optional[Sequence[int]] = None,
    mid_attention: Optional[bool] = None,
    head: Optional[int] = None,
    groups: Optional[int] = None,
    eps: Optional[float] = None,
    time: Optional[str] = None,
    time_scale: Optional[float] = None,
    freq_shift: Optional[int] = None,
    flip_sin_to_cos: Optional[bool] = None,
    zero: Optional[bool] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
) -> Spec:
    """the U-Net of diffusion models, with attention; starts at 0

    Parameters
    ----------
    in_ : int, 1 unless said
        channels of the input. [1, 16777216]
    out : int, 1 unless said
        channels of the output. [1, 16777216]
    height : int, 0 unless said
        of the input, for attention=; 0: unknown. [0, 1048576]
    width : int, 0 unless said
        of the input; 0: unknown. [0, 1048576]
    channels : ints, 32,64,64 unless said
        of every level, each half as high and wide as the one before. [1, 65536]
    blocks : int, 1 unless said
        of a level on the way down; one more on the way up. [1, 16]
    attention : ints
        heights of the levels with attention, such as 16,8. [1, 1048576]
    mid_attention : bool, yes unless said
        attention between the way down and the way up. yes|no
    head : int, 8 unless said
        channels of a head of attention. [1, 65536]
    groups : int, 8 unless said
        of channels that are normalised together. [1, 65536]
    eps : real, 1e-5 unless said
        added to the variance of a group. [0, 1]
    time : choice, sinusoidal unless said
        what blocks are told of time; none: a network of x. none|sinusoidal|fourier
    time_scale : real, 1000 unless said
        of time=sinusoidal: the time is times this. [0, 1000000000]
    freq_shift : int, 0 unless said
        of time=sinusoidal: 1: the last frequency is 1/10000. [0, 1]
    flip_sin_to_cos : bool, yes unless said
        of time=sinusoidal: cosines stand before sines. yes|no
    zero : bool, yes unless said
        the last convolution starts at 0, so that the output does. yes|no
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    classes : int, 0 unless said
        of the condition "class", which joins the time; 0: none. [0, 1048576]
    context : int, 0 unless said
        values of the condition "context", which joins the time; 0: none. [0, 16777216]
    """
    return spec("unet", {
        "in": in_, "out": out, "height": height, "width": width, "channels": channels, "blocks":
        blocks, "attention": attention, "mid_attention": mid_attention, "head": head, "groups":
        groups, "eps": eps, "time": time, "time_scale": time_scale, "freq_shift": freq_shift,
        "flip_sin_to_cos": flip_sin_to_cos, "zero": zero, "dtype": dtype, "classes": classes,
        "context": context
    })


def retarget(
    *,
    in_: Optional[int] = None,
    out: Optional[int] = None,
    height: Optional[int] = None,
    width: Optional[int] = None,
    net: Optional[str] = None,
    old_path: Optional[str] = None,
    old_prediction: Optional[str] = None,
    old_label: Optional[str] = None,
    old_input_scale: Optional[float] = None,
    path: Optional[str] = None,
    prediction: Optional[str] = None,
    label: Optional[str] = None,
    dtype: Optional[str] = None,
    classes: Optional[int] = None,
    context: Optional[int] = None,
) -> Spec:
    """a network of one path and prediction as one of another (weir convert)

    Parameters
    ----------
    in_ : int, 2 unless said
        values a sample. [1, 16777216]
    out : int, 2 unless said
        values of what it says. [1, 16777216]
    height : int, 0 unless said
        of a network of pictures; 0: unknown. [0, 1048576]
    width : int, 0 unless said
        likewise. [0, 1048576]
    net : row, mlp time=raw unless said
        the network as it was trained. mlp|residual_mlp|made|conv|conv_resnet|unet|retarget
    old_path : row, fm unless said
        path that it was trained on. fm|trig|vp|vp_cosine|sub_vp|ddpm|ve|edm
    old_prediction : row, velocity unless said
        what it was trained to say. x0|eps|velocity|v|score|edm
    old_label : choice, time unless said
        what it is told of time. time|log_sigma
    old_input_scale : real, 0 unless said
        s above 0: it sees x / sqrt(b^2 + a^2 s^2). [0, 1000000]
    path : row, fm unless said
        path that it is asked on, which is the model's. fm|trig|vp|vp_cosine|sub_vp|ddpm|ve|edm
    prediction : row, velocity unless said
        what it says, which is the model's. x0|eps|velocity|v|score|edm
    label : choice, time unless said
        what the model tells it of time. time|log_sigma
    dtype : choice, f32 unless said
        element type of the parameters. f32|f64
    classes : int, 0 unless said
        of the condition "class", which the network takes; 0: none. [0, 1048576]
    context : int, 0 unless said
        values of the condition "context", which the network takes; 0: none. [0, 16777216]
    """
    return spec("retarget", {
        "in": in_, "out": out, "height": height, "width": width, "net": net, "old_path":
        old_path, "old_prediction": old_prediction, "old_label": old_label, "old_input_scale":
        old_input_scale, "path": path, "prediction": prediction, "label": label, "dtype": dtype,
        "classes": classes, "context": context
    })
