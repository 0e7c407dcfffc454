"""Writes the C source of the module weir._weir: build_weir.py OUT.c. cffi alone is needed."""

import sys
from pathlib import Path

import cffi

HERE = Path(__file__).resolve().parent


def builder() -> cffi.FFI:
    ffi = cffi.FFI()
    ffi.cdef((HERE / "weir" / "_weir.cdef").read_text())
    ffi.cdef((HERE / "glue.cdef").read_text())
    ffi.set_source("weir._weir", '#include <stdlib.h>\n#include "glue.h"\n')
    return ffi


if __name__ == "__main__":
    builder().emit_c_code(sys.argv[1])
