/* pool.c - pooling and upsampling: pool.inc for float and for double. */
#include "names.h"

#include "as_f32.h"
#include "pool.inc"

#include "as_f64.h"
#include "pool.inc"
