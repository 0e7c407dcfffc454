/* conv.c - convolutions for float and for double: by minimal filtering (winograd.inc,
 * winograd_weight.inc), else conv_micro.inc (a tile of pixels), conv.inc (forward and the input's
 * gradient) and conv_weight.inc (the weights' gradient, over gemm_micro.inc). conv_table.inc
 * chooses.
 *
 * Sizes: a tile's pointers, the index and the panel fill the 15 registers for addresses that x86
 * leaves; its sums, a number and two vectors those for numbers. A chunk of the weights' gradient, a
 * panel of x and a tile of gy, lies in the level-1 cache. Transformed tiles (WINO_BYTES) and what
 * becomes of them lie in a level-3 cache, those of one of their 16 places in level 2. */
#include "names.h"
#if WEIR__LEVEL >= 2
#include <immintrin.h>
#endif
#include "gemm_micro.h"
#define PLAIN_TILES

#if WEIR__LEVEL == 3
#define CONV_ROWS 12
#elif WEIR__LEVEL == 2
#define CONV_ROWS 6
#else
#define CONV_ROWS 4
#endif
#ifndef CONV_BLOCK
#define CONV_BLOCK 16
#endif
#ifndef CONV_CHUNK
#define CONV_CHUNK 128
#endif
#ifndef WINO_BYTES
#define WINO_BYTES 1048576
#endif

#include "as_f32.h"
#include "gemm_tiles.inc"
#include "conv_micro.inc"
#include "conv.inc"
#include "conv_weight.inc"
#include "winograd.inc"
#include "winograd_weight.inc"
#include "conv_table.inc"

#include "as_f64.h"
#include "gemm_tiles.inc"
#include "conv_micro.inc"
#include "conv.inc"
#include "conv_weight.inc"
#include "winograd.inc"
#include "winograd_weight.inc"
#include "conv_table.inc"
