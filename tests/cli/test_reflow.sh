#!/bin/sh
# A rectified flow made straight, as a user types it: one step of Euler is then as good as the ODE.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

# energy FILE: its energy distance to fresh moons
energy() { "$WEIR" compare "$1" toy:moons,n=1500 --json 2> err | sed 's/.*"energy": *{"value": *\([-0-9.e]*\).*/\1/'; }

works "train" "$WEIR" train rectified-flow --data toy:moons --out run --steps $(fewer 1500 20) --set valid_rows=100 --threads 1
works "reflow" "$WEIR" reflow run -o run2 --steps $(fewer 400 5) --set valid_rows=100 --threads 1 -n 300
[ $sanitized = yes ] || holds "straightness, before and after" '^straightness *0\.[4-9][0-9]* *0.0[01]' out
works "of two threads" "$WEIR" reflow run -o again --steps $(fewer 400 5) --set valid_rows=100 --threads 2 -n 300 --json
[ $sanitized = yes ] || holds "as JSON" '"before": {"straightness": 0.[4-9].*"after": {"straightness": 0.0[01]' out
"$WEIR" sample run2 -n 500 -o a.npy --seed 3 && "$WEIR" sample again -n 500 -o b.npy --seed 3
same "the same bits" a.npy b.npy
if [ $sanitized = no ]; then
    for run in run run2; do works "one step of $run" "$WEIR" sample $run -n 1500 -o $run.npy --solver euler --steps 1 --seed 5; done
    before=$(energy run.npy) after=$(energy run2.npy)
    if awk "BEGIN { exit !($before > 0.5 && $after < 0.05) }"; then ok "energy distance of one step, $before, is $after"; else echo "$before $after" > err; not_ok "energy distance of one step" err; fi
fi
works "it goes on" "$WEIR" train --out run2 --resume --steps $(fewer 410 10)
works "train edm" "$WEIR" train edm --data toy:moons,n=2000 --out edm --steps $(fewer 800 20) --set valid_rows=50 --threads 1
works "reflow of it" "$WEIR" reflow edm -o edm2 --steps $(fewer 300 5) --set batch=64 --set valid_rows=50 --threads 1 -n 200
holds "its path and prediction" 'model    rectified-flow, path fm, prediction velocity, begun anew' err
if [ $sanitized = yes ] || awk '/^straightness/ { exit !($2 > 0.3 && $3 < 0.03) }' out; then ok "its straightness, before and after"; else not_ok "its straightness" out; fi
for run in edm edm2; do works "samples of $run" "$WEIR" sample $run -n 200 -o $run.csv --seed 3 --solver "heun frame=t steps=60"; done
refuses "no run" 2 'no RUN: weir reflow' "$WEIR" reflow -o no
refuses "no folder" 2 'no -o: weir reflow' "$WEIR" reflow run
refuses "not into a run" 1 'run2: holds a run' "$WEIR" reflow run -o run2
refuses "no such run" 1 'nowhere/config.json' "$WEIR" reflow nowhere -o no
works "train a flow" "$WEIR" train nice --data toy:moons,n=300 --out flow --set hidden=8 --set couplings=2 --steps 5
refuses "a flow" 1 'expected a continuous model' "$WEIR" reflow flow -o no
absent "nothing is left" no
exit $((failures > 0))
