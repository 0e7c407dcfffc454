#!/bin/sh
# Flow matching from a data set to another, as a user types it: moons from eight Gaussians.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

train() { "$WEIR" train flow-matching --data toy:moons --set source=toy:8gaussians "$@"; }
# energy FILE: its energy distance to fresh moons
energy() { "$WEIR" compare "$1" toy:moons,n=1500 --json 2> err | sed 's/.*"energy": *{"value": *\([-0-9.e]*\).*/\1/'; }

works "train" train --out run --steps $(fewer 1500 40) --threads 1
lacks "no density, no best" 'best held-out' out
works "of two threads" train --out again --steps $(fewer 1500 40) --threads 2
works "sample" "$WEIR" sample run -n 1500 -o run.npy --seed 5
works "sample again" "$WEIR" sample again -n 1500 -o again.npy --seed 5
same "the same bits" run.npy again.npy
if [ $sanitized = no ]; then
    far=$(energy toy:8gaussians,n=1500) near=$(energy run.npy)
    if awk "BEGIN { exit !($far > 0.1 && $near < 0.03) }"; then ok "energy distance $far becomes $near"; else echo "$far $near" > err; not_ok "energy distance" err; fi
fi
works "from rows of one's own" "$WEIR" sample run --from toy:8gaussians,n=40 -o from.csv
works "more of each" "$WEIR" sample run --from toy:8gaussians,n=40 -n 80 -o more.csv
refuses "no multiple" 2 'multiple of the 40 samples of toy:8gaussians' "$WEIR" sample run --from toy:8gaussians,n=40 -n 50 -o no.csv
works "there and back" "$WEIR" encode run --data toy:moons,n=20 -o z.npy
works "a report" "$WEIR" report run
holds "which says why it has no density" 'The model gives no density' run/report.html
refuses "a log-density" 1 'source=toy:8gaussians: a log-density' "$WEIR" score run --data toy:moons,n=9
refuses "a temperature" 1 'a temperature other than 1' "$WEIR" sample run -n 9 -o no.csv --temperature 0.5
refuses "a sampler that draws noise" 2 'sampler.ddpm: expected' "$WEIR" sample run -n 9 -o no.csv --solver ddpm
refuses "noise and rows" 2 'noise: together with --from' "$WEIR" sample run -n 9 -o no.csv --noise z.npy --from toy:moons
refuses "image and rows" 2 'from: together with --image' "$WEIR" sample run -o no.csv --image toy:moons --from toy:moons
refuses "a source of other data" 1 'source: digits: 64 values a sample: expected 2' "$WEIR" train flow-matching --data toy:moons --set source=digits --out no --steps 3
works "train without" "$WEIR" train flow-matching --data toy:moons,n=200 --out plain --steps 3
refuses "rows without a source" 1 'flow-matching model that has one' "$WEIR" sample plain --from toy:moons,n=4 -o no.csv
absent "nothing is left" no.csv
exit $((failures > 0))
