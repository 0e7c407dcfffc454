"""Layers and containers, as in PyTorch: `weir.nn.Sequential(weir.nn.Linear(2, 64), weir.nn.ReLU())`."""

from __future__ import annotations

from typing import Any

from . import functional  # noqa: F401
from ._layers import *  # noqa: F401,F403
from ._module import Layer, Module, Parameters  # noqa: F401


class Sequential(Module):
    """Layers one after another, named "0", "1" .."""

    def __init__(self, *layers: Module, where: Any = None):
        first = layers[0]._c if layers and where is None else where
        super().__init__("sequential", {}, first)
        for i, layer in enumerate(layers):
            self._add(str(i), layer)

    def append(self, layer: Module) -> "Sequential":
        self._add(str(len(self)), layer)
        return self


class ModuleDict(Module):
    """Modules by name, which a class of your own calls as it likes.

        class Net(weir.nn.ModuleDict):
            def __init__(self):
                super().__init__(a=weir.nn.Linear(2, 8), b=weir.nn.Linear(8, 1))

            def forward(self, x):
                return self.b(self.a(x).relu())
    """

    def __init__(self, *, where: Any = None, **modules: Module):
        layers = list(modules.values())
        super().__init__("group", {}, layers[0]._c if layers and where is None else where)
        for name, module in modules.items():
            self._add(name, module)
