/* fuzz_options.c - libFuzzer target: any bytes at all as "key=value key=value" of a run. */
#include "whole.h"

FUZZ_WHOLE(read_options)
