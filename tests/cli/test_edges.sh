#!/bin/sh
# Answers that were wrong without a word: data of another kind than the model's, other splits than the run's, requests in the wrong place.
. "$(dirname "$0")/lib.sh"
warns() { # NAME PATTERN COMMAND...: works, and says so in one line
    name=$1 pattern=$2; shift 2
    if "$@" > out 2> err && [ "$(grep -c 'warning: ' err)" -eq 1 ] && grep -qe "$pattern" err; then ok "$name"; else not_ok "$name" err; fi
}
awk 'BEGIN { srand(3); print "a,b"; for (i = 0; i < 120; i++) printf "%.6f,%.6f\n", rand(), 3 + 2 * rand() }' > ab.csv
awk -F, '{ print $2 "," $1 }' ab.csv > ba.csv
tail -n +2 ab.csv > bare.csv
small="--steps 10 --set couplings=2 --set hidden=8"
# shellcheck disable=SC2086 # words of a line
works "train" "$WEIR" train nice --data ab.csv,valid=0.25 --out run $small
refuses "columns in another order" 1 'ba.csv: column 1 is b: expected a, as the model was made for' "$WEIR" score run --data ba.csv
works "columns without names" "$WEIR" score run --data bare.csv
works "samples under the names" "$WEIR" sample run -n 3 -o x.csv
if [ "$(head -n 1 x.csv)" = a,b ] && [ "$(wc -l < x.csv)" -eq 4 ]; then ok "of the data"; else not_ok "of the data" x.csv; fi
works "which are read back" "$WEIR" score run --data x.csv
works "held-out samples are the run's" "$WEIR" score run --data ab.csv,split=valid --json
cp out own
works "whose rule may be said" "$WEIR" score run --data ab.csv,split=valid,valid=0.25 --json
same "to the same numbers" out own
warns "another rule" 'the run holds out others (valid=0.25): samples that it has trained on may be among these' \
    "$WEIR" score run --data ab.csv,split=valid,valid=0.5
refuses "standardize is the model's" 2 'standardize: expected none' "$WEIR" score run --data ab.csv,standardize=yes
refuses "a model by --set" 2 'weir train nice' "$WEIR" train --set model=nice --data ab.csv --out no
refuses "data by --set" 2 'expected --data ab.csv' "$WEIR" train nice --set data=ab.csv --out no
refuses "nothing to resume" 1 'no: no run to resume' "$WEIR" train --out no --resume
absent "nothing is made" no
cp run/model.safetensors before
refuses "a page over the model" 1 'run/model.safetensors: expected a page to write, FILE.html' "$WEIR" report run -o run/model.safetensors
same "the model is as it was" run/model.safetensors before
# Shapes: the same values a sample, another order of axes
{ printf '\223NUMPY\001\000\166\000'; printf '%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': (60, 1, 4, 2), }"; head -c 480 /dev/urandom; } > wide.npy
{ printf '\223NUMPY\001\000\166\000'; printf '%-117s\n' "{'descr': '|u1', 'fortran_order': False, 'shape': (60, 1, 2, 4), }"; tail -c 480 wide.npy; } > tall.npy
# shellcheck disable=SC2086
works "train on images of bytes" "$WEIR" train nice --data wide.npy --out images $small
works "which are 256 levels" "$WEIR" info images
holds "as in PNG" '^levels *256' out
refuses "images of another shape" 1 'samples of shape \[1, 2, 4\]: expected \[1, 4, 2\], as the model was made for' "$WEIR" score images --data tall.npy
# What training says of itself
awk 'BEGIN { srand(5); for (i = 0; i < 300; i++) printf "%.6f,%.6f\n", i == 17 ? 1e6 : rand() + rand() - rand(), rand() }' > wild.csv
# shellcheck disable=SC2086
warns "a value that decides mean and deviation" 'sample 17, column 1: 1000000, .*mean, deviation and held-out means; standardize=robust' \
    "$WEIR" train nice --data wild.csv,standardize=yes --out wild $small
# shellcheck disable=SC2086
warns "or, by quartiles, the loss" 'sample 17, column 1: 1000000, .*the loss and held-out means: drop the sample' \
    "$WEIR" train nice --data wild.csv,standardize=robust --out robust $small
awk 'BEGIN { srand(6); for (i = 0; i < 300; i++) printf "%.6f,%.6f\n", 5e8 + rand(), rand() }' > far.csv
warns "values that drown the noise of a continuous model, in double too" 'column 1: values near 5000*.* noise of 1: add standardize=yes' \
    "$WEIR" train rectified-flow --data far.csv --set standardize=no --set dtype=f64 --set net.hidden=8 --out drowned --steps 5
refuses_last() { # NAME PATTERN COMMAND...: exit 1, and a last line on stderr that matches
    name=$1 pattern=$2; shift 2
    "$@" > out 2> err
    if [ $? -eq 1 ] && tail -n 1 err | grep -qe "$pattern"; then ok "$name"; else not_ok "$name" err; fi
}
refuses_last "a flow that diverges stops" 'wide: step [0-9]*: loss .*: it diverges: expected a smaller optimizer.lr' \
    "$WEIR" train rectified-flow --data toy:moons,n=500 --set net.hidden=16 --lr 10 --steps 200 --out wide
absent "without a model" wide/model.safetensors
refuses_last "held-out samples that all fail" 'failed: all 50 held-out samples failed: expected some density' \
    "$WEIR" train rectified-flow --data toy:moons,n=300 --set net.hidden=8 --set score.max_steps=1 --steps 10 --out failed
exit $((failures > 0))
