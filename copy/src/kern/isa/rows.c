/* rows.c - functions of whole rows: rows.inc for float and for double. */
#include <math.h>
#include "isa.h"
#include "names.h"
#include "../cascade.h"

#include "as_f32.h"
#include "math_f32.inc"
#include "math.inc"
#define LANES 16
#include "rows.inc"
#undef LANES

#include "as_f64.h"
#include "math_f64.inc"
#include "math.inc"
#define LANES 8
#include "rows.inc"
