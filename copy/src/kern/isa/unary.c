/* unary.c - functions of one array: unary.inc for float and for double. */
#include <math.h>
#include "isa.h"
#include "names.h"
enum { CHUNK = 256 };

#include "as_f32.h"
#include "math_f32.inc"
#include "math.inc"
#include "silu.inc"
#define LANES 16
#define SQRT __builtin_sqrtf
#define FLOOR __builtin_floorf
#define LIBM(name) name##f
#include "unary.inc"
#undef LANES
#undef SQRT
#undef FLOOR
#undef LIBM

#include "as_f64.h"
#include "math_f64.inc"
#include "math.inc"
#include "silu.inc"
#define LANES 8
#define SQRT __builtin_sqrt
#define FLOOR __builtin_floor
#define LIBM(name) name
#include "unary.inc"
