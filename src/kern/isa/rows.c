/* rows.c - functions of whole rows: rows.inc for float and for double, and of attention,
 * scores.inc. */
#include <math.h>
#include "names.h"
#if WEIR__LEVEL >= 2
#include <immintrin.h>
#endif
#include "../cascade.h"
enum { WAYS = 16 };

#include "as_f32.h"
#include "math_f32.inc"
#include "math.inc"
#define LANES 16
#include "vec.inc"
#include "lanes.inc"
#include "rows.inc"
#include "rows_short.inc"
#include "scores.inc"
#undef LANES

#include "as_f64.h"
#include "math_f64.inc"
#include "math.inc"
#define LANES 8
#include "vec.inc"
#include "lanes.inc"
#include "rows.inc"
#include "rows_short.inc"
#include "scores.inc"
