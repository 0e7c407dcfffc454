/* weir/image.h - ops on images x [N, C, H, W]: convolution, pooling, resizing. Part of weir/ops.h,
 * which says what all ops share.
 *
 *     weir_tensor *x = weir_randn(c, WEIR_F32, 4, (const int64_t[]){ 2, 3, 8, 8 });
 *     weir_tensor *w = weir_randn(c, WEIR_F32, 4, (const int64_t[]){ 5, 3, 3, 3 });
 *     weir_conv2d_opts o = weir_conv2d_defaults();
 *     o.padding[0] = o.padding[1] = 1;
 *     weir_tensor *y = weir_conv2d(x, w, NULL, &o); // [2, 5, 8, 8]
 *     weir_print(weir_upsample_nearest2d(y, 16, 16), stdout);
 *
 * Pairs are (height, width). Results lie channels-last (see weir/tensor.h). */
#ifndef WEIR_IMAGE_H
#define WEIR_IMAGE_H
#include "weir/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_conv2d_opts {
    size_t size;
    int64_t stride[2], padding[2] /* zeros on each side */, dilation[2], groups;
    int64_t padding_after[2]; /* zeros more below and on the right; -padding or more */
} weir_conv2d_opts;
/* stride 1, no padding, dilation 1, one group */
WEIR_API void weir_conv2d_defaults_sized(weir_conv2d_opts *o, size_t size);
WEIR_DEFAULTS(weir_conv2d_opts, weir_conv2d_defaults)
/* y[n, o, i, j] = b[o] + sum over c, p, q of w[o, c, p, q] x[n, c, i stride - padding + p dilation,
 * ..], as PyTorch's nn.Conv2d: x [N, C, H, W], w [O, C / groups, P, Q], b [O] or NULL -> [N, O, (H
 * + 2 padding - dilation (P - 1) - 1) / stride + 1, ..]. Channels of group g of the result see
 * those of group g of x. Image n of the result depends on image n of x alone, to the bit. o NULL:
 * the defaults. */
WEIR_API weir_tensor *weir_conv2d(weir_tensor *x, weir_tensor *w, weir_tensor *b,
                                  const weir_conv2d_opts *o);
/* The gradient of conv2d for its input, also called transposed convolution: g [N, O, ..] shaped as
 * conv2d of [N, C, height, width] -> that. */
WEIR_API weir_tensor *weir_conv2d_input(weir_tensor *g, weir_tensor *w, int64_t height,
                                        int64_t width, const weir_conv2d_opts *o);
/* The gradient of conv2d for its weights of `kernel` (P, Q): x [N, C, H, W], g as above -> [O, C /
 * groups, P, Q], summed over images in order. */
WEIR_API weir_tensor *weir_conv2d_weight(weir_tensor *x, weir_tensor *g, const int64_t kernel[2],
                                         const weir_conv2d_opts *o);
/* torch.nn.functional.conv_transpose2d: x [N, C, H, W], w [C, O / groups, P, Q], b [O] or NULL ->
 * [N, O, (H - 1) stride - 2 padding + dilation (P - 1) + more + 1, ..], the adjoint of conv2d with
 * w. more (NULL: 0), below stride or dilation, is PyTorch's output_padding. */
WEIR_API weir_tensor *weir_conv_transpose2d(weir_tensor *x, weir_tensor *w, weir_tensor *b,
                                            const weir_conv2d_opts *o, const int64_t *more);
typedef struct weir_pool2d_opts {
    size_t size;
    int64_t kernel[2], stride[2], padding[2]; /* padding at most half the kernel */
} weir_pool2d_opts;
WEIR_API void weir_pool2d_defaults_sized(int64_t kernel, weir_pool2d_opts *o, size_t size);
static inline weir_pool2d_opts weir_pool2d_defaults(
    int64_t kernel) /* kernel x kernel, stride the same, no padding */
{
    weir_pool2d_opts o;
    weir_pool2d_defaults_sized(kernel, &o, sizeof o);
    return o;
}
/* Over each window, [N, C, H, W] -> [N, C, (H + 2 padding - kernel) / stride + 1, ..]. The gradient
 * goes to the first of equals; NaN if there is one. */
WEIR_API weir_tensor *weir_max_pool2d(weir_tensor *x, const weir_pool2d_opts *o);
/* padding counts, as zeros */
WEIR_API weir_tensor *weir_avg_pool2d(weir_tensor *x, const weir_pool2d_opts *o);
/* [N, C, H, W] -> [N, C, height, width]: place i takes floor(i H / height). */
WEIR_API weir_tensor *weir_upsample_nearest2d(weir_tensor *x, int64_t height, int64_t width);
/* The same by straight lines between places, as torch.nn.functional.interpolate without
 * antialias: place i of the result is at (i + 1/2) H / height - 1/2, within the image, or, with
 * align_corners, at i (H - 1) / (height - 1). */
WEIR_API weir_tensor *weir_upsample_bilinear2d(weir_tensor *x, int64_t height, int64_t width,
                                               bool align_corners);
/* To floor(scale H) by .., at (i + 1/2) / scale - 1/2 unless align_corners. */
WEIR_API weir_tensor *weir_upsample_bilinear2d_by(weir_tensor *x, double scale_height,
                                                  double scale_width, bool align_corners);
/* [N, C r^2, H, W] -> [N, C, H r, W r]: place (i, j) of a block of r x r is channel i r + j of the
 * r^2 of its channel, as torch.nn.PixelShuffle; and back. Copies. */
WEIR_API weir_tensor *weir_pixel_shuffle(weir_tensor *x, int64_t r);
WEIR_API weir_tensor *weir_pixel_unshuffle(weir_tensor *x, int64_t r);
WEIR_API weir_tensor *weir_channels_last(weir_tensor *x); /* itself when it lies so; rank 4 */

#ifdef __cplusplus
}
#endif
#endif
