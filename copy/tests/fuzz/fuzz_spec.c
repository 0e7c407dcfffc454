/* fuzz_spec.c - libFuzzer target: any bytes at all as the options of a SPEC. */
#include "whole.h"

FUZZ_WHOLE(read_spec)
