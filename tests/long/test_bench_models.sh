#!/bin/sh
# What weir-bench prints of models, products and memory, as bench/interleave and the other comparisons read it.
. "$(dirname "$0")/../cli/lib.sh"
BENCH=$(dirname "$WEIR")/weir-bench
works "memory as JSON" "$BENCH" memory --json --threads 1
holds "memory has its peak" '"op": "mlp", "blocks": 20, "peak_bytes": [0-9]' out
works "conv as JSON" "$BENCH" conv --json --seconds 0.05
for key in case op ms min_ms threads calls rss_mb gflops fma_peak_gflops; do holds "conv has $key" "\"$key\": " out; done
works "p2 as JSON" "$BENCH" p2 --json --threads 1 --seconds 0.05
for key in case op ms min_ms threads calls rss_mb shards roofline fma_peak_gflops; do holds "p2 has $key" "\"$key\": " out; done
holds "p2 has both rooflines" '"roofline_with_bytes": ' out
if [ "$(wc -l < out)" -eq 1 ]; then ok "p2 is one line"; else not_ok "p2 is one line" out; fi
for name in p1 p1_48; do
    works "$name as JSON" "$BENCH" $name --json --threads 1 --seconds 0.05
    for key in case op ms min_ms threads calls rss_mb roofline; do holds "$name has $key" "\"$key\": " out; done
    holds "$name trains" '"op": "train_step"' out
    holds "$name samples" '"op": "sample_1000_euler100"' out
    if [ "$(wc -l < out)" -eq 2 ]; then ok "$name is two lines"; else not_ok "$name is two lines" out; fi
done
# bench/interleave finds ours and the peers' by these names
for flow in p3:512 p4:16; do
    works "$flow as JSON" "$BENCH" ${flow%:*} --json --threads 1 --seconds 0.05
    for op in train_step log_prob_${flow#*:} sample_${flow#*:}; do holds "$flow times $op" "\"op\": \"$op\", \"ms\": [0-9]" out; done
done
works "p5 as JSON" "$BENCH" p5 --json --threads 1 --seconds 0.05
for op in train_step sample_16_euler20; do holds "p5 times $op" "\"op\": \"$op\", \"ms\": [0-9]" out; done
works "p8 as JSON" "$BENCH" p8 --json --threads 1 --seconds 0.05
for op in log_prob_1000_dopri5_1e-5 log_prob_1000_rk4_50; do holds "p8 times $op" "\"op\": \"$op\", \"ms\": [0-9]" out; done
exit $((failures > 0))
