/* isa.h - what differs between the three compilations of this folder. WEIR_ISA is c, avx2 or
 * avx512; names get it as a suffix. */
#ifndef WEIR_KERN_ISA_H
#define WEIR_KERN_ISA_H
#include "../kern.h"

#ifndef WEIR_ISA
#define WEIR_ISA c
#endif
#define WEIR__PASTE_(a, b) a##b
#define WEIR__PASTE(a, b) WEIR__PASTE_(a, b)
#define WEIR__LEVEL_c 1
#define WEIR__LEVEL_avx2 2
#define WEIR__LEVEL_avx512 3
#define WEIR__LEVEL_avx512_half 2 /* half a register of AVX-512: gemm_tiles.inc */
#define WEIR__LEVEL WEIR__PASTE(WEIR__LEVEL_, WEIR_ISA)

/* a b + c: fused where the instruction set has it, so that vector bodies and scalar tails do the
 * same arithmetic */
#if WEIR__LEVEL >= 2
#define WEIR_FMA(a, b, c) \
    _Generic((a), float: __builtin_fmaf, default: __builtin_fma)((a), (b), (c))
#else
#define WEIR_FMA(a, b, c) ((a) * (b) + (c))
#endif

/* Loops whose arrays are the same or apart, never shifted against each other. */
#if defined(__clang__)
#define WEIR_VECTOR _Pragma("clang loop vectorize(assume_safety)")
#define WEIR_UNROLL _Pragma("clang loop unroll(full)")
#else
#define WEIR_VECTOR _Pragma("GCC ivdep")
#define WEIR_UNROLL _Pragma("GCC unroll 32")
#endif
#define WEIR_INLINE static inline __attribute__((always_inline, unused))

#endif
