#!/usr/bin/env bash
# The tree by add_subdirectory in a project of its own: README's program against the static library, and against the shared one.
set -u
bad=0
case_() { # NAME COMMAND...
    if "${@:2}" > log 2>&1; then echo "ok $1"; else echo "not ok $1"; tail -n 50 log | sed 's/^/# /'; bad=1; fi
}
work=$(mktemp -d) && cd "$work" || exit 1
trap 'rm -rf "$work"' EXIT
awk '/^```c$/ { on = 1; next } /^```$/ { if (on) exit } on' "$SRC/README.md" > program.c
cat > CMakeLists.txt <<CMAKE
cmake_minimum_required(VERSION 3.25)
project(user C)
add_subdirectory($SRC weir EXCLUDE_FROM_ALL)
add_executable(shared program.c)
target_link_libraries(shared weir::weir)
add_executable(static program.c)
target_link_libraries(static weir::static)
CMAKE
case_ configures cmake -S . -B build
case_ builds cmake --build build --parallel
case_ shared-runs build/shared
case_ static-runs build/static
exit $bad
