/* batch_norm.c - batch normalisation as a bijection (Dinh et al. 2017, section 3.7; Papamakarios et
 * al. 2017): a channel's m and v are mean and variance over the batch and all places,
 *
 *     y = (x - m) / sqrt(v + eps) exp(s) + b,    log|det| = places sum (s - log(v + eps) / 2).
 *
 * m and v are the batch's while training, so that samples depend on each other there; else running
 * ones, each step's weighing `momentum`. The inverse is always by the running ones. */
#include <stddef.h>
#include "flow/flow.h"

typedef struct opts {
    size_t size;
    int64_t dim;
    double eps, momentum;
    bool affine;
    int32_t dtype;
} opts;

typedef struct state {
    weir_tensor *mean, *variance; /* running, [dim] */
    weir_tensor *bias, *log_scale; /* NULL: 0 */
    double eps, momentum;
} state;

static const weir_option options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(opts, dim), "2", 1, 1 << 24, NULL,
      "columns, or channels of images" },
    { "eps", WEIR_OPTION_REAL, offsetof(opts, eps), "1e-4", 0, 1e3, NULL, "added to the variance" },
    { "momentum", WEIR_OPTION_REAL, offsetof(opts, momentum), "0.1", 0, 1, NULL,
      "part of the way that running moments move to a batch's" },
    { "affine", WEIR_OPTION_BOOL, offsetof(opts, affine), "yes", 0, 1, NULL,
      "a learned scale and shift of each channel" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type" },
    { 0 },
};

static void batch_norm_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->dtype);
    weir_init zeros = { WEIR_INIT_ZEROS, 0 };
    s->eps = o->eps;
    s->momentum = o->momentum;
    if (o->affine) {
        s->bias = weir_module_parameter(m, "bias", t, 1, &o->dim, zeros);
        s->log_scale = weir_module_parameter(m, "log_scale", t, 1, &o->dim, zeros);
    }
    s->mean = weir_module_buffer(m, "running_mean", t, 1, &o->dim, 0);
    s->variance = weir_module_buffer(m, "running_var", t, 1, &o->dim, 1);
}

static bool batch_norm_fits(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    bool rank = x->ndim == 2 || x->ndim == 4;
    if (rank && weir__channels_fit(x, s->mean->shape[0], s->mean)) return true;
    weir__channels_misfit(m, x, s->mean->shape[0], s->mean);
    return false;
}

/* [C] as [1, C] or [1, C, 1, 1], a value of x's context */
static weir_tensor *batch_norm_here(weir_tensor *x, weir_tensor *own)
{
    const int64_t shape[] = { 1, own->shape[0], 1, 1 };
    return weir_reshape(weir_parameter_here(x, own), x->ndim, shape);
}

/* log|dy/dx| of one place, summed over channels, times all places; [B] */
static weir_tensor *batch_norm_log_det(const state *s, weir_tensor *x, weir_tensor *variance,
                                       double sign)
{
    double places = (double)weir__numel_of(x->ndim - 2, x->shape + 2);
    weir_tensor *sum = weir_scale(weir_sum(weir_log(weir_affine(variance, 1, s->eps))), -0.5);
    if (s->log_scale) sum = weir_add(sum, weir_sum(weir_parameter_here(x, s->log_scale)));
    return weir_add(weir__log_det_zero(x), weir_scale(sum, sign * places));
}

static weir_tensor *batch_norm_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                         weir_tensor **log_det)
{
    static const int axes[] = { 0, 2, 3 };
    const state *s = weir_module_state(m);
    bool training = weir_module_training(m);
    if (!batch_norm_fits(m, x)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    weir_tensor *variance = training ? weir_var_axes(x, x->ndim - 1, axes, 0, false)
                                     : weir_parameter_here(x, s->variance);
    weir_tensor *y = weir_batch_norm(x, s->mean, s->variance, NULL, NULL, training, s->momentum,
                                     s->eps);
    *log_det = batch_norm_log_det(s, x, variance, 1);
    if (!s->log_scale) return y;
    y = weir_mul(y, weir_exp(batch_norm_here(x, s->log_scale)));
    return weir_add(y, batch_norm_here(x, s->bias));
}

static weir_tensor *batch_norm_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                       weir_tensor **log_det)
{
    const state *s = weir_module_state(m);
    if (!batch_norm_fits(m, y)) return weir__nil(y->object.ctx, WEIR__TENSOR);
    *log_det = batch_norm_log_det(s, y, weir_parameter_here(y, s->variance), -1);
    if (s->log_scale) {
        y = weir_sub(y, batch_norm_here(y, s->bias));
        y = weir_mul(y, weir_exp(weir_neg(batch_norm_here(y, s->log_scale))));
    }
    weir_tensor *deviation = weir_sqrt(weir_affine(batch_norm_here(y, s->variance), 1, s->eps));
    return weir_add(weir_mul(y, deviation), batch_norm_here(y, s->mean));
}

const weir_module_row weir__row_flow_batch_norm = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.batch_norm",
        .doc = "a channel to mean 0, deviation 1: the batch's in training, then running ones",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=3",
        .given = "dim|dtype",
    },
    .state_size = sizeof(state),
    .create = batch_norm_create,
    .transform = batch_norm_transform,
    .inverse = batch_norm_inverse,
    .input = "2,3,2,2",
    .torch = weir__torch_flow_batch_norm,
};
