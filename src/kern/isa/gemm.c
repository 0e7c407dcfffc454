/* gemm.c - matrix products: gemm.inc for float and for double. */
#define _POSIX_C_SOURCE 200809L
#include <time.h>
#include "names.h"
#include "as_f32.h"
#include "gemm.inc"
#include "as_f64.h"
#include "gemm.inc"
