/* norm.c - layer, group, batch and RMS normalisation, with SiLU where it follows: norm.inc,
 * norm_apply.inc for float and for double. */
#include <math.h>
#include <string.h>
#include "names.h"
#if WEIR__LEVEL >= 2
#include <immintrin.h>
#endif
#include "../cascade.h"
enum { WAYS = WEIR__NORM_LANES, STEP = 2 * WAYS };
enum {
    COLUMNS = 1024, /* of a line: long ones are read as they lie */
    REPEATED = 256,
    LINE_OF_FOUR = 256 /* that four rows at once are worth */
};

#include "as_f32.h"
#include "math_f32.inc"
#include "math.inc"
#include "silu.inc"
#ifndef SILU_BY_VECTORS
#include "vec.inc"
#endif
#include "block.inc"
#include "norm.inc"
#include "norm_apply.inc"

#include "as_f64.h"
#include "math_f64.inc"
#include "math.inc"
#include "silu.inc"
#include "vec.inc"
#include "block.inc"
#include "norm.inc"
#include "norm_apply.inc"
