/* base_uniform.c - the uniform distribution on [low, high] in every column: log p(z) = -log(high -
 * low), summed, and -inf beyond. At temperature T draws are mean + T (z - mean). */
#include <math.h>
#include <stddef.h>
#include "flow/flow.h"

typedef struct uniform_opts {
    weir__base_opts base;
    double low, high;
} uniform_opts;

static const weir_option options[] = {
    WEIR__BASE_OPTIONS,
    { "low", WEIR_OPTION_REAL, offsetof(uniform_opts, low), "0", -1e6, 1e6, NULL,
      "the least value" },
    { "high", WEIR_OPTION_REAL, offsetof(uniform_opts, high), "1", -1e6, 1e6, NULL,
      "the largest value" },
    { 0 },
};

static void uniform_create(weir_module *m, const void *options_)
{
    const uniform_opts *o = options_;
    *(uniform_opts *)weir_module_state(m) = *o;
    if (o->low < o->high) return;
    weir_fail(weir_module_ctx(m), WEIR_ERROR_RANGE,
              "base.uniform: low=%g high=%g: expected low below high", o->low, o->high);
}

static weir_tensor *uniform_log_prob(weir_module *m, weir_tensor *z, const weir_condition *k)
{
    const uniform_opts *o = weir_module_state(m);
    weir_ctx *c = z->object.ctx;
    weir_tensor *inside = weir_affine(z, 0, -log(o->high - o->low)); /* NaN stays NaN */
    weir_tensor *zero = weir_scalar(c, z->dtype, -INFINITY);
    weir_tensor *low = weir_scalar(c, z->dtype, o->low), *high = weir_scalar(c, z->dtype, o->high);
    weir_tensor *log_p = weir_where(weir_lt(z, low), zero, inside);
    return weir_sum_samples(weir_where(weir_gt(z, high), zero, log_p));
}

static weir_tensor *base_uniform_draw(weir_module *m, weir_ctx *c, int64_t n,
                                      const weir_condition *k, double temperature,
                                      weir_tensor **log_q)
{
    const uniform_opts *o = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->base.dtype);
    double range = temperature * (o->high - o->low), mean = o->low + (o->high - o->low) / 2;
    weir_tensor *u = weir_rand(c, t, 2, (const int64_t[]){ n, o->base.dim });
    if (log_q) *log_q = weir_full(c, t, 1, &n, -(double)o->base.dim * log(range));
    return weir_affine(u, range, temperature == 1 ? o->low : mean - range / 2);
}

const weir_module_row weir__base_uniform = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "base.uniform",
        .doc = "uniform on [low, high]: for splines of domain=cube and circle",
        .options = options,
        .options_size = sizeof(uniform_opts),
        .test = "dim=3",
        .given = "dim|dtype",
    },
    .state_size = sizeof(uniform_opts),
    .create = uniform_create,
    .log_prob = uniform_log_prob,
    .draw = base_uniform_draw,
    .torch = weir__torch_base_uniform,
};
