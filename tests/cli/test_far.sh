#!/bin/sh
# Data far from 0 through the command: seconds since 1980 with a deviation of 0.05 s, and a column near 0.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

# normal deviates by Box and Muller from an even cover of the square
awk 'BEGIN {
    for (i = 0; i < 3000; i++) {
        r = sqrt(-2 * log((i + 0.5) / 3000)); a = 6.283185307179586 * (i * 0.6180339887498949 % 1)
        printf "%.10f,%.10f\n", 1187008882.43 + 0.05 * r * cos(a), r * sin(a)
    } }' > far.csv
small() { # RUN SPEC [--set ...]
    out=$1 spec=$2; shift 2
    "$WEIR" train nice --data "$spec" --out "$out" --set base=normal --set couplings=2 --set hidden=16 --set init=pytorch --set optimizer=adam \
        --set optimizer.lr=5e-3 --set schedule=cosine --batch 128 "$@"
}
# spread FILE LOW HIGH: deviation of column 1 in between
spread() {
    awk -F, -v low="$2" -v high="$3" '{ d = $1 - 1187008882; n++; s += d; q += d * d } END { v = sqrt(q / n - s * s / n / n); exit !(v > low && v < high) }' "$1"
}

works "trains" small far far.csv,standardize=yes --steps 400
if grep -q warning err; then not_ok "and warns of nothing" err; else ok "and warns of nothing"; fi
works "scores" "$WEIR" score far --data far.csv --json
if sed 's/.*"nats": \([^,]*\),.*/\1/' out | awk '{ exit !($1 > 0.11 && $1 < 0.21) }'; then ok "as well as a Gaussian"; else not_ok "as well as a Gaussian" out; fi
works "samples to CSV" "$WEIR" sample far -n 2000 -o far-samples.csv
if spread far-samples.csv 0.045 0.055; then ok "with all their digits"; else head -n 3 far-samples.csv > err; not_ok "with all their digits" err; fi
works "samples to npy" "$WEIR" sample far -n 10 -o far.npy
holds "as doubles" "'descr': '.f8'" far.npy
if has png; then works "samples to a picture" "$WEIR" sample far -n 100 -o far.png; fi
works "the page" "$WEIR" report far -o far.html

works "trains without taking the mean off" small near far.csv,standardize=no --steps 2
if [ "$(grep -c warning err)" -eq 1 ] && grep -q '^weir: warning: far.csv: column 1: floats near 1187008882 are 128 apart .*standardize=yes' err; then
    ok "and is warned once"; else not_ok "and is warned once" err; fi
works "in double" small wide far.csv,standardize=no --steps 2 --set dtype=f64
if grep -q warning err; then not_ok "is not" err; else ok "is not"; fi
works "a model near 0" small plain toy:gaussian,n=300 --steps 2
works "samples" "$WEIR" sample plain -n 10 -o plain.npy
holds "floats" "'descr': '.f4'" plain.npy
exit $((failures > 0))
