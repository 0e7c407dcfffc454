/* compare.c - comparisons and choice. */
#include "ops/ops.h"

static bool compare_infer(weir_call *k)
{
    if (!weir__infer_numbers(k, true)) return false;
    k->spec[0].dtype = WEIR_BOOL;
    return true;
}

static void compare_forward(weir_call *k, weir__compare f)
{
    weir_dtype t = k->in[0]->dtype;
    weir__loop l = weir__loop_of(k->out[0], 3, WEIR__IN(k->out[0], k->in[0], k->in[1]));
    if (weir_dtype_is_real(t))
        weir__loop_compare(k->ctx->kern, (weir__real)t, f, &l, k->ctx->threads);
    else weir__loop_integer_compare(f, (int64_t)weir_dtype_size(t), &l, k->ctx->threads);
}

#define COMPARE(n, math) \
    static void n##_forward(weir_call *k) { compare_forward(k, WEIR__C_##n); } \
    static weir_tensor *call_##n(weir_tensor **x) { return weir_##n(x[0], x[1]); } \
    static const weir_op_case n##_cases[] = { \
        { "3,4 4", call_##n },           { ". 2,3", call_##n },   { "0,2 2", call_##n }, \
        { "i3,4<3 i2,1,4<3", call_##n }, { "b3,4 b4", call_##n }, { NULL, NULL } \
    }; \
    const weir_op weir__op_##n = { .row = WEIR_OP_ROW("op." #n, math), \
                                   .n_in = 2, \
                                   .n_out = 1, \
                                   .infer = compare_infer, \
                                   .forward = n##_forward, \
                                   .no_gradient = "its values are true and false", \
                                   .cases = n##_cases, \
                                   .order = WEIR_ORDER_KEEP }; \
    weir_tensor *weir_##n(weir_tensor *a, weir_tensor *b) \
    { \
        return weir__apply2(&weir__op_##n, a, b); \
    }
COMPARE(eq, "a == b")
COMPARE(ne, "a != b")
COMPARE(lt, "a < b")
COMPARE(le, "a <= b")
COMPARE(gt, "a > b")
COMPARE(ge, "a >= b")

static bool where_infer(weir_call *k)
{
    const weir_tensor *test = k->in[0], *a = k->in[1], *b = k->in[2];
    if (test->dtype != WEIR_BOOL)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s: expected bool first",
                              weir_dtype_name(test->dtype));
    if (a->dtype != b->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type",
                              weir_dtype_name(a->dtype), weir_dtype_name(b->dtype));
    weir_spec *s = &k->spec[0];
    *s = weir__spec_of(a);
    if (!weir__broadcast(&s->ndim, s->shape, b->ndim, b->shape)
        || !weir__broadcast(&s->ndim, s->shape, test->ndim, test->shape))
        return weir_call_fail(k, WEIR_ERROR_SHAPE,
                              "expected extents that are equal or 1, from the last axis on");
    return true;
}

static void where_forward(weir_call *k)
{
    weir__loop l = weir__loop_of(k->out[0], 4, WEIR__IN(k->out[0], k->in[0], k->in[1], k->in[2]));
    weir_dtype t = k->out[0]->dtype;
    if (weir_dtype_is_real(t)) weir__loop_where(k->ctx->kern, (weir__real)t, &l, k->ctx->threads);
    else weir__loop_choose((int64_t)weir_dtype_size(t), &l, k->ctx->threads);
}

static void where_backward(weir_vjp *v)
{
    weir_tensor *test = weir_vjp_in(v, 0), *zero = weir_scalar(v->ctx, v->gout[0]->dtype, 0);
    if (weir_vjp_needs(v, 1)) weir_vjp_set(v, 1, weir_where(test, v->gout[0], zero));
    if (weir_vjp_needs(v, 2)) weir_vjp_set(v, 2, weir_where(test, zero, v->gout[0]));
}

static weir_tensor *call_where(weir_tensor **x) { return weir_where(x[0], x[1], x[2]); }
static const weir_op_case where_cases[] = {
    { "b3,4 3,4 4", call_where },       { "b4 3,1 .", call_where },     { "b0,2 2 2", call_where },
    { "b3,4 i3,1<9 i4<9", call_where }, { "b3,4 b3,4 b.", call_where }, { NULL, NULL }
};
const weir_op weir__op_where = { .row = WEIR_OP_ROW("op.where", "test ? a : b"),
                                 .n_in = 3,
                                 .n_out = 1,
                                 .save_in = 1,
                                 .infer = where_infer,
                                 .forward = where_forward,
                                 .backward = where_backward,
                                 .cases = where_cases,
                                 .order = WEIR_ORDER_KEEP };
weir_tensor *weir_where(weir_tensor *test, weir_tensor *a, weir_tensor *b)
{
    return weir_apply(&weir__op_where, 3, WEIR__IN(test, a, b), NULL);
}
