#!/bin/sh
# The variational bound, as a user asks for it.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

works "train" "$WEIR" train ddpm --data toy:gaussian,n=400 --out run --set net.hidden=16,16 --steps 60 --set valid_rows=20
works "train a flow" "$WEIR" train nice --data toy:moons,n=300 --out flow --set hidden=8 --set couplings=2 --steps 5
works "the bound" "$WEIR" score run --data toy:gaussian,n=40 --bound vlb
holds "its kind" 'lower_bound' out
works "of two draws" "$WEIR" score run --data toy:gaussian,n=40 --bound vlb --draws 2
holds "their error" 'estimator error' out
for threads in 1 2; do works "$threads threads" "$WEIR" score run --data toy:gaussian,n=300 --bound vlb -o t$threads.npy --threads $threads --batch $((threads * 37)); done
same "the same bits" t1.npy t2.npy
refuses "no such bound" 2 'bound elbo: expected vlb' "$WEIR" score run --data toy:gaussian,n=40 --bound elbo
refuses "a solver beside it" 2 'solver: expected no such option beside --bound' "$WEIR" score run --data toy:gaussian,n=40 --bound vlb --solver heun
refuses "probes beside it" 2 'probes: expected no such option beside --bound' "$WEIR" score run --data toy:gaussian,n=40 --bound vlb --probes 1
refuses "a flow" 2 'expected a model on a path of noise' "$WEIR" score flow --data toy:moons,n=40 --bound vlb
exit $((failures > 0))
