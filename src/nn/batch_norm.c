/* batch_norm.c - nn.BatchNorm1d, 2d and 3d: x [batch, channels, ..], each channel over the batch
 * and all places while training, by running statistics afterwards. What a step of several shards
 * does: weir_batch_norm. */
#include <stddef.h>
#include "nn/nn.h"
#include "ops/ops.h"

typedef struct norm_opts {
    size_t size;
    int64_t channels;
    double eps, momentum;
    bool cumulative, affine, track;
    int32_t dtype;
} norm_opts;
typedef struct state {
    weir_tensor *weight, *bias;          /* NULL: none */
    weir_tensor *mean, *variance, *seen; /* running statistics, and batches seen; NULL: none */
    int64_t channels;
    double eps, momentum;
    bool cumulative;
} state;

static const weir_option options[] = {
    { "channels", WEIR_OPTION_INT, offsetof(norm_opts, channels), "1", 1, 1 << 24, NULL,
      "extent of axis 1" },
    { "eps", WEIR_OPTION_REAL, offsetof(norm_opts, eps), "1e-5", 0, 1e3, NULL,
      "added to the variance" },
    { "momentum", WEIR_OPTION_REAL, offsetof(norm_opts, momentum), "0.1", 0, 1, NULL,
      "part of the way that running statistics move to a batch's" },
    { "cumulative", WEIR_OPTION_BOOL, offsetof(norm_opts, cumulative), "no", 0, 1, NULL,
      "average all batches alike instead (PyTorch's momentum=None)" },
    { "affine", WEIR_OPTION_BOOL, offsetof(norm_opts, affine), "yes", 0, 1, NULL,
      "learn a weight, from 1, and a bias, from 0, for each channel" },
    { "track", WEIR_OPTION_BOOL, offsetof(norm_opts, track), "yes", 0, 1, NULL,
      "keep running statistics; without, the batch's are used always" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(norm_opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type of parameters and statistics" },
    { 0 },
};

static void batch_norm_create(weir_module *m, const void *opts)
{
    const norm_opts *o = opts;
    state *s = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->dtype);
    *s = (state){
        .channels = o->channels, .eps = o->eps, .momentum = o->momentum, .cumulative = o->cumulative
    };
    if (o->affine) {
        s->weight = weir_module_parameter(m, "weight", t, 1, &o->channels,
                                          (weir_init){ WEIR_INIT_ONES, 0 });
        s->bias = weir_module_parameter(m, "bias", t, 1, &o->channels,
                                        (weir_init){ WEIR_INIT_ZEROS, 0 });
    }
    if (!o->track) return;
    s->mean = weir_module_buffer(m, "running_mean", t, 1, &o->channels, 0);
    s->variance = weir_module_buffer(m, "running_var", t, 1, &o->channels, 1);
    s->seen = weir_module_buffer(m, "num_batches_tracked", WEIR_I64, 0, NULL, 0);
}

static weir_tensor *batch_norm_forward(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    const weir_tensor *typed = s->weight ? s->weight : s->mean;
    bool training = weir_module_training(m);
    if (!weir__channels_fit(x, s->channels, typed))
        return weir__channels_misfit(m, x, s->channels, typed);
    /* Shards run at the same time: those that may not write the count do not read it either. */
    int64_t *seen = s->seen && training && weir__may_track(weir_ctx_of(x), s->seen)
                        ? weir__ptr(s->seen)
                        : NULL;
    double momentum = seen && s->cumulative ? 1 / (double)(*seen + 1) : s->momentum;
    weir_tensor *y = weir_batch_norm(x, s->mean, s->variance, s->weight, s->bias, training,
                                     momentum, s->eps);
    if (seen && !weir_is_nil(y)) ++*seen;
    return y;
}

const weir_module_row weir__row_batch_norm = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.batch_norm",
        .doc = "normalises each channel over the batch, or by running statistics outside training, "
               "times weight plus bias",
        .options = options,
        .options_size = sizeof(norm_opts),
        .test = "channels=3",
    },
    .state_size = sizeof(state),
    .create = batch_norm_create,
    .forward = batch_norm_forward,
    .input = "4,3,2",
    .torch = weir__torch_batch_norm,
};
