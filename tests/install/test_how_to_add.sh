#!/usr/bin/env bash
# doc/how-to-add.md to the letter, quickly: in a copy of the sources the touches are made, and only what they touch is compiled - the new
# file, the list of its kind and the room's tests - and linked before the library as built, which gives the rest. tests/long builds all.
# Sanitizers: in make test-long.
set -u
case $BUILD in *asan*) echo "ok what is added # SKIP under sanitizers: compiled anew ten times, and only the additions are"; exit 0 ;; esac
. "$SRC/tests/install/follow.sh"
bad=0
case_() { # NAME COMMAND...
    if "${@:2}" > log 2>&1; then echo "ok $1"; else echo "not ok $1"; sed 's/^/# /' log; bad=1; fi
}
rm -rf copy && mkdir copy && cp -r "$SRC/src" "$SRC/include" "$SRC/tests" copy/
cmocka=$(pkg-config --cflags --libs cmocka)
libs=$(PKG_CONFIG_PATH=$BUILD pkg-config --static --libs weir | sed -E 's/-lweir( |$)/ /; s/-L[^ ]*//g')
defines=$(grep -o -- '-DWEIR_[A-Z0-9_]*' "$BUILD/compile_commands.json" | grep -E 'HAVE|NO_POOL' | sort -u | tr '\n' ' ')

# adds SECTION TEST LIST FILE PROGRAM [MORE..]: follows the section, then builds and runs that test over it, with what stands in the list too
adds() {
    case_ "$1-followed" follow "$1" copy
    case_ "$1-builds" gcc -std=gnu11 -O1 -Wall -Wextra -Wno-unused-parameter -Wshadow -Wmissing-prototypes -Werror $defines "-DWEIR_TESTS_DIR=\"$PWD/copy/tests\"" \
        -Icopy/include -Icopy/src -Icopy/tests "copy/tests/$2" "copy/src/$3" "copy/src/$4" "${@:6}" "$BUILD/libweir.a" $cmocka $libs -ldl -lm -o "$5"
    case_ "$1-passes" sh -c './"$0" > "$0.log" 2>&1 || { cat "$0.log"; exit 1; }' "$5"
    case_ "$1-is-tested" grep -q '^ok' "$5.log"
}
adds "an op" ops/test_ops.c ops/list.c ops/softsign.c op
adds "a bijection" flow/test_flow.c flow/rows.c flow/shift.c bijection
adds "a distribution" flow/test_base.c flow/rows.c flow/sech.c distribution copy/src/flow/shift.c
adds "a model" models/test_rows.c models/rows.c models/scaled.c model
adds "a sampler" diffusion/test_sampler.c diffusion/sampler.c diffusion/two_step.c sampler
adds "a data reader" data/test_spec.c data/table.c data/dat.c reader

# the tests above do look at what was added: with a wrong derivative, inverse, order or file they fail
breaks() { # NAME FILE SED TEST LIST [MORE..]
    sed "$3" "copy/src/$2" > broken.c
    case_ "$1-was-broken" sh -c "! cmp -s broken.c 'copy/src/$2'"
    case_ "$1-broken-builds" gcc -std=gnu11 -O1 $defines "-DWEIR_TESTS_DIR=\"$PWD/copy/tests\"" -Icopy/include -Icopy/src -Icopy/tests "copy/tests/$4" \
        "copy/src/$5" broken.c "${@:6}" "$BUILD/libweir.a" $cmocka $libs -ldl -lm -o broken
    case_ "$1-broken-fails" sh -c '! ./broken'
}
breaks "an op" ops/softsign.c 's/weir_square(bottom)/bottom/' ops/test_ops.c ops/list.c
breaks "a sampler" diffusion/two_step.c 's/weir__steps_first(w.size, at, to,/weir__steps_first(w.size, to, at,/' diffusion/test_sampler.c diffusion/sampler.c
breaks "a distribution" flow/sech.c 's/weir_scale(z, pi \/ 2)/z/' flow/test_base.c flow/rows.c copy/src/flow/shift.c
breaks "a model" models/scaled.c 's/.sample = weir__flow_sample,/.sample = NULL,/' models/test_rows.c models/rows.c
breaks "a bijection" flow/shift.c 's/apply(m, y, log_det, -1)/apply(m, y, log_det, 1)/' flow/test_flow.c flow/rows.c copy/src/flow/sech.c
exit $bad
