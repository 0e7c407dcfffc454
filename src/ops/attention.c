/* attention.c - scaled dot product attention (Vaswani et al. 2017): softmax(scale q k^T + mask) v,
 * without the matrix of all scores. */
#include <math.h>
#include <string.h>
#include "ops/ops.h"

typedef struct attention {
    bool causal;
    double scale;
} attention;

/* -- shapes: q [.., L, E], k [.., S, E], v [.., S, F], mask broadcasts to [.., L, S] -> [.., L, F]
 * -- */
static bool attention_mask_fits(weir_call *k)
{
    const weir_tensor *q = k->in[0], *mask = k->in[3];
    weir_spec s = weir__spec_of(q);
    s.shape[s.ndim - 1] = k->in[1]->shape[q->ndim - 2];
    if (mask->dtype != WEIR_BOOL && mask->dtype != q->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "mask of %s: expected bool or the type of q",
                              weir_dtype_name(mask->dtype));
    weir_spec scores = s;
    bool fits = weir__broadcast(&s.ndim, s.shape, mask->ndim, mask->shape) && s.ndim == q->ndim;
    if (fits && memcmp(s.shape, scores.shape, (size_t)s.ndim * sizeof *s.shape) == 0) return true;
    return weir_call_fail(k, WEIR_ERROR_SHAPE,
                          "expected a mask that broadcasts to [.., rows of q, rows of k]");
}

static bool attention_infer(weir_call *k)
{
    const weir_tensor *q = k->in[0], *key = k->in[1], *v = k->in[2];
    int n = q->ndim;
    if (!weir_dtype_is_real(q->dtype) || key->dtype != q->dtype || v->dtype != q->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s, %s, %s: expected one type, f32 or f64",
                              weir_dtype_name(q->dtype), weir_dtype_name(key->dtype),
                              weir_dtype_name(v->dtype));
    if (n < 2 || key->ndim != n || v->ndim != n || q->shape[n - 1] != key->shape[n - 1]
        || key->shape[n - 2] != v->shape[n - 2])
        return weir_call_fail(k, WEIR_ERROR_SHAPE,
                              "expected q [.., L, E], k [.., S, E] and v [.., S, F]");
    for (int i = 0; i < n - 2; i++)
        if (key->shape[i] != q->shape[i] || v->shape[i] != q->shape[i])
            return weir_call_fail(k, WEIR_ERROR_SHAPE,
                                  "expected leading extents that are equal or 1");
    k->spec[0] = weir__spec_of(q);
    k->spec[0].shape[n - 1] = v->shape[n - 1];
    return k->n_in < 4 || attention_mask_fits(k);
}

/* -- for the kernel: where each head lies ------------------------------------------------------ */
/* Offsets of the heads of x, read with the leading shape of `like`, whose last two axes do not
 * count. */
static void attention_heads_of(const weir_tensor *like, const int64_t *strides, int64_t heads,
                               int64_t *at)
{
    for (int64_t h = 0; h < heads; h++) {
        int64_t rest = h;
        at[h] = 0;
        for (int i = like->ndim - 3; i >= 0; rest /= like->shape[i], i--)
            at[h] += rest % like->shape[i] * strides[i];
    }
}

static int64_t attention_row_stride(const weir_tensor *x)
{
    return x->shape[x->ndim - 2] > 1 ? x->strides[x->ndim - 2] : x->shape[x->ndim - 1];
}

static void place_mask(weir__attention *o, const weir_tensor *q, const weir_tensor *mask,
                       int64_t *at)
{
    int64_t shape[WEIR_RANK_MAX], strides[WEIR_RANK_MAX];
    memcpy(shape, q->shape, sizeof shape);
    shape[q->ndim - 1] = o->keys;
    weir__broadcast_strides(mask, q->ndim, shape, strides);
    attention_heads_of(q, strides, o->heads, at);
    o->mask = weir__ptr(mask);
    o->mask_bool = mask->dtype == WEIR_BOOL;
    o->mask_at = at;
    o->mask_row = strides[q->ndim - 2];
    o->mask_key = strides[q->ndim - 1];
}

/* The problem without results; the offsets are one block to be freed, NULL on no memory. */
static int64_t *problem(weir_ctx *c, weir__attention *o, const attention *a, weir_tensor *const *in,
                        int n_in)
{
    const weir_tensor *q = in[0], *k = in[1], *v = in[2];
    int n = q->ndim;
    *o = (weir__attention){ .heads = weir__numel_of(n - 2, q->shape),
                            .rows = q->shape[n - 2],
                            .keys = k->shape[n - 2],
                            .width = q->shape[n - 1],
                            .out = v->shape[n - 1],
                            .causal = a->causal,
                            .scale = a->scale,
                            .q = weir__ptr(q),
                            .k = weir__ptr(k),
                            .v = weir__ptr(v),
                            .q_row = attention_row_stride(q),
                            .k_row = attention_row_stride(k),
                            .v_row = attention_row_stride(v) };
    int64_t *at = weir__alloc_n(c, weir__size_times(o->heads, 4), sizeof *at);
    if (!at) return NULL;
    attention_heads_of(q, q->strides, o->heads, at);
    attention_heads_of(q, k->strides, o->heads, at + o->heads);
    attention_heads_of(q, v->strides, o->heads, at + 2 * o->heads);
    o->q_at = at;
    o->k_at = at + o->heads;
    o->v_at = at + 2 * o->heads;
    if (n_in > 3) place_mask(o, q, in[3], at + 3 * o->heads);
    return at;
}

static void attention_run(weir_ctx *c, weir_dtype t, const weir__attention *o, bool backward)
{
    void *scratch = weir__alloc(
        c, weir__attention_scratch(c->kern, (weir__real)t, o, backward, c->threads));
    if (scratch)
        (backward ? weir__attention_backward : weir__attention_forward)(c->kern, (weir__real)t, o,
                                                                        scratch, c->threads);
    weir__free(c, scratch);
}

static void attention_forward(weir_call *k)
{
    weir_tensor *y = k->out[0];
    weir__attention o;
    if (y->numel == 0) return;
    if (k->in[1]->shape[y->ndim - 2] == 0) {
        memset(weir__ptr(y), 0,
               (size_t)y->numel * weir_dtype_size(y->dtype)); /* nothing to attend to */
        return;
    }
    int64_t *at = problem(k->ctx, &o, k->attr, k->in, k->n_in);
    o.y = weir__ptr(y);
    if (at) attention_run(k->ctx, y->dtype, &o, false);
    weir__free(k->ctx, at);
}

/* -- backward ---------------------------------------------------------------------------------- */
/* The gradient of all scores, where the mask wants one; NULL where it does not */
static weir_tensor *score_gradient(weir_vjp *v, const weir__attention *o)
{
    weir_spec s = weir_vjp_in_spec(v, 0)[0];
    if (v->n_in < 4 || !weir_vjp_needs(v, 3)) return NULL;
    s.shape[s.ndim - 1] = o->keys;
    return weir_empty(v->ctx, s.dtype, s.ndim, s.shape);
}

static void by_kernel(weir_vjp *v)
{
    weir_ctx *c = v->ctx;
    weir_tensor *in[4], *d[3] = { 0 }, *g = weir_contiguous(v->gout[0]);
    weir__attention o;
    for (int i = 0; i < v->n_in; i++) in[i] = weir_vjp_in(v, i);
    for (int i = 0; i < 3; i++)
        if (weir_vjp_needs(v, i)) d[i] = weir__tensor_new(c, weir_vjp_in_spec(v, i));
    if (!weir_ok(c)) return;
    int64_t *at = problem(c, &o, v->attr, in, v->n_in);
    weir_tensor *ds = at ? score_gradient(v, &o) : NULL;
    o.g = weir__ptr(g);
    o.dq = d[0] ? weir__ptr(d[0]) : NULL;
    o.dk = d[1] ? weir__ptr(d[1]) : NULL;
    o.dv = d[2] ? weir__ptr(d[2]) : NULL;
    o.ds = ds && !ds->object.nil ? weir__ptr(ds) : NULL;
    if (weir_ok(c)) attention_run(c, g->dtype, &o, true);
    weir__free(c, at);
    for (int i = 0; i < 3; i++)
        if (d[i]) weir_vjp_set(v, i, d[i]);
    if (ds) weir_vjp_set(v, 3, ds);
}

static void backward(weir_vjp *v)
{
    bool empty = weir_numel(v->gout[0]) == 0
                 || weir__numel_of(weir_vjp_in_spec(v, 1)->ndim, weir_vjp_in_spec(v, 1)->shape)
                        == 0;
    if (empty || weir__vjp_recording(v)) weir__vjp_by_reference(v);
    else by_kernel(v);
}

/* -- plain ops --------------------------------------------------------------------------------- */
static weir_tensor *lower_triangle(weir_ctx *c, int64_t rows, int64_t keys)
{
    weir_tensor *x = weir_empty(c, WEIR_BOOL, 2, (const int64_t[]){ rows, keys });
    for (int64_t i = 0; i < rows && !weir_is_nil(x); i++)
        for (int64_t j = 0; j < keys; j++) ((uint8_t *)weir__ptr(x))[i * keys + j] = j <= i;
    return x;
}

/* A row without a finite score is 0, and has no gradient. */
static weir_tensor *safe_softmax(weir_tensor *x)
{
    const int last[] = { -1 };
    if (weir_is_nil(x) || weir_dim(x, -1) == 0) return x;
    weir_ctx *c = weir_ctx_of(x);
    weir_tensor *zero = weir_scalar(c, x->dtype, 0);
    weir_tensor *m = weir_amax_axes(weir_detach(x), 1, last, true);
    weir_tensor *dead = weir_eq(m, weir_scalar(c, x->dtype, -INFINITY));
    weir_tensor *e = weir_exp(weir_sub(x, weir_where(dead, zero, m)));
    return weir_div(e,
                    weir_where(dead, weir_scalar(c, x->dtype, 1), weir_sum_axes(e, 1, last, true)));
}

static weir_tensor *attention_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    const attention *a = attr;
    weir_tensor *x = weir_scale(weir_matmul(in[0], weir_transpose(in[1], -1, -2)), a->scale);
    if (weir_is_nil(x)) return x;
    weir_tensor *lowest = weir_scalar(weir_ctx_of(x), x->dtype, -INFINITY);
    if (n_in > 3) x = in[3]->dtype == WEIR_BOOL ? weir_where(in[3], x, lowest) : weir_add(x, in[3]);
    if (a->causal)
        x = weir_where(lower_triangle(weir_ctx_of(x), weir_dim(x, -2), weir_dim(x, -1)), x, lowest);
    return weir_matmul(safe_softmax(x), in[2]);
}

/* -- the row and its call ---------------------------------------------------------------------- */
static weir_tensor *attention_call(weir_tensor **x)
{
    return weir_scaled_dot_product_attention(x[0], x[1], x[2], NULL, false, NAN);
}
static weir_tensor *call_causal(weir_tensor **x)
{
    return weir_scaled_dot_product_attention(x[0], x[1], x[2], NULL, true, 0.7);
}
static weir_tensor *call_mask(weir_tensor **x)
{
    return weir_scaled_dot_product_attention(x[0], x[1], x[2], x[3], false, NAN);
}
static weir_tensor *attention_call_both(weir_tensor **x)
{
    return weir_scaled_dot_product_attention(x[0], x[1], x[2], x[3], true, 1.5);
}
static const weir_op_case cases[] = { { "3,4 5,4 5,2", attention_call },
                                      { "2,2,3,4 2,2,3,4 2,2,3,4", call_causal },
                                      { "2,3,2 2,4,2 2,4,3 b3,4", call_mask },
                                      { "2,3,2 2,4,2 2,4,3 2,1,4", call_mask },
                                      { "2,4,2 2,4,2 2,4,3 b2,1,4", attention_call_both },
                                      { "2,4,3 1,5,3 2,5,2", attention_call },
                                      { "1,70,2 1,3,2 1,3,1", attention_call },
                                      { "0,3,2 0,4,2 0,4,3", attention_call },
                                      { "2,3,2 2,0,2 2,0,3", attention_call },
                                      { NULL, NULL } };
const weir_op weir__op_scaled_dot_product_attention = {
    .row = WEIR_OP_ROW("op.scaled_dot_product_attention",
                       "softmax(scale q k^T + mask) v, by blocks of rows"),
    .n_in = -3,
    .most_in = 4,
    .n_out = 1,
    .save_in = ~0u,
    .attr_size = sizeof(attention),
    .infer = attention_infer,
    .forward = attention_forward,
    .backward = backward,
    .reference = attention_plain,
    .cases = cases
};

/* Leading axes broadcast by views; elements of a row side by side. */
static weir_tensor *attention_readable(weir_tensor *x, int lead, const int64_t *shape)
{
    if (weir_is_nil(x) || x->ndim < 2) return x;
    int64_t full[WEIR_RANK_MAX];
    int n = x->ndim;
    memcpy(full, shape, (size_t)lead * sizeof *full);
    full[lead] = x->shape[n - 2];
    full[lead + 1] = x->shape[n - 1];
    bool dense = x->shape[n - 1] == 1
                     ? x->strides[n - 1] == 1
                     : x->strides[n - 1] == 1
                           && (x->shape[n - 2] <= 1 || x->strides[n - 2] >= x->shape[n - 1]);
    if (!dense) x = weir_contiguous(x);
    if (n != lead + 2 || memcmp(full, x->shape, (size_t)lead * sizeof *full) != 0)
        x = weir_expand(x, lead + 2, full);
    return x;
}

weir_tensor *weir_scaled_dot_product_attention(weir_tensor *q, weir_tensor *k, weir_tensor *v,
                                               weir_tensor *mask, bool causal, double scale)
{
    WEIR__AS_FOUND;
    weir_tensor *in[4] = { q, k, v, mask };
    int64_t shape[WEIR_RANK_MAX];
    int lead = weir_is_nil(q) || q->ndim < 2 ? -1 : 0;
    for (int i = 0; i < 3 && lead >= 0;
         i++) /* what does not broadcast is left to the op to refuse */
        if (weir_is_nil(in[i]) || in[i]->ndim < 2
            || !weir__broadcast(&lead, shape, in[i]->ndim - 2, in[i]->shape))
            lead = -1;
    for (int i = 0; i < 3 && lead >= 0; i++) in[i] = attention_readable(in[i], lead, shape);
    if (isnan(scale)) scale = 1 / sqrt((double)weir_dim(q, -1));
    return weir_apply(&weir__op_scaled_dot_product_attention, mask ? 4 : 3, in,
                      &(attention){ causal, scale });
}
