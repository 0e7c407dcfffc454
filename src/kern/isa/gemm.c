/* gemm.c - matrix products for float and for double: vec.inc (a register), gemm_micro.inc (a tile),
 * gemm.inc (the whole), few_rows.inc (one or two rows); small networks on the same tiles: mlp.inc.
 *
 * Sizes: a panel is two registers wide and about K_BLOCK steps deep. SCALAR_BYTES of rows of the
 * other operand stay in level 2 while panel after panel is multiplied with them, half as many in a
 * product that is transposed, which keeps LANE_BLOCK lanes of panels too. What does not fit is
 * prefetched from level 3. */
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
#ifndef SCALAR_BYTES
#define SCALAR_BYTES (1024 << 10)
#endif
#ifndef LANE_BLOCK
#define LANE_BLOCK (16 * PANEL)
#endif

/* Where a panel finds the scalars of its rows: in the operand; there, and it packs them for the
 * panels after it; packed */
enum scalars { SCALARS_IN_PLACE, SCALARS_PACKING, SCALARS_PACKED };

#include "as_f32.h"
#include "gemm_tiles.inc"
#include "few_rows.inc"
#include "gemm.inc"
#include "mlp.inc"

#include "as_f64.h"
#include "gemm_tiles.inc"
#include "few_rows.inc"
#include "gemm.inc"
#include "mlp.inc"
