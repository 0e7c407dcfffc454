#!/usr/bin/env bash
# Ops of a user's program: compiled as strict C11 with the public headers alone, linked with the shared library.
set -u
extra=
case ${BUILD:?} in *asan*) extra=-fsanitize=address,undefined ;; esac
if "${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror $extra -I"$SRC/include" "$SRC/tests/ops/custom_op.c" -o custom_op -L"$BUILD" -lweir -lm -Wl,-rpath,"$BUILD" > log 2>&1; then
    echo "ok compiles"
else
    echo "not ok compiles"
    sed 's/^/# /' log
    exit 1
fi
./custom_op
