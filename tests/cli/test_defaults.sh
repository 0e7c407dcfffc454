#!/bin/sh
# Every model on every kind of data with nothing set but those: what `weir train MODEL --data X` chooses can be trained, scored and sampled.
# How good it is after all of its steps stands in doc/results.md (bench/defaults.py).
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"
awk 'BEGIN { for (i = 0; i < 300; i++) { a = sin(12.9 * i) * 43758.5; b = sin(78.2 * i) * 12543.1; a -= int(a); b -= int(b)
    print a + b "," a - b "," a * b "," a "," b * b } }' > table.csv
{ printf '\0\0\10\3\0\0\0\310\0\0\0\14\0\0\0\14'; yes 'a weir shapes a flow' | head -c 28800; } > pictures.idx
models=$("$WEIR" list model | awk '/^  [a-z]/ { print $1 }')
works "there are models" test "$(echo "$models" | wc -l)" -ge 13
data_sets="toy:moons,n=300 table.csv digits,limit=300 pictures.idx"
case ${BUILD:-} in *asan* | *tsan*) data_sets="table.csv pictures.idx" ;; esac # the same code
for model in $models; do
    for data in $data_sets; do
        case $model,$data in glow,toy* | glow,table*)
            refuses "$model of $data" 1 'expected channels,height,width' "$WEIR" train "$model" --data "$data" --out no
            continue ;;
        esac
        rm -rf run
        works "$model of $data" "$WEIR" train "$model" --data "$data" --out run --steps 2 --set valid_rows=4
        holds "$model of $data is told its settings" '^preset=auto .*' out
        works "$model of $data scores" "$WEIR" score run --data "${data%,*},limit=2"
        works "$model of $data samples" "$WEIR" sample run -n 2 -o samples.npy
    done
done
exit $((failures > 0))
