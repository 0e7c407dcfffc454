#!/usr/bin/env bash
# mpirun -n N weir ..: the same bits for any N, by each MPI that is here; one line where something is wrong; a stop that saves, and a
# resume on another N. Short: tests/long/test_ranks.sh has the rest.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/mpi.sh"
printf 'a,b,w\n' > w.csv # a weight for each sample, some 0
for i in $(seq 1 203); do echo "$((i * 37 % 101)).5,$((i * i % 89)),$((i % 4))"; done >> w.csv

# a table in one npy file, and its rows in three
# npy FILE FIRST N: rows of 4 bytes
npy() {
    local dict
    printf -v dict "{'descr': '|u1', 'fortran_order': False, 'shape': (%d, 4), }" "$3"
    { printf '\x93NUMPY\x01\x00\x76\x00'; printf '%-117s\n' "$dict"; tail -c +$((4 * $2 + 1)) w.csv | head -c $((4 * $3)); } > "$1"
}
npy whole.npy 0 480; npy part-1.npy 0 200; npy part-9.npy 200 60; npy part-10.npy 260 220

# what is trained: 203 samples in batches of 50 have a short last one
declare -A model=(
    [nice]="nice --data digits,limit=300 --set hidden=16 --set couplings=2 --set shards=8 --steps 9 --batch 50"
    [flow]="rectified-flow --data w.csv,weight=w --set net.hidden=8 --steps 12 --batch 50 --set shards=8 --set ema=0.9"
    [buffers]="realnvp --data w.csv,columns=1-2 --set norm=batch_norm --set couplings=2 --set coupling.net.hidden=8 --set shards=11 --steps 9 --batch 50"
    [parts]="rectified-flow --data part-*.npy,levels=0,standardize=yes --set net.hidden=8 --steps 9 --batch 50 --set shards=8"
)
set -f # part-*.npy is weir's to find
for kind in nice flow buffers parts; do
    # shellcheck disable=SC2086 # words of a line
    works "$kind alone" "$WEIR" train ${model[$kind]} --set valid_every=4 --out "$kind"
done
# shellcheck disable=SC2086
works "the parts in one file" "$WEIR" train ${model[parts]/part-\*/whole} --set valid_every=4 --out whole
same "the parts in one file: weights" whole/model.safetensors parts/model.safetensors
if [ "$(grep fingerprint whole/config.json)" = "$(grep fingerprint parts/config.json)" ]; then ok "their fingerprint"; else not_ok "their fingerprint"; fi
killed=(nice --data "digits,limit=300" --set hidden=16 --set couplings=2 --set shards=8 --set checkpoint_every=10 --batch 50 --quiet --threads 1)
works "another alone" "$WEIR" train "${killed[@]}" --steps 400 --out killed
"$WEIR" sample nice -n 37 -o alone.npy
"$WEIR" sample nice -n 37 -o alone.csv --log-prob alone-q.npy
"$WEIR" score nice --data digits,limit=700 -o alone-s.npy --json > alone.json

for mpi in $MPIS; do
    # -- the same bits
    for case in nice:1:1 nice:2:2 nice:3:1 nice:8:1 flow:4:1 flow:7:1 buffers:3:2 buffers:4:1 parts:2:1 parts:3:1; do
        IFS=: read -r kind n threads <<< "$case"
        # shellcheck disable=SC2086
        works "$mpi: $kind by $n" ranks "$mpi" "$n" "$WEIR" train ${model[$kind]} --set valid_every=4 --out "$mpi-$kind-$n" --threads "$threads" --timeout 600
        equal_runs "$mpi: $kind by $n is what it is alone" "$kind" "$mpi-$kind-$n"
    done
    works "$mpi: sample by 3" ranks "$mpi" 3 "$WEIR" sample nice -n 37 -o three.npy --threads 1
    same "$mpi: samples of 3" alone.npy three.npy
    works "$mpi: sample with log q by 2" ranks "$mpi" 2 "$WEIR" sample nice -n 37 -o two.csv --log-prob two-q.npy --threads 1
    same "$mpi: samples of 2" alone.csv two.csv
    same "$mpi: log q of 2" alone-q.npy two-q.npy
    works "$mpi: score by 2" ranks "$mpi" 2 "$WEIR" score nice --data digits,limit=700 -o two-s.npy --json --threads 1
    same "$mpi: scores of 2" alone-s.npy two-s.npy
    same "$mpi: their mean" alone.json out
    works "$mpi: a stream by 2" ranks "$mpi" 2 "$WEIR" sample nice -n 37 -o - --threads 1
    same "$mpi: is the file" alone.csv out
    works "$mpi: report by 2" ranks "$mpi" 2 "$WEIR" report nice -o report.html
    works "$mpi: list by 2" ranks "$mpi" 2 "$WEIR" list metric
    "$WEIR" list metric > once
    same "$mpi: is said once" once out

    # -- one rank killed, all resumed by another number; told to stop
    ranks "$mpi" 3 "$WEIR" train "${killed[@]}" --steps 400 --timeout 600 --out "$work/$mpi-killed" > log 2>&1 &
    launcher=$!
    begun "$work/$mpi-killed"
    kill -9 "$(pid_of "$mpi" 1 "$work/$mpi-killed")" 2> log # perhaps it has ended
    ends "$mpi: one is killed" 1000 $launcher
    works "$mpi: resumed by 2" ranks "$mpi" 2 "$WEIR" train --out "$work/$mpi-killed" --resume --threads 1 --timeout 600
    equal_runs "$mpi: is what it is alone" killed "$mpi-killed"
    ranks "$mpi" 2 "$WEIR" train "${killed[@]}" --steps 1000000 --timeout 600 --out "$work/$mpi-told" > err 2>&1 &
    launcher=$!
    begun "$work/$mpi-told"
    kill -TERM "$(pgrep -P $launcher | head -n 1)"
    ends "$mpi: told to stop" 1000 $launcher
    one_line "$mpi: saves" 'stopped at step [0-9]*, all saved' err

    # -- an MPI whose own end does not come: all is saved and agreed on, so the code is that of all. Open MPI calls that an error itself.
    if [ "$mpi" = mpich ]; then
        echo '#include <unistd.h>
            int MPI_Finalize(void) { for (;;) pause(); }' > stuck.c
        works "$mpi: an end that waits" "${CC:-cc}" -shared -fPIC stuck.c -o stuck.so
        works "$mpi: ends with the code of all" ranks "$mpi" 2 env LD_PRELOAD="$PWD/stuck.so" "$WEIR" score nice --data digits,limit=40 --timeout 20 -o stuck.npy
        "$WEIR" score nice --data digits,limit=40 -o free.npy
        same "$mpi: and all is there" free.npy stuck.npy
        ranks "$mpi" 2 env LD_PRELOAD="$PWD/stuck.so" "$WEIR" score nice --data nosuch.npy --timeout 20 > out 2> err
        code=$?
        one_line "$mpi: an error, too" 'nosuch.npy: No such file' err
        if [ "$code" -eq 0 ]; then not_ok "$mpi: has its code" err; else ok "$mpi: has its code"; fi
    fi

    # -- errors: one line
    ranks "$mpi" 3 "$WEIR" train nice --data digits --out nice > out 2> err
    one_line "$mpi: a folder that holds a run" 'nice: holds a run: expected --resume' err
    ranks "$mpi" 3 "$WEIR" train nice --data digits --out few --set shards=2 > out 2> err
    one_line "$mpi: more ranks than shards" 'run_open: 3 ranks and 2 shards: expected a shard for each (--set train.shards=8)' err
    ranks "$mpi" 2 "$WEIR" score nice --data nosuch.npy > out 2> err
    one_line "$mpi: no such data" 'nosuch.npy: No such file' err
    WEIR_MPI=nosuch.so ranks "$mpi" 2 "$WEIR" sample nice -n 3 -o three.npy > out 2> err
    one_line "$mpi: no such MPI" 'nosuch.so: .*expected the file that weir was built with' err
    if WEIR_MPI=none ranks "$mpi" 1 "$WEIR" sample nice -n 37 -o none.npy; then same "$mpi: none" alone.npy none.npy; else not_ok "$mpi: none"; fi
done

if [ -n "$MPIS" ]; then # nothing of it where there is no launcher
    if command -v strace > log; then # the command alone loads none
        strace -f -e trace=openat "$WEIR" sample nice -n 3 -o three.npy 2>&1 | grep -a mpi > err
        if [ -s err ]; then not_ok "alone no MPI is loaded" err; else ok "alone no MPI is loaded"; fi
    fi
    if ldd "$WEIR" "$BUILD/libweir.so" | grep -qi mpi; then not_ok "linked to none"; else ok "linked to none"; fi
fi
exit $((failures > 0))
