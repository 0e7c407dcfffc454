/* arith.c - binary arithmetic with NumPy broadcasting. Gradients of broadcast inputs are summed by weir_vjp_set. */
#include "ops/ops.h"

static void loop(weir_call *k, weir__binary f)
{
    weir__loop l = weir__loop_of(k->out[0], 3, WEIR__IN(k->out[0], k->in[0], k->in[1]));
    weir__loop_binary(k->ctx->kern, (weir__real)k->out[0]->dtype, f, &l, k->ctx->threads);
}

static void add_forward(weir_call *k) { loop(k, WEIR__B_add); }
static void sub_forward(weir_call *k) { loop(k, WEIR__B_sub); }
static void mul_forward(weir_call *k) { loop(k, WEIR__B_mul); }
static void div_forward(weir_call *k) { loop(k, WEIR__B_div); }
static void maximum_forward(weir_call *k) { loop(k, WEIR__B_max); }
static void minimum_forward(weir_call *k) { loop(k, WEIR__B_min); }

static void add_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, v->gout[0]);
    weir_vjp_set(v, 1, v->gout[0]);
}

static void sub_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, v->gout[0]);
    if (weir_vjp_needs(v, 1)) weir_vjp_set(v, 1, weir_neg(v->gout[0]));
}

static void mul_backward(weir_vjp *v)
{
    if (weir_vjp_needs(v, 0)) weir_vjp_set(v, 0, weir_mul(v->gout[0], weir_vjp_in(v, 1)));
    if (weir_vjp_needs(v, 1)) weir_vjp_set(v, 1, weir_mul(v->gout[0], weir_vjp_in(v, 0)));
}

static void div_backward(weir_vjp *v) /* d(a/b) = da/b - (a/b) db/b */
{
    weir_tensor *q = weir_div(v->gout[0], weir_vjp_in(v, 1));
    weir_vjp_set(v, 0, q);
    if (weir_vjp_needs(v, 1)) weir_vjp_set(v, 1, weir_neg(weir_mul(q, weir_vjp_out(v, 0))));
}

/* The gradient goes where the input equals the result; both halves where both do. */
static void extreme_backward(weir_vjp *v)
{
    weir_tensor *a = weir_vjp_in(v, 0), *b = weir_vjp_in(v, 1), *y = weir_detach(weir_vjp_out(v, 0)), *g = v->gout[0];
    weir_tensor *half = weir_scale(g, 0.5), *zero = weir_scalar(v->ctx, g->dtype, 0), *tie = weir_eq(weir_detach(a), weir_detach(b));
    weir_tensor *one = weir_where(tie, half, g);
    if (weir_vjp_needs(v, 0)) weir_vjp_set(v, 0, weir_where(weir_eq(weir_detach(a), y), one, zero));
    if (weir_vjp_needs(v, 1)) weir_vjp_set(v, 1, weir_where(weir_eq(weir_detach(b), y), one, zero));
}

static weir_tensor *call_add(weir_tensor **x) { return weir_add(x[0], x[1]); }
static weir_tensor *call_sub(weir_tensor **x) { return weir_sub(x[0], x[1]); }
static weir_tensor *call_mul(weir_tensor **x) { return weir_mul(x[0], x[1]); }
static weir_tensor *call_div(weir_tensor **x) { return weir_div(x[0], x[1]); }
static weir_tensor *call_maximum(weir_tensor **x) { return weir_maximum(x[0], x[1]); }
static weir_tensor *call_minimum(weir_tensor **x) { return weir_minimum(x[0], x[1]); }

#define CASES(n) \
    static const weir_op_case n##_cases[] = { { "3,4 3,4", call_##n }, { "3,4 4", call_##n },  { "2,1,3 4,1", call_##n }, { ". 2,3", call_##n }, \
                                              { ". .", call_##n },     { "0,3 3", call_##n }, { "1 5", call_##n },       { NULL, NULL } };
CASES(add)
CASES(sub)
CASES(mul)
CASES(div)
CASES(maximum)
CASES(minimum)

#define BINARY(n, math, save_in_, save_out_, backward_, low_, high_) \
    const weir_op weir__op_##n = { .row = WEIR_OP_ROW("op." #n, math), .n_in = 2, .n_out = 1, .save_in = save_in_, .save_out = save_out_, \
                                   .infer = weir_infer_broadcast, .forward = n##_forward, .backward = backward_, .cases = n##_cases, .low = low_, .high = high_, \
                                   .order = WEIR_ORDER_KEEP }
BINARY(add, "a + b", 0, 0, add_backward, -2, 2);
BINARY(sub, "a - b", 0, 0, sub_backward, -2, 2);
BINARY(mul, "a b, element by element", 3, 0, mul_backward, -2, 2);
BINARY(div, "a / b", 2, 1, div_backward, 0.5, 2);
BINARY(maximum, "the larger of a and b; NaN if either is", 3, 1, extreme_backward, -2, 2);
BINARY(minimum, "the smaller of a and b; NaN if either is", 3, 1, extreme_backward, -2, 2);

weir_tensor *weir_add(weir_tensor *a, weir_tensor *b) { return weir__apply2(&weir__op_add, a, b); }
weir_tensor *weir_sub(weir_tensor *a, weir_tensor *b) { return weir__apply2(&weir__op_sub, a, b); }
weir_tensor *weir_mul(weir_tensor *a, weir_tensor *b) { return weir__apply2(&weir__op_mul, a, b); }
weir_tensor *weir_div(weir_tensor *a, weir_tensor *b) { return weir__apply2(&weir__op_div, a, b); }
weir_tensor *weir_maximum(weir_tensor *a, weir_tensor *b) { return weir__apply2(&weir__op_maximum, a, b); }
weir_tensor *weir_minimum(weir_tensor *a, weir_tensor *b) { return weir__apply2(&weir__op_minimum, a, b); }
