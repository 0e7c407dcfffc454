#!/bin/sh
# Classes and contexts as a user types them: from the SPEC to the samples.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

small="--set hidden=16 --set couplings=2 --set init=pytorch --set optimizer=adam"
awk 'BEGIN {
    split("rose daisy oak", kind, " ")
    print "x,y,\"a, b\",speed,kind"
    for (i = 0; i < 240; i++) { h = i * 7 % 31 / 31; printf "%.5f,%.5f,%.4f,7,%s\n", i % 3 + h + i * 11 % 13 / 60, h, 1 + h, kind[i % 3 + 1] }
}' > all.csv
spec='all.csv,label=kind,condition="\"a, b\",speed"'
# shellcheck disable=SC2086 # words of a line
works "train on classes and a context" "$WEIR" train nice --data "$spec" --out both $small --set classes=auto --set base=diagonal --steps 30
holds "the classes are counted" '"classes": 3' both/config.json
holds "the context is the data's" '"context": 2' both/config.json
works "going on, auto again" "$WEIR" train nice --data "$spec" --out both $small --set classes=auto --set base=diagonal --steps 40 --resume
works "info" "$WEIR" info both
holds "info has names of classes" '^class_names *daisy,oak,rose' out
holds "info has names of values" '^context_names *a, b,speed' out
holds "info has names of columns" '^column_names *x,y' out
works "info as JSON" "$WEIR" info both --json
holds "info lists names" '"class_names": \[' out

# -- a context through a network
# shellcheck disable=SC2086
works "train with a network before the context" "$WEIR" train nice --data "$spec" --out through $small --set "embed=mlp hidden=8 out=3" --steps 30
works "score" "$WEIR" score through --data "$spec"
works "sample" "$WEIR" sample through -n 4 -o through.csv --condition '"a, b"=1.5,speed=7'
works "another context" "$WEIR" sample through -n 4 -o other.csv --condition '"a, b"=1.2,speed=7'
if cmp -s through.csv other.csv; then not_ok "is another density"; else ok "is another density"; fi
works "check" "$WEIR" check through --data "$spec" -n 8
# shellcheck disable=SC2086
refuses "a network without a context" 2 'embed=network.mlp: expected a model with a context' "$WEIR" train nice --data all.csv,columns=1-2 --out no $small --set embed=mlp --steps 1

# -- samples
works "sample" "$WEIR" sample both -n 4 -o four.csv --class rose --condition '"a, b"=1.5,speed=7'
works "by numbers" "$WEIR" sample both -n 4 -o numbers.csv --class 2 --condition '2=7,1=1.5'
same "they are the same" four.csv numbers.csv
works "another class" "$WEIR" sample both -n 4 -o oak.csv --class oak --condition '1=1.5,2=7'
if cmp -s four.csv oak.csv; then not_ok "which draws others"; else ok "which draws others"; fi
npy() { # FILE SHAPE BYTES: of doubles
    { printf '\223NUMPY\001\000\166\000'; printf '%-117s\n' "{'descr': '<f8', 'fortran_order': False, 'shape': $2, }"; printf "$3"; } > "$1"
}
one='\000\000\000\000\000\000\360\077' two='\000\000\000\000\000\000\000\100' seven='\000\000\000\000\000\000\034\100' nan='\000\000\000\000\000\000\370\177'
npy rows.npy '(2, 2)' "$one$seven$two$seven"
works "a file of conditions" "$WEIR" sample both -o default.csv --class 0 --condition rows.npy
if [ "$(wc -l < default.csv)" -eq 3 ]; then ok "one of each of its lines"; else not_ok "one of each of its lines" default.csv; fi
works "three of each" "$WEIR" sample both -n 6 -o six.csv --class 0 --condition rows.npy
works "three of each, two at a time" "$WEIR" sample both -n 6 -o chunks.csv --class 0 --condition rows.npy --batch 2
same "are the same" six.csv chunks.csv
works "the first alone" "$WEIR" sample both -n 3 -o first.csv --class 0 --condition 1=1,2=7
head -n 4 six.csv > head.csv
same "is the first block" head.csv first.csv
works "the second alone" "$WEIR" sample both -n 6 -o second.csv --class 0 --condition 1=2,2=7
tail -n 3 six.csv > tail.csv; tail -n 3 second.csv > last.csv
same "is the second block" tail.csv last.csv

refuses "no class" 2 'no --class: model.nice: expected a class, by its name or from 0 to 2' "$WEIR" sample both -n 2 -o no.csv --condition 1=1,2=7
refuses "no context" 2 'no --condition: model.nice: .* of 2 values' "$WEIR" sample both -n 2 -o no.csv --class 0
refuses "an unknown class" 2 'class rosa: .*perhaps rose' "$WEIR" sample both -n 2 -o no.csv --class rosa --condition 1=1,2=7
refuses "a class outside" 2 'class 3: expected' "$WEIR" sample both -n 2 -o no.csv --class 3 --condition 1=1,2=7
refuses "an unknown value" 2 'condition: sped: .*perhaps speed' "$WEIR" sample both -n 2 -o no.csv --class 0 --condition 1=1,sped=7
refuses "a value that is missing" 2 'condition: no speed: expected a value of each of the 2' "$WEIR" sample both -n 2 -o no.csv --class 0 --condition 1=1
refuses "a value said twice" 2 'expected once, found again' "$WEIR" sample both -n 2 -o no.csv --class 0 --condition 1=1,2=7,speed=7
refuses "no number" 2 'speed=fast: expected a finite number' "$WEIR" sample both -n 2 -o no.csv --class 0 --condition 1=1,speed=fast
refuses "no finite number" 2 'speed=inf: expected a finite number' "$WEIR" sample both -n 2 -o no.csv --class 0 --condition 1=1,speed=inf
refuses "no value at all" 2 'expected name=value,name=value or FILE.npy' "$WEIR" sample both -n 2 -o no.csv --class 0 --condition fast
refuses "an open quote" 2 'every quote closed' "$WEIR" sample both -n 2 -o no.csv --class 0 --condition '"a=1'
refuses "no multiple" 2 'n: 3 samples: expected a multiple of the 2 samples of rows.npy' "$WEIR" sample both -n 3 -o no.csv --class 0 --condition rows.npy
refuses "no file" 1 'gone.npy' "$WEIR" sample both -o no.csv --class 0 --condition gone.npy
refuses "no count" 2 'no -n' "$WEIR" sample both -o no.csv --class 0 --condition 1=1,2=7
npy wide.npy '(1, 3)' "$one$one$one"
refuses "a file of other rows" 1 'wide.npy: 1 lines of 3 values: expected lines of the 2' "$WEIR" sample both -o no.csv --class 0 --condition wide.npy
npy nan.npy '(1, 2)' "$one$nan"
refuses "a file that is not finite" 1 'nan.npy: line 0, condition speed: expected a finite number, found nan' "$WEIR" sample both -o no.csv --class 0 --condition nan.npy
absent "nothing is written" no.csv

# -- scores: of the data, else of the flags, else an error
works "score" "$WEIR" score both --data "$spec" -o rows.csv
awk -F, 'NR == 1 || $5 == "oak"' all.csv > oaks.csv
works "score by the data's classes, of which there are fewer" "$WEIR" score both --data 'oaks.csv,label=kind,condition=3-4' -o oaks.out.csv
awk 'NR == 1 || NR % 3 == 1' rows.csv > expected.csv
same "their names are the model's" expected.csv oaks.out.csv
works "score by --class" "$WEIR" score both --data 'oaks.csv,label=kind,condition=3-4' -o by-data.csv
tail -n +2 oaks.csv | cut -d, -f1-4 > bare.csv # a header with a comma is not for cut
works "score without classes in the data" "$WEIR" score both --data 'bare.csv,condition=3-4' --class oak -o by-flag.csv
same "a flag says the same" by-data.csv by-flag.csv
awk -F, 'NR > 1 && $3 == "1.0000"' all.csv | cut -d, -f1,2,5 > still.csv
works "score by --condition" "$WEIR" score both --data still.csv,label=3 --condition 1=1,2=7 -o by-flag.csv
npy still.npy '(1, 2)' "$one$seven"
works "score by a file of one line" "$WEIR" score both --data still.csv,label=3 --condition still.npy -o by-file.csv
same "is the same for all" by-flag.csv by-file.csv
refuses "neither" 2 'no --class: ' "$WEIR" score both --data 'bare.csv,condition=3-4'
refuses "no context anywhere" 2 'no --condition: ' "$WEIR" score both --data still.csv,label=3
refuses "both" 2 'class: the data have a class of every sample' "$WEIR" score both --data "$spec" --class oak
refuses "a context in both" 2 'condition: the data have a context of every sample' "$WEIR" score both --data "$spec" --condition 1=1,2=7
npy many.npy '(7, 2)' "$one$seven$one$seven$one$seven$one$seven$one$seven$one$seven$one$seven"
awk -F, 'NR > 1 && NR <= 5 { print $1 "," $2 "," $5 }' all.csv > four-rows.csv
refuses "as many rows as there are, or one" 1 'condition of 7 samples: expected a number that divides the 4' "$WEIR" score both --data four-rows.csv,label=3 --condition many.npy
sed 's/oak/elm/' all.csv > elms.csv
refuses "a class that the model does not know" 1 'class elm: expected one of the 3 known' "$WEIR" score both --data 'elms.csv,label=kind,condition=3-4'
works "report" "$WEIR" report both
holds "the report draws under conditions" 'under the condition of the sample at its place' both/report.html
holds "and says why there is no density" 'density depends on its condition' both/report.html

# -- what is not wanted
# shellcheck disable=SC2086
works "train without" "$WEIR" train nice --data "$spec" --out plain $small --steps 5 --set context=0
if [ "$(grep -c 'is not used' err)" -eq 2 ] && holds "is told once for each" 'note: model.nice: condition context of the data is not used: expected context=auto' err; then :; else not_ok "two lines" err; fi
refuses "a class for a model without" 2 'class: model.nice: expected no such flag, the model takes no class' "$WEIR" sample plain -n 2 -o no.csv --class 1
refuses "a context for a model without" 2 'condition: model.nice: expected no such flag, the model takes no context' "$WEIR" score plain --data "$spec" --condition 1=1
# shellcheck disable=SC2086
works "train on digits without classes" "$WEIR" train nice --data digits --out quiet $small --steps 2
if grep -q weir: err; then not_ok "nobody asked for their class" err; else ok "nobody asked for their class"; fi
# shellcheck disable=SC2086
refuses "classes that the data do not have" 2 'toy:moons,n=50: no classes: expected data that have them' "$WEIR" train nice --data toy:moons,n=50 --out no $small --set classes=auto
# shellcheck disable=SC2086
refuses "fewer classes than the data have" 2 'class 2 (rose): expected 0 to 1, of model.classes=2' "$WEIR" train nice --data "$spec" --out no $small --set classes=2
absent "no run begins" no

# -- digits, end to end
# shellcheck disable=SC2086
works "train on digits" "$WEIR" train nice --data digits --out digits $small --set base=diagonal --set classes=auto --lr 1e-2 --steps 60
works "score digits" "$WEIR" score digits --data digits,split=test --json
holds "by their classes" '"n": 297' out
works "sample a seven" "$WEIR" sample digits -n 3 -o seven.npy --class 7
works "report on digits" "$WEIR" report digits
if has png; then holds "the report shows each class" '60 samples, 6 of each class in order, seed 0' digits/report.html; fi
works "help" "$WEIR" help sample
holds "help has --class" '--class' out

# shellcheck disable=SC2086
works "a continuous model under both" "$WEIR" train rectified-flow --data "$spec" --out flow --set classes=auto --set net.hidden=16 --steps 20 --set valid_rows=20 --batch 32
works "sample it" "$WEIR" sample flow -n 2 -o flow.csv --class oak --condition 1=1,2=7 --solver euler --steps 4
works "score it" "$WEIR" score flow --data "$spec",limit=20
refuses "no guidance without a null condition" 2 'guidance=3: expected 1, for the model knows no null condition (condition.dropout)' "$WEIR" sample flow -n 2 -o no.csv --class oak --condition 1=1,2=7 --solver "ddim guidance=3"
refuses "nor samples without a condition" 2 'expected a model made with condition.dropout above 0' "$WEIR" sample flow -n 2 -o no.csv --null

# -- without a condition, and guided
# shellcheck disable=SC2086
works "train with dropout" "$WEIR" train rectified-flow --data "$spec" --out guided --set classes=auto --set condition.dropout=0.2 --set net.hidden=16 --steps 20 --set valid_rows=20 --batch 32
draw() { file=$1; shift; works "sample into $file" "$WEIR" sample guided -n 4 -o "$file" "$@"; }
under='--class oak --condition 1=1,2=7'
# shellcheck disable=SC2086
draw own.csv $under --solver "euler steps=4"
draw null.csv --null --solver "euler steps=4"
# shellcheck disable=SC2086
draw one.csv $under --solver "euler steps=4 guidance=1"
# shellcheck disable=SC2086
draw zero.csv $under --solver "euler steps=4 guidance=0"
# shellcheck disable=SC2086
draw three.csv $under --solver "euler steps=4 guidance=3 guidance_rescale=0.7 guidance_low=0.1 guidance_high=5"
same "guidance 1 is the condition alone" own.csv one.csv
same "guidance 0 is without one" null.csv zero.csv
if cmp -s own.csv three.csv; then not_ok "guidance 3 draws others"; else ok "guidance 3 draws others"; fi
refuses "a condition and none" 2 'null: together with --class' "$WEIR" sample guided -n 2 -o no.csv --null --class oak
refuses "no density of guided samples" 2 'guidance: expected 1 where a log-density' "$WEIR" score guided --data "$spec",limit=4 --solver "euler steps=4 guidance=2"
absent "nothing is written then" no.csv
for threads in 1 2; do
    # shellcheck disable=SC2086
    works "train, $threads threads" "$WEIR" train nice --data "$spec" --out t$threads $small --set classes=auto --set shards=4 --steps 12 --threads $threads
    works "score, $threads threads" "$WEIR" score t$threads --data "$spec" -o r$threads.npy --threads $threads
done
same "the same weights" t1/model.safetensors t2/model.safetensors
same "the same scores" r1.npy r2.npy
exit $((failures > 0))
