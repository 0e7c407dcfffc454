"""Optimizers and averages (weir/optim.h)."""

from __future__ import annotations

from typing import Any, Mapping, Optional

from . import errors
from ._core import Handle, text, utf8
from ._module import Module, Parameters
from ._spec import dotted, pairs
from ._weir import lib


def module_of(parameters: Any) -> Any:
    """The module of what an optimizer was given: `net`, `net.parameters()`, a model."""
    if isinstance(parameters, Parameters):
        return parameters.module
    if isinstance(parameters, Module):
        return parameters
    module = getattr(parameters, "module", None)
    if isinstance(module, Module):
        return module
    raise errors.ArgumentError(f"optimizer: {type(parameters).__name__}: expected a module, its "
                               "parameters() or a model")


class OfModule(Handle):
    """What works on the parameters of a module."""

    __slots__ = ("_module",)
    _module: Any

    def _held(self) -> Any:
        """The context's lock, where the module is not one of a closed run: that is an error."""
        self._module._p
        return self._c.lock


class Optimizer(OfModule):
    """An optimizer by name and options, over the parameters of a module or a model."""

    __slots__ = ()

    def __init__(self, name: str, options: Mapping[str, Any], parameters: Any):
        module = module_of(parameters)
        self._module = module
        with module._c.lock:
            said = " ".join(pairs(dotted(options)))
            p = lib.weir_optim_new(module._p, utf8(name), utf8(said))
            if lib.weir_optim_is_nil(p):
                raise module._c.fail()
            self._take(module._c, p)
            module._c.check()

    def step(self) -> None:
        """Parameters from their gradients; all or nothing."""
        with self._held():
            self._module._changing()
            if lib.weir_optim_step(self._p):
                raise self._c.fail()

    def zero_grad(self) -> None:
        """Forgets the gradients of the module's parameters."""
        with self._held():
            lib.weir_optim_zero_grad(self._p)

    def clip_grad_norm(self, max_norm: float) -> float:
        """The global 2-norm of the gradients; the next step scales them to at most max_norm."""
        with self._held():
            return lib.weir_optim_clip(self._p, max_norm)

    @property
    def lr(self) -> float:
        return lib.weir_optim_lr(self._p)

    @lr.setter
    def lr(self, lr: float) -> None:
        with self._c.lock:
            lib.weir_optim_set_lr(self._p, lr)
            self._c.check()

    @property
    def steps(self) -> int:
        """Made so far."""
        return lib.weir_optim_steps(self._p)

    def __repr__(self) -> str:
        return f"<weir.optim {text(lib.weir_optim_row(self._p).name).partition('.')[2]} lr={self.lr}>"


class EMA(OfModule):
    """An exponential moving average of a module's parameters, by a decay or by a half-life.

    Parameters
    ----------
    decay : float
        Of each update, in [0, 1); smaller at the start.
    half_life : float
        In samples, after which the average keeps half of what it was, in place of decay
        (train.ema_half_life of a run; Karras et al. 2022).
    batch : int
        With half_life: samples that an update stands for.
    ramp : float
        With half_life: its largest value as a part of the samples seen so far; 0: any.
    """

    __slots__ = ()

    def __init__(self, parameters: Any, decay: Optional[float] = None, *,
                 half_life: Optional[float] = None, batch: Optional[int] = None, ramp: float = 0.05):
        if (decay is None) == (half_life is None):
            raise errors.ArgumentError("EMA: decay and half_life: expected one of them")
        if (half_life is None) != (batch is None):
            raise errors.ArgumentError("EMA: expected half_life and batch together")
        self._module = module_of(parameters)
        c = self._module._c
        with c.lock:
            if half_life is None:
                p = lib.weir_ema_new(self._module._p, decay)
            else:
                p = lib.weir_ema_new_half_life(self._module._p, batch, half_life, ramp)
            if not p:
                raise c.fail()
            self._take(c, p)

    def update(self) -> None:
        """After an optimizer's step."""
        with self._held():
            lib.weir_ema_update(self._p)
            self._c.check()

    def swap(self) -> None:
        """Exchanges parameters and averages; again undoes it."""
        with self._held():
            self._module._changing()
            lib.weir_ema_swap(self._p)
            self._c.check()
