/* cast.c - conversion between element types, the only one there is. */
#include "ops/ops.h"

typedef struct target {
    weir_dtype dtype;
} target;

static bool cast_infer(weir_call *k)
{
    k->spec[0] = weir__spec_of(k->in[0]);
    k->spec[0].dtype = ((const target *)k->attr)->dtype;
    return true;
}

/* Between f32 and 16 bits by vectors, in threads; false: another pair */
static bool halves(weir_ctx *c, weir_tensor *y, const weir_tensor *x)
{
    weir_dtype a = x->dtype, b = y->dtype;
    weir__half t = a == WEIR_F16 || b == WEIR_F16 ? WEIR__F16 : WEIR__BF16;
    bool from = (a == WEIR_F16 || a == WEIR_BF16) && b == WEIR_F32;
    bool to = (b == WEIR_F16 || b == WEIR_BF16) && a == WEIR_F32;
    if (from) weir__from_half(c->kern, t, x->numel, weir__ptr(y), weir__ptr(x), c->threads);
    if (to) weir__to_half(c->kern, t, x->numel, weir__ptr(y), weir__ptr(x), c->threads);
    return from || to;
}

/* weir_cast hands dense tensors in, and y lies as x does */
static void cast_forward(weir_call *k)
{
    weir_tensor *x = k->in[0], *y = k->out[0];
    if (!halves(k->ctx, y, x))
        weir__convert(y->dtype, weir__ptr(y), x->dtype, weir__ptr(x), y->numel);
}

static void cast_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_cast(v->gout[0], weir_vjp_in_spec(v, 0)->dtype));
}

static weir_tensor *call_cast(weir_tensor **x) { return weir_cast(x[0], WEIR_F64); }
static const weir_op_case cases[] = {
    { "3,4", call_cast }, { ".", call_cast }, { "0,2", call_cast }, { NULL, NULL }
};
const weir_op weir__op_cast = { .row = WEIR_OP_ROW("op.cast", "elements converted to another type"),
                                .n_in = 1,
                                .n_out = 1,
                                .attr_size = sizeof(target),
                                .infer = cast_infer,
                                .forward = cast_forward,
                                .backward = cast_backward,
                                .cases = cases,
                                .order = WEIR_ORDER_KEEP };

weir_tensor *weir_cast(weir_tensor *x, weir_dtype t)
{
    if (weir_is_nil(x)) return weir__nil_of(x);
    if (x->dtype == t) return x;
    return weir__apply1(&weir__op_cast, weir__dense(x), &(target){ t });
}
