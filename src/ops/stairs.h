/* stairs.h - layers whose units are computed in steps: stairs.c. */
#ifndef WEIR_OPS_STAIRS_H
#define WEIR_OPS_STAIRS_H
#include "base/base.h"
#include "kern/kern.h"

/* A layer y = f(W x + b) of the y before it; the first is the input, of y and g alone. Its units
 * lie in the order of their steps: those of step t are first[t] .. first[t + 1] - 1, which see of
 * the layer before what that has by step t, a beginning. Values are [units, batch], dense. */
typedef struct weir__stair {
    const int64_t *first; /* [steps + 1]; the units are first[steps] */
    const void *w;        /* [units, units before], dense, 0 of what a unit does not see */
    void *sum;            /* W x + b; b at the beginning */
    void *y;              /* sum itself where there is no f */
    weir__unary f;        /* one of weir_act's; copy: none */
    int plus;             /* the layer whose sum joins the sum; 0: none */
    void *g;              /* the gradient of sum, of the input's y; 0 at the beginning */
    void *slope;          /* f'(sum) */
} weir__stair;
typedef struct weir__stairs {
    weir_ctx *ctx;
    weir__real type;
    int64_t steps, batch;
    int n; /* layers, with the input */
    weir__stair *layer;
} weir__stairs;

/* The units of a step, of the input's and of all units of the steps before. */
void weir__stairs_up(const weir__stairs *s, int64_t step);
/* All units at once, and the slopes; no step was done before. */
void weir__stairs_whole(const weir__stairs *s);
/* After that: g of the units of a step, from the last layer's of this step and those behind it, and
 * from what `down` made of those behind it. */
void weir__stairs_down(const weir__stairs *s, int64_t step);

#endif
