/* base_logistic.c - the standard logistic: log p(z) = -softplus(z) - softplus(-z), summed; variance
 * pi^2 / 3. */
#include <stddef.h>
#include "flow/flow.h"

static const weir_option options[] = { WEIR__BASE_OPTIONS, { 0 } };

/* z - 2 softplus(z), since softplus(-z) = softplus(z) - z: one pass of exp and log, and nothing is
 * lost: the result is about -|z| whichever the sign. */
static weir_tensor *logistic_log_prob(weir_module *m, weir_tensor *z, const weir_condition *k)
{
    return weir_sum_samples(weir_sub(z, weir_scale(weir_softplus(z), 2)));
}

/* log u - log(1 - u). u is a multiple of 2^-24 (f32) or 2^-53 (f64) below 1, so only 0 needs care:
 * it becomes half a step. */
static weir_tensor *logistic_draw(weir_module *m, weir_ctx *c, int64_t n, const weir_condition *k,
                                  double temperature, weir_tensor **log_q)
{
    const weir__base_opts *o = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->dtype);
    weir_tensor *least = weir_scalar(c, t, t == WEIR_F64 ? 0x1p-54 : 0x1p-25);
    weir_tensor *u = weir_maximum(weir_rand(c, t, 2, (const int64_t[]){ n, o->dim }), least);
    weir_tensor *e = weir_sub(weir_log(u), weir_log(weir_affine(u, -1, 1)));
    return weir_is_nil(e) ? e : weir__base_standard(m, e, temperature, log_q);
}

const weir_module_row weir__base_logistic = {
    .row = { WEIR__BASE_ROW("base.logistic", "standard logistic, variance pi^2/3"),
             .test = "dim=3" },
    .state_size = sizeof(weir__base_opts),
    .create = weir__base_create,
    .log_prob = logistic_log_prob,
    .draw = logistic_draw,
    .torch = weir__torch_base_logistic,
};
