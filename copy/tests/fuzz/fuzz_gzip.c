/* fuzz_gzip.c - libFuzzer target: any bytes at all into the gzip reader. clang -fsanitize=fuzzer,address,undefined */
#include "fuzz.h"

FUZZ(read_gzip)
