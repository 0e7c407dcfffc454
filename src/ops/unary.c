/* unary.c - element-wise functions of one tensor. */
#include <math.h>
#include "ops/ops.h"

static void unary_loop(weir_call *k, weir__unary f, const double *p)
{
    weir__loop l = weir__loop_of(k->out[0], 2, WEIR__IN(k->out[0], k->in[0]));
    weir__loop_unary(k->ctx->kern, (weir__real)k->out[0]->dtype, f, &l, p, k->ctx->threads);
}

#define FORWARD(n) \
    static void n##_forward(weir_call *k) { unary_loop(k, WEIR__U_##n, NULL); } \
    static weir_tensor *call_##n(weir_tensor **x) { return weir_##n(x[0]); } \
    static const weir_op_case n##_cases[] = { { "3,4", call_##n }, \
                                              { ".", call_##n }, \
                                              { "0,2", call_##n }, \
                                              { "2,3,17", call_##n }, \
                                              { NULL, NULL } };
FORWARD(neg)
FORWARD(abs)
#define CALLED(n) \
    weir_tensor *weir_##n(weir_tensor *x) { return weir__apply1(&weir__op_##n, x, NULL); } \
    FORWARD(n)
CALLED(sign)
CALLED(floor)
CALLED(square)
CALLED(sqrt)
CALLED(reciprocal)
CALLED(exp)
CALLED(log)
CALLED(expm1)
CALLED(log1p)
CALLED(rsqrt)
CALLED(erf)
CALLED(sin)
CALLED(cos)
CALLED(atan)
CALLED(tanh)
CALLED(sigmoid)
CALLED(softplus)
CALLED(relu)

/* i64, where what does not fit wraps: the least number is its own negative. */
static bool is_i64(const weir_tensor *x) { return !weir_is_nil(x) && x->dtype == WEIR_I64; }

weir_tensor *weir_neg(weir_tensor *x)
{
    WEIR__AS_FOUND;
    if (!is_i64(x)) return weir__apply1(&weir__op_neg, x, NULL);
    return weir_sub(weir_scalar(x->object.ctx, WEIR_I64, 0), x);
}
weir_tensor *weir_abs(weir_tensor *x)
{
    WEIR__AS_FOUND;
    return is_i64(x) ? weir_maximum(x, weir_neg(x)) : weir__apply1(&weir__op_abs, x, NULL);
}

static void neg_backward(weir_vjp *v) { weir_vjp_set(v, 0, weir_neg(v->gout[0])); }
static void abs_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_mul(v->gout[0], weir_sign(weir_vjp_in(v, 0))));
}
static void sign_backward(weir_vjp *v) { weir_vjp_set(v, 0, weir_zeros_like(v->gout[0])); }
static void floor_backward(weir_vjp *v) { weir_vjp_set(v, 0, weir_zeros_like(v->gout[0])); }
static void square_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_mul(v->gout[0], weir_scale(weir_vjp_in(v, 0), 2)));
}
static void sqrt_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_div(v->gout[0], weir_scale(weir_vjp_out(v, 0), 2)));
}
static void reciprocal_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_neg(weir_mul(v->gout[0], weir_square(weir_vjp_out(v, 0)))));
}
static void exp_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_mul(v->gout[0], weir_vjp_out(v, 0)));
}
static void log_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_div(v->gout[0], weir_vjp_in(v, 0)));
}
static void expm1_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_mul(v->gout[0], weir_affine(weir_vjp_out(v, 0), 1, 1)));
}
static void log1p_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_div(v->gout[0], weir_affine(weir_vjp_in(v, 0), 1, 1)));
}
static void rsqrt_backward(weir_vjp *v) /* -y^3 / 2 */
{
    weir_tensor *y = weir_vjp_out(v, 0);
    weir_vjp_set(v, 0, weir_mul(v->gout[0], weir_scale(weir_mul(y, weir_square(y)), -0.5)));
}
static void erf_backward(weir_vjp *v) /* 2 / sqrt(pi) e^-x^2 */
{
    weir_tensor *bell = weir_exp(weir_neg(weir_square(weir_vjp_in(v, 0))));
    weir_vjp_set(v, 0, weir_mul(v->gout[0], weir_scale(bell, M_2_SQRTPI)));
}
static void sin_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_mul(v->gout[0], weir_cos(weir_vjp_in(v, 0))));
}
static void cos_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_neg(weir_mul(v->gout[0], weir_sin(weir_vjp_in(v, 0)))));
}
static void atan_backward(weir_vjp *v) /* 1 / (1 + x^2) */
{
    weir_tensor *bottom = weir_affine(weir_square(weir_vjp_in(v, 0)), 1, 1);
    weir_vjp_set(v, 0, weir_div(v->gout[0], bottom));
}
static void tanh_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir__apply2(&weir__op_tanh_backward, v->gout[0], weir_vjp_out(v, 0)));
}
static void sigmoid_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir__apply2(&weir__op_sigmoid_backward, v->gout[0], weir_vjp_out(v, 0)));
}
static void softplus_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_mul(v->gout[0], weir_sigmoid(weir_vjp_in(v, 0))));
}
static void relu_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir__relu_backward(v->gout[0], weir_vjp_out(v, 0)));
}

#define UNARY(n, math, save_in_, save_out_, low_, high_) \
    const weir_op weir__op_##n = { .row = WEIR_OP_ROW("op." #n, math), \
                                   .n_in = 1, \
                                   .n_out = 1, \
                                   .save_in = save_in_, \
                                   .save_out = save_out_, \
                                   .infer = weir_infer_same, \
                                   .forward = n##_forward, \
                                   .backward = n##_backward, \
                                   .cases = n##_cases, \
                                   .low = low_, \
                                   .high = high_, \
                                   .order = WEIR_ORDER_KEEP }
UNARY(neg, "the negative, -x", 0, 0, -2, 2);
UNARY(abs, "|x|; gradient 0 at 0", 1, 0, -2, 2);
UNARY(sign, "-1, 0 or 1; gradient 0", 0, 0, -2, 2);
UNARY(floor, "the largest integer not above x; gradient 0", 0, 0, -2, 2);
UNARY(square, "x^2", 1, 0, -2, 2);
UNARY(sqrt, "square root", 0, 1, 0.3, 3);
UNARY(reciprocal, "1 / x", 0, 1, 0.4, 2);
UNARY(exp, "e^x", 0, 1, -2, 2);
UNARY(log, "natural logarithm", 1, 0, 0.3, 3);
UNARY(expm1, "e^x - 1, exact near 0", 0, 1, -2, 2);
UNARY(log1p, "log(1 + x), exact near 0", 1, 0, -0.6, 3);
UNARY(rsqrt, "1 / sqrt(x)", 0, 1, 0.3, 3);
UNARY(erf, "error function, 2 / sqrt(pi) times the integral of e^-t^2 from 0 to x", 1, 0, -2, 2);
UNARY(sin, "sine, x in radians", 1, 0, -4, 4);
UNARY(cos, "cosine, x in radians", 1, 0, -4, 4);
UNARY(atan, "inverse tangent, radians in (-pi/2, pi/2)", 1, 0, -4, 4);
UNARY(tanh, "hyperbolic tangent", 0, 1, -2, 2);
UNARY(sigmoid, "1 / (1 + e^-x)", 0, 1, -3, 3);
UNARY(softplus, "log(1 + e^x), without overflow", 1, 0, -3, 3);
UNARY(relu, "max(x, 0); gradient 0 at 0", 0, 1, -2, 2);

/* -- scale x + shift --------------------------------------------------------------------------- */
typedef struct affine {
    double scale, shift;
} affine;

static void affine_forward(weir_call *k)
{
    const affine *a = k->attr;
    unary_loop(k, WEIR__U_affine, (const double[]){ a->scale, a->shift, 0, 0 });
}

static void affine_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_scale(v->gout[0], ((const affine *)v->attr)->scale));
}
static weir_tensor *call_affine(weir_tensor **x) { return weir_affine(x[0], -1.5, 0.25); }
static const weir_op_case affine_cases[] = {
    { "3,4", call_affine }, { ".", call_affine }, { "0,2", call_affine }, { NULL, NULL }
};
const weir_op weir__op_affine = { .row = WEIR_OP_ROW("op.affine", "scale x + shift, two numbers"),
                                  .n_in = 1,
                                  .n_out = 1,
                                  .attr_size = sizeof(affine),
                                  .infer = weir_infer_same,
                                  .forward = affine_forward,
                                  .backward = affine_backward,
                                  .cases = affine_cases,
                                  .order = WEIR_ORDER_KEEP };

weir_tensor *weir_affine(weir_tensor *x, double scale, double shift)
{
    WEIR__AS_FOUND;
    return weir__apply1(&weir__op_affine, x, &(affine){ scale, shift });
}
weir_tensor *weir_scale(weir_tensor *x, double scale)
{
    WEIR__AS_FOUND;
    return weir_affine(x, scale, 0);
}
