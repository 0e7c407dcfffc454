#!/bin/sh
# README's first screen to the letter, as somebody follows it: its program compiles by the line below it against what was installed, and
# the commands run in their order, in one folder. Files that README takes for granted have stand-ins, and trainings of minutes a few steps.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"
case ${BUILD:-} in *asan | *tsan) echo "ok the first screen # SKIP trainings: by the released build alone"; exit ;; esac
has png || { echo "ok the first screen # SKIP its pictures are PNG: not in this build"; exit; }

# -- the program ---------------------------------------------------------------------------------------------------------------------------
if [ -n "${BUILD:-}" ] && command -v pkg-config > /dev/null; then
    cmake=$(ls /usr/bin/cmake 2> /dev/null || echo cmake)
    works "installs" "$cmake" --install "$BUILD" --prefix "$work/prefix"
    pc=$(dirname "$(find prefix -name weir.pc)")
    sed -i "s|^prefix=.*|prefix=$work/prefix|" "$pc/weir.pc"
    awk '/^```c$/ { on = 1; next } /^```$/ { if (on) exit } on' "$SRC/README.md" > program.c
    sed -n 's/^    \(cc program\.c .*\)/\1/p' "$SRC/README.md" > compile
    export PKG_CONFIG_PATH="$work/$pc" LD_LIBRARY_PATH="$work/$(dirname "$pc")"
    works "compiles as written" sh -e compile
    works "compiles by one line" test "$(wc -l < compile)" -eq 1
    works "runs" ./a.out
    holds "says what it drew" '^drew (-*[0-9.]*, -*[0-9.]*), log p -*[0-9.]*$' out
    unset PKG_CONFIG_PATH LD_LIBRARY_PATH
fi
for name in demo test; do works "script/$name is there" test -x "$SRC/script/$name"; done
sed -n 's/^    \(script\/[a-z]*\) .*/\1/p' "$SRC/README.md" > scripts
works "both scripts are named" test "$(tr '\n' ' ' < scripts)" = "script/demo script/test "

# -- the commands --------------------------------------------------------------------------------------------------------------------------
mkdir bin MNIST && ln -s "$WEIR" bin/weir && PATH=$PWD/bin:$PATH
cp "$SRC/tests/flow/fixtures/normflows_glow.safetensors" GLOW.safetensors
cp "$SRC/tests/flow/fixtures/normflows_glow.json" GLOW.json
{ printf '\0\0\10\3\0\0\0\310\0\0\0\34\0\0\0\34'; yes 'a weir shapes a flow' | head -c 156800; } | gzip > MNIST/train-images-idx3-ubyte.gz
awk '/^## The command/ { on = 1; next } /^## / { on = 0 } on && /^    weir / { sub(/^    /, ""); sub(/ +# .*/, ""); print }' "$SRC/README.md" > commands
works "there are commands" test "$(wc -l < commands)" -ge 10
while IFS= read -r line; do
    case $line in
    "weir train nice"*) ;;
    "weir train "*) line="$line --steps 4" ;; # minutes
    "weir import "*) rm -rf glow ;;
    esac
    case $line in "weir train glow"*) rm -rf glow ;; esac # README has the name twice
    printf '%s\n' "$line" > one
    works "$line" sh -e one
    case $line in
    "weir score run --data digits,split=test"*) cp out scored ;;
    *"| weir score run --data -"*) cp out drawn ;;
    esac
done < commands
for file in run/config.json run/model.safetensors run/report.html digits.png points.png folder; do works "made $file" test -e "$file"; done

# What the first command trained draws, by its likelihood: as the digits' own, within 30 nats of some 100.
nats() { sed -n 's/^nats  *\(-*[0-9.]*\) .*/\1/p' "$1"; }
if awk -v a="$(nats scored)" -v b="$(nats drawn)" 'BEGIN { d = a - b; exit !(a < 0 && b < 0 && d < 30 && d > -30) }'; then ok "samples are as likely as digits"; else cat scored drawn > err; not_ok "samples are as likely as digits" err; fi
exit $((failures > 0))
