/* gemm_micro.h - how large a tile of gemm_micro.inc is, and what it can pack. */
#ifndef WEIR__GEMM_MICRO_H
#define WEIR__GEMM_MICRO_H
#include "isa.h"

/* ROWS x 2 sums, 2 vectors and a number fill the registers: 32 with AVX-512, else 16 (and without
 * FMA the product needs one). */
#if WEIR__LEVEL == 3
#define ROWS 14
#define EVERY_ROWS(of) \
    of(1) of(2) of(3) of(4) of(5) of(6) of(7) of(8) of(9) of(10) of(11) of(12) of(13) of(14)
#elif WEIR__LEVEL == 2
#define ROWS 6
#define EVERY_ROWS(of) of(1) of(2) of(3) of(4) of(5) of(6)
#else
#define ROWS 4
#define EVERY_ROWS(of) of(1) of(2) of(3) of(4)
#endif
#define PANEL (2 * VL)

/* At most so many lines of each row below are prefetched */
enum { MOST_LINES = 64 };

/* What a tile packs while it uses it: nothing, the panel, the numbers of its rows */
enum packing { PACK_NOTHING, PACK_PANEL, PACK_SCALARS };

#endif
