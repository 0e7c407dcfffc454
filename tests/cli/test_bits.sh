#!/bin/sh
# Same seed, same bits: at one thread and two, alone and in a batch, the first ten and the first of a hundred.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"
train="--data digits --set hidden=24,24 --set init=pytorch --steps 30 --batch 64 --set shards=2 --set valid_every=10"

# shellcheck disable=SC2086 # words of a line
for threads in 1 2; do works "train, $threads threads" "$WEIR" train nice $train --out t$threads --threads $threads; done
same "weights" t1/model.safetensors t2/model.safetensors
log t1/metrics.jsonl > a; log t2/metrics.jsonl > b
same "logs" a b
same "config" t1/config.json t2/config.json
# shellcheck disable=SC2086
works "train, another seed" "$WEIR" train nice $train --out t3 --seed 2
if cmp -s t1/model.safetensors t3/model.safetensors; then not_ok "a seed matters"; else ok "a seed matters"; fi

for threads in 1 2; do
    works "sample, $threads threads" "$WEIR" sample t1 -n 300 -o s$threads.npy --threads $threads
    works "score, $threads threads" "$WEIR" score t1 --data digits,limit=300 --draws 2 --threads $threads -o r$threads.npy --json
    cp out score$threads
done
same "samples" s1.npy s2.npy
same "per-row nats" r1.npy r2.npy
same "scores" score1 score2

works "sample in batches of 7" "$WEIR" sample t1 -n 300 -o s7.npy --batch 7
same "are the same" s1.npy s7.npy
works "score in batches of 1" "$WEIR" score t1 --data digits,limit=300 --draws 2 --batch 1 -o rb.npy
same "are the same samples" r1.npy rb.npy
works "score of 10 samples" "$WEIR" score t1 --data digits,limit=10 --draws 2 -o few.csv
"$WEIR" score t1 --data digits,limit=300 --draws 2 -o many.csv > log && grep -xFf few.csv many.csv > found.csv
same "is a part of the score of more" few.csv found.csv
"$WEIR" sample t1 -n 10 -o few.csv && "$WEIR" sample t1 -n 1000 -o many.csv && head -n 10 many.csv > head.csv
same "-n 10 begins -n 1000" few.csv head.csv
"$WEIR" sample t1 -n 10 -o other.csv --seed 9
if cmp -s few.csv other.csv; then not_ok "the seed of samples matters"; else ok "the seed of samples matters"; fi
"$WEIR" sample t1 -n 5 -o cold.csv --temperature 0
if [ "$(sort -u cold.csv | wc -l)" -eq 1 ]; then ok "temperature 0 has one sample"; else not_ok "temperature 0 has one sample" cold.csv; fi

# noise given: zeros are what temperature 0 makes
{ printf '\223NUMPY\001\000\166\000'; printf '%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 64), }"; head -c 1280 /dev/zero; } > z.npy
works "sample from given noise" "$WEIR" sample t1 -n 5 -o given.csv --noise z.npy
same "zeros are temperature 0" given.csv cold.csv

for isa in c avx2 avx512; do
    if ! WEIR_ISA=$isa "$WEIR" list > log 2>&1; then echo "# no $isa here"; continue; fi
    for threads in 1 2; do
        # shellcheck disable=SC2086
        WEIR_ISA=$isa "$WEIR" train nice $train --out $isa$threads --threads $threads > log 2>&1 || cat log
        WEIR_ISA=$isa "$WEIR" score $isa$threads --data digits,limit=100 --threads $threads -o $isa$threads.npy > log 2>&1 || cat log
    done
    same "$isa: weights at 1 and 2 threads" ${isa}1/model.safetensors ${isa}2/model.safetensors
    same "$isa: nats at 1 and 2 threads" ${isa}1.npy ${isa}2.npy
done
exit $((failures > 0))
