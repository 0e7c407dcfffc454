/* spline.h - rational-quadratic splines (Gregory, Delbourgo 1982; Durkan et al. 2019). A part of
 * kern.h. */
#ifndef WEIR_KERN_SPLINE_H
#define WEIR_KERN_SPLINE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WEIR__SPLINE_BINS = 64 }; /* at most */

/* The slopes at the ends of [low, high]: 1, as beyond them; parameters of their own; one parameter
 * for both, the spline going on with period high - low. */
typedef enum weir__spline_ends {
    WEIR__SPLINE_LINEAR,
    WEIR__SPLINE_FREE,
    WEIR__SPLINE_CIRCLE
} weir__spline_ends;

/* n splines, one of each x[i], by parameters h [n, params], dense: of K bins K widths, K heights,
 * and K - 1, K + 1 or K slopes (linear, free, circle). Outputs that are NULL are not wanted. */
typedef struct weir__spline {
    int64_t n, bins, params;
    weir__spline_ends ends;
    bool inverse;
    double low, high, min_width, min_height,
        min_slope; /* smallest width and height as parts of high - low */
    const void *x, *h;
    void *y;       /* [n, 2]: the value and log dy/dx */
    const void *g; /* [n, 2]: their gradients */
    void *gx;      /* [n] */
    void *gh;      /* [n, params] */
} weir__spline;
/* Makes elements first .. last-1. */
typedef void weir__spline_fn(const weir__spline *s, int64_t first, int64_t last);

#endif
