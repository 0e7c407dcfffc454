#!/bin/sh
# A continuous model in another convention, as a user types it.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

works "train" "$WEIR" train edm --data toy:moons,n=400 --out run --set net.hidden=16,16 --steps 60 --set valid_rows=20 --set dtype=f64
cp run/model.safetensors before.safetensors
works "convert" "$WEIR" convert run --path fm --prediction velocity --model rectified-flow -o run2
same "not in place" before.safetensors run/model.safetensors
for run in run run2; do
    works "samples of $run" "$WEIR" sample $run -n 50 -o $run.csv --solver "ddim grid=karras steps=12"
    works "densities of $run" "$WEIR" score $run --data toy:moons,n=30 -o $run.nats.csv --solver "dopri5 rtol=1e-9 atol=1e-9 max_steps=100000"
done
for kind in csv nats.csv; do
    paste -d, run.$kind run2.$kind | awk -F, '$1 + 0 == $1 { n = NF / 2; for (i = 1; i <= n; i++) { d = $i - $(i + n); if (d * d > 1e-10) exit 1 } }' && ok "the same, $kind" || not_ok "the same, $kind" run2.$kind
done
# -- without a new run
works "convert in its own form" "$WEIR" convert run --path vp -o run3
for run in run3 "run --path vp"; do
    # shellcheck disable=SC2086 # words of a line
    works "samples of $run" "$WEIR" sample $run -n 20 -o "${run%% *}.v.csv" --solver "ddim steps=5"
    # shellcheck disable=SC2086
    works "densities of $run" "$WEIR" score $run --data toy:moons,n=10 -o "${run%% *}.v.nats.csv"
done
same "samples on another path are those of the converted" run.v.csv run3.v.csv
same "so are densities" run.v.nats.csv run3.v.nats.csv
lacks "which are those of that path" "^$(sed -n 2p run.nats.csv)$" run.v.nats.csv
works "a flow" "$WEIR" train nice --data toy:moons,n=50 --out nice --steps 2 --set hidden=8
refuses "no such path" 2 'vpp: .*perhaps vp' "$WEIR" sample run -n 2 -o no.csv --path vpp
refuses "of a model without one" 1 'expected a continuous model' "$WEIR" score nice --data toy:moons,n=3 --path fm
# -- of pictures
works "train a U-Net" "$WEIR" train rectified-flow --data digits,limit=40 --out unet --set net=unet --set net.channels=8,16 --set net.attention=4 --set net.zero=no --steps 2 --set valid_rows=2 --set dtype=f64
works "convert it" "$WEIR" convert unet --path vp --prediction eps -o unet2
for run in unet unet2; do works "samples of $run" "$WEIR" sample $run -n 3 -o $run.csv --solver "ddim grid=karras steps=4"; done
same "the same pictures" unet.csv unet2.csv
refuses "no run" 2 'no RUN: weir convert' "$WEIR" convert --path fm -o no
refuses "nothing to convert" 2 'no --path or --prediction' "$WEIR" convert run -o no
refuses "no folder" 2 'no -o: weir convert' "$WEIR" convert run --path fm
refuses "not into a run" 1 'run2' "$WEIR" convert run --path fm -o run2
exit $((failures > 0))
