/* pool2d.c - maxima and means of windows. The maximum's gradient goes through its places:
 * pool_scatter adds there, pool_gather reads there, and each is the other's backward. */
#include <string.h>
#include "ops/ops.h"

typedef struct pool {
    weir_pool2d_opts o;
    int64_t extent[2];
} pool; /* extent: of the image, for what goes back to it */

void weir_pool2d_defaults_sized(int64_t kernel, weir_pool2d_opts *o, size_t size)
{
    const weir_pool2d_opts whole = { .size = sizeof whole,
                                     .kernel = { kernel, kernel },
                                     .stride = { kernel, kernel } };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

/* -- shapes ------------------------------------------------------------------------------------ */
/* Windows on [n, c, h, w]; the output's extents follow. */
static bool pool2d_measure(weir_call *k, const int64_t x[4], weir__windows *p)
{
    enum { MOST = 1 << 20 };
    const weir_pool2d_opts *o = &((const pool *)k->attr)->o;
    int64_t out[2];
    for (int i = 0; i < 2; i++) {
        int64_t size = o->kernel[i], step = o->stride[i], pad = o->padding[i];
        if (size < 1 || step < 1 || pad < 0 || pad > size / 2 || size > MOST || step > MOST)
            return weir_call_fail(k, WEIR_ERROR_RANGE,
                                  "kernel %lld, stride %lld, padding %lld: expected at least 1, 1 "
                                  "and 0, at most %d, padding at most half the kernel",
                                  (long long)size, (long long)step, (long long)pad, (int)MOST);
        if (x[2 + i] == 0)
            return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected images that are not empty");
        if (size > x[2 + i] + 2 * pad)
            return weir_call_fail(k, WEIR_ERROR_SHAPE,
                                  "kernel %lld, padding %lld: expected a kernel that fits",
                                  (long long)size, (long long)pad);
        out[i] = (x[2 + i] + 2 * pad - size) / step + 1;
    }
    if (x[2] > INT32_MAX / (x[3] + 1))
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected images of fewer than 2^31 places");
    *p = (weir__windows){
        .n = x[0], .h = x[2], .w = x[3], .c = x[1], .out_h = out[0], .out_w = out[1]
    };
    memcpy(p->kernel, o->kernel, sizeof p->kernel);
    memcpy(p->stride, o->stride, sizeof p->stride);
    memcpy(p->pad, o->padding, sizeof p->pad);
    return true;
}

static bool check_real(weir_call *k)
{
    const weir_tensor *x = k->in[0];
    if (!weir_dtype_is_real(x->dtype))
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s: expected f32 or f64",
                              weir_dtype_name(x->dtype));
    return x->ndim == 4 || weir_call_fail(k, WEIR_ERROR_SHAPE, "expected [N, C, H, W]");
}

static weir_spec pool2d_spec4(weir_dtype t, int64_t n, int64_t c, int64_t h, int64_t w)
{
    return weir__spec(t, 4, (const int64_t[]){ n, c, h, w });
}

/* From an image to its windows. */
static bool pool2d_infer(weir_call *k)
{
    const weir_tensor *x = k->in[0];
    weir__windows p;
    if (!check_real(k) || !pool2d_measure(k, x->shape, &p)) return false;
    k->spec[0] = pool2d_spec4(x->dtype, p.n, p.c, p.out_h, p.out_w);
    return true;
}

/* From what lies in windows to an image of the attribute's extent. */
static bool back_infer(weir_call *k)
{
    const weir_tensor *g = k->in[0];
    const int64_t *to = ((const pool *)k->attr)->extent;
    weir__windows p;
    if (!check_real(k)) return false;
    k->spec[0] = pool2d_spec4(g->dtype, g->shape[0], g->shape[1], to[0], to[1]);
    if (to[0] < 0 || to[1] < 0 || !pool2d_measure(k, k->spec[0].shape, &p)) return false;
    return (g->shape[2] == p.out_h && g->shape[3] == p.out_w)
           || weir_call_fail(k, WEIR_ERROR_SHAPE, "expected a gradient [.., .., %lld, %lld]",
                             (long long)p.out_h, (long long)p.out_w);
}

/* Places of the second input: channels-last i32 of the windows' shape, each in the image. */
static bool check_places(weir_call *k, const weir_spec *windows, int64_t bound)
{
    const weir_tensor *at = k->in[1];
    if (at->dtype != WEIR_I32)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "places of %s: expected i32",
                              weir_dtype_name(at->dtype));
    if (at->ndim != 4 || memcmp(at->shape, windows->shape, 4 * sizeof *at->shape) != 0
        || !weir_is_channels_last(at))
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected places, one a window, channels-last");
    const int32_t *p = weir__ptr(at);
    bool inside = true;
    for (int64_t i = 0; i < at->numel; i++) inside &= p[i] >= 0 && p[i] < bound;
    return inside
           || weir_call_fail(k, WEIR_ERROR_RANGE, "expected places from 0 to %lld",
                             (long long)bound - 1);
}

static bool max_infer(weir_call *k)
{
    if (!pool2d_infer(k)) return false;
    k->spec[1] = k->spec[0];
    k->spec[1].dtype = WEIR_I32;
    return true;
}

static bool pool2d_gather_infer(weir_call *k)
{
    return pool2d_infer(k) && check_places(k, &k->spec[0], k->in[0]->shape[2] * k->in[0]->shape[3]);
}

static bool pool2d_scatter_infer(weir_call *k)
{
    weir_spec g = weir__spec_of(k->in[0]);
    return back_infer(k) && check_places(k, &g, k->spec[0].shape[2] * k->spec[0].shape[3]);
}

/* -- running ----------------------------------------------------------------------------------- */
static void pool2d_max_forward(weir_call *k)
{
    weir__windows p;
    weir_tensor *x = k->in[0];
    if (pool2d_measure(k, x->shape, &p))
        k->ctx->kern->max_pool[x->dtype](&p, weir__ptr(x), weir__ptr(k->out[0]),
                                         weir__ptr(k->out[1]), k->ctx->threads);
}

static void pool2d_gather_forward(weir_call *k)
{
    weir__windows p;
    weir_tensor *x = k->in[0];
    if (pool2d_measure(k, x->shape, &p))
        k->ctx->kern->pool_gather[x->dtype](&p, weir__ptr(x), weir__ptr(k->in[1]),
                                            weir__ptr(k->out[0]), k->ctx->threads);
}

static void pool2d_scatter_forward(weir_call *k)
{
    weir__windows p;
    weir_tensor *dx = k->out[0];
    if (pool2d_measure(k, dx->shape, &p))
        k->ctx->kern->pool_scatter[dx->dtype](&p, weir__ptr(k->in[0]), weir__ptr(k->in[1]),
                                              weir__ptr(dx), k->ctx->threads);
}

static void pool2d_avg_forward(weir_call *k)
{
    weir__windows p;
    weir_tensor *x = k->in[0];
    if (pool2d_measure(k, x->shape, &p))
        k->ctx->kern->avg_pool[x->dtype](&p, weir__ptr(x), weir__ptr(k->out[0]), k->ctx->threads);
}

static void avg_input_forward(weir_call *k)
{
    weir__windows p;
    weir_tensor *dx = k->out[0];
    if (pool2d_measure(k, dx->shape, &p))
        k->ctx->kern->avg_pool_input[dx->dtype](&p, weir__ptr(k->in[0]), weir__ptr(dx),
                                                k->ctx->threads);
}

/* -- calls and gradients ----------------------------------------------------------------------- */
static weir_tensor *pool2d_image(weir_tensor *x)
{
    return weir_ndim(x) == 4 ? weir_channels_last(x) : x;
}

static bool pool2d_read(weir_tensor *x, const weir_pool2d_opts *o, pool *k)
{
    return weir__sized_read(weir_ctx_of(x), "pool2d: options", "them from weir_pool2d_defaults", o,
                            &k->o, sizeof k->o);
}

static weir_tensor *pool2d_apply(const weir_op *op, weir_tensor *x, weir_tensor *at,
                                 const weir_pool2d_opts *o, const int64_t *extent)
{
    pool k = { .o = weir_pool2d_defaults(2) };
    if (!pool2d_read(x, o, &k)) return weir__nil_of(x);
    if (extent) memcpy(k.extent, extent, sizeof k.extent);
    return weir_apply(op, at ? 2 : 1, WEIR__IN(pool2d_image(x), at), &k);
}

weir_tensor *weir_max_pool2d(weir_tensor *x, const weir_pool2d_opts *o)
{
    weir_tensor *out[WEIR_OUT_MAX], *in = pool2d_image(x);
    pool k = { .o = weir_pool2d_defaults(2) };
    if (!pool2d_read(x, o, &k)) return weir__nil_of(x);
    weir_apply_multi(&weir__op_max_pool2d, 1, &in, &k, out);
    return out[0];
}

weir_tensor *weir_avg_pool2d(weir_tensor *x, const weir_pool2d_opts *o)
{
    return pool2d_apply(&weir__op_avg_pool2d, x, NULL, o, NULL);
}

static const weir_pool2d_opts *pool2d_opts_of(const weir_vjp *v)
{
    return &((const pool *)v->attr)->o;
}
static const int64_t *extent_of(weir_vjp *v) { return weir_vjp_in_spec(v, 0)->shape + 2; }

static void max_backward(weir_vjp *v)
{
    if (v->gout[0])
        weir_vjp_set(v, 0,
                     pool2d_apply(&weir__op_pool_scatter, v->gout[0], weir_vjp_out(v, 1),
                                  pool2d_opts_of(v), extent_of(v)));
}

static void pool2d_gather_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0,
                 pool2d_apply(&weir__op_pool_scatter, v->gout[0], weir_vjp_in(v, 1),
                              pool2d_opts_of(v), extent_of(v)));
}
static void pool2d_scatter_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0,
                 pool2d_apply(&weir__op_pool_gather, v->gout[0], weir_vjp_in(v, 1),
                              pool2d_opts_of(v), NULL));
}
static void avg_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0,
                 pool2d_apply(&weir__op_avg_pool2d_input, v->gout[0], NULL, pool2d_opts_of(v),
                              extent_of(v)));
}
static void avg_input_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_avg_pool2d(v->gout[0], pool2d_opts_of(v)));
}

/* -- rows -------------------------------------------------------------------------------------- */
static const weir_pool2d_opts lapping = { sizeof lapping, { 3, 2 }, { 2, 1 }, { 1, 1 } };
static weir_tensor *call_max(weir_tensor **x) { return weir_max_pool2d(x[0], NULL); }
static weir_tensor *call_max_lapping(weir_tensor **x) { return weir_max_pool2d(x[0], &lapping); }
static weir_tensor *call_avg(weir_tensor **x) { return weir_avg_pool2d(x[0], NULL); }
static weir_tensor *call_avg_lapping(weir_tensor **x) { return weir_avg_pool2d(x[0], &lapping); }
static weir_tensor *call_avg_input(weir_tensor **x)
{
    return pool2d_apply(&weir__op_avg_pool2d_input, x[0], NULL, &lapping,
                        (const int64_t[]){ 5, 3 });
}
static weir_tensor *pool2d_places(weir_tensor *at)
{
    return weir_channels_last(weir_cast(at, WEIR_I32));
}
static weir_tensor *call_gather(weir_tensor **x)
{
    return pool2d_apply(&weir__op_pool_gather, x[0], pool2d_places(x[1]), NULL, NULL);
}
static weir_tensor *pool2d_call_scatter(weir_tensor **x)
{
    return pool2d_apply(&weir__op_pool_scatter, x[0], pool2d_places(x[1]), NULL,
                        (const int64_t[]){ 4, 5 });
}
#define CASES(n, f, g) \
    static const weir_op_case n##_cases[] = { \
        { "2,2,4,5", f }, { "2,3,5,4", g }, { "0,2,4,4", f }, { "1,1,3,2", g }, { NULL, NULL } \
    };
CASES(max, call_max, call_max_lapping)
CASES(avg, call_avg, call_avg_lapping)
static const weir_op_case gather_cases[] = { { "2,3,4,5 i2,3,2,2<20", call_gather },
                                             { "0,3,4,5 i0,3,2,2<20", call_gather },
                                             { NULL, NULL } };
static const weir_op_case scatter_cases[] = { { "2,3,2,2 i2,3,2,2<20", pool2d_call_scatter },
                                              { "0,3,2,2 i0,3,2,2<20", pool2d_call_scatter },
                                              { NULL, NULL } };
static const weir_op_case avg_input_cases[] = { { "2,3,3,4", call_avg_input },
                                                { "0,3,3,4", call_avg_input },
                                                { NULL, NULL } };

const weir_op weir__op_max_pool2d = {
    .row = WEIR_OP_ROW("op.max_pool2d", "the maximum of each window, and its place"),
    .n_in = 1,
    .n_out = 2,
    .save_out = 2,
    .attr_size = sizeof(pool),
    .infer = max_infer,
    .forward = pool2d_max_forward,
    .backward = max_backward,
    .cases = max_cases,
    .order = WEIR_ORDER_CHANNELS_LAST
};
const weir_op weir__op_pool_gather = {
    .row = WEIR_OP_ROW("op.pool_gather", "values of an image at places, one a window"),
    .n_in = 2,
    .n_out = 1,
    .save_in = 2,
    .attr_size = sizeof(pool),
    .infer = pool2d_gather_infer,
    .forward = pool2d_gather_forward,
    .backward = pool2d_gather_backward,
    .cases = gather_cases,
    .order = WEIR_ORDER_CHANNELS_LAST
};
const weir_op weir__op_pool_scatter = {
    .row = WEIR_OP_ROW("op.pool_scatter",
                       "an image of zeros with values added at places, one a window"),
    .n_in = 2,
    .n_out = 1,
    .save_in = 2,
    .attr_size = sizeof(pool),
    .infer = pool2d_scatter_infer,
    .forward = pool2d_scatter_forward,
    .backward = pool2d_scatter_backward,
    .cases = scatter_cases,
    .order = WEIR_ORDER_CHANNELS_LAST
};
const weir_op weir__op_avg_pool2d = {
    .row = WEIR_OP_ROW("op.avg_pool2d", "the mean of each window, padding included"),
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(pool),
    .infer = pool2d_infer,
    .forward = pool2d_avg_forward,
    .backward = avg_backward,
    .cases = avg_cases,
    .order = WEIR_ORDER_CHANNELS_LAST
};
const weir_op weir__op_avg_pool2d_input = { .row = WEIR_OP_ROW("op.avg_pool2d_input",
                                                               "the gradient of avg_pool2d"),
                                            .n_in = 1,
                                            .n_out = 1,
                                            .attr_size = sizeof(pool),
                                            .infer = back_infer,
                                            .forward = avg_input_forward,
                                            .backward = avg_input_backward,
                                            .cases = avg_input_cases,
                                            .order = WEIR_ORDER_CHANNELS_LAST };
