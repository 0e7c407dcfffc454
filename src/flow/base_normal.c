/* base_normal.c - the standard normal: log p(z) = -sum (z^2 + log 2 pi) / 2. */
#include <stddef.h>
#include "flow/flow.h"

static const double half_log_2pi = 0.91893853320467274178; /* log(2 pi) / 2 */
static const weir_option options[] = { WEIR__BASE_OPTIONS, { 0 } };

static weir_tensor *normal_log_prob(weir_module *m, weir_tensor *z, const weir_condition *k)
{
    return weir_sum_samples(weir_affine(weir_square(z), -0.5, -half_log_2pi));
}

static weir_tensor *normal_draw(weir_module *m, weir_ctx *c, int64_t n, const weir_condition *k,
                                double temperature, weir_tensor **log_q)
{
    const weir__base_opts *o = weir_module_state(m);
    weir_tensor *e = weir_randn(c, weir__dtype_option(o->dtype), 2, (const int64_t[]){ n, o->dim });
    return weir_is_nil(e) ? e : weir__base_standard(m, e, temperature, log_q);
}

const weir_module_row weir__base_normal = {
    .row = { WEIR__BASE_ROW("base.normal", "standard normal"), .test = "dim=3" },
    .state_size = sizeof(weir__base_opts),
    .create = weir__base_create,
    .log_prob = normal_log_prob,
    .draw = normal_draw,
    .torch = weir__torch_base_normal,
};
