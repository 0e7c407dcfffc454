/* hash.c - the fingerprint of data: XXH64 (Y. Collet,
 * https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), streamed.
 *
 * Four independent lanes of multiply and rotate read 32 bytes at a time, several GB/s on one core;
 * a byte-at-a-time FNV would take a second for MNIST. The value goes into checkpoints: it must
 * never change. Not made to resist an adversary. */
#include <string.h>
#include "data/data.h"

static const uint64_t P1 = 0x9E3779B185EBCA87u;
static const uint64_t P2 = 0xC2B2AE3D27D4EB4Fu;
static const uint64_t P3 = 0x165667B19E3779F9u;
static const uint64_t P4 = 0x85EBCA77C2B2AE63u;
static const uint64_t P5 = 0x27D4EB2F165667C5u;

static uint64_t rotate(uint64_t x, int by) { return x << by | x >> (64 - by); }

static uint64_t word64(const unsigned char *p)
{
    uint64_t x = 0;
    for (int i = 7; i >= 0; i--) x = x << 8 | p[i];
    return x;
}

static uint64_t word32(const unsigned char *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}

static uint64_t round_of(uint64_t lane, uint64_t x) { return rotate(lane + x * P2, 31) * P1; }

static void stripes(weir__hasher *h, const unsigned char *p, size_t n)
{
    uint64_t a = h->lane[0], b = h->lane[1], c = h->lane[2], d = h->lane[3];
    for (size_t i = 0; i < n; i++, p += 32) {
        a = round_of(a, word64(p));
        b = round_of(b, word64(p + 8));
        c = round_of(c, word64(p + 16));
        d = round_of(d, word64(p + 24));
    }
    h->lane[0] = a;
    h->lane[1] = b;
    h->lane[2] = c;
    h->lane[3] = d;
}

void weir__hasher_begin(weir__hasher *h)
{
    *h = (weir__hasher){ .lane = { P1 + P2, P2, 0, 0 - P1 } };
}

void weir__hasher_add(weir__hasher *h, const void *data, size_t bytes)
{
    const unsigned char *p = data;
    h->total += bytes;
    if (h->n_pending) {
        size_t take = 32 - h->n_pending < bytes ? 32 - h->n_pending : bytes;
        memcpy(h->pending + h->n_pending, p, take);
        h->n_pending += take;
        p += take;
        bytes -= take;
        if (h->n_pending < 32) return;
        stripes(h, h->pending, 1);
    }
    stripes(h, p, bytes / 32);
    h->n_pending = bytes % 32;
    if (h->n_pending) memcpy(h->pending, p + bytes - h->n_pending, h->n_pending);
}

static uint64_t tail(uint64_t x, const unsigned char *p, size_t n)
{
    for (; n >= 8; p += 8, n -= 8) x = rotate(x ^ round_of(0, word64(p)), 27) * P1 + P4;
    if (n >= 4) {
        x = rotate(x ^ word32(p) * P1, 23) * P2 + P3;
        p += 4;
        n -= 4;
    }
    for (; n; p++, n--) x = rotate(x ^ *p * P5, 11) * P1;
    return x;
}

uint64_t weir__hasher_end(const weir__hasher *h)
{
    uint64_t x = h->lane[2] + P5; /* lane 2 is the seed (0) while no stripe was read */
    if (h->total >= 32) {
        x = rotate(h->lane[0], 1) + rotate(h->lane[1], 7) + rotate(h->lane[2], 12)
            + rotate(h->lane[3], 18);
        for (int i = 0; i < 4; i++) x = (x ^ round_of(0, h->lane[i])) * P1 + P4;
    }
    x = tail(x + h->total, h->pending, h->n_pending);
    x = (x ^ x >> 33) * P2;
    x = (x ^ x >> 29) * P3;
    return x ^ x >> 32;
}
