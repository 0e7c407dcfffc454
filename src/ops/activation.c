/* activation.c - activations, and clamp, whose gradient is one pass over the saved input: g f'(x).
 * While gradients are themselves recorded the same is written in plain ops, so that second
 * derivatives come of themselves. */
#include <math.h>
#include "ops/ops.h"

typedef struct shape2 {
    double a, b;
} shape2; /* the numbers a function has, or none */

static void activation_loop(weir_call *k, weir__unary f)
{
    const shape2 *s = k->attr;
    weir__loop l = weir__loop_of(k->out[0], 2, WEIR__IN(k->out[0], k->in[0]));
    weir__loop_unary(k->ctx->kern, (weir__real)k->out[0]->dtype, f, &l,
                     s ? (const double[]){ s->a, s->b, 0, 0 } : NULL, k->ctx->threads);
}

weir_tensor *weir__slope_of(weir_vjp *v, weir__slope f, const double *p)
{
    weir_tensor *g = v->gout[0], *x = weir_vjp_in(v, 0), *y = weir__tensor_like(v->ctx, x);
    if (weir_is_nil(x) || weir_is_nil(g) || y->object.nil) return weir__nil_of(y);
    weir__loop l = weir__loop_of(y, 3, WEIR__IN(y, g, x));
    weir__loop_slope(v->ctx->kern, (weir__real)y->dtype, f, &l, p, v->ctx->threads);
    return y;
}

/* -- f'(x) in plain ops ------------------------------------------------------------------------ */
static weir_tensor *silu_slope(weir_tensor *x, const shape2 *a) /* s (1 + x (1 - s)) */
{
    (void)a;
    weir_tensor *s = weir_sigmoid(x);
    return weir_mul(s, weir_affine(weir_mul(x, weir_affine(s, -1, 1)), 1, 1));
}

static weir_tensor *gelu_slope(weir_tensor *x, const shape2 *a) /* Phi(x) + x phi(x) */
{
    (void)a;
    weir_tensor *phi = weir_scale(weir_exp(weir_scale(weir_square(x), -0.5)),
                                  0.5 * M_2_SQRTPI * M_SQRT1_2);
    return weir_add(weir_affine(weir_erf(weir_scale(x, M_SQRT1_2)), 0.5, 0.5), weir_mul(x, phi));
}

static const double cube = 0.044715, twice = M_2_SQRTPI * M_SQRT2; /* 2 u = twice (x + cube x^3) */
static weir_tensor *gelu_gate(weir_tensor *x)
{
    return weir_sigmoid(weir_mul(x, weir_affine(weir_square(x), cube * twice, twice)));
}
static weir_tensor *gelu_tanh_slope(weir_tensor *x,
                                    const shape2 *a) /* of x s(2u): s (1 + 2 x u' (1 - s)) */
{
    (void)a;
    weir_tensor *s = gelu_gate(x);
    weir_tensor *slope = weir_affine(weir_square(x), 3 * cube * twice, twice);
    return weir_mul(s, weir_affine(weir_mul(weir_mul(x, slope), weir_affine(s, -1, 1)), 1, 1));
}

static const double quick = 1.702;
static weir_tensor *quick_gelu_slope(weir_tensor *x, const shape2 *a) /* s (1 + v (1 - s)) */
{
    (void)a;
    weir_tensor *v = weir_scale(x, quick), *s = weir_sigmoid(v);
    return weir_mul(s, weir_affine(weir_mul(v, weir_affine(s, -1, 1)), 1, 1));
}

static weir_tensor *logsigmoid_slope(weir_tensor *x, const shape2 *a)
{
    (void)a;
    return weir_sigmoid(weir_neg(x));
}

static weir_tensor *activation_number(weir_tensor *x, double v)
{
    return weir_scalar(weir_ctx_of(x), weir_dtype_of(x), v);
}
static weir_tensor *positive(weir_tensor *x)
{
    return weir_gt(weir_detach(x), activation_number(x, 0));
}
static weir_tensor *leaky_relu_slope(weir_tensor *x, const shape2 *a)
{
    return weir_where(positive(x), activation_number(x, 1), activation_number(x, a->a));
}

static weir_tensor *elu_slope(weir_tensor *x,
                              const shape2 *a) /* exp of the negative part alone, or 0 times
                                                  infinity spoils second derivatives */
{
    weir_tensor *up = positive(x), *below = weir_where(up, activation_number(x, 0), x);
    return weir_where(up, activation_number(x, a->b), weir_scale(weir_exp(below), a->a * a->b));
}

static weir_tensor *clamp_slope(weir_tensor *x, const shape2 *a)
{
    weir_tensor *in = weir_le(weir_detach(x), activation_number(x, a->b)),
                *out = activation_number(x, 0);
    return weir_where(weir_ge(weir_detach(x), activation_number(x, a->a)),
                      weir_where(in, activation_number(x, 1), out), out);
}

/* -- references -------------------------------------------------------------------------------- */
static weir_tensor *silu_plain(weir_tensor *x, const shape2 *a)
{
    (void)a;
    return weir_mul(x, weir_sigmoid(x));
}
static weir_tensor *gelu_plain(weir_tensor *x, const shape2 *a)
{
    (void)a;
    return weir_mul(x, weir_affine(weir_erf(weir_scale(x, M_SQRT1_2)), 0.5, 0.5));
}
static weir_tensor *gelu_tanh_plain(weir_tensor *x, const shape2 *a)
{
    (void)a;
    return weir_mul(x, gelu_gate(x));
}
static weir_tensor *quick_gelu_plain(weir_tensor *x, const shape2 *a)
{
    (void)a;
    return weir_mul(x, weir_sigmoid(weir_scale(x, quick)));
}
static weir_tensor *logsigmoid_plain(weir_tensor *x, const shape2 *a)
{
    (void)a;
    return weir_neg(weir_softplus(weir_neg(x)));
}
static weir_tensor *leaky_relu_plain(weir_tensor *x, const shape2 *a)
{
    return weir_where(positive(x), x, weir_scale(x, a->a));
}
static weir_tensor *elu_plain(weir_tensor *x, const shape2 *a)
{
    weir_tensor *up = positive(x), *below = weir_where(up, activation_number(x, 0), x);
    return weir_where(up, weir_scale(x, a->b), weir_scale(weir_expm1(below), a->a * a->b));
}
static weir_tensor *clamp_plain(weir_tensor *x, const shape2 *a)
{
    return weir_minimum(weir_maximum(x, activation_number(x, a->a)), activation_number(x, a->b));
}

/* -- rows and calls ---------------------------------------------------------------------------- */
#define ACTIVATION(n, math, bytes) \
    static void n##_forward(weir_call *k) { activation_loop(k, WEIR__U_##n); } \
    static void n##_backward(weir_vjp *v) \
    { \
        const shape2 *a = v->attr; \
        weir_vjp_set( \
            v, 0, \
            weir__vjp_recording(v) \
                ? weir_mul(v->gout[0], n##_slope(weir_vjp_in(v, 0), a)) \
                : weir__slope_of(v, WEIR__S_##n, bytes ? (const double[]){ a->a, a->b } : NULL)); \
    } \
    static weir_tensor *n##_reference(weir_tensor *const *in, int n_in, const void *attr) \
    { \
        return (void)n_in, n##_plain(in[0], attr); \
    } \
    static const weir_op_case n##_cases[] = { { "3,4", call_##n }, \
                                              { ".", call_##n }, \
                                              { "0,2", call_##n }, \
                                              { "2,3,17", call_##n }, \
                                              { NULL, NULL } }; \
    const weir_op weir__op_##n = { .row = WEIR_OP_ROW("op." #n, math), \
                                   .n_in = 1, \
                                   .n_out = 1, \
                                   .save_in = 1, \
                                   .attr_size = bytes, \
                                   .infer = weir_infer_same, \
                                   .forward = n##_forward, \
                                   .backward = n##_backward, \
                                   .reference = n##_reference, \
                                   .cases = n##_cases, \
                                   .low = -3, \
                                   .high = 3, \
                                   .order = WEIR_ORDER_KEEP };
#define CALL(n) static weir_tensor *call_##n(weir_tensor **x)
CALL(silu) { return weir_silu(x[0]); }
CALL(gelu) { return weir_gelu(x[0]); }
CALL(gelu_tanh) { return weir_gelu_tanh(x[0]); }
CALL(quick_gelu) { return weir_quick_gelu(x[0]); }
CALL(logsigmoid) { return weir_logsigmoid(x[0]); }
CALL(leaky_relu) { return weir_leaky_relu(x[0], 0.1); }
CALL(elu) { return weir_elu(x[0], 1.3); }
CALL(clamp) { return weir_clamp(x[0], -0.7, 1.1); }
ACTIVATION(silu, "x sigmoid(x), also called swish", 0)
ACTIVATION(gelu, "x Phi(x), Phi of the standard normal", 0)
ACTIVATION(gelu_tanh, "gelu with Phi by tanh", 0)
ACTIVATION(quick_gelu, "x sigmoid(1.702 x), an approximation of gelu", 0)
ACTIVATION(logsigmoid, "log sigmoid(x), without overflow", 0)
ACTIVATION(leaky_relu, "x > 0 ? x : slope x", sizeof(shape2))
ACTIVATION(elu, "x > 0 ? x : alpha (e^x - 1), and selu", sizeof(shape2))
ACTIVATION(clamp, "x within [lo, hi]; gradient 1 there, 0 outside", sizeof(shape2))

weir_tensor *weir_silu(weir_tensor *x) { return weir__apply1(&weir__op_silu, x, NULL); }
weir_tensor *weir_gelu(weir_tensor *x) { return weir__apply1(&weir__op_gelu, x, NULL); }
weir_tensor *weir_gelu_tanh(weir_tensor *x) { return weir__apply1(&weir__op_gelu_tanh, x, NULL); }
weir_tensor *weir_quick_gelu(weir_tensor *x) { return weir__apply1(&weir__op_quick_gelu, x, NULL); }
weir_tensor *weir_logsigmoid(weir_tensor *x) { return weir__apply1(&weir__op_logsigmoid, x, NULL); }
weir_tensor *weir_leaky_relu(weir_tensor *x, double slope)
{
    return weir__apply1(&weir__op_leaky_relu, x, &(shape2){ slope, 0 });
}
weir_tensor *weir_elu(weir_tensor *x, double alpha)
{
    return weir__apply1(&weir__op_elu, x, &(shape2){ alpha, 1 });
}
weir_tensor *weir_selu(weir_tensor *x) /* Klambauer et al. 2017 */
{
    return weir__apply1(&weir__op_elu, x,
                        &(shape2){ 1.6732632423543772848, 1.0507009873554804934 });
}
weir_tensor *weir_clamp(weir_tensor *x, double lo, double hi)
{
    WEIR__AS_FOUND;
    if (weir_is_nil(x)) return weir__nil_of(x);
    if (!(lo <= hi)) {
        weir_fail(x->object.ctx, WEIR_ERROR_RANGE, "clamp: %g to %g: expected lo <= hi", lo, hi);
        return weir__nil_of(x);
    }
    return weir__apply1(&weir__op_clamp, x, &(shape2){ lo, hi });
}
