/* conv_transpose2d.c - nn.ConvTranspose2d: weight [in, out / groups, height, width], bias [out]. */
#include <math.h>
#include <stddef.h>
#include "nn/nn.h"

typedef struct transpose_opts {
    size_t size;
    int64_t in, out, groups;
    weir_ints kernel, stride, padding, output_padding, dilation;
    bool bias;
    int32_t dtype;
} transpose_opts;

typedef struct transpose_state {
    weir_tensor *weight, *bias; /* bias NULL: none */
    weir_conv2d_opts o;
    int64_t more[2];
} transpose_state;

static const weir_option transpose_options[] = {
    { "in", WEIR_OPTION_INT, offsetof(transpose_opts, in), "1", 1, 1 << 24, NULL,
      "channels of the input, a multiple of groups" },
    { "out", WEIR_OPTION_INT, offsetof(transpose_opts, out), "1", 1, 1 << 24, NULL,
      "channels of the output, a multiple of groups" },
    { "kernel", WEIR_OPTION_INTS, offsetof(transpose_opts, kernel), "3", 1, 1 << 20, NULL,
      "extent of the kernel, or height,width" },
    { "stride", WEIR_OPTION_INTS, offsetof(transpose_opts, stride), "1", 1, 1 << 20, NULL,
      "places from one input to the next, or height,width" },
    { "padding", WEIR_OPTION_INTS, offsetof(transpose_opts, padding), "0", 0, 1 << 20, NULL,
      "places cut off on each side, or height,width" },
    { "output_padding", WEIR_OPTION_INTS, offsetof(transpose_opts, output_padding), "0", 0, 1 << 20,
      NULL, "places more below and on the right, or height,width" },
    { "dilation", WEIR_OPTION_INTS, offsetof(transpose_opts, dilation), "1", 1, 1 << 20, NULL,
      "places from one tap of the kernel to the next, or height,width" },
    { "groups", WEIR_OPTION_INT, offsetof(transpose_opts, groups), "1", 1, 1 << 24, NULL,
      "groups of channels that see each other alone" },
    { "bias", WEIR_OPTION_BOOL, offsetof(transpose_opts, bias), "yes", 0, 1, NULL,
      "add a learned bias" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(transpose_opts, dtype), "f32", 0, 0,
      WEIR__DTYPE_CHOICES, "element type of the parameters" },
    { 0 },
};

static void transpose_create(weir_module *m, const void *options)
{
    const transpose_opts *o = options;
    transpose_state *s = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->dtype);
    int64_t kernel[2];
    s->o = weir_conv2d_defaults();
    s->o.groups = o->groups;
    if (!weir__pair_option(m, "kernel", &o->kernel, kernel)
        || !weir__pair_option(m, "stride", &o->stride, s->o.stride)
        || !weir__pair_option(m, "padding", &o->padding, s->o.padding)
        || !weir__pair_option(m, "output_padding", &o->output_padding, s->more)
        || !weir__pair_option(m, "dilation", &o->dilation, s->o.dilation))
        return;
    if (o->in % o->groups != 0 || o->out % o->groups != 0) {
        weir_fail(
            weir_module_ctx(m), WEIR_ERROR_RANGE,
            "module.conv_transpose2d: %lld channels to %lld in %lld groups: expected multiples",
            (long long)o->in, (long long)o->out, (long long)o->groups);
        return;
    }
    const int64_t shape[] = { o->in, o->out / o->groups, kernel[0], kernel[1] };
    /* PyTorch's kaiming_uniform with a = sqrt(5) counts axis 1 of the weight */
    double numbers = (double)shape[1] * (double)kernel[0] * (double)kernel[1];
    weir_init init = { WEIR_INIT_UNIFORM, 1 / sqrt(numbers) };
    s->weight = weir_module_parameter(m, "weight", t, 4, shape, init);
    if (o->bias) s->bias = weir_module_parameter(m, "bias", t, 1, &o->out, init);
}

static weir_tensor *transpose_forward(weir_module *m, weir_tensor *x)
{
    const transpose_state *s = weir_module_state(m);
    if (x->ndim == 4 && weir__channels_fit(x, s->weight->shape[0], s->weight))
        return weir_conv_transpose2d(x, s->weight, s->bias, &s->o, s->more);
    return weir__channels_misfit(m, x, s->weight->shape[0], s->weight);
}

const weir_module_row weir__row_conv_transpose2d = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.conv_transpose2d",
        .doc = "transposed convolution of images [batch, channels, height, width]",
        .options = transpose_options,
        .options_size = sizeof(transpose_opts),
        .test = "in=4 out=6 kernel=3,2 stride=2,1 padding=1,0 output_padding=1,0 groups=2",
    },
    .state_size = sizeof(transpose_state),
    .create = transpose_create,
    .forward = transpose_forward,
    .input = "2,4,3,2",
};
