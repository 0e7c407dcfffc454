"""weir: flow and diffusion models that train, sample and score natively.

    import weir

    run = weir.train("nsf", x, out="run", steps=2000)     # x: an array, a frame, a SPEC, batches
    model = run.model                                     # or weir.Model.load("run")
    y = model.sample(1000, seed=1)
    nats = model.log_prob(y)

A run's folder is what the command `weir` and C programs use too. `weir.models`, `weir.samplers` ..
name what can be chosen and its options; `weir.Tensor`, `weir.nn`, `weir.optim` are the engine;
`weir.sklearn` has an estimator. `weir.functional` and docstrings give formulas, shapes and units.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import errors
from ._core import Context, context, manual_seed, text as _text
from ._data import Dataset
from ._model import Info, Model
from ._spec import Spec
from ._weir import lib as _lib
from .errors import Error, WeirWarning

__version__ = _text(_lib.weir_version())
features = _text(_lib.weir_build_features()).split()  # what the library was built with

if TYPE_CHECKING:
    from . import (bases, bijections, couplings, dequantizers, functional, loss_weights, metrics,
                   models, networks, nn, optim, optimizers, paths, predictions, samplers, schedules,
                   sklearn, time_densities, time_grids)
    from ._ops import (Tensor, arange, as_tensor, enable_grad, eye, full, from_numpy, linspace,
                       no_grad, ones, rand, randn, tensor, zeros)
    from ._run import Run, compare, list_rows as list, report, train, train_stream

_FROM = {name: "_run" for name in ("Run", "compare", "report", "train", "train_stream")}
_FROM.update({name: "_ops" for name in (
    "Tensor", "arange", "as_tensor", "enable_grad", "eye", "full", "from_numpy", "linspace",
    "no_grad", "ones", "rand", "randn", "tensor", "zeros", "float32", "float64", "int64", "grad",
    "autograd", "matmul", "chunk", "split")})
_MODULES = ("bases", "bijections", "couplings", "dequantizers", "functional", "loss_weights",
            "metrics", "models", "networks", "nn", "optim", "optimizers", "paths", "predictions",
            "samplers", "schedules", "sklearn", "time_densities", "time_grids")


def __getattr__(name: str) -> Any:
    import importlib

    if name in _MODULES:
        return importlib.import_module("." + name, __name__)
    if name == "list":
        value = importlib.import_module("._run", __name__).list_rows
    elif name in _FROM:
        value = getattr(importlib.import_module("." + _FROM[name], __name__), name)
    else:
        value = None if name.startswith("_") else getattr(
            importlib.import_module(".functional", __name__), name, None)
        if value is None:
            raise AttributeError(f"module 'weir' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> Any:
    return sorted({*globals(), *_FROM, *_MODULES, "list"} - {"TYPE_CHECKING", "annotations"})
