/* optim.c - optimizer passes: optim.inc for float and for double. */
#include "names.h"

#include "as_f32.h"
#define SQRT __builtin_sqrtf
#include "optim.inc"
#undef SQRT

#include "as_f64.h"
#define SQRT __builtin_sqrt
#include "optim.inc"
