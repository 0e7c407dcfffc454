/* square_error.h - squared errors of samples. A part of kern.h. */
#ifndef WEIR_KERN_SQUARE_ERROR_H
#define WEIR_KERN_SQUARE_ERROR_H
#include <stdint.h>

/* Of rows of n numbers, dense: to[i] = scale sum over j of (x[i, j] - y[i, j])^2. */
typedef struct weir__square_error {
    int64_t rows, n;
    double scale;
    const void *x, *y; /* [rows, n] */
    void *to;          /* [rows] */
    const void *g;     /* [rows], the gradient of the loss by `to` */
    void *gx, *gy;     /* [rows, n]; gy NULL: not wanted */
} weir__square_error;
/* Makes rows first .. last-1. */
typedef void weir__square_error_fn(const weir__square_error *s, int64_t first, int64_t last);

#endif
