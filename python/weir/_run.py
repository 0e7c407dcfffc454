"""Training: runs in a folder, which the command and C programs share (weir/train.h)."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import weakref
from typing import Any, Callable, Mapping, Optional, Sequence

import numpy as np

from . import _arrays, errors
from ._core import Context, Handle, raised, text, utf8
from ._data import Dataset, batches
from ._model import Info, Model, info_of
from ._spec import dotted, pairs, words
from ._weir import ffi, lib

ON_STEP = Callable[[Info], Any]


@ffi.def_extern(error=1, onerror=raised)
def weirpy_on_train(user: Any, p: Any) -> int:
    stop = 0
    for f in ffi.from_handle(user):
        if f(info_of(p)):
            stop = 1
    return stop


class Run(Handle):
    """A training run in a folder: what `weir train` makes, and goes on with.

    `weir.train` makes one; `Run(folder)` opens it. At step k its state is a function of the settings,
    the seed and k alone: whoever trained it, and however often it was stopped.
    """

    __slots__ = ("_folder", "_best", "_best_step", "_temporary", "_current")

    def __init__(self, folder: Any, *, threads: int = 0):
        self._open(os.fspath(folder), None, True, Context(1, threads))

    def _open(self, folder: str, config: Optional[str], resume: bool, c: Context) -> None:
        self._temporary: Any = None
        self._folder = folder
        self._best: Optional[Model] = None
        self._best_step = -1
        self._current: "weakref.WeakSet[Model]" = weakref.WeakSet()
        with c.lock:
            p = lib.weir_run_open(c.p, utf8(folder), utf8(config) if config is not None else ffi.NULL,
                                  resume)
            if lib.weir_run_is_nil(p):
                raise c.fail()
            self._take(c, p)
            c.check()

    # -- training ----------------------------------------------------------------------------------
    def train(self, steps: int = 0, minutes: float = 0.0, callback: Optional[ON_STEP] = None,
              progress: Optional[bool] = None) -> "Run":
        """Goes on to step `steps` (0: where its settings say), or for so many minutes.

        Parameters
        ----------
        callback : f(Info)
            Told some ten times a second: step, steps, loss, valid, best, seconds, lr, grad_norm.
            True: save and stop.
        progress : bool
            A bar, by tqdm where that is; shown on terminals unless said.

        Ctrl-C saves and raises KeyboardInterrupt; an exception of the callback likewise.
        """
        told = [f for f in (callback, bar(progress)) if f is not None]
        c, handle = self._c, ffi.new_handle(told)
        with c.lock:
            o = ffi.new("weir_train_opts *")
            o[0] = lib.weir_train_defaults()
            o.steps, o.minutes = steps, minutes
            if minutes and not steps:
                o.steps = 1 << 50
            o.on_step, o.user = lib.weirpy_on_train, handle
            try:
                status = lib.weir_run_train(self._p, o)
            finally:
                for f in told:
                    getattr(f, "close", lambda: None)()
            if status:
                e = c.fail(status)
                if not isinstance(e, errors.Stopped):
                    raise e
            c.check()
        return self

    def close(self) -> None:
        """Lets go of the folder, so that others may train in it; the run is of no more use."""
        if hasattr(self, "_live"):
            with self._c.lock:
                for m in self._current:
                    m._closed()
                lib.weir_run_free(self._p)
                self._live.discard(self._address)
                del self._p, self._live  # a use is an error of Handle.__getattr__

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    # -- looking -----------------------------------------------------------------------------------
    @property
    def folder(self) -> str:
        """Where config.json, model.safetensors, metrics.jsonl and the checkpoint lie."""
        return self._folder

    @property
    def step(self) -> int:
        """Steps done, in earlier calls too."""
        return lib.weir_run_step(self._p)

    @property
    def horizon(self) -> int:
        """Steps of the schedule."""
        return lib.weir_run_horizon(self._p)

    @property
    def best(self) -> float:
        """The best held-out mean log-density so far, nats of the data as stored; NaN: none yet."""
        return lib.weir_run_best(self._p)

    @property
    def best_step(self) -> int:
        """The step whose weights `model` has; -1: none."""
        return lib.weir_run_best_step(self._p)

    @property
    def preset(self) -> str:
        """The preset and what it sets, with the values in force."""
        buffer = ffi.new("char[]", 8192)
        lib.weir_run_preset(self._p, buffer, 8192)
        return text(buffer)

    @property
    def progress(self) -> Info:
        """What a callback would be told now."""
        p = ffi.new("weir_progress *")
        p.size = ffi.sizeof("weir_progress")
        with self._c.lock:
            lib.weir_run_progress(self._p, p)
        return info_of(p)

    @property
    def model(self) -> Model:
        """The best on held-out samples: model.safetensors of the folder."""
        if self._best is None or self._best_step != self.best_step:
            self._best_step = self.best_step
            self._best = Model.load(self._folder, seed=self._c.seed)
        return self._best

    @property
    def current(self) -> Model:
        """As trained so far, owned by the run."""
        m = Model.__new__(Model)
        m._made(self._c, lib.weir_run_model(self._p), self)
        self._current.add(m)
        return m

    @property
    def history(self) -> list[dict[str, Any]]:
        """metrics.jsonl, line by line: step, loss, valid .. of each report."""
        with open(os.path.join(self._folder, "metrics.jsonl")) as f:
            return [json.loads(line) for line in f if line.endswith("\n")]

    def report(self, file: Any = None) -> str:
        """One HTML page about it; gives the file's name, report.html in the folder unless said."""
        return report(self, file)

    def __repr__(self) -> str:
        return f"<weir.Run {self._folder}: step {self.step} of {self.horizon}, best {self.best:.4g} nats>"

    def _repr_html_(self) -> str:
        """Its curves, in a notebook."""
        from ._picture import curves_html

        return curves_html(self)


# -- progress --------------------------------------------------------------------------------------
def bar(wanted: Optional[bool]) -> Optional[Any]:
    if wanted is None:
        wanted = hasattr(sys.stderr, "isatty") and sys.stderr.isatty()
    if not wanted:
        return None
    try:
        from tqdm.auto import tqdm  # type: ignore[import-untyped]
    except ImportError:
        return PlainBar()
    return TqdmBar(tqdm)


class TqdmBar:
    def __init__(self, tqdm: Any):
        self.tqdm, self.bar = tqdm, None  # type: Any, Any

    def __call__(self, p: Info) -> None:
        if self.bar is None:
            self.bar = self.tqdm(total=p.steps if p.steps < 1 << 50 else None, unit="step")
        self.bar.set_postfix_str(f"loss {p.loss:.4f}, valid {p.valid:.4f}", refresh=False)
        self.bar.update(p.step - self.bar.n)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()


class PlainBar:
    """One line that is written over."""

    width = 0

    def __call__(self, p: Info) -> None:
        line = f"step {p.step} of {p.steps}  loss {p.loss:.4f}  valid {p.valid:.4f}  {p.seconds:.0f} s"
        sys.stderr.write("\r" + line.ljust(self.width))
        self.width = len(line)

    def close(self) -> None:
        sys.stderr.write("\n")


# -- train -----------------------------------------------------------------------------------------
def train(model: str, data: Any, out: Any = None, *, steps: int = 0, epochs: int = 0,
          minutes: float = 0.0, batch: int = 0, lr: Optional[float] = None,
          seed: Optional[int] = None, threads: int = 0, resume: bool = False, weights: Any = None,
          labels: Any = None, condition: Any = None, callback: Optional[ON_STEP] = None,
          progress: Optional[bool] = None, settings: Optional[Mapping[str, Any]] = None,
          **options: Any) -> Any:
    """Trains a model on data, as `weir train` does, to the same bits.

    >>> import numpy as np, weir
    >>> x = np.random.default_rng(1).normal(size=(500, 2))
    >>> run = weir.train("nice", x, steps=20, hidden=[16])
    >>> run.step
    20
    >>> run.model.sample(3).shape
    (3, 2)

    Parameters
    ----------
    model : str
        A row, "nsf", or with options, weir.models.nsf(hidden=[64, 64]).
    data : str, array [n, ..], data frame, or an iterable of batches
        A SPEC ("digits", "FILE.csv"); samples, which are written into the run's folder, so that the
        command can go on with it (names of a frame's columns are kept); or batches [b, dim], which
        are trained on as they come: see `train_stream`, which then gives a Model.
    out : path
        The run's folder; a temporary one, gone with the run, unless said.
    steps, epochs, minutes : when to stop
    batch, lr, seed, threads : as the command's flags
    resume : bool
        Go on with the run in `out`, or begin it.
    weights, labels, condition : arrays [n], [n], [n, k]
        Beside samples: a sample of weight w counts as w samples; models made with classes or a
        context take the other two.
    callback, progress : see `Run.train`
    settings, options
        As --set: hidden=[64, 64], ema=0.999, settings={"optimizer.lr": 1e-3}.
    """
    stream = batches(data)
    if stream is not None:
        return train_stream(model, stream, out, steps=steps, lr=lr, seed=seed, threads=threads,
                            callback=callback, progress=progress, **options)
    run, temporary = Run.__new__(Run), None
    if out is None:
        temporary = tempfile.TemporaryDirectory(prefix="weir-")
        out = os.path.join(temporary.name, "run")
    folder = os.fspath(out)
    fresh = not os.path.lexists(folder)
    try:
        spec = data_spec(data, folder, weights, labels, condition)
        config = config_of(model, spec, batch, lr, seed, steps, epochs, settings, options)
        run._open(folder, config, resume, Context(1 if seed is None else seed, threads))
    except BaseException:
        if fresh:  # nothing began: the samples go again
            shutil.rmtree(folder, ignore_errors=True)
        raise
    run._temporary = temporary
    try:
        return run.train(steps, minutes, callback, progress)
    except BaseException:
        run.close()  # a traceback may hold it for long
        raise


def config_of(model: str, spec: str, batch: int, lr: Optional[float], seed: Optional[int], steps: int,
              epochs: int, settings: Optional[Mapping[str, Any]], options: Mapping[str, Any]) -> str:
    """The settings of a run, as --set takes them."""
    name, *of_model = words(str(model))
    said: dict[str, Any] = {"model": name, "data": spec, **dotted(options)}
    said.update(settings or {})
    flags = {"train.batch": batch or None, "optimizer.lr": lr, "train.seed": seed,
             "train.steps": steps or None, "train.epochs": epochs or None}
    said.update({k: v for k, v in flags.items() if v is not None})
    return " ".join(pairs(said) + ["model." + w for w in of_model])


def data_spec(data: Any, folder: str, weights: Any, labels: Any, condition: Any) -> str:
    """The SPEC of data; samples are written into the folder first."""
    beside = (weights, labels, condition)
    if isinstance(data, (str, os.PathLike)):
        if any(b is not None for b in beside):
            raise errors.ArgumentError("data: a SPEC: expected weights, labels and condition in it: "
                                       "weight=, label=, condition=")
        return os.fspath(data)
    names = _arrays.columns_of(data)
    x = data.numpy() if isinstance(data, Dataset) else _arrays.foreign(data)
    if x.ndim == 0 or len(x) == 0:
        raise errors.ShapeError(f"data: {list(x.shape)}: expected [n, ..], n above 0")
    if weights is not None:
        w = Dataset._of_each(_arrays.doubles(weights, "weights"), "weights", len(x)).reshape(-1, 1)
        x = np.concatenate([x.reshape(len(x), -1), w], axis=1)
        names = names and [*names, "weight"]
    if x.dtype != _arrays.F32 and (x.dtype != np.uint8 or weights is not None):
        x = np.asarray(x, np.float64)
    folder = os.path.join(folder, "data")
    os.makedirs(folder, exist_ok=True)
    file = write_table(folder, x, names) if names else write_npy(folder, "samples", x)
    spec = spec_word(file)
    if weights is not None:
        spec += f",weight={x.shape[1]}"
    if labels is not None:
        spec += ",labels=" + spec_word(write_labels(folder, labels, len(x)))
    if condition is not None:
        k = Dataset._of_each(_arrays.doubles(condition, "condition"), "condition", len(x))
        spec += ",conditions=" + spec_word(write_npy(folder, "conditions", k))
    return spec


def spec_word(file: str) -> str:
    return '"' + file.replace("\\", "\\\\").replace('"', '\\"') + '"' if '"' in file or "," in file else file


def write_npy(folder: str, name: str, x: np.ndarray) -> str:
    """Once: what a run was trained on stays as it is."""
    file = os.path.join(folder, name + ".npy")
    if os.path.exists(file):
        old = np.load(file, mmap_mode="r")
        same = old.shape == x.shape and old.dtype == x.dtype
        if same and np.array_equal(numbers(old), numbers(x), equal_nan=True):
            return file
        raise errors.StateError(f"{file}: other samples: expected those that the run began with, or "
                                "another folder")
    with open(file + ".part", "wb") as f:
        version = (3, 0) if x.dtype.names else (1, 0)  # names are UTF-8
        np.lib.format.write_array(f, np.ascontiguousarray(x), version=version)
    os.replace(file + ".part", file)
    return file


def numbers(x: np.ndarray) -> np.ndarray:
    """Of a structured array those of its fields, which have one type."""
    return x.view(x.dtype[0]) if x.dtype.names else x


def write_labels(folder: str, labels: Any, n: int) -> str:
    y = Dataset._of_each(_arrays.foreign(labels), "labels", n)
    if y.dtype.kind in "iu":
        return write_npy(folder, "labels", y.astype(np.int64))
    return write_text(os.path.join(folder, "labels.csv"), "label\n" + "".join(f"{csv_word(str(v))}\n" for v in y))


def csv_word(s: str) -> str:
    return '"' + s.replace('"', '""') + '"' if any(c in s for c in ',"\n ') else s


def write_table(folder: str, x: np.ndarray, names: Sequence[str]) -> str:
    """A structured npy keeps the names of columns; names that NumPy has not for fields are kept by a
    CSV, whose numbers read back to the same bits."""
    if x.ndim != 2:
        raise errors.ShapeError(f"data: {list(x.shape)}: expected a table [n, columns]")
    plain = len(set(names)) == len(names) and all(n.isprintable() and n and "\\" not in n for n in names)
    if x.dtype == np.uint8:
        x = x.astype(np.float64)  # a column of a frame has no levels
    if plain and not os.path.exists(os.path.join(folder, "samples.csv")):
        fields = np.dtype([(str(n), x.dtype) for n in names])
        return write_npy(folder, "samples", np.ascontiguousarray(x).view(fields).reshape(len(x)))
    lines = [",".join(csv_word(str(n)) for n in names)]
    lines += [",".join(map(repr, line)) for line in x.tolist()]
    return write_text(os.path.join(folder, "samples.csv"), "\n".join(lines) + "\n")


def write_text(file: str, content: str) -> str:
    if os.path.exists(file):
        with open(file) as f:
            if f.read() == content:
                return file
        raise errors.StateError(f"{file}: other samples: expected those that the run began with, or "
                                "another folder")
    with open(file + ".part", "w") as f:
        f.write(content)
    os.replace(file + ".part", file)
    return file


# -- streams ---------------------------------------------------------------------------------------
class Fill:
    """Batches of an iterator, cut into those of `batch` samples that a loader asks for."""

    def __init__(self, stream: Any, first: np.ndarray):
        self.stream, self.rest = stream, first
        self.dim = first.size // len(first)

    def next(self, most: int) -> np.ndarray:
        if len(self.rest) == 0:
            try:
                self.rest = _arrays.samples(next(self.stream), self.dim, "batch")
            except StopIteration:
                return self.rest
        out, self.rest = self.rest[:most], self.rest[most:]
        return out


@ffi.def_extern(error=-1, onerror=raised)
def weirpy_fill(user: Any, step: int, x: Any, ids: Any, weights: Any) -> int:
    return fill_batch(user, x, 4)


@ffi.def_extern(error=-1, onerror=raised)
def weirpy_fill_f64(user: Any, step: int, x: Any, ids: Any, weights: Any) -> int:
    return fill_batch(user, x, 8)


def fill_batch(user: Any, x: Any, size: int) -> int:
    source, batch = ffi.from_handle(user)
    rows = source.next(batch)
    n = len(rows)
    flat = np.frombuffer(ffi.buffer(x, batch * source.dim * size), f"f{size}")
    flat[:n * source.dim] = rows.reshape(-1)
    return n


def train_stream(model: str, stream: Any, out: Any = None, *, steps: int = 0,
                 lr: Optional[float] = None, seed: Optional[int] = None, threads: int = 0,
                 optimizer: str = "adam", clip: float = 0.0, standardize: bool = True,
                 callback: Optional[ON_STEP] = None, progress: Optional[bool] = None,
                 **options: Any) -> Model:
    """Trains on batches [b, dim] as an iterator yields them, to its end or for so many steps.

    A step is a batch, of the first one's size at most. Means and deviations that the model
    standardizes by are the first batch's. What is trained is a Model, saved as
    out/model.safetensors where `out` is given; a stream has no run that could be resumed.
    """
    from ._optimizer import Optimizer
    from ._spec import name_and_options

    stream = iter(stream)
    first = _arrays.real(next(stream, []), "batch")
    if first.ndim == 0 or first.size == 0:
        raise errors.ShapeError(f"batch: {list(first.shape)}: expected [b, dim], of one sample at least")
    c = Context(1 if seed is None else seed, threads)
    source = Fill(stream, first)
    handle = ffi.new_handle((source, len(first)))
    name, said = name_and_options(model, options)
    wants = standardize and " standardize=" not in " " + said and name != "flow"
    m = Model(name + f" dim={source.dim} {said}" + (" standardize=yes" if wants else ""), where=c)
    if wants:
        standardize_by(m, first)
    optim = Optimizer(optimizer, {"lr": lr}, m)
    told = [f for f in (callback, bar(progress)) if f is not None]
    try:
        stream_steps(m, optim, (handle, source.dim, len(first)), first.dtype, steps, clip, told)
    finally:
        for f in told:
            getattr(f, "close", lambda: None)()
    m.eval()
    if out is not None:
        os.makedirs(out, exist_ok=True)
        m.save(os.path.join(out, "model.safetensors"))
    return m


def standardize_by(m: Model, x: np.ndarray) -> None:
    x = x.reshape(len(x), -1).astype(np.float64)
    mean, std = x.mean(0), x.std(0)
    std[std == 0] = 1
    with m._c.lock:
        if lib.weir_model_set_standardize(m._p, ffi.from_buffer("double[]", mean),
                                          ffi.from_buffer("double[]", std)):
            raise m._c.fail()


def stream_steps(m: Model, optim: Any, source: Any, dtype: Any, steps: int, clip: float,
                 told: list) -> None:
    c = m._c
    handle, dim, batch = source
    make = lib.weir_loader_from_callback if dtype == _arrays.F32 else lib.weir_loader_from_callback_f64
    fill = lib.weirpy_fill if dtype == _arrays.F32 else lib.weirpy_fill_f64
    o, info = ffi.new("weir_step_opts *"), ffi.new("weir_step_info *")
    o[0] = lib.weir_step_defaults()
    o.clip, info.size = clip, ffi.sizeof("weir_step_info")
    with c.lock:
        loader = make(c.p, fill, handle, dim, f"batch={batch}".encode())
        try:
            c.check()
            done = 0
            while not steps or done < steps:
                s = lib.weir_scope_begin(c.p)
                b = lib.weir_loader_next(loader)
                ends = lib.weir_batch_is_nil(b)
                if not ends:
                    lib.weir_train_step_with(m._p, optim._p, b, o, info)
                lib.weir_scope_end(s)
                c.check()
                done += not ends
                p = Info(step=done, steps=steps or 1 << 50, loss=info.loss, valid=float("nan"),
                         seconds=0.0, grad_norm=info.grad_norm)
                if ends or any([f(p) for f in told]):
                    break
        finally:
            lib.weir_loader_free(loader)


# -- pages and comparisons -------------------------------------------------------------------------
def report(run: Any, file: Any = None, callback: Optional[Callable[[str, int, int], Any]] = None) -> str:
    """One HTML page about a run (a Run or its folder): curves, samples, log-likelihoods, settings.

    Gives the file's name: report.html in the folder unless said.
    """
    folder = run.folder if isinstance(run, Run) else os.fspath(run)
    file = os.path.join(folder, "report.html") if file is None else os.fspath(file)
    c = Context()
    handle = ffi.new_handle(callback)
    o = ffi.new("weir_report_opts *")
    o[0] = lib.weir_report_defaults()
    o.on_step, o.user = lib.weirpy_on_part, handle
    with c.lock:
        status = lib.weir_report_write(c.p, utf8(folder), utf8(file), o)
        if status:
            raise c.fail(status)
        c.check()
    return file


def compare(a: Any, b: Any, metric: Any = None, *, n: int = 10000, seed: int = 1,
            condition: Any = None, solver: Optional[str] = None, steps: int = 0) -> Any:
    """How far two sets of samples are apart, each measure with its standard error.

    Parameters
    ----------
    a, b : Model, Run, a run's folder, a SPEC, an array, a data frame
        Models draw as many samples as the other side has, n at most.
    metric : str or list of str
        "energy", weir.metrics.classifier(..): rows of `weir.list("metric")`; all unless said.

    Returns
    -------
    Info(value, error, p_value) of one metric (arrays of one a column where it is of columns), or a
    dict of these by name.
    """
    c, keep = Context(seed), []  # type: Any, list
    sides = [_side(x, c) for x in (a, b)]
    with c.lock:
        for i, other in ((0, sides[1]), (1, sides[0])):
            if isinstance(sides[i], Model):
                sides[i] = _drawn(sides[i], n, other, seed, i * n, condition, solver, steps, keep)
        rows: Any = [r.name for r in list_rows("metric")] if metric is None else metric
        one = isinstance(rows, str)
        out = {str(r): _measured(c, sides, r, n, seed) for r in ([rows] if one else rows)}
    return out[str(rows)] if one else out


def _side(x: Any, c: Context) -> Any:
    """A model or data in context c."""
    if isinstance(x, Run):
        x = x.folder
    if isinstance(x, Model):
        m = Model.__new__(Model)
        data = x.to_bytes()
        m._made(c, lib.weir_model_load_from_memory(c.p, ffi.from_buffer(data), len(data)))
        return m
    if isinstance(x, (str, os.PathLike)) and (os.path.exists(os.path.join(x, "config.json"))
                                             or str(x).endswith(".safetensors")):
        return Model.load(x, where=c)
    return Dataset(x.numpy() if isinstance(x, Dataset) else x, where=c)


def _drawn(m: Model, n: int, other: Any, seed: int, first: int, condition: Any,
           solver: Optional[str], steps: int, keep: list) -> Dataset:
    from ._model import NOTHING, fill

    like = other if isinstance(other, Dataset) else None
    o = ffi.new("weir_sample_opts *")
    o[0] = lib.weir_sample_defaults()
    fill(o, {"solver": solver, "steps": steps}, keep)
    o.first, o.seed, o.use_seed = first, seed, True
    o.on_step, o.user = lib.weirpy_on_step, NOTHING
    d = Dataset.__new__(Dataset)
    d._parent = m
    s = lib.weir_scope_begin(m._c.p)
    try:
        o.condition = m._condition(condition, keep)
        d._made(m._c, lib.weir_model_sample_dataset(
            m._p, n if like is None else min(n, len(like)), o, like._p if like else ffi.NULL))
    finally:
        lib.weir_scope_end(s)
    return d


def _measured(c: Context, sides: list, metric: str, n: int, seed: int) -> Info:
    row = lib.weir_row_find(c.p, b"metric", utf8(str(metric).split(" ")[0]))
    c.check()
    columns = ffi.cast("const weir_metric_row *", row).per_column
    size = sides[0].dim if columns else 1
    values = ffi.new("weir_metric_value[]", size)
    o, told = ffi.new("weir_compare_opts *"), ffi.new("weir_compare_info *")
    o[0] = lib.weir_compare_defaults()
    o.limit, o.seed, told.size = n, seed, ffi.sizeof("weir_compare_info")
    if lib.weir_compare(sides[0]._p, sides[1]._p, utf8(str(metric)), o, values, told):
        raise c.fail()
    c.check()
    out = info_of(told)
    for name in ("value", "error", "p_value"):
        of_each = np.array([getattr(v, name) for v in values])
        out[name] = of_each if columns else float(of_each[0])
    return out


# -- rows ------------------------------------------------------------------------------------------
class Option(Info):
    """name, type, default, doc of one option."""


class Row:
    """What can be chosen by name: `name`, `doc`, `options`."""

    TYPES = ("int", "real", "bool", "choice", "text", "ints", "reals", "words", "row", "rows")

    def __init__(self, row: Any):
        self.kind, _, self.name = text(row.name).partition(".")
        self.doc = text(row.doc)
        self.options: list[Option] = []
        i = 0
        while row.options and row.options[i].name:
            o = row.options[i]
            self.options.append(Option(name=text(o.name), type=self.TYPES[o.type],
                                       default=text(getattr(o, "def")), doc=text(o.doc)))
            i += 1

    def __repr__(self) -> str:
        return f"<weir.Row {self.kind}.{self.name}: {self.doc}>"


def list_rows(kind: Optional[str] = None) -> list[Any]:
    """The rows of a kind, `weir.list("sampler")`; without one, the kinds.

    >>> import weir
    >>> "nsf" in [r.name for r in weir.list("model")]
    True
    """
    from ._core import context

    c = context()
    with c.lock:
        kinds = [text(lib.weir_kind_at(c.p, i)) for i in range(lib.weir_kind_count(c.p))]
        if kind is None:
            return kinds
        if kind not in kinds:
            raise errors.NameUnknown(f"{kind}: expected a kind: {', '.join(kinds)}")
        n = lib.weir_row_count(c.p, utf8(kind))
        return [Row(lib.weir_row_at(c.p, utf8(kind), i)) for i in range(n)]
