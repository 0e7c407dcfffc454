/* permutation.c - columns, or channels of images, in another order: y_i = x_order(i), log|det| = 0.
 * A random order is a function of the seed and the module's name, and is saved with the weights. */
#include <stddef.h>
#include "flow/flow.h"

typedef enum kind { RANDOM, REVERSE } kind;

typedef struct opts {
    size_t size;
    int64_t dim;
    int32_t kind;
} opts;

typedef struct state {
    weir_tensor *order, *back; /* i64 [dim]; back(order(i)) = i */
    kind kind;
} state;

static const weir_option options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(opts, dim), "2", 1, 1 << 24, NULL,
      "columns, or channels of images" },
    { "kind", WEIR_OPTION_CHOICE, offsetof(opts, kind), "random", 0, 0, "random|reverse",
      "drawn by the seed, then fixed; the last one first" },
    { 0 },
};

static void permutation_create(weir_module *m, const void *options_)
{
    const opts *o = options_;
    state *s = weir_module_state(m);
    s->kind = (kind)o->kind;
    s->order = weir_module_buffer(m, "order", WEIR_I64, 1, &o->dim, 0);
    s->back = weir_module_buffer(m, "back", WEIR_I64, 1, &o->dim, 0);
}

/* Exchanges each place with one drawn from those up to it (Fisher, Yates; Knuth, algorithm P). */
static void permutation_shuffle(weir_module *m, int64_t *order, int64_t n)
{
    weir_ctx *c = weir_module_ctx(m);
    char path[256];
    weir_scope scope = weir_scope_begin(c);
    weir_tensor *draws = weir_empty(c, WEIR_F64, 1, &n);
    weir_init uniform = { WEIR_INIT_UNIFORM, 1 }; /* on [-1, 1) */
    if (!weir_is_nil(draws)) {
        const double *u = weir__ptr(draws);
        weir__init_parameter(c, draws, weir__module_path(m, path, sizeof path), uniform);
        for (int64_t i = n - 1; i > 0; i--) {
            int64_t j = (int64_t)((u[i] + 1) / 2 * (double)(i + 1)), other = order[j];
            order[j] = order[i];
            order[i] = other;
        }
    }
    weir_scope_end(scope);
}

static void permutation_init(weir_module *m)
{
    const state *s = weir_module_state(m);
    int64_t *order = weir__ptr(s->order), *back = weir__ptr(s->back), n = s->order->shape[0];
    for (int64_t i = 0; i < n; i++) order[i] = s->kind == REVERSE ? n - 1 - i : i;
    if (s->kind == RANDOM) permutation_shuffle(m, order, n);
    for (int64_t i = 0; i < n; i++) back[order[i]] = i;
}

static weir_tensor *permutation_apply(weir_module *m, weir_tensor *x, weir_tensor *order,
                                      weir_tensor **log_det)
{
    bool fits = x->ndim >= 2 && x->shape[1] == order->shape[0] && weir_dtype_is_real(x->dtype);
    if (!fits) return weir__channels_misfit(m, x, order->shape[0], NULL);
    *log_det = weir__log_det_zero(x);
    return weir_index_select(x, 1, order);
}

static weir_tensor *permutation_transform(weir_module *m, weir_tensor *x, const weir_condition *k,
                                          weir_tensor **log_det)
{
    return permutation_apply(m, x, ((const state *)weir_module_state(m))->order, log_det);
}

static weir_tensor *permutation_inverse(weir_module *m, weir_tensor *y, const weir_condition *k,
                                        weir_tensor **log_det)
{
    return permutation_apply(m, y, ((const state *)weir_module_state(m))->back, log_det);
}

const weir_module_row weir__row_permutation = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "bijection.permutation",
        .doc = "columns or channels in another order, random or reversed",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=5",
        .given = "dim",
    },
    .state_size = sizeof(state),
    .create = permutation_create,
    .transform = permutation_transform,
    .inverse = permutation_inverse,
    .init = permutation_init,
    .torch = weir__torch_permutation,
};
