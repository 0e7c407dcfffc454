/* random.c - rows of random numbers by Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011).
 *
 * The mapping, whose reference is src/base/rng.c: key words are the low and high half of the key;
 * counter words c0, c1 the low and high half of the block index, c2, c3 of the sample id; output
 * words w0..w3 of block b serve elements 4b .. 4b+3. uniform f32  (w >> 8) 2^-24 uniform f64  (hi
 * 2^21 + (lo >> 11)) 2^-53, hi from `key`, lo from the same place under key ^ 0x9E3779B97F4A7C15
 *   normal       pairs (w0, w1) and (w2, w3): u1 = (w + 1/2) 2^-32 of the even word, u2 = w 2^-32
 * of the odd one (53 bits in f64), r = sqrt(-2 log u1), z = r cos(2 pi u2), r sin(2 pi u2) */
#include "names.h"
#if WEIR__LEVEL >= 2
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { BATCH = 256 };
typedef struct weir__words {
    uint32_t hi[BATCH], lo[BATCH];
} weir__words;

/* SSE2 and AVX2 convert signed 32-bit integers only */
WEIR_INLINE double weir__from_u32(uint32_t w)
{
    return (double)(int32_t)(w ^ 0x80000000u) + 2147483648.0;
}

/* Counters of the blocks of a batch */
typedef struct weir__counters {
    uint32_t c[4][BATCH / 4];
} weir__counters;

WEIR_INLINE void weir__count(weir__counters *at, int i, uint64_t id, uint64_t block)
{
    at->c[0][i] = (uint32_t)block;
    at->c[1][i] = (uint32_t)(block >> 32);
    at->c[2][i] = (uint32_t)id;
    at->c[3][i] = (uint32_t)(id >> 32);
}

/* Words in lanes of 64 bits: x86 has an instruction that multiplies the lower halves to whole
 * products, and what gathers in upper halves is read by none. Compilers do not find it. */
enum { WIDE = 1 << WEIR__LEVEL };
typedef uint64_t weir__wide __attribute__((vector_size(8 * WIDE)));
typedef uint64_t weir__wide_loose __attribute__((vector_size(8 * WIDE), aligned(4), may_alias));
typedef uint32_t weir__narrow __attribute__((vector_size(4 * WIDE), aligned(4), may_alias));

#if WEIR__LEVEL == 3
WEIR_INLINE weir__wide weir__product(weir__wide a, weir__wide b)
{
    return (weir__wide)_mm512_mul_epu32((__m512i)a, (__m512i)b);
}
#define PAIRS_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define PAIRS_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#elif WEIR__LEVEL == 2
WEIR_INLINE weir__wide weir__product(weir__wide a, weir__wide b)
{
    return (weir__wide)_mm256_mul_epu32((__m256i)a, (__m256i)b);
}
#define PAIRS_LOW 0, 4, 1, 5
#define PAIRS_HIGH 2, 6, 3, 7
#else
#ifdef __SSE2__
WEIR_INLINE weir__wide weir__product(weir__wide a, weir__wide b)
{
    return (weir__wide)_mm_mul_epu32((__m128i)a, (__m128i)b);
}
#else
WEIR_INLINE weir__wide weir__product(weir__wide a, weir__wide b)
{
    return (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu);
}
#endif
#define PAIRS_LOW 0, 2
#define PAIRS_HIGH 1, 3
#endif

WEIR_INLINE weir__wide weir__widened(const uint32_t *p)
{
    return __builtin_convertvector(*(const weir__narrow *)(const void *)p, weir__wide);
}

/* Lower halves of a and b, one after the other in memory */
WEIR_INLINE weir__wide weir__pair(weir__wide a, weir__wide b)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return a << 32 | (b & 0xFFFFFFFFu);
#else
    return (a & 0xFFFFFFFFu) | b << 32;
#endif
}

/* The words of blocks 0 .. blocks-1, and of what fills the last vector */
static void weir__philox_blocks(uint32_t *out, uint64_t key, const weir__counters *at, int blocks)
{
    const weir__wide none = { 0 };
    for (int i = 0; i < blocks; i += WIDE, out += 4 * WIDE) {
        weir__wide x0 = weir__widened(at->c[0] + i);
        weir__wide x1 = weir__widened(at->c[1] + i);
        weir__wide x2 = weir__widened(at->c[2] + i);
        weir__wide x3 = weir__widened(at->c[3] + i);
        uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
        WEIR_UNROLL
        for (int round = 0; round < 10; round++) {
            weir__wide p = weir__product(x0, none + 0xD2511F53u);
            weir__wide q = weir__product(x2, none + 0xCD9E8D57u);
            x0 = (q >> 32) ^ x1 ^ k0;
            x2 = (p >> 32) ^ x3 ^ k1;
            x1 = q;
            x3 = p;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        weir__wide first = weir__pair(x0, x1), second = weir__pair(x2, x3); /* of each block */
        *(weir__wide_loose *)(void *)out = __builtin_shufflevector(first, second, PAIRS_LOW);
        *(weir__wide_loose *)(void *)(out + 2 * WIDE) = __builtin_shufflevector(first, second,
                                                                                PAIRS_HIGH);
    }
}

#include "as_f32.h"
#include "math_f32.inc"
#include "math.inc"
#define SQRT __builtin_sqrtf
#include "random.inc"
#undef SQRT

#include "as_f64.h"
#include "math_f64.inc"
#include "math.inc"
#define SQRT __builtin_sqrt
#include "random.inc"
