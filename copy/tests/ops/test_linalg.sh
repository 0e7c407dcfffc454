#!/bin/sh
# Bits of every factorisation must not depend on the threads of the system's LAPACK (OpenBLAS reads the variable), nor on ours.
program="${BUILD:?the folder of the build}/tests/ops-test_linalg"
for threads in 1 2; do
    OPENBLAS_NUM_THREADS=$threads OMP_NUM_THREADS=$threads "$program" bits > "bits$threads" || { echo "not ok bits, $threads threads"; exit 1; }
done
lines=$(wc -l < bits1)
if [ "$lines" -gt 100 ] && cmp bits1 bits2; then
    echo "ok $lines results have the bits of one thread"
else
    echo "not ok $lines results, expected more than 100 and the same bits"
fi
rm -f bits1 bits2
