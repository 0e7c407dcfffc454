#!/usr/bin/env bash
# Every public function with NULL, with nil and with odd numbers, in a valid context and in a failed one: calls.awk makes the calls from
# the headers, so that a function added tomorrow is called too.
set -u
. "$SRC/tests/install/installed.sh"
if ! awk -f "$SRC/tests/install/calls.awk" "$SRC/tests/install/calls.txt" "$prefix"/include/weir/*.h > calls.c; then
    echo "not ok calls-are-made"
    exit 1
fi
case_ calls-compile gcc -std=gnu11 -g -w $extra -I"$SRC/tests/install" calls.c -o calls $(pkg-config --cflags --libs weir) -lm
rm -rf run nonesuch
ASAN_OPTIONS=detect_leaks=0 ./calls || bad=1 # the world is not taken down
exit $bad
