/* coupling_affine.c - the affine coupling of RealNVP (Dinh, Sohl-Dickstein, Bengio 2017, section
 * 3.2): with (h, t) = net(x_A), each as wide as B, and s = scale(h),
 *
 *     y_B = x_B exp(s) + t,   x_B = (y_B - t) exp(-s),   log|det| = sum s;
 *
 * the scales are those of map_affine.c. */
#include <stddef.h>
#include "flow/flow.h"

typedef struct opts {
    weir__coupling_opts coupling;
    weir__affine_opts affine;
    bool keep_volume;
} opts;

typedef struct state {
    weir__coupling coupling;
    weir__affine_map map;
} state;

static const weir_option options[] = {
    WEIR__COUPLING_OPTIONS("mlp hidden=64,64 zero=yes",
                           "of the part that is kept: scales and shifts of the other"),
    WEIR__AFFINE_OPTIONS(offsetof(opts, affine)),
    { "keep_volume", WEIR_OPTION_BOOL, offsetof(opts, keep_volume), "no", 0, 1, NULL,
      "log scales less their mean over a sample, so that log|det| = 0 (GIN)" },
    { 0 },
};

static void coupling_affine_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    s->map = weir__affine_map_of(&o->affine);
    s->map.keeps_volume = o->keep_volume;
    weir__affine_map_learn(&s->map, m, weir__dtype_option(o->coupling.dtype));
    weir__coupling_create(m, options_, &s->map.map, true);
    if (o->keep_volume && s->coupling.partition == WEIR__CHECKERBOARD)
        weir_fail(weir_module_ctx(m), WEIR_ERROR_ARGUMENT,
                  "bijection.affine_coupling: keep_volume=yes: expected another partition than "
                  "checkerboard");
}

const weir_module_row weir__row_affine_coupling = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.affine_coupling",
        .doc = "y = (A, B exp(s) + t), (s, t) of net(A)",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=5 net.hidden=8 net.zero=no",
        .given = WEIR__COUPLING_GIVEN,
    },
    .state_size = sizeof(state),
    .create = coupling_affine_create,
    .transform = weir__coupling_transform,
    .inverse = weir__coupling_inverse,
    .torch = weir__torch_affine_coupling,
};
