"""What is written by hand of weir/ops.h, and indexing."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from . import errors
from ._make import tensor
from ._ops import Ints, Operand, Tensor, _ints, _op, _op_multi, _options, _tensor, _together
from ._weir import ffi, lib

def matmul(a: Operand, b: Operand) -> Tensor:
    """[.., m, k] x [.., k, n]; vectors as in NumPy."""
    a, b = _together(a, b)
    left, right = a.ndim == 1, b.ndim == 1
    y = _F.matmul(a.unsqueeze(0) if left else a, b.unsqueeze(1) if right else b)
    if right:
        y = y.squeeze(-1)
    return y.squeeze(-1 if right else -2) if left else y


def permute(x: Operand, axes: Sequence[int]) -> Tensor:
    """Axes in another order."""
    x = _tensor(x)
    if len(axes) != x.ndim:
        raise errors.ShapeError(f"permute: {list(axes)}: expected {x.ndim} axes")
    return _op(x._c, lib.weir_permute, x._p, _ints("int[]", axes))


def split(x: Operand, sizes: Ints, axis: int = 0) -> tuple[Tensor, ...]:
    """Pieces along an axis, of the sizes given, or all of one size."""
    x = _tensor(x)
    extent = x.shape[axis]
    if isinstance(sizes, int):
        sizes = [min(sizes, extent - i) for i in range(0, extent, sizes)]
    out, start = [], 0
    if sum(sizes) != extent:
        raise errors.ShapeError(f"split: {list(sizes)}: expected sizes that sum to {extent}")
    for size in sizes:
        out.append(_F.slice(x, axis, start, start + size, 1))
        start += size
    return tuple(out)


def chunk(x: Operand, n: int, axis: int = 0) -> tuple[Tensor, ...]:
    """At most n pieces of equal extent, the last one maybe smaller."""
    x = _tensor(x)
    return split(x, -(-x.shape[axis] // n), axis)


def roll(x: Operand, by: Ints, axes: Ints) -> Tensor:
    """y[(i + by) mod extent] = x[i] along each axis."""
    x = _tensor(x)
    n, at = _ints("int64_t[]", by), _ints("int[]", axes)
    if len(n) != len(at):
        raise errors.ShapeError(f"roll: {len(n)} places along {len(at)} axes: expected one for each axis")
    return _op(x._c, lib.weir_roll, x._p, len(at), n, at)


def _pads(name: str, pads: Sequence[int]) -> Any:
    """Pairs of an axis each, and how many."""
    if len(pads) % 2:
        raise errors.ShapeError(f"{name}: {len(pads)} places: expected two for each axis, before and after")
    return len(pads) // 2, _ints("int64_t[]", pads)


def pad(x: Operand, pads: Sequence[int], value: float = 0.0) -> Tensor:
    """Places before and after x, from the last axis on, filled with a value."""
    x = _tensor(x)
    return _op(x._c, lib.weir_pad, x._p, *_pads("pad", pads), value)


def pad_reflect(x: Operand, pads: Sequence[int]) -> Tensor:
    """The same, with x mirrored without repeating the edge."""
    x = _tensor(x)
    return _op(x._c, lib.weir_pad_reflect, x._p, *_pads("pad_reflect", pads))


def pad_replicate(x: Operand, pads: Sequence[int]) -> Tensor:
    """The same, with the edge repeated."""
    x = _tensor(x)
    return _op(x._c, lib.weir_pad_replicate, x._p, *_pads("pad_replicate", pads))


def conv2d_input(g: Operand, w: Operand, height: int, width: int, **options: Any) -> Tensor:
    """The gradient of conv2d for its input: transposed convolution."""
    g, w = _together(g, w)
    return _op(g._c, lib.weir_conv2d_input, g._p, w._p, height, width, _options("weir_conv2d_opts", options))


def conv2d_weight(x: Operand, g: Operand, kernel: Sequence[int], **options: Any) -> Tensor:
    """The gradient of conv2d for its weights."""
    x, g = _together(x, g)
    if len(kernel) != 2:
        raise errors.ShapeError(f"conv2d_weight: kernel {list(kernel)}: expected height and width")
    return _op(x._c, lib.weir_conv2d_weight, x._p, g._p, _ints("int64_t[]", kernel),
               _options("weir_conv2d_opts", options))


def max_axis(x: Operand, axis: int, keep: bool = False) -> tuple[Tensor, Tensor]:
    """The largest values along an axis, and their places."""
    x, out = _tensor(x), ffi.new("weir_tensor **")
    return _op_multi(x._c, True, (out,), lib.weir_max_axis, x._p, axis, keep, out)  # type: ignore


def min_axis(x: Operand, axis: int, keep: bool = False) -> tuple[Tensor, Tensor]:
    """The smallest values along an axis, and their places."""
    x, out = _tensor(x), ffi.new("weir_tensor **")
    return _op_multi(x._c, True, (out,), lib.weir_min_axis, x._p, axis, keep, out)  # type: ignore


def rq_spline(x: Operand, h: Operand, inverse: bool = False, **options: Any) -> tuple[Tensor, Tensor]:
    """A rational-quadratic spline of every x, or its inverse, and the log of its slope."""
    x, h = _together(x, h)
    out = ffi.new("weir_tensor **")
    return _op_multi(x._c, True, (out,), lib.weir_rq_spline, x._p, h._p,  # type: ignore
                     _options("weir_rq_spline_opts", options), inverse, out)


def _indexed(x: Any, index: Any) -> Tensor:
    """Integers, slices, None, .. ; one array of integers, or of booleans, along one axis."""
    parts = list(index) if isinstance(index, tuple) else [index]
    axes = sum(p is not None and p is not Ellipsis for p in parts)
    if Ellipsis in [p for p in parts if not isinstance(p, (Tensor, np.ndarray))]:
        at = next(i for i, p in enumerate(parts) if p is Ellipsis)
        parts[at:at + 1] = [slice(None)] * (x.ndim - axes)
    axis = arrays = 0
    for part in parts:
        if part is None:
            x = _F.unsqueeze(x, axis)
        elif isinstance(part, slice):
            x, axis = _sliced(x, axis, part), axis + 1
            continue
        elif not isinstance(part, (bool, np.bool_)) and hasattr(part, "__index__") \
                and not (isinstance(part, (np.ndarray, Tensor)) and part.ndim):
            x = _F.select(x, axis, int(part))
            continue
        else:
            arrays += 1
            if arrays > 1:
                raise errors.ArgumentError("index: two arrays: expected one, along one axis")
            i = _places(part.detach() if isinstance(part, Tensor) else part, x.shape, axis)
            x = _F.index_select(x, axis, tensor(i, where=x._c))
        axis += 1
    return x


def _places(part: Any, shape: tuple[int, ...], axis: int) -> np.ndarray:
    """One array of integers or booleans along an axis as places from 0."""
    i = np.asarray(part)
    if axis >= len(shape):
        raise errors.ShapeError(f"index: axis {axis} of a tensor of rank {len(shape)}: expected one of its axes")
    if i.size == 0 and isinstance(part, (list, tuple)):
        i = i.astype(np.int64)
    if i.ndim != 1 or i.dtype.kind not in "biu":
        raise errors.ShapeError(f"index: {i.dtype} {list(i.shape)}: expected integers or booleans, one axis of them")
    if i.dtype.kind != "b":
        return np.where(i < 0, i + shape[axis], i).astype(np.int64)
    if len(i) != shape[axis]:
        raise errors.ShapeError(f"index: {len(i)} booleans: expected {shape[axis]}, as axis {axis} has places")
    return np.flatnonzero(i)


def _sliced(x: Tensor, axis: int, s: slice) -> Tensor:
    if s == slice(None):
        return x
    start, stop, step = s.indices(x.shape[axis])
    if step < 1:
        raise errors.RangeError(f"slice: step {step}: expected 1 or more (flip turns an axis round)")
    return _F.slice(x, axis, start, max(start, stop), step)


from . import functional as _F  # noqa: E402
