#!/bin/sh
# Couplings, a bridge, a source and the adjoint as a user types them.
. "$(dirname "$0")/lib.sh"

steps=$(fewer 300 10)
small="--set net.hidden=32,32 --batch 64 --set valid_rows=40 --set valid_every=1000"
# energy RUN: the energy distance of its draws to fresh moons
energy() { "$WEIR" compare "$1" toy:moons,n=1000 -n 1000 --solver "heun steps=8" --json 2> err | sed 's/.*"energy": *{"value": *\([-0-9.e]*\).*/\1/'; }

# a Schroedinger bridge from noise
for threads in 1 2; do
    # shellcheck disable=SC2086 # words of a line
    works "a bridge, $threads threads" "$WEIR" train flow-matching --data toy:moons,n=600 --out bridge$threads $small --steps "$steps" \
        --set "coupling=schroedinger sigma=0.5" --set shards=2 --threads $threads
done
same "the same weights" bridge1/model.safetensors bridge2/model.safetensors
works "info" "$WEIR" info bridge1
holds "keeps sigma" 'coupling.sigma *0.5' out
works "a bridge has a density" "$WEIR" score bridge1 --data toy:moons,n=50 --json
holds "which is exact" '"kind": "exact"' out
if [ $sanitized = no ]; then
    near=$(energy bridge1)
    if awk "BEGIN { exit !($near < 0.1) }"; then ok "energy distance $near"; else echo "$near" > err; not_ok "energy distance" err; fi
fi
refuses "its variational bound" 2 'coupling.schroedinger: the bound: expected a coupling without a Brownian bridge' "$WEIR" score bridge1 --data toy:moons,n=9 --bound vlb
refuses "a sampler that draws noise" 2 'sampler.ddpm: expected a coupling without a Brownian bridge' "$WEIR" sample bridge1 -n 9 -o no.csv --solver ddpm
refuses "on another path" 1 'expected path=fm' "$WEIR" train flow-matching --data toy:moons,n=99 --out no --set coupling=schroedinger --set path=vp --steps 2
refuses "sigma 0" 2 'within' "$WEIR" train flow-matching --data toy:moons,n=99 --out no --set "coupling=schroedinger sigma=0" --steps 2

# from data to data
# shellcheck disable=SC2086
works "a bridge from data" "$WEIR" train flow-matching --data toy:moons,n=600 --out moved $small --steps "$steps" --set source=toy:8gaussians --set "coupling=schroedinger sigma=0.3"
works "samples from rows" "$WEIR" sample moved --from toy:8gaussians,n=40 -o from.csv
if [ "$(grep -c , from.csv)" -ge 40 ]; then ok "one a row"; else not_ok "one a row" from.csv; fi
refuses "a density from data" 1 'source=toy:8gaussians: a log-density' "$WEIR" score moved --data toy:moons,n=9

# under conditions
awk 'BEGIN { for (i = 0; i < 200; i++) { a = sin(12.9 * i) * 43758.5; b = sin(78.2 * i) * 12543.1; a -= int(a); b -= int(b)
    print a + b "," a - b "," a "," (i % 3) } }' > rows.csv
sed -i '1i x,y,k,kind' rows.csv
for coupling in "ot condition=10" "ot condition=0" "schroedinger sigma=0.5 condition=10" schroedinger; do
    # shellcheck disable=SC2086
    works "a context, $coupling" "$WEIR" train flow-matching --data rows.csv,skip=kind,condition=k --out context $small --steps 5 --set "coupling=$coupling"
    works "samples of it" "$WEIR" sample context -n 6 --condition k=0.3 -o context.csv
    rm -rf context
done

# the adjoint
for solver in "rk4 steps=4" "dopri5 rtol=1e-3 atol=1e-3" "tsit5 rtol=1e-3 atol=1e-3"; do
    # shellcheck disable=SC2086
    works "the adjoint by $solver" "$WEIR" train cnf --data rows.csv,skip=kind,condition=k --out cnf $small --steps 4 --set adjoint=yes --set "solver=$solver"
    works "scored" "$WEIR" score cnf --data rows.csv,skip=kind,condition=k
    rm -rf cnf
done
refuses "steps of its own choice without it" 2 'with steps, or adjoint=yes' "$WEIR" train cnf --data toy:moons,n=99 --out no --set solver=dopri5 --steps 2
works "help" "$WEIR" help cnf
holds "names the adjoint" 'adjoint=no  yes|no  gradients by the continuous adjoint' out
works "help" "$WEIR" help coupling
holds "names the bridge" 'schroedinger .*a Brownian bridge between them' out
holds "and the dearness of contexts" 'condition=inf .*weight w of |context - context' out
absent "nothing is left" no
exit $((failures > 0))
