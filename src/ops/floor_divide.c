/* floor_divide.c - quotients of i64 rounded down, and what is left. */
#include "ops/ops.h"

static bool floor_divide_infer(weir_call *k)
{
    for (int i = 0; i < 2; i++)
        if (k->in[i]->dtype != WEIR_I64)
            return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s: expected i64",
                                  weir_dtype_name(k->in[i]->dtype));
    return weir__infer_numbers(k, false);
}

static void floor_divide_by(weir_call *k, weir__integer f)
{
    weir_tensor *b = k->in[1];
    weir__operand divisor = { .data = weir__ptr(b) };
    weir__broadcast_strides(b, b->ndim, b->shape, divisor.stride);
    weir__loop l = weir__loop_of(k->out[0], 3, WEIR__IN(k->out[0], k->in[0], b));
    if (k->out[0]->numel > 0 && weir__any_zero(&divisor, b->ndim, b->shape))
        weir_call_fail(k, WEIR_ERROR_RANGE, "a divisor is 0: expected none that is");
    else weir__loop_integer(f, &l, k->ctx->threads);
}

static void floor_divide_forward(weir_call *k) { floor_divide_by(k, WEIR__I_floor_divide); }
static void remainder_forward(weir_call *k) { floor_divide_by(k, WEIR__I_remainder); }

/* Of numbers from -4 on by divisors from 1 on, and by their opposites */
static weir_tensor *floor_divide_shift(weir_tensor *x, double by)
{
    return weir_dtype_of(x) != WEIR_I64 ? x
                                        : weir_add(x, weir_scalar(weir_ctx_of(x), WEIR_I64, by));
}
static weir_tensor *call_floor_divide(weir_tensor **x)
{
    return weir_floor_divide(floor_divide_shift(x[0], -4), floor_divide_shift(x[1], 1));
}
static weir_tensor *call_remainder(weir_tensor **x)
{
    return weir_remainder(floor_divide_shift(x[0], -4), weir_neg(floor_divide_shift(x[1], 1)));
}

#define FLOOR_DIVIDE_ROW(n, math) \
    static const weir_op_case n##_cases[] = { { "i3,4<9 i4<3", call_##n }, \
                                              { "i2,1,3<9 i4,1<4", call_##n }, \
                                              { "i.<9 i.<2", call_##n }, \
                                              { "i0,3<9 i3<3", call_##n }, \
                                              { NULL, NULL } }; \
    const weir_op weir__op_##n = { .row = WEIR_OP_ROW("op." #n, math), \
                                   .n_in = 2, \
                                   .n_out = 1, \
                                   .infer = floor_divide_infer, \
                                   .forward = n##_forward, \
                                   .no_gradient = "its values are whole numbers", \
                                   .cases = n##_cases, \
                                   .order = WEIR_ORDER_KEEP }; \
    weir_tensor *weir_##n(weir_tensor *a, weir_tensor *b) \
    { \
        return weir__apply2(&weir__op_##n, a, b); \
    }
FLOOR_DIVIDE_ROW(floor_divide, "a / b of i64, rounded towards minus infinity")
FLOOR_DIVIDE_ROW(remainder, "a - b floor_divide(a, b) of i64")
