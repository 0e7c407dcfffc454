/* rng.c - random numbers without state: a number is a function of (seed, stream, step, draw, sample
 * id, place in the sample).
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011).
 * Key words are the low and high half of the draw's key; counter words are block index (low, high),
 * sample id (low, high); block b gives elements 4b .. 4b+3. src/kern draws whole rows by the same
 * mapping; this is its reference. */
#include <math.h>
#include "base/base.h"

static uint64_t splitmix(
    uint64_t x) /* Steele, Lea, Flood 2014: a bijection of 64 bits that mixes well */
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

uint64_t weir__hash_mix(uint64_t a, uint64_t b) { return splitmix(splitmix(a) ^ b); }

uint64_t weir__hash_text(const char *text)
{
    uint64_t h = 0xCBF29CE484222325u; /* FNV-1a, then mixed */
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 0x100000001B3u;
    return splitmix(h);
}

uint64_t weir__seed(const weir_ctx *c) { return c->modes.seeded ? c->modes.seed : c->seed; }

void weir__seed_set(weir_ctx *c, uint64_t seed)
{
    if (c == weir__orphan()) return;
    c->modes.seeded = true;
    c->modes.seed = seed;
}

uint64_t weir__draw_key(weir_ctx *c)
{
    weir__frame *f = &c->frame;
    return weir__hash_mix(weir__hash_mix(weir__hash_mix(weir__seed(c), f->stream), f->step),
                          f->call++);
}

weir__frame weir__frame_set(weir_ctx *c, weir__frame frame)
{
    weir__frame old = c->frame;
    if (c == weir__orphan() || weir__region_open(c)) return old;
    if (c->n_scopes > 0 && !c->scopes[c->n_scopes - 1].has_frame) {
        c->scopes[c->n_scopes - 1].frame = old;
        c->scopes[c->n_scopes - 1].has_frame = true;
    }
    c->frame = frame;
    return old;
}

void weir__philox(uint64_t key, uint64_t counter_hi, uint64_t counter_lo, uint32_t out[4])
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    uint32_t x0 = (uint32_t)counter_lo;
    uint32_t x1 = (uint32_t)(counter_lo >> 32);
    uint32_t x2 = (uint32_t)counter_hi;
    uint32_t x3 = (uint32_t)(counter_hi >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p = (uint64_t)0xD2511F53u * x0, q = (uint64_t)0xCD9E8D57u * x2;
        uint32_t y0 = (uint32_t)(q >> 32) ^ x1 ^ k0, y2 = (uint32_t)(p >> 32) ^ x3 ^ k1;
        x1 = (uint32_t)q;
        x3 = (uint32_t)p;
        x0 = y0;
        x2 = y2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = x0;
    out[1] = x1;
    out[2] = x2;
    out[3] = x3;
}

/* 53 bits: 32 from the block under `key`, 21 from the one under a second key. */
static uint64_t bits53(uint64_t key, uint64_t id, uint64_t index)
{
    uint32_t hi[4], lo[4];
    weir__philox(key, id, index / 4, hi);
    weir__philox(key ^ 0x9E3779B97F4A7C15u, id, index / 4, lo);
    return (uint64_t)hi[index % 4] << 21 | lo[index % 4] >> 11;
}

double weir__uniform(uint64_t key, uint64_t id, uint64_t index)
{
    return (double)bits53(key, id, index) * 0x1p-53;
}

double weir__normal(uint64_t key, uint64_t id,
                    uint64_t index) /* Box and Muller 1958 on the pair that `index` is in */
{
    uint64_t even = index & ~(uint64_t)1;
    double u1 = ((double)bits53(key, id, even) + 0.5) * 0x1p-53;
    double u2 = (double)bits53(key, id, even + 1) * 0x1p-53;
    double r = sqrt(-2 * log(u1)), angle = 6.283185307179586476925287 * u2;
    return index % 2 ? r * sin(angle) : r * cos(angle);
}
