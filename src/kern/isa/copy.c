/* copy.c - copies between memory orders (copy.inc), for elements of 4 and 8 bytes, and conversion
 * between f32 and the types of 16 bits. */
#include <math.h>
#include <string.h>
#include "names.h"
#if WEIR__LEVEL >= 2
#include <immintrin.h>
#endif

/* SHARES: of how many vectors of a line one of picked columns is worth permuting, beside lines that
 * are transposed */
enum { FOUR = 4, SHARES = WEIR__LEVEL == 3 ? 4 : 1 };

#include "as_f32.h"
#include "vec.inc"
#include "copy.inc"
#include "as_f64.h"
#include "vec.inc"
#include "copy.inc"

#include "half.inc"
