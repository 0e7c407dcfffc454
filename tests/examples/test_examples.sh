#!/usr/bin/env bash
# The examples as a reader builds them: against the installed tree, strict, and what they print is what their first comment says after
# "prints:". There a number behind ~ stands for any within a tenth of it.
# Sanitizers: in make test-long.
set -u
. "$SRC/tests/install/installed.sh"
weir=$prefix/bin/weir
libs=$(pkg-config --cflags --libs weir)

# says FILE: the output it promises
says() { sed -n -E 's/^( \*|!) prints: (.*)$/\2/p' "$1"; }

# agrees WANTED GOT: word by word
agrees() {
    awk 'function bare(w) { gsub(/[,:;)(]/, "", w); return w }
         NR == FNR { want[FNR] = $0; n = FNR; next }
         { got++; k = split(want[FNR], a, " "); if (k != NF) bad = bad "\n" $0
           for (i = 1; i <= k && i <= NF; i++)
               if (a[i] ~ /^~/) { w = bare(substr(a[i], 2)); d = bare($i) - w; if (d < 0) d = -d
                                  if (d > 0.1 * (1 + (w < 0 ? -w : w))) bad = bad "\n" $i " for " a[i] }
               else if (a[i] != $i) bad = bad "\n" $i " for " a[i] }
         END { if (got != n) bad = bad "\n" got " lines, expected " n; if (bad) { print "differs:" bad; exit 1 } }' "$1" "$2"
}

# shows NAME SOURCE COMMAND...: runs and compares
shows() {
    says "$2" > "$1.want"
    [ -s "$1.want" ] || { echo "not ok $1 (it promises nothing)"; bad=1; return; }
    case_ "$1-runs" sh -c '"$@" > "$0.got"' "$1" "${@:3}"
    case_ "$1-prints" agrees "$1.want" "$1.got"
}

for source in "$SRC"/examples/*.c; do
    name=$(basename "$source" .c)
    case $name in mpi_*) continue ;; esac # test_mpi.sh has those
    case_ "$name-builds" gcc -std=c11 $warnings "$source" -o "$name" $libs -lm -pthread
    rm -rf host-run bijection-run
    case $name in sample | container) ;; *) shows "$name" "$source" "./$name" ;; esac
done
for source in "$SRC"/examples/*.cpp; do
    name=$(basename "$source" .cpp)
    case_ "$name-builds" g++ -std=c++17 $warnings "$source" -o "$name" $libs
    shows "$name" "$source" "./$name"
done
# includes FILE: every name of the standard library comes from a header that the file includes itself: what others bring in differs between
# compilers and their versions
includes() {
    grep -oE '\bstd::[a-z_0-9]+' "$1" | sort -u | awk -v file="$1" '
    BEGIN {
        n = split("cstdint:int32_t cstdint:int64_t cstdint:uint64_t cstddef:size_t cstdio:printf cstdio:fprintf exception:exception exception:exception_ptr " \
                  "exception:current_exception exception:rethrow_exception memory:unique_ptr stdexcept:runtime_error string:string vector:vector", pair, " ")
        for (i = 1; i <= n; i++) { split(pair[i], p, ":"); header["std::" p[2]] = p[1] }
        while ((getline line < file) > 0) if (line ~ /^#include </) { gsub(/.*<|>.*/, "", line); has[line] = 1 }
    }
    !($1 in header) { print $1 ": expected a name of which this test knows the header"; bad = 1; next }
    !has[header[$1]] { print $1 ": expected #include <" header[$1] ">"; bad = 1 }
    { any = 1 }
    END { exit bad || !any }'
}
for source in "$SRC"/examples/*.cpp; do case_ "$(basename "$source" .cpp)-includes" includes "$source"; done
if command -v gfortran > /dev/null; then
    case_ fortran-builds gfortran -std=f2008 $warnings -J. "$prefix/include/weir.f90" "$SRC/examples/fortran.f90" -o fortran $libs
    shows fortran "$SRC/examples/fortran.f90" ./fortran
    for fortran in gfortran gfortran-12 gfortran-13 gfortran-14; do # arrays are read where they are: no temporaries
        command -v $fortran > /dev/null || continue
        mkdir -p "$fortran.d"
        case_ $fortran-checked-builds $fortran -std=f2008 -fcheck=all $warnings -J"$fortran.d" "$prefix/include/weir.f90" "$SRC/examples/fortran.f90" -o checked $libs
        case_ $fortran-checked sh -c './checked > /dev/null 2> checked.err && [ ! -s checked.err ]'
    done
    "$weir" train nice --data toy:moons,n=200 --out run --steps 2 --set hidden=8 > /dev/null
    { echo 'program head'; sed -n 's/^!     //p' "$prefix/include/weir.f90"; echo 'end program'; } > head.f90
    case_ fortran-head-builds gfortran -std=f2008 $warnings -I. "$prefix/include/weir.f90" head.f90 -o head $libs
    case_ fortran-head-runs sh -c './head > head.got && [ "$(wc -l < head.got)" -eq 2 ]' # a sample and a density, no error
else
    echo "ok fortran # SKIP no gfortran (script/packages fortran installs it)"
fi

# -- a run made by the command, of every model there is ------------------------------------------------------------------------------
for model in $("$weir" list model --json | sed -n 's/.*"name": "model\.\([^"]*\)".*/\1/p'); do
    small=
    [ "$model" = nice ] && small="--set hidden=16,16"
    [ "$model" = rectified-flow ] && small="--set lr=2e-2" # so that solvers differ in three digits
    data=toy:moons,n=600 values=2
    [ "$model" = glow ] && data=digits values=64 && small="--set depth=1 --set scales=1 --set net.width=8" # of images alone
    case_ "train-$model" "$weir" train "$model" --data "$data" --out "run-$model" --steps 20 --batch 64 $small
    ./sample "run-$model" 10 > few && ./sample "run-$model" 300 > many
    case_ "sample-$model" grep -q "^model.$model: 300 samples of $values values$" many
    case_ "sample-$model-prefix" sh -c '[ "$(sed -n 2p few)" = "$(sed -n 2p many)" ]'
    case_ "sample-$model-scores" grep -qE "^mean log-density -?[0-9.]+ nats, .*, 0 failed$" many
done
case_ sample-by-heun sh -c './sample run-rectified-flow 300 heun 2 > heun && ! cmp -s heun many'
case_ sample-nice-has-none sh -c '! ./sample run-nice 10 heun 20 2> err && [ "$(wc -l < err)" -eq 1 ]'
case_ sample-refuses sh -c '! ./sample nowhere 2> err && [ "$(wc -l < err)" -eq 1 ] && grep -q "^sample: nowhere" err'
case_ sample-usage sh -c '! ./sample 2> err && [ "$(wc -l < err)" -eq 1 ]'

# -- container with most water ----------------------------------------------------------------------------------------------------------
# holds NAME ANSWER: standard input
holds() { ./container > out 2> err; if [ $? -eq 0 ] && [ "$(cat out)" = "$2" ] && [ ! -s err ]; then echo "ok $1"; else echo "not ok $1"; cat out err; bad=1; fi; }
# refuses NAME PATTERN [ARGUMENT...]: standard input; exit 1, nothing on stdout, one line on stderr
refuses() {
    ./container "${@:3}" > out 2> err
    if [ $? -eq 1 ] && [ ! -s out ] && [ "$(wc -l < err)" -eq 1 ] && grep -qE "^container: $2" err; then echo "ok $1"
    else echo "not ok $1"; cat out err; bad=1; fi
}
echo '[1,8,6,2,5,4,8,3,7]' | holds container 49
printf '1 8 6\n2,5 4 , 8\t3 7' | holds container-blanks 49
printf '[ 1 , 1 ]\n' | holds container-two 1
printf '0 0' | holds container-dry 0
printf '000000000000000000000010000 10000' | holds container-zeros-in-front 10000
awk 'BEGIN { for (i = 0; i < 100000; i++) print 10000 }' | holds container-largest 999990000
printf '3 1 2 4 5' > heights.txt
case_ container-file sh -c '[ "$(./container heights.txt)" = 12 ]'
# brute force over pairs agrees on random lists
case_ container-brute-force sh -c 'for s in $(seq 40); do awk -v s=$s "BEGIN { srand(s); n = 2 + int(30 * rand()); for (i = 0; i < n; i++) printf \"%d \", int(50 * rand()) }" > list
    [ "$(./container list)" = "$(awk "{ for (i = 1; i <= NF; i++) for (j = i + 1; j <= NF; j++) { m = \$i < \$j ? \$i : \$j; if (m * (j - i) > b) b = m * (j - i) } print b + 0 }" list)" ] || exit 1; done'
refuses container-none 'standard input: 0 heights: expected 2 to 100000$' < /dev/null
echo '[7]' | refuses container-one 'standard input: 1 heights: expected 2'
awk 'BEGIN { for (i = 0; i <= 100000; i++) print 1 }' | refuses container-too-many 'standard input: more than 100000'
echo '1,10001' | refuses container-too-high 'standard input: height 2: expected within \[0, 10000\]'
echo '1,99999999999999999999999999' | refuses container-overflow 'standard input: height 2: expected within'
echo '1,-1' | refuses container-negative 'standard input: height 2: expected within'
echo '1,x' | refuses container-letter 'standard input: height 2: expected an integer'
echo '1,2.5' | refuses container-fraction 'standard input: after height 2: expected a comma or a blank'
echo '1,,2' | refuses container-gap 'standard input: height 2: expected an integer'
echo '1,2,' | refuses container-trailing-comma 'standard input: after the last comma'
echo '[1,2' | refuses container-open 'standard input: an open bracket'
echo '1,2]' | refuses container-close 'standard input: a \] without'
echo '[1,2] 3' | refuses container-behind 'standard input: behind the \]'
printf '1\0002' | refuses container-nul 'standard input: after height 1'
refuses container-no-file 'nowhere: .*expected a readable file' nowhere
refuses container-folder '\.: .*expected a readable file' .
refuses container-arguments 'arguments: 2: expected at most one' a b
if [ -e /dev/full ]; then case_ container-full sh -c 'echo 1 2 | ./container > /dev/full 2> err; [ $? -eq 1 ] && grep -q "^container: output" err'; fi

# -- as one CMake project over the package ----------------------------------------------------------------------------------------------
case_ cmake "$cmake" -S "$SRC/examples" -B cmake-build -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_FLAGS="$extra" -DCMAKE_CXX_FLAGS="$extra" -DCMAKE_Fortran_FLAGS="$extra"
case_ cmake-builds "$cmake" --build cmake-build
case_ cmake-runs sh -c './cmake-build/memory > cmake.got && ./cmake-build/flow >> cmake.got'
case_ readme-names-all sh -c 'for f in "$SRC"/examples/*.c "$SRC"/examples/*.cpp "$SRC"/examples/*.f90; do grep -q "$(basename "$f")" "$SRC/examples/README.md" || { echo "$f"; exit 1; }; done'
exit $bad
