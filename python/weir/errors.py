"""What can go wrong, as a small tree of exceptions. Each carries the library's one line."""

from __future__ import annotations


class Error(Exception):
    """Any error of weir. str(e) is one line, `what: where: expected`."""


class ArgumentError(Error, ValueError):
    """A bad argument."""


class ShapeError(Error, ValueError):
    """Shapes do not fit."""


class DTypeError(Error, TypeError):
    """A wrong element type."""


class OutOfMemory(Error, MemoryError):
    """No memory for what was asked."""


class FileError(Error, OSError):
    """Input or output failed."""


class FormatError(Error, ValueError):
    """A malformed file or text."""


class NameUnknown(Error, LookupError):
    """An unknown name; the line suggests the nearest."""


class RangeError(Error, ValueError):
    """A value out of its range, which the line says."""


class GraphError(Error, RuntimeError):
    """The gradient graph was misused."""


class BadValue(Error, ValueError):
    """A value that cannot be, such as NaN."""


class StateError(Error, RuntimeError):
    """Not possible in this state."""


class Unsupported(Error, NotImplementedError):
    """Not supported by this model, or in this build."""


class Stopped(Error):
    """Stopped by the caller."""


class WeirWarning(UserWarning):
    """What is no error, but may not be meant: the library's one line."""


OF_STATUS: dict[int, type[Error]] = {
    1: ArgumentError,
    2: ShapeError,
    3: DTypeError,
    4: OutOfMemory,
    5: FileError,
    6: FormatError,
    7: NameUnknown,
    8: RangeError,
    9: GraphError,
    10: BadValue,
    11: StateError,
    12: Unsupported,
    13: Stopped,
}
