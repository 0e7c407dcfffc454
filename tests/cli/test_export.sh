#!/bin/sh
# weir export: a run as Python for PyTorch; what cannot be is refused by name, and leaves nothing.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

works "train" "$WEIR" train nsf --data toy:moons,n=200 --out run --steps 2
works "export" "$WEIR" export run --to torch -o python
holds "says what it wrote" '^python/model.py: model.nsf$' out
holds "has the layers" '^            SplineCoupling($' python/model.py
works "its weights are weir's too" "$WEIR" info python
refuses "a second time" 1 'without a model' "$WEIR" export run --to torch -o python
refuses "over the run" 1 'without a model' "$WEIR" export run --to torch -o run
refuses "an unknown code" 2 'perhaps torch' "$WEIR" export run --to torc -o other
refuses "no code" 2 'no --to' "$WEIR" export run -o other
refuses "no folder" 2 'no -o' "$WEIR" export run --to torch
refuses "no run" 2 'no RUN' "$WEIR" export --to torch -o other
works "train a continuous flow" "$WEIR" train rectified-flow --data toy:moons,n=200 --out continuous --steps 2
refuses "what is no flow of bijections" 2 'model.rectified-flow: expected a flow of bijections' "$WEIR" export continuous --to torch -o other
absent "nothing is made of these" other
exit $((failures > 0))
