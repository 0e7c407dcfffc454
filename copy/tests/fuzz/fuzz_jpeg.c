/* fuzz_jpeg.c - libFuzzer target: any bytes at all into the jpeg reader. clang -fsanitize=fuzzer,address,undefined */
#include "fuzz.h"

FUZZ(read_jpeg)
