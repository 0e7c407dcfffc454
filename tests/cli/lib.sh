# What the tests of the command share. Each runs in a folder of its own, with WEIR the command and SRC the source tree.
: "${WEIR:?the path of the command}"
SRC=${SRC:-$(cd "$(dirname "$0")/../.." && pwd)}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0
case ${BUILD:-} in *asan* | *tsan*) sanitized=yes ;; *) sanitized=no ;; esac # what is learned is not their matter
fewer() { if [ $sanitized = yes ]; then echo "$2"; else echo "$1"; fi; } # fewer N M: steps N, under sanitizers M

ok() { echo "ok $1"; }
not_ok() { # NAME [FILE to show]
    echo "not ok $1"
    if [ -n "${2:-}" ]; then sed 's/^/# /' "$2"; fi
    failures=$((failures + 1))
}

# works NAME COMMAND...: exit 0
works() {
    name=$1; shift
    if "$@" > out 2> err; then ok "$name"; else echo "status $?" >> err; cat out >> err; not_ok "$name" err; fi
}

# refuses NAME STATUS PATTERN COMMAND...: that status, and one line on stderr `weir: WHAT: WHERE: expected ..` that matches the pattern
refuses() {
    name=$1 status=$2 pattern=$3; shift 3
    "$@" > out 2> err
    got=$?
    if [ "$got" -eq "$status" ] && [ "$(wc -l < err)" -eq 1 ] && grep -q '^weir: .*: .*expected' err && grep -qe "$pattern" err; then
        ok "$name"
    else
        echo "status $got, expected $status; pattern $pattern" >> err
        not_ok "$name" err
    fi
}

# same NAME A B: equal files
same() { if cmp "$2" "$3" > err 2>&1; then ok "$1"; else not_ok "$1" err; fi; }

# holds NAME PATTERN FILE
holds() { if grep -qe "$2" "$3"; then ok "$1"; else not_ok "$1" "$3"; fi; }

# lacks NAME PATTERN FILE
lacks() { if grep -qe "$2" "$3"; then not_ok "$1" "$3"; else ok "$1"; fi; }

# absent NAME PATH...: none is there
absent() {
    name=$1; shift
    for path; do if [ -e "$path" ]; then ls -la "$path" > err; not_ok "$name" err; return; fi; done
    ok "$name"
}

# has FEATURE: this build has it (png, zlib, ...)
has() { "$WEIR" --version | grep -qw "$1"; }

# log FILE: a metrics file without its wall-clock fields
log() { sed 's/, "seconds": [0-9.]*//' "$1"; }

# on_terminal FILE COMMAND...: runs it on a pseudo-terminal of its own, and what it shows there goes to FILE. In a session of its own, for
# from the background of a terminal `script` would be stopped when it asks what that one is set to.
on_terminal() {
    local file=$1
    shift
    setsid -w script -qec "$(printf '%q ' "$@")" "$file" < /dev/null > log 2>&1
}

# tiny RUN SPEC [ARGUMENT...]: trains something small
tiny() {
    run=$1 spec=$2; shift 2
    "$WEIR" train nice --data "$spec" --out "$run" --set hidden=16 --set couplings=2 --set init=pytorch "$@"
}
