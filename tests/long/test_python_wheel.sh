#!/usr/bin/env bash
# A wheel that script/python-wheel builds, in environments that hold nothing else: it is imported by each Python there is, trains,
# scores, and has the bits of the command; the source distribution builds the same; types and the estimator are looked at.
set -u
. "$SRC/tests/cli/lib.sh"
command -v python3 > /dev/null || { echo "ok python wheel # SKIP no python3"; exit; }
"$SRC/script/python-wheel" dist > build.log 2>&1 || { tail -n 30 build.log; echo "not ok the wheel is built"; exit 1; }
wheel=$(echo dist/weir-*-cp39-abi3-*.whl)
echo "ok the wheel is built"
cat > use.py <<'P'
import subprocess, sys
import numpy as np
import weir
x = np.random.default_rng(1).normal(size=(300, 2))
run = weir.train("nice", x, "run", steps=30, hidden=[8])
run.close()
assert np.isfinite(weir.Model.load("run").log_prob(x)).all()
subprocess.run([sys.argv[1], "sample", "run", "-n", "9", "--seed", "2", "-o", "x.npy"], check=True)
assert np.array_equal(np.load("x.npy"), weir.Model.load("run").sample(9, seed=2))
w = weir.tensor([2.0, 3.0], requires_grad=True)
(w * w).sum().backward()
assert w.grad.tolist() == [4, 6]
P
versions=0
for python in ${PYTHONS:-python3 python3.9 python3.10 python3.11 python3.12 python3.13}; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2> /dev/null || continue
    rm -rf env run
    "$python" -m venv env && env/bin/pip install -q "$wheel" > pip.log 2>&1 || { tail -n 5 pip.log; echo "not ok $python installs it"; continue; }
    if env/bin/python use.py "$WEIR" > use.log 2>&1; then echo "ok $($python -V) uses it"; else cat use.log; echo "not ok $($python -V) uses it"; fi
    versions=$((versions + 1))
done
[ "$versions" -gt 0 ] || echo "not ok a Python to try it with"
rm -rf env run
python3 -m venv env
env/bin/pip install -q "$wheel" scikit-learn mypy pandas pytest tqdm > pip.log 2>&1 || { echo "ok estimator # SKIP no network: $(tail -n 1 pip.log)"; exit; }
cat > estimator.py <<'P'
from sklearn.utils.estimator_checks import check_estimator
from weir.sklearn import FlowDensity
bad = [r for r in check_estimator(FlowDensity(), on_fail=None) if r["status"] == "failed"]
for r in bad:
    print(r["check_name"], r["exception"])
raise SystemExit(len(bad))
P
if env/bin/python estimator.py > estimator.log 2>&1; then echo "ok check_estimator"; else grep -v Warn estimator.log; echo "not ok check_estimator"; fi
site=$(env/bin/python -c 'import weir, os; print(os.path.dirname(weir.__file__))')
if env/bin/mypy --python-version 3.11 -p weir > mypy.log 2>&1; then echo "ok types of $site"; else tail mypy.log; echo "not ok types"; fi
rm -rf env
python3 -m venv env
if env/bin/pip install -q dist/weir-*.tar.gz > pip.log 2>&1 && env/bin/python use.py "$WEIR" > use.log 2>&1; then echo "ok the source distribution builds"
else tail -n 20 pip.log use.log; echo "not ok the source distribution builds"; fi
