/* rotary.c - rotary position embedding (Su et al. 2021): pairs of a line turned by angles, as one
 * op, and the angles. */
#include <math.h>
#include <string.h>
#include "ops/ops.h"

typedef struct rotary_attr {
    bool neighbours, back;
} rotary_attr;

/* in: x [.., 2 n], cosines and sines that broadcast to [.., n] */
static bool rotary_infer(weir_call *k)
{
    const weir_tensor *x = k->in[0];
    if (!weir_infer_same(k)) return false;
    if (x->ndim < 1 || x->shape[x->ndim - 1] % 2 != 0)
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected [.., E], E even");
    weir_spec half = k->spec[0];
    half.shape[x->ndim - 1] /= 2;
    for (int i = 1; i < 3; i++) {
        const weir_tensor *c = k->in[i];
        weir_spec s = half;
        if (c->dtype != x->dtype)
            return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type",
                                  weir_dtype_name(x->dtype), weir_dtype_name(c->dtype));
        if (c->ndim < 1 || c->shape[c->ndim - 1] != half.shape[x->ndim - 1]
            || !weir__broadcast(&s.ndim, s.shape, c->ndim, c->shape) || s.ndim != x->ndim
            || memcmp(s.shape, half.shape, (size_t)x->ndim * sizeof *s.shape) != 0)
            return weir_call_fail(k, WEIR_ERROR_SHAPE,
                                  "expected [.., E] and angles that broadcast to [.., E / 2]");
    }
    return true;
}

static void rotary_forward(weir_call *k)
{
    const rotary_attr *a = k->attr;
    weir_tensor *x = k->in[0];
    if (x->numel == 0) return;
    int lines = x->ndim - 1;
    weir__rotary r = { .n = x->shape[lines] / 2, .neighbours = a->neighbours, .back = a->back };
    r.lines.ndim = lines;
    memcpy(r.lines.shape, x->shape, (size_t)lines * sizeof *x->shape);
    weir_spec half = weir__spec_of(x);
    half.shape[lines] = r.n;
    r.lines.x[0].data = weir__ptr(k->out[0]);
    r.lines.x[1].data = weir__ptr(x);
    memcpy(r.lines.x[0].stride, k->out[0]->strides, sizeof x->strides);
    memcpy(r.lines.x[1].stride, x->strides, sizeof x->strides);
    for (int i = 2; i < 4; i++) {
        r.lines.x[i].data = weir__ptr(k->in[i - 1]);
        weir__broadcast_strides(k->in[i - 1], half.ndim, half.shape, r.lines.x[i].stride);
    }
    weir__loop_rotary(k->ctx->kern, (weir__real)x->dtype, &r, k->ctx->threads);
}

/* The first of each pair, and the second */
static void rotary_halves(weir_tensor *x, bool neighbours, weir_tensor **half)
{
    int64_t n = weir_dim(x, -1);
    for (int i = 0; i < 2; i++)
        half[i] = neighbours ? weir_slice(x, -1, i, n, 2)
                             : weir_slice(x, -1, i * n / 2, (i + 1) * n / 2, 1);
}

/* Sides whose elements lie side by side. */
static weir_tensor *rotary_dense(weir_tensor *x)
{
    if (weir_is_nil(x) || x->ndim < 1) return x;
    return x->strides[x->ndim - 1] == 1 ? x : weir_contiguous(x);
}

static weir_tensor *rotary_apply(weir_tensor *x, weir_tensor *c, weir_tensor *s,
                                 const rotary_attr *a)
{
    return weir_apply(&weir__op_rotary, 3,
                      WEIR__IN(rotary_dense(x), rotary_dense(c), rotary_dense(s)), a);
}

/* gx by the opposite angle; with h turned from x, gc = g1 x1 + g2 x2 and gs = +-(g2 x1 - g1 x2) */
static void rotary_backward(weir_vjp *v)
{
    rotary_attr a = *(const rotary_attr *)v->attr;
    weir_tensor *g = v->gout[0], *x = weir_vjp_in(v, 0), *g_of[2], *x_of[2];
    bool back = a.back;
    a.back = !back;
    if (weir_vjp_needs(v, 0))
        weir_vjp_set(v, 0, rotary_apply(g, weir_vjp_in(v, 1), weir_vjp_in(v, 2), &a));
    if (!weir_vjp_needs(v, 1) && !weir_vjp_needs(v, 2)) return;
    rotary_halves(g, a.neighbours, g_of);
    rotary_halves(x, a.neighbours, x_of);
    if (weir_vjp_needs(v, 1))
        weir_vjp_set(v, 1, weir_add(weir_mul(g_of[0], x_of[0]), weir_mul(g_of[1], x_of[1])));
    if (!weir_vjp_needs(v, 2)) return;
    weir_tensor *gs = weir_sub(weir_mul(g_of[1], x_of[0]), weir_mul(g_of[0], x_of[1]));
    weir_vjp_set(v, 2, back ? weir_neg(gs) : gs);
}

static weir_tensor *call_neighbours(weir_tensor **x) { return weir_rotary(x[0], x[1], x[2], true); }
static weir_tensor *call_halves(weir_tensor **x) { return weir_rotary(x[0], x[1], x[2], false); }
static const weir_op_case rotary_cases[] = {
    { "2,3,4 3,2 3,2", call_neighbours },
    { "2,3,4 3,2 3,2", call_halves },
    { "2,2,3,6 2,1,3,3 3", call_halves },
    { "4 2 2", call_neighbours },
    { "0,3,4 3,2 3,2", call_neighbours },
    { "2,3,34 17 3,17", call_neighbours },
    { NULL, NULL },
};
const weir_op weir__op_rotary = {
    .row = WEIR_OP_ROW("op.rotary", "pairs of a line turned by angles"),
    .n_in = 3,
    .n_out = 1,
    .save_in = 7,
    .attr_size = sizeof(rotary_attr),
    .infer = rotary_infer,
    .forward = rotary_forward,
    .backward = rotary_backward,
    .cases = rotary_cases,
};

weir_tensor *weir_rotary(weir_tensor *x, weir_tensor *cosine, weir_tensor *sine, bool neighbours)
{
    return rotary_apply(x, cosine, sine, &(rotary_attr){ .neighbours = neighbours });
}
