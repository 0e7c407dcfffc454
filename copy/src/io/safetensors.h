/* safetensors.h - what reading and writing of safetensors share. */
#ifndef WEIR_IO_SAFETENSORS_H
#define WEIR_IO_SAFETENSORS_H
#include "io/internal.h"

enum { WEIR__HEADER_MAX = 100000000 }; /* bytes, as the reference implementation */
const char *weir__safetensors_dtype(weir_dtype t); /* "F32" ... */

#endif
