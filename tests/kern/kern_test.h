/* kern_test.h - what the tests of this room share: the tables this CPU runs, numbers of either type, a small generator. */
#ifndef WEIR_KERN_TEST_H
#define WEIR_KERN_TEST_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <cmocka.h>
#include "sanitized.h"
#include "weir/context.h"
#include "base/base.h"
#include "kern/kern.h"

#define EACH_KERN(k) \
    for (int isa_ = 1; isa_ <= 3; isa_++) \
        for (const weir__isa *k = weir__isa_for(isa_); k; k = NULL)
#define EACH_REAL(t) for (weir__real t = WEIR__F32; t <= WEIR__F64; t++)

static inline size_t bytes_of(weir__real t) { return t == WEIR__F32 ? 4 : 8; }
static inline double get(weir__real t, const void *x, int64_t i) { return t == WEIR__F32 ? (double)((const float *)x)[i] : ((const double *)x)[i]; }
static inline void put(weir__real t, void *x, int64_t i, double v)
{
    if (t == WEIR__F32) ((float *)x)[i] = (float)v;
    else ((double *)x)[i] = v;
}

static inline double rnd(uint64_t *state) /* [-1, 1), with all bits of a double: sums of fewer would be exact in any order */
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)((int64_t)*state >> 11) * 0x1p-52;
}

/* n threads, which end with the program; NULL: one */
static inline const weir__threads *threads_of(int n)
{
    static weir_ctx *contexts[8];
    if (n == 1) return NULL;
    weir_open_opts o = weir_open_defaults();
    o.threads = n;
    if (!contexts[n]) contexts[n] = weir_open_with(&o);
    assert_true(weir_ok(contexts[n]));
    return contexts[n]->threads;
}

static inline void *room(size_t bytes)
{
    void *p = NULL;
    if (posix_memalign(&p, 64, bytes + 64)) abort();
    memset(p, 0xee, bytes + 64);
    return p;
}

static inline void *noise(weir__real t, int64_t n, uint64_t seed)
{
    void *x = room(bytes_of(t) * (size_t)n);
    for (int64_t i = 0; i < n; i++) put(t, x, i, rnd(&seed));
    return x;
}

#endif
