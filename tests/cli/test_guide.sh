#!/bin/sh
# The guide's commands, in order, in one folder: each console block of doc/guide/*.md is run, and what it shows must be printed: words as
# they are, numbers within 2 % or 0.05, for kernels of other machines round otherwise; lines between those shown may be left out.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"
case ${BUILD:-} in *asan | *tsan) echo "ok the guide # SKIP trainings: by the released build alone"; exit ;; esac
has png || { echo "ok the guide # SKIP its pictures are PNG: not in this build"; exit; }
mkdir bin && ln -s "$WEIR" bin/weir && PATH=$PWD/bin:$PATH

# agrees SHOWN PRINTED: the lines of SHOWN stand in PRINTED, in that order
agrees() {
    awk '
    function is_number(w) { return w ~ /^[-+]?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?$/ }
    function near(a, b,    d, t) {
        d = a - b
        t = 0.02 * (a < 0 ? -a : a)
        if (t < 0.05) t = 0.05
        return d <= t && -d <= t
    }
    function fits(shown, printed,    n, m, i, s, p) {
        n = split(shown, s, /[ ,=]+/)
        m = split(printed, p, /[ ,=]+/)
        if (n != m) return 0
        for (i = 1; i <= n; i++)
            if (is_number(s[i]) && is_number(p[i]) ? !near(s[i], p[i]) : s[i] != p[i]) return 0
        return 1
    }
    FNR == NR { printed[++lines] = $0; next }
    {
        while (at < lines && !fits($0, printed[at + 1])) at++
        if (at++ >= lines) { print "not printed: " $0; exit 1 }
    }' "$2" "$1"
}

run=0
for page in "$SRC"/doc/guide/*.md; do
    # A command a line, and behind it what it shows: files 1.command, 1.shown, 2.command ..
    rm -f ./*.command ./*.shown
    awk '/^```console$/ { on = 1; next } /^```$/ { on = 0 } on && /^\$ / { n++; print substr($0, 3) > (n ".command"); next }
        on { print > (n ".shown") }' "$page"
    for n in $(ls ./*.command 2> /dev/null | sed 's/[^0-9]//g' | sort -n); do
        name="$(basename "$page"): $(cat "$n.command")"
        run=$((run + 1))
        sh -e "$n.command" > printed 2> err < /dev/null || { not_ok "$name" err; continue; }
        [ -f "$n.shown" ] || { ok "$name"; continue; }
        if agrees "$n.shown" printed > why; then ok "$name"; else cat printed >> why; not_ok "$name" why; fi
    done
done
if [ "$run" -gt 0 ]; then ok "the guide has commands"; else not_ok "the guide has commands"; fi
exit $((failures > 0))
