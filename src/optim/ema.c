/* ema.c - an exponential moving average of the parameters: average <- mu average + (1 - mu) p,
 * mu = min(decay, (1 + n) / (10 + n)), n = 1, 2, ... (the warm start of Song et al., score_sde); or
 * by a half-life h in samples, of updates of `batch` each (Karras et al. 2022, training_loop.py):
 * mu = 0.5^(batch / min(h, ramp batch (n - 1))), where nothing was seen before 0.
 * Buffers are not averaged: with the average go those of the last update. */
#include <math.h>
#include <string.h>
#include "optim/optim.h"

struct weir_ema {
    weir__object object;
    const weir__layout *layout;
    weir__state tree; /* what the module holds; at[0] are the parameters */
    weir__state own; /* the same ranges: the average, and buffers as they were at the last update */
    double decay; /* where half_life is 0 */
    double half_life, ramp; /* in updates; a part of those done, 0: no ramp */
    double mu; /* of the running update */
    int64_t updates;
    int64_t starts; /* of the layout when the average last was the parameters */
};

static weir_ema *ema_over(weir_module *m, const char *who)
{
    weir_ctx *c = weir_module_ctx(m);
    weir_ema *e = weir__module_owns(m, who) ? weir__alloc0(c, sizeof *e) : NULL;
    if (!e) return NULL;
    e->object = weir__object_home(c, (weir__kind)WEIR__EMA, NULL);
    if (weir__state_of(c, m, &e->tree) == WEIR_OK
        && weir__state_clone(&e->tree, &e->own) == WEIR_OK) {
        e->layout = weir__module_layout(m);
        e->starts = e->layout->starts;
        return e;
    }
    weir_ema_free(e);
    return NULL;
}

weir_ema *weir_ema_new(weir_module *m, double decay)
{
    WEIR__AS_FOUND;
    if (!weir__module_usable(m, "ema_new")) return NULL;
    if (!(decay >= 0 && decay < 1)) {
        weir_fail(weir_module_ctx(m), WEIR_ERROR_RANGE, "ema_new: decay %g: expected [0, 1)",
                  decay);
        return NULL;
    }
    weir_ema *e = ema_over(m, "ema_new");
    if (e) e->decay = decay;
    return e;
}

weir_ema *weir_ema_new_half_life(weir_module *m, int64_t batch, double half_life, double ramp)
{
    WEIR__AS_FOUND;
    if (!weir__module_usable(m, "ema_new_half_life")) return NULL;
    if (batch < 1 || !(half_life > 0 && half_life < INFINITY) || !(ramp >= 0 && ramp < INFINITY)) {
        weir_fail(weir_module_ctx(m), WEIR_ERROR_RANGE,
                  "ema_new_half_life: batch %lld, half-life %g, ramp %g: expected batch and "
                  "half-life above 0 and a ramp of at least 0, all finite",
                  (long long)batch, half_life, ramp);
        return NULL;
    }
    weir_ema *e = ema_over(m, "ema_new_half_life");
    if (!e) return NULL;
    e->half_life = half_life / (double)batch;
    e->ramp = ramp;
    return e;
}

void weir_ema_free(weir_ema *e)
{
    WEIR__AS_FOUND;
    if (!e) return;
    weir__state_free(&e->own);
    weir__state_free(&e->tree);
    weir__free(e->object.ctx, e);
}

static void blend(void *user, int64_t begin, int64_t end)
{
    const weir_ema *e = user;
    if (e->own.at[0].dtype == WEIR_F64) {
        double *a = e->own.at[0].data;
        const double *p = e->tree.at[0].data;
        for (int64_t i = begin; i < end; i++) a[i] = e->mu * a[i] + (1 - e->mu) * p[i];
    } else {
        float *a = e->own.at[0].data, mu = (float)e->mu, rest = (float)(1 - e->mu);
        const float *p = e->tree.at[0].data;
        for (int64_t i = begin; i < end; i++) a[i] = mu * a[i] + rest * p[i];
    }
}

/* Of update n, from 1 */
static double ema_factor(const weir_ema *e, double n)
{
    double warm = (1 + n) / (10 + n), half_life = e->half_life;
    if (!(half_life > 0)) return warm < e->decay ? warm : e->decay;
    if (e->ramp > 0 && e->ramp * (n - 1) < half_life) half_life = e->ramp * (n - 1);
    return half_life > 0 ? exp2(-1 / half_life) : 0;
}

void weir_ema_update(weir_ema *e)
{
    WEIR__AS_FOUND;
    if (!e || !weir_ok(e->object.ctx)) return;
    if (e->starts != e->layout->starts) {
        /* the parameters have begun anew, from data: so does their average */
        weir__state_copy(&e->own, &e->tree, "ema_update");
        e->starts = e->layout->starts;
    }
    e->mu = ema_factor(e, (double)++e->updates);
    weir__parallel_range(e->own.at[0].shape[0], e->object.ctx->threads, blend, e);
    weir__state_copy_buffers(&e->own, &e->tree, "ema_update");
}

void weir_ema_swap(weir_ema *e)
{
    WEIR__AS_FOUND;
    if (!e) return; /* also in a failed context, so that a swap can always be undone */
    if (!weir__storage_may_change(e->object.ctx, e->layout->values, "ema_swap")) return;
    weir__state_exchange(&e->tree, &e->own, "ema_swap");
}

void *weir_ema_state(weir_ema *e, int64_t *n, int64_t **updates)
{
    if (n) *n = e ? e->own.at[0].shape[0] : 0;
    if (updates) *updates = e ? &e->updates : NULL;
    return e ? e->own.at[0].data : NULL;
}

const weir__state *weir__ema_held(const weir_ema *e) { return e ? &e->own : NULL; }
