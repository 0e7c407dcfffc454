/* fuzz_npy.c - libFuzzer target: any bytes at all into the npy reader. clang -fsanitize=fuzzer,address,undefined */
#include "fuzz.h"

FUZZ(read_npy)
