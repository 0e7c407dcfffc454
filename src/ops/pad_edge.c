/* pad_edge.c - places added before and after along axes (or cut off, where negative): x mirrored,
 * or its edge repeated; and the adjoint, which adds each place to where it came from.
 *
 * Along an axis, places come in runs that x has one after the other: what is left of x itself,
 * first, then the places before it and those after. Values of the product of such runs are copied,
 * or added, run by run, in that order of the axes, whatever the order in memory. */
#include <string.h>
#include "ops/ops.h"

typedef struct edges {
    weir__margins m;
    bool mirror;
} edges;

static int64_t source(const edges *e, int64_t i, int64_t n)
{
    if (i < 0) return e->mirror ? -i : 0;
    if (i >= n) return e->mirror ? 2 * (n - 1) - i : n - 1;
    return i;
}

/* One run of places along each axis: of x, and of what is padded, or the other way round */
typedef struct walk {
    const edges *e;
    weir_ctx *ctx;
    const weir_tensor *padded, *plain;
    int64_t n[WEIR_RANK_MAX], at_padded[WEIR_RANK_MAX], at_plain[WEIR_RANK_MAX];
    bool back; /* what is padded is added to what is not */
    bool copy; /* this first run alone is copied */
} walk;

static weir__operand operand(const weir_tensor *x, const int64_t *at)
{
    weir__operand o = { .data = weir__ptr(x) };
    int64_t offset = 0;
    for (int i = 0; i < x->ndim; i++) {
        o.stride[i] = x->strides[i];
        offset += at[i] * x->strides[i];
    }
    o.data = (char *)o.data + offset * (int64_t)weir_dtype_size(x->dtype);
    return o;
}

static void pad_edge_run(walk *w)
{
    const weir_tensor *x = w->plain;
    weir__loop l = { .ndim = x->ndim };
    l.x[w->back] = operand(w->padded, w->at_padded);
    l.x[!w->back] = operand(x, w->at_plain);
    memcpy(l.shape, w->n, sizeof l.shape);
    if (!w->back || w->copy) {
        weir__loop_copy(w->ctx->kern, weir_dtype_size(x->dtype), &l, w->ctx->threads);
    } else {
        l.x[2] = l.x[0];
        weir__loop_binary(w->ctx->kern, (weir__real)x->dtype, WEIR__B_add, &l, w->ctx->threads);
    }
    w->copy = false;
}

static void walk_axis(walk *w, int axis);

static void walk_run(walk *w, int axis, int64_t n, int64_t at_padded, int64_t at_plain)
{
    w->n[axis] = n;
    w->at_padded[axis] = at_padded;
    w->at_plain[axis] = at_plain;
    if (axis + 1 < w->plain->ndim) walk_axis(w, axis + 1);
    else pad_edge_run(w);
}

static void walk_axis(walk *w, int axis)
{
    int64_t before = w->e->m.before[axis], extent = w->padded->shape[axis];
    int64_t n = w->plain->shape[axis];
    int64_t first = before > 0 ? before : 0;
    int64_t last = before + n < extent ? before + n : extent; /* those of x itself */
    if (last > first) walk_run(w, axis, last - first, first, first - before);
    for (int64_t i = 0; i < extent; i++) {
        if (i == first && last > first) i = last;
        if (i < extent) walk_run(w, axis, 1, i, source(w->e, i - before, n));
    }
}

static void pad_edge_start(walk *w)
{
    if (w->padded->numel == 0 || w->plain->numel == 0) return;
    if (w->plain->ndim > 0) walk_axis(w, 0);
    else pad_edge_run(w);
}

/* Whether axis a of extent n can be so padded, or cut, and something is left to take from */
static bool pad_edge_fits(const edges *e, int a, int64_t n)
{
    int64_t before = e->m.before[a], after = e->m.after[a];
    int64_t most = n > 0 ? INT64_MAX : 0;
    if (e->mirror) most = n - 1;
    if (before == 0 && after == 0) return true;
    return before <= most && after <= most && n + before + after >= 0 && before > -n && after > -n;
}

static bool infer_margins(weir_call *k, int sign)
{
    const edges *e = k->attr;
    weir_spec *s = &k->spec[0];
    for (int i = 0; i < WEIR_RANK_MAX; i++) {
        int64_t more = e->m.before[i] + e->m.after[i], extent = i < s->ndim ? s->shape[i] : 0;
        if (i < s->ndim) s->shape[i] += sign * more;
        if (!pad_edge_fits(e, i, sign > 0 ? extent : extent - more))
            return weir_call_fail(k, WEIR_ERROR_SHAPE,
                                  "%lld and %lld to axis %d: expected less than there is",
                                  (long long)e->m.before[i], (long long)e->m.after[i], i);
    }
    return true;
}

/* -- x to what is padded ----------------------------------------------------------------------- */
static bool pad_edge_infer(weir_call *k)
{
    k->spec[0] = weir__spec_of(k->in[0]);
    return infer_margins(k, 1);
}

static void pad_edge_forward(weir_call *k)
{
    walk w = { .e = k->attr, .ctx = k->ctx, .padded = k->out[0], .plain = k->in[0] };
    pad_edge_start(&w);
}

static void pad_edge_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir__apply1(&weir__op_pad_edge_add, v->gout[0], v->attr));
}

/* -- what is padded to x ----------------------------------------------------------------------- */
static bool pad_edge_add_infer(weir_call *k) { return weir_infer_same(k) && infer_margins(k, -1); }

static void pad_edge_add_forward(weir_call *k)
{
    const edges *e = k->attr;
    walk w = { .e = e, .ctx = k->ctx, .padded = k->in[0], .plain = k->out[0], .back = true };
    w.copy = true; /* where all of x is left */
    for (int i = 0; i < w.plain->ndim; i++)
        w.copy = w.copy && e->m.before[i] >= 0 && e->m.after[i] >= 0;
    size_t bytes = (size_t)w.plain->numel * weir_dtype_size(w.plain->dtype);
    if (!w.copy) memset(weir__ptr(w.plain), 0, bytes);
    pad_edge_start(&w);
}

static void pad_edge_add_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir__apply1(&weir__op_pad_edge, v->gout[0], v->attr));
}

/* -- references: axis by axis, by index -------------------------------------------------------- */
static weir_tensor *index_of(weir_tensor *x, const edges *e, int axis, int64_t n)
{
    int64_t length = n + e->m.before[axis] + e->m.after[axis];
    weir_tensor *at = weir_empty(x->object.ctx, WEIR_I64, 1, &length);
    for (int64_t i = 0; !at->object.nil && i < length; i++)
        ((int64_t *)weir__ptr(at))[i] = source(e, i - e->m.before[axis], n);
    return at;
}

static weir_tensor *plain(weir_tensor *const *in, int n_in, const void *attr)
{
    weir_tensor *x = in[0];
    (void)n_in;
    for (int a = 0; a < in[0]->ndim; a++)
        x = weir_index_select(x, a, index_of(x, attr, a, in[0]->shape[a]));
    return x;
}

static weir_tensor *add_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    const edges *e = attr;
    weir_tensor *x = in[0];
    (void)n_in;
    for (int a = 0; a < in[0]->ndim; a++) {
        int64_t n = in[0]->shape[a] - e->m.before[a] - e->m.after[a];
        x = weir_index_add(x, a, index_of(x, e, a, n), n);
    }
    return x;
}

/* -- rows -------------------------------------------------------------------------------------- */
static weir_tensor *call_mirror(weir_tensor **x)
{
    return weir__apply1(&weir__op_pad_edge, x[0],
                        &(edges){ .m = { { 3, 1 }, { 0, 2 } }, .mirror = true });
}
static weir_tensor *call_edge(weir_tensor **x)
{
    return weir__apply1(&weir__op_pad_edge, x[0], &(edges){ .m = { { 0, 4 }, { 2, 1 } } });
}
static weir_tensor *pad_edge_call_cut(weir_tensor **x)
{
    return weir__apply1(&weir__op_pad_edge, x[0],
                        &(edges){ .m = { { 1, -1 }, { -2, 2 } }, .mirror = true });
}
static weir_tensor *call_image(weir_tensor **x)
{
    return weir__apply1(&weir__op_pad_edge, x[0],
                        &(edges){ .m = { { 0, 0, 1, 2 }, { 0, 0, 2, 1 } }, .mirror = true });
}
static weir_tensor *pad_edge_call_add(weir_tensor **x)
{
    return weir__apply1(&weir__op_pad_edge_add, x[0],
                        &(edges){ .m = { { 1, 0, 2 }, { 2, -1, 0 } }, .mirror = true });
}
static const weir_op_case cases[] = {
    { "4,3", call_mirror }, { "2,3,4,5", call_image },    { "1,1", call_edge },
    { "2,3,2", call_edge }, { "3,3", pad_edge_call_cut }, { "0,2,4,3", call_image },
    { NULL, NULL },
};
static const weir_op_case add_cases[] = { { "6,2,5", pad_edge_call_add }, { NULL, NULL } };

const weir_op weir__op_pad_edge = {
    .row = WEIR_OP_ROW("op.pad_edge", "places added around x: it mirrored, or its edge repeated"),
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(edges),
    .infer = pad_edge_infer,
    .forward = pad_edge_forward,
    .backward = pad_edge_backward,
    .reference = plain,
    .cases = cases,
    .order = WEIR_ORDER_KEEP,
};

const weir_op weir__op_pad_edge_add = {
    .row = WEIR_OP_ROW("op.pad_edge_add", "places around x added to where they come from in it"),
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(edges),
    .infer = pad_edge_add_infer,
    .forward = pad_edge_add_forward,
    .backward = pad_edge_add_backward,
    .reference = add_plain,
    .cases = add_cases,
    .order = WEIR_ORDER_KEEP,
};

/* -- calls ------------------------------------------------------------------------------------- */
static bool axis_fits(weir_tensor *x, const char *name, int a, const edges *e)
{
    if (pad_edge_fits(e, a, x->shape[a])) return true;
    weir_fail(
        x->object.ctx, WEIR_ERROR_SHAPE, "%s: %lld and %lld to axis %d of extent %lld: expected %s",
        name, (long long)e->m.before[a], (long long)e->m.after[a], a, (long long)x->shape[a],
        e->mirror ? "less than the extent" : "an axis that is not empty, and some of it left");
    return false;
}

static weir_tensor *by_edge(weir_tensor *x, const char *name, int n_axes, const int64_t *pads,
                            bool mirror)
{
    edges e = { .mirror = mirror };
    bool any = false;
    if (!weir__read_margins(x, name, n_axes, pads, &e.m)) return weir__nil_of(x);
    for (int a = 0; a < x->ndim; a++) {
        if (!axis_fits(x, name, a, &e)) return weir__nil_of(x);
        any = any || e.m.before[a] != 0 || e.m.after[a] != 0;
    }
    return any ? weir__apply1(&weir__op_pad_edge, x, &e) : x;
}

weir_tensor *weir_pad_reflect(weir_tensor *x, int n_axes, const int64_t *pads)
{
    return by_edge(x, "pad_reflect", n_axes, pads, true);
}
weir_tensor *weir_pad_replicate(weir_tensor *x, int n_axes, const int64_t *pads)
{
    return by_edge(x, "pad_replicate", n_axes, pads, false);
}
