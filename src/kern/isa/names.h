/* names.h - names.inc for both types. */
#ifndef WEIR_KERN_NAMES_H
#define WEIR_KERN_NAMES_H
#include "isa.h"
#include "as_f32.h"
#include "names.inc"
#include "as_f64.h"
#include "names.inc"
#define H(name) WEIR__PASTE(WEIR__PASTE(weir__##name##_, WEIR_ISA), _half)
weir__convert_fn H(from_bf16), H(from_f16), H(to_bf16), H(to_f16);
#undef H
#endif
