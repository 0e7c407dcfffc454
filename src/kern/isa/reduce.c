/* reduce.c - sums, maxima and the search for non-finite values (reduce.inc), squared errors
 * (square_error.inc), for float and for double. */
#include <string.h>
#include "names.h"
#if WEIR__LEVEL >= 2
#include <immintrin.h>
#endif
#include "../cascade.h"
enum { WAYS = 16 };

#include "as_f32.h"
#include "vec.inc"
#include "block.inc"
#include "reduce.inc"
#include "square_error.inc"
#include "as_f64.h"
#include "vec.inc"
#include "block.inc"
#include "reduce.inc"
#include "square_error.inc"
