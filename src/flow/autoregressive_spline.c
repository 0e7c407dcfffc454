/* autoregressive_spline.c - the autoregressive flow of rational-quadratic splines (Durkan, Bekasov,
 * Murray, Papamakarios 2019): a spline of every column by the columns before it. */
#include <stddef.h>
#include "flow/autoregressive.h"

typedef weir__spline_autoregressive_opts opts;

typedef struct state {
    weir__autoregressive autoregressive;
    weir__spline_map map;
} state;

static const weir_option options[] = {
    WEIR__AUTOREGRESSIVE_OPTIONS,
    WEIR__SPLINE_OPTIONS(offsetof(opts, spline)),
    { 0 },
};

static void autoregressive_spline_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    if (weir__spline_map_of(weir_module_ctx(m), m->row->row.name, &o->spline, &s->map))
        weir__autoregressive_create(m, options_, &s->map.map);
}

const weir_module_row weir__row_spline_autoregressive = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.spline_autoregressive",
        .doc = "a rational-quadratic spline of every column by the columns before it",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=4 bins=4 min_width=0.1 min_height=0.1 min_slope=0.5 net.hidden=9 net.zero=no",
        .given = WEIR__AUTOREGRESSIVE_GIVEN,
    },
    .state_size = sizeof(state),
    .create = autoregressive_spline_create,
    .transform = weir__autoregressive_transform,
    .inverse = weir__autoregressive_inverse,
    .torch = weir__torch_spline_autoregressive,
};
