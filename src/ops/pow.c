/* pow.c - powers, with PyTorch's conventions: 0^0 is 1; the gradient for the base is 0 where the
 * exponent is 0, the one for the exponent is 0 where the base is 0 and the exponent is not
 * negative, NaN where the base is negative. */
#include "ops/ops.h"

static weir_tensor *pow_number(weir_tensor *x, double v)
{
    return weir_scalar(weir_ctx_of(x), weir_dtype_of(x), v);
}

/* -- two tensors ------------------------------------------------------------------------------- */
static void pow_forward(weir_call *k)
{
    weir__loop l = weir__loop_of(k->out[0], 3, WEIR__IN(k->out[0], k->in[0], k->in[1]));
    weir__loop_binary(k->ctx->kern, (weir__real)k->out[0]->dtype, WEIR__B_pow, &l, k->ctx->threads);
}

/* b a^(b - 1), without touching a^-1 where b is 0: its derivatives would bring infinity times 0 */
static weir_tensor *base_slope(weir_tensor *a, weir_tensor *b)
{
    weir_tensor *none = weir_eq(weir_detach(b), pow_number(b, 0));
    return weir_mul(b, weir_pow(weir_where(none, pow_number(a, 1), a), weir_affine(b, 1, -1)));
}

static weir_tensor *exponent_slope(weir_tensor *a, weir_tensor *b, weir_tensor *y) /* a^b log a */
{
    weir_tensor *zero = weir_eq(weir_detach(a), pow_number(a, 0));
    weir_tensor *rising = weir_ge(weir_detach(b), pow_number(b, 0));
    weir_tensor *flat = weir_where(zero, weir_cast(rising, weir_dtype_of(a)), pow_number(a, 0));
    weir_tensor *still = weir_ne(flat, pow_number(a, 0));
    return weir_where(still, pow_number(a, 0),
                      weir_mul(y, weir_log(weir_where(still, pow_number(a, 1), a))));
}

static void pow_backward(weir_vjp *v)
{
    weir_tensor *a = weir_vjp_in(v, 0), *b = weir_vjp_in(v, 1), *g = v->gout[0];
    if (weir_vjp_needs(v, 0)) weir_vjp_set(v, 0, weir_mul(g, base_slope(a, b)));
    if (weir_vjp_needs(v, 1))
        weir_vjp_set(v, 1, weir_mul(g, exponent_slope(a, b, weir_vjp_out(v, 0))));
}

static weir_tensor *call_pow(weir_tensor **x) { return weir_pow(x[0], x[1]); }
static const weir_op_case pow_cases[] = {
    { "3,4 3,4", call_pow }, { "3,4 4", call_pow }, { "2,1,3 4,1", call_pow },
    { ". 2,3", call_pow },   { ". .", call_pow },   { "0,3 3", call_pow },
    { NULL, NULL }
};
const weir_op weir__op_pow = { .row = WEIR_OP_ROW("op.pow", "a^b, element by element"),
                               .n_in = 2,
                               .n_out = 1,
                               .save_in = 3,
                               .save_out = 1,
                               .infer = weir_infer_broadcast,
                               .forward = pow_forward,
                               .backward = pow_backward,
                               .cases = pow_cases,
                               .low = 0.4,
                               .high = 2,
                               .order = WEIR_ORDER_KEEP };
weir_tensor *weir_pow(weir_tensor *a, weir_tensor *b) { return weir__apply2(&weir__op_pow, a, b); }

/* -- a tensor and a number --------------------------------------------------------------------- */
typedef struct power {
    double p;
} power;

static void scalar_forward(weir_call *k)
{
    weir__loop l = weir__loop_of(k->out[0], 2, WEIR__IN(k->out[0], k->in[0]));
    weir__loop_unary(k->ctx->kern, (weir__real)k->out[0]->dtype, WEIR__U_pow_scalar, &l,
                     (const double[]){ ((const power *)k->attr)->p, 0, 0, 0 }, k->ctx->threads);
}

static void scalar_backward(weir_vjp *v)
{
    double p = ((const power *)v->attr)->p;
    weir_vjp_set(
        v, 0,
        p == 0 ? weir_zeros_like(v->gout[0])
               : weir_mul(v->gout[0], weir_scale(weir_pow_scalar(weir_vjp_in(v, 0), p - 1), p)));
}

static weir_tensor *call_three_halves(weir_tensor **x) { return weir_pow_scalar(x[0], 1.5); }
static weir_tensor *call_cube(weir_tensor **x) { return weir_pow_scalar(x[0], 3); }
static weir_tensor *pow_call_inverse(weir_tensor **x) { return weir_pow_scalar(x[0], -1); }
static weir_tensor *pow_call_none(weir_tensor **x) { return weir_pow_scalar(x[0], 0); }
static const weir_op_case scalar_cases[] = { { "3,4", call_three_halves }, { "2,3,17", call_cube },
                                             { ".", pow_call_inverse },    { "0,2", call_cube },
                                             { "3", pow_call_none },       { NULL, NULL } };
const weir_op weir__op_pow_scalar = { .row = WEIR_OP_ROW("op.pow_scalar", "x^p, p a number"),
                                      .n_in = 1,
                                      .n_out = 1,
                                      .save_in = 1,
                                      .attr_size = sizeof(power),
                                      .infer = weir_infer_same,
                                      .forward = scalar_forward,
                                      .backward = scalar_backward,
                                      .cases = scalar_cases,
                                      .low = 0.4,
                                      .high = 2,
                                      .order = WEIR_ORDER_KEEP };
weir_tensor *weir_pow_scalar(weir_tensor *x, double p)
{
    WEIR__AS_FOUND;
    return weir__apply1(&weir__op_pow_scalar, x, &(power){ p });
}
