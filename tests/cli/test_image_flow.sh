#!/bin/sh
# RealNVP and Glow as a user types them: images and vectors, classes, temperatures, resuming.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

glow="--set depth=1 --set net.width=6 --batch 32 --set valid_rows=40"
realnvp="--set couplings=1 --set image_net.width=4 --set image_net.blocks=1 --batch 32 --set valid_rows=40"
for model in glow realnvp; do
    [ $model = glow ] && small=$glow || small=$realnvp
    # shellcheck disable=SC2086 # words of a line
    for threads in 1 2; do
        works "train $model, $threads threads" "$WEIR" train $model --data digits --out $model$threads $small --steps 12 --threads $threads --set shards=2 --set valid_every=4
        works "sample" "$WEIR" sample $model$threads -n 20 -o s$threads.npy --threads $threads --seed 3 --temperature 0.8
        works "score" "$WEIR" score $model$threads --data digits,split=test,limit=60 -o l$threads.npy --threads $threads
    done
    same "weights" ${model}1/model.safetensors ${model}2/model.safetensors
    same "samples" s1.npy s2.npy
    same "log-densities" l1.npy l2.npy
    works "sample in batches of 7" "$WEIR" sample ${model}1 -n 20 -o s7.npy --batch 7 --seed 3 --temperature 0.8
    same "are the same samples" s1.npy s7.npy
    # shellcheck disable=SC2086
    works "train $model in two parts" "$WEIR" train $model --data digits --out parts $small --steps 12 --set shards=2 --set valid_every=4 --set checkpoint_every=5 --minutes 0.000001
    works "and on" "$WEIR" train --out parts --resume
    same "gives the same weights" ${model}1/model.safetensors parts/model.safetensors
    rm -r parts
    # killed at a checkpoint, and again; other numbers of threads
    # shellcheck disable=SC2086
    killed="--data digits $small --steps 40 --set shards=4 --set valid_every=10 --set checkpoint_every=5"
    works "train $model in 4 shards" "$WEIR" train $model $killed --out whole --threads 2
    for threads in 1 2; do
        rm -f at; [ ! -d killed ] || cp killed/checkpoint/state.safetensors at
        # shellcheck disable=SC2086
        "$WEIR" train $model $killed --out killed --threads $threads --resume > killed.log 2>&1 & child=$!
        i=0; while kill -0 $child 2> /dev/null && [ $i -lt 1200 ]; do
            if [ -s killed/checkpoint/state.safetensors ] && ! cmp -s killed/checkpoint/state.safetensors at; then break; fi
            sleep 0.02; i=$((i + 1))
        done
        kill -9 $child 2> /dev/null; wait $child 2> /dev/null
    done
    # shellcheck disable=SC2086
    works "killed twice and resumed" "$WEIR" train $model $killed --out killed --threads 1 --resume
    same "gives the same weights" whole/model.safetensors killed/model.safetensors
    rm -r whole killed
    works "score as JSON" "$WEIR" score ${model}1 --data digits,split=test,limit=60 --json
    holds "is exact" '"kind": "exact"' out
    holds "has bits" '"bits_per_dim": [0-9]' out
    works "info" "$WEIR" info ${model}1
    holds "the shape of flat digits is known" 'shape *1,8,8' out
    if has png; then works "images" "$WEIR" sample ${model}1 -n 4 -o four.png; fi
    # shellcheck disable=SC2086
    works "of classes" "$WEIR" train $model --data digits --out classes $small --steps 20 --lr 1e-2 --set ema=0 --set classes=auto
    works "sample one" "$WEIR" sample classes -n 6 -o three.npy --class 3 --seed 1
    works "and another" "$WEIR" sample classes -n 6 -o four.npy --class 4 --seed 1
    if cmp -s three.npy four.npy; then not_ok "they differ"; else ok "they differ"; fi
    refuses "samples of no class" 2 'no --class: .*expected a class' "$WEIR" sample classes -n 6 -o no.npy
    rm -r classes
done

# -- variational dequantisation, importance-weighted bounds
learned="--set dequantizer=variational --set dequantizer.image_net.width=4"
# shellcheck disable=SC2086 # words of a line
for threads in 1 2; do
    works "train with learned noise, $threads threads" "$WEIR" train realnvp --data digits --out learned$threads $realnvp $learned --steps 8 --threads $threads --set shards=2
done
same "weights" learned1/model.safetensors learned2/model.safetensors
holds "config names it" '"name": "variational"' learned1/config.json
works "score" "$WEIR" score learned1 --data digits,split=test,limit=40
holds "is a lower bound" '^kind *lower_bound, variational dequantization, 1 draw$' out
works "score in 3 bounds of 4 draws" "$WEIR" score learned1 --data digits,split=test,limit=40 --draws 3 --importance 4 --threads 2 -o b2.npy
holds "says K" '^kind *lower_bound, variational dequantization, 3 bounds of K = 4 draws$' out
works "the same" "$WEIR" score learned1 --data digits,split=test,limit=40 --draws 3 --importance 4 --threads 1 --batch 7 -o b1.npy
same "at any number of threads and rows at a time" b1.npy b2.npy
works "as JSON, of uniform noise" "$WEIR" score realnvp1 --data digits,split=test,limit=40 --importance 4 --json
holds "K is in it" '"importance": 4' out
holds "and that it is a bound" '"kind": "lower_bound"' out
works "one draw of uniform noise" "$WEIR" score realnvp1 --data digits,split=test,limit=40 --json
holds "is no bound" '"kind": "exact"' out
for command in "encode learned1 --data digits,limit=5 -o z.npy --cycle" "sample learned1 -n 5 -o five.npy" "check learned1 --data digits -n 4 --jacobians 0" "inpaint learned1 --data digits,limit=2 --mask hole.npy -o in.npy --steps 2" "export learned1 --to torch -o python"; do
    works "make a mask" "$WEIR" sample learned1 -n 1 -o hole.npy
    # shellcheck disable=SC2086
    works "${command%% *}" "$WEIR" $command
done
refuses "what is no coupling" 2 'coupling: bijection.planar: expected a coupling' "$WEIR" train realnvp --data digits --out no --steps 1 --set dequantizer=variational --set dequantizer.coupling=planar

works "realnvp of vectors" "$WEIR" train realnvp --data toy:moons,n=2000 --out moons --steps 300 --batch 128 --set valid_every=100
works "score" "$WEIR" score moons --data toy:moons,n=500 --json
holds "is exact" '"kind": "exact"' out
refuses "bounds where nothing is drawn" 2 '--importance: model.realnvp: expected no such option' "$WEIR" score moons --data toy:moons,n=500 --importance 4
for base in "mixture components=3" "student_t df=4"; do
    works "base=$base" "$WEIR" train realnvp --data toy:moons,n=400 --out base --steps 20 --set "base=$base"
    works "samples with log q" "$WEIR" sample base -n 10 -o ten.npy --temperature 0.7 --log-prob q.npy
    rm -r base
done
works "with halves and an additive coupling" "$WEIR" train realnvp --data toy:moons,n=200 --out halves --steps 5 --batch 32 --set coupling=additive_coupling \
    --set coupling.partition=half --set norm=batch_norm
refuses "glow of vectors" 1 'model.glow: shape: expected channels,height,width' "$WEIR" train glow --data toy:moons,n=200 --out no --steps 5
refuses "more scales than there is room for" 1 '8 x 8 places: expected extents that can be halved 4 times' "$WEIR" train glow --data digits --out no --set scales=4
works "list of models" "$WEIR" list model
holds "glow has its steps" 'permutation=conv1x1  .*bijection: ' out
works "list of networks" "$WEIR" list network
for name in conv conv_resnet; do holds "$name" "^ *$name " out; done
works "list of bijections" "$WEIR" list bijection
for name in conv1x1 permutation logit inverse batch_norm; do holds "$name" "^ *$name " out; done
exit $((failures > 0))
