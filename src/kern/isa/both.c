/* both.c - values and slopes of activations at once: both.inc for float and for double. */
#include "names.h"
#if WEIR__LEVEL == 3
#include <immintrin.h>
#endif

#include "as_f32.h"
#include "math_f32.inc"
#include "math.inc"
#define LANES 16
#if WEIR__LEVEL == 3
#include "vec.inc"
#include "silu.inc"
#define SILU_BY_VECTORS
#endif
#include "both.inc"
#undef SILU_BY_VECTORS
#undef LANES

#include "as_f64.h"
#include "math_f64.inc"
#include "math.inc"
#define LANES 8
#include "both.inc"
