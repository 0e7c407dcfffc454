/* slope.c - gradients of functions of one array: slope.inc for float and for double. */
#include <math.h>
#include "isa.h"
#include "names.h"
enum { CHUNK = 256 };

#include "as_f32.h"
#include "math_f32.inc"
#include "math.inc"
#include "silu.inc"
#define LANES 16
#include "slope.inc"
#undef LANES

#include "as_f64.h"
#include "math_f64.inc"
#include "math.inc"
#include "silu.inc"
#define LANES 8
#include "slope.inc"
