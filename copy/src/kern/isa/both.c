/* both.c - values and slopes of activations at once: both.inc for float and for double. */
#include "names.h"

#include "as_f32.h"
#include "math_f32.inc"
#include "math.inc"
#include "silu.inc"
#define LANES 16
#include "both.inc"
#undef LANES

#include "as_f64.h"
#include "math_f64.inc"
#include "math.inc"
#include "silu.inc"
#define LANES 8
#include "both.inc"
