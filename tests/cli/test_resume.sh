#!/bin/sh
# Killed and resumed is the same as not interrupted; Ctrl-C saves; a finished run is finished.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"
settings="--data digits --set hidden=48,48 --set init=pytorch --set ema=0.99 --set checkpoint_every=40 --set valid_every=100 --batch 100 --threads 1"
steps=1200
case ${BUILD:-} in *asan*) steps=160 ;; esac

# compare NAME RUN: weights and log of the uninterrupted run
compare() {
    same "$1: weights" whole/model.safetensors "$2/model.safetensors"
    log whole/metrics.jsonl > a; log "$2/metrics.jsonl" > b
    same "$1: log" a b
    absent "$1: nothing left over" "$2"/.weir-*.tmp "$2"/checkpoint/.weir-*.tmp
}

# shellcheck disable=SC2086 # words of a line
begin() { "$WEIR" train nice $settings --out "$1" --steps $steps --resume > log 2>&1; }
# shellcheck disable=SC2086
begin_alone() { exec "$WEIR" train nice $settings --out "$1" --steps $steps --resume > log2 2>&1; } # in the background: the shell is the command
works "a whole run" begin whole

for pause in 0.02 0.15 0.4; do
    begin_alone "kill$pause" & child=$!
    sleep $pause
    kill -9 $child 2> /dev/null; wait $child 2> /dev/null; [ $? -eq 137 ] && killed=$((${killed:-0} + 1))
    works "resumed after kill -9 at ${pause}s" begin "kill$pause"
    compare "kill -9 at ${pause}s" "kill$pause"
done
if [ "${killed:-0}" -ge 2 ]; then ok "most kills found it at work"; else not_ok "most kills found it at work: ${killed:-0} of 3"; fi

# in two calls
# shellcheck disable=SC2086
works "the first part" "$WEIR" train nice $settings --out parts --steps $steps --minutes 0.002
works "the rest, with nothing said but where" "$WEIR" train --out parts --resume
compare "two calls" parts
works "a finished run" "$WEIR" train --out parts --resume
holds "says that it is finished" 'finished' out

# a copy without its checkpoint is a model, and no run to go on with
mkdir copy && cp parts/config.json parts/model.safetensors parts/metrics.jsonl copy
cp copy/model.safetensors kept
refuses "resuming without a checkpoint" 1 'copy: has trained, but checkpoint/state.safetensors is missing' "$WEIR" train --out copy --resume
# shellcheck disable=SC2086
refuses "the same with settings" 1 'checkpoint/state.safetensors is missing' "$WEIR" train nice $settings --out copy --steps 9999 --resume
same "the model is left alone" copy/model.safetensors kept
works "and can be used" "$WEIR" sample copy -n 2 -o two.csv

# where to stop may change in any spelling; an option of a like name, and what the data decide, may not
works "a run of 10 steps" tiny length digits --steps 10
works "data that are no file have no folder" sh -c '! grep "\"folder\"" length/config.json'
works "longer" "$WEIR" train --out length --resume --set steps=12
holds "by two steps" 'step 12 ' out
refuses "another batch" 1 'train.batch differs' "$WEIR" train --out length --resume --set batch=7
refuses "other levels" 1 'model.levels differs' "$WEIR" train --out length --resume --set levels=0
refuses "not standardized after all" 1 'model.standardize differs' "$WEIR" train --out length --resume --set standardize=no
refuses "a shape that the data have not" 1 'samples of shape 64: expected model.shape=3,5' tiny shape digits --set model.shape=3,5
refuses "standardize=yes and no" 2 'digits,standardize=yes: standardize=yes of the data: expected model.standardize=no' \
    tiny both digits,standardize=yes --set standardize=no

# a program keeps what it trains on in data/ of the folder; anything else is somebody's
mkdir -p keeps/data other/else
works "a run in a folder that holds data/" tiny keeps digits --steps 2
refuses "in one that holds anything else" 1 'other: holds files that are no run' tiny other digits --steps 2

# held-out samples that fail are counted and named, and the best is chosen on the rest
awk 'BEGIN { for (i = 0; i < 60; i++) print (i % 7) / 7 "," (i == 47 || i == 52 ? "1e30" : (i % 5) / 5) }' > far.csv
works "some samples fail" tiny far far.csv,valid=last:20 --set base=normal --set valid_every=5 --set optimizer=adam --steps 10
holds "said on the line" 'step 10/10 .*held-out -*[0-9.]* nats (2 failed: sample 47, 52)' err
holds "the best is chosen" 'best held-out' out
holds "and in the log" '"step": 10, "valid": .*"failed": 2, "failed_samples": \[47, 52\], "best"' far/metrics.jsonl

# Ctrl-C
# shellcheck disable=SC2086
"$WEIR" train nice $settings --out stopped --steps $steps > out 2> err & child=$!
i=0; while [ ! -s stopped/metrics.jsonl ] && [ $i -lt 100 ]; do sleep 0.05; i=$((i + 1)); done
kill -TERM $child; wait $child
if [ $? -eq 143 ]; then ok "SIGTERM: status 143"; else not_ok "SIGTERM: status 143" err; fi
holds "says how to go on" 'weir: stopped at step .*--resume' err
works "info of a stopped run" "$WEIR" info stopped
works "going on" "$WEIR" train --out stopped --resume
compare "stopped and resumed" stopped
# Ctrl-C while sampling or scoring: nothing is left
stop() { # NAME FILE COMMAND...
    name=$1 file=$2; shift 2
    "$@" > out 2> err & child=$!
    sleep 0.5; kill -INT $child; wait $child
    if [ $? -eq 130 ]; then ok "$name: status 130"; else not_ok "$name: status 130" err; fi
    absent "$name: nothing left" "$file" .weir-*.tmp
}
stop "sample, SIGINT" many.npy "$WEIR" sample whole -n 400000 -o many.npy --batch 1 --threads 1
stop "score, SIGINT" rows.npy "$WEIR" score whole --data digits --draws 100000 -o rows.npy --batch 8 --threads 1

# from another folder, and after the data have moved
mkdir -p here/data there
awk 'BEGIN { srand(9); print "a,b"; for (i = 0; i < 120; i++) printf "%.5f,%.5f\n", rand(), rand() }' > here/data/t.csv
awk 'BEGIN { for (i = 0; i < 120; i++) print i % 3 }' > here/data/classes.csv
(cd here && "$WEIR" train nice --data data/t.csv,labels=data/classes.csv --set couplings=2 --set hidden=8 --out ../apart --steps 5 --quiet) > /dev/null
(cd here && "$WEIR" train nice --data data/t.csv,labels=data/classes.csv --set couplings=2 --set hidden=8 --out ../whole-apart --steps 5 --quiet) > /dev/null
"$WEIR" train --out whole-apart --resume --steps 10 > /dev/null 2>&1
cd there || exit 1
works "resumed from another folder" "$WEIR" train --out ../apart --resume --steps 8
works "whose page finds its data" "$WEIR" report ../apart -o page.html
absent_in() { if grep -q "$2" "$3"; then not_ok "$1" "$3"; else ok "$1"; fi; }
absent_in "and scores them" 'cannot be opened' page.html
works "its held-out samples are known by another path" "$WEIR" score ../apart --data ../here/data/t.csv,split=valid --json
holds "as its own" '"n": 20,' out
mv ../here/data moved
"$WEIR" train --out ../apart --resume --steps 9 > out 2> err
if [ $? -eq 1 ] && grep -q 'data that have moved are found by --data SPEC' err; then ok "data that have moved"; else not_ok "data that have moved" err; fi
works "are named" "$WEIR" train --out ../apart --resume --steps 9 --data moved/t.csv,labels=moved/classes.csv
works "once" "$WEIR" train --out ../apart --resume --steps 10
same "and the bits are the same" ../apart/model.safetensors ../whole-apart/model.safetensors
sed 's/^0/1/' moved/t.csv > moved/other.csv
refuses "other rows" 1 'moved/other.csv,labels=moved/classes.csv: the data have changed since the run began' \
    "$WEIR" train --out ../apart --resume --steps 11 --data moved/other.csv,labels=moved/classes.csv
works "change nothing" "$WEIR" train --out ../apart --resume --steps 11
cd .. || exit 1
exit $((failures > 0))
