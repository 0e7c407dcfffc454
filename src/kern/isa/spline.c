/* spline.c - rational-quadratic splines: spline.inc for float and for double. */
#include <math.h>
#include "isa.h"
#include "names.h"
#if WEIR__LEVEL >= 2
#include <immintrin.h>
#endif

#include "as_f32.h"
#include "math_f32.inc"
#include "math.inc"
#include "vec.inc"
#include "lanes.inc"
#include "spline.inc"

#include "as_f64.h"
#include "math_f64.inc"
#include "math.inc"
#include "vec.inc"
#include "lanes.inc"
#include "spline.inc"
