#!/bin/sh
# Every command as a user types it: help, listings, and the test line of each row.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

works "help" "$WEIR" --help
holds "help names the commands" 'weir score' out
works "version" "$WEIR" --version
holds "version says what it was built with" 'built with' out
for command in train report info list import sample score compare check; do
    works "help $command" "$WEIR" help $command
    "$WEIR" $command --help > out2 2> err2
    same "$command --help is the same" out out2
done
holds "help shows a range" 'within \[' out

# rows: the argv of each command's row, training first
for row in train sample score compare check import info list help report; do
    line=$(sed -n 's/.*\.test = "\([^"]*\)".*/\1/p' "$SRC/src/cli/$row.c")
    # shellcheck disable=SC2086 # words of a line
    works "sample: weir $line" "$WEIR" $line
done

works "list" "$WEIR" list
works "list of a kind" "$WEIR" list model
holds "list shows options" 'hidden=' out
works "list as JSON" "$WEIR" list --json
holds "list has dotted names" '"name": "model.nice"' out
holds "list has ops" '"name": "op.tanh"' out
holds "list has commands" '"name": "command.train"' out
holds "list has ranges" '"range": "\[' out
if command -v python3 > /dev/null; then
    cp out parsed
    works "list is one array of rows" python3 -c '
import json, sys
rows = json.load(open("parsed"))
names = [r["name"] for r in rows]
assert len(set(names)) == len(names)
for r in rows:
    assert sorted(r) == ["doc", "given", "kind", "name", "options"] and r["name"].split(".")[0] == r["kind"] and r["doc"], r
    for o in r["options"]:
        assert sorted(o) == ["default", "doc", "kind", "name", "range", "type"], o
        assert (o["kind"] in {q["kind"] for q in rows}) == (o["type"] in ("row", "rows")), o
    assert set(r["given"]) <= {o["name"] for o in r["options"]}, r'
    works "score prints one object" "$WEIR" score run --data toy:gaussian,n=50 --json
    cp out parsed
    works "score has the keys" python3 -c '
import json
o = json.load(open("parsed"))
want = "kind nats nats_stderr estimator_stderr probes draws importance dequantization n dim n_failed failed_samples excess_nats excess_stderr warnings".split()
assert list(o) == want, list(o)
assert o["kind"] == "exact" and o["n"] == 50 and o["dim"] == 2 and o["dequantization"] == "none" and o["failed_samples"] == []'
else
    echo "# no python3: JSON is not parsed"
fi

works "train with nothing set" "$WEIR" train nice --data digits --out auto --steps 2
sed -n 1p out > line
holds "the first line names the preset and what it sets" '^preset=auto .*hidden=256 .*batch=128 steps=2 ' line
works "and is no longer than 100 characters" awk 'length($0) > 100 { exit 1 }' line
# as words, however many: what is set last too
works "train of a model with much to set" "$WEIR" train edm --data digits --out many --steps 2 --threads 1
sed -n '/^preset=/,/^data /p' out | sed '$d' > lines
works "it goes on in lines below" test "$(wc -l < lines)" -gt 1
holds "to the last setting" ' standardize=yes$' lines
works "each of them within 100 columns" awk 'length($0) > 100 { exit 1 }' lines
works "so does a preset that is named" "$WEIR" train nice --data toy:gaussian,n=300 --out named --set preset=released \
    --set hidden=16 --set couplings=2 --steps 2
sed -n 1p out > line
holds "with the values in force" '^preset=released .*hidden=16' line

# what training says before it begins; progress is stderr's, and one object stdout's where programs read it
awk 'BEGIN { srand(4); print "a,b,w,kind"; for (i = 0; i < 240; i++) printf "%.4f,%d,%.3f,%s\n", rand(), i % 2, 1 + rand(), i % 3 ? "oak" : "elm" }' > said.csv
said="nice --data said.csv,weight=w,label=kind,valid=0.25 --set couplings=2 --set hidden=8 --steps 3"
# shellcheck disable=SC2086
works "training says" "$WEIR" train $said --out said
holds "its samples" '^data *180 samples to train on, 60 held out; 2 values each$' out
holds "its columns" '^columns *a, b; w is the weight; kind is the label$' out
holds "its parameters" '^model *nice of [0-9]* parameters, ' out
holds "its steps" '^steps *3 of 128 samples, 3 epochs$' out
holds "and of the end" '^said *step 3 *best held-out' out
holds "progress on stderr" '^step 3/3  loss' err
holds "and warnings, a line each" '^weir: warning: said.csv: column 2 (b) holds integers' err
holds "which metrics have too" '"step": 0, "warnings": \["said.csv: column 2' said/metrics.jsonl
# shellcheck disable=SC2086
works "the same for programs" "$WEIR" train $said --out for-programs --json
holds "is one object" '^{"run": "for-programs", "step": 3, .*"n_train": 180, .*"columns_apart": \["w is the weight", "kind is the label"\]' out
holds "with the warnings" '"warnings": \["said.csv: column 2 (b) holds integers' out
if [ "$(wc -l < out)" -eq 1 ]; then ok "alone"; else not_ok "alone" out; fi
# shellcheck disable=SC2086
works "quietly" "$WEIR" train $said --out quiet --quiet
if [ -s err ] || [ "$(wc -l < out)" -ne 1 ]; then cat out >> err; not_ok "the result alone is said" err; else ok "the result alone is said"; fi
same "of the same weights" quiet/model.safetensors said/model.safetensors
works "past the end of the schedule" "$WEIR" train --out said --resume --steps 5
holds "it is said" '^weir: note: said: its schedule ends at step 3: beyond it the rate stays at' err
works "its page" "$WEIR" report said
holds "has the warning" 'Warning: said.csv: column 2 (b) holds integers' said/report.html

works "train on digits" tiny digits digits --steps 5 --batch 50
works "score of integers" "$WEIR" score digits --data digits,split=test --json
holds "score has bits_per_dim" '"bits_per_dim": [0-9.]*, "nats_unit_range": -\{0,1\}[0-9.]*, "warnings": \[\]}' out
holds "score names the dequantization" '"dequantization": "uniform"' out
holds "the test split has 297 samples" '"n": 297' out
works "train without dequantization" tiny levels "digits" --steps 2 --set dequantizer=none
works "score it" "$WEIR" score levels --data digits,limit=5 --draws 3
holds "and says so" 'none dequantization, 1 draw' out
works "list dequantizer" "$WEIR" list dequantizer
holds "lists them" 'uniform' out
works "score as a table" "$WEIR" score digits --data digits,limit=20 --draws 3
holds "the table names its units" '^bits/dim ' out
holds "the table has the error of draws" 'estimator error' out
if has png; then
    works "sample of images" "$WEIR" sample digits -n 9 -o nine.png
    works "sample of points" "$WEIR" sample run -n=50 -o points.png
    for file in nine.png points.png; do
        if [ "$(head -c 4 $file | tail -c 3)" = PNG ]; then ok "$file is a PNG"; else not_ok "$file is a PNG"; fi
    done
else
    refuses "pictures in a build without PNG" 1 'png.*not in this build' "$WEIR" sample digits -n 9 -o nine.png
fi
works "sample as csv" "$WEIR" sample digits -n5 -o five.csv
if [ "$(wc -l < five.csv)" -eq 5 ] && ! grep -q '[.]' five.csv; then ok "samples of integers are integers"; else not_ok "samples of integers are integers" five.csv; fi
works "per-row nats as csv" "$WEIR" score run --data toy:moons,n=7 -o rows.csv
if [ "$(head -n 1 rows.csv)" = nats ] && [ "$(wc -l < rows.csv)" -eq 8 ]; then ok "one line a sample"; else not_ok "one line a sample" rows.csv; fi
works "info of a file" "$WEIR" info run/model.safetensors
holds "info lists tensors" 'flow.scale.log_scale' out
works "info as JSON" "$WEIR" info digits --json
holds "info has parameters" '"parameters": [0-9]' out

# config.json and model.safetensors alone suffice
mkdir bare && cp digits/config.json digits/model.safetensors bare/
"$WEIR" score digits --data digits,limit=30 --json > whole.json
works "score needs two files" "$WEIR" score bare --data digits,limit=30 --json
same "and gives the same" out whole.json

works "a config of another run" "$WEIR" train --config digits/config.json --out again --steps 5
same "trains to the same weights" again/model.safetensors digits/model.safetensors
works "per-sample weights" sh -c 'printf "x,y,w\n1,2,1\n3,4,0\n0,1,2\n2,2,1\n" > w.csv && "$WEIR" score run --data w.csv,weight=w --json'
printf "x,y,w\n1,2,1\n3,4,0\n" > two.csv
"$WEIR" score run --data two.csv,weight=w --json | sed 's/.*"nats": \([^,]*\),.*/\1/' > weighted
printf "1,2\n" > first.csv && "$WEIR" score run --data first.csv --json | sed 's/.*"nats": \([^,]*\),.*/\1/' > first
same "a sample of weight 0 does not count" weighted first
works "a run" "$WEIR" score run --data toy:gaussian,n=50 --json
cp out parsed
works "is the same run" "$WEIR" score run --data toy:gaussian,n=50 --json
same "and prints the same" out parsed

# on a terminal: one line redrawn, whose bar is the share of the steps that are done
if on_terminal typescript true; then
    steps=$(fewer 1500 300)
    on_terminal typescript "$WEIR" train nice --data toy:moons --out shown --set hidden=64,64 --set init=pytorch --steps "$steps"
    tr '\r' '\n' < typescript | sed -n "s|^[#.]* *\([0-9]*\)%  step \([0-9]*\)/$steps  loss .*|\1 \2|p" > bars
    if [ "$(awk -v steps="$steps" '{ d = $1 - 100 * $2 / steps; if (d < 0) d = -d; if (d > 1) bad++ } END { print (NR > 1 && !bad) }' bars)" = 1 ]; then ok "the bar is the share done"; else not_ok "the bar is the share done" bars; fi
    if tr '\r' '\n' < typescript | grep -q 'held-out .* nats  ETA [0-9:]*'; then ok "with held-out nats and ETA"; else not_ok "with held-out nats and ETA" typescript; fi
else
    echo "ok a bar on a terminal # SKIP no script (of Debian's bsdutils), or no pseudo-terminals here"
fi

# the log, the score and the page count weighted rows alike
awk -v OFS=, 'BEGIN { for (i = 0; i < 90; i++) print sin(i), cos(3 * i), i % 4 }' > byweight.csv
works "training by weight" tiny byweight byweight.csv,weight=3 --steps 5 --batch 30
sed -n 's/.*"valid": \([^,]*\), "valid_stderr": \([^,]*\),.*/\1 \2/p' byweight/metrics.jsonl | tail -n 1 > logged
"$WEIR" score byweight --data byweight.csv,weight=3,split=valid --json | sed 's/.*"nats": \([^,]*\), "nats_stderr": \([^,]*\),.*/\1 \2/' > scored
if [ -s logged ]; then same "the log's held-out value is the score's" logged scored; else not_ok "the log has a held-out value" byweight/metrics.jsonl; fi
"$WEIR" report byweight -o byweight.html > log
error=$(awk '{ printf "%.3f", $2 }' scored)
holds "so is the page's error" "$error" byweight.html
awk -v OFS=, 'BEGIN { for (i = 0; i < 200; i++) print i % 7, i % 5, i % 20 == 0 }' > rare.csv
works "samples of weight 0 are as if they were not there" tiny rare rare.csv,weight=3 --steps 20 --batch 4
works "training without rows to validate on" tiny blind toy:moons,n=200,valid=0 --steps 10
works "and on" "$WEIR" train --out blind --resume --steps 20
"$WEIR" info blind > out
if grep -q '^weights *last' out && grep -q '^step *20$' out; then ok "the last weights are kept"; else not_ok "the last weights are kept" out; fi
printf '1,2,0\n3,4,0\n5,6,0\n' > none.csv
refuses "no row of any weight" 1 'weight' tiny none none.csv,weight=3,valid=0 --steps 2 --batch 2
refuses "draws where nothing is drawn" 2 '--draws' "$WEIR" score byweight --data byweight.csv,weight=3 --draws 5
printf 'x,y,w\n1,2,0\nnan,1,1\n' > lost.csv
"$WEIR" score run --data lost.csv,weight=w --json > out 2> err
if [ $? -eq 1 ] && grep -q 'the others weigh nothing' err; then ok "all rows of a weight failed: 1"; else not_ok "all rows of a weight failed: 1" err; fi
# one row of a weight above all others: the mean is that row, and as uncertain as one row is
awk -v OFS=, 'BEGIN { for (i = 0; i < 200; i++) print sin(i), cos(3 * i), i == 7 ? 1e9 : 1 }' > heavy.csv
works "a dominating weight" "$WEIR" score byweight --data heavy.csv,weight=3 --json
if sed 's/.*"nats_stderr": \([^,]*\),.*"n_effective": \([^,]*\),.*/\1 \2/' out | awk '{ exit !($1 > 0.02 && $2 >= 1 && $2 < 1.001) }'; then
    ok "leaves the error of one sample"; else not_ok "leaves the error of one sample" out; fi
"$WEIR" score byweight --data heavy.csv,weight=3 > out
holds "and the table says so" '200 of 2 values, by weight as good as 1$' out
if command -v python3 > /dev/null; then
    "$WEIR" score digits --data digits,limit=100 --draws 2 --json -o rows.csv > parsed
    works "units follow from one another, and from the samples" python3 -c '
import json, math
o = json.load(open("parsed")); rows = [float(x) for x in list(open("rows.csv"))[1:]]
close = lambda a, b: abs(a - b) <= 1e-9 * abs(b)
mean = math.fsum(rows) / 100
assert close(o["nats"], mean) and o["draws"] == 2 and o["estimator_stderr"] > 0
assert close(o["nats_stderr"], math.sqrt(math.fsum((r - mean) ** 2 for r in rows) / 99 / 100))
assert close(o["bits_per_dim"], -mean / (64 * math.log(2))) and close(o["nats_unit_range"], mean + 64 * math.log(17))'
fi
exit $((failures > 0))
