#!/bin/sh
# Runs that weir 0.1.0 wrote: they open, score and sample to the same numbers, and resume.
. "$(dirname "$0")/lib.sh"
cp -r "$SRC"/tests/cli/runs-0.1/* . && chmod -R u+w .

# near NAME A B TOLERANCE
near() {
    if awk -v a="$2" -v b="$3" -v t="$4" 'BEGIN { d = a - b; exit !(a != "" && d <= t && -d <= t) }'; then ok "$1"
    else echo "$2 is not within $4 of $3" > err; not_ok "$1" err; fi
}

# scores RUN SPEC NATS
scores() {
    "$WEIR" score "$1" --data "$2",split=valid --json > out 2> err || { not_ok "score $1" err; return; }
    near "score $1" "$(sed -n 's/.*"nats": \(-*[0-9.]*\).*/\1/p' out)" "$3" 1e-3
}

# samples RUN TOLERANCE: each value within that of what was drawn
samples() {
    "$WEIR" sample "$1" -n 2 --seed 4 -o drawn.csv > out 2> err || { not_ok "sample $1" err; return; }
    grep -v '^[a-zA-Z"]' drawn.csv | tr ',' '\n' > a
    tr ',' '\n' < "$1/samples.csv" > b
    paste a b > both
    if awk -v t="$2" '{ d = $1 - $2; if (NF != 2 || d > t || -d > t) bad = 1 } END { exit bad || NR == 0 }' both; then ok "sample $1"
    else not_ok "sample $1" both; fi
}

scores nice digits -370.66704199218748
scores nice-part digits,levels=17 -270.35673168945311
scores flow toy:moons,n=2000 -3.5099267035991222
scores f64 toy:gmm3,n=1000 -3.0425425867557356
scores solvers toy:moons,n=400 -4.2161486451305556
samples solvers 1e-6
works "info of an old run" "$WEIR" info solvers
holds "an option by its new name" 'log_prob.steps *4' out
holds "what the chosen row has" 'time_density.std *0.7' out
lacks "what it has not" 'sampler.rtol' out
samples nice 0       # integers
samples nice-part 0
samples flow 1e-3
samples f64 1e-5
works "resumed: samplers of its own" "$WEIR" train --out solvers --resume --steps 8 --threads 1
refuses "the same option by its old name, another value" 1 'model.log_prob.steps differs' "$WEIR" train --out solvers --resume --set score.steps=5
works "the same by its old name" "$WEIR" train --out solvers --resume --set score.steps=4 --set model.sampler.name=heun
works "report of an old run" "$WEIR" report flow
holds "with the settings of chosen rows" 'net.hidden' flow/report.html
works "resumed" "$WEIR" train --out nice-part --resume --steps 40 --threads 1
scores nice-part digits,levels=17 -269.61575439453122
works "resumed: a continuous flow" "$WEIR" train --out flow --resume --steps 50 --threads 1
# buffers are in no old checkpoint; limit= and validations took the first rows of a split
scores std toy:moons,n=500 -3.5456575916474122
works "resumed: with buffers, on the first rows" "$WEIR" train --out std --resume --steps 40 --threads 1
holds "says where they are from" 'note: std: .*kept no buffers: they are taken from model.safetensors' err
near "held out, as 0.1.0 went on" "$(sed -n 's/.*"step": 40, "valid": \(-*[0-9.]*\).*/\1/p' std/metrics.jsonl)" -3.4955129384994508 1e-4
scores std toy:moons,n=500 -3.5446807332785735
refuses "resuming what has lost its checkpoint" 1 'nice: has trained, but checkpoint/state.safetensors is missing' "$WEIR" train --out nice --resume
works "a finished old run is finished" "$WEIR" train --out f64 --resume
exit $failures
