/* state.c - all that a run is at a step: one list of named ranges of memory, and one of counters.
 * Checkpoints and whatever else carries a run loop over these two; what is not in them does not
 * survive.
 *
 *     weights, buffer:NAME ..                  as trained so far
 *     ema, ema.buffer:NAME ..                  the average, where there is one
 *     exp_avg, ..                              the optimizer's, under its own names
 *     best, best.buffer:NAME ..                the weights that were best on validation, once there
 * are some
 *
 * The step is the only counter of steps: the loader's place, the frame of random numbers, the
 * optimizer's and the average's counts and the learning rate follow from it. */
#include <stddef.h>
#include <string.h>
#include "train/train.h"

#define COUNTER(name_, kind_) \
    { .name = #name_, .kind = WEIR__COUNTER_##kind_, .offset = offsetof(weir_run, name_) }
#define LATER_COUNTER(name_, kind_) \
    { .name = #name_, \
      .kind = WEIR__COUNTER_##kind_, \
      .offset = offsetof(weir_run, name_), \
      .later = true }

const weir__counter weir__run_counters[] = {
    COUNTER(step, INT),
    COUNTER(best_step, INT),
    COUNTER(best_valid, REAL),
    COUNTER(last_valid, REAL),
    COUNTER(loss_sum, REAL),
    COUNTER(norm_sum, REAL),
    COUNTER(loss_count, INT),
    COUNTER(metrics_bytes, INT),
    COUNTER(events_bytes, INT),
    COUNTER(seconds, REAL),
    LATER_COUNTER(failed, INT),
    LATER_COUNTER(loss_high, INT),
    LATER_COUNTER(loss_first, REAL),
    { 0 },
};

/* The ranges of a tree under another holder's name: "ema" for its weights, "ema.buffer:NAME" for a
 * buffer. */
static bool state_add_held(weir__state *s, const weir__state *held, const char *holder)
{
    weir__state_range first = held->at[0];
    char prefix[16];
    size_t used = 0;
    first.name[0] = 0;
    weir__append(prefix, sizeof prefix, &used, "%s.", holder);
    bool good = weir__state_add(s, holder, &first);
    for (int64_t i = 1; good && i < held->n; i++) good = weir__state_add(s, prefix, &held->at[i]);
    return good;
}

static bool state_add_tree(weir__state *s, const weir__state *tree)
{
    bool good = true;
    for (int64_t i = 0; good && i < tree->n; i++) good = weir__state_add(s, "", &tree->at[i]);
    return good;
}

/* An optimizer's states are each as long as the parameters, and of their type. */
static bool state_add_optimizer(weir__state *s, weir_optim *o, const weir__state_range *parameters,
                                bool divided)
{
    bool good = true;
    for (int i = 0; good && i < weir_optim_state_count(o); i++) {
        weir__state_range r = *parameters;
        const char *name;
        size_t used = 0;
        r.data = weir_optim_state_at(o, i, &name, NULL);
        r.storage = NULL;
        r.divided = divided;
        weir__append(r.name, sizeof r.name, &used, "%s", name);
        good = weir__state_add(s, "", &r);
    }
    return good;
}

weir_status weir__run_state(weir_run *r, weir__state *out)
{
    weir_ctx *c = r->object.ctx;
    const weir__state *average = weir__ema_held(r->ema);
    *out = (weir__state){ .ctx = c };
    bool good = state_add_tree(out, &r->tree) && (!average || state_add_held(out, average, "ema"));
    good = good && state_add_optimizer(out, r->optim, &r->tree.at[0], weir__run_divides(r));
    if (good && r->best.n > 0) good = state_add_held(out, &r->best, "best");
    if (!good) weir__state_free(out);
    return weir_status_of(c);
}

void weir__run_follow(weir_run *r)
{
    int64_t *updates = NULL;
    weir_loader_seek(r->loader, r->step);
    weir_optim_set_steps(r->optim, r->step);
    weir_ema_state(r->ema, NULL, &updates);
    if (updates) *updates = r->step;
}
