#!/bin/sh
# weir compare: data with data, runs with data, runs with themselves; the same bits on any number of threads; what it refuses.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

awk 'BEGIN { print "u,v"; for (i = 0; i < 300; i++) printf "%.6f,%.6f\n", sin(i * 12.9898) * 3, cos(i * 78.233) }' > a.csv
awk 'BEGIN { print "u,v"; for (i = 0; i < 250; i++) printf "%.6f,%.6f\n", sin(i * 4.1414) * 3, cos(i * 3.7) + 0.5 }' > b.csv
works "two files" "$WEIR" compare a.csv b.csv
holds "samples of each side" '^b: b.csv: 250 samples' out
for metric in energy sliced_wasserstein classifier kolmogorov_smirnov; do holds "$metric has its error" "^$metric .* +- " out; done
holds "columns have names" 'column v' out
works "as JSON" "$WEIR" compare a.csv b.csv --json --threads 1
cp out one
works "on two threads" "$WEIR" compare a.csv b.csv --json --threads 2
same "the same bits" one out
if command -v python3 > /dev/null; then
    works "JSON has the keys" python3 -c '
import json
o = json.load(open("one"))
assert list(o) == ["a", "b", "dim", "metrics", "warnings"] and o["dim"] == 2 and o["a"] == {"name": "a.csv", "kind": "data", "n": 300, "n_not_finite": 0}, o
assert list(o["metrics"]) == ["energy", "sliced_wasserstein", "classifier", "kolmogorov_smirnov"]
for m in o["metrics"].values():
    assert list(m)[:5] == ["value", "stderr", "p_value", "stderr_is", "same"] and m["stderr"] > 0, m
assert o["metrics"]["energy"]["p_value"] is None and 0 < o["metrics"]["classifier"]["p_value"] < 1
columns = o["metrics"]["kolmogorov_smirnov"]["columns"]
assert [c["column"] for c in columns] == ["u", "v"] and columns[1]["value"] == o["metrics"]["kolmogorov_smirnov"]["value"]'
fi
works "one metric with options, and another" "$WEIR" compare a.csv b.csv --metric "classifier hidden= steps=50" --metric energy -n 100
holds "as many samples as asked for" '^a: a.csv: 100 samples' out

# -- runs
works "train" "$WEIR" train nice --data toy:gaussian,n=500 --out run --set hidden=8 --set couplings=2 --steps 20
works "a run with data" "$WEIR" compare run toy:gaussian,n=300
holds "draws as many as the data" '^a: run: 300 draws' out
works "a run with itself" "$WEIR" compare run run/model.safetensors -n 400 --metric kolmogorov_smirnov --json
if grep -q '"value": 0.0,' out; then not_ok "draws others" out; else ok "draws others"; fi

awk 'BEGIN { print "x,y,k"; for (i = 0; i < 240; i++) { h = i * 7 % 31 / 31; printf "%.5f,%.5f,%d\n", i % 3 + h, h + i * 11 % 13 / 60, i % 3 } }' > k.csv
works "train on classes" "$WEIR" train nice --data k.csv,label=k --out classes --set hidden=16 --set couplings=2 --set init=pytorch --set classes=auto --steps 20
works "under the data's classes" "$WEIR" compare classes k.csv,label=k --metric energy
works "under one class" "$WEIR" compare classes k.csv,label=k --metric energy --class 1
refuses "no class at all" 2 'class' "$WEIR" compare classes toy:gaussian,n=100

# -- refusals
printf '1,2\n' > one.csv
printf '1,2,3\n4,5,6\n' > wide.csv
printf '1,2,nan\n4,5,6\n7,8,9\n' > nan.csv
refuses "one side" 2 'no A and B' "$WEIR" compare a.csv
refuses "an unknown metric" 2 'perhaps energy' "$WEIR" compare a.csv b.csv --metric enrgy
refuses "an unknown option" 2 'hiden' "$WEIR" compare a.csv b.csv --metric "classifier hiden=3"
refuses "another size" 1 'wide.csv 3: expected as many' "$WEIR" compare a.csv wide.csv
refuses "one sample" 1 'expected 2 or more' "$WEIR" compare one.csv a.csv
refuses "weights" 1 'equal weight' "$WEIR" compare wide.csv,weight=1 a.csv
refuses "nothing there" 1 'none.npy' "$WEIR" compare none.npy a.csv
works "not finite" "$WEIR" compare nan.csv wide.csv --metric energy
holds "is left out" '^a: nan.csv: 2 samples, 1 left out: not finite' out
exit $((failures > 0))
