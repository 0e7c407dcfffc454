/* gemm.c - matrix products for float and for double: vec.inc (a register), gemm_micro.inc (a tile), gemm.inc (the whole); and small networks
 * on the same tiles: mlp.inc.
 *
 * Sizes: a panel is two registers wide. One thread keeps Y_BYTES of rows of the other operand in level 2 while panel after panel sees them
 * (half as many where the panels, LANE_BLOCK lanes of K_BLOCK steps, are kept too); what does not fit comes from level 3 in time. */
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

#include "gemm_micro.h"
#ifndef K_BLOCK
#define K_BLOCK 1024
#endif
#ifndef Y_BYTES
#define Y_BYTES (1024 << 10)
#endif
#ifndef LANE_BLOCK
#define LANE_BLOCK (16 * PANEL)
#endif

/* How y's numbers lie for a panel: as they came, so but packed by it, packed */
enum { Y_IN_PLACE, Y_COPIED, Y_PACKED };

#include "as_f32.h"
#include "gemm_tiles.inc"
#include "gemm.inc"
#include "mlp.inc"

#include "as_f64.h"
#include "gemm_tiles.inc"
#include "gemm.inc"
#include "mlp.inc"
