/* conv2d_same.c - the convolutions of Glow (Kingma, Dhariwal 2018; openai/glow, tfops.py), which
 * keep height and width: zeros around the image, and how far a place is from its edge is known by
 *
 *     edge [out, 1, k, k]     a kernel on one more channel that is 1 around the image and 0 inside,
 *
 * which is a bias of the places at the edge, the same for every image. The result of a channel is
 *
 *     y = (W x + edge + b) scale
 *
 * with scale 1; or exp(s) with start=norm, where b and s start so that the first batch has mean 0
 * and deviation 1 (an actnorm); or exp(3 s) with start=zero, where W, edge and b start at 0: the
 * last layer of a network, which begins at 0 and leaves it quickly. Scales are multiplied into W.
 */
#include <stddef.h>
#include "nn/nn.h"

typedef enum start { NORMAL, NORM, ZERO } start;

typedef struct opts {
    size_t size;
    int64_t in, out, kernel;
    bool edge;
    double std;
    int32_t start, dtype;
} opts;

typedef struct state {
    weir_tensor *weight, *bias, *edge, *log_scale; /* edge, log_scale NULL: none */
    int64_t in, pad;
    start start;
} state;

static const weir_option options[] = {
    { "in", WEIR_OPTION_INT, offsetof(opts, in), "1", 1, 1 << 24, NULL, "channels of the input" },
    { "out", WEIR_OPTION_INT, offsetof(opts, out), "1", 1, 1 << 24, NULL,
      "channels of the output" },
    { "kernel", WEIR_OPTION_INT, offsetof(opts, kernel), "3", 1, 1 << 10, NULL,
      "height and width of the kernel, odd" },
    { "edge", WEIR_OPTION_BOOL, offsetof(opts, edge), "yes", 0, 1, NULL,
      "add a learned bias of the places at the edge" },
    { "start", WEIR_OPTION_CHOICE, offsetof(opts, start), "normal", 0, 0, "normal|norm|zero",
      "weights: normal; the same, and the first batch gets mean 0 and deviation 1; 0" },
    { "std", WEIR_OPTION_REAL, offsetof(opts, std), "0.05", 0, 1e3, NULL,
      "deviation of the first weights, normal" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type of the parameters" },
    { 0 },
};

static void conv2d_same_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    weir_dtype t = weir__dtype_option(o->dtype);
    weir_init zeros = { WEIR_INIT_ZEROS, 0 }, normal = { WEIR_INIT_NORMAL, o->std };
    const int64_t shape[] = { o->out, o->in, o->kernel, o->kernel };
    const int64_t edge[] = { o->out, 1, o->kernel, o->kernel };
    if (o->kernel % 2 == 0) {
        weir_fail(weir_module_ctx(m), WEIR_ERROR_RANGE,
                  "module.conv2d_same: kernel=%lld: expected an odd number", (long long)o->kernel);
        return;
    }
    s->in = o->in;
    s->pad = o->kernel / 2;
    s->start = (start)o->start;
    if (s->start == ZERO) normal = zeros;
    s->weight = weir_module_parameter(m, "weight", t, 4, shape, normal);
    s->bias = weir_module_parameter(m, "bias", t, 1, &o->out, zeros);
    if (o->edge && o->kernel > 1) s->edge = weir_module_parameter(m, "edge", t, 4, edge, normal);
    if (s->start != NORMAL)
        s->log_scale = weir_module_parameter(m, "log_scale", t, 1, &o->out, zeros);
}

/* What is convolved with: the parameters, or these times the scale. */
typedef struct kernels {
    weir_tensor *weight, *bias, *edge;
} kernels;

static kernels conv2d_same_kernels(const state *s, weir_tensor *x)
{
    kernels k = { .weight = s->weight, .bias = s->bias, .edge = s->edge };
    if (!s->log_scale) return k;
    const int64_t channels[] = { s->log_scale->shape[0], 1, 1, 1 };
    weir_tensor *log_scale = weir_parameter_here(x, s->log_scale);
    weir_tensor *scale = weir_exp(weir_scale(log_scale, s->start == ZERO ? 3 : 1));
    k.bias = weir_mul(k.bias, scale);
    scale = weir_reshape(scale, 4, channels);
    k.weight = weir_mul(k.weight, scale);
    if (k.edge) k.edge = weir_mul(k.edge, scale);
    return k;
}

/* [1, out, H, W] of x's context: the kernel `edge` on a frame of ones around zeros */
static weir_tensor *conv2d_same_edge(const state *s, weir_tensor *x, weir_tensor *edge)
{
    const int64_t inside[] = { 1, 1, x->shape[2], x->shape[3] };
    const int64_t pads[] = { s->pad, s->pad, s->pad, s->pad };
    weir_tensor *frame = weir_pad(weir_zeros(x->object.ctx, x->dtype, 4, inside), 2, pads, 1);
    return weir_conv2d(frame, edge, NULL, NULL);
}

static weir_tensor *conv2d_same_convolve(const state *s, weir_tensor *x, kernels k)
{
    weir_conv2d_opts o = weir_conv2d_defaults();
    o.padding[0] = s->pad;
    o.padding[1] = s->pad;
    weir_tensor *y = weir_conv2d(x, k.weight, k.bias, &o);
    return k.edge ? weir_add(y, conv2d_same_edge(s, x, k.edge)) : y;
}

static bool conv2d_same_fits(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    if (x->ndim == 4 && weir__channels_fit(x, s->in, s->weight)) return true;
    weir__channels_misfit(m, x, s->in, s->weight);
    return false;
}

static weir_tensor *conv2d_same_forward(weir_module *m, weir_tensor *x)
{
    const state *s = weir_module_state(m);
    if (!conv2d_same_fits(m, x)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    return conv2d_same_convolve(s, x, conv2d_same_kernels(s, x));
}

/* b = -mean, s = -log(deviation + 1e-6) over the batch and all places. */
static void conv2d_same_first(weir_module *m, weir_tensor *x, const weir_condition *unused)
{
    static const int axes[] = { 0, 2, 3 };
    const state *s = weir_module_state(m);
    (void)unused;
    if (s->start != NORM || !conv2d_same_fits(m, x)) return;
    weir_fill_(s->bias, 0);
    kernels k = { .weight = s->weight, .bias = s->bias, .edge = s->edge };
    weir_tensor *y = conv2d_same_convolve(s, x, k);
    weir_tensor *deviation = weir_sqrt(weir_var_axes(y, 3, axes, 0, false));
    weir_copy_(s->bias, weir_neg(weir_mean_axes(y, 3, axes, false)));
    weir_copy_(s->log_scale, weir_neg(weir_log(weir_affine(deviation, 1, 1e-6))));
}

const weir_module_row weir__row_conv2d_same = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.conv2d_same",
        .doc = "convolution that keeps height and width, and knows how far the edge is (Glow)",
        .options = options,
        .options_size = sizeof(opts),
        .test = "in=3 out=4",
    },
    .state_size = sizeof(state),
    .create = conv2d_same_create,
    .forward = conv2d_same_forward,
    .first = conv2d_same_first,
    .input = "2,3,5,4",
    .torch = weir__torch_conv2d_same,
};
