/* modulate.c - a sample's scale and shift, or gate, for all its places (Perez et al. 2018; Peebles
 * & Xie 2023): one pass forward, one backward with its sums. While gradients are themselves
 * recorded the same in plain ops is differentiated. */
#include "ops/ops.h"

/* in[0] [B, .., C] and numbers of samples, [B, C] */
static bool modulate_fits(weir_call *k, const weir_tensor *numbers)
{
    const weir_tensor *x = k->in[0];
    if (numbers->dtype != x->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type",
                              weir_dtype_name(x->dtype), weir_dtype_name(numbers->dtype));
    return (x->ndim >= 2 && numbers->ndim == 2 && numbers->shape[0] == x->shape[0]
            && numbers->shape[1] == x->shape[x->ndim - 1])
           || weir_call_fail(k, WEIR_ERROR_SHAPE, "expected [B, .., C] and [B, C]");
}

/* x itself, where a sample's numbers lie side by side wherever the samples are: chunks of a wider
 * tensor need no copy, and a sample alone makes the same graph as among others. */
static weir_tensor *modulate_readable(weir_tensor *x)
{
    if (weir_is_nil(x)) return x;
    int64_t next = 1;
    bool side_by_side = x->numel > 0;
    for (int i = x->ndim - 1; i >= 1; next *= x->shape[i--])
        side_by_side = side_by_side && (x->shape[i] == 1 || x->strides[i] == next);
    return side_by_side ? x : weir_contiguous(x);
}

static weir__modulate modulate_problem(const weir_tensor *x, const weir_tensor *scale)
{
    return (weir__modulate){
        .batch = x->shape[0],
        .places = weir__numel_of(x->ndim - 2, x->shape + 1),
        .n = x->shape[x->ndim - 1],
        .x = weir__ptr(x),
        .scale = weir__ptr(scale),
        .x_step = x->strides[0],
        .scale_step = scale->strides[0],
    };
}

/* [B, C] beside [B, .., C] */
static weir_tensor *modulate_beside(weir_tensor *numbers, const weir_tensor *x)
{
    int64_t shape[WEIR_RANK_MAX];
    if (weir_is_nil(numbers) || weir_is_nil(x)) return weir__nil_of(numbers);
    for (int i = 0; i < x->ndim; i++) shape[i] = 1;
    shape[0] = numbers->shape[0];
    shape[x->ndim - 1] = numbers->shape[1];
    return weir_reshape(numbers, x->ndim, shape);
}

/* Gradients of inputs x, scale and, unless it is -1, shift. */
static void modulate_gradients(weir_vjp *v, int x_at, int scale_at, int shift_at)
{
    weir_tensor *g = weir_contiguous(v->gout[0]);
    weir_tensor *x = weir_vjp_in(v, x_at), *scale = weir_vjp_in(v, scale_at);
    weir_tensor *gx = weir__tensor_new(v->ctx, weir_vjp_in_spec(v, x_at));
    weir_tensor *gscale = weir__tensor_new(v->ctx, weir_vjp_in_spec(v, scale_at)), *gshift = NULL;
    if (shift_at >= 0) gshift = weir__tensor_new(v->ctx, weir_vjp_in_spec(v, shift_at));
    if (weir_is_nil(x) || weir_is_nil(scale) || !weir_ok(v->ctx)) return;
    weir__modulate m = modulate_problem(x, scale);
    m.one = shift_at >= 0;
    m.g = weir__ptr(g);
    m.gx = weir__ptr(gx);
    m.gscale = weir__ptr(gscale);
    m.gshift = gshift ? weir__ptr(gshift) : NULL;
    weir__modulate_backward(v->ctx->kern, (weir__real)x->dtype, &m, v->ctx->threads);
    if (weir_vjp_needs(v, x_at)) weir_vjp_set(v, x_at, gx);
    if (weir_vjp_needs(v, scale_at)) weir_vjp_set(v, scale_at, gscale);
    if (gshift && weir_vjp_needs(v, shift_at)) weir_vjp_set(v, shift_at, gshift);
}

/* -- x (1 + scale) + shift --------------------------------------------------------------------- */
static bool modulate_infer(weir_call *k)
{
    return weir_infer_same(k) && modulate_fits(k, k->in[1]) && modulate_fits(k, k->in[2]);
}

static void modulate_forward(weir_call *k)
{
    weir__modulate m = modulate_problem(k->in[0], k->in[1]);
    m.one = true;
    m.shift = weir__ptr(k->in[2]);
    m.shift_step = k->in[2]->strides[0];
    m.y = weir__ptr(k->out[0]);
    weir__modulate_forward(k->ctx->kern, (weir__real)k->in[0]->dtype, &m, k->ctx->threads);
}

static void modulate_backward(weir_vjp *v)
{
    if (weir__vjp_recording(v)) weir__vjp_by_reference(v);
    else modulate_gradients(v, 0, 1, 2);
}

static weir_tensor *modulate_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    (void)n_in;
    (void)attr;
    weir_tensor *scale = modulate_beside(weir_affine(in[1], 1, 1), in[0]);
    return weir_add(weir_mul(in[0], scale), modulate_beside(in[2], in[0]));
}

static weir_tensor *call_modulate(weir_tensor **x) { return weir_modulate(x[0], x[1], x[2]); }
static const weir_op_case modulate_cases[] = {
    { "2,3,4 2,4 2,4", call_modulate },
    { "3,4 3,4 3,4", call_modulate },
    { "2,2,3,5 2,5 2,5", call_modulate },
    { "1,19,130 1,130 1,130", call_modulate },
    { "0,3,4 0,4 0,4", call_modulate },
    { "2,0,3 2,3 2,3", call_modulate },
    { NULL, NULL },
};
const weir_op weir__op_modulate = {
    .row = WEIR_OP_ROW("op.modulate", "x (1 + scale) + shift, numbers of a sample for its places"),
    .n_in = 3,
    .n_out = 1,
    .save_in = 7,
    .infer = modulate_infer,
    .forward = modulate_forward,
    .backward = modulate_backward,
    .reference = modulate_plain,
    .cases = modulate_cases,
};

weir_tensor *weir_modulate(weir_tensor *x, weir_tensor *scale, weir_tensor *shift)
{
    return weir_apply(
        &weir__op_modulate, 3,
        WEIR__IN(modulate_readable(x), modulate_readable(scale), modulate_readable(shift)), NULL);
}

/* -- x + gate y -------------------------------------------------------------------------------- */
static bool gate_infer(weir_call *k)
{
    if (!weir_infer_same(k)) return false;
    if (k->in[1]->dtype != k->in[0]->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type",
                              weir_dtype_name(k->in[0]->dtype), weir_dtype_name(k->in[1]->dtype));
    if (!weir__same_shape(k->in[0], k->in[1]))
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected the first two of one shape");
    return modulate_fits(k, k->in[2]);
}

static void gate_forward(weir_call *k)
{
    weir__modulate m = modulate_problem(k->in[1], k->in[2]);
    m.base = weir__ptr(k->in[0]);
    m.base_step = k->in[0]->strides[0];
    m.y = weir__ptr(k->out[0]);
    weir__modulate_forward(k->ctx->kern, (weir__real)k->in[0]->dtype, &m, k->ctx->threads);
}

static void gate_backward(weir_vjp *v)
{
    if (weir__vjp_recording(v)) {
        weir__vjp_by_reference(v);
        return;
    }
    if (weir_vjp_needs(v, 0)) weir_vjp_set(v, 0, v->gout[0]);
    if (weir_vjp_needs(v, 1) || weir_vjp_needs(v, 2)) modulate_gradients(v, 1, 2, -1);
}

static weir_tensor *gate_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    (void)n_in;
    (void)attr;
    return weir_add(in[0], weir_mul(in[1], modulate_beside(in[2], in[0])));
}

static weir_tensor *call_gate(weir_tensor **x) { return weir_gate(x[0], x[1], x[2]); }
static const weir_op_case gate_cases[] = {
    { "2,3,4 2,3,4 2,4", call_gate },
    { "3,4 3,4 3,4", call_gate },
    { "2,2,3,5 2,2,3,5 2,5", call_gate },
    { "1,19,130 1,19,130 1,130", call_gate },
    { "0,3,4 0,3,4 0,4", call_gate },
    { "2,0,3 2,0,3 2,3", call_gate },
    { NULL, NULL },
};
const weir_op weir__op_gate = {
    .row = WEIR_OP_ROW("op.gate", "x + gate y, numbers of a sample for its places"),
    .n_in = 3,
    .n_out = 1,
    .save_in = 7,
    .infer = gate_infer,
    .forward = gate_forward,
    .backward = gate_backward,
    .reference = gate_plain,
    .cases = gate_cases,
};

weir_tensor *weir_gate(weir_tensor *x, weir_tensor *y, weir_tensor *gate)
{
    return weir_apply(&weir__op_gate, 3,
                      WEIR__IN(modulate_readable(x), modulate_readable(y), modulate_readable(gate)),
                      NULL);
}
