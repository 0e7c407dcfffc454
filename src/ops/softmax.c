/* softmax.c - softmax, its logarithm and the logarithm of its denominator along the last axis, one
 * kernel a row; other axes are moved there. First-order backward is a kernel too; while gradients
 * are themselves recorded it is written in plain ops. */
#include "ops/ops.h"

static int64_t last_of(const weir_tensor *x) { return x->shape[x->ndim - 1]; }

static bool softmax_infer(weir_call *k)
{
    if (!weir_infer_same(k)) return false;
    return k->in[0]->ndim > 0 || weir_call_fail(k, WEIR_ERROR_SHAPE, "expected an axis");
}

/* Row function f of a (and b), dense both, into y, whose rows may be shorter. */
static void softmax_rows(weir_ctx *c, weir__row f, weir_tensor *y, const weir_tensor *a,
                         const weir_tensor *b)
{
    int64_t n = last_of(a), count = weir__numel_of(a->ndim - 1, a->shape);
    if (y->numel == 0) return;
    weir__rows r = { .rows = count,
                     .n = n,
                     .y = weir__ptr(y),
                     .y_row = last_of(y),
                     .a = weir__ptr(a),
                     .b = b ? weir__ptr(b) : NULL };
    weir__loop_rows(c->kern, (weir__real)y->dtype, f, &r, c->threads);
}

static void row_gradient(weir_vjp *v, weir__row f) /* from the gradient and the output */
{
    weir_tensor *g = weir_contiguous(v->gout[0]);
    weir_tensor *y = weir_vjp_out(v, 0);
    weir_tensor *d = weir__tensor_new(v->ctx, weir_vjp_in_spec(v, 0));
    if (weir_is_nil(g) || weir_is_nil(y) || d->object.nil) return;
    softmax_rows(v->ctx, f, d, g, y);
    weir_vjp_set(v, 0, d);
}

static weir_tensor *sum_last(weir_tensor *x)
{
    return weir_sum_axes(x, 1, (const int[]){ -1 }, true);
}

/* -- softmax ----------------------------------------------------------------------------------- */
static void softmax_forward(weir_call *k)
{
    softmax_rows(k->ctx, WEIR__R_softmax, k->out[0], k->in[0], NULL);
}

static void softmax_backward(weir_vjp *v) /* y (g - sum g y) */
{
    if (!weir__vjp_recording(v)) {
        row_gradient(v, WEIR__R_softmax_backward);
        return;
    }
    weir_tensor *y = weir_vjp_out(v, 0), *g = v->gout[0];
    weir_vjp_set(v, 0, weir_mul(y, weir_sub(g, sum_last(weir_mul(g, y)))));
}

/* -- its logarithm ----------------------------------------------------------------------------- */
static void log_softmax_forward(weir_call *k)
{
    softmax_rows(k->ctx, WEIR__R_log_softmax, k->out[0], k->in[0], NULL);
}

static void log_softmax_backward(weir_vjp *v) /* g - e^y sum g */
{
    if (!weir__vjp_recording(v)) {
        row_gradient(v, WEIR__R_log_softmax_backward);
        return;
    }
    weir_vjp_set(
        v, 0, weir_sub(v->gout[0], weir_mul(weir_exp(weir_vjp_out(v, 0)), sum_last(v->gout[0]))));
}

/* -- log sum exp: [.., n] -> [.., 1] ----------------------------------------------------------- */
static bool logsumexp_infer(weir_call *k)
{
    if (!softmax_infer(k)) return false;
    k->spec[0].shape[k->spec[0].ndim - 1] = 1;
    return true;
}

static void logsumexp_forward(weir_call *k)
{
    softmax_rows(k->ctx, WEIR__R_logsumexp, k->out[0], k->in[0], NULL);
}
static void logsumexp_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0,
                 weir_mul(v->gout[0], weir_exp(weir_sub(weir_vjp_in(v, 0), weir_vjp_out(v, 0)))));
}

/* -- references -------------------------------------------------------------------------------- */
static weir_tensor *shifted(weir_tensor *x)
{
    return weir_sub(x, weir_detach(weir_amax_axes(x, 1, (const int[]){ -1 }, true)));
}
static weir_tensor *softmax_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    weir_tensor *e = weir_exp(shifted(in[0]));
    (void)n_in;
    (void)attr;
    return weir_div(e, sum_last(e));
}

static weir_tensor *log_softmax_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    weir_tensor *x = shifted(in[0]);
    (void)n_in;
    (void)attr;
    return weir_sub(x, weir_log(sum_last(weir_exp(x))));
}

static weir_tensor *logsumexp_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    weir_tensor *m = weir_detach(weir_amax_axes(in[0], 1, (const int[]){ -1 }, true));
    (void)n_in;
    (void)attr;
    return weir_add(m, weir_log(sum_last(weir_exp(weir_sub(in[0], m)))));
}

/* -- rows and calls ---------------------------------------------------------------------------- */
static weir_tensor *call_softmax(weir_tensor **x) { return weir_softmax(x[0], -1); }
static weir_tensor *call_softmax0(weir_tensor **x) { return weir_softmax(x[0], 0); }
static weir_tensor *call_log_softmax(weir_tensor **x) { return weir_log_softmax(x[0], -1); }
static weir_tensor *call_log_softmax0(weir_tensor **x) { return weir_log_softmax(x[0], 0); }
static weir_tensor *call_logsumexp(weir_tensor **x) { return weir_logsumexp(x[0], -1, true); }
static weir_tensor *call_logsumexp0(weir_tensor **x) { return weir_logsumexp(x[0], 0, false); }

#define ROW(n, math, infer_, save_in_) \
    static const weir_op_case n##_cases[] = { { "3,4", call_##n },    { "5", call_##n }, \
                                              { "2,3,17", call_##n }, { "3,1", call_##n }, \
                                              { "0,2", call_##n },    { "3,4,2", call_##n##0 }, \
                                              { NULL, NULL } }; \
    const weir_op weir__op_##n = { .row = WEIR_OP_ROW("op." #n, math), \
                                   .n_in = 1, \
                                   .n_out = 1, \
                                   .save_in = save_in_, \
                                   .save_out = 1, \
                                   .infer = infer_, \
                                   .forward = n##_forward, \
                                   .backward = n##_backward, \
                                   .reference = n##_plain, \
                                   .cases = n##_cases }
ROW(softmax, "e^x over its sum along the last axis", softmax_infer, 0);
ROW(log_softmax, "x less the logarithm of the sum of e^x along the last axis", softmax_infer, 0);
ROW(logsumexp, "the logarithm of the sum of e^x along the last axis", logsumexp_infer, 1);

/* The op with `axis` moved to the end and back. */
static weir_tensor *along(const weir_op *op, weir_tensor *x, int axis)
{
    bool moved = axis != x->ndim - 1;
    weir_tensor *y = weir__apply1(op, weir_contiguous(moved ? weir_transpose(x, axis, -1) : x),
                                  NULL);
    return moved ? weir_transpose(y, axis, -1) : y;
}

weir_tensor *weir_softmax(weir_tensor *x, int axis)
{
    return (axis = weir__axis(x, "softmax", axis)) < 0 ? weir__nil_of(x)
                                                       : along(&weir__op_softmax, x, axis);
}

weir_tensor *weir_log_softmax(weir_tensor *x, int axis)
{
    return (axis = weir__axis(x, "log_softmax", axis)) < 0 ? weir__nil_of(x)
                                                           : along(&weir__op_log_softmax, x, axis);
}

weir_tensor *weir_logsumexp(weir_tensor *x, int axis, bool keep)
{
    if ((axis = weir__axis(x, "logsumexp", axis)) < 0) return weir__nil_of(x);
    weir_tensor *y = along(&weir__op_logsumexp, x, axis);
    int64_t shape[WEIR_RANK_MAX];
    if (keep || weir_is_nil(y)) return y;
    for (int i = 0, j = 0; i < x->ndim; i++)
        if (i != axis) shape[j++] = x->shape[i];
    return weir_reshape(y, x->ndim - 1, shape);
}
