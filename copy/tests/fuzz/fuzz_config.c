/* fuzz_config.c - libFuzzer target: any bytes at all as the config.json of a run. */
#include "whole.h"

FUZZ_WHOLE(read_config)
