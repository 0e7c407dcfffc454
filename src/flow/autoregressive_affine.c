/* autoregressive_affine.c - the masked autoregressive flow of scales and shifts (Papamakarios,
 * Pavlakou, Murray 2017): with (h_i, t_i) of the columns before i and s = scale(h),
 *
 *     y_i = x_i exp(s_i) + t_i,    log|det| = sum s. */
#include <stddef.h>
#include "flow/autoregressive.h"

typedef weir__affine_autoregressive_opts opts;

typedef struct state {
    weir__autoregressive autoregressive;
    weir__affine_map map;
} state;

static const weir_option options[] = {
    WEIR__AUTOREGRESSIVE_OPTIONS,
    WEIR__AFFINE_OPTIONS(offsetof(opts, affine)),
    { 0 },
};

static void autoregressive_affine_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    s->map = weir__affine_map_of(&o->affine);
    weir__affine_map_learn(&s->map, m, weir__dtype_option(o->autoregressive.dtype));
    weir__autoregressive_create(m, options_, &s->map.map);
}

const weir_module_row weir__row_affine_autoregressive = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.affine_autoregressive",
        .doc = "y_i = x_i exp(s_i) + t_i of the columns before i: MAF; its inverse is IAF",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=4 net.hidden=9,8 net.zero=no",
        .given = WEIR__AUTOREGRESSIVE_GIVEN,
    },
    .state_size = sizeof(state),
    .create = autoregressive_affine_create,
    .transform = weir__autoregressive_transform,
    .inverse = weir__autoregressive_inverse,
    .torch = weir__torch_affine_autoregressive,
};
