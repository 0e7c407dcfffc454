/* ranges.c - what a tree holds, as a list of named ranges of memory: all parameters as one, then
 * each buffer. Averages, the best weights, checkpoints, shares and whatever else keeps or sends a
 * tree loop over such a list, so that none of them forgets a part of it. */
#include <string.h>
#include "kern/kern.h"
#include "nn/nn.h"

enum { ALIGN = 64 };

bool weir__state_add(weir__state *s, const char *prefix, const weir__state_range *r)
{
    if (!weir__grow(s->ctx, &s->at, &s->cap, s->n + 1, sizeof *s->at)) return false;
    weir__state_range *to = &s->at[s->n];
    size_t used = 0;
    *to = *r;
    weir__append(to->name, sizeof to->name, &used, "%s%s", prefix, r->name);
    if (used >= sizeof to->name) {
        weir_fail(s->ctx, WEIR_ERROR_NAME, "state: %s%.80s: expected a name of at most %d bytes",
                  prefix, r->name, WEIR__STATE_NAME - 1);
        return false;
    }
    s->n++;
    return true;
}

/* -- the list of a tree ----------------------------------------------------------------------- */
static bool state_add_parameters(weir__state *s, weir__layout *l)
{
    weir__state_range r = {
        .name = "weights",
        .dtype = l->dtype,
        .ndim = 1,
        .shape = { l->numel },
        .data = l->values->data,
        .bytes = (size_t)l->numel * weir_dtype_size(l->dtype),
        .storage = l->values,
    };
    return weir__state_add(s, "", &r);
}

static bool state_add_buffer(weir__state *s, const weir__item *item)
{
    weir_tensor *t = item->tensor;
    weir__state_range r = {
        .dtype = t->dtype,
        .ndim = t->ndim,
        .data = weir__ptr(t),
        .bytes = (size_t)t->numel * weir_dtype_size(t->dtype),
        .storage = t->storage,
    };
    size_t used = 0;
    memcpy(r.shape, t->shape, sizeof r.shape);
    weir__append(r.name, sizeof r.name, &used, "%s", item->name);
    return weir__state_add(s, WEIR__STATE_BUFFER, &r);
}

static weir_status state_of(weir_ctx *c, weir_module *m, bool parameters, weir__state *out)
{
    weir__layout *l = weir__module_layout(m);
    *out = (weir__state) { .ctx = c };
    if (!l) return weir_status_of(weir_module_ctx(m));
    bool good = !parameters || state_add_parameters(out, l);
    for (int64_t i = 0; good && i < l->n_items; i++)
        if (l->items[i].is_buffer) good = state_add_buffer(out, &l->items[i]);
    if (!good) weir__state_free(out);
    return weir_status_of(c);
}

weir_status weir__state_of(weir_ctx *c, weir_module *m, weir__state *out)
{
    return state_of(c, m, true, out);
}
weir_status weir__state_of_buffers(weir_ctx *c, weir_module *m, weir__state *out)
{
    return state_of(c, m, false, out);
}

/* -- keeping one ------------------------------------------------------------------------------ */
static size_t state_padded(size_t bytes) { return (bytes + ALIGN - 1) / ALIGN * ALIGN; }

weir_status weir__state_clone(const weir__state *of, weir__state *out)
{
    weir_ctx *c = of->ctx;
    size_t bytes = 0;
    *out = (weir__state) { .ctx = c };
    for (int64_t i = 0; i < of->n; i++) bytes += state_padded(of->at[i].bytes);
    bool good = (out->memory = weir__alloc(c, bytes)) != NULL;
    for (int64_t i = 0; good && i < of->n; i++) good = weir__state_add(out, "", &of->at[i]);
    if (!good) {
        weir__state_free(out);
        return weir_status_of(c);
    }
    char *at = out->memory;
    for (int64_t i = 0; i < out->n; i++) {
        out->at[i].data = at;
        out->at[i].storage = NULL;
        at += state_padded(out->at[i].bytes);
    }
    weir__state_copy(out, of, "clone");
    return WEIR_OK;
}

void weir__state_free(weir__state *s)
{
    if (!s->ctx) return;
    weir__free(s->ctx, s->memory);
    weir__free(s->ctx, s->at);
    *s = (weir__state) { 0 };
}

/* -- moving values between two lists of one tree ---------------------------------------------- */
static void range_copy(const weir__state_range *to, const weir__state_range *from, const char *who)
{
    memcpy(to->data, from->data, to->bytes);
    if (to->storage) weir__storage_changed(to->storage, who);
}

void weir__state_copy(const weir__state *to, const weir__state *from, const char *who)
{
    for (int64_t i = 0; i < to->n; i++) range_copy(&to->at[i], &from->at[i], who);
}

void weir__state_copy_buffers(const weir__state *to, const weir__state *from, const char *who)
{
    for (int64_t i = 1; i < to->n; i++) range_copy(&to->at[i], &from->at[i], who);
}

typedef struct exchange {
    char *a, *b;
} exchange;

static void exchange_bytes(void *user, int64_t begin, int64_t end)
{
    enum { BLOCK = 4096 };
    const exchange *x = user;
    char kept[BLOCK];
    for (int64_t i = begin; i < end; i += BLOCK) {
        size_t n = (size_t)(end - i < BLOCK ? end - i : BLOCK);
        memcpy(kept, x->a + i, n);
        memcpy(x->a + i, x->b + i, n);
        memcpy(x->b + i, kept, n);
    }
}

void weir__state_exchange(const weir__state *a, const weir__state *b, const char *who)
{
    for (int64_t i = 0; i < b->n; i++) {
        exchange x = { .a = a->at[i].data, .b = b->at[i].data };
        weir__parallel_range((int64_t)b->at[i].bytes, a->ctx->threads, exchange_bytes, &x);
        if (a->at[i].storage) weir__storage_changed(a->at[i].storage, who);
    }
}
