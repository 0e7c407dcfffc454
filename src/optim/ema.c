/* ema.c - an exponential moving average of the parameters: average <- mu average + (1 - mu) p, mu = min(decay, (1 + n) / (10 + n)),
 * n = 1, 2, ... (the warm start of Song et al., score_sde). */
#include <string.h>
#include "optim/optim.h"

struct weir_ema {
    weir_ctx *ctx;
    weir__layout *layout;
    void *average;
    double decay, mu; /* mu: of the running update */
    int64_t updates;
    int64_t starts; /* of the layout when the average last was the parameters */
};

weir_ema *weir_ema_new(weir_module *m, double decay)
{
    weir_ctx *c = weir_module_ctx(m);
    if (!weir__module_usable(m, "ema_new")) return NULL;
    if (!(decay >= 0 && decay < 1)) return weir_fail(c, WEIR_ERROR_RANGE, "ema_new: decay %g: expected [0, 1)", decay), NULL;
    weir__layout *l = weir__module_owns(m, "ema_new") ? weir__module_layout(m) : NULL;
    weir_ema *e = l ? weir__alloc0(c, sizeof *e) : NULL;
    if (!e) return NULL;
    size_t bytes = (size_t)l->numel * weir_dtype_size(l->dtype);
    *e = (weir_ema){
        .ctx = c,
        .layout = l,
        .decay = decay,
        .average = weir__alloc(c, bytes),
        .starts = l->starts,
    };
    if (!e->average) return weir__free(c, e), NULL;
    memcpy(e->average, l->values->data, bytes);
    return e;
}

void weir_ema_free(weir_ema *e)
{
    if (!e) return;
    weir__free(e->ctx, e->average);
    weir__free(e->ctx, e);
}

static void blend(void *user, int64_t begin, int64_t end)
{
    const weir_ema *e = user;
    if (e->layout->dtype == WEIR_F64) {
        double *a = e->average;
        const double *p = e->layout->values->data;
        for (int64_t i = begin; i < end; i++) a[i] = e->mu * a[i] + (1 - e->mu) * p[i];
    } else {
        float *a = e->average, mu = (float)e->mu, rest = (float)(1 - e->mu);
        const float *p = e->layout->values->data;
        for (int64_t i = begin; i < end; i++) a[i] = mu * a[i] + rest * p[i];
    }
}

void weir_ema_update(weir_ema *e)
{
    if (!e || !weir_ok(e->ctx)) return;
    if (e->starts != e->layout->starts) { /* the parameters have begun anew, from data: so does their average */
        memcpy(e->average, e->layout->values->data, (size_t)e->layout->numel * weir_dtype_size(e->layout->dtype));
        e->starts = e->layout->starts;
    }
    double n = (double)++e->updates, warm = (1 + n) / (10 + n);
    e->mu = warm < e->decay ? warm : e->decay;
    weir__parallel_range(e->layout->numel, e->ctx->threads, blend, e);
}

static void exchange(void *user, int64_t begin, int64_t end)
{
    const weir_ema *e = user;
    enum { BLOCK = 4096 };
    char kept[BLOCK], *a = e->average, *p = e->layout->values->data;
    size_t size = weir_dtype_size(e->layout->dtype), from = (size_t)begin * size, to = (size_t)end * size;
    for (size_t i = from; i < to; i += BLOCK) {
        size_t n = to - i < BLOCK ? to - i : BLOCK;
        memcpy(kept, a + i, n);
        memcpy(a + i, p + i, n);
        memcpy(p + i, kept, n);
    }
}

void weir_ema_swap(weir_ema *e)
{
    if (!e) return; /* also in a failed context, so that a swap can always be undone */
    weir__parallel_range(e->layout->numel, e->ctx->threads, exchange, e);
    weir__storage_changed(e->layout->values, "ema_swap");
}

void *weir_ema_state(weir_ema *e, int64_t *n, int64_t **updates)
{
    if (n) *n = e ? e->layout->numel : 0;
    if (updates) *updates = e ? &e->updates : NULL;
    return e ? e->average : NULL;
}
