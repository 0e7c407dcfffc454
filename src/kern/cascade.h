/* cascade.h - adds a stream of block results as a binary tree, so that rounding errors grow like
 * log n and the order depends on the number of blocks alone: after block number b, as many pending
 * results are joined as b has trailing one bits. */
#ifndef WEIR_KERN_CASCADE_H
#define WEIR_KERN_CASCADE_H
#include <stdbool.h>
#include <stdint.h>

enum {
    WEIR__BLOCK = 512,
    WEIR__COLUMNS = 256,     /* results side by side whose lanes level 1 holds */
    WEIR__CASCADE_DEPTH = 54 /* 2^63 elements are 2^54 blocks */
};

typedef struct weir__cascade {
    int64_t count;
    double pending[WEIR__CASCADE_DEPTH];
    int depth;
    bool max;
} weir__cascade;

static inline void weir__cascade_start(weir__cascade *c, bool max)
{
    c->count = 0; /* what is pending needs no value yet */
    c->depth = 0;
    c->max = max;
}

static inline double weir__cascade_join(bool max, double a, double b)
{
    if (!max) return a + b;
    return b > a || b != b ? b : a;
}

/* Joins the pending results `top` to those before them */
static inline void weir__cascade_join_row(double *before, const double *top, int64_t n, bool max)
{
    for (int64_t j = 0; j < n; j++) before[j] = weir__cascade_join(max, before[j], top[j]);
}

/* n cascades at once, what is pending of them [.., n]: the results of block b, counted from 0, lie
 * at `top` behind it, and are joined to what they complete. Returns where those of the next go. */
static inline double *weir__cascade_carry(double *top, int64_t b, int64_t n, bool max)
{
    for (; b & 1; b >>= 1, top -= n) weir__cascade_join_row(top - n, top, n, max);
    return top + n;
}

/* Joins all that is pending, up to where the next results would go, in `pending` [n] */
static inline void weir__cascade_end_row(double *pending, double *next, int64_t n, bool max)
{
    for (double *top = next - n; top > pending; top -= n)
        weir__cascade_join_row(top - n, top, n, max);
}

static inline void weir__cascade_add(weir__cascade *c, double x)
{
    for (int64_t b = c->count++; b & 1; b >>= 1)
        x = weir__cascade_join(c->max, c->pending[--c->depth], x);
    c->pending[c->depth++] = x;
}

static inline double weir__cascade_end(weir__cascade *c)
{
    if (c->depth == 0) return c->max ? -__builtin_inf() : 0;
    double x = c->pending[--c->depth];
    while (c->depth > 0) x = weir__cascade_join(c->max, c->pending[--c->depth], x);
    return x;
}

#endif
