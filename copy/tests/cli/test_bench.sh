#!/bin/sh
# weir bench prints what the comparisons read.
. "$(dirname "$0")/lib.sh"
works "op" "$WEIR" bench op --seconds 0.05
holds "op says nanoseconds" ' ns ' out
works "op as JSON" "$WEIR" bench op --json --seconds 0.05
for key in case op ms min_ms threads calls rss_mb; do holds "op has $key" "\"$key\": " out; done
works "p7 as JSON" "$WEIR" bench p7 --json --threads 1 --seconds 0.05
for key in case op ms min_ms threads calls rss_mb; do holds "p7 has $key" "\"$key\": " out; done
works "elementwise" "$WEIR" bench elementwise --seconds 0.05
holds "elementwise says ratios" ' ratio ' out
works "elementwise as JSON" "$WEIR" bench elementwise --json --seconds 0.05
for key in case op n ms loop_ms ratio threads; do holds "elementwise has $key" "\"$key\": " out; done
case ${BUILD:-} in
*asan*) echo "# p1 and p2 are not timed under sanitizers" ;;
*)
    works "conv as JSON" "$WEIR" bench conv --json --seconds 0.05
    for key in case op ms min_ms threads calls rss_mb gflops fma_peak_gflops; do holds "conv has $key" "\"$key\": " out; done
    works "p2 as JSON" "$WEIR" bench p2 --json --threads 1 --seconds 0.05
    for key in case op ms min_ms threads calls rss_mb shards roofline fma_peak_gflops; do holds "p2 has $key" "\"$key\": " out; done
    holds "p2 has both rooflines" '"roofline_with_bytes": ' out
    if [ "$(wc -l < out)" -eq 1 ]; then ok "p2 is one line"; else not_ok "p2 is one line" out; fi
    for name in p1 p1_48; do
        works "$name as JSON" "$WEIR" bench $name --json --threads 1 --seconds 0.05
        for key in case op ms min_ms threads calls rss_mb roofline; do holds "$name has $key" "\"$key\": " out; done
        holds "$name trains" '"op": "train_step"' out
        holds "$name samples" '"op": "sample_1000_euler100"' out
        if [ "$(wc -l < out)" -eq 2 ]; then ok "$name is two lines"; else not_ok "$name is two lines" out; fi
    done
    ;;
esac
exit $((failures > 0))
