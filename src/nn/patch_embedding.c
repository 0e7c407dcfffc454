/* patch_embedding.c - images as sequences: a convolution whose stride is its kernel, as diffusers'
 * and timm's PatchEmbed, with its names (proj.weight, proj.bias). */
#include <math.h>
#include <stddef.h>
#include "nn/nn.h"

typedef struct patch_opts {
    size_t size;
    int64_t in, width;
    weir_ints patch;
    bool bias;
    int32_t dtype;
} patch_opts;

typedef struct patch_state {
    weir_tensor *weight, *bias; /* bias NULL: none */
} patch_state;

static const weir_option patch_options[] = {
    { "in", WEIR_OPTION_INT, offsetof(patch_opts, in), "1", 1, 1 << 24, NULL,
      "channels of the images" },
    { "width", WEIR_OPTION_INT, offsetof(patch_opts, width), "1", 1, 1 << 24, NULL,
      "columns of the sequence" },
    { "patch", WEIR_OPTION_INTS, offsetof(patch_opts, patch), "2", 1, 1 << 16, NULL,
      "extent of a patch, or height,width" },
    { "bias", WEIR_OPTION_BOOL, offsetof(patch_opts, bias), "yes", 0, 1, NULL,
      "add a learned bias" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(patch_opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type of the parameters" },
    { 0 },
};

static void patch_create(weir_module *m, const void *options)
{
    const patch_opts *o = options;
    patch_state *s = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->dtype);
    int64_t patch[2];
    if (!weir__pair_option(m, "patch", &o->patch, patch)) return;
    const int64_t shape[] = { o->width, o->in, patch[0], patch[1] };
    double numbers = (double)o->in * (double)patch[0] * (double)patch[1];
    weir_init init = { WEIR_INIT_UNIFORM, 1 / sqrt(numbers) }; /* nn.Conv2d's */
    weir_ctx *c = weir_module_ctx(m);
    weir_module *proj = weir_module_add(m, "proj", weir_module_new(c, "group", ""));
    s->weight = weir_module_parameter(proj, "weight", t, 4, shape, init);
    if (o->bias) s->bias = weir_module_parameter(proj, "bias", t, 1, &o->width, init);
}

static weir_tensor *patch_forward(weir_module *m, weir_tensor *x)
{
    const patch_state *s = weir_module_state(m);
    if (x->ndim == 4 && weir__channels_fit(x, s->weight->shape[1], s->weight))
        return weir_patch_embedding(x, s->weight, s->bias);
    return weir__channels_misfit(m, x, s->weight->shape[1], s->weight);
}

const weir_module_row weir__row_patch_embedding = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.patch_embedding",
        .doc = "patches of images [batch, channels, height, width] as a sequence of vectors",
        .options = patch_options,
        .options_size = sizeof(patch_opts),
        .test = "in=3 width=5 patch=2,3",
    },
    .state_size = sizeof(patch_state),
    .create = patch_create,
    .forward = patch_forward,
    .input = "2,3,4,6",
};
