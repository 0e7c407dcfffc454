/* square_error.c - the squared error of each sample, scale times the sum of (x - y)^2 over all of
 * its numbers, as one op: the loss of regressions, between batches that lie dense. While gradients
 * are themselves recorded the same in plain ops is differentiated. */
#include "ops/ops.h"

typedef struct square_error_attr {
    double scale;
} square_error_attr;

static bool square_error_infer(weir_call *k)
{
    const weir_tensor *x = k->in[0], *y = k->in[1];
    if (!weir_dtype_is_real(x->dtype) || x->dtype != y->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type, f32 or f64",
                              weir_dtype_name(x->dtype), weir_dtype_name(y->dtype));
    if (x->ndim < 1 || !weir__same_shape(x, y) || !x->contiguous || !y->contiguous)
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected two batches of one shape, dense");
    k->spec[0] = weir__spec(x->dtype, 1, x->shape);
    return true;
}

static weir__square_error square_error_problem(const void *attr, const weir_tensor *x,
                                               const weir_tensor *y)
{
    return (weir__square_error){
        .rows = x->shape[0],
        .n = weir__numel_of(x->ndim - 1, x->shape + 1),
        .scale = ((const square_error_attr *)attr)->scale,
        .x = weir__ptr(x),
        .y = weir__ptr(y),
    };
}

static void square_error_forward(weir_call *k)
{
    weir__square_error s = square_error_problem(k->attr, k->in[0], k->in[1]);
    s.to = weir__ptr(k->out[0]);
    weir__square_error_forward(k->ctx->kern, (weir__real)k->in[0]->dtype, &s, k->ctx->threads);
}

static void square_error_backward(weir_vjp *v)
{
    if (weir__vjp_recording(v)) {
        weir__vjp_by_reference(v);
        return;
    }
    weir_tensor *g = weir_contiguous(v->gout[0]);
    weir_tensor *x = weir_vjp_in(v, 0), *y = weir_vjp_in(v, 1);
    weir_tensor *gx = weir__tensor_new(v->ctx, weir_vjp_in_spec(v, 0)), *gy = NULL;
    if (weir_vjp_needs(v, 1)) gy = weir__tensor_new(v->ctx, weir_vjp_in_spec(v, 1));
    if (weir_is_nil(x) || weir_is_nil(y) || !weir_ok(v->ctx)) return;
    weir__square_error s = square_error_problem(v->attr, x, y);
    s.g = weir__ptr(g);
    s.gx = weir__ptr(gx);
    s.gy = gy ? weir__ptr(gy) : NULL;
    weir__square_error_backward(v->ctx->kern, (weir__real)x->dtype, &s, v->ctx->threads);
    if (weir_vjp_needs(v, 0)) weir_vjp_set(v, 0, gx);
    if (gy) weir_vjp_set(v, 1, gy);
}

static weir_tensor *square_error_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    double scale = ((const square_error_attr *)attr)->scale;
    (void)n_in;
    return weir_scale(weir_sum_samples(weir_square(weir_sub(in[0], in[1]))), scale);
}

weir_tensor *weir__square_errors(weir_tensor *x, weir_tensor *y, double scale)
{
    const square_error_attr a = { .scale = scale };
    bool apart = !weir_is_nil(x) && !weir_is_nil(y) && (!x->contiguous || !y->contiguous);
    if (apart) return square_error_plain(WEIR__IN(x, y), 2, &a);
    return weir_apply(&weir__op_square_error, 2, WEIR__IN(x, y), &a);
}

/* -- the row -------------------------------------------------------------------------------------
 */
static weir_tensor *square_error_third(weir_tensor **in)
{
    return weir__square_errors(in[0], in[1], 1.0 / 3);
}

static const weir_op_case square_error_cases[] = {
    { "4,2 4,2", square_error_third },   { "3,2,3 3,2,3", square_error_third },
    { "2,17 2,17", square_error_third }, { "3 3", square_error_third },
    { "0,2 0,2", square_error_third },   { NULL, NULL },
};

const weir_op weir__op_square_error = {
    .row = WEIR_OP_ROW("op.square_error", "squared error of each sample"),
    .n_in = 2,
    .n_out = 1,
    .save_in = 3,
    .attr_size = sizeof(square_error_attr),
    .infer = square_error_infer,
    .forward = square_error_forward,
    .backward = square_error_backward,
    .reference = square_error_plain,
    .cases = square_error_cases,
};
