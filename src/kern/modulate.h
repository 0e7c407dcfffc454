/* modulate.h - numbers of a sample that scale and shift all its places. A part of kern.h. */
#ifndef WEIR_KERN_MODULATE_H
#define WEIR_KERN_MODULATE_H
#include <stdbool.h>
#include <stdint.h>

/* Of x [batch, places, n] and scale, shift [batch, n]: y = x (one + scale) + shift, or, of `base`
 * [batch, places, n], base + x scale. Samples of each lie `_step` elements apart, dense in
 * themselves; results are dense. */
typedef struct weir__modulate {
    int64_t batch, places, n;
    bool one; /* 1 stands with the scale */
    const void *x, *scale, *shift, *base; /* one of shift and base is NULL */
    int64_t x_step, scale_step, shift_step, base_step;
    void *y;
    const void *g; /* the gradient of y */
    void *gx; /* g (one + scale), like x */
    void *gscale,
        *gshift; /* sums over places of g x and of g, [batch, n]; gshift NULL: not wanted */
} weir__modulate;
/* Makes units first .. last-1: forward pairs of sample and place, backward pairs of sample and
 * WEIR__MODULATE_COLUMNS columns. */
typedef void weir__modulate_fn(const weir__modulate *m, int64_t first, int64_t last);
enum { WEIR__MODULATE_COLUMNS = 128 };

/* Turns pairs of the 2 n numbers x by angles of which c and s [n] are cosine and sine: y = (x1 c -
 * x2 s, x1 s + x2 c). Pairs are neighbours, or one of each half. back: by the opposite angles. */
typedef void weir__rotary_fn(int64_t n, void *y, const void *x, const void *c, const void *s,
                             bool neighbours, bool back);

#endif
