/* gemm.c - matrix products for float and for double: vec.inc (a register), gemm_micro.inc (a tile), gemm.inc (the whole); and small networks
 * on the same tiles: mlp.inc.
 *
 * Sizes: a panel is two registers wide; K_BLOCK steps of it, with Y_BYTES of rows of the other operand or
 * LANE_BLOCK lanes, stay in level 2, or come from level 3 in time (256 to 512 steps measure alike on Zen 5; on Zen 4 fewer pieces of k win a percent). */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include <time.h>
#include "names.h"
#if WEIR__LEVEL >= 2
#include <immintrin.h>
#endif

static double weir__clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ROWS x 2 sums, 2 vectors and a number fill the registers: 32 with AVX-512, else 16 (and without FMA the product needs one). */
#if WEIR__LEVEL == 3
#define ROWS 14
#elif WEIR__LEVEL == 2
#define ROWS 6
#else
#define ROWS 4
#endif
#define PANEL (2 * VL)
#ifndef K_BLOCK
#define K_BLOCK 512
#endif
#ifndef Y_BYTES
#define Y_BYTES (512 << 10)
#endif
#ifndef LANE_BLOCK
#define LANE_BLOCK (16 * PANEL)
#endif

#include "as_f32.h"
#include "vec.inc"
#include "gemm_micro.inc"
#include "gemm.inc"
#include "mlp.inc"

#include "as_f64.h"
#include "vec.inc"
#include "gemm_micro.inc"
#include "gemm.inc"
#include "mlp.inc"
