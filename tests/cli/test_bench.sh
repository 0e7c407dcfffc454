#!/bin/sh
# weir-bench prints what the comparisons read.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"
BENCH=$(dirname "$WEIR")/weir-bench
works "op" "$BENCH" op --seconds 0.05
holds "op says nanoseconds" ' ns ' out
works "op as JSON" "$BENCH" op --json --seconds 0.05
for key in case op ms min_ms threads calls rss_mb; do holds "op has $key" "\"$key\": " out; done
works "p7 as JSON" "$BENCH" p7 --json --threads 1 --seconds 0.05
for key in case op ms min_ms threads calls rss_mb; do holds "p7 has $key" "\"$key\": " out; done
works "elementwise" "$BENCH" elementwise --seconds 0.05
holds "elementwise says ratios" ' ratio ' out
works "elementwise as JSON" "$BENCH" elementwise --json --seconds 0.05
for key in case op n ms loop_ms ratio threads; do holds "elementwise has $key" "\"$key\": " out; done
# what the command line asks for and there is not
refuses_bench() {
    "$BENCH" $3 > out 2> err
    if [ $? -eq 2 ] && [ "$(wc -l < err)" -eq 1 ] && grep -qe "^weir-bench: .*$2" err; then ok "$1"; else not_ok "$1" err; fi
}
refuses_bench "an unknown case" 'perhaps p[0-9]' p9
refuses_bench "an unknown flag" 'expected --json' --jsn
refuses_bench "no thread" 'expected an integer within' '--threads 0'
refuses_bench "no value" 'expected a number within' --seconds
works "help" "$BENCH" --help
for name in p1 p1_200 p2 p3 p4 p5 p7 p8 op elementwise gemm conv memory; do holds "help names $name" "^  $name " out; done
refuses "the command times nothing" 2 'unknown command' "$WEIR" bench op
exit $((failures > 0))
