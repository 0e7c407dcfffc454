/* partition.c - cutting columns in two and putting them together again. */
#include "flow/flow.h"

void weir__partition_split(weir_tensor *x, weir__partition p, weir_tensor **first, weir_tensor **second)
{
    int64_t d = weir_dim(x, -1), half = (d + 1) / 2;
    *first = p == WEIR__HALF ? weir_slice(x, -1, 0, half, 1) : weir_slice(x, -1, 0, d, 2);
    *second = p == WEIR__HALF ? weir_slice(x, -1, half, d, 1) : weir_slice(x, -1, 1, d, 2);
}

weir_tensor *weir__partition_join(weir_tensor *first, weir_tensor *second, weir__partition p)
{
    if (p == WEIR__HALF) return weir_cat(2, (weir_tensor *const[]){ first, second }, -1);
    int64_t n = weir_dim(first, -1), m = weir_dim(second, -1);
    if (n == m) return weir_interleave(first, second);
    return weir_add(weir_slice_scatter(first, -1, 0, 2, n + m), weir_slice_scatter(second, -1, 1, 2, n + m)); /* d odd: one column more */
}
