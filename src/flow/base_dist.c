/* base_dist.c - base distributions: independent elements with one density each. */
#include "flow/flow.h"

static const double half_log_2pi = 0.91893853320467274178; /* log(2 pi) / 2 */

/* -(z^2 + log 2 pi) / 2 */
static weir_tensor *normal_log_prob(weir_tensor *z)
{
    return weir_sum_samples(weir_affine(weir_square(z), -0.5, -half_log_2pi));
}

static weir_tensor *normal_draw(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape) { return weir_randn(c, t, ndim, shape); }

const weir_base_row weir__base_normal = {
    .row = { .size = sizeof(weir_base_row), .version = 1, .name = "base.normal", .doc = "standard normal", .test = "" },
    .log_prob = normal_log_prob,
    .draw = normal_draw,
};

/* -softplus(z) - softplus(-z) = z - 2 softplus(z), since softplus(-z) = softplus(z) - z: one pass of exp and log, and nothing is
 * lost: the result is about -|z| whichever the sign. */
static weir_tensor *logistic_log_prob(weir_tensor *z)
{
    return weir_sum_samples(weir_sub(z, weir_scale(weir_softplus(z), 2)));
}

/* log u - log(1 - u). u is a multiple of 2^-24 (f32) or 2^-53 (f64) below 1, so only 0 needs care: it becomes half a step. */
static weir_tensor *logistic_draw(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape)
{
    weir_tensor *least = weir_scalar(c, t, t == WEIR_F64 ? 0x1p-54 : 0x1p-25);
    weir_tensor *u = weir_maximum(weir_rand(c, t, ndim, shape), least);
    return weir_sub(weir_log(u), weir_log(weir_affine(u, -1, 1)));
}

const weir_base_row weir__base_logistic = {
    .row = { .size = sizeof(weir_base_row), .version = 1, .name = "base.logistic", .doc = "standard logistic, variance pi^2/3", .test = "" },
    .log_prob = logistic_log_prob,
    .draw = logistic_draw,
};

weir_tensor *weir_base_log_prob(const weir_base_row *base, weir_tensor *z)
{
    if (base && z) return base->log_prob(z);
    weir_ctx *c = z ? z->object.ctx : NULL;
    weir_fail(c, WEIR_ERROR_ARGUMENT, "base_log_prob: NULL: expected a base and a tensor");
    return weir__nil(c, WEIR__TENSOR);
}

weir_tensor *weir_base_sample(weir_ctx *c, const weir_base_row *base, weir_dtype t, int ndim, const int64_t *shape)
{
    if (base) return base->draw(c, t, ndim, shape);
    weir_fail(c, WEIR_ERROR_ARGUMENT, "base_sample: NULL: expected a base");
    return weir__nil(c, WEIR__TENSOR);
}
