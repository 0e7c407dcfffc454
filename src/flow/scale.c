/* scale.c - the diagonal scaling S of NICE (section 3.3): y = x exp(s), log|det| = sum s; s starts
 * at 0. */
#include <stddef.h>
#include "flow/flow.h"

typedef struct opts {
    size_t size;
    int64_t dim;
    double start;
    int32_t dtype;
} opts;

typedef struct state {
    weir_tensor *log_scale;
} state;

static const weir_option options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(opts, dim), "2", 1, 1 << 24, NULL, "columns" },
    { "start", WEIR_OPTION_REAL, offsetof(opts, start), "0", -100, 100, NULL,
      "first value of every log scale" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type" },
    { 0 },
};

static void scale_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    s->log_scale = weir_module_parameter(m, "log_scale", weir__dtype_option(o->dtype), 1, &o->dim,
                                         (weir_init){ WEIR_INIT_CONSTANT, o->start });
}

static weir_tensor *scale_apply(weir_module *m, weir_tensor *x, weir_tensor **log_det, double sign)
{
    const state *s = weir_module_state(m);
    if (!weir__is_rows(m, x, s->log_scale->shape[0], s->log_scale->dtype))
        return weir__nil(x->object.ctx, WEIR__TENSOR);
    weir_tensor *log_scale = weir_parameter_here(x, s->log_scale);
    if (sign < 0) log_scale = weir_neg(log_scale);
    *log_det = weir_add(weir__log_det_zero(x), weir_sum(log_scale));
    return weir_mul(x, weir_exp(log_scale));
}

static weir_tensor *scale_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                    weir_tensor **log_det)
{
    return scale_apply(m, x, log_det, 1);
}
static weir_tensor *scale_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                  weir_tensor **log_det)
{
    return scale_apply(m, y, log_det, -1);
}

const weir_module_row weir__row_scale = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.scale",
        .doc = "y = x exp(s), one s a column",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=3 start=0.3",
        .given = "dim|dtype",
    },
    .state_size = sizeof(state),
    .create = scale_create,
    .transform = scale_transform,
    .inverse = scale_inverse,
    .torch = weir__torch_scale,
};

weir_module *weir__scale_new(weir_ctx *c, int64_t dim, weir_dtype t)
{
    opts o = { .size = sizeof o, .dim = dim, .dtype = t == WEIR_F64 };
    return weir_module_from_row(c, &weir__row_scale, &o);
}
