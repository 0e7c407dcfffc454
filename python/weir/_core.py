"""Contexts, the handles that live in them, errors and warnings: what all else stands on.

A context belongs to one thread at a time, so each has a lock that is held for every call. What
Python's collector drops, on whatever thread, is given to its context by weir_free_later; the context
closes when nothing of it is left.
"""

from __future__ import annotations

import os
import warnings
import weakref
from _thread import RLock, allocate_lock, get_ident  # threading's own, without its import
from typing import Any, Callable, Optional

from . import errors
from ._weir import ffi, lib

NULL = ffi.NULL


def text(p: Any) -> str:
    """A C string as one of Python; "" for NULL."""
    return ffi.string(p).decode("utf-8", "replace") if p else ""


def utf8(s: Any) -> bytes:
    return os.fspath(s).encode() if not isinstance(s, bytes) else s


# -- contexts --------------------------------------------------------------------------------------
class Context:
    """One of the library's contexts: a seed, threads, and all that is made in it.

    Models that are loaded or trained have one of their own; tensors, modules and models that are
    made by name share `weir.context()`.
    """

    __slots__ = ("p", "lock", "lines", "live", "scopes", "seed", "_user", "__weakref__")

    def __init__(self, seed: int = 1, threads: int = 0):
        self.lock = RLock()
        self.lines: list[str] = []
        self.live: set[int] = set()  # addresses of handles that are not given back
        self.seed = seed
        self._user = ffi.new_handle(self.lines)
        self.p = NULL
        o = ffi.new("weir_open_opts *")
        o[0] = lib.weir_open_defaults()
        o.seed = seed
        o.threads = threads
        o.log = lib.weirpy_log
        o.log_user = self._user
        p = lib.weir_open_with(o)
        if not lib.weir_ok(p):
            message, status = text(lib.weir_message(p)), lib.weir_status_of(p)
            lib.weir_close(p)
            raise errors.OF_STATUS.get(status, errors.Error)(message)
        self.p = p
        self.scopes = ffi.new("weirpy_scopes *")
        self.scopes.ctx = p
        _contexts.add(self)

    @property
    def threads(self) -> int:
        """Threads that a call may use. No number changes a bit."""
        return lib.weir_threads(self.p)

    def fail(self, status: int = 0) -> BaseException:
        """The context's error, or a call's status, as an exception; forgotten here. What a callback
        raised comes first."""
        raised = _raised.pop(get_ident(), None)
        status = lib.weir_status_of(self.p) or status
        message = text(lib.weir_message(self.p)) or text(lib.weir_status_text(status))
        lib.weir_clear(self.p)
        self.warn()
        if raised is not None:
            return raised
        return errors.OF_STATUS.get(status, errors.Error)(message)

    def check(self) -> None:
        """Raises the error that the context has."""
        if not lib.weir_ok(self.p):
            raise self.fail()
        if self.lines:
            self.warn()

    def warn(self) -> None:
        """Hands on what the library has warned of."""
        lines, self.lines[:] = list(self.lines), []
        for line in lines:
            if line.startswith("warning: "):
                warnings.warn(line[9:], errors.WeirWarning, stacklevel=4)

    def memory(self) -> dict[str, int]:
        """live_blocks, live_bytes, peak_bytes, system_bytes and system_calls of this context."""
        with self.lock:
            lib.weir_scope_end(lib.weir_scope_begin(self.p))  # what was dropped is freed
            m = lib.weir_memory(self.p)
        names = ("live_blocks", "live_bytes", "peak_bytes", "system_bytes", "system_calls")
        return {n: getattr(m, n) for n in names}

    def _left(self, close: Any = lib.weir_close) -> None:
        """Closes it when nothing is left of it and nobody has it."""
        p, self.p = self.p, None
        if p:
            close(p)

    def __del__(self) -> None:
        if not self.live:
            self._left()
        else:  # in a cycle with its handles: the last of them closes it
            _orphans[id(self.live)] = (self.live, self.p)

    def __repr__(self) -> str:
        return f"<weir.Context seed={self.seed} threads={self.threads}>"


_contexts: "weakref.WeakSet[Context]" = weakref.WeakSet()
_orphans: dict[int, tuple[set[int], Any]] = {}


class Handle:
    """What lives in a context: given back when Python is done with it."""

    __slots__ = ("_p", "_c", "_live", "_address", "__weakref__")

    def _take(self, c: Context, p: Any) -> None:
        self._p = p
        self._c = c
        self._live = c.live
        self._address = int(ffi.cast("intptr_t", p))
        c.live.add(self._address)

    def __getattr__(self, name: str) -> Any:
        if name == "_p":  # what a closed run has taken with it
            raise errors.StateError(f"{type(self).__name__}: closed: expected one that is open")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled")

    def __del__(self, free_later: Any = lib.weir_free_later, close: Any = lib.weir_close) -> None:
        try:
            live = self._live
        except AttributeError:
            return  # never made
        free_later(self._p)
        live.discard(self._address)
        if not live and _orphans:
            orphan = _orphans.pop(id(live), None)
            if orphan:
                close(orphan[1])


_default: Optional[Context] = None
_default_lock = allocate_lock()


def context() -> Context:
    """The context that tensors, modules and models made by name live in."""
    global _default
    if _default is None:
        with _default_lock:
            if _default is None:
                _default = Context()
    return _default


def manual_seed(seed: int) -> None:
    """From now on `weir.context()` is a new one of this seed; what lives in the old one stays."""
    global _default
    _default = Context(seed)


def context_of(x: Any) -> Context:
    """The context of a model, a tensor .. or itself; None: the shared one."""
    if x is None:
        return context()
    return x if isinstance(x, Context) else x._c


# -- callbacks -------------------------------------------------------------------------------------
_raised: dict[int, BaseException] = {}


def raised(kind: Any, value: BaseException, trace: Any) -> None:
    """Keeps what a callback raised for the call that it ends."""
    _raised[get_ident()] = value


@ffi.def_extern()
def weirpy_log(user: Any, line: Any) -> None:
    ffi.from_handle(user).append(text(line))


@ffi.def_extern(error=1, onerror=raised)
def weirpy_on_step(user: Any, done: int, n: int) -> int:
    on_step: Optional[Callable[[int, int], Any]] = ffi.from_handle(user)
    return 1 if on_step is not None and on_step(done, n) else 0


@ffi.def_extern(error=1, onerror=raised)
def weirpy_on_part(user: Any, part: Any, done: int, n: int) -> int:
    on_part = ffi.from_handle(user)
    return 1 if on_part is not None and on_part(text(part), done, n) else 0


NOTHING = ffi.new_handle(None)  # on_step that only lets signals through


# -- processes -------------------------------------------------------------------------------------
def _child() -> None:
    """After fork: a thread that is not there in the child may have held a lock."""
    global _default_lock
    _default_lock = allocate_lock()
    for c in _contexts:
        c.lock = RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_child)
