/* arith.c - binary arithmetic with NumPy broadcasting. Gradients of broadcast inputs are summed by
 * weir_vjp_set. Of i64 what does not fit wraps; of bool a sum is `or`, a product `and`, as in
 * PyTorch. */
#include "ops/ops.h"

static void loop(weir_call *k, weir__binary f, weir__integer whole, bool either)
{
    weir_dtype t = k->out[0]->dtype;
    weir__loop l = weir__loop_of(k->out[0], 3, WEIR__IN(k->out[0], k->in[0], k->in[1]));
    if (t == WEIR_I64) weir__loop_integer(whole, &l, k->ctx->threads);
    else if (t == WEIR_BOOL) weir__loop_logic(either, &l, k->ctx->threads);
    else weir__loop_binary(k->ctx->kern, (weir__real)t, f, &l, k->ctx->threads);
}

static void add_forward(weir_call *k) { loop(k, WEIR__B_add, WEIR__I_add, true); }
static void sub_forward(weir_call *k) { loop(k, WEIR__B_sub, WEIR__I_sub, false); }
static void mul_forward(weir_call *k) { loop(k, WEIR__B_mul, WEIR__I_mul, false); }
static void div_forward(weir_call *k) { loop(k, WEIR__B_div, WEIR__INTEGERS, false); }
static void maximum_forward(weir_call *k) { loop(k, WEIR__B_max, WEIR__I_max, true); }
static void minimum_forward(weir_call *k) { loop(k, WEIR__B_min, WEIR__I_min, false); }

bool weir__infer_numbers(weir_call *k, bool booleans)
{
    const weir_tensor *a = k->in[0], *b = k->in[1];
    weir_spec *s = &k->spec[0];
    if (a->dtype != WEIR_I64 && (a->dtype != WEIR_BOOL || !booleans))
        return weir_infer_broadcast(k);
    *s = weir__spec_of(a);
    if (b->dtype != a->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE,
                              "%s with %s: expected one type (weir_cast converts)",
                              weir_dtype_name(a->dtype), weir_dtype_name(b->dtype));
    return weir__broadcast(&s->ndim, s->shape, b->ndim, b->shape)
           || weir_call_fail(k, WEIR_ERROR_SHAPE,
                             "expected extents that are equal or 1, from the last axis on");
}

static bool any_infer(weir_call *k) { return weir__infer_numbers(k, true); }
static bool sub_infer(weir_call *k)
{
    return k->in[0]->dtype != WEIR_BOOL
               ? weir__infer_numbers(k, false)
               : weir_call_fail(k, WEIR_ERROR_DTYPE,
                                "bool: expected f32, f64 or i64 (weir_ne tells which differ)");
}
static bool div_infer(weir_call *k)
{
    return k->in[0]->dtype != WEIR_I64
               ? weir_infer_broadcast(k)
               : weir_call_fail(k, WEIR_ERROR_DTYPE,
                                "i64: expected f32 or f64 (weir_cast converts, "
                                "weir_floor_divide divides i64)");
}

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
    weir_tensor *a = weir_vjp_in(v, 0);
    weir_tensor *b = weir_vjp_in(v, 1);
    weir_tensor *y = weir_detach(weir_vjp_out(v, 0));
    weir_tensor *g = v->gout[0];
    weir_tensor *half = weir_scale(g, 0.5);
    weir_tensor *zero = weir_scalar(v->ctx, g->dtype, 0);
    weir_tensor *tie = weir_eq(weir_detach(a), weir_detach(b));
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

#define CASES(n, ...) \
    static const weir_op_case n##_cases[] = { \
        { "3,4 3,4", call_##n }, { "3,4 4", call_##n },    { "2,1,3 4,1", call_##n }, \
        { ". 2,3", call_##n },   { ". .", call_##n },      { "0,3 3", call_##n }, \
        { "1 5", call_##n },     __VA_ARGS__{ NULL, NULL } \
    };
#define WHOLE(n) { "i3,4<9 i2,1,4<5", call_##n },
#define TRUTHS(n) { "b3,4 b4", call_##n },
CASES(add, WHOLE(add) TRUTHS(add))
CASES(sub, WHOLE(sub))
CASES(mul, WHOLE(mul) TRUTHS(mul))
CASES(div, )
CASES(maximum, WHOLE(maximum) TRUTHS(maximum))
CASES(minimum, WHOLE(minimum) TRUTHS(minimum))

#define BINARY(n, math, save_in_, save_out_, infer_, backward_, low_, high_) \
    const weir_op weir__op_##n = { .row = WEIR_OP_ROW("op." #n, math), \
                                   .n_in = 2, \
                                   .n_out = 1, \
                                   .save_in = save_in_, \
                                   .save_out = save_out_, \
                                   .infer = infer_, \
                                   .forward = n##_forward, \
                                   .backward = backward_, \
                                   .cases = n##_cases, \
                                   .low = low_, \
                                   .high = high_, \
                                   .order = WEIR_ORDER_KEEP }
BINARY(add, "a + b", 0, 0, any_infer, add_backward, -2, 2);
BINARY(sub, "a - b", 0, 0, sub_infer, sub_backward, -2, 2);
BINARY(mul, "a b, element by element", 3, 0, any_infer, mul_backward, -2, 2);
BINARY(div, "a / b", 2, 1, div_infer, div_backward, 0.5, 2);
BINARY(maximum, "the larger of a and b; NaN if either is", 3, 1, any_infer, extreme_backward, -2,
       2);
BINARY(minimum, "the smaller of a and b; NaN if either is", 3, 1, any_infer, extreme_backward, -2,
       2);

weir_tensor *weir_add(weir_tensor *a, weir_tensor *b) { return weir__apply2(&weir__op_add, a, b); }
weir_tensor *weir_sub(weir_tensor *a, weir_tensor *b) { return weir__apply2(&weir__op_sub, a, b); }
weir_tensor *weir_mul(weir_tensor *a, weir_tensor *b) { return weir__apply2(&weir__op_mul, a, b); }
weir_tensor *weir_div(weir_tensor *a, weir_tensor *b) { return weir__apply2(&weir__op_div, a, b); }
weir_tensor *weir_maximum(weir_tensor *a, weir_tensor *b)
{
    return weir__apply2(&weir__op_maximum, a, b);
}
weir_tensor *weir_minimum(weir_tensor *a, weir_tensor *b)
{
    return weir__apply2(&weir__op_minimum, a, b);
}
