/* batch_norm.c - batch normalisation (Ioffe & Szegedy 2015): by channel, with statistics of the
 * batch while training and running ones afterwards. The one op whose rows depend on each other. A
 * shard of a training step sees its own samples alone, as in PyTorch's data parallel training
 * without synchronisation, and running statistics follow shard 0, as there they follow rank 0. */
#include "ops/norm.h"

/* -- statistics of the batch ------------------------------------------------------------------- */
static bool batch_norm_infer(weir_call *k)
{
    const weir_tensor *x = k->in[0];
    if (!weir__norm_infer(k, weir__norm_channels)) return false;
    if (x->shape[1] == 0 || x->numel / x->shape[1] > 1) return true;
    return weir_call_fail(k, WEIR_ERROR_SHAPE,
                          "expected more than one value a channel while training");
}

static void batch_norm_forward(weir_call *k) { weir__norm_op_forward(k, weir__norm_channels); }
static void batch_norm_backward(weir_vjp *v) { weir__norm_op_backward(v, weir__norm_channels); }

static weir_tensor *batch_norm_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    const weir__norm_attr *a = attr;
    int axes[WEIR_RANK_MAX] = { 0 };
    for (int i = 2; i < in[0]->ndim; i++) axes[i - 1] = i;
    (void)n_in;
    return weir__norm_affine(weir__norm_plain(in[0], in[0]->ndim - 1, axes, true, a->eps), in + 1,
                             a);
}

static weir_tensor *call_bare(weir_tensor **x)
{
    return weir_batch_norm(x[0], NULL, NULL, NULL, NULL, true, 0.1, 0.1);
}
static weir_tensor *batch_norm_call_weight(weir_tensor **x)
{
    return weir_batch_norm(x[0], NULL, NULL, x[1], NULL, true, 0.1, 0.1);
}
static weir_tensor *batch_norm_call_both(weir_tensor **x)
{
    return weir_batch_norm(x[0], NULL, NULL, x[1], x[2], true, 0.1, 0.1);
}
static const weir_op_case cases[] = { { "4,3", call_bare },
                                      { "3,4 4", batch_norm_call_weight },
                                      { "5,3 3 3", batch_norm_call_both },
                                      { "2,3,5 3 3", batch_norm_call_both },
                                      { "2,2,3,2 2 2", batch_norm_call_both },
                                      { "1,2,4 2 2", batch_norm_call_both },
                                      { "4,0 0 0", batch_norm_call_both },
                                      { NULL, NULL } };
const weir_op weir__op_batch_norm = {
    .row = WEIR_OP_ROW("op.batch_norm",
                       "h w + b by channel, h normalised over the batch and all places"),
    .n_in = -1,
    .most_in = 3,
    .n_out = 2,
    .save_in = ~0u,
    .save_out = 2,
    .attr_size = sizeof(weir__norm_attr),
    .order = WEIR_ORDER_KEEP,
    .infer = batch_norm_infer,
    .forward = batch_norm_forward,
    .backward = batch_norm_backward,
    .reference = batch_norm_plain,
    .cases = cases
};

/* -- given statistics: inputs x, mean, variance, then w and b ---------------------------------- */
static bool eval_infer(weir_call *k)
{
    const weir_tensor *x = k->in[0];
    if (!weir__norm_infer(k, weir__norm_channels))
        return false; /* statistics have the shape of w and b */
    for (int i = 0; i < x->ndim; i++) k->spec[0].shape[i] = x->shape[i];
    return true;
}

static void eval_forward(weir_call *k)
{
    weir__norm o = weir__norm_channels(&k->spec[0], k->attr);
    o.stats = weir__ptr(k->out[1]);
    for (int i = 0; i < 2; i++)
        weir__convert_strided(WEIR_F64, o.stats + i, 2, k->in[1 + i]->dtype,
                              weir__ptr(k->in[1 + i]), 1, o.channels);
    weir__norm_operands(k, &o, 3);
    if (k->out[0]->numel > 0)
        weir__norm_apply(k->ctx->kern, (weir__real)k->out[0]->dtype, &o, k->ctx->threads);
}

static weir_tensor *eval_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    const weir__norm_attr *a = attr;
    int64_t shape[WEIR_RANK_MAX] = { 1, in[0]->shape[1], 1, 1, 1, 1, 1, 1 };
    weir_tensor *d = weir_sub(in[0], weir_reshape(in[1], in[0]->ndim, shape));
    weir_tensor *rate = weir_rsqrt(weir_affine(in[2], 1, a->eps));
    (void)n_in;
    return weir__norm_affine(weir_mul(d, weir_reshape(rate, in[0]->ndim, shape)), in + 3, a);
}

static weir_tensor *call_eval(weir_tensor **x)
{
    return weir_batch_norm(x[0], x[1], x[2], NULL, NULL, false, 0.1, 0.1);
}
static weir_tensor *call_eval_both(weir_tensor **x)
{
    return weir_batch_norm(x[0], x[1], x[2], x[3], x[4], false, 0.1, 0.1);
}
static const weir_op_case eval_cases[] = { { "4,3 3 3", call_eval },
                                           { "5,3 3 3 3 3", call_eval_both },
                                           { "2,3,5 3 3 3 3", call_eval_both },
                                           { "1,2,2,2 2 2 2 2", call_eval_both },
                                           { "0,2 2 2 2 2", call_eval_both },
                                           { NULL, NULL } };
const weir_op weir__op_batch_norm_eval = {
    .row = WEIR_OP_ROW("op.batch_norm_eval",
                       "h w + b by channel, h = (x - mean) / sqrt(variance + eps) with both given"),
    .n_in = -3,
    .most_in = 5,
    .n_out = 2,
    .save_in = ~0u,
    .attr_size = sizeof(weir__norm_attr),
    .order = WEIR_ORDER_KEEP,
    .infer = eval_infer,
    .forward = eval_forward,
    .backward = weir__vjp_by_reference,
    .reference = eval_plain,
    .cases = eval_cases,
    .low = 0.1,
    .high = 2
};

/* -- the call ---------------------------------------------------------------------------------- */
bool weir__may_track(const weir_ctx *c, const weir_tensor *buffer)
{
    return c == buffer->object.ctx || (c->worker && c->worker->index == 0);
}

/* running += momentum (now - running), the variance unbiased */
static void track(weir_ctx *c, weir_tensor *running, const double *stats, double momentum,
                  double unbias)
{
    if (!weir__may_track(c, running)) return;
    for (int64_t i = 0; i < running->numel; i++) {
        double now = stats[2 * i] * unbias;
        if (running->dtype == WEIR_F64)
            ((double *)weir__ptr(running))[i] = (1 - momentum) * ((double *)weir__ptr(running))[i]
                                                + momentum * now;
        else
            ((float *)weir__ptr(running))[i] =
                (float)((1 - momentum) * ((float *)weir__ptr(running))[i] + momentum * now);
    }
    weir__storage_changed(running->storage, "batch_norm");
}

static bool trackable(weir_tensor *x, weir_tensor *running, const char *which)
{
    weir_ctx *c = weir_ctx_of(x);
    if (weir_is_nil(running) || !weir_ok(c)) return false;
    if (x->ndim >= 2 && running->dtype == x->dtype && running->contiguous && running->ndim == 1
        && running->shape[0] == x->shape[1] && !running->requires_grad && !running->node)
        return true;
    weir_fail(c, WEIR_ERROR_SHAPE,
              "batch_norm: running %s: expected a dense tensor [channels] of the input's type that "
              "wants no gradients",
              which);
    return false;
}

static weir_tensor *training(weir_tensor *x, weir_tensor *mean, weir_tensor *variance,
                             weir_tensor *w, weir_tensor *b, double momentum, weir__norm_attr a)
{
    weir_tensor *stats, *nil = weir__nil_of(x);
    if (weir_is_nil(x)
        || (mean && (!trackable(x, mean, "mean") || !trackable(x, variance, "variance"))))
        return nil;
    if (!(momentum >= 0 && momentum <= 1)) {
        weir_fail(weir_ctx_of(x), WEIR_ERROR_RANGE, "batch_norm: momentum %g: expected 0 to 1",
                  momentum);
        return nil;
    }
    weir_tensor *y = weir__norm_apply_op(&weir__op_batch_norm, x, w, b, a, &stats);
    if (weir_is_nil(y) || !mean || x->shape[1] == 0) return y;
    double n = (double)(x->numel / x->shape[1]);
    track(weir_ctx_of(y), mean, weir__ptr(stats), momentum, 1);
    track(weir_ctx_of(y), variance, (const double *)weir__ptr(stats) + 1, momentum, n / (n - 1));
    return y;
}

weir_tensor *weir_batch_norm(weir_tensor *x, weir_tensor *mean, weir_tensor *variance,
                             weir_tensor *w, weir_tensor *b, bool train, double momentum,
                             double eps)
{
    WEIR__AS_FOUND;
    weir__norm_attr a = { .eps = eps, .weight = w != NULL, .bias = b != NULL };
    weir_tensor *in[5] = { weir__dense(x) }, *out[WEIR_OUT_MAX];
    int n = 1;
    if (!mean != !variance) {
        weir_fail(weir_ctx_of(x), WEIR_ERROR_ARGUMENT,
                  "batch_norm: one of mean and variance: expected both or neither");
        return weir__nil_of(x);
    }
    if (train || !mean) return training(x, mean, variance, w, b, momentum, a);
    in[n++] = weir_contiguous(mean);
    in[n++] = weir_contiguous(variance);
    if (w) in[n++] = weir_contiguous(w);
    if (b) in[n++] = weir_contiguous(b);
    weir_apply_multi(&weir__op_batch_norm_eval, n, in, &a, out);
    return out[0];
}
