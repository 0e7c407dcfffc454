/* masked.h - weights of masked layers. A part of kern.h. */
#ifndef WEIR_KERN_MASKED_H
#define WEIR_KERN_MASKED_H
#include <stdint.h>

/* w * mask of a layer [.., in] with its units and what they see in another order: y[i, j], of m x n
 * elements, is that at [row[i], column[j]]. Unit row[i] may see the first seen[i] of all `in`
 * columns in that order, seen[i] <= n. */
typedef struct weir__masked {
    int64_t m, n, in;
    const int64_t *row; /* [m] */
    const int64_t *column; /* [in] */
    const int64_t *seen; /* [m] */
    const void *w, *mask;
    void *y; /* [m, n] */
} weir__masked;

#endif
