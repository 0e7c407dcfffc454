# What the tests of ranks share, behind lib.sh: MPIS, those that this machine has and weir was built for, and how to launch with each.
# One that is missing is skipped, and said so. ASan does not know what an MPI keeps to the end of its process.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_base_warn_component_unused=0
export ASAN_OPTIONS=detect_leaks=0 TMPDIR="$work"
BUILD=${BUILD:-$(dirname "$WEIR")}
MPIS=
for mpi in openmpi mpich; do
    if [ ! -e "$BUILD/libweir_mpi_$mpi.so" ]; then echo "ok $mpi # SKIP weir was built without it: script/packages mpi, then make"; continue; fi
    if ! command -v "mpirun.$mpi" > log; then echo "ok $mpi # SKIP no mpirun.$mpi: script/packages mpi"; continue; fi
    MPIS="$MPIS $mpi"
done

# ranks MPI N COMMAND...: by N processes
ranks() {
    local mpi n
    mpi=$1 n=$2; shift 2
    case $mpi in
    openmpi) mpirun.openmpi --oversubscribe --bind-to none -q -n "$n" "$@" ;;
    *) mpirun.mpich -n "$n" "$@" ;;
    esac < /dev/null
}

# equal_runs NAME A B: the same weights, settings and log but for the clock
equal_runs() {
    log "$2/metrics.jsonl" > log.a; log "$3/metrics.jsonl" > log.b
    if cmp "$2/model.safetensors" "$3/model.safetensors" > err 2>&1 && cmp "$2/config.json" "$3/config.json" >> err 2>&1 && diff log.a log.b >> err; then
        ok "$1"
    else
        not_ok "$1" err
    fi
}

# one_line NAME PATTERN FILE: what weir said there is one line, and it matches (a launcher may say more)
one_line() {
    grep -a '^weir: ' "$3" > said
    if [ "$(wc -l < said)" -eq 1 ] && grep -qe "$2" said; then ok "$1"; else not_ok "$1" "$3"; fi
}

# pid_of MPI RANK OUT: of the rank that trains into OUT, a path that no other test has, once it has begun to
pid_of() {
    local pid turn
    for turn in $(seq 1 600); do
        for pid in $(pgrep -f -- "train .*--out $3\$"); do
            if [ "$(cat "/proc/$pid/comm" 2> /dev/null)" = weir ] \
                && tr '\0' '\n' < "/proc/$pid/environ" 2> /dev/null | grep -qE "^(OMPI_COMM_WORLD_RANK|PMI_RANK)=$2\$"; then
                echo "$pid"
                return
            fi
        done
        sleep 0.05
    done
}

# begun OUT: waits until the run has a checkpoint
begun() {
    for turn in $(seq 1 12000); do [ -s "$1/checkpoint/state.safetensors" ] && return; sleep 0.05; done
}

# ends NAME SECONDS LAUNCHER: its process has ended by then; its code goes to $code
ends() {
    local turn
    for turn in $(seq 1 $(($2 * 10))); do kill -0 "$3" 2> /dev/null || break; sleep 0.1; done
    if kill -0 "$3" 2> /dev/null; then not_ok "$1: ends within $2 s"; kill -9 "$3"; else ok "$1: ends within $2 s"; fi
    wait "$3"
    code=$?
}
