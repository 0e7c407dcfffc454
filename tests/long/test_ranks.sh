#!/usr/bin/env bash
# Ranks over MPI in full: every N, kills at random moments with a resume on another N, a rank that is stopped, one that meets NaN, a full
# disk, and (as root, where namespaces of networks can be made) a link that is cut or slow. SEED=n: other moments. NS, KILLS, TIMEOUT: the
# numbers of ranks, how many are killed, and the seconds that a rank is waited for: a machine that gives none of its time for so long fails.
. "$(dirname "$0")/../cli/lib.sh"
. "$(dirname "$0")/../cli/mpi.sh"
RANDOM=${SEED:-18}
for i in $(seq 1 203); do echo "$((i * 37 % 101)).5,$((i * i % 89)),$((i % 4))"; done > rows
{ echo a,b,w; cat rows; } > w.csv
declare -A model=(
    [nice]="nice --data digits,limit=300 --set hidden=24 --set couplings=3 --steps 120 --batch 50"
    [flow]="rectified-flow --data w.csv,weight=w --set net.hidden=16 --steps 60 --batch 50 --set ema=0.9"
    [buffers]="realnvp --data w.csv,columns=1-2 --set norm=batch_norm --set couplings=2 --set coupling.net.hidden=8 --steps 60 --batch 50"
)
TIMEOUT=${TIMEOUT:-20}
common="--set valid_every=20 --set checkpoint_every=7 --quiet"
for shards in 8 11; do
    for kind in nice flow buffers; do
        # shellcheck disable=SC2086 # words of a line
        works "$kind in $shards alone" "$WEIR" train ${model[$kind]} $common --set shards=$shards --out "$kind-$shards"
    done
done

# after_checkpoints N OUT LAUNCHER: waits until OUT has N more of them, or the launcher has ended
after_checkpoints() {
    local n=$1 last now
    last=$(stat -c %i.%Y "$2/checkpoint/state.safetensors" 2> /dev/null)
    while [ "$n" -gt 0 ] && kill -0 "$3" 2> /dev/null; do
        now=$(stat -c %i.%Y "$2/checkpoint/state.safetensors" 2> /dev/null)
        if [ "$now" != "$last" ]; then n=$((n - 1)) last=$now; fi
        sleep 0.01
    done
}

for mpi in $MPIS; do
    # -- every N
    for shards in 8 11; do
        for n in ${NS:-1 2 3 4 7 8}; do
            for kind in nice flow buffers; do
                out=$mpi-$kind-$shards-$n
                # shellcheck disable=SC2086
                works "$mpi: $kind in $shards by $n" ranks "$mpi" $n "$WEIR" train ${model[$kind]} $common --set shards=$shards --threads $((1 + n % 2)) --timeout 600 --out "$out"
                equal_runs "$mpi: $kind in $shards by $n is what it is alone" "$kind-$shards" "$out"
            done
        done
    done

    # -- killed at random, one rank or all, and resumed on another N, until it is done: moments follow checkpoints, of which two of three
    # attempts make one, so that a busy machine gets there, too
    kills=0 rounds=0
    while [ "$kills" -lt "${KILLS:-30}" ]; do
        out=$work/$mpi-killed-$rounds rounds=$((rounds + 1))
        while :; do
            n=$((1 + RANDOM % 8))
            # shellcheck disable=SC2086
            ranks "$mpi" $n "$WEIR" train ${model[nice]} $common --set shards=8 --threads 1 --timeout 600 --resume --out "$out" > log 2>&1 &
            launcher=$!
            if [ "$kills" -ge "${KILLS:-30}" ]; then wait $launcher; code=$?; break; fi
            victim=$(pid_of "$mpi" $((RANDOM % n)) "$out")
            after_checkpoints $((RANDOM % 3)) "$out" $launcher
            sleep "0.0$((RANDOM % 10))"
            if [ $((RANDOM % 4)) -eq 0 ]; then pids=$(pgrep -f -- "train .*--out $out\$"); else pids=$victim; fi
            # shellcheck disable=SC2086
            if [ -n "$pids" ] && kill -9 $pids 2> /dev/null; then kills=$((kills + 1)); fi
            wait $launcher
            code=$?
            for turn in $(seq 1 6000); do pgrep -f -- "train .*--out $out\$" > pids || break; sleep 0.1; done
            if [ -s pids ]; then not_ok "$mpi: all ranks end with the one killed" log; break; fi
            if [ $code -eq 0 ]; then break; fi
        done
        equal_runs "$mpi: killed, resumed on other N: run $rounds after $kills kills" nice-8 "$out"
    done

    # -- one that hangs
    for rank in 0 1 2; do
        out=$work/$mpi-stopped-$rank
        # shellcheck disable=SC2086
        ranks "$mpi" 3 "$WEIR" train ${model[nice]/--steps 120/--steps 1000000} $common --timeout $TIMEOUT --out "$out" > err 2>&1 &
        launcher=$!
        begun "$out"
        kill -STOP "$(pid_of "$mpi" $rank "$out")"
        ends "$mpi: rank $rank stopped" $((6 * TIMEOUT)) $launcher
        if [ $code -ne 0 ]; then ok "$mpi: and its exit code says so"; else not_ok "$mpi: and its exit code says so" err; fi
        one_line "$mpi: and one line names it" "^weir: group: rank $rank: no answer to rank . within" err
        works "$mpi: goes on from there" "$WEIR" train --out "$out" --resume --steps 2000000 --minutes 0.001 --quiet
    done

    # -- NaN, and a full disk
    ranks "$mpi" 3 "$WEIR" train nice --data digits,limit=300 --set hidden=16 --set optimizer=sgd --lr 1000 --steps 50 --out "$mpi-nan" > out 2> err
    one_line "$mpi: NaN" 'expected' err
    mkdir -p small
    if mount -t tmpfs -o size=300k weir small 2> log; then
        ranks "$mpi" 3 "$WEIR" train nice --data digits,limit=300 --set hidden=64 --steps 50 --quiet --out small/run > out 2> err
        one_line "$mpi: a full disk" 'No space left on device' err
        umount small
    else
        echo "ok $mpi: a full disk # SKIP nothing can be mounted here: root may"
    fi

    # -- Ctrl-C
    out=$work/$mpi-ctrl-c
    # shellcheck disable=SC2086
    ranks "$mpi" 3 "$WEIR" train ${model[nice]/--steps 120/--steps 1000000} $common --out "$out" > err 2>&1 &
    launcher=$!
    begun "$out"
    kill -TERM "$(pgrep -P $launcher | head -n 1)" 2> /dev/null || kill -TERM $launcher
    ends "$mpi: the launcher is told to stop" 1000 $launcher
    one_line "$mpi: saves" 'stopped at step [0-9]*, all saved' err
done

# -- two networks
made=
networks_end() {
    ip netns del weir-a 2> /dev/null
    ip netns del weir-b 2> /dev/null
    rm -rf "$work"
}
if [ "$(id -u)" -eq 0 ] && command -v ip > log && ip netns add weir-a 2> log && ip netns add weir-b; then
    trap networks_end EXIT
    ip link add va netns weir-a type veth peer name vb netns weir-b && made=yes
    for side in a b; do ip -n weir-$side link set v$side up; ip -n weir-$side link set lo up; done
    ip -n weir-a addr add 10.77.0.1/24 dev va && ip -n weir-b addr add 10.77.0.2/24 dev vb || made=
fi
cat > agent <<'A'
#!/usr/bin/env bash
# agent [OPTIONS] HOST COMMAND...: in place of ssh
while [ "${1#-}" != "$1" ]; do shift; done
side=a; [ "$1" = 10.77.0.2 ] && side=b
shift
exec ip netns exec weir-$side unshare --uts sh -c "hostname weir-$side; $*"
A
chmod +x agent

# apart MPI COMMAND...: by 3 ranks, some in each network
apart() {
    local mpi=$1; shift
    export UCX_TLS=tcp UCX_NET_DEVICES=va,vb UCX_WARN_UNUSED_ENV_VARS=n UCX_LOG_LEVEL=error # else MPICH finds shared memory
    case $mpi in
    openmpi) set -- mpirun.openmpi -q --mca plm_rsh_agent "$work/agent" --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 -H 10.77.0.1:2,10.77.0.2:2 -n 3 "$@" ;;
    *) set -- mpirun.mpich -launcher ssh -launcher-exec "$work/agent" -hosts 10.77.0.1,10.77.0.2 -n 3 "$@" ;;
    esac
    ip netns exec weir-a unshare --uts sh -c 'hostname weir-a; exec "$@"' sh "$@" < /dev/null
}

for mpi in ${made:+$MPIS}; do
    ip netns exec weir-a tc qdisc add dev va root tbf rate 50mbit burst 64kbit latency 400ms
    # shellcheck disable=SC2086
    works "$mpi: over a slow link" apart "$mpi" "$WEIR" train ${model[flow]} $common --set shards=8 --timeout 600 --out "$mpi-slow"
    equal_runs "$mpi: the same bits" flow-8 "$mpi-slow"
    ip netns exec weir-a tc qdisc del dev va root
    out=$work/$mpi-cut
    # shellcheck disable=SC2086
    apart "$mpi" "$WEIR" train ${model[nice]/--steps 120/--steps 1000000} $common --timeout $TIMEOUT --out "$out" > err 2>&1 &
    launcher=$!
    begun "$out"
    ip -n weir-a link set va down
    for turn in $(seq 1 $((60 * TIMEOUT))); do pgrep -f -- "^$WEIR train .*--out $out\$" > pids || break; sleep 0.1; done
    if [ -s pids ]; then not_ok "$mpi: a link is cut: all ranks end in six times the time" err; else ok "$mpi: a link is cut: all ranks end in six times the time"; fi
    one_line "$mpi: one line names a rank" '^weir: group: rank [0-9]: no answer to rank [0-9] within' err
    ip -n weir-a link set va up
    for pid in $(pgrep -P $launcher) $launcher; do kill -9 "$pid" 2> /dev/null; done # launchers wait for the other side on their own terms
    wait $launcher 2> log
    works "$mpi: goes on from there" "$WEIR" train --out "$out" --resume --steps 2000000 --minutes 0.001 --quiet
done
[ -n "$made" ] || echo "ok networks # SKIP no namespaces of networks here: root and iproute2 have them"
exit $((failures > 0))
