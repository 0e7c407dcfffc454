"""Tensors: weir/tensor.h and weir/grad.h with Python's operators.

Each result is kept out of a scope of its own, so that memory goes back when Python is done with it.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, Callable, Iterator, Literal, Optional, Sequence, Union

import numpy as np

from . import _arrays, _methods, errors
from ._core import NULL, Context, Handle, context_of, text
from ._data import DTYPES
from ._methods import Methods
from ._weir import ffi, lib

Operand = Union[Methods, float, np.ndarray, Sequence[Any]]
Ints = Union[int, Sequence[int]]
Reduction = Literal["mean", "sum", "none"]
DType = Any

float32, float64, int64 = np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int64)
OF_NUMPY = {np.dtype(v): k for k, v in DTYPES.items()}
_enums: dict[str, dict[str, int]] = {}
NAMES: dict[str, Any] = {"f32": float32, "f64": float64, "i64": int64, "bf16": "bf16", "f16": np.float16}

# -- calls -----------------------------------------------------------------------------------------
_modes = threading.local()
_begin, _end, _end_with, _new = lib.weirpy_begin, lib.weirpy_end, lib.weirpy_end_with, object.__new__


def _wrap(c: Context, p: Any) -> "Tensor":
    t = _new(Tensor)
    t._take(c, p)
    return t


def _enter(c: Context) -> None:
    if not _begin(c.scopes, getattr(_modes, "no_grad", False)):
        raise errors.StateError("scopes: deeper than 64: expected fewer calls within one another")


def _op(c: Context, f: Callable[..., Any], *arguments: Any) -> "Tensor":
    """f(*arguments) as a Tensor, or its error as an exception."""
    with c.lock:
        _enter(c)
        try:
            y = f(*arguments)
        except BaseException:
            _end(c.scopes)
            raise
        y = _end_with(c.scopes, y)
        if not y or c.lines:
            c.check()
        return _wrap(c, y)


def _op_multi(c: Context, gives: bool, outs: tuple, f: Callable[..., Any], *arguments: Any) -> tuple:
    """The same of calls that write tensors through pointers, after what they return."""
    with c.lock:
        _enter(c)
        try:
            y = f(*arguments)
            made = ([y] if gives else []) + [o[0] for o in outs]
            for p in made:
                lib.weir_retain(p)
        finally:
            _end(c.scopes)
        c.check()
        return tuple(_wrap(c, p) for p in made)


def _tensor(x: Any) -> "Tensor":
    return x if isinstance(x, Tensor) else tensor(x)


def _tensor_in(c: Context, x: Any) -> "Tensor":
    return x if isinstance(x, Tensor) else tensor(x, where=c)


class _None:
    """In the place of a tensor that is not given."""

    _p = NULL


_NONE: Any = _None()


def _together(*operands: Any) -> list["Tensor"]:
    """Operands as tensors of one context; numbers take the type of the first tensor."""
    like = next((x for x in operands if isinstance(x, Tensor)), None)
    if like is None:
        like = tensor(operands[0])
    out = []
    for x in operands:
        if isinstance(x, Tensor):
            out.append(x)
        elif x is None:
            out.append(_NONE)
        elif isinstance(x, (bool, int, float)):
            out.append(_op(like._c, lib.weir_scalar, like._c.p, lib.weir_dtype_of(like._p), x))
        else:
            x = _arrays.foreign(x)
            dtype = like.dtype if x.dtype.kind == "f" or like.dtype.kind == "f" else None
            out.append(tensor(x, dtype=dtype, where=like._c))
    return out


def _ints(kind: str, values: Ints) -> Any:
    if isinstance(values, int) or hasattr(values, "__index__"):
        values = (values,)  # type: ignore[assignment]
    return ffi.new(kind, [int(v) for v in values])  # type: ignore[union-attr]


def _pointers(tensors: Sequence["Tensor"]) -> Any:
    return ffi.new("weir_tensor *[]", [t._p for t in tensors])


def _dtype_of(t: Any) -> int:
    if t == "bf16":
        return lib.WEIR_BF16
    try:
        return OF_NUMPY[np.dtype(NAMES.get(t, t) if isinstance(t, str) else t)]
    except (KeyError, TypeError):
        raise errors.DTypeError(f"{t}: expected float32, float64, int64, int32, uint8, bool, "
                                "float16 or \"bf16\"") from None


def _enum(kind: str, value: Any) -> int:
    if kind == "weir_dtype":
        return _dtype_of(value)
    if kind not in _enums:  # WEIR_REDUCE_MEAN is "mean"
        values = ffi.typeof(kind).relements
        shared = os.path.commonprefix(list(values)).rpartition("_")[0] + "_"
        _enums[kind] = {name[len(shared):].lower(): v for name, v in values.items()}
    try:
        return _enums[kind][str(value)]
    except KeyError:
        raise errors.NameUnknown(f"{value}: expected one of {', '.join(_enums[kind])}") from None


DEFAULTS_OF = {"weir_conv2d_opts": lambda: lib.weir_conv2d_defaults(),
               "weir_pool2d_opts": lambda: lib.weir_pool2d_defaults(2),
               "weir_cross_entropy_opts": lambda: lib.weir_cross_entropy_defaults(),
               "weir_rq_spline_opts": lambda: lib.weir_rq_spline_defaults()}


def _options(kind: str, said: dict[str, Any]) -> Any:
    """An option struct with what is said by name; pairs may be one number."""
    o = ffi.new(kind + " *")
    o[0] = DEFAULTS_OF[kind]()
    fields = dict(ffi.typeof(kind).fields)
    if kind == "weir_pool2d_opts" and "kernel" in said:
        said.setdefault("stride", said["kernel"])
    for name, value in said.items():
        if name not in fields or name == "size":
            raise errors.NameUnknown(f"{name}: expected one of {', '.join(n for n in fields if n != 'size')}")
        of = fields[name].type
        if of.kind == "array":
            value = [value] * of.length if isinstance(value, int) else list(value)
        elif of.kind == "enum":
            value = _enum(of.cname.rpartition(" ")[2], value)
        elif isinstance(value, Tensor):
            value = value._p
        setattr(o, name, value)
    return o


# -- tensors ---------------------------------------------------------------------------------------
class Tensor(Methods, Handle):
    """An array that remembers how it was made, so that `backward` finds its gradients.

    `weir.tensor(values)` makes one; operators, methods and `weir.functional` make others. Types do
    not change of themselves: float32 with float64 is an error; numbers take the tensor's type.
    `numpy()` shares memory.
    """

    __slots__ = ("_module",)
    _module: Any
    __array_priority__ = 100
    _is_weir_tensor = True

    def __new__(cls, *arguments: Any, **said: Any) -> "Tensor":
        return tensor(*arguments, **said)

    # -- looking
    @property
    def shape(self) -> tuple[int, ...]:
        n = lib.weir_ndim(self._p)
        return tuple(lib.weir_shape(self._p)[0:n])

    @property
    def ndim(self) -> int:
        return lib.weir_ndim(self._p)

    @property
    def dtype(self) -> np.dtype:
        t = lib.weir_dtype_of(self._p)
        return np.dtype(DTYPES.get(t, np.void))

    @property
    def context(self) -> Context:
        return self._c

    @property
    def requires_grad(self) -> bool:
        return lib.weir_requires_grad(self._p)

    @requires_grad.setter
    def requires_grad(self, yes: bool) -> None:
        self.requires_grad_(yes)

    @property
    def is_leaf(self) -> bool:
        return lib.weir_is_leaf(self._p)

    @property
    def grad_fn(self) -> Optional[str]:
        """The op that made it, "op.mul"; None of a leaf."""
        return text(lib.weir_grad_fn_name(self._p)) or None

    @property
    def grad(self) -> Optional["Tensor"]:
        """The gradient that has added up in a leaf; None while there is none."""
        with self._c.lock:
            g = lib.weir_grad_of(self._p)
            if lib.weir_is_nil(g):
                return None
            return _wrap(self._c, lib.weir_retain(g))

    @grad.setter
    def grad(self, value: None) -> None:
        if value is not None:
            raise errors.ArgumentError("grad: expected None, which forgets it")
        with self._c.lock:
            lib.weir_zero_grad(self._p)

    def numel(self) -> int:
        return lib.weir_numel(self._p)

    def size(self, axis: Optional[int] = None) -> Any:
        return self.shape if axis is None else self.shape[axis]

    def dim(self) -> int:
        return self.ndim

    def item(self) -> Any:
        """Its one element as a number."""
        if self.numel() != 1:
            raise errors.ShapeError(f"item: {list(self.shape)}: expected one element")
        v = lib.weir_item(self._p)
        kind = self.dtype.kind
        return v if kind == "f" or kind == "V" else bool(v) if kind == "b" else int(v)

    def tolist(self) -> Any:
        return self.numpy().tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iu":
            raise TypeError(f"{self.dtype}: expected an integer")
        return int(self.item())

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("a tensor without axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator["Tensor"]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        with self._c.lock:
            n = lib.weir_format(self._p, NULL, 0)
            buffer = ffi.new("char[]", n + 1)
            lib.weir_format(self._p, buffer, n + 1)
        values = text(buffer).rpartition("  ")[0].replace("\n", "\n       ")
        fn = self.grad_fn
        more = f", grad_fn={fn}" if fn else ", requires_grad=True" if self.requires_grad else ""
        dtype = "" if self.dtype == float32 else f", dtype={self.dtype}"
        return f"tensor({values}{dtype}{more})"

    # -- memory
    def numpy(self) -> np.ndarray:
        """Its values where they lie, read-only; a copy of bf16. An error where it has history."""
        if self.requires_grad and not self.is_leaf:
            raise errors.GraphError("numpy: a tensor with history: expected detach() first")
        return self._view()

    def _view(self) -> np.ndarray:
        if self.dtype.kind == "V":
            return self.to("f32")._view()
        size = self.dtype.itemsize
        n = self.numel()
        if n == 0:
            return np.empty(self.shape, self.dtype)
        with self._c.lock:
            p = lib.weir_data(self._p)
            if not p:
                self._c.check()
        strides = tuple(s * size for s in lib.weir_strides(self._p)[0:self.ndim])
        return np.asarray(_Memory(self, int(ffi.cast("uintptr_t", p)), strides))

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        out = self.numpy()
        return np.array(out, dtype=dtype, copy=True) if copy else out if dtype is None else out.astype(dtype, copy=False)

    def __dlpack__(self, **said: Any) -> Any:
        a = self.numpy()
        a = a.copy() if not said else a
        return a.__dlpack__(**said)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)

    def copy_(self, source: Operand) -> "Tensor":
        """Its values become those of `source`, in place."""
        return self._in_place(lib.weir_copy_, source)

    def add_(self, y: Operand) -> "Tensor":
        return self._in_place(lib.weir_add_, y)

    def mul_(self, y: Operand) -> "Tensor":
        return self._in_place(lib.weir_mul_, y)

    def fill_(self, value: float) -> "Tensor":
        return self._mutate(lib.weir_fill_, value)

    def zero_(self) -> "Tensor":
        return self.fill_(0)

    def _in_place(self, f: Any, y: Operand) -> "Tensor":
        _, other = _together(self, y)
        return self._mutate(f, other._p)

    def _mutate(self, f: Any, *arguments: Any) -> "Tensor":
        c = self._c
        with c.lock:
            _enter(c)
            f(self._p, *arguments)
            _end(c.scopes)
            c.check()
        return self

    __iadd__ = add_
    __imul__ = mul_

    def __isub__(self, y: Operand) -> "Tensor":  # type: ignore[misc]
        return self.add_(-y if isinstance(y, (int, float)) else _methods._F.neg(y))

    # -- gradients
    def requires_grad_(self, yes: bool = True) -> "Tensor":
        with self._c.lock:
            lib.weir_set_requires_grad(self._p, yes)
            self._c.check()
        return self

    def backward(self, gradient: Optional[Operand] = None, retain_graph: bool = False) -> None:
        """d self / d leaves, added to the leaves' `grad`."""
        vector = _NONE if gradient is None else _together(self, gradient)[1]
        c = self._c
        with c.lock:
            _enter(c)
            try:
                lib.weir_backward_with(self._p, vector._p, retain_graph)
            finally:
                _end(c.scopes)
            c.check()

    def detach(self) -> "Tensor":
        """The same memory without history."""
        return _op(self._c, lib.weir_detach, self._p)

    def clone(self) -> "Tensor":
        """A copy, with history."""
        return _op(self._c, lib.weir_affine, self._p, 1.0, 0.0)

    def dot_graph(self) -> str:
        """The graph behind it as text for Graphviz (`dot -Tsvg`)."""
        with self._c.lock:
            p = lib.weirpy_dot(self._p)
            if not p:
                raise self._c.fail()
            out = text(p)
            lib.free(p)
        return out


class _Memory:
    """A tensor's memory as NumPy's array interface describes it; keeps the tensor."""

    def __init__(self, tensor: Tensor, address: int, strides: tuple[int, ...]):
        self.tensor = tensor
        self.__array_interface__ = {
            "version": 3, "data": (address, True), "shape": tensor.shape, "strides": strides,
            "typestr": tensor.dtype.str,
        }


# What stands above is what these are made of.
from ._make import (  # noqa: E402,F401
    arange, as_tensor, eye, from_numpy, full, linspace, ones, rand, randn, tensor, zeros,
)
from ._by_hand import chunk, matmul, split  # noqa: E402,F401
from ._autograd import Function, autograd, enable_grad, grad, no_grad  # noqa: E402,F401
from . import functional as _F  # noqa: E402

from . import _by_hand  # noqa: E402

_methods._F, _methods._by_hand, _methods._ops = _F, _by_hand, sys.modules[__name__]  # type: ignore
