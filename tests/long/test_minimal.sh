#!/usr/bin/env bash
# The minimal preset: a C compiler, jansson and any LAPACK; no formats that need a library. All tests pass, and it says what it is.
cd "$SRC" || exit 1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
make PRESET=minimal OPTIONS=-DWEIR_WERROR=ON > "$log" 2>&1 || { echo "not ok builds"; tail -n 30 "$log"; exit 1; }
echo "ok builds"
if ldd build/minimal/weir | grep -qE 'libgomp|libz|libpng|libjpeg|protobuf|lapack|blas'; then echo "not ok links nothing else"; ldd build/minimal/weir; exit 1; fi
echo "ok links nothing else"
if [ "$(build/minimal/weir --version | tail -n 1)" != "built with: jansson" ]; then echo "not ok says what it was built with"; exit 1; fi
echo "ok says what it was built with: $(build/minimal/weir --version | tail -n 1)"
if tools/run-tests build/minimal > "$log" 2>&1; then echo "ok all tests: $(tail -n 1 "$log")"; else echo "not ok all tests"; cat "$log"; exit 1; fi
