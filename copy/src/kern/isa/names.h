/* names.h - names.inc for both types. */
#ifndef WEIR_KERN_NAMES_H
#define WEIR_KERN_NAMES_H
#include "isa.h"
#include "as_f32.h"
#include "names.inc"
#include "as_f64.h"
#include "names.inc"
#endif
