#!/usr/bin/env bash
# The scripts themselves: --help says what each does and does nothing; tests run from the background of a terminal see none of it, and end
# with whoever runs them.
# Sanitizers: in make test-long.
set -u
. "$SRC/tests/cli/lib.sh"

# -- help: of every script, with nothing to be called by it but what prints ------------------------------------------------------------
mkdir empty bin
for tool in bash env sed; do ln -s "$(command -v $tool)" bin/; done
before=$(ls -A "$SRC")
for script in "$SRC"/script/* "$SRC"/tools/* "$SRC"/bench/*; do
    head -n 1 "$script" 2> /dev/null | grep -q '^#!.*bash' || continue
    name=${script#"$SRC"/}
    sed -n '2s/^# //p' "$script" > first
    ( cd empty && PATH=$work/bin "$script" --help ) < /dev/null > out 2> err
    status=$?
    sed -n 1p out > said
    if [ $status -eq 0 ] && [ -s first ] && cmp -s first said && [ ! -s err ] && [ -z "$(ls -A empty)" ]; then ok "$name --help"; else cat out >> err; not_ok "$name --help" err; fi
done
for name in script/test script/demo tools/suite; do
    PATH=$work/bin "$SRC/$name" --hlep > out 2> err
    if [ $? -eq 2 ] && grep -q 'expected no argument' err; then ok "$name takes no other argument"; else not_ok "$name takes no other argument" err; fi
done
if [ "$before" = "$(ls -A "$SRC")" ]; then ok "help makes nothing"; else not_ok "help makes nothing"; fi

# -- a test's terminal -----------------------------------------------------------------------------------------------------------------
# build NAME: a build folder of one test, whose text is on stdin
build() {
    mkdir -p "$1/tests"
    echo on-a-terminal > "$1/tests/fast.list"
    { echo '#!/usr/bin/env bash'; cat; } > "$1/tests/on-a-terminal"
    chmod +x "$1/tests/on-a-terminal"
}
build looks << 'END'
if [ -t 0 ]; then echo "not ok no terminal to read"; else echo "ok no terminal to read"; fi
if (: < /dev/tty) 2> /dev/null; then echo "not ok no terminal to open"; else echo "ok no terminal to open"; fi
if read -r line; then echo "not ok nothing to read"; else echo "ok nothing to read"; fi
END
if on_terminal shown true; then
    on_terminal shown bash -c 'set -m; "$0"/tools/run-tests looks fast on-a-terminal & wait' "$SRC" # set -m: in the background, as `make test &` is
    if tr -d '\r' < shown | grep -q '^3 passed, 0 failed'; then ok "tests have no terminal"; else not_ok "tests have no terminal" shown; fi
    on_terminal shown bash -c '[ -t 0 ] && [ -t 1 ] && : < /dev/tty && echo "a whole terminal"'
    holds "but may make one" "a whole terminal" shown
else
    echo "ok tests have no terminal # SKIP no script (of Debian's bsdutils), or no pseudo-terminals here"
fi

# -- whoever is stopped stops its test -------------------------------------------------------------------------------------------------
build waits << 'END'
sleep 1000 & # a process of the test's own
echo $$ $! > "$BUILD/pids"
wait
END
gone() { # PID: true once it has ended, within a minute
    for _ in $(seq 600); do
        kill -0 "$1" 2> /dev/null || return 0
        sleep 0.1
    done
    return 1
}
for signal in TERM INT; do
    rm -f waits/pids
    ( trap - INT; exec "$SRC/tools/run-tests" waits fast on-a-terminal ) > out 2>&1 &
    runner=$!
    for _ in $(seq 600); do [ -s waits/pids ] && break; sleep 0.1; done
    read -r test child < waits/pids
    kill -"$signal" $runner
    wait $runner
    status=$?
    if [ $status -gt 128 ] && gone "$test" && gone "$child"; then ok "SIG$signal ends the test too"; else echo "status $status" >> out; not_ok "SIG$signal ends the test too" out; fi
done
# an interrupt from the keyboard goes to the whole group of the suite
mkdir -p tree/tools tree/tests tree/build
cp "$SRC"/tools/suite "$SRC"/tools/run-tests tree/tools/
for kind in release asan; do cp -r waits tree/build/$kind; rm -f tree/build/$kind/pids; done
( trap - INT; exec setsid tree/tools/suite ) > out 2>&1 &
suite=$!
for _ in $(seq 600); do [ -s tree/build/release/pids ] && break; sleep 0.1; done
kill -INT -- -$suite
wait $suite
status=$?
cat tree/build/*/pids > pids # the second build's never began
left=0
for pid in $(cat pids); do gone "$pid" || left=1; done
if [ $status -gt 128 ] && [ "$(wc -w < pids)" -eq 2 ] && [ $left -eq 0 ]; then ok "an interrupt ends the suite"; else echo "status $status" >> out; not_ok "an interrupt ends the suite" out; fi
[ "$failures" -eq 0 ]
