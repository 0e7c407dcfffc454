/* actnorm.c - activation normalisation (Kingma, Dhariwal 2018, section 3.1): an affine map a
 * channel, y = (x + b) exp(s),
 *     log|det dy/dx| = places sum s,
 * which starts where the first batch has mean 0 and deviation 1 in every channel. Channels are axis
 * 1 of [B, C] or [B, C, H, W]. */
#include <stddef.h>
#include "flow/flow.h"

typedef struct opts {
    size_t size;
    int64_t dim;
    int32_t dtype;
} opts;

typedef struct state {
    weir_tensor *bias, *log_scale; /* [dim] */
} state;

static const weir_option options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(opts, dim), "2", 1, 1 << 24, NULL,
      "columns, or channels of images" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type" },
    { 0 },
};

static void actnorm_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->dtype);
    s->bias = weir_module_parameter(m, "bias", t, 1, &o->dim, (weir_init){ WEIR_INIT_ZEROS, 0 });
    s->log_scale = weir_module_parameter(m, "log_scale", t, 1, &o->dim,
                                         (weir_init){ WEIR_INIT_ZEROS, 0 });
}

static bool actnorm_fits(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    bool rank = x->ndim == 2 || x->ndim == 4;
    if (rank && weir__channels_fit(x, s->bias->shape[0], s->bias)) return true;
    weir__channels_misfit(m, x, s->bias->shape[0], s->bias);
    return false;
}

/* [C] as [1, C] or [1, C, 1, 1], a value of x's context */
static weir_tensor *actnorm_here(weir_tensor *x, weir_tensor *parameter)
{
    const int64_t shape[] = { 1, parameter->shape[0], 1, 1 };
    return weir_reshape(weir_parameter_here(x, parameter), x->ndim, shape);
}

static weir_tensor *actnorm_log_det(weir_tensor *x, weir_tensor *log_scale, double sign)
{
    double places = (double)weir__numel_of(x->ndim - 2, x->shape + 2);
    weir_tensor *sum = weir_sum(weir_parameter_here(x, log_scale));
    return weir_add(weir__log_det_zero(x), weir_scale(sum, sign * places));
}

static weir_tensor *actnorm_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                      weir_tensor **log_det)
{
    const state *s = weir_module_state(m);
    if (!actnorm_fits(m, x)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    *log_det = actnorm_log_det(x, s->log_scale, 1);
    return weir_mul(weir_add(x, actnorm_here(x, s->bias)), weir_exp(actnorm_here(x, s->log_scale)));
}

static weir_tensor *actnorm_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                    weir_tensor **log_det)
{
    const state *s = weir_module_state(m);
    if (!actnorm_fits(m, y)) return weir__nil(y->object.ctx, WEIR__TENSOR);
    *log_det = actnorm_log_det(y, s->log_scale, -1);
    weir_tensor *scale = weir_exp(weir_neg(actnorm_here(y, s->log_scale)));
    return weir_sub(weir_mul(y, scale), actnorm_here(y, s->bias));
}

/* b = -mean, s = -log(deviation + 1e-6) over the batch and all places. */
static void actnorm_first(weir_module *m, weir_tensor *x, const weir_condition *k)
{
    static const int axes[] = { 0, 2, 3 };
    const state *s = weir_module_state(m);
    if (!actnorm_fits(m, x)) return;
    weir_tensor *mean = weir_mean_axes(x, x->ndim - 1, axes, true);
    weir_tensor *variance = weir_mean_axes(weir_square(weir_sub(x, mean)), x->ndim - 1, axes,
                                           false);
    weir_copy_(s->bias, weir_reshape(weir_neg(mean), 1, s->bias->shape));
    weir_copy_(s->log_scale, weir_neg(weir_log(weir_affine(weir_sqrt(variance), 1, 1e-6))));
}

const weir_module_row weir__row_actnorm = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.actnorm",
        .doc = "y = (x + b) exp(s), one b and s a channel; starts at mean 0 and deviation 1 of "
               "the first batch",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=3",
        .given = "dim|dtype",
    },
    .state_size = sizeof(state),
    .create = actnorm_create,
    .transform = actnorm_transform,
    .inverse = actnorm_inverse,
    .first = actnorm_first,
    .torch = weir__torch_actnorm,
};
