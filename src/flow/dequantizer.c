/* dequantizer.c - dequantisation: what is added to integers v so that v + u has a density on
 * [0, L)^d. With u ~ q(u | v) on [0, 1)^d,
 *
 *     log P(v) >= E[log p(v + u) - log q(u | v)]           (Theis et al. 2016; Ho et al. 2019).
 *
 *     uniform     q = 1 (Uria et al. 2013)
 *     none        u = 1/2, the middle: nothing is drawn, and p is looked at there alone
 *     variational q learned with p (dequantizer_variational.c) */
#include "flow/flow.h"

static weir_tensor *dequantizer_fail(weir_ctx *c, weir_status s, const char *what)
{
    weir_fail(c, s, "dequantize: %s", what);
    return weir__nil(c, WEIR__TENSOR);
}

weir_tensor *weir_dequantize(weir_module *dequantizer, weir_tensor *v, const weir_condition *k,
                             weir_tensor **log_q)
{
    WEIR__AS_FOUND;
    weir__call_mark mark;
    weir_ctx *c = weir_ctx_of(v);
    weir_tensor *nil = weir__nil(c, WEIR__TENSOR), *unused = NULL;
    if (!log_q) log_q = &unused;
    *log_q = nil;
    if (v && !weir__meets(c, k, "dequantize", "a condition")) return nil;
    if (!weir__forward_begin(dequantizer, v, "dequantize", &mark)) return nil;
    weir_tensor *u = nil;
    *log_q = NULL;
    if (!dequantizer->row->dequantize)
        dequantizer_fail(mark.ctx, WEIR_ERROR_UNSUPPORTED,
                         "a module of another kind: expected a dequantizer");
    else if (v->ndim < 1 || !weir_dtype_is_real(v->dtype))
        dequantizer_fail(mark.ctx, WEIR_ERROR_SHAPE, "v: expected f32 or f64, [samples, ..]");
    else u = dequantizer->row->dequantize(dequantizer, v, k, log_q);
    if (!*log_q) *log_q = weir_ok(c) ? weir__log_det_zero(v) : nil;
    return weir__forward_end(mark, u, log_q);
}

/* -- uniform ----------------------------------------------------------------------------------- */
static weir_tensor *uniform_dequantize(weir_module *m, weir_tensor *v, const weir_condition *k,
                                       weir_tensor **log_q)
{
    return weir_rand(v->object.ctx, v->dtype, v->ndim, v->shape);
}

const weir_module_row weir__dequantizer_uniform = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "dequantizer.uniform",
        .doc = "u uniform on [0, 1)",
        .test = "",
    },
    .dequantize = uniform_dequantize,
    .draws = true,
    .torch = weir__torch_dequantizer_uniform,
};

/* -- none -------------------------------------------------------------------------------------- */
static weir_tensor *none_dequantize(weir_module *m, weir_tensor *v, const weir_condition *k,
                                    weir_tensor **log_q)
{
    return weir_full_like(v, 0.5);
}

const weir_module_row weir__dequantizer_none = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "dequantizer.none",
        .doc = "u = 1/2: nothing is drawn, a density of the middles of the levels",
        .test = "",
    },
    .dequantize = none_dequantize,
    .torch = weir__torch_dequantizer_none,
};
