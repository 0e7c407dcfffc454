/* optim.h - the inside of an optimizer. A row says which flat states it keeps and how one dense
 * range is updated. */
#ifndef WEIR_OPTIM_INTERNAL_H
#define WEIR_OPTIM_INTERNAL_H
#include "base/base.h"
#include "kern/kern.h"
#include "nn/nn.h"
#include "weir/optim.h"

enum { WEIR__OPTIM_STATES = 2 };

/* What a range pass needs besides memory. */
typedef struct weir__optim_now {
    double lr, g_scale; /* g_scale: of clipping */
    int64_t step;       /* this one's number, from 1 */
} weir__optim_now;

typedef struct weir__optim_row {
    weir_row row; /* every optimizer has an option `lr` */
    const char *states[WEIR__OPTIM_STATES]; /* NULL: fewer */
    int (*n_states)(const void *options);
    void (*range)(const weir__isa *k, weir__real t, int64_t n, void *p, const void *g,
                  void *const *state, const void *options, const weir__optim_now *now);
} weir__optim_row;

struct weir_optim {
    weir__object object;
    const weir__optim_row *row;
    weir_module *module;
    weir__layout *layout;
    void *options;
    int n_states;
    void *state[WEIR__OPTIM_STATES]; /* [to - from] each */
    int64_t from, to; /* of the flat values: what a step updates; all of them unless divided */
    bool divided;
    double lr, g_scale;
    int64_t steps;
};

weir__object *weir__optim_nil_new(weir_ctx *c);
extern weir_optim weir__orphan_optim;
extern const weir_row *const weir__optimizer_rows[];
extern const int64_t weir__optimizer_row_count;
extern const weir_row *const weir__schedule_rows[];
extern const int64_t weir__schedule_row_count;

/* -- divide.c: each of several ranks has a part of the optimizer ------------------------------- */
/* Where the part of rank r begins, of n values; r = ranks: n. */
int64_t weir__optim_part(int64_t n, int r, int ranks);
/* As weir_optim_new_with, of rank r's part alone. */
weir_optim *weir__optim_new_part(weir_module *m, const char *name, const void *options, int r,
                                 int ranks);
/* From here on it keeps and updates rank r's part alone; the caller sees to the others' values. */
weir_status weir__optim_divide(weir_optim *o, int r, int ranks);

/* ema.c: the average and its buffers; NULL of NULL. */
const weir__state *weir__ema_held(const weir_ema *e);

/* gradients.c: passes over the gradients of a module's parameters. */
/* Sum of squares over all that have one, in an order that depends on the layout alone. NaN on no
 * memory. */
double weir__gradients_sum_squares(weir_module *m);
/* The first parameter whose gradient holds a non-finite value, or NULL. */
const weir__slot *weir__gradients_nonfinite(weir_module *m);

/* Calls fn(user, begin, end) for every maximal run of neighbouring parameters of m that have
 * gradients; padding inside is included (and its gradient zeroed), so that p and states stay 0
 * there. */
void weir__gradient_runs(weir_module *m, void (*fn)(void *user, int64_t begin, int64_t end),
                         void *user);

#endif
