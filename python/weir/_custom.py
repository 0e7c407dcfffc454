"""Ops written in Python: a row whose callbacks are here. What an application keeps goes with a token,
a byte that is one more input: when the graph lets go of it, so do we."""

from __future__ import annotations

import threading
from typing import Any, Sequence

import numpy as np

from . import errors
from ._core import NULL, raised
from ._autograd import Function, no_grad
from ._make import tensor
from ._ops import OF_NUMPY, Tensor, _op, _tensor_in, _together, _wrap
from ._weir import ffi, lib

_ops: dict[tuple[type, int], Any] = {}
_applied: dict[int, "Application"] = {}
_alive = threading.local()


class Application:
    """One call: its inputs until it is made, its result, and what `forward` saved."""

    def __init__(self, function: type, context: Any):
        self.function, self.context = function, context
        self.handle = ffi.new_handle(self)
        self.token = ffi.new("uint8_t *")
        self.result: Any = None
        self.inputs = 0
        self.call = Function.Context()
        self.saved: list[Any] = []


@ffi.def_extern()
def weirpy_token(user: Any, data: Any) -> None:
    _applied.pop(int(ffi.cast("intptr_t", user)), None)


def _of(attr: Any) -> Application:
    return ffi.from_handle(ffi.cast("void **", attr)[0])


@ffi.def_extern(error=False, onerror=raised)
def weirpy_infer(k: Any) -> bool:
    spec, result = k.spec[0], _of(k.attr).result
    spec.dtype = OF_NUMPY[result.dtype]
    spec.ndim = result.ndim
    for i, extent in enumerate(result.shape):
        spec.shape[i] = extent
    return True


@ffi.def_extern(onerror=raised)
def weirpy_forward(k: Any) -> None:
    lib.weir_copy_(lib.weir_detach(k.out[0]), _of(k.attr).result._p)


@ffi.def_extern(onerror=raised)
def weirpy_backward(v: Any) -> None:
    a = _of(v.attr)
    c = a.context
    try:
        gradient = _wrap(c, lib.weir_retain(v.gout[0]))
        call = Function.Context()
        call.__dict__.update(a.call.__dict__)
        call.saved_tensors = tuple(_restored(c, v, s) for s in a.saved)
        made = a.function.backward(call, gradient)  # type: ignore[attr-defined]
        _set(v, a, made if isinstance(made, tuple) else (made,))
    except BaseException as e:
        raised(None, e, None)
        line = str(e).split("\n")[0] or type(e).__name__
        lib.weir_fail_text(c.p, lib.WEIR_ERROR_VALUE, f"{a.function.__name__}.backward: {line}".encode())


def _restored(c: Any, v: Any, saved: Any) -> Any:
    """An input or the output as the graph has it, so that second derivatives reach it."""
    kind, value = saved
    if kind == "in":
        return _wrap(c, lib.weir_retain(lib.weir_vjp_in(v, value)))
    return _wrap(c, lib.weir_retain(lib.weir_vjp_out(v, 0))) if kind == "out" else value


def _set(v: Any, a: Application, gradients: Sequence[Any]) -> None:
    if len(gradients) != a.inputs:
        raise errors.ArgumentError(f"{len(gradients)} gradients: expected {a.inputs}, one of each input")
    for i, g in enumerate(gradients):
        if g is not None and lib.weir_vjp_needs(v, i):
            g = _tensor_in(a.context, g)
            kept = _alive.__dict__.setdefault("tensors", [])
            kept.append(g)
            del kept[:-256]
            lib.weir_vjp_set(v, i, g._p)


def _row(function: type, n: int) -> Any:
    """The op of a class and a number of inputs; it lives as long as the process."""
    key = (function, n)
    if key not in _ops:
        op = ffi.new("weir_op *")
        name = ffi.new("char[]", f"op.{function.__name__}".encode())
        doc = ffi.new("char[]", b"an op of the program's own")
        op.row.size, op.row.version, op.row.name, op.row.doc = ffi.sizeof("weir_op"), 1, name, doc
        op.n_in, op.n_out, op.save_in, op.save_out = n + 1, 1, 0xffffffff, 1
        op.attr_size = ffi.sizeof("void *")
        op.infer, op.forward, op.backward = lib.weirpy_infer, lib.weirpy_forward, lib.weirpy_backward
        _ops[key] = (op, name, doc)
    return _ops[key][0]


def apply(function: type, inputs: Sequence[Any]) -> Tensor:
    tensors = _together(*inputs)
    c = tensors[0]._c
    a = Application(function, c)
    call = a.call
    a.inputs = len(tensors)
    with no_grad():
        plain = [t.detach() for t in tensors]
        result = function.forward(call, *plain)  # type: ignore[attr-defined]
        a.result = result if isinstance(result, Tensor) else tensor(np.asarray(result), where=c)
    for s in call.saved_tensors:
        at = next((i for i, p in enumerate(plain) if p is s), None)
        a.saved.append(("in", at) if at is not None else ("out", 0) if s is result else ("value", s))
    call.saved_tensors = ()
    key = int(ffi.cast("intptr_t", a.handle))
    _applied[key] = a
    attr = ffi.new("void **", a.handle)
    one = ffi.new("int64_t[]", [1])
    token = _op(c, lib.weir_tensor_wrap, c.p, lib.WEIR_U8, a.token, 1, one, NULL, lib.weirpy_token, a.handle)
    all_inputs = ffi.new("weir_tensor *[]", [t._p for t in tensors] + [token._p])
    y = _op(c, lib.weir_apply, _row(function, len(tensors)), len(tensors) + 1, all_inputs, attr)
    a.result = None
    return y
