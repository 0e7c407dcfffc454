/* activation_grad.c - gradients of activations as ops of their own, one pass over memory each: f(g,
 * y) = g times a function of y. */
#include "ops/ops.h"

static void loop(weir_call *k, weir__binary f)
{
    weir__loop l = weir__loop_of(k->out[0], 3, WEIR__IN(k->out[0], k->in[0], k->in[1]));
    weir__loop_binary(k->ctx->kern, (weir__real)k->out[0]->dtype, f, &l, k->ctx->threads);
}

weir_tensor *weir__relu_backward(weir_tensor *g, weir_tensor *y)
{
    return weir__apply2(&weir__op_relu_backward, g, y);
}

static void relu_forward(weir_call *k) { loop(k, WEIR__B_relu_backward); }
static void tanh_forward(weir_call *k) { loop(k, WEIR__B_tanh_backward); }
static void sigmoid_forward(weir_call *k) { loop(k, WEIR__B_sigmoid_backward); }

static void relu_vjp(weir_vjp *v) /* linear in g; flat in y */
{
    if (weir_vjp_needs(v, 0))
        weir_vjp_set(v, 0, weir__relu_backward(v->gout[0], weir_vjp_in(v, 1)));
}

static void tanh_vjp(weir_vjp *v) /* g (1 - y^2): d/dy = -2 g y */
{
    weir_tensor *g = weir_vjp_in(v, 0), *y = weir_vjp_in(v, 1);
    if (weir_vjp_needs(v, 0))
        weir_vjp_set(v, 0, weir__apply2(&weir__op_tanh_backward, v->gout[0], y));
    if (weir_vjp_needs(v, 1))
        weir_vjp_set(v, 1, weir_mul(v->gout[0], weir_scale(weir_mul(g, y), -2)));
}

static void sigmoid_vjp(weir_vjp *v) /* g y (1 - y): d/dy = g (1 - 2 y) */
{
    weir_tensor *g = weir_vjp_in(v, 0), *y = weir_vjp_in(v, 1);
    if (weir_vjp_needs(v, 0))
        weir_vjp_set(v, 0, weir__apply2(&weir__op_sigmoid_backward, v->gout[0], y));
    if (weir_vjp_needs(v, 1))
        weir_vjp_set(v, 1, weir_mul(v->gout[0], weir_mul(g, weir_affine(y, -2, 1))));
}

static weir_tensor *call_relu(weir_tensor **x) { return weir__relu_backward(x[0], x[1]); }
static weir_tensor *call_tanh(weir_tensor **x)
{
    return weir__apply2(&weir__op_tanh_backward, x[0], x[1]);
}
static weir_tensor *call_sigmoid(weir_tensor **x)
{
    return weir__apply2(&weir__op_sigmoid_backward, x[0], x[1]);
}
#define CASES(n) \
    static const weir_op_case n##_cases[] = { \
        { "3,4 3,4", call_##n }, { ". .", call_##n }, { "0,2 0,2", call_##n }, { NULL, NULL } \
    };
CASES(relu)
CASES(tanh)
CASES(sigmoid)

#define ROW(n, math, save) \
    const weir_op weir__op_##n##_backward = { .row = WEIR_OP_ROW("op." #n "_backward", math), \
                                              .n_in = 2, \
                                              .n_out = 1, \
                                              .save_in = save, \
                                              .infer = weir_infer_broadcast, \
                                              .forward = n##_forward, \
                                              .backward = n##_vjp, \
                                              .cases = n##_cases, \
                                              .order = WEIR_ORDER_KEEP }
ROW(relu, "the gradient of relu: y > 0 ? g : 0", 2);
ROW(tanh, "the gradient of tanh: g (1 - y^2)", 3);
ROW(sigmoid, "the gradient of sigmoid: g y (1 - y)", 3);
