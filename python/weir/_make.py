"""Making tensors."""

from __future__ import annotations

from typing import Any, Optional, Sequence

import numpy as np

from . import _arrays
from ._core import Context, context_of
from ._methods import _extents
from ._ops import NAMES, DType, Tensor, _dtype_of, _op, float32, int64
from ._weir import ffi, lib

def tensor(values: Any, *, dtype: DType = None, requires_grad: bool = False,
           where: Any = None) -> Tensor:
    """A copy of values. Python numbers become float32, or int64; arrays keep their type.

    >>> import weir
    >>> w = weir.tensor([2.0, 3.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> w.grad
    tensor([4, 6])
    """
    if isinstance(values, Tensor):
        x = values.detach().numpy()
    else:
        x = _arrays.foreign(values)
        if dtype is None and not hasattr(values, "dtype") and x.dtype.kind == "f":
            x = x.astype(np.float32)
    if isinstance(dtype, str) and dtype == "bf16":
        return tensor(x.astype(np.float32), where=where).to("bf16")
    if dtype is not None:
        x = x.astype(NAMES.get(dtype, dtype) if isinstance(dtype, str) else dtype)
    t = _dtype_of(x.dtype)
    x = np.ascontiguousarray(x) if x.ndim else x.copy()
    out = _uninitialised(context_of(where), t, x.shape)
    if x.size:
        with out._c.lock:
            ffi.memmove(lib.weir_data_mut(out._p), ffi.from_buffer(x.reshape(-1)), x.nbytes)
    return out.requires_grad_() if requires_grad else out


def as_tensor(x: Any, *, dtype: DType = None, where: Any = None) -> Tensor:
    """x itself where it is a tensor, else `tensor(x)`."""
    return x if isinstance(x, Tensor) else tensor(x, dtype=dtype, where=where)


def from_numpy(x: np.ndarray) -> Tensor:
    return tensor(x)


def _uninitialised(c: Context, t: int, shape: Sequence[int]) -> Tensor:
    return _op(c, lib.weir_empty, c.p, t, len(shape), ffi.new("int64_t[]", list(shape)))


def _made(f: Any, shape: tuple, dtype: DType, requires_grad: bool, where: Any, *more: Any) -> Tensor:
    c, extents = context_of(where), _extents(shape)
    out = _op(c, f, c.p, _dtype_of(float32 if dtype is None else dtype), len(extents),
              ffi.new("int64_t[]", extents), *more)
    return out.requires_grad_() if requires_grad else out


def zeros(*shape: Any, dtype: DType = None, requires_grad: bool = False, where: Any = None) -> Tensor:
    """Zeros of a shape."""
    return _made(lib.weir_zeros, shape, dtype, requires_grad, where)


def ones(*shape: Any, dtype: DType = None, requires_grad: bool = False, where: Any = None) -> Tensor:
    """Ones of a shape."""
    return _made(lib.weir_ones, shape, dtype, requires_grad, where)


def full(shape: Any, value: float, *, dtype: DType = None, requires_grad: bool = False,
         where: Any = None) -> Tensor:
    """One value in every place."""
    return _made(lib.weir_full, (shape,), dtype, requires_grad, where, value)


def rand(*shape: Any, dtype: DType = None, requires_grad: bool = False, where: Any = None) -> Tensor:
    """Uniform on [0, 1)."""
    return _made(lib.weir_rand, shape, dtype, requires_grad, where)


def randn(*shape: Any, dtype: DType = None, requires_grad: bool = False, where: Any = None) -> Tensor:
    """Standard normal."""
    return _made(lib.weir_randn, shape, dtype, requires_grad, where)


def arange(start: float, stop: Optional[float] = None, step: float = 1, *, dtype: DType = None,
           where: Any = None) -> Tensor:
    """start, start + step, .. before stop; int64 of integers."""
    start, stop = (0, start) if stop is None else (start, stop)
    whole = all(isinstance(v, int) for v in (start, stop, step))
    c = context_of(where)
    t = _dtype_of(dtype if dtype is not None else int64 if whole else float32)
    return _op(c, lib.weir_range, c.p, t, start, stop, step)


def linspace(first: float, last: float, n: int, *, dtype: DType = None, where: Any = None) -> Tensor:
    """n values, evenly spaced, both ends."""
    c = context_of(where)
    return _op(c, lib.weir_linspace, c.p, _dtype_of(dtype or float32), first, last, n)


def eye(n: int, *, dtype: DType = None, where: Any = None) -> Tensor:
    """[n, n]: 1 on the diagonal."""
    c = context_of(where)
    return _op(c, lib.weir_eye, c.p, _dtype_of(dtype or float32), n)
