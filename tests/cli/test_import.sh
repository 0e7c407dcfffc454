#!/bin/sh
# weir import: other people's weights become a run that scores, samples and checks; what does not fit is refused by name.
. "$(dirname "$0")/lib.sh"
fixtures=$SRC/tests/flow/fixtures
glow=$fixtures/normflows_glow

works "import" "$WEIR" import normflows "$glow.safetensors" --config "$glow.json" -o run
holds "says what it is" '^run/model.safetensors: model.glow, [0-9]* parameters, 192 values a sample$' out
works "info" "$WEIR" info run
works "sample" "$WEIR" sample run -n 12 -o x.npy --temperature 0.5
works "score" "$WEIR" score run --data x.npy
works "check" "$WEIR" check run --data x.npy -n 4 --jacobians 1
refuses "a second time" 1 'without a model' "$WEIR" import normflows "$glow.safetensors" --config "$glow.json" -o run

refuses "an unknown code" 2 'perhaps nflows' "$WEIR" import nflow "$glow.safetensors" --config "$glow.json" -o other
refuses "the wrong code" 1 'expected' "$WEIR" import zuko "$glow.safetensors" --config "$glow.json" -o other
refuses "no config" 2 'no --config' "$WEIR" import normflows "$glow.safetensors" -o other
refuses "no folder" 2 'no -o' "$WEIR" import normflows "$glow.safetensors" --config "$glow.json"
refuses "no file" 2 'no CODE and FILE' "$WEIR" import normflows --config "$glow.json" -o other
refuses "a file that is not there" 1 'none.safetensors' "$WEIR" import normflows none.safetensors --config "$glow.json" -o other
sed 's/"blocks": 2/"blocks": 1/' "$glow.json" > fewer.json
refuses "tensors that are left over" 1 'no layer of fewer.json takes it' "$WEIR" import normflows "$glow.safetensors" --config fewer.json -o other
absent "nothing is made of these" other
exit $((failures > 0))
