#!/bin/sh
# Tables as people have them: columns chosen or left out, text among them, values that are missing, a test split of one's own.
. "$(dirname "$0")/lib.sh"
awk 'BEGIN { srand(8); print "id,a,b,note,c"; for (i = 0; i < 200; i++)
    printf "r%d,%.5f,%s,%s,%.5f\n", i, rand(), i % 20 == 3 ? (i % 40 == 3 ? "" : "NA") : rand(), i % 2 ? "some text" : "", rand() }' > table.csv
small="--set couplings=2 --set hidden=8 --steps 3"
warned() { # NAME PATTERN FILE: one warning, which matches
    if [ "$(grep -c '^weir: warning: ' "$3")" -eq 1 ] && grep -qe "$2" "$3"; then ok "$1"; else not_ok "$1" "$3"; fi
}
# shellcheck disable=SC2086
train() { run=$1; shift; "$WEIR" train nice --out "$run" $small "$@"; }

refuses "text" 1 'table.csv: line 2, column 1: expected a number (label= or skip= takes a column of words), found "r0"' train no --data table.csv
works "columns that are the data" train chosen --data table.csv --columns a,c
holds "are said" '^columns *a, c; id is left out; b is left out; note is left out$' out
works "the same in the SPEC" train spec --data 'table.csv,columns="a,c"'
same "is the same model" chosen/model.safetensors spec/model.safetensors
works "by numbers, and others left out" train skipped --data 'table.csv,skip="id,3,4"'
same "too" chosen/model.safetensors skipped/model.safetensors
works "samples have the names" "$WEIR" sample chosen -n 2 -o x.csv
if [ "$(head -n 1 x.csv)" = a,c ]; then ok "of those"; else not_ok "of those" x.csv; fi
works "the run's columns are scored" "$WEIR" score chosen --data table.csv,split=valid
refuses "a column that is both" 2 'column 2 is weight and skip' train no --data 'table.csv,columns="a,c",weight=a,skip=a'
refuses "a column that is not there" 2 'skip=d: expected a name of the header or a number from 1 to 5' train no --data table.csv,skip=d
refuses "no column left" 1 'no column left' train no --data 'table.csv,columns="a",condition=a'

refuses "missing values" 1 'line 5, column 3: expected a number (na=drop leaves such lines out), found an empty field' train no --data table.csv --columns 2-3
works "leave with their samples" train dropped --data table.csv,na=drop --columns 2-3
warned "which is said" 'table.csv: 10 of 200 samples lack a value: they are left out (na=drop)' err
holds "of all" '^data *158 samples to train on, 32 held out; 2 values each$' out
awk -F, 'NR > 1 && $3 != "" && $3 != "NA" { print $2 "," $3 }' table.csv > whole.csv
works "what is left" train whole --data whole.csv,header=no
works "scores alike" "$WEIR" score dropped --data whole.csv --json
sed 's/"warnings.*//' out > a
works "as the whole" "$WEIR" score whole --data whole.csv --json
sed 's/"warnings.*//' out > b
same "rows" a b
{ printf '\223NUMPY\001\000\166\000'; printf '%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (32, 2), }"
    i=0; while [ $i -lt 63 ]; do printf '\000\000\200\077'; i=$((i + 1)); done; printf '\000\000\300\177'; } > nan.npy
works "of arrays too" train array --data nan.npy,na=drop
holds "it is said" 'nan.npy: 1 of 32 samples lack a value' err
refuses "which else are an error" 1 'nan.npy: sample 31, column 2: expected a finite number' train no --data nan.npy

works "a test split of one's own" train tested --data 'table.csv,columns="a,c",test=0.1,valid=last:20'
holds "is out of training" '^data *160 samples to train on, 20 held out' out
works "is scored" "$WEIR" score tested --data table.csv,split=test --json
holds "by its own rows" '"n": 20,' out
works "the page of the run" "$WEIR" report tested
holds "has them" 'test' tested/report.html
refuses "of data that have one" 2 'test=0.1: expected none, these data have a test split' train no --data digits,test=0.1
refuses "a test that takes all" 2 'test=1: expected a fraction' train no --data table.csv,columns=2,test=1
exit $((failures > 0))
