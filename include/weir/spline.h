/* weir/spline.h - monotone rational-quadratic splines (Gregory, Delbourgo 1982; Durkan et al.
 * 2019).
 *
 *     weir_rq_spline_opts o = weir_rq_spline_defaults();       // 8 bins on [-3, 3]
 *     const int64_t shape[] = { 5, 2, weir_rq_spline_params(&o) };
 *     weir_tensor *h = weir_randn(c, WEIR_F32, 3, shape);      // a spline of every element
 *     weir_tensor *x = weir_randn(c, WEIR_F32, 2, shape), *log_slope;
 *     weir_tensor *y = weir_rq_spline(x, h, &o, false, &log_slope);
 *     weir_tensor *same = weir_rq_spline(y, h, &o, true, NULL);
 *     weir_print(weir_sub(same, x), stdout);
 *
 * On [low, high], cut in K bins of width w_k and height h_k with slopes d_k at the knots (x_k,
 * y_k), with s = h_k / w_k, xi = (x - x_k) / w_k and q = xi (1 - xi),
 *
 * y = y_k + h_k (s xi^2 + d_k q) / (s + (d_k + d_k+1 - 2 s) q),
 *
 * which rises from low to high. Beyond the ends it is the identity, or goes on with period
 * high - low. It meets its knots exactly; its inverse is of closed form and total: a finite value
 * of every finite argument. NaN gives NaN.
 */
#ifndef WEIR_SPLINE_H
#define WEIR_SPLINE_H
#include "weir/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The slopes at low and at high. */
typedef enum weir_spline_ends {
    WEIR_SPLINE_LINEAR, /* 1, as beyond them */
    WEIR_SPLINE_FREE,   /* parameters of their own: for data on [low, high] */
    WEIR_SPLINE_CIRCLE  /* one parameter; y(x + high - low) = y(x) + high - low: for angles */
} weir_spline_ends;

typedef struct weir_rq_spline_opts {
    size_t size;
    int64_t bins; /* K, 2 to 64 */
    double low, high;
    double min_width, min_height; /* of a bin, as parts of high - low; 1e-5 or more */
    double min_slope;             /* at a knot; 1e-5 or more, below 1 */
    weir_spline_ends ends;
} weir_rq_spline_opts;
/* 8 bins on [-3, 3], linear; smallest width, height and slope 1e-3. */
WEIR_API void weir_rq_spline_defaults_sized(weir_rq_spline_opts *o, size_t size);
WEIR_DEFAULTS(weir_rq_spline_opts, weir_rq_spline_defaults)

/* Parameters of an element, in this order: K of widths, K of heights, and slopes: K - 1 (linear),
 * K + 1 (free) or K (circle). NULL: of the defaults. 0: no struct of a size that a header gives. */
WEIR_API int64_t weir_rq_spline_params(const weir_rq_spline_opts *o);

/* The spline, or its inverse, of every x [..] with parameters h [.., P]: widths are
 * R (m + (1 - K m) softmax(h)), R = high - low and m the smallest, heights likewise; slopes are
 * m + softplus(h + c) with c such that h = 0 is slope 1. So h = 0 is the identity. *log_slope [..],
 * where not NULL: log dy/dx. Options NULL: the defaults. Gradients of any order. */
WEIR_API weir_tensor *weir_rq_spline(weir_tensor *x, weir_tensor *h, const weir_rq_spline_opts *o,
                                     bool inverse, weir_tensor **log_slope);

#ifdef __cplusplus
}
#endif
#endif
