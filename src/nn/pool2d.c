/* pool2d.c - nn.MaxPool2d, nn.AvgPool2d and nn.Upsample: images [batch, channels, height,
 * width], no parameters. */
#include <stddef.h>
#include "nn/nn.h"

bool weir__pair_option(weir_module *m, const char *name, const weir_ints *list, int64_t pair[2])
{
    if (list->n < 1 || list->n > 2) {
        weir_fail(weir_module_ctx(m), WEIR_ERROR_RANGE,
                  "%s: %s: %lld numbers: expected one, or height,width",
                  weir_module_row_of(m)->row.name, name, (long long)list->n);
        return false;
    }
    pair[0] = list->at[0];
    pair[1] = list->at[list->n - 1];
    return true;
}

/* -- pooling ----------------------------------------------------------------------------------- */
typedef struct pool_opts {
    size_t size;
    weir_ints kernel, stride, padding;
} pool_opts;

static const weir_option pool_options[] = {
    { "kernel", WEIR_OPTION_INTS, offsetof(pool_opts, kernel), "2", 1, 1 << 20, NULL,
      "extent of a window, or height,width" },
    { "stride", WEIR_OPTION_INTS, offsetof(pool_opts, stride), "", 1, 1 << 20, NULL,
      "places from one window to the next, or height,width; the kernel's unless said" },
    { "padding", WEIR_OPTION_INTS, offsetof(pool_opts, padding), "0", 0, 1 << 20, NULL,
      "on each side, or height,width; at most half the kernel" },
    { 0 },
};

static void create_pool(weir_module *m, const void *opts)
{
    const pool_opts *o = opts;
    weir_pool2d_opts *s = weir_module_state(m);
    *s = weir_pool2d_defaults(2);
    if (!weir__pair_option(m, "kernel", &o->kernel, s->kernel)
        || !weir__pair_option(m, "stride", o->stride.n ? &o->stride : &o->kernel, s->stride)
        || !weir__pair_option(m, "padding", &o->padding, s->padding))
        return;
    for (int i = 0; i < 2; i++)
        if (s->padding[i] > s->kernel[i] / 2) {
            weir_fail(weir_module_ctx(m), WEIR_ERROR_RANGE,
                      "%s: padding %lld: expected at most half the kernel, %lld",
                      weir_module_row_of(m)->row.name, (long long)s->padding[i],
                      (long long)s->kernel[i] / 2);
            return;
        }
}

static weir_tensor *pool2d_max_forward(weir_module *m, weir_tensor *x)
{
    return weir_max_pool2d(x, weir_module_state(m));
}
static weir_tensor *pool2d_avg_forward(weir_module *m, weir_tensor *x)
{
    return weir_avg_pool2d(x, weir_module_state(m));
}

#define POOL_ROW(public_name, one_line) \
    { .size = sizeof(weir_module_row), \
      .version = 1, \
      .name = public_name, \
      .doc = one_line, \
      .options = pool_options, \
      .options_size = sizeof(pool_opts), \
      .test = "kernel=3,2 stride=2,1 padding=1" }
const weir_module_row weir__row_max_pool2d = {
    .row = POOL_ROW("module.max_pool2d", "the maximum of each window of an image"),
    .state_size = sizeof(weir_pool2d_opts),
    .create = create_pool,
    .forward = pool2d_max_forward,
    .input = "2,3,5,4"
};
const weir_module_row weir__row_avg_pool2d = {
    .row = POOL_ROW("module.avg_pool2d", "the mean of each window of an image, padding included"),
    .state_size = sizeof(weir_pool2d_opts),
    .create = create_pool,
    .forward = pool2d_avg_forward,
    .input = "2,3,5,4"
};

/* -- upsample ---------------------------------------------------------------------------------- */
typedef struct upsample_opts {
    size_t size;
    weir_ints scale;
    int32_t mode;
    bool align_corners;
} upsample_opts;
typedef struct scale {
    int64_t by[2];
    bool bilinear, align_corners;
} scale;

static const weir_option upsample_options[] = {
    { "scale", WEIR_OPTION_INTS, offsetof(upsample_opts, scale), "2", 1, 1 << 20, NULL,
      "how many times larger, or height,width" },
    { "mode", WEIR_OPTION_CHOICE, offsetof(upsample_opts, mode), "nearest", 0, 0,
      "nearest|bilinear", "the nearest place's value, or straight lines between places" },
    { "align_corners", WEIR_OPTION_BOOL, offsetof(upsample_opts, align_corners), "no", 0, 1, NULL,
      "of mode=bilinear: corners stay where they are" },
    { 0 },
};

static void create_upsample(weir_module *m, const void *opts)
{
    const upsample_opts *o = opts;
    scale *s = weir_module_state(m);
    weir__pair_option(m, "scale", &o->scale, s->by);
    s->bilinear = o->mode == 1;
    s->align_corners = o->align_corners;
}

static weir_tensor *pool2d_upsample_forward(weir_module *m, weir_tensor *x)
{
    const scale *s = weir_module_state(m);
    if (x->ndim != 4 || x->shape[2] > INT32_MAX || x->shape[3] > INT32_MAX)
        return weir__module_misfit(m, x, "[batch, channels, height, width]");
    int64_t height = x->shape[2] * s->by[0], width = x->shape[3] * s->by[1];
    return s->bilinear ? weir_upsample_bilinear2d(x, height, width, s->align_corners)
                       : weir_upsample_nearest2d(x, height, width);
}

const weir_module_row weir__row_upsample = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.upsample",
        .doc = "an image made larger, each place from the nearest, or from four",
        .options = upsample_options,
        .options_size = sizeof(upsample_opts),
        .test = "scale=2,3",
    },
    .state_size = sizeof(scale),
    .create = create_upsample,
    .forward = pool2d_upsample_forward,
    .input = "2,3,2,3",
};
