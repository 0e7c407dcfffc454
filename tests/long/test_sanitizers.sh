#!/usr/bin/env bash
# The scripts that script/test leaves to the release build, under AddressSanitizer and UBSan.
cd "$SRC" || exit 1
log=$(mktemp)
trap 'rm -f "$log"' EXIT
make PRESET=asan OPTIONS="-DWEIR_WERROR=ON -DWEIR_TESTS=ON" > "$log" 2>&1 || { echo "not ok builds"; tail -n 30 "$log"; exit 1; }
echo "ok builds"
if tools/run-tests build/asan long > "$log" 2>&1; then echo "ok all of them: $(tail -n 1 "$log")"; else echo "not ok all of them"; cat "$log"; exit 1; fi
