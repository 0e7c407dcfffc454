"""What tensors do by operators and methods: each is a function of `functional`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from ._weir import lib

if TYPE_CHECKING:
    from . import _by_hand, _ops
    from . import functional as _F
    from ._ops import DType, Operand, Tensor
else:  # set where these are complete
    _F = _ops = _by_hand = None


def _extents(shape: tuple) -> list[int]:
    one = shape[0] if len(shape) == 1 and not hasattr(shape[0], "__index__") else shape
    return [int(e) for e in one]


class Methods:
    """Of a tensor."""

    __slots__ = ()

    if TYPE_CHECKING:
        _p: Any
        _c: Any

        @property
        def shape(self) -> tuple[int, ...]: ...
        @property
        def ndim(self) -> int: ...
        @property
        def dtype(self) -> np.dtype: ...

    # -- arithmetic
    def __add__(self, y: Operand) -> Tensor:
        return self._affine(1.0, y) if type(y) in (int, float) else _F.add(self, y)

    def __radd__(self, y: Operand) -> Tensor:
        return self._affine(1.0, y) if type(y) in (int, float) else _F.add(y, self)

    def __sub__(self, y: Any) -> Tensor:
        return self._affine(1.0, -y) if type(y) in (int, float) else _F.sub(self, y)

    def __rsub__(self, y: Operand) -> Tensor:
        return self._affine(-1.0, y) if type(y) in (int, float) else _F.sub(y, self)

    def __mul__(self, y: Operand) -> Tensor:
        return self._affine(y, 0.0) if type(y) in (int, float) else _F.mul(self, y)

    def __rmul__(self, y: Operand) -> Tensor:
        return self._affine(y, 0.0) if type(y) in (int, float) else _F.mul(y, self)

    def _affine(self, scale: Any, shift: Any) -> Tensor:
        if self.dtype.kind != "f":
            a, b = _ops._together(self, scale)
            return _F.add(_F.mul(a, b), shift) if shift else _F.mul(a, b)
        return _ops._op(self._c, lib.weir_affine, self._p, scale, shift)

    def __truediv__(self, y: Operand) -> Tensor:
        return _F.div(self, y)

    def __rtruediv__(self, y: Operand) -> Tensor:
        return _F.div(y, self)

    def __pow__(self, y: Operand) -> Tensor:
        return _F.pow_scalar(self, y) if isinstance(y, (int, float)) else _F.pow(self, y)

    def __rpow__(self, y: Operand) -> Tensor:
        return _F.pow(*_ops._together(y, self))

    def __matmul__(self, y: Operand) -> Tensor:
        return _by_hand.matmul(self, y)

    def __rmatmul__(self, y: Operand) -> Tensor:
        return _by_hand.matmul(y, self)

    def __neg__(self) -> Tensor:
        return _F.neg(self)

    def __abs__(self) -> Tensor:
        return _F.abs(self)

    def __eq__(self, y: Any) -> Tensor:  # type: ignore[override]
        return _F.eq(self, y)

    def __ne__(self, y: Any) -> Tensor:  # type: ignore[override]
        return _F.ne(self, y)

    __hash__ = object.__hash__

    def __lt__(self, y: Operand) -> Tensor:
        return _F.lt(self, y)

    def __le__(self, y: Operand) -> Tensor:
        return _F.le(self, y)

    def __gt__(self, y: Operand) -> Tensor:
        return _F.gt(self, y)

    def __ge__(self, y: Operand) -> Tensor:
        return _F.ge(self, y)

    def __getitem__(self, index: Any) -> Tensor:
        return _by_hand._indexed(self, index)

    # -- shapes
    @property
    def T(self) -> Tensor:
        return self.transpose(0, 1) if self.ndim == 2 else _by_hand.permute(self, range(self.ndim)[::-1])

    @property
    def mT(self) -> Tensor:
        return self.transpose(-1, -2)

    def transpose(self, a: int, b: int) -> Tensor:
        return _F.transpose(self, a, b)

    def reshape(self, *shape: Any) -> Tensor:
        return _F.reshape(self, _extents(shape))

    def view(self, *shape: Any) -> Tensor:
        return _F.view(self, _extents(shape))

    def expand(self, *shape: Any) -> Tensor:
        wanted = _extents(shape)
        have = (1,) * (len(wanted) - self.ndim) + self.shape
        return _F.expand(self, [h if w == -1 else w for w, h in zip(wanted, have)])

    def permute(self, *axes: Any) -> Tensor:
        return _by_hand.permute(self, _extents(axes))

    def flatten(self, start: int = 0) -> Tensor:
        return self.reshape(*self.shape[:start], -1)

    def to(self, dtype: DType) -> Tensor:
        """Converted to another type."""
        return _F.cast(self, dtype)

    def float(self) -> Tensor:
        return self.to(np.float32)

    def double(self) -> Tensor:
        return self.to(np.float64)

    def long(self) -> Tensor:
        return self.to(np.int64)

    # -- over axes
    def sum(self, axis: Any = None, keepdim: bool = False, *, dim: Any = None) -> Tensor:
        axis = dim if axis is None else axis
        return _F.sum(self) if axis is None else _F.sum_axes(self, axis, keepdim)

    def mean(self, axis: Any = None, keepdim: bool = False, *, dim: Any = None) -> Tensor:
        axis = dim if axis is None else axis
        return _F.mean(self) if axis is None else _F.mean_axes(self, axis, keepdim)

    def var(self, axis: Any = None, correction: int = 1, keepdim: bool = False) -> Tensor:
        if axis is None:
            return _F.var(self, correction)
        return _F.var_axes(self, axis, correction, keepdim)

    def std(self, axis: Any = None, correction: int = 1, keepdim: bool = False) -> Tensor:
        return self.var(axis, correction, keepdim).sqrt()

    def max(self, axis: Optional[int] = None, keepdim: bool = False) -> Any:
        return _F.amax(self) if axis is None else _by_hand.max_axis(self, axis, keepdim)

    def min(self, axis: Optional[int] = None, keepdim: bool = False) -> Any:
        return _F.amin(self) if axis is None else _by_hand.min_axis(self, axis, keepdim)

    def softmax(self, axis: int = -1) -> Tensor:
        return _F.softmax(self, axis)

    def log_softmax(self, axis: int = -1) -> Tensor:
        return _F.log_softmax(self, axis)

    def logsumexp(self, axis: int, keepdim: bool = False) -> Tensor:
        return _F.logsumexp(self, axis, keepdim)

    def cumsum(self, axis: int) -> Tensor:
        return _F.cumsum(self, axis)

    def argmax(self, axis: int = -1) -> Tensor:
        return _F.argmax(self, axis)

    def pow(self, y: Operand) -> Tensor:
        return self ** y

    def clamp(self, lo: Optional[Any] = None, hi: Optional[Any] = None, *, min: Optional[Any] = None,
              max: Optional[Any] = None) -> Tensor:
        lo, hi = min if lo is None else lo, max if hi is None else hi
        infinity = np.inf
        return _F.clamp(self, -infinity if lo is None else lo, infinity if hi is None else hi)

    def unsqueeze(self, axis: int) -> Tensor:
        return _F.unsqueeze(self, axis)

    def squeeze(self, axis: int) -> Tensor:
        return _F.squeeze(self, axis)

    def exp(self) -> Tensor:
        return _F.exp(self)

    def log(self) -> Tensor:
        return _F.log(self)

    def sqrt(self) -> Tensor:
        return _F.sqrt(self)

    def square(self) -> Tensor:
        return _F.square(self)

    def abs(self) -> Tensor:
        return _F.abs(self)

    def sin(self) -> Tensor:
        return _F.sin(self)

    def cos(self) -> Tensor:
        return _F.cos(self)

    def tanh(self) -> Tensor:
        return _F.tanh(self)

    def sigmoid(self) -> Tensor:
        return _F.sigmoid(self)

    def relu(self) -> Tensor:
        return _F.relu(self)

    def det(self) -> Tensor:
        return _F.det(self)

    def inverse(self) -> Tensor:
        return _F.inverse(self)
