/* fuzz_model.c - libFuzzer target: any bytes at all as the weights file of a model, which is then run. */
#include "whole.h"

FUZZ_WHOLE(read_model)
