/* flatten.c - a sample of any shape as one vector in logical order, [B, ..] -> [B, dim], and back:
 * log|det| = 0. */
#include <stddef.h>
#include <string.h>
#include "flow/flow.h"

typedef struct opts {
    size_t size;
    weir_ints shape;
} opts;

static const weir_option options[] = {
    { "shape", WEIR_OPTION_INTS, offsetof(opts, shape), "2", 1, 1 << 24, NULL,
      "of a sample, such as 1,28,28" },
    { 0 },
};

static void flatten_create(weir_module *m, const void *options_)
{
    *(opts *)weir_module_state(m) = *(const opts *)options_;
}

static bool flatten_fits(weir_module *m, weir_tensor *x, bool flat)
{
    const weir_ints *shape = &((const opts *)weir_module_state(m))->shape;
    if (flat) return x->ndim == 2 && x->shape[1] == weir__numel_of((int)shape->n, shape->at);
    return x->ndim == shape->n + 1
           && memcmp(x->shape + 1, shape->at, (size_t)shape->n * sizeof *shape->at) == 0;
}

static weir_tensor *flatten_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                      weir_tensor **log_det)
{
    if (!flatten_fits(m, x, false)) return weir__module_misfit(m, x, "[B, shape..]");
    *log_det = weir__log_det_zero(x);
    return weir_flatten(x);
}

static weir_tensor *flatten_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                    weir_tensor **log_det)
{
    const opts *o = weir_module_state(m);
    if (!flatten_fits(m, y, true)) return weir__module_misfit(m, y, "[B, elements of shape]");
    int64_t shape[WEIR_RANK_MAX] = { y->shape[0] };
    memcpy(shape + 1, o->shape.at, (size_t)o->shape.n * sizeof *shape);
    *log_det = weir__log_det_zero(y);
    return weir_reshape(y, (int)o->shape.n + 1, shape);
}

const weir_module_row weir__row_flatten = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.flatten",
        .doc = "a sample of any shape as one vector",
        .options = options,
        .options_size = sizeof(opts),
        .test = "shape=3,2,2",
    },
    .state_size = sizeof(opts),
    .create = flatten_create,
    .transform = flatten_transform,
    .inverse = flatten_inverse,
    .input = "4,3,2,2",
    .torch = weir__torch_flatten,
};
