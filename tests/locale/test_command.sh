#!/usr/bin/env bash
# The command in a process that has set its user's locale, as a program that embeds it would (it sets none itself): de_DE and ps_AF (U+066B)
# where the system has their sources, else two of our own. What it prints and writes is what it does in the C locale.
# Sanitizers: in make test-long.
set -u
. "$SRC/tests/cli/lib.sh"
if ! command -v localedef > /dev/null; then
    echo "ok the command in other locales # SKIP no localedef (of Debian's libc-bin)"
    exit 0
fi
if [ -e /usr/share/i18n/locales/ps_AF ] && localedef -i de_DE -f UTF-8 ./de_DE > log 2>&1 && localedef -i ps_AF -f UTF-8 ./ps_AF > log 2>&1; then
    locales="de_DE ps_AF"
else
    printf '#include "comma.h"\nint main(int n, char **a) { strcpy(locale_folder, a[1]); return !locale_write_all() || n != 2; }\n' > own.c
    works "locales are made" sh -c 'gcc -D_GNU_SOURCE -I"$SRC/tests" own.c -o own && ./own "$PWD"'
    locales="weircomma weirwide"
fi
cat > enter.c << 'END'
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
__attribute__((constructor)) static void enter(void)
{
    char text[16];
    if (!getenv("WEIR_ENTER")) return; /* not the shell's own processes */
    if (!setlocale(LC_ALL, "")) abort();
    snprintf(text, sizeof text, "%.1f", 0.5);
    if (strcmp(text, "0.5") == 0) abort(); /* no comma */
}
END
works "a library that sets the locale" gcc -shared -fPIC enter.c -o enter.so

# under LOCALE COMMAND...: in that locale; C: as it is
under() {
    if [ "$1" = C ]; then "${@:2}"; return; fi
    LOCPATH=$work LC_ALL=$1 WEIR_ENTER=1 LD_PRELOAD=$work/enter.so ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" "${@:2}"
}

# everything LOCALE: in folder in-LOCALE
everything() {
    mkdir "in-$1" && cd "in-$1" || exit 1
    printf '0.5,1.25\n1.5,-0.125\n2.25,0.75\n0.125,0.5\n' > points.csv
    under "$1" "$WEIR" list --json > list.json
    under "$1" "$WEIR" list model > list
    under "$1" "$WEIR" help train > help
    under "$1" "$WEIR" help --man pages > man.out
    under "$1" "$WEIR" train nice --data points.csv,standardize=yes --out run --set hidden=8 --set couplings=2 --lr 0.0025 --steps 3 --batch 4 --quiet > train.out
    under "$1" "$WEIR" train --out run --resume --steps 6 --quiet > resume.out
    under "$1" "$WEIR" info run > info
    under "$1" "$WEIR" info run --json > info.json
    under "$1" "$WEIR" score run --data points.csv > score
    under "$1" "$WEIR" score run --data points.csv --json > score.json
    under "$1" "$WEIR" sample run -n 5 -o samples.csv > sample.out
    under "$1" "$WEIR" sample run -n 5 -o samples.npy > sample.out
    under "$1" "$WEIR" sample run -n 5 --temperature -0.5 -o none.csv 2> refused
    under "$1" "$WEIR" report run > report.out
    cd ..
}

# bare FOLDER: without what a clock wrote
bare() {
    find "$1" -name '*.out' -o -name 'events.*' | xargs rm -f
    sed -i 's/, "seconds": [0-9.]*//' "$1"/run/metrics.jsonl
    sed -i -E 's|<dd class="n">in [0-9.]+ s</dd>||' "$1"/run/report.html
    sed -i "s|/$1|/in-LOCALE|g" "$1"/run/config.json "$1"/run/report.html # where its data's paths begin
    rm -rf "$1"/run/checkpoint # the clock is in it; test_locale.c compares the rest
}

for locale in C $locales; do everything "$locale" 2> "$locale.err"; done
for locale in C $locales; do
    if [ -s "$locale.err" ]; then not_ok "$locale: all went well" "$locale.err"; else ok "$locale: all went well"; fi
    bare "in-$locale"
done
holds "there is something to compare" '"nats": -\?[0-9]*\.[0-9]' in-C/score.json
for locale in $locales; do
    if diff -r in-C "in-$locale" > out 2>&1; then ok "$locale: the same as in C"; else not_ok "$locale: the same as in C" out; fi
    works "$locale: a run of C's goes on" under "$locale" "$WEIR" score in-C/run --data in-C/points.csv
done
[ "$failures" -eq 0 ]
