#!/bin/sh
# Bad input: one line on stderr, 2 for what the command line asks and cannot have, 1 otherwise, and nothing harmed.
. "$(dirname "$0")/lib.sh"
tiny run toy:gaussian,n=200 --steps 20 > log 2>&1 || cat log

# -- files of other programs
cp -r run renamed && sed 's/log_scale/log\\u001b/' run/model.safetensors > renamed/model.safetensors
refuses "names that do not fit, on one line" 1 'flow.scale.log' "$WEIR" score renamed --data toy:moons
{ printf '\100\0\0\0\0\0\0\0'; printf '%-64s' '{"a\u001bb":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'; printf '\0\0\200\077'; } > foreign.safetensors
"$WEIR" info foreign.safetensors > out 2>> err
if grep -q 'a?b' out && ! LC_ALL=C grep -q "$(printf '[\001-\010\033]')" out err; then ok "no control characters on the terminal"; else not_ok "no control characters on the terminal" out; fi

# -- usage
refuses "no command" 2 'no command' "$WEIR"
refuses "no such command" 2 'perhaps train' "$WEIR" trian
refuses "no such flag" 2 'perhaps --steps' "$WEIR" train nice --stpes 3
refuses "a flag without value" 2 'no value' "$WEIR" train nice --data digits --out x --steps
refuses "a flag before another" 2 'no value' "$WEIR" train nice --data --out x
refuses "a flag twice" 2 'given again' "$WEIR" train nice --data digits --out x --steps 3 --steps=4
refuses "a value for a switch" 2 'no value' "$WEIR" list --json=yes
refuses "out of range" 2 'within \[1' "$WEIR" train nice --data digits --out x --steps 0
refuses "not a number" 2 'expected a number' "$WEIR" train nice --data digits --out x --lr fast
refuses "not an integer" 2 'expected an integer' "$WEIR" sample run -n 2.5 -o x.npy
refuses "one argument too many" 2 'too many' "$WEIR" score run more --data digits
refuses "no --out" 2 'no --out' "$WEIR" train nice --data digits
refuses "no model" 2 'no MODEL' "$WEIR" train --data digits --out x
refuses "no data" 2 'no --data' "$WEIR" train nice --out x
refuses "steps and epochs" 2 'together' "$WEIR" train nice --data digits --out x --steps 2 --epochs 2
refuses "unknown model" 2 'perhaps nice' "$WEIR" train nise --data digits --out x
refuses "unknown key" 2 'perhaps hidden' "$WEIR" train nice --data digits --out x --set hiden=3
refuses "unknown dotted key" 2 'perhaps optimizer.lr' "$WEIR" train nice --data digits --out x --set optimiser.lr=3
refuses "a setting without =" 2 'key=value' "$WEIR" train nice --data digits --out x --set hidden
refuses "a range says its ends" 2 'within .0, 0.999999999.' "$WEIR" train nice --data digits --out x --set ema=1
refuses "a setting out of range" 2 'within' "$WEIR" train nice --data digits --out x --set couplings=-1
refuses "an unknown preset" 2 'released|paper' "$WEIR" train nice --data digits --out x --set preset=best
refuses "an unknown optimizer" 2 'perhaps adam' "$WEIR" train nice --data digits --out x --set optimizer=adan
refuses "an unknown toy" 2 'perhaps toy:moons' "$WEIR" train nice --data toy:moon --out x
refuses "an unknown option of data" 2 'perhaps split' "$WEIR" score run --data toy:moons,spilt=train
refuses "a bad option of data" 2 'train|valid|test' "$WEIR" score run --data toy:moons,split=tset
refuses "a fraction out of range" 2 'fraction' "$WEIR" train nice --data toy:moons,valid=1.5 --out x
refuses "a test split that is not" 2 'no test split' "$WEIR" score run --data toy:moons,split=test
refuses "training on it" 2 'no test split' "$WEIR" train nice --data toy:moons,split=test --out x
refuses "a solver of nice" 2 '--solver' "$WEIR" sample run -n 3 -o x.npy --solver heun
refuses "a solver of its log-density" 2 '--solver' "$WEIR" score run --data toy:gaussian,n=9 --solver heun
refuses "steps of its solver" 2 '--steps' "$WEIR" sample run -n 3 -o x.npy --steps 3
refuses "probes of nice" 2 '--probes' "$WEIR" score run --data toy:moons --probes 4
refuses "an unknown ending" 2 '.npy, .csv or .png' "$WEIR" sample run -n 3 -o x.txt
refuses "an ending score lacks" 2 '.npy or .csv' "$WEIR" score run --data toy:moons -o x.png
works "a model by its name" "$WEIR" list nice
holds "is one row" '^  nice  ' out
holds "with its options" '^    couplings=' out
works "help of a model" "$WEIR" help nice
holds "says how it is trained" '^weir train nice --data SPEC --out RUN' out
holds "and its presets" 'preset=auto' out
works "as JSON" "$WEIR" list model.nice --json
holds "of that kind alone" '"name": "model.nice"' out
works "a sampler by its name" "$WEIR" help heun
refuses "neither a command nor a name" 2 'unknown command: trian: expected perhaps train' "$WEIR" help trian
refuses "a name of none" 2 'unknown name: nicf: expected perhaps nice' "$WEIR" list nicf
refuses "an unknown kind" 2 'perhaps op' "$WEIR" list opp
refuses "kernels that are not" 2 'WEIR_ISA' env WEIR_ISA=sse "$WEIR" list
absent "nothing was made" x x.npy x.txt x.png

# -- files that are not there, or not what they say
refuses "no run" 1 'nowhere' "$WEIR" score nowhere --data toy:moons
refuses "no data file" 1 'nothere.npy' "$WEIR" score run --data nothere.npy
refuses "no data file to train on" 1 'nothere.csv' "$WEIR" train nice --data nothere.csv --out x
refuses "no config" 1 'no.json' "$WEIR" train --config no.json --out x
refuses "no noise" 1 'z.npy' "$WEIR" sample run -n 2 -o x.npy --noise z.npy
refuses "no weights" 1 'no.safetensors' "$WEIR" info no.safetensors
"$WEIR" sample run -n 20 -o good.npy && "$WEIR" sample run -n 20 -o good.csv
head -c 100 good.npy > short.npy
refuses "npy cut in its header" 1 'short.npy' "$WEIR" score run --data short.npy
head -c 150 good.npy > short.npy
refuses "npy cut in its data" 1 'short.npy' "$WEIR" score run --data short.npy
printf 'NUMPY' > bad.npy
refuses "no npy" 1 'bad.npy' "$WEIR" score run --data bad.npy
printf '1,2\n3\n' > bad.csv
refuses "csv with a short row" 1 'bad.csv' "$WEIR" score run --data bad.csv
printf '1,2\n3,x\n' > bad.csv
refuses "csv with a word" 1 'line 2, column 2' "$WEIR" score run --data bad.csv
: > empty.csv
refuses "an empty csv" 1 'empty.csv' "$WEIR" score run --data empty.csv
printf '\000\000\010\003\000\000\000\012\000\000\000\002\000\000\000\002abc' > t-idx3-ubyte
refuses "IDX cut short" 1 't-idx3-ubyte' "$WEIR" score run --data t-idx3-ubyte
printf '\000\000\010\003\177\377\377\377\177\377\377\377\177\377\377\377' > h-idx3-ubyte
refuses "IDX that claims too much" 1 'h-idx3-ubyte' "$WEIR" score run --data h-idx3-ubyte
tiny digits digits --steps 3 --batch 20 > log 2>&1 || cat log
mkdir folder && head -c 60 "$SRC/tests/data/files/images/a/0.png" > folder/1.png
refuses "PNG cut short" 1 '1.png: byte 60' "$WEIR" train nice --data folder --out torn
refuses "a folder of another size" 1 'expected 64, as the model' "$WEIR" score digits --data folder
printf 'x' | gzip -c | head -c 15 > cut.csv.gz
refuses "gzip cut short" 1 'cut.csv.gz' "$WEIR" score run --data cut.csv.gz
mkdir bad && cp run/config.json bad/ && head -c 200 run/model.safetensors > bad/model.safetensors
refuses "safetensors cut short" 1 'model.safetensors' "$WEIR" sample bad -n 2 -o x.npy
printf '\377\377\377\377\377\377\377\177{}' > bad/model.safetensors
refuses "safetensors that claim too much" 1 'model.safetensors' "$WEIR" info bad
cp run/model.safetensors bad/ && head -c 100 run/config.json > bad/config.json
refuses "JSON cut short" 1 'config.json' "$WEIR" sample bad -n 2 -o x.npy
sed 's/"couplings": 2/"couplings": 3/' run/config.json > bad/config.json
refuses "config against metadata" 1 'couplings' "$WEIR" sample bad -n 2 -o x.npy
printf '{"model": {"name": "nice", "hiden": 3}, "data": "digits"}' > c.json
refuses "an unknown key in --config" 2 'perhaps' "$WEIR" train --config c.json --out x
printf '{"model": "nice", "data": ' > c.json
refuses "--config cut short" 1 'c.json' "$WEIR" train --config c.json --out x
absent "nothing was made of these" x x.npy

# -- values
refuses "a wrong dimension" 1 'digits.*64.*2' "$WEIR" score run --data digits
refuses "levels of another kind" 1 '17' "$WEIR" score digits --data digits,levels=32
refuses "integers for a continuous model" 1 'continuous' sh -c '"$WEIR" sample digits -n 9 -o i.csv && cut -d, -f1,2 i.csv > i2.csv && "$WEIR" score run --data i2.csv,levels=17'
refuses "fractions for a model of integers" 1 'integers' sh -c '"$WEIR" sample run -n 32 -o f.csv && paste -d, f.csv f.csv f.csv f.csv f.csv f.csv f.csv f.csv > f8.csv && paste -d, f8.csv f8.csv f8.csv f8.csv > f64.csv && "$WEIR" score digits --data f64.csv'
refuses "noise of a wrong dimension" 1 '2 values.*64' "$WEIR" sample digits -n 2 -o x.npy --noise good.npy
refuses "too little noise" 1 '20 samples' "$WEIR" sample run -n 21 -o x.npy --noise good.npy
printf '1,2\n3,nan\n5,6\n0,1\n1,1\n2,2\n' > nan.csv
printf '1,2.5,-1\n3,1,1\n' > run.csv
refuses "NaN in training data" 1 'sample 1, column 2' "$WEIR" train nice --data nan.csv,valid=0 --out x
refuses "NaN in validation data" 1 'sample 1, column 2' "$WEIR" train nice --data nan.csv,valid=last:5 --out x
refuses "a label that is none" 1 'sample 0, column 2' "$WEIR" train nice --data run.csv,label=2 --out x
refuses "a weight below 0" 1 'sample 0, column 3' "$WEIR" train nice --data run.csv,weight=3 --out x
absent "no run of it" x
"$WEIR" score run --data nan.csv --json -o rows.csv > out 2> err
if [ $? -eq 0 ] && [ "$(wc -l < err)" -eq 1 ]; then ok "a row that fails is told in one line"; else not_ok "a row that fails is told in one line" err; fi
holds "it is counted" '"n_failed": 1, "failed_samples": \[1\]' out
holds "and is NaN in the file" 'nan' rows.csv
printf 'nan,1\n1,nan\n' > nans.csv
"$WEIR" score run --data nans.csv --json > out 2> err
if [ $? -eq 1 ]; then ok "all rows failed: 1"; else not_ok "all rows failed: 1" err; fi
holds "all rows failed: nulls" '"nats": null, "nats_stderr": null' out

# -- where nothing can be written
refuses "stdout is full" 1 'stdout' sh -c '"$WEIR" list > /dev/full'
refuses "JSON to a full disk" 1 'stdout' sh -c '"$WEIR" score run --data toy:moons,n=9 --json > /dev/full'
refuses "stdout is closed" 1 'stdout' sh -c '"$WEIR" list >&-'
ln -s /dev/full full.npy
refuses "samples to a full disk" 1 'full.npy' "$WEIR" sample run -n 5 -o full.npy
ln -s /dev/full full.csv
refuses "rows to a full disk" 1 'full.csv' "$WEIR" score run --data toy:moons,n=9 -o full.csv
refuses "a folder that is not there" 1 'nope/x.npy' "$WEIR" sample run -n 5 -o nope/x.npy
refuses "a file where a folder should be" 1 'run/config.json' "$WEIR" train nice --data toy:moons --out run/config.json/x
refuses "a file for a run" 1 'good.npy' "$WEIR" train nice --data toy:moons --out good.npy
# root writes everywhere: then it is somebody else who tries, a copy of the command and of the run being within his reach
somebody=
if [ "$(id -u)" -eq 0 ]; then somebody="setpriv --reuid=65534 --regid=65534 --clear-groups"; chmod 755 .; fi
mkdir locked && chmod 555 locked && cp "$WEIR" ./weir
if [ -z "$somebody" ] || $somebody ./weir list > log 2>&1; then
    # shellcheck disable=SC2086 # words of a line
    refuses "an unwritable folder" 1 'locked/x.npy: .*denied' $somebody ./weir sample run -n 5 -o locked/x.npy
    # shellcheck disable=SC2086
    refuses "a run in an unwritable folder" 1 'locked/run: .*denied' $somebody ./weir train nice --data toy:moons --out locked/run
    mkdir hidden && cp good.csv hidden/ && chmod 000 hidden/good.csv && cp -r run readonly && chmod -R a-w readonly
    # shellcheck disable=SC2086
    refuses "data that cannot be read" 1 'hidden/good.csv: .*denied' $somebody ./weir score run --data hidden/good.csv
    # shellcheck disable=SC2086
    refuses "going on in an unwritable folder" 1 'readonly/.*denied' $somebody ./weir train --out readonly --resume --steps 40
    chmod -R u+w readonly
else
    echo "# no setpriv, or a place that others cannot reach: unwritable folders are not tried"
fi
sh -c 'ulimit -f 20; exec "$WEIR" sample run -n 100000 -o large.npy' > out 2> err
if [ $? -eq 1 ] && grep -q 'large.npy: .*expected' err; then ok "a file beyond its limit"; else not_ok "a file beyond its limit" err; fi
absent "leaves nothing" large.npy .weir-*.tmp
cp good.npy kept.npy
refuses "a failed sample" 1 'noise' "$WEIR" sample digits -n 2 -o good.npy --noise good.npy
same "harms no file" good.npy kept.npy
cp run/model.safetensors before
refuses "a run is not overwritten" 1 'resume' tiny run toy:gaussian,n=200 --steps 20
refuses "other data on resume" 1 'data' tiny run toy:gaussian,n=300 --steps 40 --resume
refuses "other settings on resume" 1 'lr' tiny run toy:gaussian,n=200 --steps 40 --resume --lr 0.5
same "the run is as it was" run/model.safetensors before
mkdir full_of && : > full_of/notes
refuses "a folder with other files" 1 'full_of' tiny full_of toy:moons --steps 3
refuses "a diverging training" 1 'step [0-9]*, sample [0-9]*: op\.[a-z_]* in flow\.' tiny wild toy:gaussian,n=200 --steps 400 --lr 900 --set optimizer=sgd --set schedule=constant
exit $((failures > 0))
