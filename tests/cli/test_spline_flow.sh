#!/bin/sh
# Neural spline flows and autoregressive flows as a user types them; conditions; conditions learned.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

quick="--set layers=2 --set steps=60 --set valid_every=30 --batch 64"
for model in nsf maf iaf "maf --set map=spline"; do
    run=$(echo "$model" | tr -c 'a-z\n' _)
    # shellcheck disable=SC2086 # words of a line
    works "train $model" "$WEIR" train $model --data toy:moons,n=600 --out "$run" $quick --seed 1
    works "score $model" "$WEIR" score "$run" --data toy:moons,n=100 --json
    holds "is exact" '"kind": "exact"' out
    works "sample $model" "$WEIR" sample "$run" -n 40 -o "$run".npy --seed 2 --threads 2
    works "in batches of 7" "$WEIR" sample "$run" -n 40 -o seven.npy --seed 2 --threads 1 --batch 7
    same "are the same samples" "$run".npy seven.npy
done
awk 'BEGIN { srand(2); for (i = 0; i < 3000; i++) { a = rand() * 6.28318 - 3.14159; b = a + (rand() + rand() - 1); print a "," (b > 3.14159 ? b - 6.28318 : b < -3.14159 ? b + 6.28318 : b) } }' > angles.csv
steps=600 long=1500
case ${BUILD:-} in *asan*) steps=20 long=20 ;; esac # what is learned is not their matter
circle="--set domain=circle --set mix=permutation --set layers=2 --set steps=$steps"
# shellcheck disable=SC2086
refuses "angles are not standardised" 2 'expected standardize=no' "$WEIR" train nsf --data angles.csv --out circle $circle
# shellcheck disable=SC2086
works "train nsf on angles" "$WEIR" train nsf --data angles.csv --out circle $circle --set bound=3.14159265 --set standardize=no --set "base=uniform low=-3.14159265 high=3.14159265" --seed 1
works "score nsf on angles" "$WEIR" score circle --data angles.csv --json
# log p is -log(2 pi) of the first, and of the second, triangular about it, -1/2: together -2.338
[ "$steps" -eq 20 ] || holds "is near its density on the circle" '"nats": -2\.3[0-9]*,' out
seq 1 40 > one.csv
refuses "one column" 2 'model.nsf: dim=1: expected 2 or more' "$WEIR" train nsf --out one --data one.csv

case ${BUILD:-} in
*asan*) echo "ok quality # SKIP the same code as above, for longer" ;;
*)
    # Within 0.01 nat of a known density, on rows that were never seen.
    works "train nsf on a mixture" "$WEIR" train nsf --data toy:gmm3,n=30000 --out mixture --set layers=3 --set steps=1000 --set warmup=20 --seed 1
    works "score nsf on a mixture" "$WEIR" score mixture --data toy:gmm3,n=50000,valid=last:20000,split=valid --json --seed 1
    holds "is near its density" '"excess_nats": 0\.00[0-9]*,' out
    works "train maf on a Gaussian" "$WEIR" train maf --data toy:gaussian,n=30000 --out normal --set layers=2 --set steps=1000 --seed 1
    works "score maf on a Gaussian" "$WEIR" score normal --data toy:gaussian,n=50000,valid=last:20000,split=valid --json --seed 1
    holds "is near its density, too" '"excess_nats": 0\.00[0-9]*,' out
    ;;
esac

# Class and context: x is near (class, 2 context), which the conditioned models learn and sample by.
awk 'BEGIN { srand(1); print "x,y,kind,c"; for (i = 0; i < 3000; i++) { k = i % 2; c = rand() * 4 - 2
    print 3 * k + (rand() + rand() + rand() - 1.5) * 0.5 "," 2 * c + (rand() + rand() + rand() - 1.5) * 0.5 "," (k ? "right" : "left") "," c } }' > data.csv
for model in nsf maf; do
    # shellcheck disable=SC2086
    works "train $model by class and context" "$WEIR" train $model --data "data.csv,label=kind,condition=c" --out by_$model --set layers=2 --set steps=$long --batch 128 --seed 1 --set classes=auto --set context=auto
    works "sample $model of a class" "$WEIR" sample by_$model -n 200 -o by.csv --class right --condition "c=1.5" --seed 1
    [ "$long" -eq 20 ] || works "are where the condition says" awk -F, '$1 + 0 == $1 { n++; x += $1; y += $2 } END { x /= n; y /= n; if (x < 2.7 || x > 3.3 || y < 2.6 || y > 3.4) { print x, y > "/dev/stderr"; exit 1 } }' by.csv
    refuses "no class" 2 'class' "$WEIR" sample by_$model -n 2 -o no.csv --condition "c=1"
done
exit "$((failures > 0))"
