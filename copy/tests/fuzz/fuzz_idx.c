/* fuzz_idx.c - libFuzzer target: any bytes at all into the idx reader. clang -fsanitize=fuzzer,address,undefined */
#include "fuzz.h"

FUZZ(read_idx)
