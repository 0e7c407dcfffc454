/* linear_act.c - f(x w^T + b) of an activation f, for training small layers: the slope f'(x w^T +
 * b) is made with the value, which costs a little more than the value alone, and is kept instead of
 * the sum; the gradient is then one product away.
 *
 * First-order backward calls the kernels; while gradients are themselves recorded the reference is
 * differentiated. */
#include "ops/ops.h"

typedef struct act {
    weir__both f;
    bool slope; /* the caller wants it, whether gradients are wanted or not */
} act;

/* The second output is the slope, or nothing where nobody will ask for it. */
static bool linear_act_infer(weir_call *k)
{
    bool wanted = false;
    for (int i = 0; i < k->n_in; i++) wanted = wanted || k->in[i]->requires_grad;
    if (!weir__linear_infer(k)) return false;
    k->spec[1] = k->spec[0];
    if ((k->ctx->modes.no_grad || !wanted) && !((const act *)k->attr)->slope) {
        k->spec[1].ndim = 1;
        k->spec[1].shape[0] = 0;
    }
    return true;
}

typedef struct pass {
    weir__both_fn *f;
    weir__unary_fn *value;
    size_t bytes;
    char *y, *d;
} pass;

static void linear_act_run(void *user, int64_t begin, int64_t end)
{
    const pass *p = user;
    char *y = p->y + (size_t)begin * p->bytes;
    if (p->d) p->f(end - begin, y, p->d + (size_t)begin * p->bytes, y);
    else p->value(end - begin, y, 1, y, 1, NULL);
}

static const weir__unary values[WEIR__BOTHS] = {
#define F(n) WEIR__U_##n,
    WEIR__BOTH_LIST(F)
#undef F
};

void weir__activate(weir_ctx *c, weir_dtype t, weir__both f, int64_t n, void *y, void *d)
{
    pass p = { .f = c->kern->both[t][f],
               .value = c->kern->unary[t][values[f]],
               .bytes = weir_dtype_size(t),
               .y = y,
               .d = d };
    weir__parallel_range(n, c->threads, linear_act_run, &p);
}

static void linear_act_forward(weir_call *k)
{
    weir_tensor *y = k->out[0], *d = k->out[1];
    weir__linear_product(k, false);
    weir__activate(k->ctx, y->dtype, ((const act *)k->attr)->f, y->numel, weir__ptr(y),
                   d->numel ? weir__ptr(d) : NULL);
}

static void linear_act_backward(weir_vjp *v)
{
    if (weir__vjp_recording(v)) weir__vjp_by_reference(v);
    else weir__linear_gradients(v, weir_mul(v->gout[0], weir_vjp_out(v, 1)));
}

static weir_tensor *reference(weir_tensor *const *in, int n_in, const void *attr)
{
    static weir_tensor *(*const plain[WEIR__BOTHS])(weir_tensor *) = {
#define F(n) weir_##n,
        WEIR__BOTH_LIST(F)
#undef F
    };
    return plain[((const act *)attr)->f](weir_linear(in[0], in[1], n_in > 2 ? in[2] : NULL));
}

#define CALL(n) \
    static weir_tensor *call_##n(weir_tensor **x) \
    { \
        return weir_linear_act(x[0], x[1], x[2], WEIR_ACT_##n); \
    }
CALL(TANH)
CALL(SIGMOID)
CALL(SOFTPLUS)
CALL(SILU)
CALL(GELU)
CALL(GELU_TANH)
CALL(QUICK_GELU)
static weir_tensor *linear_act_call_plain(weir_tensor **x)
{
    return weir_linear_act(x[0], x[1], NULL, WEIR_ACT_SILU);
}
static const weir_op_case cases[] = {
    { "3,4 5,4 5", call_TANH },       { "3,4 5,4 5", call_SIGMOID },
    { "3,4 5,4 5", call_SOFTPLUS },   { "3,4 5,4 5", call_SILU },
    { "3,4 5,4 5", call_GELU },       { "3,4 5,4 5", call_GELU_TANH },
    { "3,4 5,4 5", call_QUICK_GELU }, { "2,3,4 19,4", linear_act_call_plain },
    { "4 3,4 3", call_SILU },         { "0,4 3,4 3", call_SILU },
    { "3,0 2,0 2", call_TANH },       { NULL, NULL }
};
const weir_op weir__op_linear_act = { .row = WEIR_OP_ROW("op.linear_act",
                                                         "f(x w^T + b) of an activation f"),
                                      .n_in = -2,
                                      .most_in = 3,
                                      .n_out = 2,
                                      .save_in = 7,
                                      .save_out = 2,
                                      .attr_size = sizeof(act),
                                      .infer = linear_act_infer,
                                      .forward = linear_act_forward,
                                      .backward = linear_act_backward,
                                      .reference = reference,
                                      .cases = cases };

weir_tensor *weir_linear_act(weir_tensor *x, weir_tensor *w, weir_tensor *b, weir_act f)
{
    if (f == WEIR_ACT_NONE) return weir_linear(x, w, b);
    if (f == WEIR_ACT_RELU) return weir_linear_relu(x, w, b);
    if (!weir__given("linear_act", 2, WEIR__IN(x, w)) || weir_is_nil(x))
        return weir__nil_of(x ? x : w);
    if ((int)f < WEIR_ACT_TANH || f > WEIR_ACT_QUICK_GELU) {
        weir_fail(x->object.ctx, WEIR_ERROR_ARGUMENT,
                  "linear_act: activation %d: expected one of weir_act", (int)f);
        return weir__nil_of(x);
    }
    return weir__linear_apply(&weir__op_linear_act, x, w, b,
                              &(act){ (weir__both)(f - WEIR_ACT_TANH), false });
}

bool weir__linear_act_slope(weir_tensor *x, weir_tensor *w, weir_tensor *b, weir_act f,
                            weir_tensor *out[2])
{
    if ((int)f < WEIR_ACT_TANH || f > WEIR_ACT_QUICK_GELU) return false;
    const act a = { (weir__both)(f - WEIR_ACT_TANH), true };
    if (weir_is_nil(x) || weir_is_nil(w) || weir_is_nil(b)) {
        out[0] = out[1] = weir__nil_of(x);
        return true;
    }
    weir_tensor *const in[] = { weir__linear_readable(x), weir_contiguous(w), weir_contiguous(b) };
    weir_apply_multi(&weir__op_linear_act, 3, in, &a, out);
    return true;
}
