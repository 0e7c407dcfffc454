/* fuzz_png.c - libFuzzer target: any bytes at all into the png reader. clang -fsanitize=fuzzer,address,undefined */
#include "fuzz.h"

FUZZ(read_png)
