/* ema.c - an exponential moving average of the parameters: average <- mu average + (1 - mu) p,
 * mu = min(decay, (1 + n) / (10 + n)), n = 1, 2, ... (the warm start of Song et al., score_sde).
 * Buffers are not averaged: with the average go those of the last update. */
#include <string.h>
#include "optim/optim.h"

struct weir_ema {
    weir_ctx *ctx;
    const weir__layout *layout;
    weir__state tree; /* what the module holds; at[0] are the parameters */
    weir__state own;  /* the same ranges: the average, and buffers as they were at the last update */
    double decay, mu; /* mu: of the running update */
    int64_t updates;
    int64_t starts; /* of the layout when the average last was the parameters */
};

weir_ema *weir_ema_new(weir_module *m, double decay)
{
    WEIR__AS_FOUND;
    weir_ctx *c = weir_module_ctx(m);
    if (!weir__module_usable(m, "ema_new")) return NULL;
    if (!(decay >= 0 && decay < 1)) return weir_fail(c, WEIR_ERROR_RANGE, "ema_new: decay %g: expected [0, 1)", decay), NULL;
    weir_ema *e = weir__module_owns(m, "ema_new") ? weir__alloc0(c, sizeof *e) : NULL;
    if (!e) return NULL;
    *e = (weir_ema){ .ctx = c, .decay = decay };
    if (weir__state_of(c, m, &e->tree) == WEIR_OK
        && weir__state_clone(&e->tree, &e->own) == WEIR_OK) {
        e->layout = weir__module_layout(m);
        e->starts = e->layout->starts;
        return e;
    }
    weir_ema_free(e);
    return NULL;
}

void weir_ema_free(weir_ema *e)
{
    WEIR__AS_FOUND;
    if (!e) return;
    weir__state_free(&e->own);
    weir__state_free(&e->tree);
    weir__free(e->ctx, e);
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

void weir_ema_update(weir_ema *e)
{
    WEIR__AS_FOUND;
    if (!e || !weir_ok(e->ctx)) return;
    if (e->starts != e->layout->starts) {
        /* the parameters have begun anew, from data: so does their average */
        weir__state_copy(&e->own, &e->tree, "ema_update");
        e->starts = e->layout->starts;
    }
    double n = (double)++e->updates, warm = (1 + n) / (10 + n);
    e->mu = warm < e->decay ? warm : e->decay;
    weir__parallel_range(e->own.at[0].shape[0], e->ctx->threads, blend, e);
    weir__state_copy_buffers(&e->own, &e->tree, "ema_update");
}

void weir_ema_swap(weir_ema *e)
{
    WEIR__AS_FOUND;
    if (!e) return; /* also in a failed context, so that a swap can always be undone */
    if (!weir__storage_may_change(e->ctx, e->layout->values, "ema_swap")) return;
    weir__state_exchange(&e->tree, &e->own, "ema_swap");
}

void *weir_ema_state(weir_ema *e, int64_t *n, int64_t **updates)
{
    if (n) *n = e ? e->own.at[0].shape[0] : 0;
    if (updates) *updates = e ? &e->updates : NULL;
    return e ? e->own.at[0].data : NULL;
}

const weir__state *weir__ema_held(const weir_ema *e) { return e ? &e->own : NULL; }
