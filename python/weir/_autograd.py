"""Gradients: weir/grad.h by PyTorch's names."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Optional

import numpy as np

from . import errors
from ._core import NULL
from ._make import tensor
from ._ops import Operand, Tensor, _end, _enter, _modes, _op, _op_multi, _pointers, _together, _wrap, float64
from ._weir import ffi, lib
class no_grad(contextlib.ContextDecorator):
    """Inside, ops record no gradients; of this thread alone."""

    yes = True

    def __enter__(self) -> None:
        stack = _modes.__dict__.setdefault("stack", [])
        stack.append(getattr(_modes, "no_grad", False))
        _modes.no_grad = self.yes

    def __exit__(self, *_: Any) -> None:
        _modes.no_grad = _modes.stack.pop()


class enable_grad(no_grad):
    """Inside, ops record gradients again."""

    yes = False


def grad(outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: Optional[bool] = None,
         create_graph: bool = False, allow_unused: bool = True) -> tuple[Optional[Tensor], ...]:
    """grad_outputs^T d outputs / d inputs, one of each input; None where unconnected. Leaves' own
    gradients are not touched."""
    ys = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    xs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    vs = NULL
    if grad_outputs is not None:
        given = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
        if len(given) != len(ys):
            raise errors.ShapeError(f"grad: {len(given)} grad_outputs: expected {len(ys)}, one of each output")
        vs = ffi.new("weir_tensor *[]", [NULL if v is None else v._p for v in given])
    if not ys:
        raise errors.ArgumentError("grad: no outputs: expected one or more")
    out, c = ffi.new("weir_tensor *[]", len(xs)), ys[0]._c
    keep = create_graph if retain_graph is None else retain_graph
    with c.lock:
        _enter(c)
        try:
            lib.weir_grad(len(ys), _pointers(ys), len(xs), _pointers(xs), vs, create_graph, keep, out)
            made = [None if not p or lib.weir_is_nil(p) else lib.weir_retain(p) for p in out]
        finally:
            _end(c.scopes)
        c.check()
        gradients = tuple(None if p is None else _wrap(c, p) for p in made)
    if not allow_unused and None in gradients:
        raise errors.GraphError("grad: an input that no output depends on: expected none, or allow_unused")
    return gradients


def jacobian(f: Any, x: Tensor, create_graph: bool = False) -> Tensor:
    """d f(x) / d x, of shape [f's axes, x's axes]; f may be a tensor made of x."""
    x, y = _function_at(f, x)
    return _op(y._c, lib.weir_jacobian, y._p, x._p, create_graph)


def hessian(f: Any, x: Tensor, create_graph: bool = False) -> Tensor:
    """The second derivatives of a scalar, [x's axes, x's axes]."""
    x, y = _function_at(f, x)
    return _op(y._c, lib.weir_hessian, y._p, x._p, create_graph)


def jvp(f: Any, x: Tensor, v: Operand, create_graph: bool = False) -> tuple[Tensor, Tensor]:
    """(f(x), d f(x) / d x v)."""
    x, y = _function_at(f, x)
    v, out = _together(x, v)[1], ffi.new("weir_tensor **")
    xs, vs, ys = _pointers([x]), _pointers([v]), _pointers([y])
    (jv,) = _op_multi(y._c, False, (out,), lib.weir_jvp, 1, ys, 1, xs, vs, create_graph, out)
    return y, jv


def _function_at(f: Any, x: Tensor) -> tuple[Tensor, Tensor]:
    if isinstance(f, Tensor):
        return x, f
    x = x if x.requires_grad else x.detach().requires_grad_()
    return x, f(x)


def gradcheck(f: Callable[..., Tensor], inputs: Any, step: float = 1e-5, tolerance: float = 1e-6) -> bool:
    """Compares gradients of f with central differences, in float64; an exception says where not."""
    xs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    xs = [x.detach().to(float64).requires_grad_() for x in xs]
    y = f(*xs)
    direction = tensor(np.random.default_rng(1).normal(size=y.shape), where=y._c)
    gradients = grad((y * direction).sum(), xs)
    with no_grad():
        for i, (x, g) in enumerate(zip(xs, gradients)):
            _check_input(lambda v: f(*xs[:i], v, *xs[i + 1:]), x, g, direction, i, step, tolerance)
    return True


def _check_input(f: Any, x: Tensor, g: Optional[Tensor], direction: Tensor, i: int, step: float,
                 tolerance: float) -> None:
    at, found = x.detach().numpy().copy(), np.zeros(x.shape) if g is None else g.detach().numpy()
    for place in np.ndindex(*x.shape):
        h, values = step * (1 + abs(at[place])), []
        for sign in (1, -1):
            moved = at.copy()
            moved[place] += sign * h
            values.append((f(tensor(moved, where=x._c)) * direction).sum().item())
        numeric = (values[0] - values[1]) / (2 * h)
        if abs(found[place] - numeric) > tolerance * (1 + abs(numeric)):
            raise errors.BadValue(f"gradcheck: input {i} at {place}: {found[place]:.9g}: "
                                  f"expected {numeric:.9g}")


# -- ops of one's own ------------------------------------------------------------------------------
class Function:
    """An op in Python: a class with `forward(ctx, *inputs)` and `backward(ctx, *gradients)`, arrays in
    and out (NumPy's). `apply` calls it.

    >>> import numpy as np, weir
    >>> class Cube(weir.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x ** 3
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return 3 * x ** 2 * g
    >>> x = weir.tensor([1.0, 2.0], requires_grad=True)
    >>> Cube.apply(x).sum().backward()
    >>> x.grad
    tensor([3, 12])
    """

    class Context:
        saved_tensors: tuple = ()

        def save_for_backward(self, *saved: Any) -> None:
            self.saved_tensors = saved

    @classmethod
    def apply(cls, *inputs: Any) -> Tensor:
        from ._custom import apply

        return apply(cls, inputs)


class autograd:
    """Gradients by name, as in PyTorch: `weir.autograd.grad`, `Function`, `functional`."""

    grad = staticmethod(grad)
    Function = Function
    gradcheck = staticmethod(gradcheck)

    class functional:
        jacobian = staticmethod(jacobian)
        hessian = staticmethod(hessian)
        jvp = staticmethod(jvp)
