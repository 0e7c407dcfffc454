# Written by tools/bindings from the public headers and `weir list --json`: not to be edited.
"""What can be done with tensors: weir/ops.h and its like, function by function.

Operands are tensors, or what becomes one: numbers, arrays. Inputs broadcast as in
NumPy. Differentiable to any order unless a line says otherwise.
"""

from __future__ import annotations

from typing import Any, Optional, Sequence

from ._ops import (
    DType, Ints, Operand, Reduction, Tensor, _enum, _ints, _op, _op_multi, _options,
    _pointers, _tensor, _together, ffi, lib,
)
from ._by_hand import (  # noqa: F401
    chunk, conv2d_input, conv2d_weight, max_axis, min_axis, pad, pad_reflect,
    pad_replicate, permute, roll, rq_spline, split,
)


def conv2d(x: Operand, w: Operand, b: Optional[Operand] = None, **options: Any) -> Tensor:
    """y[n, o, i, j] = b[o] + sum over c, p, q of w[o, c, p, q] x[n, c, i stride - padding + p dilation,
    ..], as PyTorch's nn.Conv2d: x [N, C, H, W], w [O, C / groups, P, Q], b [O] or NULL -> [N, O, (H
    + 2 padding - dilation (P - 1) - 1) / stride + 1, ..]. Channels of group g of the result see
    those of group g of x. Image n of the result depends on image n of x alone, to the bit. o NULL:
    the defaults.
    """
    x, w, b = _together(x, w, b)
    o = _options("weir_conv2d_opts", options)
    return _op(x._c, lib.weir_conv2d, x._p, w._p, b._p, o)


def conv_transpose2d(
    x: Operand,
    w: Operand,
    b: Optional[Operand] = None,
    more: Optional[Ints] = None,
    **options: Any,
) -> Tensor:
    """torch.nn.functional.conv_transpose2d: x [N, C, H, W], w [C, O / groups, P, Q], b [O] or NULL ->
    [N, O, (H - 1) stride - 2 padding + dilation (P - 1) + more + 1, ..], the adjoint of conv2d with
    w. more (NULL: 0), below stride or dilation, is PyTorch's output_padding.
    """
    x, w, b = _together(x, w, b)
    o = _options("weir_conv2d_opts", options)
    more_ = ffi.NULL if more is None else _ints("int64_t[]", more)
    return _op(x._c, lib.weir_conv_transpose2d, x._p, w._p, b._p, o, more_)


def max_pool2d(x: Operand, **options: Any) -> Tensor:
    """Over each window, [N, C, H, W] -> [N, C, (H + 2 padding - kernel) / stride + 1, ..]. The gradient
    goes to the first of equals; NaN if there is one.
    """
    x = _tensor(x)
    o = _options("weir_pool2d_opts", options)
    return _op(x._c, lib.weir_max_pool2d, x._p, o)


def avg_pool2d(x: Operand, **options: Any) -> Tensor:
    """padding counts, as zeros"""
    x = _tensor(x)
    o = _options("weir_pool2d_opts", options)
    return _op(x._c, lib.weir_avg_pool2d, x._p, o)


def upsample_nearest2d(x: Operand, height: int, width: int) -> Tensor:
    """[N, C, H, W] -> [N, C, height, width]: place i takes floor(i H / height)."""
    x = _tensor(x)
    return _op(x._c, lib.weir_upsample_nearest2d, x._p, height, width)


def upsample_bilinear2d(x: Operand, height: int, width: int, align_corners: bool) -> Tensor:
    """The same by straight lines between places, as torch.nn.functional.interpolate without
    antialias: place i of the result is at (i + 1/2) H / height - 1/2, within the image, or, with
    align_corners, at i (H - 1) / (height - 1).
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_upsample_bilinear2d, x._p, height, width, align_corners)


def upsample_bilinear2d_by(
    x: Operand,
    scale_height: float,
    scale_width: float,
    align_corners: bool,
) -> Tensor:
    """To floor(scale H) by .., at (i + 1/2) / scale - 1/2 unless align_corners."""
    x = _tensor(x)
    return _op(
        x._c, lib.weir_upsample_bilinear2d_by, x._p, scale_height, scale_width, align_corners
    )


def pixel_shuffle(x: Operand, r: int) -> Tensor:
    """[N, C r^2, H, W] -> [N, C, H r, W r]: place (i, j) of a block of r x r is channel i r + j of the
    r^2 of its channel, as torch.nn.PixelShuffle; and back. Copies.
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_pixel_shuffle, x._p, r)


def pixel_unshuffle(x: Operand, r: int) -> Tensor:
    """tensor *"""
    x = _tensor(x)
    return _op(x._c, lib.weir_pixel_unshuffle, x._p, r)


def channels_last(x: Operand) -> Tensor:
    """itself when it lies so; rank 4"""
    x = _tensor(x)
    return _op(x._c, lib.weir_channels_last, x._p)


def det(a: Operand) -> Tensor:
    """[.., n, n] -> [..]; 0 where a is singular, and its gradient, the cofactors, holds there too
    """
    a = _tensor(a)
    return _op(a._c, lib.weir_det, a._p)


def slogdet(a: Operand) -> tuple[Tensor, Tensor]:
    """The sign of det a and log |det a|: 0 and -inf where a is singular. The sign has no gradient.
    """
    a = _tensor(a)
    out1 = ffi.new("weir_tensor **")
    out2 = ffi.new("weir_tensor **")
    return _op_multi(a._c, False, (out1, out2,), lib.weir_slogdet, a._p, out1, out2)


def cofactor(a: Operand) -> Tensor:
    """C[i, j] = (-1)^(i + j) det (a without row i and column j) = d det a / d a[i, j] = (det(a)
    a^-T)[i, j]; to rounding also where a is singular, but there its own gradient is NaN.
    """
    a = _tensor(a)
    return _op(a._c, lib.weir_cofactor, a._p)


def inverse(a: Operand) -> Tensor:
    """all NaN where a pivot is 0"""
    a = _tensor(a)
    return _op(a._c, lib.weir_inverse, a._p)


def lu(a: Operand) -> tuple[Tensor, Tensor, Tensor]:
    """a = P L U by partial pivoting: a [.., m, n], P [.., m, m] a permutation, L [.., m, k] lower
    triangular with ones on its diagonal, U [.., k, n] upper triangular, k = min(m, n). Gradients
    hold P fixed, so they hold where no two candidates for a pivot are equal, and need the first k
    columns of the first k rows of P^T a to be invertible; P has none.
    """
    a = _tensor(a)
    out1 = ffi.new("weir_tensor **")
    out2 = ffi.new("weir_tensor **")
    out3 = ffi.new("weir_tensor **")
    return _op_multi(a._c, False, (out1, out2, out3,), lib.weir_lu, a._p, out1, out2, out3)


def solve(a: Operand, b: Operand, left: bool = True) -> Tensor:
    """x of a x = b (left; b [.., n, k]) or x a = b (b [.., k, n]), a [.., n, n], by LU. Leading axes
    broadcast. Infinite or NaN where a is singular.
    """
    a, b = _together(a, b)
    return _op(a._c, lib.weir_solve, a._p, b._p, left)


def cholesky(a: Operand) -> Tensor:
    """Lower L of symmetric positive definite a = L L^T, read from a's lower triangle; its lower
    triangle is NaN where a is not positive definite. The gradient is symmetric.
    """
    a = _tensor(a)
    return _op(a._c, lib.weir_cholesky, a._p)


def qr(a: Operand) -> tuple[Tensor, Tensor]:
    """a = Q R, reduced: a [.., m, n], Q [.., m, k] of orthonormal columns, R [.., k, n] upper
    triangular, k = min(m, n). Signs are LAPACK's: R's diagonal may be negative. Gradients need the
    first k columns of a to be independent.
    """
    a = _tensor(a)
    out1 = ffi.new("weir_tensor **")
    out2 = ffi.new("weir_tensor **")
    return _op_multi(a._c, False, (out1, out2,), lib.weir_qr, a._p, out1, out2)


def solve_triangular(
    a: Operand,
    b: Operand,
    upper: bool = False,
    left: bool = True,
    unit: bool = False,
) -> Tensor:
    """x of a x = b (left; b [.., n, k]) or x a = b (b [.., k, n]) for triangular a [.., n, n], of which
    the other triangle is not read, nor the diagonal, taken as 1, when `unit`. Leading axes
    broadcast. For a^T x = b pass weir_transpose(a, -1, -2), which copies nothing, and the other
    triangle. Infinite or NaN where a 0 stands on the diagonal.
    """
    a, b = _together(a, b)
    return _op(a._c, lib.weir_solve_triangular, a._p, b._p, upper, left, unit)


def add(a: Operand, b: Operand) -> Tensor:
    """Sums, differences, products, extremes, negatives and magnitudes are also of two i64: what does
    not fit 64 bits wraps. Of two bool a sum and maximum is `or`, a product and minimum `and`. Two
    types never mix: weir_cast converts.
    """
    a, b = _together(a, b)
    return _op(a._c, lib.weir_add, a._p, b._p)


def sub(a: Operand, b: Operand) -> Tensor:
    """a - b"""
    a, b = _together(a, b)
    return _op(a._c, lib.weir_sub, a._p, b._p)


def mul(a: Operand, b: Operand) -> Tensor:
    """a b, element by element"""
    a, b = _together(a, b)
    return _op(a._c, lib.weir_mul, a._p, b._p)


def div(a: Operand, b: Operand) -> Tensor:
    """i64: an error that says so"""
    a, b = _together(a, b)
    return _op(a._c, lib.weir_div, a._p, b._p)


def floor_divide(a: Operand, b: Operand) -> Tensor:
    """a / b of i64 rounded towards minus infinity, and a - b of that, which has b's sign: PyTorch's
    floor_divide and remainder. A divisor 0 is an error; the least number by -1 wraps.
    """
    a, b = _together(a, b)
    return _op(a._c, lib.weir_floor_divide, a._p, b._p)


def remainder(a: Operand, b: Operand) -> Tensor:
    """a - b floor_divide(a, b) of i64"""
    a, b = _together(a, b)
    return _op(a._c, lib.weir_remainder, a._p, b._p)


def maximum(a: Operand, b: Operand) -> Tensor:
    """gradient to the larger, halves where equal; NaN if either is"""
    a, b = _together(a, b)
    return _op(a._c, lib.weir_maximum, a._p, b._p)


def minimum(a: Operand, b: Operand) -> Tensor:
    """the smaller of a and b; NaN if either is"""
    a, b = _together(a, b)
    return _op(a._c, lib.weir_minimum, a._p, b._p)


def affine(x: Operand, scale: float, shift: float) -> Tensor:
    """scale x + shift"""
    x = _tensor(x)
    return _op(x._c, lib.weir_affine, x._p, scale, shift)


def scale(x: Operand, scale: float) -> Tensor:
    """tensor *"""
    x = _tensor(x)
    return _op(x._c, lib.weir_scale, x._p, scale)


def neg(x: Operand) -> Tensor:
    """the negative, -x"""
    x = _tensor(x)
    return _op(x._c, lib.weir_neg, x._p)


def abs(x: Operand) -> Tensor:
    """gradient 0 at 0"""
    x = _tensor(x)
    return _op(x._c, lib.weir_abs, x._p)


def sign(x: Operand) -> Tensor:
    """gradient 0 everywhere"""
    x = _tensor(x)
    return _op(x._c, lib.weir_sign, x._p)


def square(x: Operand) -> Tensor:
    """x^2"""
    x = _tensor(x)
    return _op(x._c, lib.weir_square, x._p)


def sqrt(x: Operand) -> Tensor:
    """square root"""
    x = _tensor(x)
    return _op(x._c, lib.weir_sqrt, x._p)


def rsqrt(x: Operand) -> Tensor:
    """1 / sqrt(x)"""
    x = _tensor(x)
    return _op(x._c, lib.weir_rsqrt, x._p)


def reciprocal(x: Operand) -> Tensor:
    """1 / x"""
    x = _tensor(x)
    return _op(x._c, lib.weir_reciprocal, x._p)


def floor(x: Operand) -> Tensor:
    """gradient 0"""
    x = _tensor(x)
    return _op(x._c, lib.weir_floor, x._p)


def clamp(x: Operand, lo: float, hi: float) -> Tensor:
    """x within [lo, hi], lo <= hi, either may be infinite; gradient 1 inside and at the bounds, 0
    outside; NaN stays NaN.
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_clamp, x._p, lo, hi)


def pow(a: Operand, b: Operand) -> Tensor:
    """a^b. 0^0 is 1; for b the gradient is 0 at a = 0 <= b and NaN where a is negative, for a it is 0
    at b = 0.
    """
    a, b = _together(a, b)
    return _op(a._c, lib.weir_pow, a._p, b._p)


def pow_scalar(x: Operand, p: float) -> Tensor:
    """x^p"""
    x = _tensor(x)
    return _op(x._c, lib.weir_pow_scalar, x._p, p)


def exp(x: Operand) -> Tensor:
    """e^x"""
    x = _tensor(x)
    return _op(x._c, lib.weir_exp, x._p)


def expm1(x: Operand) -> Tensor:
    """exp(x) - 1, exact near 0"""
    x = _tensor(x)
    return _op(x._c, lib.weir_expm1, x._p)


def log(x: Operand) -> Tensor:
    """natural logarithm"""
    x = _tensor(x)
    return _op(x._c, lib.weir_log, x._p)


def log1p(x: Operand) -> Tensor:
    """log(1 + x), exact near 0"""
    x = _tensor(x)
    return _op(x._c, lib.weir_log1p, x._p)


def erf(x: Operand) -> Tensor:
    """2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x"""
    x = _tensor(x)
    return _op(x._c, lib.weir_erf, x._p)


def sin(x: Operand) -> Tensor:
    """sine, x in radians"""
    x = _tensor(x)
    return _op(x._c, lib.weir_sin, x._p)


def cos(x: Operand) -> Tensor:
    """cosine, x in radians"""
    x = _tensor(x)
    return _op(x._c, lib.weir_cos, x._p)


def atan(x: Operand) -> Tensor:
    """inverse tangent, in [-pi/2, pi/2]"""
    x = _tensor(x)
    return _op(x._c, lib.weir_atan, x._p)


def tanh(x: Operand) -> Tensor:
    """hyperbolic tangent"""
    x = _tensor(x)
    return _op(x._c, lib.weir_tanh, x._p)


def sigmoid(x: Operand) -> Tensor:
    """1 / (1 + exp(-x))"""
    x = _tensor(x)
    return _op(x._c, lib.weir_sigmoid, x._p)


def softplus(x: Operand) -> Tensor:
    """log(1 + exp(x)), without overflow"""
    x = _tensor(x)
    return _op(x._c, lib.weir_softplus, x._p)


def relu(x: Operand) -> Tensor:
    """max(x, 0); gradient 0 at 0; NaN stays NaN"""
    x = _tensor(x)
    return _op(x._c, lib.weir_relu, x._p)


def silu(x: Operand) -> Tensor:
    """x sigmoid(x)"""
    x = _tensor(x)
    return _op(x._c, lib.weir_silu, x._p)


def gelu(x: Operand) -> Tensor:
    """x Phi(x) = x (1 + erf(x / sqrt(2))) / 2"""
    x = _tensor(x)
    return _op(x._c, lib.weir_gelu, x._p)


def gelu_tanh(x: Operand) -> Tensor:
    """x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2"""
    x = _tensor(x)
    return _op(x._c, lib.weir_gelu_tanh, x._p)


def quick_gelu(x: Operand) -> Tensor:
    """x sigmoid(1.702 x)"""
    x = _tensor(x)
    return _op(x._c, lib.weir_quick_gelu, x._p)


def logsigmoid(x: Operand) -> Tensor:
    """-log(1 + exp(-x)), without overflow"""
    x = _tensor(x)
    return _op(x._c, lib.weir_logsigmoid, x._p)


def leaky_relu(x: Operand, slope: float = 0.01) -> Tensor:
    """x > 0 ? x : slope x; gradient slope at 0"""
    x = _tensor(x)
    return _op(x._c, lib.weir_leaky_relu, x._p, slope)


def elu(x: Operand, alpha: float = 1.0) -> Tensor:
    """x > 0 ? x : alpha (exp(x) - 1); gradient alpha at 0"""
    x = _tensor(x)
    return _op(x._c, lib.weir_elu, x._p, alpha)


def selu(x: Operand) -> Tensor:
    """1.0507 elu(x, 1.6733): Klambauer et al. 2017, activations that normalise themselves"""
    x = _tensor(x)
    return _op(x._c, lib.weir_selu, x._p)


def eq(a: Operand, b: Operand) -> Tensor:
    """of f32, f64, i64 and bool, false before true"""
    a, b = _together(a, b)
    return _op(a._c, lib.weir_eq, a._p, b._p)


def ne(a: Operand, b: Operand) -> Tensor:
    """a != b"""
    a, b = _together(a, b)
    return _op(a._c, lib.weir_ne, a._p, b._p)


def lt(a: Operand, b: Operand) -> Tensor:
    """a < b"""
    a, b = _together(a, b)
    return _op(a._c, lib.weir_lt, a._p, b._p)


def le(a: Operand, b: Operand) -> Tensor:
    """a <= b"""
    a, b = _together(a, b)
    return _op(a._c, lib.weir_le, a._p, b._p)


def gt(a: Operand, b: Operand) -> Tensor:
    """a > b"""
    a, b = _together(a, b)
    return _op(a._c, lib.weir_gt, a._p, b._p)


def ge(a: Operand, b: Operand) -> Tensor:
    """a >= b"""
    a, b = _together(a, b)
    return _op(a._c, lib.weir_ge, a._p, b._p)


def where(test: Operand, a: Operand, b: Operand) -> Tensor:
    """test ? a : b; test is bool, a and b of one type, any"""
    test, a, b = _together(test, a, b)
    return _op(test._c, lib.weir_where, test._p, a._p, b._p)


def masked_fill(x: Operand, mask: Operand, value: float) -> Tensor:
    """mask ? value : x; mask is bool and broadcasts to x"""
    x, mask = _together(x, mask)
    return _op(x._c, lib.weir_masked_fill, x._p, mask._p, value)


def sum(x: Operand) -> Tensor:
    """Of f32, blocks of 512 numbers are added in 16 lanes of f32, and the blocks in double: at most 36
    2^-24 of the sum of magnitudes away from the exact sum, and about 2^-24 in practice. Sums of i64,
    which wrap, and of bool, which count, are i64.
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_sum, x._p)


def mean(x: Operand) -> Tensor:
    """of all, 0-d; NaN for an empty tensor"""
    x = _tensor(x)
    return _op(x._c, lib.weir_mean, x._p)


def sum_axes(x: Operand, axes: Ints, keep: bool = False) -> Tensor:
    """Over the named axes (negative from the end); kept as extent 1 when `keep`. n_axes 0 sums
    nothing.
    """
    x = _tensor(x)
    axes_ = _ints("int[]", axes)
    return _op(x._c, lib.weir_sum_axes, x._p, len(axes_), axes_, keep)


def mean_axes(x: Operand, axes: Ints, keep: bool = False) -> Tensor:
    """tensor *"""
    x = _tensor(x)
    axes_ = _ints("int[]", axes)
    return _op(x._c, lib.weir_mean_axes, x._p, len(axes_), axes_, keep)


def sum_samples(x: Operand) -> Tensor:
    """All axes but the first: [B, ...] -> [B]; the per-sample sum."""
    x = _tensor(x)
    return _op(x._c, lib.weir_sum_samples, x._p)


def sum_to(x: Operand, shape: Ints) -> Tensor:
    """Sums broadcast axes away until the shape is `shape` (what the gradient of a broadcast does).
    """
    x = _tensor(x)
    shape_ = _ints("int64_t[]", shape)
    return _op(x._c, lib.weir_sum_to, x._p, len(shape_), shape_)


def amax(x: Operand) -> Tensor:
    """The largest (smallest) over all, or over the named axes, none of them empty; NaN if there is one.
    The gradient is split evenly among equals, as torch.amax does. Of i64 and bool too.
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_amax, x._p)


def amin(x: Operand) -> Tensor:
    """tensor *"""
    x = _tensor(x)
    return _op(x._c, lib.weir_amin, x._p)


def amax_axes(x: Operand, axes: Ints, keep: bool = False) -> Tensor:
    """tensor *"""
    x = _tensor(x)
    axes_ = _ints("int[]", axes)
    return _op(x._c, lib.weir_amax_axes, x._p, len(axes_), axes_, keep)


def amin_axes(x: Operand, axes: Ints, keep: bool = False) -> Tensor:
    """tensor *"""
    x = _tensor(x)
    axes_ = _ints("int[]", axes)
    return _op(x._c, lib.weir_amin_axes, x._p, len(axes_), axes_, keep)


def var(x: Operand, correction: int = 1) -> Tensor:
    """sum (x - mean)^2 / (n - correction) over n elements: correction 1 is the unbiased estimate
    (PyTorch's default), 0 the plain mean. NaN or infinite where n <= correction.
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_var, x._p, correction)


def var_axes(x: Operand, axes: Ints, correction: int = 1, keep: bool = False) -> Tensor:
    """tensor *"""
    x = _tensor(x)
    axes_ = _ints("int[]", axes)
    return _op(x._c, lib.weir_var_axes, x._p, len(axes_), axes_, correction, keep)


def logsumexp(x: Operand, axis: int, keep: bool = False) -> Tensor:
    """log sum exp(x) along an axis, without overflow; -inf where all are -inf (or there are none), +inf
    where one is.
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_logsumexp, x._p, axis, keep)


def softmax(x: Operand, axis: int) -> Tensor:
    """exp(x) / sum exp(x) along an axis, without overflow. -inf gives 0; a line all of -inf, or with
    +inf or NaN in it, is all NaN.
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_softmax, x._p, axis)


def log_softmax(x: Operand, axis: int) -> Tensor:
    """x - logsumexp(x); -inf stays -inf, NaN lines as above"""
    x = _tensor(x)
    return _op(x._c, lib.weir_log_softmax, x._p, axis)


def cumsum(x: Operand, axis: int) -> Tensor:
    """y[i] = x[0] + .. + x[i] along an axis, summed in double; of i64, where it wraps, and of bool,
    where it counts, in i64
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_cumsum, x._p, axis)


def matmul(a: Operand, b: Operand) -> Tensor:
    """[.., m, k] x [.., k, n] -> [.., m, n]; leading axes broadcast; row i of the result depends on row
    i of `a` alone, to the bit.
    """
    a, b = _together(a, b)
    return _op(a._c, lib.weir_matmul, a._p, b._p)


def linear(x: Operand, w: Operand, b: Optional[Operand] = None) -> Tensor:
    """x w^T + b: x [.., in], w [out, in], b [out] or NULL -> [.., out], as PyTorch's nn.Linear.
    """
    x, w, b = _together(x, w, b)
    return _op(x._c, lib.weir_linear, x._p, w._p, b._p)


def linear_relu(x: Operand, w: Operand, b: Optional[Operand] = None) -> Tensor:
    """relu(weir_linear(x, w, b)) in one pass."""
    x, w, b = _together(x, w, b)
    return _op(x._c, lib.weir_linear_relu, x._p, w._p, b._p)


def linear_act(x: Operand, w: Operand, b: Operand, f: str) -> Tensor:
    """f(x w^T + b) of an activation f"""
    x, w, b = _together(x, w, b)
    return _op(x._c, lib.weir_linear_act, x._p, w._p, b._p, _enum("weir_act", f))


def gated(x: Operand, axis: int, f: str) -> Tensor:
    """a f(b) of the halves a, b of x along an axis of even extent, f from WEIR_ACT_TANH on: GEGLU with
    gelu, SwiGLU with silu (Shazeer 2020), the gate behind as in diffusers.
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_gated, x._p, axis, _enum("weir_act", f))


def glu(x: Operand, axis: int) -> Tensor:
    """a sigmoid(b): Dauphin et al. 2017"""
    x = _tensor(x)
    return _op(x._c, lib.weir_glu, x._p, axis)


def scaled_dot_product_attention(
    q: Operand,
    k: Operand,
    v: Operand,
    mask: Optional[Operand] = None,
    causal: bool = False,
    scale: float = float("nan"),
) -> Tensor:
    """softmax(scale q k^T + mask) v along the last two axes: q [.., L, E], k [.., S, E], v [.., S, F]
    -> [.., L, F], leading axes (batch, heads) broadcast; scale NAN: 1 / sqrt(E). `mask` (NULL: none)
    broadcasts to [.., L, S]: bool, true where a key is seen, or a number to add; causal: row i sees
    keys 0 to i. A row that sees none is 0. The matrix of scores is never in memory as a whole, but
    where gradients are themselves recorded, or are asked for the mask.
    """
    q, k, v, mask = _together(q, k, v, mask)
    return _op(
        q._c, lib.weir_scaled_dot_product_attention, q._p, k._p, v._p, mask._p, causal, scale
    )


def layer_norm(
    x: Operand,
    axes: int,
    w: Optional[Operand] = None,
    b: Optional[Operand] = None,
    eps: float = 1e-5,
) -> Tensor:
    """h w + b, h = (x - mean) / sqrt(variance + eps), variance not unbiased; w, b NULL: 1, 0. Means and
    variances take two passes, the second one over x - mean.
    Over the last `axes` axes of each sample, whose shape w and b have (Ba, Kiros & Hinton 2016).
    """
    x, w, b = _together(x, w, b)
    return _op(x._c, lib.weir_layer_norm, x._p, axes, w._p, b._p, eps)


def rms_norm(x: Operand, axes: int, w: Optional[Operand] = None, eps: float = 1e-5) -> Tensor:
    """x w / sqrt(mean(x^2) + eps) over the last `axes` axes (Zhang & Sennrich 2019)."""
    x, w = _together(x, w)
    return _op(x._c, lib.weir_rms_norm, x._p, axes, w._p, eps)


def group_norm(
    x: Operand,
    groups: int,
    w: Optional[Operand] = None,
    b: Optional[Operand] = None,
    eps: float = 1e-5,
) -> Tensor:
    """x [B, C, ..]: each sample over C / groups channels and all places; w, b [C] (Wu & He 2018).
    """
    x, w, b = _together(x, w, b)
    return _op(x._c, lib.weir_group_norm, x._p, groups, w._p, b._p, eps)


def group_norm_silu(x: Operand, groups: int, w: Operand, b: Operand, eps: float = 1e-5) -> Tensor:
    """weir_silu of that, to the bit, in one pass that keeps nothing more. Modules in sequence use it of
    themselves.
    """
    x, w, b = _together(x, w, b)
    return _op(x._c, lib.weir_group_norm_silu, x._p, groups, w._p, b._p, eps)


def batch_norm(
    x: Operand,
    running_mean: Optional[Operand] = None,
    running_var: Optional[Operand] = None,
    w: Optional[Operand] = None,
    b: Optional[Operand] = None,
    training: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """x [B, C, ..], w, b [C]: each channel over the batch and all places while training (so samples
    depend on each other), else by the running mean and variance [C] (Ioffe & Szegedy 2015). Training
    also moves the running ones, in place, by `momentum` (0 to 1) of the way to the batch's mean and
    unbiased variance; both may be NULL: the batch's are used always. In a step of several shards
    each shard sees its own samples, and the running statistics follow shard 0.
    """
    x, running_mean, running_var, w, b = _together(x, running_mean, running_var, w, b)
    return _op(
        x._c, lib.weir_batch_norm, x._p, running_mean._p, running_var._p, w._p, b._p, training,
        momentum, eps
    )


def reshape(x: Operand, shape: Ints) -> Tensor:
    """logical order; one extent may be -1; copies when it must"""
    x = _tensor(x)
    shape_ = _ints("int64_t[]", shape)
    return _op(x._c, lib.weir_reshape, x._p, len(shape_), shape_)


def view(x: Operand, shape: Ints) -> Tensor:
    """the same, but fails instead of copying"""
    x = _tensor(x)
    shape_ = _ints("int64_t[]", shape)
    return _op(x._c, lib.weir_view, x._p, len(shape_), shape_)


def flatten(x: Operand) -> Tensor:
    """[B, ...] -> [B, rest]"""
    x = _tensor(x)
    return _op(x._c, lib.weir_flatten, x._p)


def transpose(x: Operand, a: int, b: int) -> Tensor:
    """tensor *"""
    x = _tensor(x)
    return _op(x._c, lib.weir_transpose, x._p, a, b)


def expand(x: Operand, shape: Ints) -> Tensor:
    """broadcast without a copy"""
    x = _tensor(x)
    shape_ = _ints("int64_t[]", shape)
    return _op(x._c, lib.weir_expand, x._p, len(shape_), shape_)


def slice(x: Operand, axis: int, start: int, stop: int, step: int) -> Tensor:
    """x[start : stop : step] along an axis, Python's rules: negative counts from the end, out of range
    is cut; step >= 1.
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_slice, x._p, axis, start, stop, step)


def contiguous(x: Operand) -> Tensor:
    """itself when dense"""
    x = _tensor(x)
    return _op(x._c, lib.weir_contiguous, x._p)


def cat(x: Sequence[Operand], axis: int) -> Tensor:
    """tensors joined along an axis"""
    x = _together(*x)
    x_ = _pointers(x)
    return _op(x[0]._c, lib.weir_cat, len(x), x_, axis)


def slice_scatter(x: Operand, axis: int, start: int, step: int, extent: int) -> Tensor:
    """The tensor of shape `like` extents along axis with x in places start, start+step, ... and 0
    elsewhere: the adjoint of slice.
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_slice_scatter, x._p, axis, start, step, extent)


def interleave(even: Operand, odd: Operand) -> Tensor:
    """Interleaves along the last axis: out[.., 2i] = even[.., i], out[.., 2i+1] = odd[.., i].
    """
    even, odd = _together(even, odd)
    return _op(even._c, lib.weir_interleave, even._p, odd._p)


def index_select(x: Operand, axis: int, index: Operand) -> Tensor:
    """index: i64, 1-d"""
    x, index = _together(x, index)
    return _op(x._c, lib.weir_index_select, x._p, axis, index._p)


def index_add(x: Operand, axis: int, index: Operand, extent: int) -> Tensor:
    """zeros of extent `extent` along axis, with x added at `index`: the adjoint of index_select.
    Repeated indices add in order.
    """
    x, index = _together(x, index)
    return _op(x._c, lib.weir_index_add, x._p, axis, index._p, extent)


def cast(x: Operand, dtype: DType) -> Tensor:
    """Elements converted, to fewer bits rounding to nearest even, once. To integers: truncated, NaN to
    0, wrapped where i32 or u8 are too small; to bool: whether not 0. Differentiable between f32 and
    f64; the other types carry no gradient.
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_cast, x._p, _enum("weir_dtype", dtype))


def unsqueeze(x: Operand, axis: int) -> Tensor:
    """a new axis of extent 1 at `axis` of the result"""
    x = _tensor(x)
    return _op(x._c, lib.weir_unsqueeze, x._p, axis)


def squeeze(x: Operand, axis: int) -> Tensor:
    """without an axis of extent 1"""
    x = _tensor(x)
    return _op(x._c, lib.weir_squeeze, x._p, axis)


def select(x: Operand, axis: int, index: int) -> Tensor:
    """x[.., index, ..] without the axis; negative from the end"""
    x = _tensor(x)
    return _op(x._c, lib.weir_select, x._p, axis, index)


def stack(x: Sequence[Operand], axis: int) -> Tensor:
    """equal shapes side by side along a new axis"""
    x = _together(*x)
    x_ = _pointers(x)
    return _op(x[0]._c, lib.weir_stack, len(x), x_, axis)


def flip(x: Operand, axes: Ints) -> Tensor:
    """reverse order along each; copies"""
    x = _tensor(x)
    axes_ = _ints("int[]", axes)
    return _op(x._c, lib.weir_flip, x._p, len(axes_), axes_)


def gather(x: Operand, axis: int, index: Operand) -> Tensor:
    """y[.., i, ..] = x[.., index[.., i, ..], ..] along an axis; y has the index's shape, which may be
    shorter than x along the others.
    """
    x, index = _together(x, index)
    return _op(x._c, lib.weir_gather, x._p, axis, index._p)


def scatter_add(x: Operand, axis: int, index: Operand, source: Operand) -> Tensor:
    """x with from[.., i, ..] added at [.., index[.., i, ..], ..]: the adjoint of gather. Repeated
    places add in order; `from` is no smaller than the index, and what the index does not reach is
    left out.
    """
    x, index, source = _together(x, index, source)
    return _op(x._c, lib.weir_scatter_add, x._p, axis, index._p, source._p)


def scatter(x: Operand, axis: int, index: Operand, source: Operand) -> Tensor:
    """The same, but put there: of repeated places the last one stays, and the others' gradient is 0.
    """
    x, index, source = _together(x, index, source)
    return _op(x._c, lib.weir_scatter, x._p, axis, index._p, source._p)


def searchsorted(sorted: Operand, x: Operand, right: bool = False) -> Tensor:
    """For each x the number of sorted values below it, or with `right` not above it: i64. sorted [..,
    n] rises along its last axis, x [.., m]; or sorted [n] for any x. NaN is above all.
    """
    sorted, x = _together(sorted, x)
    return _op(sorted._c, lib.weir_searchsorted, sorted._p, x._p, right)


def embedding(table: Operand, index: Operand, padding_index: int = -1) -> Tensor:
    """Rows of a table [rows, width] -> [index's shape, width]. Rows of `padding_index` get no gradient;
    negative: all do.
    """
    table, index = _together(table, index)
    return _op(table._c, lib.weir_embedding, table._p, index._p, padding_index)


def one_hot(index: Operand, dtype: DType, classes: int) -> Tensor:
    """[index's shape, classes], 1 where the last place is the index and 0 elsewhere. No gradient.
    """
    index = _tensor(index)
    return _op(index._c, lib.weir_one_hot, index._p, _enum("weir_dtype", dtype), classes)


def tril(x: Operand, k: int = 0) -> Tensor:
    """x [.., n, m] with 0 above (below) diagonal k; 0 is the main one, positive ones lie above it.
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_tril, x._p, k)


def triu(x: Operand, k: int = 0) -> Tensor:
    """tensor *"""
    x = _tensor(x)
    return _op(x._c, lib.weir_triu, x._p, k)


def argmax(x: Operand, axis: int, keep: bool = False) -> Tensor:
    """The first place of the largest (smallest) along an axis, i64; NaN counts as the largest, and as
    the smallest. Of i64 and bool too, false before true.
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_argmax, x._p, axis, keep)


def argmin(x: Operand, axis: int, keep: bool = False) -> Tensor:
    """tensor *"""
    x = _tensor(x)
    return _op(x._c, lib.weir_argmin, x._p, axis, keep)


def mse_loss(x: Operand, y: Operand, reduction: Reduction = "mean") -> Tensor:
    """Of two tensors of one shape (no broadcasting: it hides mistakes). The mean of nothing is NaN.
    (x - y)^2
    """
    x, y = _together(x, y)
    return _op(x._c, lib.weir_mse_loss, x._p, y._p, _enum("weir_reduction", reduction))


def l1_loss(x: Operand, y: Operand, reduction: Reduction = "mean") -> Tensor:
    """|x - y|"""
    x, y = _together(x, y)
    return _op(x._c, lib.weir_l1_loss, x._p, y._p, _enum("weir_reduction", reduction))


def huber_loss(
    x: Operand,
    y: Operand,
    delta: float = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """With d = x - y: d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2)."""
    x, y = _together(x, y)
    return _op(x._c, lib.weir_huber_loss, x._p, y._p, delta, _enum("weir_reduction", reduction))


def smooth_l1_loss(
    x: Operand,
    y: Operand,
    beta: float = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """huber_loss / beta; l1_loss for 0"""
    x, y = _together(x, y)
    return _op(x._c, lib.weir_smooth_l1_loss, x._p, y._p, beta, _enum("weir_reduction", reduction))


def bce_with_logits(
    x: Operand,
    y: Operand,
    pos_weight: Optional[Operand] = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """- w y log s(x) - (1 - y) log(1 - s(x)) of logits x and probabilities y, s the sigmoid, without
    overflow; w = pos_weight (which broadcasts), 1 where NULL.
    """
    x, y, pos_weight = _together(x, y, pos_weight)
    return _op(
        x._c, lib.weir_bce_with_logits, x._p, y._p, pos_weight._p, _enum("weir_reduction",
        reduction)
    )


def cross_entropy(x: Operand, target: Operand, **options: Any) -> Tensor:
    """- w log softmax(x)[class]: x [N, classes, ..] and i64 classes [N, ..], or [classes] and [].
    Options NULL: the defaults. The mean is NaN where no place counts.
    """
    x, target = _together(x, target)
    o = _options("weir_cross_entropy_opts", options)
    return _op(x._c, lib.weir_cross_entropy, x._p, target._p, o)


def nll_loss(log_p: Operand, target: Operand, **options: Any) -> Tensor:
    """of log-probabilities"""
    log_p, target = _together(log_p, target)
    o = _options("weir_cross_entropy_opts", options)
    return _op(log_p._c, lib.weir_nll_loss, log_p._p, target._p, o)


def dropout(x: Operand, p: float = 0.5, training: bool = True) -> Tensor:
    """While training, each element of x is 0 with probability p and x / (1 - p) otherwise (axis 0
    samples, as above); else x itself.
    """
    x = _tensor(x)
    return _op(x._c, lib.weir_dropout, x._p, p, training)
