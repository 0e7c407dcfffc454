"""Arrays of other libraries as NumPy's, and as memory that the library reads."""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from . import errors
from ._weir import ffi

F32, F64 = np.dtype(np.float32), np.dtype(np.float64)
I64 = np.dtype(np.int64)


def foreign(x: Any) -> np.ndarray:
    """Anything with __array__, a buffer or __dlpack__, or nested lists; without a copy if it can."""
    if hasattr(x, "__array__") or not hasattr(x, "__dlpack__"):
        return np.asarray(x)
    return np.from_dlpack(x)


def real(x: Any, what: str = "x") -> np.ndarray:
    """Dense float32 or float64: itself where it is that, else one copy (integers become float64)."""
    if type(x) is not np.ndarray:
        x = foreign(x)
    if x.dtype is not F32 and x.dtype is not F64:
        x = converted(x, what)
    return x if x.flags.c_contiguous else np.ascontiguousarray(x)


def converted(x: np.ndarray, what: str) -> np.ndarray:
    if x.dtype == F32 or x.dtype == F64:  # equal, such as an unpickled one, but not the same object
        return x.view(F32 if x.dtype == F32 else F64)
    if x.dtype.kind == "f" and x.itemsize in (4, 8):  # bytes in the other order
        return x.astype(F32 if x.itemsize == 4 else F64)
    if x.dtype == np.float16 or x.dtype.name == "bfloat16":
        return x.astype(F32)
    if x.dtype.kind not in "biuf":
        raise errors.DTypeError(f"{what}: {x.dtype}: expected numbers")
    return x.astype(F64)


def samples(x: Any, dim: int, what: str = "x") -> np.ndarray:
    """[n, ..] of samples of `dim` values each; one value a sample may be [n]."""
    x = real(x, what)
    if x.ndim >= 1 and (x.size == len(x) * dim if len(x) else x.size == 0):
        return x
    raise errors.ShapeError(f"{what}: {list(x.shape)}: expected [n, {dim}]: samples of {dim} values")


def doubles(x: Any, what: str) -> np.ndarray:
    return np.ascontiguousarray(foreign(x), dtype=F64)


def pointer(x: np.ndarray) -> Any:
    """Memory of a dense array for the duration of a call; the caller keeps the array."""
    return ffi.from_buffer("float[]" if x.dtype is F32 else "double[]", x)


def columns_of(x: Any) -> Optional[list[str]]:
    """Names of the columns of a data frame; None: no frame."""
    names = getattr(x, "columns", None)
    if names is None:
        names = getattr(x, "column_names", None)  # an arrow table
    return None if names is None else [str(n) for n in names]
