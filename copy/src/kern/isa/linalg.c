/* linalg.c - functions of one matrix: linalg.inc for float and for double. */
#include <math.h>
#include "names.h"

#include "as_f32.h"
#define REAL 0
#define EPSILON 1.1920929e-7f
#include "linalg.inc"
#undef REAL
#undef EPSILON

#include "as_f64.h"
#define REAL 1
#define EPSILON 2.220446049250313e-16
#include "linalg.inc"
