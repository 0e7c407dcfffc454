"""Modules: parameters with names, in a tree (weir/nn.h)."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Optional

import numpy as np

from . import errors
from ._core import NULL, Context, Handle, context_of, text, utf8
from ._ops import Tensor, _op, _tensor_in, _wrap, tensor
from ._spec import dotted, pairs
from ._weir import ffi, lib


class Parameters(list):
    """The parameters of a module, which an optimizer finds through it."""

    def __init__(self, module: "Module", tensors: list):
        super().__init__(tensors)
        self.module = module


class Module(Handle):
    """A tree of layers. Names are PyTorch's, "0.weight"."""

    __slots__ = ("_owner", "_children", "_kept")

    def __init__(self, name: str, options: Mapping[str, Any], where: Any = None):
        c = context_of(where)
        with c.lock:
            said = " ".join(pairs(dotted(options)))
            self._born(c, lib.weir_module_new(c.p, utf8(name), utf8(said)))

    def _born(self, c: Context, p: Any) -> None:
        if lib.weir_module_is_nil(p):
            raise c.fail()
        self._take(c, p)
        self._owner: Any = None
        self._children: dict[str, Module] = {}
        self._kept: list[Any] = []
        c.check()

    @classmethod
    def _of(cls, c: Context, p: Any, owner: Any) -> "Module":
        """One that something else owns."""
        out = Module.__new__(Module)
        out._p, out._c, out._owner = p, c, owner
        out._children, out._kept = {}, []
        return out

    def __del__(self, *_: Any) -> None:
        if getattr(self, "_owner", None) is None:
            super().__del__()

    def _add(self, name: str, child: "Module") -> None:
        """Gives it a child, which it frees."""
        if child._owner is not None or child._c is not self._c:
            raise errors.StateError(f"add: {name}: expected a module of this context that is in no other")
        with self._c.lock:
            lib.weir_module_add(self._p, utf8(name), child._p)
            child._c.live.discard(child._address)
            child._owner = self
            self._c.check()
        self._children[name] = child

    def __call__(self, x: Any) -> Tensor:
        return self.forward(x)

    def forward(self, x: Any) -> Tensor:
        x = _tensor_in(self._c, x)
        return _op(self._c, lib.weir_module_forward, self._p, x._p)

    def checkpoint(self, x: Any) -> Tensor:
        """forward, remembering only x: backward runs it again."""
        x = _tensor_in(self._c, x)
        return _op(self._c, lib.weir_module_checkpoint, self._p, x._p)

    # -- the tree
    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        return iter(self._children.items())

    def children(self) -> Iterator["Module"]:
        return iter(self._children.values())

    def __getitem__(self, index: Any) -> "Module":
        return self._children[str(index)]

    def __len__(self) -> int:
        return len(self._children)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            if name in self._children:
                return self._children[name]
            for key, value in self._state():
                if key == name:
                    return value
        return super().__getattr__(name)

    def _state(self, buffers: Optional[bool] = None) -> list[tuple[str, Tensor]]:
        """Parameters (False), buffers (True) or both, in order of definition."""
        c, out = self._c, []
        with c.lock:
            lib.weir_module_seal(self._p)
            c.check()
            name, is_buffer = ffi.new("const char **"), ffi.new("bool *")
            for i in range(lib.weir_module_state_count(self._p)):
                t = lib.weir_module_state_at(self._p, i, name, is_buffer)
                if buffers is None or is_buffer[0] == buffers:
                    out.append((text(name[0]), _wrap(c, lib.weir_retain(t))))
            c.check()
        for _, t in out:
            t._module = self
        return out

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        return iter(self._state(False))

    def parameters(self) -> Parameters:
        return Parameters(self, [t for _, t in self._state(False)])

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        return iter(self._state(True))

    def state_dict(self) -> dict[str, Tensor]:
        """Parameters and buffers by name. The tensors are the module's own."""
        return dict(self._state())

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Copies values in, by name: tensors, arrays, torch's tensors."""
        mine = dict(self._state())
        missing = [n for n in mine if n not in state]
        unexpected = [n for n in state if n not in mine]
        if strict and (missing or unexpected):
            raise errors.NameUnknown(f"load_state_dict: missing {missing}, unexpected {unexpected}: "
                                     "expected the same names")
        values = {n: _plain(state[n]) for n in mine if n in state}
        for n, v in values.items():
            if v.shape != mine[n].shape:
                raise errors.ShapeError(f"load_state_dict: {n}: {list(v.shape)}: expected {list(mine[n].shape)}")
        from ._ops import no_grad

        with self._c.lock, no_grad():
            self._changing()
            for n, v in values.items():
                mine[n].copy_(tensor(v.astype(mine[n].dtype), where=self._c))

    def _changing(self) -> None:
        """Before weights change, under the lock that is held until they have: a model's shares end."""
        if hasattr(self._owner, "_unshare"):
            self._owner._unshare()

    def save(self, path: Any) -> None:
        """The state dict as a safetensors file, whole or not at all."""
        with self._c.lock:
            if lib.weir_module_save(self._p, utf8(path)):
                raise self._c.fail()

    def load(self, path: Any, strict: bool = True) -> None:
        """From a safetensors file; strict: every name, no other, each with its shape."""
        with self._c.lock:
            self._changing()
            if lib.weir_module_load(self._p, utf8(path), strict, NULL):
                raise self._c.fail()
            self._c.check()

    # -- modes
    def train(self, training: bool = True) -> "Module":
        with self._c.lock:
            lib.weir_module_train(self._p, training)
        return self

    def eval(self) -> "Module":
        return self.train(False)

    @property
    def training(self) -> bool:
        return lib.weir_module_training(self._p)

    def requires_grad_(self, yes: bool = True) -> "Module":
        """Parameters of the tree want gradients, or none."""
        with self._c.lock:
            lib.weir_module_freeze(self._p, not yes)
        return self

    def zero_grad(self) -> None:
        with self._c.lock:
            lib.weir_module_zero_grad(self._p)

    def __repr__(self) -> str:
        row = lib.weir_module_row_of(self._p)
        name = text(row.row.name).partition(".")[2]
        inside = "".join(f"\n  ({k}): " + repr(v).replace("\n", "\n  ") for k, v in self._children.items())
        return f"{name}({inside}\n)" if inside else f"{name}()"


class Layer(Module):
    """A module of one row."""

    __slots__ = ()


def _plain(x: Any) -> np.ndarray:
    if isinstance(x, Tensor):
        return x.detach().numpy()
    if hasattr(x, "detach"):
        x = x.detach().cpu()
    return np.asarray(x)
