/* partition.c - cutting columns, or channels of images, in two and putting them together again.
 * They are axis 1 of [B, n] and of [B, n, H, W]. */
#include "flow/flow.h"

void weir__partition_split(weir_tensor *x, weir__partition p, weir_tensor **first,
                           weir_tensor **second)
{
    int64_t n = weir_dim(x, 1), half = (n + 1) / 2;
    weir_tensor *part[2];
    if (p == WEIR__HALF) {
        weir_split(x, 1, 2, (const int64_t[]){ half, n - half }, part);
    } else {
        part[0] = weir_slice(x, 1, 0, n, 2);
        part[1] = weir_slice(x, 1, 1, n, 2);
    }
    *first = part[0];
    *second = part[1];
}

weir_tensor *weir__partition_join(weir_tensor *first, weir_tensor *second, weir__partition p)
{
    if (p == WEIR__HALF) return weir_cat(2, (weir_tensor *const[]){ first, second }, 1);
    int64_t n = weir_dim(first, 1), m = weir_dim(second, 1);
    if (n == m && weir_ndim(first) == 2) return weir_interleave(first, second);
    return weir_add(weir_slice_scatter(first, 1, 0, 2, n + m),
                    weir_slice_scatter(second, 1, 1, 2, n + m));
}

weir_tensor *weir__checkerboard(weir_tensor *x, bool odd)
{
    int64_t height = x->shape[2], width = x->shape[3];
    const int64_t shape[] = { 1, 1, height, width };
    weir_tensor *mask = weir_empty(x->object.ctx, WEIR_BOOL, 4, shape);
    if (weir_is_nil(mask)) return mask;
    bool *kept = weir_data_mut(mask);
    for (int64_t i = 0; i < height; i++)
        for (int64_t j = 0; j < width; j++) kept[i * width + j] = ((i + j) % 2 == 0) != odd;
    return mask;
}
