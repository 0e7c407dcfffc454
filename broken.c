/* shift.c - y = x + b, one b a column; volume is kept. */
#include <stddef.h>
#include "flow/flow.h"

typedef struct opts { size_t size; int64_t dim; int32_t dtype; } opts;
typedef struct state { weir_tensor *b; } state;

static const weir_option options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(opts, dim), "2", 1, 1 << 24, NULL, "columns" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES, "element type" },
    { 0 },
};

static void create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    s->b = weir_module_parameter(m, "b", weir__dtype_option(o->dtype), 1, &o->dim, (weir_init){ WEIR_INIT_UNIFORM, 0.5 });
}

static weir_tensor *apply(weir_module *m, weir_tensor *x, weir_tensor **log_det, double sign)
{
    const state *s = weir_module_state(m);
    if (!weir__is_rows(m, x, s->b->shape[0], s->b->dtype)) return weir__nil(x->object.ctx, WEIR__TENSOR);
    *log_det = weir__log_det_zero(x);
    return weir_add(x, weir_scale(weir_parameter_here(x, s->b), sign));
}

static weir_tensor *transform(weir_module *m, weir_tensor *x, const weir_condition *k, weir_tensor **log_det) { return apply(m, x, log_det, 1); }
static weir_tensor *inverse(weir_module *m, weir_tensor *y, const weir_condition *k, weir_tensor **log_det) { return apply(m, y, log_det, 1); }

const weir_module_row weir__row_shift = {
    .row = { .size = sizeof(weir_module_row), .version = 1, .name = "bijection.shift", .doc = "y = x + b, one b a column", .options = options,
             .options_size = sizeof(opts), .test = "dim=3" },
    .state_size = sizeof(state),
    .create = create,
    .transform = transform,
    .inverse = inverse,
};
