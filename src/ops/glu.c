/* glu.c - gated linear units, a f(b) of the halves a, b of x along an axis (Dauphin et al. 2017,
 * Shazeer 2020). One pass forward, one backward; while gradients are themselves recorded the same
 * in plain ops is differentiated. */
#include "ops/ops.h"

typedef struct glu_attr {
    int axis;
    weir__both f;
} glu_attr;

static bool glu_infer(weir_call *k)
{
    int axis = ((const glu_attr *)k->attr)->axis;
    if (!weir_infer_same(k)) return false;
    if (k->in[0]->shape[axis] % 2 != 0)
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "axis %d of extent %lld: expected an even one",
                              axis, (long long)k->in[0]->shape[axis]);
    k->spec[0].shape[axis] /= 2;
    return true;
}

static weir__gated glu_problem(const glu_attr *a, const weir_tensor *x)
{
    return (weir__gated){
        .rows = weir__numel_of(a->axis, x->shape),
        .n = weir__numel_of(x->ndim - a->axis, x->shape + a->axis) / 2,
        .f = (int)a->f,
        .x = weir__ptr(x),
    };
}

static void glu_forward(weir_call *k)
{
    weir__gated p = glu_problem(k->attr, k->in[0]);
    p.y = weir__ptr(k->out[0]);
    weir__loop_gated(k->ctx->kern, (weir__real)k->in[0]->dtype, &p, k->ctx->threads);
}

static void glu_backward(weir_vjp *v)
{
    if (weir__vjp_recording(v)) {
        weir__vjp_by_reference(v);
        return;
    }
    weir_tensor *g = weir_contiguous(v->gout[0]), *x = weir_vjp_in(v, 0);
    weir_tensor *gx = weir__tensor_new(v->ctx, weir_vjp_in_spec(v, 0));
    if (weir_is_nil(x) || !weir_ok(v->ctx)) return;
    weir__gated p = glu_problem(v->attr, x);
    p.g = weir__ptr(g);
    p.gx = weir__ptr(gx);
    weir__loop_gated(v->ctx->kern, (weir__real)x->dtype, &p, v->ctx->threads);
    weir_vjp_set(v, 0, gx);
}

static weir_tensor *glu_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    static weir_tensor *(*const plain[WEIR__BOTHS])(weir_tensor *) = {
#define F(n) weir_##n,
        WEIR__BOTH_LIST(F)
#undef F
    };
    const glu_attr *a = attr;
    weir_tensor *half[2];
    (void)n_in;
    weir_chunk(in[0], a->axis, 2, half);
    return weir_mul(half[0], plain[a->f](half[1]));
}

static weir_tensor *call_glu(weir_tensor **x) { return weir_glu(x[0], -1); }
static weir_tensor *call_geglu(weir_tensor **x) { return weir_gated(x[0], 1, WEIR_ACT_GELU); }
static weir_tensor *call_swiglu(weir_tensor **x) { return weir_gated(x[0], -1, WEIR_ACT_SILU); }
static weir_tensor *glu_call_tanh(weir_tensor **x)
{
    return weir_gated(x[0], 0, WEIR_ACT_GELU_TANH);
}
static const weir_op_case glu_cases[] = {
    { "3,4", call_glu },       { "6", call_glu },        { "2,4,3", call_geglu },
    { "2,3,34", call_swiglu }, { "4,3", glu_call_tanh }, { "1,6,2,3", call_geglu },
    { "0,6", call_glu },       { "2,0,3", call_geglu },  { NULL, NULL },
};
const weir_op weir__op_glu = {
    .row = WEIR_OP_ROW("op.glu", "a f(b) of the halves of x along an axis"),
    .n_in = 1,
    .n_out = 1,
    .save_in = 1,
    .attr_size = sizeof(glu_attr),
    .infer = glu_infer,
    .forward = glu_forward,
    .backward = glu_backward,
    .reference = glu_plain,
    .cases = glu_cases,
};

static weir_tensor *glu_along(weir_tensor *x, int axis, weir__both f)
{
    static const int last[] = { 0, 2, 3, 1 }, back[] = { 0, 3, 1, 2 };
    const glu_attr a = { .axis = axis, .f = f };
    if (axis != 1 || !weir_is_channels_last(x))
        return weir__apply1(&weir__op_glu, weir_contiguous(x), &a);
    return weir_permute(glu_along(weir_permute(x, last), 3, f), back); /* views */
}

weir_tensor *weir_gated(weir_tensor *x, int axis, weir_act f)
{
    if ((axis = weir__axis(x, "glu", axis)) < 0) return weir__nil_of(x);
    if (f < WEIR_ACT_TANH || f > WEIR_ACT_QUICK_GELU) {
        weir_fail(x->object.ctx, WEIR_ERROR_ARGUMENT,
                  "glu: activation %d: expected one of weir_act from tanh on", (int)f);
        return weir__nil_of(x);
    }
    return glu_along(x, axis, (weir__both)(f - WEIR_ACT_TANH));
}

weir_tensor *weir_glu(weir_tensor *x, int axis) { return weir_gated(x, axis, WEIR_ACT_SIGMOID); }
