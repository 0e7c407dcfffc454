/* group_norm.c - nn.GroupNorm: x [batch, channels, ..], each sample over groups of channels and all
 * places. */
#include <stddef.h>
#include "nn/nn.h"

typedef struct norm_opts {
    size_t size;
    int64_t groups, channels;
    double eps;
    bool affine;
    int32_t dtype;
} norm_opts;
typedef struct state {
    weir_tensor *weight, *bias; /* NULL: none */
    int64_t groups, channels;
    double eps;
} state;

static const weir_option options[] = {
    { "groups", WEIR_OPTION_INT, offsetof(norm_opts, groups), "1", 1, 1 << 24, NULL,
      "groups the channels are divided into" },
    { "channels", WEIR_OPTION_INT, offsetof(norm_opts, channels), "1", 1, 1 << 24, NULL,
      "extent of axis 1, a multiple of groups" },
    { "eps", WEIR_OPTION_REAL, offsetof(norm_opts, eps), "1e-5", 0, 1e3, NULL,
      "added to the variance" },
    { "affine", WEIR_OPTION_BOOL, offsetof(norm_opts, affine), "yes", 0, 1, NULL,
      "learn a weight, from 1, and a bias, from 0, for each channel" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(norm_opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type of the parameters" },
    { 0 },
};

static void group_norm_create(weir_module *m, const void *opts)
{
    const norm_opts *o = opts;
    state *s = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->dtype);
    *s = (state){ .groups = o->groups, .channels = o->channels, .eps = o->eps };
    if (o->channels % o->groups != 0) {
        weir_fail(weir_module_ctx(m), WEIR_ERROR_RANGE,
                  "module.group_norm: %lld channels in %lld groups: expected a multiple",
                  (long long)o->channels, (long long)o->groups);
        return;
    }
    if (!o->affine) return;
    s->weight = weir_module_parameter(m, "weight", t, 1, &o->channels,
                                      (weir_init){ WEIR_INIT_ONES, 0 });
    s->bias = weir_module_parameter(m, "bias", t, 1, &o->channels,
                                    (weir_init){ WEIR_INIT_ZEROS, 0 });
}

static weir_tensor *group_norm_forward(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    if (!weir__channels_fit(x, s->channels, s->weight))
        return weir__channels_misfit(m, x, s->channels, s->weight);
    return weir_group_norm(x, s->groups, s->weight, s->bias, s->eps);
}

/* The hunt after a NaN goes module by module, for their names stand in the messages. */
weir_tensor *weir__group_norm_silu(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    bool whole = weir_is_nil(x) || weir_ctx_of(x)->modes.hunting;
    if (whole || !weir__channels_fit(x, s->channels, s->weight)) {
        weir_tensor *y = weir_module_forward(m, x);
        return weir__tensor_consumed(y, weir_silu(y));
    }
    return weir_group_norm_silu(x, s->groups, s->weight, s->bias, s->eps);
}

const weir_module_row weir__row_group_norm = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.group_norm",
        .doc = "normalises each sample over groups of channels, times weight plus bias by channel",
        .options = options,
        .options_size = sizeof(norm_opts),
        .test = "groups=2 channels=4",
    },
    .state_size = sizeof(state),
    .create = group_norm_create,
    .forward = group_norm_forward,
    .torch = weir__torch_group_norm,
    .input = "3,4,5",
};
