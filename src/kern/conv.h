/* conv.h - part of kern.h: convolution, pooling and upsampling of images that lie channels-last,
 * [n, h, w, c] dense. */
#ifndef WEIR_KERN_CONV_H
#define WEIR_KERN_CONV_H
#include <stdbool.h>
#include <stdint.h>

/* Cross-correlation: y[n, i, j, o] = sum over a, b, k of w[o, k, a, b] x[n, i stride - pad + a
 * dilation, .., k], x 0 outside. Group g of the output's channels sees group g of the input's.
 * Pairs are (height, width). Weights lie as PyTorch's: dense [o, c / groups, kh, kw]. */
typedef struct weir__conv {
    int64_t n, h, w, c;      /* the input */
    int64_t out_h, out_w, o; /* the output */
    int64_t kernel[2], stride[2], pad[2], dilation[2], groups;
} weir__conv;
typedef enum weir__conv_pass {
    WEIR__CONV_FORWARD,
    WEIR__CONV_INPUT,
    WEIR__CONV_WEIGHT
} weir__conv_pass;

/* Windows of an image; places outside are -infinity (max) or 0 (average, which counts them). */
typedef struct weir__windows {
    int64_t n, h, w, c;
    int64_t out_h, out_w;
    int64_t kernel[2], stride[2], pad[2];
} weir__windows;

/* An image resized by straight lines: place i of the result lies, along each axis, share[i] of the
 * way from place low[i] of the image to the next one. */
typedef struct weir__bilinear {
    weir__windows p; /* extents alone */
    const int64_t *low[2];
    const double *share[2];
} weir__bilinear;

#endif
