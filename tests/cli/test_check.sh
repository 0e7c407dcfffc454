#!/bin/sh
# weir check: flows that hold, a tolerance that none holds, what it refuses.
# Sanitizers: in make test-long.
. "$(dirname "$0")/lib.sh"

works "train" "$WEIR" train nice --data digits --out run --set hidden=8 --set couplings=2 --steps 5
works "check" "$WEIR" check run --data digits,split=test
holds "every layer has a line" '^flow.couplings.1 *additive_coupling *64 ' out
holds "the whole has one" '^flow  *compose ' out
holds "in f64" '^samples *64, in f64' out
works "as JSON" "$WEIR" check run --data digits --json -n 20 --threads 2
if command -v python3 > /dev/null; then
    cp out one
    works "JSON has the keys" python3 -c '
import json
o = json.load(open("one"))
assert o["n"] == 20 and o["n_wrong"] == 0 and o["first_wrong"] is None and o["dtype"] == "f64" and o["rounding"] is None, o
for l in o["layers"]:
    assert l["shape"] == [64] and l["inverse_error"] < 1e-12 and l["log_det_error"] < 1e-8 and l["n_jacobians"] == 2 and l["wrong"] is None, l'
fi
works "without Jacobians" "$WEIR" check run --data digits --jacobian-dim 63
holds "the log-det is not looked at" '^flow.scale .* [0-9.]*e-[0-9]* *-  *[0-9.]*e' out

# No log-det of differences is as near as that: the first layer that moves anything is named, with a row.
"$WEIR" check run --data digits --tolerance 1e-15 > out 2> err
status=$?
if [ $status -eq 1 ] && grep -q '^weir: check: flow.couplings.*: .* of sample [0-9]* is off by .*: expected no more than' err; then
    ok "what is off is named"
else
    echo "status $status" >> err
    not_ok "what is off is named" err
fi

works "train a table" "$WEIR" train flow --data toy:moons,n=300 --out flow --steps 5
works "check a table" "$WEIR" check flow --data toy:moons,n=100
awk 'BEGIN { for (i = 0; i < 240; i++) { h = i * 7 % 31 / 31; printf "%.5f,%.5f,%.4f,%d\n", i % 3 + h, h + i * 11 % 13 / 60, 1 + h, i % 3 } }' > k.csv
works "train on classes and a context" "$WEIR" train flow --data k.csv,label=4,condition=3 --out both --set classes=auto --steps 5
works "check under the data's conditions" "$WEIR" check both --data k.csv,label=4,condition=3
works "check under the flags'" "$WEIR" check both --data toy:moons,n=50 --class 1 --condition 1=1.5

works "train behind a logit" "$WEIR" train maf --data digits,limit=300 --out pixels --steps 3 --set layers=2 --set net.hidden=16
works "check of it" "$WEIR" check pixels --data digits,limit=20
works "train the inverse behind a logit" "$WEIR" train iaf --data digits,limit=300 --out pixels2 --steps 3 --set layers=2 --set net.hidden=16
works "check of that" "$WEIR" check pixels2 --data digits,limit=20
holds "pixels go through a logit" '"input": "logit"' pixels2/config.json
refuses "a logit of standardized values" 1 'expected none of standardised data' "$WEIR" train maf --data digits,limit=300 --out no --steps 2 --set input=logit --set standardize=yes
refuses "no data" 2 'no --data' "$WEIR" check run
refuses "no run" 2 'no RUN' "$WEIR" check --data digits
refuses "other data" 1 '2 values a sample: expected 64' "$WEIR" check run --data toy:moons
if [ -s out ]; then not_ok "and no head of a table" out; else ok "and no head of a table"; fi
refuses "no condition" 2 'class' "$WEIR" check both --data toy:moons,n=50
works "train a continuous one" "$WEIR" train rectified-flow --data toy:moons,n=100 --out field --steps 2
refuses "which is no flow of bijections" 1 'expected a flow' "$WEIR" check field --data toy:moons,n=50
exit $((failures > 0))
