/* householder.c - an orthogonal map as a product of reflections (Tomczak, Welling 2016):
 *
 *     y = H_K .. H_1 x,   H_k x = x - 2 v (v^T x) / (v^T v),    log|det| = 0. */
#include <stddef.h>
#include "flow/flow.h"

typedef struct opts {
    size_t size;
    int64_t dim, reflections;
    int32_t dtype;
} opts;

typedef struct state {
    weir_tensor *v; /* [reflections, dim] */
} state;

static const weir_option options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(opts, dim), "2", 1, 1 << 24, NULL, "columns" },
    { "reflections", WEIR_OPTION_INT, offsetof(opts, reflections), "2", 1, 1 << 10, NULL,
      "K: as many as columns give every rotation" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type" },
    { 0 },
};

static void householder_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    const int64_t shape[] = { o->reflections, o->dim };
    s->v = weir_module_parameter(m, "v", weir__dtype_option(o->dtype), 2, shape,
                                 (weir_init){ WEIR_INIT_NORMAL, 1 });
}

static weir_tensor *householder_reflect(weir_tensor *x, weir_tensor *v) /* v [1, dim] */
{
    weir_tensor *along = weir_linear(x, v, NULL), *square = weir_sum(weir_square(v));
    return weir_sub(x, weir_mul(weir_scale(weir_div(along, square), 2), v));
}

static weir_tensor *householder_apply(weir_module *m, weir_tensor *x, weir_tensor **log_det,
                                      bool back)
{
    const state *s = weir_module_state(m);
    int64_t n = s->v->shape[0];
    if (!weir__is_rows(m, x, s->v->shape[1], s->v->dtype))
        return weir__nil(x->object.ctx, WEIR__TENSOR);
    weir_tensor *v = weir_parameter_here(x, s->v);
    *log_det = weir__log_det_zero(x);
    for (int64_t i = 0; i < n; i++) {
        int64_t k = back ? n - 1 - i : i;
        x = householder_reflect(x, weir_slice(v, 0, k, k + 1, 1));
    }
    return x;
}

static weir_tensor *householder_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                          weir_tensor **log_det)
{
    return householder_apply(m, x, log_det, false);
}

static weir_tensor *householder_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                        weir_tensor **log_det)
{
    return householder_apply(m, y, log_det, true);
}

const weir_module_row weir__row_householder = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.householder",
        .doc = "reflections one after the other: an orthogonal map",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=4 reflections=3",
        .given = "dim|dtype",
    },
    .state_size = sizeof(state),
    .create = householder_create,
    .transform = householder_transform,
    .inverse = householder_inverse,
    .torch = weir__torch_householder,
};
