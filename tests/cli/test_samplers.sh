#!/bin/sh
# Evaluations against quality of every sampler on one run, as a user types it, and the page that shows it.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

works "train" "$WEIR" train rectified-flow --data toy:moons,n=600 --out run --set net.hidden=16,16 --steps 200 --set valid_rows=20
works "train a flow" "$WEIR" train nice --data toy:moons,n=300 --out flow --set hidden=8 --set couplings=2 --steps 5
works "every sampler" "$WEIR" samplers run --data toy:moons,n=300,split=valid -n 40 --evaluations 2,6
"$WEIR" list sampler | awk '/^  [a-z]/ { print $1 }' > names
[ "$(wc -l < out)" -eq $((1 + 2 * $(wc -l < names))) ] && ok "two lines each" || not_ok "two lines each" out
[ "$(wc -l < run/samplers.jsonl)" -eq $((2 * $(wc -l < names))) ] && ok "and in the file" || not_ok "and in the file" out
holds "heun asks twice a step" '^heun  *6.0 ' out
holds "noise on the way has no end of the ODE" '^ddpm  *6.0 .* -$' out
awk '$1 == "euler" { e[++n] = $NF } END { exit !(e[1] > 2 * e[2]) }' out && ok "more steps end nearer" || not_ok "more steps end nearer" out
works "a page" "$WEIR" report run
holds "shows them" 'Evaluations against quality' run/report.html
for threads in 1 2; do works "$threads threads" "$WEIR" samplers run --data toy:moons,n=300 -n 50 --evaluations 3 --sampler "dpm_2 type=taylor" --sampler euler -o t$threads.jsonl --threads $threads; done
same "the same bits" t1.jsonl t2.jsonl
[ "$(wc -l < t1.jsonl)" -eq 2 ] && ok "those asked for" || not_ok "those asked for" t1.jsonl
awk 'BEGIN { print "x,y,k"; for (i = 0; i < 240; i++) { h = i * 7 % 31 / 31; printf "%.5f,%.5f,%d\n", i % 3 + h, h + i * 11 % 13 / 60, i % 3 } }' > k.csv
works "train on classes" "$WEIR" train rectified-flow --data k.csv,label=k --out classes --set net.hidden=8 --set classes=auto --steps 20 --set valid_rows=20
works "under the data's classes" "$WEIR" samplers classes --data k.csv,label=k -n 30 --evaluations 4 --sampler heun
refuses "no data" 2 'no --data: weir samplers' "$WEIR" samplers run
refuses "an unknown sampler" 2 'perhaps euler' "$WEIR" samplers run --data toy:moons,n=100 --sampler eulr
refuses "an unknown option" 2 'stepz' "$WEIR" samplers run --data toy:moons,n=100 --sampler "euler stepz=4"
refuses "no number" 2 'evaluations: 4,x: expected up to 32 integers' "$WEIR" samplers run --data toy:moons,n=100 --evaluations 4,x
refuses "results to no file" 2 '^weir: -o: -: expected a file' "$WEIR" samplers run --data toy:moons,n=100 -o -
absent "which is made" ./-
refuses "an unknown metric" 2 'perhaps energy' "$WEIR" samplers run --data toy:moons,n=100 -n 20 --metric enrgy --sampler euler
refuses "a flow" 2 'samplers flow\|solver' "$WEIR" samplers flow --data toy:moons,n=100
exit $((failures > 0))
