/* fuzz_safetensors.c - libFuzzer target: any bytes at all into the safetensors reader. clang -fsanitize=fuzzer,address,undefined */
#include "fuzz.h"

FUZZ(read_safetensors)
