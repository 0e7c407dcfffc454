#!/bin/sh
# Rectified flow as a user types it: the same doors as nice, and what continuous models have beside.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

small="--set net.hidden=16,16 --set valid_rows=50 --batch 64"
# shellcheck disable=SC2086 # words of a line
works "train" "$WEIR" train rectified-flow --data toy:gmm3,n=600 --out run --set preset=toy $small --steps 120 --set valid_every=40
works "score" "$WEIR" score run --data toy:gmm3,n=200 --json
cp out parsed
holds "the trace is exact" '"kind": "exact"' out
holds "score has excess_nats" '"excess_nats": [0-9]' out
holds "by steps within tolerances" '"solver": "dopri5", "probes"' out
works "score by fixed steps" "$WEIR" score run --data toy:gmm3,n=200 --json --solver "euler steps=5"
holds "is not exact" '"kind": "fixed-step"' out
holds "says by what" '"solver": "euler", "fixed_steps": 5' out
holds "and how wrong, by twice as many" '"step_error": 0.[0-9]*, "step_bias": -*[0-9.e-]*, "n_doubled": 100' out
works "score by too few" "$WEIR" score run --data toy:8gaussians,n=200 --json --solver "euler steps=2"
holds "warns in one line" '^weir: warning: log p by 2 fixed steps of euler: twice as many change it by' err
holds "and among the warnings" '"warnings": \["log p by 2 fixed steps of euler: twice as many' out
if [ "$(wc -l < err)" -eq 1 ]; then ok "of one line"; else not_ok "of one line" err; fi
works "score by enough" "$WEIR" score run --data toy:gmm3,n=200 --json --solver "rk4 steps=20"
holds "has no warnings" '"warnings": \[\]' out
works "score by fixed steps, for people" "$WEIR" score run --data toy:gmm3,n=200 --solver "euler steps=5"
holds "has the kind" '^kind *fixed-step, 5 steps of euler$' out
holds "has the error" '^step error *0\.[0-9]* (mean [+-][0-9.e-]*) *nats a sample, by twice the steps on 100 samples$' out
refuses "score by what is no method for ODEs" 2 'sampler.ddpm: .*such as dopri5' "$WEIR" score run --data toy:gmm3,n=20 --solver ddpm
refuses "an option that the solver has not" 2 'perhaps solver.steps' "$WEIR" score run --data toy:gmm3,n=20 --solver "heun stpes=3"
works "probes are for more values" "$WEIR" score run --data toy:gmm3,n=200 --json --probes 3
same "up to four the trace stays exact" out parsed
works "sample" "$WEIR" sample run -n 20 -o adaptive.csv
works "sample by a text" "$WEIR" sample run -n 20 -o text.csv --solver "heun steps=20"
works "sample by name and steps" "$WEIR" sample run -n 20 -o name.csv --solver heun --steps 20
same "are the same" text.csv name.csv
for solver in "ddpm steps=20" "edm steps=8 s_churn=6" "ddim steps=20 eta=0.5" "dpmpp_2m_sde steps=9" "euler_maruyama steps=30" "unipc steps=7"; do
    works "sample by $solver" "$WEIR" sample run -n 30 -o all.npy --solver "$solver" --threads 2
    works "in batches of 7 on one thread" "$WEIR" sample run -n 30 -o seven.npy --solver "$solver" --threads 1 --batch 7
    same "are the same samples" all.npy seven.npy
done
for solver in euler midpoint heun rk4 dopri5 tsit5 dpm_3 dpmpp_2m unipc; do works "sample by $solver" "$WEIR" sample run -n 20 -o $solver.csv --solver $solver --steps 20; done
if command -v python3 > /dev/null; then
    works "solvers agree as far as their orders go" python3 -c '
rows = lambda f: [[float(v) for v in l.split(",")] for l in open(f + ".csv")]
far = lambda a, b: max(abs(x - y) for p, q in zip(rows(a), rows(b)) for x, y in zip(p, q))
d = {s: far(s, "adaptive") for s in "euler midpoint heun rk4 dopri5 tsit5 dpm_3 dpmpp_2m unipc".split()}
assert d["rk4"] < 1e-3 and d["dopri5"] < 1e-3 and d["tsit5"] < 1e-3 and max(d["dpm_3"], d["dpmpp_2m"], d["unipc"]) < 3e-2 and d["heun"] < 3e-2 and d["midpoint"] < 3e-2 and 1e-3 < d["euler"] < 0.5, d'
fi
# shellcheck disable=SC2086
works "a model of one solver step" "$WEIR" train rectified-flow --data toy:gmm3,n=600 --out hasty $small --steps 20 --set sampler.max_steps=1
"$WEIR" sample hasty -n 5 -o hasty.csv > out 2> err
if [ $? -eq 1 ] && [ "$(wc -l < err)" -eq 1 ] && grep -q 'did not finish 5 of 5 samples' err; then ok "unfinished solves are told"; else not_ok "unfinished solves are told" err; fi
refuses "an unknown solver" 2 'perhaps heun' "$WEIR" sample run -n 2 -o no.csv --solver hune
absent "nothing is written" no.csv
works "temperature" "$WEIR" sample run -n 5 -o cold.csv --temperature 0
if [ "$(sort -u cold.csv | wc -l)" -eq 1 ]; then ok "temperature 0 has one sample"; else not_ok "temperature 0 has one sample" cold.csv; fi
{ printf '\223NUMPY\001\000\166\000'; printf '%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 2), }"; head -c 40 /dev/zero; } > z.npy
works "sample from given noise" "$WEIR" sample run -n 5 -o given.csv --noise z.npy
same "zeros are temperature 0" given.csv cold.csv
works "info" "$WEIR" info run
holds "info names the model" '^model *rectified-flow' out
holds "info has the network's options" 'net.hidden *16,16' out
holds "info lists the network's tensors" 'net.0.weight' out
works "report" "$WEIR" report run
works "list" "$WEIR" list sampler
holds "list has samplers and their options" 'rtol=' out
works "list of models" "$WEIR" list model
holds "a choice shows its default, its kind and the rows there are" 'net=mlp hidden=64,64,64 activation=silu time=raw  network: mlp' out
holds "samplers to choose from" 'log_prob=dopri5  sampler: euler|.*|dopri5' out
works "list of networks" "$WEIR" list network
holds "says what is given" 'that one gives in, out, dtype' out
works "list of a run" "$WEIR" list train
holds "the run is a row" 'optimizer=adam  optimizer: adam|' out
works "list of time densities" "$WEIR" list time_density
works "list as JSON" "$WEIR" list --json
for name in model.rectified-flow path.fm time_density.uniform time_density.logit_normal sampler.dopri5; do holds "$name" "\"name\": \"$name\"" out; done
refuses "an unknown network" 2 'perhaps mlp' "$WEIR" train rectified-flow --data toy:moons,n=100 --out no --set net.name=mpl

# bits: threads, batches, resuming
# shellcheck disable=SC2086
for threads in 1 2; do
    works "train, $threads threads" "$WEIR" train rectified-flow --data toy:moons,n=600 --out t$threads $small --steps 60 --set valid_every=20 --set shards=2 \
        --set time_density.name=logit_normal --threads $threads
    works "score, $threads threads" "$WEIR" score t$threads --data toy:moons,n=300 -o r$threads.npy --threads $threads
    works "sample, $threads threads" "$WEIR" sample t$threads -n 300 -o s$threads.npy --threads $threads
done
same "weights" t1/model.safetensors t2/model.safetensors
same "per-row nats" r1.npy r2.npy
same "samples" s1.npy s2.npy
works "score in batches of 7" "$WEIR" score t1 --data toy:moons,n=300 -o r7.npy --batch 7
same "are the same samples" r1.npy r7.npy
works "sample in batches of 7" "$WEIR" sample t1 -n 300 -o s7.npy --batch 7
same "are the same" s1.npy s7.npy
# shellcheck disable=SC2086
works "train in two parts" "$WEIR" train rectified-flow --data toy:moons,n=600 --out parts $small --steps 60 --set valid_every=20 --set shards=2 \
    --set time_density.name=logit_normal --set checkpoint_every=25 --minutes 0.000001
works "and on" "$WEIR" train --out parts --resume
same "gives the same weights" t1/model.safetensors parts/model.safetensors
log t1/metrics.jsonl > a; log parts/metrics.jsonl > b
same "and the same log" a b

# integers, estimates
# shellcheck disable=SC2086
works "train on digits" "$WEIR" train rectified-flow --data digits,standardize=yes --out digits $small --steps 10 --set net.time=fourier --set score.probes=1
works "train by the preset for pictures" "$WEIR" train rectified-flow --data digits,standardize=yes --out pictures --set preset=pictures --set net.hidden=8 \
    --set valid_rows=20 --batch 16 --steps 2
works "info" "$WEIR" info pictures
holds "the preset has set what was left open" 'net.time *fourier' out
works "score of integers by probes" "$WEIR" score digits --data digits,split=test,limit=20 --json --probes 4 --draws 2
holds "is an estimate" '"kind": "estimate"' out
holds "says of how many probes" '"probes": 4, "draws": 2' out
holds "has an error of draws and probes" '"estimator_stderr": [0-9]' out
holds "has bits" '"bits_per_dim": [0-9]' out
works "the model's own choice of probes" "$WEIR" score digits --data digits,limit=5 --json
holds "is kept" '"kind": "estimate".*"probes": 1' out
works "the exact trace on request" "$WEIR" score digits --data digits,limit=5 --json --probes 0
holds "is exact" '"kind": "exact"' out
if has png; then works "sample of images" "$WEIR" sample digits -n 4 -o four.png --solver euler --steps 4; fi
exit $((failures > 0))
