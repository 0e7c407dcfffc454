#!/bin/sh
# What continuous models say of noisy data, as a user types it.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

works "train" "$WEIR" train rectified-flow --data toy:moons,n=400 --out run --set net.hidden=16,16 --steps 60 --set valid_rows=20 --set dtype=f64
works "train a flow" "$WEIR" train nice --data toy:moons,n=300 --out flow --set hidden=8 --set couplings=2 --steps 5
works "noise is added" "$WEIR" denoise run --data toy:moons,n=40 --t 0.4 --add-noise --noised xt.npy -o x0.npy
works "of noisy data" "$WEIR" denoise run --data xt.npy -t 0.4 -o same.csv
works "likewise" "$WEIR" denoise run --data toy:moons,n=40 -t 0.4 --add-noise --noised xt.csv -o x0.csv
paste -d, x0.csv same.csv | awk -F, '{ for (i = 1; i <= 2; i++) { d = $i - $(i + 2); if (d * d > 1e-16) exit 1 } }' && ok "the same" || not_ok "the same" same.csv
for form in eps v velocity score raw "edm sigma_data=0.5"; do works "as $form" "$WEIR" denoise run --data xt.npy -t 0.4 --output "$form" -o "$(echo "$form" | cut -c1-3).csv"; done
same "the network says the velocity" vel.csv raw.csv
paste -d, xt.csv x0.csv vel.csv | awk -F, '{ for (i = 1; i <= 2; i++) { d = $i - 0.4 * $(i + 4) - $(i + 2); if (d * d > 1e-16) exit 1 } }' && ok "x_0 = x - t u" || not_ok "x_0 = x - t u" vel.csv
for threads in 1 2; do works "$threads threads" "$WEIR" denoise run --data toy:moons,n=300 -t 0.4 --add-noise -o t$threads.npy --threads $threads --batch $((threads * 37)); done
same "the same bits" t1.npy t2.npy
works "at an end" "$WEIR" denoise run --data toy:moons,n=5 -t 0 --output score -o end.csv
holds "what is not decided is told" '5 samples are not finite: at t=0 what the network says does not decide score' err
refuses "no data" 2 'no --data: weir denoise' "$WEIR" denoise run -t 0.4 -o no.npy
refuses "no time" 2 'no -t: weir denoise' "$WEIR" denoise run --data xt.npy -o no.npy
refuses "no file" 2 'o: none: expected' "$WEIR" denoise run --data xt.npy -t 0.4
refuses "a time beyond the path" 2 't=1.4: expected 0 to 1' "$WEIR" denoise run --data xt.npy -t 1.4 -o no.npy
refuses "no such form" 2 'unknown prediction: scores: expected .*perhaps score' "$WEIR" denoise run --data xt.npy -t 0.4 --output scores -o no.npy
refuses "a flow" 2 'expected a continuous model' "$WEIR" denoise flow --data xt.npy -t 0.4 -o no.npy
exit $((failures > 0))
