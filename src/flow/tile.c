/* tile.c - the fixed order "tile" of the NICE authors' code: columns 0, 2, 4 .. first, then 1, 3, 5
 * .. Applied once before couplings on halves, it makes them couplings of even with odd columns
 * without cutting with strides in every one of them. */
#include "flow/flow.h"

static weir_tensor *tile_rows(weir_module *m, weir_tensor *x) /* nil unless it has columns */
{
    return x->ndim == 2 && x->shape[1] > 1 ? x : weir__module_misfit(m, x, "[B, d], d > 1");
}

static weir_tensor *tile_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                   weir_tensor **log_det)
{
    weir_tensor *even, *odd;
    if (weir_is_nil(tile_rows(m, x))) return tile_rows(m, x);
    *log_det = weir__log_det_zero(x);
    weir__partition_split(x, WEIR__ODD_EVEN, &even, &odd);
    return weir__partition_join(even, odd, WEIR__HALF);
}

static weir_tensor *tile_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                 weir_tensor **log_det)
{
    weir_tensor *even, *odd;
    if (weir_is_nil(tile_rows(m, y))) return tile_rows(m, y);
    *log_det = weir__log_det_zero(y);
    weir__partition_split(y, WEIR__HALF, &even, &odd);
    return weir__partition_join(even, odd, WEIR__ODD_EVEN);
}

const weir_module_row weir__row_tile = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.tile",
        .doc = "even columns first, then odd ones",
        .options_size = sizeof(size_t),
        .test = "",
    },
    .transform = tile_transform,
    .inverse = tile_inverse,
    .torch = weir__torch_tile,
};

weir_module *weir__tile_new(weir_ctx *c) { return weir_module_from_row(c, &weir__row_tile, NULL); }
