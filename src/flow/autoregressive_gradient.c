/* autoregressive_gradient.c - gradients of the inverse of an autoregressive flow, which remembers
 * its result alone. With x = g(y; h), log|dx/dy| = l(y; h) element by element and h = h(x), the
 * gradients a of x and b of l first become those of all that depends on a column,
 *
 *     w = a + (dh/dx)^T v,    v = w dg/dh + b dl/dh,
 *
 * a triangular system, since h_i sees the columns before i alone: solved from the last column to
 * the first, on the network's way back by columns, it costs one pass. Then, by the implicit
 * function theorem, w and b go back through g, l and h of the given x in one recorded pass.
 *
 * While gradients are themselves recorded the inverse of a pass for each column is. */
#include <string.h>
#include "flow/autoregressive.h"
#include "grad/grad.h"

enum { X, LOG_SLOPES, OUTPUTS, CONDITIONS = 16 };

/* The inputs: y, the tensors of the condition, the parameters. */
typedef struct inverse {
    weir_module *m;
    int conditions; /* number of their tensors */
    char names[CONDITIONS][64];
} inverse;

/* -- the way back ------------------------------------------------------------------------------ */
typedef struct back {
    weir_vjp *v;
    bool recording; /* of gradients */
    const weir__autoregressive *s;
    const weir_condition *k;
    int n; /* of what wants a gradient */
    weir_tensor **wanted, **grad; /* [n] */
    weir_tensor *y;
} back;

/* Input i as the pass sees it: what wants a gradient is a leaf, or while recording a result. */
static weir_tensor *back_input(back *b, int i)
{
    weir_vjp *v = b->v;
    bool needs = weir_vjp_needs(v, i);
    weir_tensor *leaf = weir__vjp_leaf(v, i);
    v->ctx->modes.no_grad = leaf != NULL; /* which is looked at alone: has it changed? */
    weir_tensor *x = weir_vjp_in(v, i);
    v->ctx->modes.no_grad = false;
    if (!needs && !leaf) return weir_detach(x);
    if (!leaf && !b->recording) leaf = weir_set_requires_grad(weir_detach(x), true);
    if (!leaf) leaf = weir_view(x, x->ndim, x->shape);
    if (weir__vjp_takes(v, 0, i)) b->wanted[b->n++] = leaf;
    return leaf;
}

static bool back_begin(back *b)
{
    weir_vjp *v = b->v;
    const inverse *a = v->attr;
    b->wanted = weir__alloc_n(v->ctx, 2 * (int64_t)v->n_in, sizeof(weir_tensor *));
    if (!b->wanted) return false;
    b->grad = b->wanted + v->n_in;
    b->y = back_input(b, 0);
    weir_condition *k = a->conditions > 0 ? weir_condition_new(v->ctx) : NULL;
    for (int i = 0; i < a->conditions; i++)
        k = weir_condition_with(k, a->names[i], back_input(b, 1 + i));
    b->k = k;
    for (int i = 1 + a->conditions; i < v->n_in; i++) back_input(b, i);
    return weir_ok(v->ctx);
}

/* The gradients of what was made again, by gradients of x and the log-slopes; NULL: none. */
static void back_give(back *b, weir_tensor *x, weir_tensor *log_slopes, weir_tensor *by_x,
                      weir_tensor *by_log_slopes)
{
    weir_vjp *v = b->v;
    weir_tensor *of[OUTPUTS], *by[OUTPUTS];
    int n = 0;
    if (by_x && x->requires_grad) {
        of[n] = x;
        by[n++] = by_x;
    }
    if (by_log_slopes && log_slopes->requires_grad) {
        of[n] = log_slopes;
        by[n++] = by_log_slopes;
    }
    if (n == 0 || weir_grad(n, of, b->n, b->wanted, by, b->recording, false, b->grad) != WEIR_OK)
        return;
    for (int i = 0, j = 0; i < v->n_in; i++)
        if (weir__vjp_takes(v, 0, i) && !weir_is_nil(b->grad[j++]))
            weir_vjp_set(v, i, b->grad[j - 1]);
}

/* -- the triangular system --------------------------------------------------------------------- */
/* [B, dim, n] as [dim, n, B] */
static weir_tensor *by_column(weir_tensor *x)
{
    static const int order[] = { 1, 2, 0 };
    return weir_contiguous(weir_permute(x, order));
}

/* dy/dh of y [B, dim], element by element, times `by`, NULL: 0; [dim, params, B]. The graph stays.
 */
static weir_tensor *gradient_of(weir_tensor *y, weir_tensor *h, weir_tensor *by)
{
    weir_tensor *g = weir__nil(h->object.ctx, WEIR__TENSOR);
    if (by && y->requires_grad) weir_grad(1, &y, 1, &h, &by, false, true, &g);
    return by_column(weir_is_nil(g) && weir_ok(h->object.ctx) ? weir_zeros_like(h) : g);
}

/* Slopes of what the network sees of x [B, dim]: [dim, of a column, B]; NULL: it sees x. */
static weir_tensor *see_slopes(const weir__autoregressive *s, weir_tensor *x)
{
    enum { MOST = 2 };
    weir_tensor *slope[MOST], *one = weir_full_like(x, 1);
    int n = (int)(weir__map_seen(s->map, s->dim) / s->dim);
    if (n == 1) return NULL;
    x = weir_set_requires_grad(weir_detach(x), true);
    weir_tensor *seen = weir__map_see(s->map, x);
    for (int i = 0; i < n; i++) {
        weir_tensor *part = weir_slice(seen, 1, i * s->dim, (i + 1) * s->dim, 1);
        weir_grad(1, &part, 1, &x, &one, false, true, &slope[i]);
    }
    return by_column(weir_stack(n, slope, 2));
}

typedef struct triangle {
    weir__by_column *run;
    weir_tensor *w; /* [dim, B]: a, and then the solution */
    weir_tensor *dg, *dl; /* [dim, params, B]: dg/dh, and b dl/dh */
    weir_tensor *slopes; /* of see_slopes */
} triangle;

static void solve_column(const triangle *t, int64_t i, bool last)
{
    weir__by_column *r = t->run;
    weir_scope scope = weir_scope_begin(t->w->object.ctx);
    weir_tensor *w = weir_select(t->w, 0, i);
    if (!last) {
        weir_tensor *g = weir_select(r->g_in, 0, i);
        if (t->slopes) g = weir_mul(g, weir_select(t->slopes, 0, i));
        weir_add_(w, weir_sum_axes(g, 1, (const int[]){ 0 }, false));
    }
    weir_tensor *v = weir_add(weir_mul(weir_select(t->dg, 0, i), w), weir_select(t->dl, 0, i));
    weir_copy_(weir_select(r->g_out, 0, i), v);
    if (i > 0) r->down(r, i);
    weir_scope_end(scope);
}

/* w [B, dim] of a [B, dim], which may be NULL: 0. */
static weir_tensor *solve(const back *b, weir_tensor *x, weir_tensor *a, triangle t)
{
    const weir__autoregressive *s = b->s;
    weir_ctx *c = x->object.ctx;
    int64_t n = weir__map_seen(s->map, s->dim) / s->dim;
    const int64_t parts[] = { x->shape[0], n, s->dim };
    static const int order[] = { 2, 1, 0 };
    t.slopes = see_slopes(s, x);
    c->modes.no_grad = true;
    t.run = s->net->by_column(s->net, x, b->k);
    if (!t.run) {
        weir_fail(c, WEIR_ERROR_STATE, "%s: backward: expected the network of the inverse",
                  b->v->op->row.name);
        return weir__nil(c, WEIR__TENSOR);
    }
    weir_copy_(t.run->in, weir_permute(weir_reshape(weir__map_see(s->map, x), 3, parts), order));
    t.run->whole(t.run);
    t.w = weir_zeros(c, x->dtype, 2, (const int64_t[]){ s->dim, x->shape[0] });
    if (a) weir_copy_(t.w, weir_transpose(a, 0, 1));
    for (int64_t i = s->dim - 1; i >= 0 && weir_ok(c); i--) solve_column(&t, i, i == s->dim - 1);
    t.run->end(t.run);
    c->modes.no_grad = false;
    return weir_contiguous(weir_transpose(t.w, 0, 1));
}

/* -- backward ---------------------------------------------------------------------------------- */
static void back_once(back *b)
{
    weir_vjp *v = b->v;
    const weir__autoregressive *s = b->s;
    weir_tensor *const *by = v->gout;
    weir_tensor *at = weir_detach(weir_vjp_out(v, X)), *log_slopes = NULL;
    weir_tensor *h = weir__autoregressive_params(s, at, b->k);
    if (!weir_is_nil(h) && !h->requires_grad) h = weir_set_requires_grad(weir_detach(h), true);
    weir_tensor *x = s->map->apply(s->map, b->y, h, true, &log_slopes);
    if (!weir_ok(v->ctx)) return;
    triangle t = {
        .dg = gradient_of(x, h, weir_full_like(x, 1)),
        .dl = gradient_of(log_slopes, h, by[LOG_SLOPES]),
    };
    back_give(b, x, log_slopes, solve(b, at, by[X], t), by[LOG_SLOPES]);
}

static void back_recorded(back *b)
{
    weir_vjp *v = b->v;
    weir_tensor *log_slopes, *x = weir__autoregressive_recorded(b->s, b->y, b->k, &log_slopes);
    if (weir_ok(v->ctx)) back_give(b, x, log_slopes, v->gout[X], v->gout[LOG_SLOPES]);
}

static void inverse_backward(weir_vjp *v)
{
    const inverse *a = v->attr;
    back b = { .v = v, .recording = weir__vjp_recording(v), .s = weir_module_state(a->m) };
    weir__saved_modes saved = weir__modes_save(v->ctx);
    v->ctx->modes.no_grad = false;
    if (back_begin(&b)) {
        if (b.recording) back_recorded(&b);
        else back_once(&b);
    }
    weir__modes_restore(v->ctx, saved);
    weir__free(v->ctx, b.wanted);
}

/* -- the op ------------------------------------------------------------------------------------ */
static bool inverse_infer(weir_call *k)
{
    return weir_call_fail(k, WEIR_ERROR_ARGUMENT, "expected to be called by a bijection");
}

static const weir_op inverse_op = {
    .row = WEIR_OP_ROW("op.autoregressive_inverse",
                       "x of y and its log-slopes, column by column; backward solves a triangle"),
    .n_in = -1,
    .n_out = OUTPUTS,
    .save_in = ~0u,
    .save_out = 1 << X,
    .attr_size = sizeof(inverse),
    .infer = inverse_infer,
    .backward = inverse_backward,
};

static void inverse_record(weir_call *k, inverse *a, const weir_condition *condition)
{
    bool record = false;
    weir_tensor **in = weir__alloc_n(k->ctx, k->n_in, sizeof *in);
    if (!in) return;
    in[0] = k->in[0];
    for (int i = 0; i < a->conditions; i++) {
        const char *name;
        in[1 + i] = weir_condition_at(condition, i, &name);
        memcpy(a->names[i], name, strlen(name) + 1);
    }
    weir__module_parameters(a->m, in, 1 + a->conditions);
    for (int i = 0; i < k->n_in; i++) record = record || in[i]->requires_grad;
    k->in = in;
    if (record) weir__record(k);
    weir__free(k->ctx, in);
}

weir_tensor *weir__autoregressive_by_column(weir_module *m, weir_tensor *y, const weir_condition *k,
                                            weir_tensor **log_slopes)
{
    weir_ctx *c = y->object.ctx;
    inverse a = { .m = m, .conditions = (int)weir_condition_count(k) };
    if (a.conditions > CONDITIONS) return NULL;
    weir_tensor *x = weir__autoregressive_run(weir_module_state(m), y, k, log_slopes);
    if (!x || c->modes.no_grad || !weir_ok(c)) return x;
    weir_call call = {
        .ctx = c,
        .op = &inverse_op,
        .attr = &a,
        .n_in = (int)weir__module_parameters(m, NULL, 1 + a.conditions),
        .n_out = OUTPUTS,
        .in = &y,
        .out = { x, *log_slopes },
    };
    inverse_record(&call, &a, k);
    return x;
}
