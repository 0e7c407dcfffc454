/* fuzz_json.c - libFuzzer target: any bytes at all into the json reader. clang -fsanitize=fuzzer,address,undefined */
#include "fuzz.h"

FUZZ(read_json)
