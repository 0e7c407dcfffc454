/* random.c - rows of random numbers by Philox4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011).
 *
 * The mapping, whose reference is src/base/rng.c: key words are the low and high half of the key; counter words c0, c1 the low and
 * high half of the block index, c2, c3 of the sample id; output words w0..w3 of block b serve elements 4b .. 4b+3.
 *   uniform f32  (w >> 8) 2^-24
 *   uniform f64  (hi 2^21 + (lo >> 11)) 2^-53, hi from `key`, lo from the same place under key ^ 0x9E3779B97F4A7C15
 *   normal       pairs (w0, w1) and (w2, w3): u1 = (w + 1/2) 2^-32 of the even word, u2 = w 2^-32 of the odd one (53 bits in f64),
 *                r = sqrt(-2 log u1), z = r cos(2 pi u2), r sin(2 pi u2) */
#include "names.h"

enum { BATCH = 256 };
typedef struct weir__words {
    uint32_t hi[BATCH], lo[BATCH];
} weir__words;

/* SSE2 and AVX2 convert signed 32-bit integers only */
WEIR_INLINE double weir__from_u32(uint32_t w) { return (double)(int32_t)(w ^ 0x80000000u) + 2147483648.0; }

/* Counters of the blocks of a batch */
typedef struct weir__counters {
    uint32_t c[4][BATCH / 4];
} weir__counters;

WEIR_INLINE void weir__count(weir__counters *at, int i, uint64_t id, uint64_t block)
{
    at->c[0][i] = (uint32_t)block, at->c[1][i] = (uint32_t)(block >> 32), at->c[2][i] = (uint32_t)id, at->c[3][i] = (uint32_t)(id >> 32);
}

static void weir__philox_blocks(uint32_t *out, uint64_t key, const weir__counters *at, int blocks)
{
    uint32_t w[4][BATCH / 4];
    if (blocks < BATCH / 4) blocks = (blocks + 15) / 16 * 16; /* whole vectors: the rest is dropped later */
    WEIR_VECTOR
    for (int i = 0; i < blocks; i++) {
        uint32_t x0 = at->c[0][i], x1 = at->c[1][i], x2 = at->c[2][i], x3 = at->c[3][i];
        uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
        WEIR_UNROLL
        for (int round = 0; round < 10; round++) {
            uint64_t p = (uint64_t)0xD2511F53u * x0, q = (uint64_t)0xCD9E8D57u * x2;
            x0 = (uint32_t)(q >> 32) ^ x1 ^ k0, x2 = (uint32_t)(p >> 32) ^ x3 ^ k1;
            x1 = (uint32_t)q, x3 = (uint32_t)p;
            k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
        }
        w[0][i] = x0, w[1][i] = x1, w[2][i] = x2, w[3][i] = x3;
    }
    for (int i = 0; i < blocks; i++)
        for (int j = 0; j < 4; j++) out[4 * i + j] = w[j][i];
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
