#!/usr/bin/env bash
# What a person sees in a terminal, through a pseudo-terminal of util-linux's `script`: lines redrawn within 80 and 40 columns, and after
# the window is resized; a dumb terminal; no colour; Ctrl-C.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"
on_terminal shown true || { echo "ok a terminal # SKIP no script (of Debian's bsdutils), or no pseudo-terminals here"; exit; }
export TERM=xterm
escape=$(printf '\033')

steps=$(fewer 3000 300)

# frames FILE: what was drawn, a line each, without what clears the end of a line
frames() { tr '\r' '\n' < "$1" | sed "s/$escape\[K//g" | grep '^[#.]* *[0-9]*%  '; }
widest() { frames "$1" | awk '{ if (length > most) most = length } END { print most + 0 }'; }

# train NAME BEFORE [ARGUMENT..]: BEFORE is what the shell of the terminal does first
train() {
    local name=$1 before=$2
    shift 2
    on_terminal "$name.shown" bash -c "$before; exec \"\$0\" \"\$@\"" "$WEIR" train nice --data toy:moons,n=400 --out "$name" --set hidden=64,64 \
        --set init=pytorch --steps "$steps" "$@"
}

# -- width ---------------------------------------------------------------------------------------------------------------------------------
for columns in 80 40; do
    train "w$columns" "stty cols $columns rows 24"
    frames "w$columns.shown" > drawn
    works "$columns columns: is redrawn" test "$(wc -l < drawn)" -gt 3
    works "$columns columns: none is wider" test "$(widest "w$columns.shown")" -lt "$columns"
    works "$columns columns: ends with what is best" grep -q "best held-out -*[0-9.]* nats" "w$columns.shown"
done
works "80 columns have room for ETA" grep -q 'loss .* held-out .* nats  ETA [0-9]*:[0-9]*' w80.shown
works "40 columns leave it out" sh -c '! tr "\r" "\n" < w40.shown | grep -q "^[#.].*ETA"'
works "both trained alike" cmp w80/model.safetensors w40/model.safetensors

# -- a dumb terminal, and no colour --------------------------------------------------------------------------------------------------------
TERM=dumb train dumb "stty cols 80"
works "dumb: nothing is redrawn" sh -c '! tr -d "\r" < dumb.shown | sed "/^Script /d" | grep -q "$0\\|^[#.]*  *[0-9]*%"' "$escape"
works "dumb: lines of progress" grep -q "step $steps/$steps  loss" dumb.shown
for command in "list model" "--help" "info w80" "score w80 --data toy:moons,n=50" "list nothing"; do
    # shellcheck disable=SC2086
    NO_COLOR=1 on_terminal plain "$WEIR" $command
    works "no colour: weir $command" sh -c '[ -s plain ] && ! grep -q "$0" plain' "$escape"
done
works "progress has no colour either" sh -c '! grep -q "$0\[[0-9;]*m" w80.shown' "$escape"

# -- Ctrl-C, and a window that is resized ----------------------------------------------------------------------------------------------------
# seen FILE PATTERN: waits until it is there; half a minute is for machines that are busy
seen() {
    local i
    for ((i = 0; i < 300; i++)); do
        if grep -q "$2" "$1" 2> /dev/null; then return 0; fi
        sleep 0.1
    done
    return 1
}
# endless NAME BEFORE: a training that only a key ends, in the background; keys come through the pipe `keys`
endless() {
    rm -f keys && mkfifo keys
    setsid -w script -qfec "$2; $(printf '%q ' "$WEIR") train nice --data toy:moons,n=400 --out $1 --set hidden=64,64 --set init=pytorch \
        --steps 100000000; echo status \$?" "$1.shown" < keys > log 2>&1 &
    shell=$!
    exec 5> keys
}
endless stopped "stty cols 80"
works "Ctrl-C: trains" seen stopped.shown 'step [0-9]*/100000000'
printf '\003' >&5
works "Ctrl-C: ends" seen stopped.shown 'status [0-9]'
exec 5>&-
wait "$shell"
works "Ctrl-C: as a shell would say" grep -q 'status 130' stopped.shown
works "Ctrl-C: says how to go on" grep -q 'stopped at step [0-9]*, all saved: weir train --out stopped --resume continues' stopped.shown
works "Ctrl-C: on a line of its own" sh -c 'tr "\r" "\n" < stopped.shown | sed "s/\^C//" | grep -q "^weir: stopped at step"'
works "Ctrl-C: and it does" "$WEIR" train --out stopped --resume --steps "$(($(sed -n 's/.*stopped at step \([0-9]*\),.*/\1/p' stopped.shown) + 10))"

endless resized 'stty cols 80; (until [ -e narrow ]; do sleep 0.1; done; stty cols 40 < /dev/tty; touch narrowed) & :'
works "resized: trains" seen resized.shown 'step [0-9]*/100000000  loss'
touch narrow
for ((i = 0; i < 300; i++)); do [ -e narrowed ] && break; sleep 0.1; done
mark=$(wc -c < resized.shown)
for ((i = 0; i < 300; i++)); do [ "$(wc -c < resized.shown)" -gt $((mark + 400)) ] && break; sleep 0.1; done
printf '\003' >&5
works "resized: ends" seen resized.shown 'status 130'
exec 5>&-
wait "$shell"
works "resized: was wider" test "$(widest resized.shown)" -gt 40
tail -c +$((mark + 101)) resized.shown > after
frames after | sed "s/\^C.*//" | tail -n 2 > drawn # those before may have been under way
works "resized: is redrawn" test -s drawn
works "resized: none is wider" awk 'length > 39 { exit 1 }' drawn
exit $((failures > 0))
