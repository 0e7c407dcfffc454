/* gradients.c - runs, norm and finiteness of a module's gradients. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>
#include "optim/optim.h"

enum { CHUNK = 1024 }; /* what weir__parallel_range splits at */

typedef struct chunks {
    const weir__isa *k;
    weir__real t;
    const char *data;
    double *partial;  /* per chunk */
} chunks;

static size_t gradients_bytes_of(weir__real t) { return t == WEIR__F64 ? 8 : 4; }

static bool has_grad(const weir__slot *s)
{
    return s->tensor->requires_grad && s->tensor->leaf->has_grad;
}

static void squares(void *user, int64_t begin, int64_t end)
{
    chunks *w = user;
    for (int64_t i = begin; i < end; i += CHUNK) {
        int64_t n = end - i < CHUNK ? end - i : CHUNK;
        w->partial[i / CHUNK] = w->k->sum_squares[w->t](
            n, w->data + (size_t)i * gradients_bytes_of(w->t), 1);
    }
}

/* Fixed chunks, each summed alone, then the sums in order: the same bits on any number of threads.
 */
static double slot_squares(weir_ctx *c, weir__layout *l, const weir__slot *s, double *partial)
{
    weir__real t = (weir__real)l->dtype;
    chunks w = { .k = c->kern,
                 .t = t,
                 .data = (char *)l->grads->data + (size_t)s->flat * gradients_bytes_of(t),
                 .partial = partial };
    weir__parallel_range(s->numel, c->threads, squares, &w);
    return c->kern->sum[WEIR__F64]((s->numel + CHUNK - 1) / CHUNK, partial, 1);
}

double weir__gradients_sum_squares(weir_module *m)
{
    weir_ctx *c = m->object.ctx;
    weir__layout *l = weir__module_layout(m);
    double total = 0;
    double *partial = l ? weir__alloc_n(c, l->numel / CHUNK + 1, sizeof *partial) : NULL;
    if (!partial) return NAN;
    for (int64_t i = m->first_slot; i < m->end_slot; i++)
        if (has_grad(&l->slots[i])) total += slot_squares(c, l, &l->slots[i], partial);
    weir__free(c, partial);
    return total;
}

typedef struct hunt {
    const weir__isa *k;
    weir__real t;
    const char *data;
    atomic_bool found;
} hunt;

static void gradients_look(void *user, int64_t begin, int64_t end)
{
    hunt *h = user;
    if (h->k->find_nonfinite[h->t](end - begin, h->data + (size_t)begin * gradients_bytes_of(h->t))
        < 0)
        return;
    atomic_store_explicit(&h->found, true, memory_order_relaxed);
}

const weir__slot *weir__gradients_nonfinite(weir_module *m)
{
    weir_ctx *c = m->object.ctx;
    weir__layout *l = weir__module_layout(m);
    for (int64_t i = m->first_slot; l && i < m->end_slot; i++) {
        const weir__slot *s = &l->slots[i];
        if (!has_grad(s)) continue;
        hunt h = { .k = c->kern,
                   .t = (weir__real)l->dtype,
                   .data = (char *)l->grads->data + (size_t)s->flat * weir_dtype_size(l->dtype) };
        weir__parallel_range(s->numel, c->threads, gradients_look, &h);
        if (h.found) return s;
    }
    return NULL;
}

/* Past the last element of slot i lies padding up to the next slot. */
static int64_t zero_padding_after(weir__layout *l, int64_t i)
{
    int64_t end = l->slots[i].flat + l->slots[i].numel;
    int64_t next = i + 1 < l->n_slots ? l->slots[i + 1].flat : l->numel;
    size_t e = weir_dtype_size(l->dtype);
    memset((char *)l->grads->data + (size_t)end * e, 0, (size_t)(next - end) * e);
    return next;
}

void weir__gradient_runs(weir_module *m, void (*fn)(void *user, int64_t begin, int64_t end),
                         void *user)
{
    weir__layout *l = weir__module_layout(m);
    for (int64_t i = l ? m->first_slot : 0; l && i < m->end_slot; i++) {
        if (!has_grad(&l->slots[i])) continue;
        int64_t begin = l->slots[i].flat, end = zero_padding_after(l, i);
        for (; i + 1 < m->end_slot && has_grad(&l->slots[i + 1]); i++)
            end = zero_padding_after(l, i + 1);
        fn(user, begin, end);
    }
}
