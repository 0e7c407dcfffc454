/* conv2d.c - nn.Conv2d: weight [out, in / groups, height, width], bias [out]. */
#include <math.h>
#include <stddef.h>
#include "nn/nn.h"

typedef struct conv_opts {
    size_t size;
    int64_t in, out, groups;
    weir_ints kernel, stride, padding, padding_after, dilation;
    bool bias;
    int32_t dtype, init;
    double bound;
} conv_opts;

typedef struct state {
    weir_tensor *weight, *bias; /* bias NULL: none */
    weir_conv2d_opts o;
    int64_t in;
} state;

static const weir_option options[] = {
    { "in", WEIR_OPTION_INT, offsetof(conv_opts, in), "1", 1, 1 << 24, NULL,
      "channels of the input, a multiple of groups" },
    { "out", WEIR_OPTION_INT, offsetof(conv_opts, out), "1", 1, 1 << 24, NULL,
      "channels of the output, a multiple of groups" },
    { "kernel", WEIR_OPTION_INTS, offsetof(conv_opts, kernel), "3", 1, 1 << 20, NULL,
      "extent of the kernel, or height,width" },
    { "stride", WEIR_OPTION_INTS, offsetof(conv_opts, stride), "1", 1, 1 << 20, NULL,
      "places from one output to the next, or height,width" },
    { "padding", WEIR_OPTION_INTS, offsetof(conv_opts, padding), "0", 0, 1 << 20, NULL,
      "zeros on each side, or height,width" },
    { "padding_after", WEIR_OPTION_INTS, offsetof(conv_opts, padding_after), "0", -(1 << 20),
      1 << 20, NULL, "zeros more below and on the right, or height,width; -padding or more" },
    { "dilation", WEIR_OPTION_INTS, offsetof(conv_opts, dilation), "1", 1, 1 << 20, NULL,
      "places between the kernel's, or height,width" },
    { "groups", WEIR_OPTION_INT, offsetof(conv_opts, groups), "1", 1, 1 << 24, NULL,
      "groups of channels that see each other" },
    { "bias", WEIR_OPTION_BOOL, offsetof(conv_opts, bias), "yes", 0, 1, NULL,
      "add a learned bias" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(conv_opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type of the parameters" },
    { "init", WEIR_OPTION_CHOICE, offsetof(conv_opts, init), "pytorch", 0, 0, "pytorch|uniform",
      "pytorch: weights and biases uniform on +-1/sqrt(numbers that one output sums); uniform: "
      "weights on +-bound, biases 0" },
    { "bound", WEIR_OPTION_REAL, offsetof(conv_opts, bound), "0.01", 0, 1e3, NULL,
      "of init=uniform; 0: all weights 0" },
    { 0 },
};

static bool pairs(weir_module *m, const conv_opts *o, int64_t kernel[2], weir_conv2d_opts *c)
{
    return weir__pair_option(m, "kernel", &o->kernel, kernel)
           && weir__pair_option(m, "stride", &o->stride, c->stride)
           && weir__pair_option(m, "padding", &o->padding, c->padding)
           && weir__pair_option(m, "padding_after", &o->padding_after, c->padding_after)
           && weir__pair_option(m, "dilation", &o->dilation, c->dilation);
}

static void conv2d_create(weir_module *m, const void *opts)
{
    const conv_opts *o = opts;
    state *s = weir_module_state(m);
    int64_t kernel[2];
    weir_dtype t = weir__dtype_option(o->dtype);
    s->in = o->in;
    s->o = weir_conv2d_defaults();
    s->o.groups = o->groups;
    if (!pairs(m, o, kernel, &s->o)) return;
    if (o->in % o->groups != 0 || o->out % o->groups != 0) {
        weir_fail(weir_module_ctx(m), WEIR_ERROR_RANGE,
                  "module.conv2d: %lld channels to %lld in %lld groups: expected multiples",
                  (long long)o->in, (long long)o->out, (long long)o->groups);
        return;
    }
    /* kaiming_uniform with a = sqrt(5), which is 1 / sqrt(numbers that one output sums); the bias
     * likewise */
    weir_init init = { WEIR_INIT_UNIFORM, 1
                                              / sqrt((double)(o->in / o->groups) * (double)kernel[0]
                                                     * (double)kernel[1]) };
    weir_init bias = init;
    if (o->init == WEIR__LINEAR_UNIFORM) {
        init.a = o->bound;
        bias = (weir_init){ WEIR_INIT_ZEROS, 0 };
    }
    s->weight = weir_module_parameter(
        m, "weight", t, 4, (const int64_t[]){ o->out, o->in / o->groups, kernel[0], kernel[1] },
        init);
    if (o->bias) s->bias = weir_module_parameter(m, "bias", t, 1, &o->out, bias);
}

static weir_tensor *conv2d_forward(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    if (x->ndim == 4 && x->shape[1] == s->in && x->dtype == s->weight->dtype)
        return weir_conv2d(x, s->weight, s->bias, &s->o);
    char expected[64];
    size_t used = 0;
    weir__append(expected, sizeof expected, &used, "%s [.., %lld, height, width]",
                 weir_dtype_name(s->weight->dtype), (long long)s->in);
    return weir__module_misfit(m, x, expected);
}

const weir_module_row weir__row_conv2d = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.conv2d",
        .doc = "two-dimensional convolution of images [batch, channels, height, width]",
        .options = options,
        .options_size = sizeof(conv_opts),
        .test = "in=4 out=6 kernel=3,2 stride=2,1 padding=1 padding_after=0,1 groups=2",
    },
    .state_size = sizeof(state),
    .create = conv2d_create,
    .forward = conv2d_forward,
    .torch = weir__torch_conv2d,
    .input = "2,4,5,4",
};
