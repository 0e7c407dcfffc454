"""Data sets: a SPEC, arrays, data frames; and the scores and comparisons that are about them."""

from __future__ import annotations

import os
from typing import Any, Iterator, Optional, Sequence

import numpy as np

from . import _arrays, errors
from ._core import NULL, Context, Handle, context_of, text, utf8
from ._weir import ffi, lib

NAMES = {"columns": lib.WEIR_NAMES_COLUMN, "classes": lib.WEIR_NAMES_CLASS,
         "context": lib.WEIR_NAMES_CONTEXT}


class Dataset(Handle):
    """Samples that the library holds.

    Parameters
    ----------
    data : str, or array [n, ..], or data frame
        A SPEC, as `weir train --data` takes it ("digits", "FILE.csv,split=test"), or samples, which
        are copied; a frame's columns keep their names.
    weights : array [n]
        A sample of weight w counts as w samples.
    labels : array [n] of integers from 0, or of words
        The class of each sample.
    condition : array [n, k]
        What each sample is conditioned on: the "context" of models made with context=k.
    columns : sequence of str
        Names of the columns.
    """

    __slots__ = ("_parent",)

    def __init__(self, data: Any, *, weights: Any = None, labels: Any = None, condition: Any = None,
                 columns: Optional[Sequence[str]] = None, where: Any = None):
        c = context_of(where)
        self._parent: Any = None
        if isinstance(data, (str, os.PathLike)):
            with c.lock:
                self._made(c, lib.weir_dataset_open(c.p, utf8(data)))
        else:
            self._copy(c, data, columns)
        with c.lock:
            self._beside(weights, labels, condition)

    def _made(self, c: Context, p: Any) -> None:
        if lib.weir_dataset_is_nil(p):
            raise c.fail()
        self._take(c, p)
        c.check()

    def _copy(self, c: Context, data: Any, columns: Optional[Sequence[str]]) -> None:
        names = columns if columns is not None else _arrays.columns_of(data)
        x = _arrays.real(data, "data")
        if x.ndim == 0 or len(x) == 0:
            raise errors.ShapeError(f"data: {list(x.shape)}: expected [n, ..], n above 0")
        make = lib.weir_dataset_from_f32 if x.dtype == _arrays.F32 else lib.weir_dataset_from_f64
        with c.lock:
            self._made(c, make(c.p, _arrays.pointer(x), len(x), x.size // len(x)))
            if names is not None:
                self._name("columns", names)

    def _name(self, which: str, names: Sequence[str]) -> None:
        kept = [ffi.new("char[]", utf8(n)) for n in names]
        table = ffi.new("char *[]", kept)
        lib.weir_dataset_set_names(self._p, NAMES[which], len(kept), ffi.cast("const char *const *", table))
        self._c.check()

    def _beside(self, weights: Any, labels: Any, condition: Any) -> None:
        n = len(self)
        if weights is not None:
            w = self._one_of_each(_arrays.doubles(weights, "weights"), "weights", n)
            lib.weir_dataset_set_weights(self._p, ffi.from_buffer("double[]", w))
            self._c.check()
        if labels is not None:
            self._label(_arrays.foreign(labels), n)
        if condition is not None:
            k = self._of_each(_arrays.doubles(condition, "condition"), "condition", n)
            lib.weir_dataset_set_context(self._p, ffi.from_buffer("double[]", k), k.size // n)
            names = _arrays.columns_of(condition)
            if names:
                self._name("context", names)
            self._c.check()

    @staticmethod
    def _of_each(x: np.ndarray, what: str, n: int) -> np.ndarray:
        if x.ndim == 0 or len(x) != n:
            raise errors.ShapeError(f"{what}: {list(x.shape)}: expected [{n}, ..], one of each sample")
        return x

    @staticmethod
    def _one_of_each(x: np.ndarray, what: str, n: int) -> np.ndarray:
        if x.size != n:
            raise errors.ShapeError(f"{what}: {list(x.shape)}: expected [{n}], one of each sample")
        return x.reshape(n)

    def _label(self, labels: np.ndarray, n: int) -> None:
        names = None
        if labels.dtype.kind not in "iu":
            names, labels = np.unique(labels.astype(str), return_inverse=True)
        labels = self._one_of_each(np.ascontiguousarray(labels, np.int64), "labels", n)
        lib.weir_dataset_set_labels(self._p, ffi.from_buffer("int64_t[]", labels))
        self._c.check()
        if names is not None:
            self._name("classes", [str(s) for s in names])

    # -- looking -----------------------------------------------------------------------------------
    def __len__(self) -> int:
        return lib.weir_dataset_samples(self._p)

    @property
    def dim(self) -> int:
        """Values a sample."""
        return lib.weir_dataset_dim(self._p)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one sample."""
        shape = ffi.new("const int64_t **")
        n = lib.weir_dataset_shape(self._p, shape)
        return tuple(shape[0][0:n])

    @property
    def levels(self) -> int:
        """Values are integers 0 .. levels-1; 0: continuous."""
        return lib.weir_dataset_levels(self._p)

    @property
    def columns(self) -> Optional[list[str]]:
        """Names of the columns; None: there are none."""
        return names_of(lib.weir_dataset_name, self._p, "columns")

    @property
    def classes(self) -> int:
        """Classes of its samples; 0: none."""
        return lib.weir_dataset_classes(self._p)

    def split(self, split: str) -> "Dataset":
        """Its part "train", "valid" or "test"; it shares the data."""
        out = Dataset.__new__(Dataset)
        out._parent = self
        with self._c.lock:
            out._made(self._c, lib.weir_dataset_split(self._p, utf8(split)))
        return out

    def numpy(self) -> np.ndarray:
        """The samples [n, ..] as stored: a copy."""
        c = self._c
        with c.lock:
            s = lib.weir_scope_begin(c.p)
            try:
                x = lib.weir_batch_x(lib.weir_dataset_batch(self._p, 0, len(self)))
                out = values_of(c, x)
            finally:
                lib.weir_scope_end(s)
        return out

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.numpy() if dtype is None else self.numpy().astype(dtype)

    def true_log_prob(self) -> Optional[np.ndarray]:
        """log p of each sample under the distribution that it is drawn from; None: not known."""
        out = np.empty(len(self))
        with self._c.lock:
            known = lib.weir_dataset_true_log_prob(self._p, 0, len(out), ffi.from_buffer("double[]", out))
            self._c.check()
        return out if known else None

    def __repr__(self) -> str:
        return f"<weir.Dataset {len(self)} samples of shape {list(self.shape)}>"


def names_of(get: Any, p: Any, which: str) -> Optional[list[str]]:
    out: list[str] = []
    while True:
        name = get(p, NAMES[which], len(out))
        if name == NULL:
            return out or None
        out.append(text(name))


DTYPES = {lib.WEIR_F32: np.float32, lib.WEIR_F64: np.float64, lib.WEIR_I64: np.int64,
          lib.WEIR_I32: np.int32, lib.WEIR_U8: np.uint8, lib.WEIR_BOOL: np.bool_,
          lib.WEIR_F16: np.float16}


def values_of(c: Context, x: Any) -> np.ndarray:
    """A tensor's values in an array of their own."""
    n = lib.weir_ndim(x)
    shape = tuple(lib.weir_shape(x)[0:n])
    dtype = lib.weir_dtype_of(x)
    if lib.weir_is_nil(x):
        raise c.fail()
    if dtype not in DTYPES:  # bf16
        x, dtype = lib.weir_cast(x, lib.WEIR_F32), lib.WEIR_F32
    if not lib.weir_is_contiguous(x):
        x = lib.weir_contiguous(x)
    out = np.empty(shape, DTYPES[dtype])
    if out.size:
        p = lib.weir_data(x)
        c.check()
        ffi.memmove(ffi.from_buffer(out), p, out.nbytes)
    return out


def dataset(data: Any, c: Context) -> Dataset:
    """Data in context c: a Dataset of it as it is."""
    if isinstance(data, Dataset):
        if data._c is not c:
            raise errors.ArgumentError("data: a Dataset of another context: expected one made with "
                                       "where=model, or a SPEC or an array")
        return data
    return Dataset(data, where=c)


def batches(data: Any) -> Optional[Iterator[Any]]:
    """An iterator of batches, where data is no array, frame or SPEC but something that yields them."""
    known = (str, os.PathLike, np.ndarray, list, tuple, Dataset)
    if isinstance(data, known) or hasattr(data, "__array__") or hasattr(data, "__dlpack__"):
        return None
    return iter(data) if hasattr(data, "__iter__") else None
