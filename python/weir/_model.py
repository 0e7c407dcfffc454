"""Models: maps between data and noise whose change of density is known (weir/model.h)."""

from __future__ import annotations

import os
from typing import Any, Callable, Mapping, Optional

import numpy as np

from . import _arrays, errors
from ._core import NOTHING, NULL, Context, Handle, context_of, text, utf8
from ._data import dataset, names_of
from ._spec import name_and_options
from ._weir import ffi, lib

F32 = _arrays.F32
MANY = 4096  # samples from which on a call looks for Ctrl-C
_DOUBLES, _FLOATS = ffi.typeof("double[]"), ffi.typeof("float[]")
# What the shortest call looks up
_empty, _ndarray, _real = np.empty, np.ndarray, _arrays.real
_from_buffer, _log_prob_into = ffi.from_buffer, lib.weir_model_log_prob_into


class Info(dict):
    """What a call says of its result: a dict whose keys are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def info_of(p: Any, leave: tuple[str, ...] = ("size", "stderr_of", "report", "failed_ids")) -> Info:
    """A filled struct of the library: texts as str, without "kind." before names of rows."""
    out = Info()
    for name, _ in ffi.typeof(p).item.fields:
        if name in leave:
            continue
        value = getattr(p, name)
        if isinstance(value, ffi.CData):
            value = text(ffi.cast("const char *", value)).rpartition(".")[2] if value else None
        out[name] = value
    return out


KINDS = ("exact", "estimate", "lower bound")


class Model(Handle):
    """A model by name and options: `Model("nsf", dim=2)`, `Model(weir.models.nsf(dim=2))`.

    It is not trained: `weir.train` does that, or a loop by hand over `loss`. `Model.load` opens a
    trained one. Threads may share it: a call that finds it busy scores on a copy of the context that
    shares the weights, to the same bits.
    """

    __slots__ = ("_owner", "_shares", "_free", "_dim", "_wants", "_modules")

    def __init__(self, model: str, *, where: Any = None, **options: Any):
        c = context_of(where)
        name, said = name_and_options(model, options)
        with c.lock:
            self._made(c, lib.weir_model_new(c.p, utf8(name), utf8(said)))

    def _made(self, c: Context, p: Any, owner: Any = None) -> None:
        if lib.weir_model_is_nil(p):
            raise c.fail()
        if owner is None:
            self._take(c, p)
        else:
            self._p, self._c = p, c  # the owner frees it
        self._owner = owner
        self._shares: list[Model] = []
        self._free: list[Model] = []
        self._dim = lib.weir_model_dim(p)
        self._wants = lib.weir_model_wants(p, 0) != NULL
        self._modules: Any = None
        c.check()

    def __del__(self, *_: Any) -> None:
        if getattr(self, "_owner", None) is None:
            super().__del__()

    @classmethod
    def load(cls, path: Any, *, seed: int = 1, threads: int = 0, where: Any = None) -> "Model":
        """From a run's folder or its model.safetensors: options and weights, ready to sample and
        score. It has a context of its own unless one is given."""
        c = Context(seed, threads) if where is None else context_of(where)
        out = cls.__new__(cls)
        with c.lock:
            out._made(c, lib.weir_model_load(c.p, utf8(path)))
        return out

    @classmethod
    def imported(cls, code: str, file: Any, config: Any, *, where: Any = None) -> "Model":
        """A model of another code's weights, "nflows", "normflows" or "zuko" (doc/weights.md)."""
        c = Context() if where is None else context_of(where)
        out = cls.__new__(cls)
        with c.lock:
            out._made(c, lib.weir_model_import(c.p, utf8(code), utf8(file), utf8(config)))
        return out

    def save(self, path: Any) -> None:
        """A safetensors file, whole or not at all."""
        with self._c.lock:
            if lib.weir_model_save(self._p, utf8(path)):
                raise self._c.fail()

    def export(self, code: str, folder: Any) -> None:
        """As code of others, "torch", into a folder: model.py and model.safetensors."""
        os.makedirs(folder, exist_ok=True)
        with self._c.lock:
            if lib.weir_model_export(self._p, utf8(code), utf8(folder)):
                raise self._c.fail()

    def __reduce__(self) -> Any:
        return _unpickled, (self.to_bytes(), self._c.seed)

    def to_bytes(self) -> bytes:
        """What `save` writes."""
        data, n = ffi.new("void **"), ffi.new("size_t *")
        with self._c.lock:
            if lib.weir_model_save_to_memory(self._p, data, n):
                raise self._c.fail()
            out = bytes(ffi.buffer(data[0], n[0]))
            lib.weir_buffer_free(self._c.p, data[0])
        return out

    # -- looking -----------------------------------------------------------------------------------
    @property
    def name(self) -> str:
        """Of its row, such as "nsf"."""
        return text(lib.weir_model_row_of(self._p).name).partition(".")[2]

    @property
    def dim(self) -> int:
        """Values a sample."""
        return self._dim

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a sample, without the batch axis."""
        return self._shape(lib.weir_model_shape)

    @property
    def noise_shape(self) -> tuple[int, ...]:
        """Of a sample's noise: the data's, unless the model says otherwise."""
        return self._shape(lib.weir_model_noise_shape)

    def _shape(self, get: Any) -> tuple[int, ...]:
        shape = ffi.new("const int64_t **")
        n = get(self._p, shape)
        return tuple(shape[0][0:n])

    @property
    def levels(self) -> int:
        """Data are integers 0 .. levels-1; 0: continuous."""
        return lib.weir_model_levels(self._p)

    @property
    def columns(self) -> Optional[list[str]]:
        """Names of the data's columns; None: there are none."""
        return names_of(lib.weir_model_name, self._p, "columns")

    @property
    def class_names(self) -> Optional[list[str]]:
        """Names of its classes; None: there are none."""
        return names_of(lib.weir_model_name, self._p, "classes")

    @property
    def classes(self) -> int:
        """Classes that samples are conditioned on; 0: none."""
        return lib.weir_model_classes(self._p)

    @property
    def context_dim(self) -> int:
        """Values that a sample is conditioned on; 0: none."""
        return lib.weir_model_context_dim(self._p)

    @property
    def dtype(self) -> np.dtype:
        """The type that holds its data."""
        return np.dtype(np.float64 if lib.weir_model_data_dtype(self._p) == lib.WEIR_F64 else np.float32)

    @property
    def options(self) -> str:
        """All its options, as text that `Model` takes."""
        row, o = lib.weir_model_row_of(self._p), lib.weir_model_options(self._p)
        with self._c.lock:
            n = lib.weir_options_text(row, o, NULL, 0)
            buffer = ffi.new("char[]", n + 1)
            lib.weir_options_text(row, o, buffer, n + 1)
        return text(buffer)

    @property
    def context(self) -> Context:
        """Where it lives: `weir.tensor(x, where=model)`."""
        return self._c

    def __repr__(self) -> str:
        n = lib.weir_module_parameter_numel(lib.weir_model_module(self._p))
        return f"<weir.Model {self.name}: samples of shape {list(self.shape)}, {n} parameters>"

    def _repr_png_(self) -> Optional[bytes]:
        """A hundred samples as a picture, in a notebook, where they are images or points of two."""
        from ._picture import samples_png

        return samples_png(self)

    # -- conditions --------------------------------------------------------------------------------
    def _condition(self, given: Any, keep: list) -> Any:
        """A condition in the current scope: a class, an array of classes or values, a dict of both."""
        if given is None:
            return NULL
        named = given if isinstance(given, Mapping) else {self._kind_of(given): given}
        k = lib.weir_condition_new(self._c.p)
        for name, value in named.items():
            k = lib.weir_condition_with(k, utf8(name), self._condition_tensor(name, value, keep))
        self._c.check()
        return k

    def _kind_of(self, given: Any) -> str:
        only_context = self.context_dim and not self.classes
        if isinstance(given, (str, int)) or self.classes and not self.context_dim:
            return "context" if only_context and not isinstance(given, str) else "class"
        if only_context or _arrays.foreign(given).dtype.kind == "f":
            return "context"
        return "class"

    def _condition_tensor(self, name: str, value: Any, keep: list) -> Any:
        if name == "class":
            x = self._classes_of(value)
        else:
            x = np.atleast_1d(_arrays.real(value, name))
            dim = self.context_dim
            if x.ndim == 1:
                x = x.reshape(1, -1) if x.size == dim else x.reshape(-1, 1)
        shape = ffi.new("int64_t[]", x.shape)
        types = {"i": lib.WEIR_I64, "f": lib.WEIR_F32 if x.dtype == F32 else lib.WEIR_F64}
        keep.append(x)
        return lib.weir_tensor_wrap(self._c.p, types[x.dtype.kind], _from_buffer(x), x.ndim, shape,
                                    NULL, NULL, NULL)

    def _classes_of(self, value: Any) -> np.ndarray:
        x = np.atleast_1d(_arrays.foreign(value))
        if x.dtype.kind in "US":
            numbers = [lib.weir_model_class(self._p, utf8(str(v))) for v in x]
            self._c.check()
            x = np.array(numbers)
        if x.dtype.kind not in "iu" and x.size:
            raise errors.DTypeError(f"class: {x.dtype}: expected integers from 0, or names")
        return np.ascontiguousarray(x, np.int64)

    # -- sharing -----------------------------------------------------------------------------------
    def _borrow(self) -> "Model":
        """This model, or, where another thread is at it, a share of its weights; locked."""
        if self._c.lock.acquire(False):
            return self
        while True:
            try:
                share = self._free.pop()
            except IndexError:
                with self._c.lock:
                    share = self._shared()
                    share._c.lock.acquire()  # nobody else knows of it yet
                    return share
            share._c.lock.acquire()
            if share._p:
                return share
            share._c.lock.release()  # it ended between the two lines before

    def _closed(self) -> None:
        """Its run, which owned it, is gone: a use is an error."""
        self._unshare()
        if self._modules is not None:
            del self._modules._p
        del self._p

    def _give_back(self, m: "Model") -> None:
        m._c.lock.release()
        if m is not self:
            self._free.append(m)

    def _shared(self) -> "Model":
        c = Context(self._c.seed, 1)
        m = Model.__new__(Model)
        m._made(c, lib.weir_model_share(c.p, self._p))
        self._shares.append(m)
        return m

    def _unshare(self) -> None:
        """Before the weights change, under this model's lock: shares end, each when it is not in use."""
        for m in self._shares:
            with m._c.lock:
                address = m._address
                lib.weir_model_free(m._p)
                m._p = NULL
                m._c.live.discard(address)
        self._shares, self._free = [], []

    # -- densities ---------------------------------------------------------------------------------
    def log_prob(self, x: Any, *, condition: Any = None, seed: Optional[int] = None, draws: int = 1,
                 probes: int = -1, solver: Optional[str] = None, steps: int = 0, batch: int = 0,
                 bound: Optional[str] = None, info: bool = False) -> Any:
        """log p(x) of each sample, in nats of the data as stored.

        Parameters
        ----------
        x : array [n, ..] of samples as stored, or a Tensor of the model's context
            float32 and float64 are read where they lie; NaN for a sample that fails.
        condition : a class by name or number, arrays of classes [n] or values [n, k], or a dict
            {"class": .., "context": ..}; one of each sample or one of all.
        seed : int
            Of dequantisation and probes; the context's unless said.
        draws : int
            Draws of dequantisation that are averaged.
        probes : int
            Of the trace, for continuous models of more than 4 values; 0: the exact trace.
        solver, steps
            Of continuous models, such as weir.samplers.dopri5().
        bound : "vlb"
            Of models on a path of noise, in place of log p: the variational bound of a chain of
            `steps` steps, below it (weir/log_prob.h). No solver, no probes.
        info : bool
            Give (log_prob, Info) instead: kind, draws, probes, solver, n_failed, stderr_of ..

        Returns
        -------
        array [n] of float64; of a Tensor a Tensor, with gradients.
        """
        if type(x) is _ndarray and x.dtype is F32 and x.flags.c_contiguous:
            f, c_type = _log_prob_into, _FLOATS
        elif hasattr(x, "_is_weir_tensor"):
            return self._log_prob_tensor(x, condition)
        else:
            x = _real(x)
            single = x.dtype is F32
            f = _log_prob_into if single else lib.weir_model_log_prob_into_f64
            c_type = _FLOATS if single else _DOUBLES
        n = len(x) if x.ndim else 0
        if x.size != n * self._dim or not x.ndim:
            x = _arrays.samples(x, self._dim)
        out = _empty(n)
        plain = condition is None and seed is None and draws == 1 and probes == -1 and bound is None
        if plain and solver is None and not steps and not batch and not info and n <= MANY:
            m = self if self._c.lock.acquire(False) else self._borrow()
            c = m._c
            try:
                if f(m._p, _from_buffer(c_type, x), n, NULL, _from_buffer(_DOUBLES, out), NULL):
                    raise c.fail()
                if c.lines:
                    c.warn()
            finally:
                c.lock.release()
                if m is not self:
                    self._free.append(m)
            return out
        said = {"draws": draws, "probes": probes, "solver": solver, "steps": steps, "batch": batch,
                "bound": bound_of(bound, solver, probes)}
        told = ffi.new("weir_log_prob_info *")
        self._density_call(condition, seed, said, lambda m, o: f(
            m, _from_buffer(c_type, x), n, o, _from_buffer("double[]", out), told), told, n)
        return self._with_info(out, told, info)

    def _with_info(self, out: Any, told: Any, info: bool) -> Any:
        if not info:
            return out
        said = info_of(told)
        said["kind"] = KINDS[said["kind"]]
        return out, said

    def _density_call(self, condition: Any, seed: Optional[int], said: Mapping[str, Any],
                      call: Callable[[Any, Any], int], told: Any, n: int) -> None:
        """call(model, options) on a model that is free, with options for log-densities."""
        keep: list = []
        m = self._borrow()
        try:
            o = ffi.new("weir_log_prob_opts *")
            o[0] = lib.weir_log_prob_defaults()
            told.size = ffi.sizeof(ffi.typeof(told).item)
            fill(o, said, keep)
            if seed is not None:
                o.seed, o.use_seed = seed, True
            o.on_step, o.user = lib.weirpy_on_step, NOTHING
            s = lib.weir_scope_begin(m._c.p)
            try:
                o.condition = m._condition(condition, keep)
                status = call(m._p, o)
                if status:
                    raise m._c.fail(status)
                m._c.check()
            finally:
                lib.weir_scope_end(s)
        finally:
            self._give_back(m)

    def log_prob_grad(self, x: Any, *, condition: Any = None, seed: Optional[int] = None,
                      draws: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """(log p [n], d log p(x_i) / d x_i [n, ..]): the second of x's type and shape, in nats a
        unit of the data as stored."""
        x = _arrays.samples(x, self._dim)
        out, grad = np.empty(len(x)), np.empty_like(x)
        single = x.dtype is F32
        f = lib.weir_model_log_prob_grad_into if single else lib.weir_model_log_prob_grad_into_f64
        told = ffi.new("weir_log_prob_info *")
        self._density_call(condition, seed, {"draws": draws}, lambda m, o: f(
            m, _arrays.pointer(x), len(x), o, _from_buffer("double[]", out), _arrays.pointer(grad),
            told), told, len(x))
        return out, grad

    def encode(self, x: Any, *, condition: Any = None, seed: Optional[int] = None,
               solver: Optional[str] = None, steps: int = 0, batch: int = 0) -> np.ndarray:
        """z [n, ..] that samples x are made of: N(0, I), or the base's, where they are the model's."""
        x = _arrays.samples(x, self._dim)
        z = np.empty((len(x), *self.noise_shape), x.dtype)
        f = lib.weir_model_encode_into if x.dtype is F32 else lib.weir_model_encode_into_f64
        said = {"solver": solver, "steps": steps, "batch": batch}
        self._density_call(condition, seed, said, lambda m, o: f(
            m, _arrays.pointer(x), len(x), o, _arrays.pointer(z)), ffi.new("weir_log_prob_info *"), len(x))
        return z

    # -- samples -----------------------------------------------------------------------------------
    def sample(self, n: Optional[int] = None, *, condition: Any = None, seed: Optional[int] = None,
               first: Optional[int] = None, temperature: float = 1.0, noise: Any = None,
               solver: Optional[str] = None, steps: int = 0, batch: int = 0, dtype: Any = None,
               callback: Optional[Callable[[int, int], Any]] = None) -> np.ndarray:
        """n samples [n, ..], as data are stored.

        Without `seed` or `first` a call goes on where the last one ended; with `seed` it is samples
        0 .. n-1 of that seed, those of `weir sample --seed`.

        Parameters
        ----------
        n : int
            How many; of a condition of m samples a multiple of m, and m unless said.
        temperature : float
            Multiplies the noise.
        noise : array [n, ..]
            Start from these instead of drawing.
        solver, steps
            Of continuous models, such as weir.samplers.heun(), and how many steps. Guidance and
            clamping are options of it: weir.samplers.ddim(clamp="no").
        dtype : numpy.float32 or numpy.float64
            `model.dtype` unless said.
        callback : f(done, n)
            Told now and then; true: stop, which raises `errors.Stopped`.
        """
        said = {"temperature": temperature, "solver": solver, "steps": steps, "batch": batch}
        x, _ = self._draw(n, condition, seed, first, noise, dtype, callback, said, False)
        return x

    def sample_log_prob(self, n: Optional[int] = None, *, condition: Any = None,
                        seed: Optional[int] = None, first: Optional[int] = None,
                        temperature: float = 1.0, noise: Any = None, batch: int = 0,
                        dtype: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """(x [n, ..], log q(x) [n]): samples and the log-density of each, of one pass. For flows."""
        said = {"temperature": temperature, "batch": batch}
        return self._draw(n, condition, seed, first, noise, dtype, None, said, True)

    def decode(self, z: Any, *, condition: Any = None, solver: Optional[str] = None, steps: int = 0,
               batch: int = 0) -> np.ndarray:
        """x [n, ..] of the noise z: the inverse of `encode`."""
        z = _arrays.real(z, "z")
        return self.sample(len(z), noise=z, condition=condition, solver=solver, steps=steps,
                           batch=batch, dtype=z.dtype)

    def _draw(self, n: Optional[int], condition: Any, seed: Optional[int], first: Optional[int],
              noise: Any, dtype: Any, callback: Any, said: Mapping[str, Any],
              with_log_q: bool) -> Any:
        keep: list = []
        absolute = seed is not None or first is not None or noise is not None
        m = self._borrow() if absolute else self
        if not absolute:
            self._c.lock.acquire()
        try:
            o = ffi.new("weir_sample_opts *")
            o[0] = lib.weir_sample_defaults()
            fill(o, said, keep)
            if seed is not None:
                o.seed, o.use_seed = seed, True
            if first is not None:
                o.first = first
            if noise is not None:
                n = self._start(o, noise, n, keep)
            handle = ffi.new_handle(callback)
            o.on_step, o.user = lib.weirpy_on_step, handle
            s = lib.weir_scope_begin(m._c.p)
            try:
                o.condition = k = m._condition(condition, keep)
                if n is None:
                    n = lib.weir_condition_samples(k) if k else 1
                return m._draw_into(n, o, np.dtype(dtype) if dtype is not None else m.dtype, with_log_q)
            finally:
                lib.weir_scope_end(s)
        finally:
            self._give_back(m)

    def _start(self, o: Any, noise: Any, n: Optional[int], keep: list) -> int:
        z = _arrays.samples(noise, lib.weir_model_noise_dim(self._p), "noise")
        keep.append(z)
        if n is not None and n != len(z):
            raise errors.ShapeError(f"noise: {len(z)} samples: expected n = {n}")
        if z.dtype is F32:
            o.noise = _arrays.pointer(z)
        else:
            o.noise_f64 = _arrays.pointer(z)
        return len(z)

    def _draw_into(self, n: int, o: Any, dtype: np.dtype, with_log_q: bool) -> Any:
        if dtype != F32 and dtype != _arrays.F64:
            raise errors.DTypeError(f"dtype: {dtype}: expected float32 or float64")
        if n < 0:
            raise errors.RangeError(f"sample: {n}: expected 0 samples or more")
        x = np.empty((n, *self.shape), dtype)
        log_q = np.empty(n) if with_log_q else None
        ending = "" if dtype == F32 else "_f64"
        into = _from_buffer("float[]" if dtype == F32 else "double[]", x)
        if log_q is not None:
            f = getattr(lib, "weir_model_sample_log_prob_into" + ending)
            status = f(self._p, n, o, into, _from_buffer("double[]", log_q))
        else:
            status = getattr(lib, "weir_model_sample_into" + ending)(self._p, n, o, into)
        if status:
            raise self._c.fail(status)
        self._c.check()
        return x, log_q

    @property
    def sample_position(self) -> int:
        """Number of the next sample of a call that goes on."""
        return lib.weir_model_sample_position(self._p)

    @sample_position.setter
    def sample_position(self, position: int) -> None:
        with self._c.lock:
            if lib.weir_model_set_sample_position(self._p, position):
                raise self._c.fail()

    # -- data --------------------------------------------------------------------------------------
    def score(self, data: Any, *, condition: Any = None, seed: Optional[int] = None, draws: int = 1,
              probes: int = -1, solver: Optional[str] = None, steps: int = 0, batch: int = 0,
              limit: int = 0, bound: Optional[str] = None) -> Info:
        """What `weir score` says of data (a SPEC, an array, a Dataset of the model's context): nats,
        nats_stderr, bits_per_dim, n, n_failed .. (weir/train.h, weir_data_log_prob_info).
        `bound="vlb"`, as in `log_prob`: of the variational bound."""
        c, keep = self._c, []  # type: Any, list
        with c.lock:
            d = dataset(data, c)
            how = ffi.new("weir_log_prob_opts *")
            how[0] = lib.weir_log_prob_defaults()
            fill(how, {"draws": draws, "probes": probes, "solver": solver, "steps": steps,
                       "batch": batch, "bound": bound_of(bound, solver, probes)}, keep)
            if seed is not None:
                how.seed, how.use_seed = seed, True
            how.on_step, how.user = lib.weirpy_on_step, NOTHING
            o = ffi.new("weir_data_log_prob_opts *")
            o[0] = lib.weir_data_log_prob_defaults()
            o.how, o.limit = how, limit
            told = ffi.new("weir_data_log_prob_info *")
            told.size = ffi.sizeof("weir_data_log_prob_info")
            s = lib.weir_scope_begin(c.p)
            try:
                how.condition = self._condition(condition, keep)
                status = lib.weir_data_log_prob(self._p, d._p, o, told)
                if status:
                    raise c.fail(status)
            finally:
                lib.weir_scope_end(s)
            c.check()
        said = info_of(told)
        said["kind"] = KINDS[said["kind"]]
        return said

    # -- gradients ---------------------------------------------------------------------------------
    @property
    def module(self) -> Any:
        """Its parameters, as a module."""
        if self._modules is None:
            from ._module import Module

            self._modules = Module._of(self._c, lib.weir_model_module(self._p), self)
        return self._modules

    def parameters(self) -> Any:
        """Of its module: what an optimizer takes."""
        return self.module.parameters()

    def _batch(self, x: Any, condition: Any, keep: list) -> Any:
        return lib.weir_batch_wrap(self._c.p, x._p, NULL, NULL, self._condition(condition, keep))

    def _log_prob_tensor(self, x: Any, condition: Any) -> Any:
        from ._ops import _op

        keep: list = []
        return _op(self._c, lambda: lib.weir_model_log_prob(
            self._p, self._batch(x, condition, keep), NULL, NULL))

    def loss(self, x: Any, condition: Any = None) -> Any:
        """Of each sample [B], a Tensor: nats for models trained by likelihood, mean squared errors
        for continuous ones."""
        from ._ops import _op, _tensor_in

        keep: list = []
        t = _tensor_in(self._c, x)
        return _op(self._c, lambda: lib.weir_model_loss(self._p, self._batch(t, condition, keep)))

    def sample_log_prob_tensor(self, n: int) -> Any:
        """(x, log_q) with the history that made them: for objectives of your own."""
        from ._ops import _op_multi

        log_q = ffi.new("weir_tensor **")
        return _op_multi(self._c, True, (log_q,), lib.weir_model_sample_log_prob, self._p, n, NULL, log_q)

    def train(self, training: bool = True) -> "Model":
        """Dropout and batch norm as in training, or not."""
        with self._c.lock:
            lib.weir_module_train(lib.weir_model_module(self._p), training)
        return self

    def eval(self) -> "Model":
        return self.train(False)


def bound_of(bound: Optional[str], solver: Optional[str], probes: int) -> int:
    """The library's name of a bound."""
    if bound is None:
        return lib.WEIR_BOUND_NONE
    if bound != "vlb":
        raise errors.ArgumentError(f"bound: {bound}: expected vlb")
    if solver is not None or probes != -1:
        said = "probes" if solver is None else "solver"
        raise errors.ArgumentError(f"{said}: expected no such argument beside bound, which solves no ODE")
    return lib.WEIR_BOUND_VARIATIONAL


def fill(o: Any, said: Mapping[str, Any], keep: list) -> None:
    """Fields of an option struct by name; texts are kept alive in `keep`."""
    for name, value in said.items():
        if isinstance(value, str):
            value = ffi.new("char[]", value.encode())
            keep.append(value)
        if value is not None:
            setattr(o, name, value)


def _unpickled(data: bytes, seed: int) -> Model:
    c = Context(seed)
    out = Model.__new__(Model)
    out._made(c, lib.weir_model_load_from_memory(c.p, ffi.from_buffer(data), len(data)))
    return out
