#!/usr/bin/env bash
# What `weir export --to torch` writes, run: runs of every flow, in f64 and f32, beside weir's own values. WEIR_TORCH_PYTHON may name a
# python with torch and numpy; without one there is nothing to run.
python=${WEIR_TORCH_PYTHON:-python3}
if ! "$python" -c 'import numpy, torch' 2> /dev/null; then
    echo "ok export_torch # SKIP no torch for $python: WEIR_TORCH_PYTHON=.. says which has it"
    exit 0
fi
exec "$python" "$SRC/tests/models/compare_export.py" "$WEIR"
