/* plan.h - inside loop.c, exchange.c and reduce_nd.c: an n-d loop brought to its simplest form. */
#ifndef WEIR_KERN_PLAN_H
#define WEIR_KERN_PLAN_H
#include "kern.h"

typedef struct weir__plan {
    int ndim;                              /* axes left; the last is the inner loop */
    int64_t shape[WEIR__MAX_RANK];
    int64_t stride[4][WEIR__MAX_RANK];     /* in elements */
    int64_t outer;                         /* runs of the inner loop */
} weir__plan;

/* Drops axes of size 1, orders them and merges those that lie end to end in all operands. False
 * when there is nothing to do. */
bool weir__plan_order(weir__plan *p, const weir__loop *l, int operands);
/* A short inner loop costs a call each time round: where axis `inner` is short, the next one out
 * that is long enough takes its place, for it lies closest in memory; else the longest. */
void weir__plan_prefer_long(weir__plan *p, int operands, int inner);
/* Both, with the inner loop long. */
bool weir__plan_make(weir__plan *p, const weir__loop *l, int operands);
/* Merges neighbouring axes without moving any. */
void weir__plan_merge(weir__plan *p, int operands);
/* Offsets of the operands at run `index` of the axes before `axes`. */
void weir__plan_seek(const weir__plan *p, int operands, int axes, int64_t index, int64_t *at,
                     int64_t *offset);
/* To the next run. */
void weir__plan_next(const weir__plan *p, int operands, int axes, int64_t *at, int64_t *offset);

/* -- exchange.c -------------------------------------------------------------------------------- */
/* Copies x to y, operands 1 and 0 of the plan, where a copy by squares is worth it; else false. */
bool weir__exchange(const weir__isa *k, size_t bytes, const weir__plan *plan, void *y,
                    const void *x, const weir__threads *threads);

#endif
