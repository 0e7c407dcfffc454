/* layer_norm.c - nn.LayerNorm and nn.RMSNorm: the last axes of each sample, with a weight and a
 * bias of their shape. */
#include <stddef.h>
#include <string.h>
#include "nn/nn.h"

typedef struct norm_opts {
    size_t size;
    weir_ints shape;
    double eps;
    bool affine, bias;
    int32_t dtype;
} norm_opts;
typedef struct state {
    weir_tensor *weight, *bias; /* NULL: none */
    weir_ints shape;
    double eps;
} state;

#define COMMON(eps_) \
    { "shape", WEIR_OPTION_INTS, offsetof(norm_opts, shape), "1", 1, 1 << 24, NULL, \
      "extents of the last axes, which are normalised together" }, \
        { "eps", WEIR_OPTION_REAL,       offsetof(norm_opts, eps), eps_, 0, 1e3, \
          NULL,  "added to the variance" }, \
    { "affine", WEIR_OPTION_BOOL, offsetof(norm_opts, affine), "yes", 0, 1, NULL, \
      "learn a weight of that shape, from 1" }
#define DTYPE \
    { "dtype", WEIR_OPTION_CHOICE,  offsetof(norm_opts, dtype),      "f32", 0, \
      0,       WEIR__DTYPE_CHOICES, "element type of the parameters" }
static const weir_option layer_options[] = {
    COMMON("1e-5"),
    { "bias", WEIR_OPTION_BOOL, offsetof(norm_opts, bias), "yes", 0, 1, NULL,
      "with affine: and a bias, from 0" },
    DTYPE,
    { 0 },
};
static const weir_option rms_options[] = { COMMON("1.1920928955078125e-07") /* PyTorch's for f32 */,
                                           DTYPE,
                                           { 0 } };

static void layer_norm_create(weir_module *m, const void *opts)
{
    const norm_opts *o = opts;
    state *s = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->dtype);
    s->shape = o->shape;
    s->eps = o->eps;
    if (o->shape.n < 1 || o->shape.n > WEIR_RANK_MAX) {
        weir_fail(weir_module_ctx(m), WEIR_ERROR_RANGE, "%s: shape of %lld axes: expected 1 to %d",
                  m->row->row.name, (long long)o->shape.n, WEIR_RANK_MAX);
        return;
    }
    if (o->affine)
        s->weight = weir_module_parameter(m, "weight", t, (int)o->shape.n, o->shape.at,
                                          (weir_init){ WEIR_INIT_ONES, 0 });
    if (o->affine && o->bias)
        s->bias = weir_module_parameter(m, "bias", t, (int)o->shape.n, o->shape.at,
                                        (weir_init){ WEIR_INIT_ZEROS, 0 });
}

static bool layer_norm_fits(const state *s, const weir_tensor *x)
{
    if (x->ndim < s->shape.n || (s->weight && s->weight->dtype != x->dtype)) return false;
    return memcmp(x->shape + x->ndim - s->shape.n, s->shape.at,
                  (size_t)s->shape.n * sizeof *x->shape)
           == 0;
}

static weir_tensor *layer_norm_misfit(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    char expected[200];
    size_t used = 0;
    weir__append(expected, sizeof expected, &used, "%s [..",
                 weir_dtype_name(s->weight ? s->weight->dtype : x->dtype));
    for (int64_t i = 0; i < s->shape.n; i++)
        weir__append(expected, sizeof expected, &used, ", %lld", (long long)s->shape.at[i]);
    weir__append(expected, sizeof expected, &used, "]");
    return weir__module_misfit(m, x, expected);
}

static weir_tensor *layer_norm(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    return layer_norm_fits(s, x) ? weir_layer_norm(x, (int)s->shape.n, s->weight, s->bias, s->eps)
                                 : layer_norm_misfit(m, x);
}

static weir_tensor *rms_norm(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    return layer_norm_fits(s, x) ? weir_rms_norm(x, (int)s->shape.n, s->weight, s->eps)
                                 : layer_norm_misfit(m, x);
}

const weir_module_row weir__row_layer_norm = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.layer_norm",
        .doc = "(x - mean) / sqrt(variance + eps) over the last axes, times weight plus bias",
        .options = layer_options,
        .options_size = sizeof(norm_opts),
        .test = "shape=3",
    },
    .state_size = sizeof(state), .create = layer_norm_create, .forward = layer_norm,
};
const weir_module_row weir__row_rms_norm = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.rms_norm",
        .doc = "x / sqrt(mean(x^2) + eps) over the last axes, times weight",
        .options = rms_options,
        .options_size = sizeof(norm_opts),
        .test = "shape=3",
    },
    .state_size = sizeof(state), .create = layer_norm_create, .forward = rms_norm,
};
