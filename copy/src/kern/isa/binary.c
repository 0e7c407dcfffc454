/* binary.c - functions of two arrays: binary.inc for float and for double. */
#include <math.h>
#include "names.h"

#include "as_f32.h"
#define LIBM(name) name##f
#include "binary.inc"
#undef LIBM

#include "as_f64.h"
#define LIBM(name) name
#include "binary.inc"
