/* gated.h - products with a gate, a f(b). A part of kern.h. */
#ifndef WEIR_KERN_GATED_H
#define WEIR_KERN_GATED_H
#include <stdint.h>

/* Of rows of 2 n numbers, dense, a before b: y[i, j] = a[i, j] f(b[i, j]). */
typedef struct weir__gated {
    int64_t rows, n;
    int f; /* a weir__both */
    const void *x; /* [rows, 2, n] */
    void *y; /* [rows, n] */
    const void *g; /* [rows, n], the gradient of y */
    void *gx; /* [rows, 2, n] */
} weir__gated;

#endif
