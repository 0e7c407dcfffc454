/* reduce.c - sums, maxima and the search for non-finite values: reduce.inc for float and for double. */
#include "names.h"
#include "../cascade.h"
enum { WAYS = 16 };

#include "as_f32.h"
#include "reduce.inc"
#include "as_f64.h"
#include "reduce.inc"
