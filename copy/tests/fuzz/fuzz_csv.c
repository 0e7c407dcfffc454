/* fuzz_csv.c - libFuzzer target: any bytes at all into the csv reader. clang -fsanitize=fuzzer,address,undefined */
#include "fuzz.h"

FUZZ(read_csv)
