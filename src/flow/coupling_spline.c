/* coupling_spline.c - the rational-quadratic spline coupling of neural spline flows (Durkan,
 * Bekasov, Murray, Papamakarios 2019): net(x_A) gives widths, heights and slopes of a spline of
 * every column of B, side by side,
 *
 *     y_B = spline(x_B; net(x_A)),    log|det| = sum log spline'. */
#include <stddef.h>
#include "flow/flow.h"

typedef weir__spline_coupling_opts opts;

typedef struct state {
    weir__coupling coupling;
    weir__spline_map map;
} state;

static const weir_option options[] = {
    WEIR__COUPLING_OPTIONS("mlp hidden=64,64 zero=yes",
                           "of the part that is kept: the splines of the other"),
    WEIR__SPLINE_OPTIONS(offsetof(opts, spline)),
    { 0 },
};

static void coupling_spline_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    if (weir__spline_map_of(weir_module_ctx(m), m->row->row.name, &o->spline, &s->map))
        weir__coupling_create(m, options_, &s->map.map, false);
}

const weir_module_row weir__row_spline_coupling = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.spline_coupling",
        .doc = "y = (A, spline(B)), a rational-quadratic spline of every column by net(A)",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=5 bins=4 min_width=0.1 min_height=0.1 min_slope=0.5 net.hidden=8 net.zero=no",
        .given = WEIR__COUPLING_GIVEN,
    },
    .state_size = sizeof(state),
    .create = coupling_spline_create,
    .transform = weir__coupling_transform,
    .inverse = weir__coupling_inverse,
    .torch = weir__torch_spline_coupling,
};
