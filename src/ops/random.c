/* random.c - draws by sample: axis 0 is samples, whose ids the context's frame carries (0, 1, 2 ...
 * without one). */
#include "ops/ops.h"

typedef struct wanted {
    weir_dtype dtype;
    int ndim;
    int64_t shape[WEIR_RANK_MAX];
} wanted;

static bool random_infer(weir_call *k)
{
    const wanted *w = k->attr;
    const weir__frame *f = &k->ctx->frame;
    if (!weir__spec_check(k->ctx, k->op->row.name, w->dtype, w->ndim, w->shape)) return false;
    if (!weir_dtype_is_real(w->dtype))
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s: expected f32 or f64",
                              weir_dtype_name(w->dtype));
    if (f->ids && (w->ndim == 0 || w->shape[0] != f->n_ids))
        return weir_call_fail(k, WEIR_ERROR_SHAPE,
                              "%lld samples: expected the %lld of the random frame on axis 0",
                              w->ndim ? (long long)w->shape[0] : 0LL, (long long)f->n_ids);
    k->spec[0] = weir__spec(w->dtype, w->ndim, w->shape);
    return true;
}

static void random_draw(weir_call *k, void (*const fn[WEIR__REALS])(int64_t, int64_t, void *,
                                                                    uint64_t, const int64_t *))
{
    weir_tensor *y = k->out[0];
    int64_t rows = y->ndim ? y->shape[0] : 1;
    fn[y->dtype](rows, rows ? y->numel / rows : 0, weir__ptr(y), k->key, k->ctx->frame.ids);
}

static void rand_forward(weir_call *k) { random_draw(k, k->ctx->kern->uniform_rows); }
static void randn_forward(weir_call *k) { random_draw(k, k->ctx->kern->normal_rows); }

static weir_tensor *call_rand(weir_tensor **x)
{
    return weir_rand(weir_ctx_of(x[0]), weir_dtype_of(x[0]), weir_ndim(x[0]), weir_shape(x[0]));
}
static weir_tensor *call_randn(weir_tensor **x)
{
    return weir_randn(weir_ctx_of(x[0]), weir_dtype_of(x[0]), weir_ndim(x[0]), weir_shape(x[0]));
}
static const weir_op_case rand_cases[] = {
    { "3,4", call_rand }, { ".", call_rand }, { "0,2", call_rand }, { NULL, NULL }
};
static const weir_op_case randn_cases[] = {
    { "3,4", call_randn }, { ".", call_randn }, { "0,2", call_randn }, { NULL, NULL }
};

#define ROW(n, math) \
    const weir_op weir__op_##n = { .row = WEIR_OP_ROW("op." #n, math), \
                                   .n_in = 0, \
                                   .n_out = 1, \
                                   .attr_size = sizeof(wanted), \
                                   .random = true, \
                                   .infer = random_infer, \
                                   .forward = n##_forward, \
                                   .no_gradient = "it has no inputs", \
                                   .cases = n##_cases }
ROW(rand, "uniform on [0, 1), by sample id");
ROW(randn, "standard normal, by sample id");

static weir_tensor *random_of(weir_ctx *c, const weir_op *op, weir_dtype t, int ndim,
                              const int64_t *shape)
{
    if (!weir_ok(c) || !weir__spec_check(c, op->row.name, t, ndim, shape))
        return weir__nil(c, WEIR__TENSOR);
    wanted w = { .dtype = t, .ndim = ndim };
    for (int i = 0; i < ndim; i++) w.shape[i] = shape[i];
    return weir__apply_in(c, op, 0, NULL, &w);
}

weir_tensor *weir_rand(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape)
{
    return random_of(c, &weir__op_rand, t, ndim, shape);
}
weir_tensor *weir_randn(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape)
{
    return random_of(c, &weir__op_randn, t, ndim, shape);
}
