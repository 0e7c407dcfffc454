/* modulate.c - scales and shifts of samples, rotations: modulate.inc for float and for double. */
#include "names.h"
enum { MODULATE_RUN = 16 };

#include "as_f32.h"
#include "modulate.inc"
#include "as_f64.h"
#include "modulate.inc"
