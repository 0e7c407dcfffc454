#!/bin/sh
# The data that a sampler sees predicted, kept within the range of the data: as an option of samplers and of a run.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

draw() { file=$1; shift; works "draw $file" "$WEIR" sample run -n 20 -o "$file" --seed 3 "$@"; }
differ() { if cmp -s "$2" "$3"; then not_ok "$1"; else ok "$1"; fi; }

works "train" "$WEIR" train ddpm --data digits --set net.hidden=16 --out run --steps 20 --set valid_every=20 --set valid_rows=2 --set sampler.steps=9
holds "a run says it" '"clamp": "auto"' run/config.json
draw own.npy
draw auto.npy --solver "ddpm clamp=auto"
draw yes.npy --solver "ddpm clamp=yes"
draw free.npy --solver "ddpm clamp=no"
same "pictures are clamped by themselves" own.npy yes.npy
same "which is auto" auto.npy yes.npy
differ "and not otherwise" yes.npy free.npy
draw few.csv --solver "ddim steps=9 clamp_low=3 clamp_high=5"
holds "a range of one's own" 5 few.csv
if tail -n +2 few.csv | tr ',' '\n' | awk '$1 < 3 || $1 > 5 { bad = 1 } END { exit bad }'; then ok "holds"; else not_ok "holds" few.csv; fi
draw heun.npy --solver "heun steps=9"
draw heun-no.npy --solver "heun steps=9 clamp=no"
draw heun-yes.npy --solver "heun steps=9 clamp=yes"
same "a method for ODEs is left as it is" heun.npy heun-no.npy
differ "unless it is told" heun.npy heun-yes.npy
draw heun-range.csv --solver "heun steps=9 clamp_low=3 clamp_high=5"
draw heun-range-yes.csv --solver "heun steps=9 clamp=yes clamp_low=3 clamp_high=5"
draw heun-range-no.npy --solver "heun steps=9 clamp=no clamp_low=3 clamp_high=5"
same "a range tells it" heun-range.csv heun-range-yes.csv
same "but where it says no" heun-range-no.npy heun-no.npy
refuses "no such word" 2 'clamp=maybe: expected one of auto|no|yes' "$WEIR" sample run -n 2 -o no.npy --solver "ddim clamp=maybe"
refuses "no order" 2 'expected low and high in order' "$WEIR" sample run -n 2 -o no.npy --solver "ddim clamp_low=5 clamp_high=2"
refuses "no density of it" 2 'clamp: expected no, or auto without bounds' "$WEIR" score run --data digits,limit=2 --solver "heun steps=2 clamp=yes" --probes 1

# -- a run that is told so: samples follow, codes and densities do not
works "train" "$WEIR" train ddpm --data digits --set net.hidden=16 --out told --steps 20 --set valid_every=20 --set valid_rows=2 --set sampler.steps=9 --set sampler.clamp=no
works "draw" "$WEIR" sample told -n 20 -o told.npy --seed 3
same "as the option says" told.npy free.npy
for run in run told; do
    works "score $run" "$WEIR" score $run --data digits,limit=4 --probes 1 --seed 1 -o $run.csv
    works "encode $run" "$WEIR" encode $run --data digits,limit=4 -o $run-z.npy --seed 1
    works "and back" "$WEIR" sample $run -n 4 -o $run-x.npy --noise $run-z.npy
done
same "densities" run.csv told.csv
same "codes" run-z.npy told-z.npy
same "and what they are codes of" run-x.npy told-x.npy

# -- data without a range
works "train on real numbers" "$WEIR" train ddpm --data toy:moons,n=200 --out moons --steps 5 --set valid_every=5 --set valid_rows=2
refuses "no range" 2 'clamp=yes: continuous data: expected clamp_low' "$WEIR" sample moons -n 2 -o no.npy --solver "ddim clamp=yes"
works "with one" "$WEIR" sample moons -n 50 -o moons.csv --solver "ddim clamp_low=-0.5 clamp_high=0.25"
if tail -n +2 moons.csv | tr ',' '\n' | awk '$1 < -0.50001 || $1 > 0.25001 { bad = 1 } END { exit bad }'; then ok "holds"; else not_ok "holds" moons.csv; fi
absent "nothing is left" no.npy
exit $((failures > 0))
