/* norm.c - layer, group, batch and RMS normalisation: norm.inc for float and for double. */
#include <math.h>
#include "names.h"
#include "../cascade.h"
enum { WAYS = 16, COLUMNS = 256 };

#include "as_f32.h"
#include "norm.inc"
#include "as_f64.h"
#include "norm.inc"
