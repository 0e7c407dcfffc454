/* masked_fill.c - one number where a mask says so. */
#include "ops/ops.h"

typedef struct fill {
    double value;
} fill;

static bool masked_fill_infer(weir_call *k)
{
    const weir_tensor *x = k->in[0], *mask = k->in[1];
    if (!weir_infer_same(k)) return false;
    if (mask->dtype != WEIR_BOOL)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "a mask of %s: expected bool",
                              weir_dtype_name(mask->dtype));
    weir_spec s = k->spec[0];
    bool fits = weir__broadcast(&s.ndim, s.shape, mask->ndim, mask->shape) && s.ndim == x->ndim;
    for (int i = 0; fits && i < x->ndim; i++) fits = s.shape[i] == x->shape[i];
    return fits
           || weir_call_fail(k, WEIR_ERROR_SHAPE, "expected a mask that broadcasts to the first");
}

static void masked_fill_forward(weir_call *k)
{
    double value = ((const fill *)k->attr)->value;
    float narrow = (float)value;
    weir_tensor *y = k->out[0];
    weir__loop l = weir__loop_of(y, 2, WEIR__IN(y, k->in[1]));
    l.x[2] = (weir__operand){ .data = y->dtype == WEIR_F32 ? (void *)&narrow : (void *)&value };
    l.x[3] = weir__operand_of(k->in[0], y);
    weir__loop_where(k->ctx->kern, (weir__real)y->dtype, &l, k->ctx->threads);
}

static void masked_fill_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_masked_fill(v->gout[0], weir_vjp_in(v, 1), 0));
}

static weir_tensor *masked_fill_call(weir_tensor **x) { return weir_masked_fill(x[0], x[1], -1.5); }
static const weir_op_case cases[] = {
    { "3,4 b3,4", masked_fill_call }, { "2,3,4 b3,1", masked_fill_call },
    { ". b.", masked_fill_call },     { "2,3,2,4 b4", masked_fill_call },
    { "0,2 b2", masked_fill_call },   { NULL, NULL },
};
const weir_op weir__op_masked_fill = {
    .row = WEIR_OP_ROW("op.masked_fill", "a number where a mask is true, x elsewhere"),
    .n_in = 2,
    .n_out = 1,
    .save_in = 2,
    .attr_size = sizeof(fill),
    .infer = masked_fill_infer,
    .forward = masked_fill_forward,
    .backward = masked_fill_backward,
    .cases = cases,
    .order = WEIR_ORDER_KEEP,
};

weir_tensor *weir_masked_fill(weir_tensor *x, weir_tensor *mask, double value)
{
    return weir_apply(&weir__op_masked_fill, 2, WEIR__IN(x, mask), &(fill){ value });
}
