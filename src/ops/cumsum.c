/* cumsum.c - running sums along the last axis, in double, or of i64 and bool in i64; other axes are
 * moved there. The gradient runs the other way. */
#include "ops/ops.h"

typedef struct direction {
    bool back;
} direction;

static bool cumsum_infer(weir_call *k)
{
    k->spec[0] = weir__spec_of(k->in[0]);
    if (weir__is_whole(k->in[0]->dtype)) k->spec[0].dtype = WEIR_I64;
    else if (!weir_infer_same(k)) return false;
    return k->in[0]->ndim > 0 || weir_call_fail(k, WEIR_ERROR_SHAPE, "expected an axis");
}

static void cumsum_forward(weir_call *k)
{
    weir_tensor *x = k->in[0], *y = k->out[0];
    int64_t n = x->shape[x->ndim - 1];
    if (y->numel == 0) return;
    if (weir__is_whole(x->dtype)) {
        int64_t bytes = (int64_t)weir_dtype_size(x->dtype);
        weir__integer_cumsum(bytes, x->numel / n, n, weir__ptr(y), weir__ptr(x));
        return;
    }
    weir__rows r = {
        .rows = x->numel / n, .n = n, .y = weir__ptr(y), .y_row = n, .a = weir__ptr(x)
    };
    weir__loop_rows(k->ctx->kern, (weir__real)y->dtype,
                    ((const direction *)k->attr)->back ? WEIR__R_cumsum_back : WEIR__R_cumsum, &r,
                    k->ctx->threads);
}

static weir_tensor *cumsum_run(weir_tensor *x, bool back)
{
    return weir__apply1(&weir__op_cumsum, weir_contiguous(x), &(direction){ back });
}
static void cumsum_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, cumsum_run(v->gout[0], !((const direction *)v->attr)->back));
}

static weir_tensor *cumsum_call_last(weir_tensor **x) { return weir_cumsum(x[0], -1); }
static weir_tensor *cumsum_call_first(weir_tensor **x) { return weir_cumsum(x[0], 0); }
static const weir_op_case cases[] = {
    { "3,4", cumsum_call_last },     { "5", cumsum_call_first },
    { "2,3,17", cumsum_call_first }, { "0,2", cumsum_call_last },
    { "2,0", cumsum_call_last },     { "i3,4<9", cumsum_call_first },
    { "b3,4", cumsum_call_last },    { NULL, NULL }
};
const weir_op weir__op_cumsum = { .row = WEIR_OP_ROW("op.cumsum",
                                                     "running sums along the last axis"),
                                  .n_in = 1,
                                  .n_out = 1,
                                  .attr_size = sizeof(direction),
                                  .infer = cumsum_infer,
                                  .forward = cumsum_forward,
                                  .backward = cumsum_backward,
                                  .cases = cases };

weir_tensor *weir_cumsum(weir_tensor *x, int axis)
{
    if ((axis = weir__axis(x, "cumsum", axis)) < 0) return weir__nil_of(x);
    return axis == x->ndim - 1
               ? cumsum_run(x, false)
               : weir_transpose(cumsum_run(weir_transpose(x, axis, -1), false), axis, -1);
}
