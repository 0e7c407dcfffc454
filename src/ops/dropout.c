/* dropout.c - inverted dropout (Srivastava et al. 2014): an element survives with probability 1 - p
 * and is scaled by 1 / (1 - p). The draw belongs to the sample, as weir_rand's: axis 0 is samples,
 * whose ids the context's frame carries. */
#include "ops/ops.h"

typedef struct chance {
    double p;
} chance;

/* out[1], bool: who survives; backward reads it. */
static bool dropout_infer(weir_call *k)
{
    const weir__frame *f = &k->ctx->frame;
    const weir_tensor *x = k->in[0];
    if (!weir_infer_same(k)) return false;
    k->spec[1] = k->spec[0];
    k->spec[1].dtype = WEIR_BOOL;
    if (f->ids && (x->ndim == 0 || x->shape[0] != f->n_ids))
        return weir_call_fail(k, WEIR_ERROR_SHAPE,
                              "%lld samples: expected the %lld of the random frame on axis 0",
                              x->ndim ? (long long)x->shape[0] : 0LL, (long long)f->n_ids);
    return true;
}

/* x times 1 / (1 - p) or 0: as in PyTorch, what is not finite and dropped becomes NaN. */
static weir_tensor *masked(weir_tensor *x, weir_tensor *survives, double p)
{
    weir_ctx *c = weir_ctx_of(x);
    return weir_mul(x, weir_where(survives, weir_scalar(c, weir_dtype_of(x), 1 / (1 - p)),
                                  weir_scalar(c, weir_dtype_of(x), 0)));
}

/* Uniform numbers into y, drawn in logical order however y lies */
static void dropout_draw(weir_call *k)
{
    weir_ctx *c = k->ctx;
    weir_tensor *y = k->out[0], *u = y;
    weir__real t = (weir__real)y->dtype;
    weir_spec s = weir__spec_of(y);
    int64_t rows = y->ndim ? y->shape[0] : 1;
    if (!y->contiguous) u = weir__tensor_new(c, &s);
    if (u->object.nil) return;
    c->kern->uniform_rows[t](rows, y->numel / rows, weir__ptr(u), k->key, c->frame.ids);
    weir__operand place = weir__operand_of(y, y);
    if (u != y) weir__copy_into(c, &place, u);
}

static void dropout_forward(weir_call *k)
{
    weir_ctx *c = k->ctx;
    weir_tensor *x = k->in[0], *y = k->out[0], *survives = k->out[1];
    double p = ((const chance *)k->attr)->p;
    weir__real t = (weir__real)y->dtype;
    const double numbers[2][2] = { { p, 1 / (1 - p) }, { 0, 0 } };
    const float floats[2][2] = { { (float)p, (float)(1 / (1 - p)) }, { 0, 0 } };
    const void *bound = t == WEIR__F32 ? (const void *)&floats[0][0] : &numbers[0][0];
    const void *scale = t == WEIR__F32 ? (const void *)&floats[0][1] : &numbers[0][1];
    const void *zero = t == WEIR__F32 ? (const void *)&floats[1][0] : &numbers[1][0];
    if (y->numel == 0) return;
    dropout_draw(k);
    if (!weir_ok(c)) return;
    weir__loop l = weir__loop_of(y, 2, WEIR__IN(survives, y));
    l.x[2] = (weir__operand){ .data = (void *)(uintptr_t)bound };
    weir__loop_compare(c->kern, t, WEIR__C_ge, &l, c->threads);
    l = weir__loop_of(y, 2, WEIR__IN(y, survives));
    l.x[2] = (weir__operand){ .data = (void *)(uintptr_t)scale };
    l.x[3] = (weir__operand){ .data = (void *)(uintptr_t)zero };
    weir__loop_where(c->kern, t, &l, c->threads);
    l = weir__loop_of(y, 3, WEIR__IN(y, y, x));
    weir__loop_binary(c->kern, t, WEIR__B_mul, &l, c->threads);
}

static void dropout_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, masked(v->gout[0], weir_vjp_out(v, 1), ((const chance *)v->attr)->p));
}

/* The same draw at each call, or differences would see another mask. */
static weir_tensor *dropout_call(weir_tensor **x)
{
    weir_ctx *c = weir_ctx_of(x[0]);
    weir__frame old = weir__frame_set(c, (weir__frame){ .stream = 5 });
    weir_tensor *y = weir_dropout(x[0], 0.4, true);
    weir__frame_set(c, old);
    return y;
}

static const weir_op_case cases[] = { { "3,4", dropout_call },
                                      { "2,3,17", dropout_call },
                                      { ".", dropout_call },
                                      { "0,2", dropout_call },
                                      { NULL, NULL } };
const weir_op weir__op_dropout = {
    .row = WEIR_OP_ROW("op.dropout", "x / (1 - p) with probability 1 - p, else 0; by sample id"),
    .n_in = 1,
    .n_out = 2,
    .save_out = 2,
    .attr_size = sizeof(chance),
    .random = true,
    .infer = dropout_infer,
    .forward = dropout_forward,
    .backward = dropout_backward,
    .cases = cases,
    .order = WEIR_ORDER_KEEP
};

weir_tensor *weir_dropout(weir_tensor *x, double p, bool training)
{
    if (weir_is_nil(x)) return weir__nil_of(x);
    if (!(p >= 0 && p <= 1)) {
        weir_fail(x->object.ctx, WEIR_ERROR_RANGE, "dropout: p %g: expected 0 to 1", p);
        return weir__nil_of(x);
    }
    if (!training || p == 0) return x;
    return p == 1 ? weir_scale(x, 0) : weir__apply1(&weir__op_dropout, x, &(chance){ p });
}
