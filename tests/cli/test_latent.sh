#!/bin/sh
# Encoding and decoding, classes by Bayes' rule, what lies between rows, values filled in, outliers, as a user types them.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

awk 'BEGIN {
    split("rose daisy oak", kind, " ")
    print "x,y,kind"
    for (i = 0; i < 240; i++) { h = i * 7 % 31 / 31; printf "%.5f,%.5f,%s\n", 3 * (i % 3) + h + i * 11 % 13 / 60, h, kind[i % 3 + 1] }
}' > all.csv
small="--set hidden=16 --set couplings=2 --set init=pytorch --set optimizer=adam"
# shellcheck disable=SC2086 # words of a line
works "train" "$WEIR" train nice --data all.csv,label=kind --out run $small --set classes=auto --set base=diagonal --lr 1e-2 --steps 300 --set dtype=f64
# shellcheck disable=SC2086
works "train on integers" "$WEIR" train nice --data digits --out digits $small --steps 5 --set context=0
works "train a continuous model" "$WEIR" train rectified-flow --data toy:moons,n=300 --out moons --set net.hidden=16 --steps 20 --set valid_rows=20

# -- there and back
works "encode" "$WEIR" encode run --data all.csv,label=kind -o z.npy --cycle
holds "the cycle closes" '^cycle error *[0-9.]*e-1[0-9]' out
works "decode" "$WEIR" decode run z.npy --data all.csv,label=kind -o back.csv
awk -F, 'NR > 1 { print $1 "," $2 }' all.csv > plain.csv
sed 1d back.csv | paste -d, plain.csv - | awk -F, '{ d = $1 - $3; e = $2 - $4; if (d * d > 1e-16 || e * e > 1e-16) exit 1 }' && ok "which is the data again" || not_ok "which is the data again" back.csv
works "encode integers" "$WEIR" encode digits --data digits,limit=40 -o digits.npy --cycle
holds "they come back to the bit" '^cycle error *0 ' out
works "encode by an ODE" "$WEIR" encode moons --data toy:moons,n=9 -o moons.csv --cycle --solver "dopri5 rtol=1e-7 atol=1e-7"
if [ "$(wc -l < moons.csv)" -eq 9 ]; then ok "a line a sample"; else not_ok "a line a sample" moons.csv; fi
works "one class of all" "$WEIR" encode run --data plain.csv --class oak -o oak.npy
works "and back" "$WEIR" decode run oak.npy --class oak -o oak.csv
for threads in 1 2; do works "encode, $threads threads" "$WEIR" encode run --data all.csv,label=kind -o t$threads.npy --threads $threads --batch $((threads * 37)); done
same "the same bits" t1.npy t2.npy
refuses "no data" 2 'no --data: weir encode' "$WEIR" encode run -o no.npy
refuses "no run" 2 'no RUN: weir encode' "$WEIR" encode --data plain.csv -o no.npy
refuses "no file" 2 'o: none: expected' "$WEIR" encode run --data plain.csv
refuses "a picture of noise" 2 'expected a file that ends in .npy or .csv' "$WEIR" encode run --data plain.csv -o no.png
refuses "no class" 2 'no --class' "$WEIR" encode run --data plain.csv -o no.npy
refuses "a method that is none for ODEs" 2 'ddpm' "$WEIR" encode moons --data toy:moons,n=3 -o no.npy --solver ddpm
refuses "a solver of a flow" 2 'expected none' "$WEIR" encode digits --data digits,limit=3 -o no.npy --solver euler
refuses "noise of other rows" 1 'digits.npy: 40 samples of 64 values: expected samples of 2' "$WEIR" decode run digits.npy --class oak -o no.csv
refuses "no noise" 2 'no Z.npy' "$WEIR" decode run -o no.csv
refuses "conditions twice" 2 'data: together with --class' "$WEIR" decode run z.npy -o no.csv --data all.csv,label=kind --class oak
refuses "data of another length" 1 'condition of 11 samples' "$WEIR" decode run z.npy -o no.csv --data all.csv,label=kind,limit=11

# -- samples with their log q
works "sample" "$WEIR" sample run -n 6 -o six.csv --class rose --temperature 0.8 --seed 4
works "with log q" "$WEIR" sample run -n 6 -o same.csv --class rose --temperature 0.8 --seed 4 --log-prob q.csv
same "the same samples" six.csv same.csv
works "at temperature 1" "$WEIR" sample run -n 6 -o one.csv --class rose --log-prob q.csv
works "scored" "$WEIR" score run --data one.csv --class rose -o p.csv
paste -d, q.csv p.csv | awk -F, '{ d = $1 - $2; if (d * d > 1e-8) exit 1 }' && ok "log q is log p" || not_ok "log q is log p" q.csv
refuses "no log q of a continuous model" 2 'log-prob: model.rectified-flow: expected a flow' "$WEIR" sample moons -n 2 -o no.csv --log-prob no.npy
refuses "no log q at temperature 0" 1 'temperature 0: expected above 0' "$WEIR" sample run -n 2 --class 0 -o no.csv --log-prob no.npy --temperature 0
refuses "no such file of log q" 2 'log-prob: q.png: expected' "$WEIR" sample run -n 2 --class 0 -o no.csv --log-prob q.png

# -- classes
works "classify" "$WEIR" classify run --data all.csv,label=kind,limit=60 -o posterior.csv
holds "accuracy" '^accuracy *\(1.0000\|0.9[0-9]*\) ' out
holds "a table of classes" '^oak ' out
awk -F, '{ s = $1 + $2 + $3; if (s < 0.999999 || s > 1.000001) exit 1 }' posterior.csv && ok "rows add up to 1" || not_ok "rows add up to 1" posterior.csv
works "as JSON" "$WEIR" classify run --data all.csv,label=kind,limit=60 --json --prior uniform
for key in accuracy confusion log_loss calibration; do holds "has $key" "\"$key\": " out; done
holds "names its classes" '"classes": \["daisy", "oak", "rose"\]' out
works "without classes in the data" "$WEIR" classify run --data plain.csv --json
holds "nothing is known of how well" '"accuracy": null' out
refuses "a model without classes" 2 'classify: model.nice: expected a model made with classes' "$WEIR" classify digits --data digits,limit=3
refuses "no such prior" 2 'prior: half: expected train or uniform' "$WEIR" classify run --data plain.csv --prior half
mkdir -p lost && cp run/model.safetensors lost/
refuses "no training data" 1 'prior: lost: its training data' "$WEIR" classify lost --data plain.csv
works "which a uniform prior does not want" "$WEIR" classify lost --data plain.csv --prior uniform

# -- outliers
{ cat plain.csv; echo "50,50"; } | sed '1,230d' > odd.csv
works "outliers" "$WEIR" score run --data odd.csv --class oak --outliers 0.01 --json
holds "the last is one" '"outliers": {"quantile": 0.01, "nats": [-0-9.]*, "n": [0-9]*, "samples": \[.*10\]}' out
works "in the table" "$WEIR" score run --data odd.csv --class oak --outliers 0.01
holds "a line of them" '^outliers *[0-9]* samples below' out
refuses "no quantile" 2 'outliers' "$WEIR" score run --data odd.csv --class oak --outliers 2

# -- between
works "between two samples" "$WEIR" interpolate run --data all.csv,label=kind --from 0 --to 3 -n 5 -o between.csv
sed 1d between.csv | head -n 1 | paste -d, - plain.csv 2> /dev/null | head -n 1 | awk -F, '{ d = $1 - $3; if (d * d > 1e-12) exit 1 }' && ok "begins at the sample" || not_ok "begins at the sample" between.csv
works "along a class" "$WEIR" interpolate run --data all.csv,label=kind --from 0 --attribute oak --reach 2 -n 5 -o along.csv --arc
refuses "both" 2 'attribute: together with --to' "$WEIR" interpolate run --data all.csv,label=kind --to 3 --attribute oak -o no.csv
refuses "no such class" 2 'attribute elm: expected a class of the 3' "$WEIR" interpolate run --data all.csv,label=kind --attribute elm -o no.csv
refuses "a class of data without them" 2 'plain.csv has no classes: expected data with them' "$WEIR" interpolate moons --data plain.csv --attribute 1 -o no.csv
refuses "samples and their nats in one file" 2 'log-prob: no.npy: expected another file than that of -o' "$WEIR" sample moons -n 3 -o no.npy --log-prob no.npy
refuses "no such row" 2 'expected 0 to 239' "$WEIR" interpolate run --data all.csv,label=kind --from 999 -o no.csv

# -- filled in
printf '0,1\n' > mask.csv
works "inpaint" "$WEIR" inpaint run --data all.csv,label=kind,limit=20 --mask mask.csv -o full.csv --steps 50 --log-prob lp.csv
cut -d, -f1 full.csv > kept.csv
works "the same data" "$WEIR" decode run z.npy --data all.csv,label=kind -o all-back.csv
if [ "$(wc -l < full.csv)" -eq 21 ] && [ "$(wc -l < lp.csv)" -eq 21 ]; then ok "a line a sample"; else not_ok "a line a sample" full.csv; fi
works "again, in small batches" "$WEIR" inpaint run --data all.csv,label=kind,limit=20 --mask mask.csv -o again.csv --steps 50 --batch 3
same "the same" full.csv again.csv
printf '1,0,1\n' > wide.csv
refuses "a mask of other values" 1 'wide.csv: 1 samples of 3 values: expected 1 or 20 samples of 2' "$WEIR" inpaint run --data all.csv,label=kind,limit=20 --mask wide.csv -o no.csv
refuses "no mask" 2 'no --mask' "$WEIR" inpaint run --data all.csv,label=kind -o no.csv
works "beside what is known" "$WEIR" inpaint moons --data toy:moons,n=3 --mask mask.csv -o turns.csv --solver ddpm --steps 9 --resample 3 --jump 3 --log-prob lp.csv
works "again, in small batches" "$WEIR" inpaint moons --data toy:moons,n=3 --mask mask.csv -o again.csv --solver ddpm --steps 9 --resample 3 --jump 3 --batch 1
same "the same" turns.csv again.csv
for flag in "--solver ddim" "--resample 2" "--jump 2"; do
    # shellcheck disable=SC2086 # words of a line
    refuses "a sampler's $flag of a flow" 2 "^weir: ${flag% *}: model.nice: expected no such option, its values are filled in by ascent" "$WEIR" inpaint run --data all.csv,label=kind,limit=2 --mask mask.csv -o no.csv $flag
done
for flag in "--rate 2" "--noise 0"; do
    # shellcheck disable=SC2086
    refuses "an ascent's $flag of a sampler" 2 "^weir: ${flag% *}: model.rectified-flow: expected no such option, its values are drawn" "$WEIR" inpaint moons --data toy:moons,n=3 --mask mask.csv -o no.csv $flag
done
refuses "turns of no steps" 2 'expected fixed steps' "$WEIR" inpaint moons --data toy:moons,n=3 --mask mask.csv -o no.csv --solver dopri5

# -- begun at data
works "begun at data" "$WEIR" sample moons --image toy:moons,n=3 --strength 0.4 -n 6 -o begun.csv
if [ "$(wc -l < begun.csv)" -eq 6 ]; then ok "two of each"; else not_ok "two of each" begun.csv; fi
sed 1d plain.csv | head -n 4 > four.csv
works "at little noise" "$WEIR" sample moons --image four.csv --strength 0.001 -o near.csv --solver "ddim steps=5"
paste -d, four.csv near.csv | awk -F, '{ d = $1 - $3; e = $2 - $4; if (d * d > 1e-3 || e * e > 1e-3) exit 1 }' && ok "near the data" || not_ok "near the data" near.csv
refuses "strength of nothing" 2 'no --image' "$WEIR" sample moons -n 2 --strength 0.4 -o no.csv
refuses "two places to begin" 2 'together with --image' "$WEIR" sample moons -n 2 --image toy:moons,n=2 --noise z.npy -o no.csv
refuses "no multiple" 2 'expected a multiple of the 3 samples' "$WEIR" sample moons -n 4 --image toy:moons,n=3 -o no.csv
refuses "data of other values" 1 'digits,limit=2: 64 values a sample: expected 2' "$WEIR" sample moons --image digits,limit=2 -o no.csv
refuses "a flow, which has no path" 1 'expected a model on a path' "$WEIR" sample run --image all.csv,label=kind,limit=2 --class rose -o no.csv
if has png; then
    works "a picture" "$WEIR" sample digits -n 1 -o digit.png
    refuses "of another size" 1 'digit.png: .* values a sample: expected 64' "$WEIR" sample digits --image digit.png -o no.csv
fi

works "of a continuous model" "$WEIR" inpaint moons --data toy:moons,n=3 --mask mask.csv -o moons.csv --steps 2
absent "nothing is written" no.csv no.npy no.png
for command in encode decode classify interpolate inpaint; do
    works "help $command" "$WEIR" help $command
    holds "help $command has an example of its use" "^weir $command RUN" out
done
exit $((failures > 0))
