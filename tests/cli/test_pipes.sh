#!/bin/sh
# Data and results through pipes: --data -, -o -, npy and CSV.
. "$(dirname "$0")/lib.sh"
awk 'BEGIN { srand(2); print "a,b"; for (i = 0; i < 120; i++) printf "%.5f,%.5f\n", rand(), rand() }' > t.csv
small="--set couplings=2 --set hidden=8 --steps 4"
# shellcheck disable=SC2086
works "train on a file" "$WEIR" train nice --data t.csv --out file $small
piped() { sh -c "$1"; }
export WEIR small
works "through a pipe" piped 'cat t.csv | "$WEIR" train nice --data - --out piped $small'
same "it is the same model" piped/model.safetensors file/model.safetensors
if has zlib; then
    works "gzipped, with options" piped 'gzip -c t.csv | "$WEIR" train nice --data "-,valid=1/6" --out packed $small'
    same "too" packed/model.safetensors file/model.safetensors
fi
mkfifo pipe
works "through a named pipe" piped 'cat t.csv > pipe & "$WEIR" score file --data pipe --json'
cp out named
works "as by its name" "$WEIR" score file --data t.csv --json
same "are the scores" named out
refuses "what came through a pipe is not there on a resume" 1 'the data of this run came through a pipe: expected the same samples by --data' \
    piped '"$WEIR" train --out piped --resume --steps 6 --quiet < /dev/null 2>&1 | grep -v note >&2; exit 1'
works "but may come again" piped 'cat t.csv | "$WEIR" train --out piped --resume --steps 6 --data -'
works "or from a file" "$WEIR" train --out piped --resume --steps 8 --data t.csv
works "from where it goes on" "$WEIR" train --out piped --resume --steps 9

works "samples to a file" "$WEIR" sample file -n 5 -o five.csv
works "samples through a pipe" piped '"$WEIR" sample file -n 5 -o - | cat > through.csv'
same "are those" through.csv five.csv
works "as npy" piped '"$WEIR" sample file -n 5 -o -.npy > through.npy'
works "as by its name" "$WEIR" sample file -n 5 -o five.npy
same "of npy" through.npy five.npy
works "from one to another" piped '"$WEIR" sample file -n 50 -o -.npy | "$WEIR" score file --data - --json'
holds "scores them" '"n": 50,' out
works "scores of samples" piped '"$WEIR" score file --data t.csv -o - > nats.csv'
if [ "$(wc -l < nats.csv)" -eq 121 ]; then ok "alone are in the pipe"; else not_ok "alone are in the pipe" nats.csv; fi
holds "and the table on stderr" '^nats ' err
"$WEIR" sample file -n 5 -o - > /dev/full 2> err
if [ $? -eq 1 ] && grep -q 'stdout: .*expected an output that takes all' err; then ok "a full disk is told"; else not_ok "a full disk is told" err; fi
TMPDIR=$PWD/nowhere refuses "no place for a file" 1 'expected room for a file in TMPDIR' "$WEIR" sample file -n 5 -o -
refuses "nothing in the pipe" 1 'expected at least one line of numbers' piped '"$WEIR" score file --data - < /dev/null'
if ls -d "${TMPDIR:-/tmp}"/weir-??????/out.* > left 2> err; then not_ok "nothing is left in TMPDIR" left; else ok "nothing is left in TMPDIR"; fi
exit $((failures > 0))
