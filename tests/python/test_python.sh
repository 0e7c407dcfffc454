#!/usr/bin/env bash
# The Python package against this build: pytest in a virtual environment of its own, which lies beside the builds and is made once.
set -u
if grep -q '^WEIR_SANITIZE:STRING=.' "$BUILD/CMakeCache.txt"; then echo "ok python # SKIP a sanitizer's runtime comes with the program"; exit; fi
python=$(command -v python3) || { echo "ok python # SKIP no python3"; exit; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' || { echo "ok python # SKIP python3 before 3.9"; exit; }
header=$("$python" -c "import sysconfig; print(sysconfig.get_path(\"include\"))")/Python.h
[ -f "$header" ] || { echo "ok python # SKIP no Python.h: python3-dev is missing"; exit; }
env=${WEIR_PYTHON_ENV:-$SRC/build/python-env}
if ! [ -x "$env/bin/pytest" ]; then
    "$python" -m venv "$env" > venv.log 2>&1 || { echo "ok python # SKIP no venv: $(tail -n 1 venv.log)"; rm -rf "$env"; exit; }
    timeout 300 "$env/bin/pip" install -q numpy cffi setuptools pytest hypothesis > pip.log 2>&1 \
        || { echo "ok python # SKIP no network: $(tail -n 1 pip.log)"; rm -rf "$env"; exit; }
fi
"$SRC/tools/python-module" "$env/bin/python" "$BUILD" "$BUILD/python" > build.log 2>&1 || { cat build.log; echo "not ok the module compiles"; exit 1; }
export PYTHONPATH="$BUILD/python" PYTHONDONTWRITEBYTECODE=1
"$env/bin/python" -m pytest -q -p no:cacheprovider --tb=short -rA --rootdir "$SRC/tests/python" "$SRC"/tests/python > pytest.log 2>&1
status=$?
sed -nE 's/^PASSED .*::([^ ]*).*/ok \1/p; s/^(FAILED|ERROR) .*::([^ ]*).*/not ok \2/p; s/^SKIPPED \[[0-9]+\] ([^ ]*): (.*)/ok \1 # SKIP \2/p' pytest.log | tr -d '\r'
if [ $status -ne 0 ]; then grep -v '^PASSED' pytest.log | tail -n 150; grep -q '^FAILED' pytest.log || echo "not ok pytest"; fi
exit $status
