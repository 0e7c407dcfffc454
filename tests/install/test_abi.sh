#!/usr/bin/env bash
# The border: every public header alone as C11 and C++17, the symbols of the shared library against the headers, option structs that
# begin with their size, and the example at the head of every header, compiled and run.
# Sanitizers: in make test-long.
set -u
. "$SRC/tests/install/installed.sh"
include=$prefix/include

for header in "$include"/weir.h "$include"/weir/*.h; do
    name=$(basename "$header")
    printf '#include "%s"\n' "$header" > alone.c
    cp alone.c alone.cc
    case_ "$name-c11" gcc -std=c11 $warnings -I"$include" -fsyntax-only alone.c
    case_ "$name-c++17" g++ -std=c++17 $warnings -I"$include" -fsyntax-only alone.cc
    longest=250
    [ "$name" = ops.h ] && longest=400 # a list, one line an op
    case_ "$name-length" test "$(wc -l < "$header")" -le "$longest"
done

# -- symbols --------------------------------------------------------------------------------------------------------------------------
nm -D --defined-only "$LD_LIBRARY_PATH/libweir.so" | awk '{ print $3 }' | grep -v '^_' | sort -u > exported
cat "$include"/weir/*.h | sed 's|//.*||' | tr '\n' ' ' | sed 's|/\*|\n&|g; s|\*/|&\n|g' | grep -v '^/\*' | tr ';' '\n' | # declarations, without comments
    grep -oE 'WEIR_API.*' | sed -E 's/^WEIR_API//' | grep -oE '\bweir_[a-z0-9_]+ *\(' | tr -d ' (' | sort -u > declared
case_ some-symbols test "$(wc -l < declared)" -gt 200
case $BUILD in *asan* | *tsan*) sed -i /^weir__/d exported ;; esac # internal, for the tests that share it
case_ all-begin-with-weir sh -c '! grep -vE "^weir_[a-z0-9]" exported'
case_ nothing-internal sh -c '! grep "^weir__" exported'
case_ exported-is-declared sh -c 'comm -23 exported declared > odd; cat odd; [ ! -s odd ]'
case_ declared-is-exported sh -c 'comm -13 exported declared > odd; cat odd; [ ! -s odd ]'

# -- structs of options, which grow --------------------------------------------------------------------------------------------------------
awk '/^typedef struct weir_[a-z]+_opts \{/ { name = $3; getline; print name, $1, $2 }' "$include"/weir/*.h > structs
case_ some-options test "$(wc -l < structs)" -ge 8
case_ options-begin-with-their-size sh -c '! grep -v " size_t size;$" structs'
# each has a defaults function, made in the program from one that knows its size
# (a sampler's are filled from its row: what begins every such struct has no values of its own)
case_ options-have-defaults sh -c 'sed "s/^weir_//; s/_opts .*//" structs | grep -vx sampler | while read -r n; do grep -qx "weir_${n}_defaults_sized" declared && grep -qE "weir_${n}_defaults(\\)|\\(int64_t)" "$0"/weir/*.h || { echo "$n"; exit 1; }; done' "$include"

# of older and newer headers: structs.awk lists them and their fields, so that one added tomorrow is tried too, as the probe that it wants
# in structs.h says; what was released (structs.txt) stays where it was
case_ structs-are-found sh -c 'awk -f "$0/structs.awk" "$0/structs.txt" "$1"/weir/*.h > structs.c' "$SRC/tests/install" "$include"
case_ structs-compile gcc -std=gnu11 -g -w $extra -I"$SRC/tests/install" structs.c -o structs $(pkg-config --cflags --libs weir) -lm
rm -rf run
ASAN_OPTIONS=detect_leaks=0 ./structs || bad=1 # the world is not taken down

# -- the headers are the manual: their examples compile and run -----------------------------------------------------------------------------
# example HEADER: as a program. One with a main is one; one that begins with `static` is a file's text; else a function's, and c is open.
example() {
    awk '/\*\// { exit } sub(/^ \*     /, "") { if (on) print; next } { on = $0 == " *" }' "$1" > text # behind an empty line
    [ -s text ] || return 1
    echo '#include <weir.h>'
    if grep -q 'int main(' text; then cat text; return; fi
    if grep -q '^static' text; then cat text; echo 'int main(void) {'; else echo 'int main(void) {'; fi
    grep -q 'c = weir_open' text || echo 'weir_ctx *c = weir_open(1);'
    if grep -q '^static' text; then
        echo 'weir_row_register(c, &op_mine.row); weir_tensor *x = weir_zeros(c, WEIR_F64, 0, NULL); if (weir_item(call_mine(&x)) != 1) return 1;'
    else
        cat text
    fi
    grep -q 'weir_close(c)' text || echo 'if (!weir_ok(c)) { fprintf(stderr, "%s\n", weir_message(c)); return 1; } weir_close(c);'
    echo 'return 0; }'
}
rm -rf run # of a test before this one
sources="train $(ls "$include"/weir | sed 's/\.h$//' | grep -v '^train$')" # train makes the run that model loads
for name in $sources; do
    example "$include/weir/$name.h" > "example-$name.c"
    case_ "$name.h-example-lines" test "$(wc -l < text)" -le 14
    case_ "$name.h-example" gcc -std=gnu11 $warnings "example-$name.c" -o "example-$name" $(pkg-config --cflags --libs weir)
    case_ "$name.h-example-runs" "./example-$name"
done
exit $bad
