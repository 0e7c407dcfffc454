/* base_diagonal.c - a normal with a learned mean and deviation a column, one of each class where
 * there are classes:
 *     z = mean_y + exp(log_scale_y) e,  e ~ N(0, I),    log p(z | y) = log N(e; 0, I) - sum
 *                                       log_scale_y. */
#include <math.h>
#include <stddef.h>
#include "flow/flow.h"

typedef struct opts {
    weir__base_opts base;
    int64_t classes;
} opts;

typedef struct state {
    opts o;
    weir_tensor *mean, *log_scale; /* [1 or classes, dim] */
} state;

static const weir_option options[] = {
    WEIR__BASE_OPTIONS,
    { "classes", WEIR_OPTION_INT, offsetof(opts, classes), "0", 0, 1 << 20, NULL,
      "of the condition \"class\", each with a mean and deviation of its own; 0: one of all" },
    { 0 },
};

static const double half_log_2pi = 0.91893853320467274178;

static void diagonal_create(weir_module *m, const void *options_)
{
    state *s = weir_module_state(m);
    s->o = *(const opts *)options_;
    weir_dtype t = weir__dtype_option(s->o.base.dtype);
    const int64_t shape[] = { s->o.classes > 0 ? s->o.classes : 1, s->o.base.dim };
    s->mean = weir_module_parameter(m, "mean", t, 2, shape, (weir_init){ WEIR_INIT_ZEROS, 0 });
    s->log_scale = weir_module_parameter(m, "log_scale", t, 2, shape,
                                         (weir_init){ WEIR_INIT_ZEROS, 0 });
}

static weir_tensor *diagonal_log_prob(weir_module *m, weir_tensor *z, const weir_condition *k)
{
    const state *s = weir_module_state(m);
    weir_ctx *c = z->object.ctx;
    weir_tensor *index = weir__base_table_index(m, c, z->shape[0], s->o.classes, k);
    if (weir_is_nil(index)) return index;
    weir_tensor *log_scale = weir_embedding(s->log_scale, index, -1);
    weir_tensor *e = weir_mul(weir_sub(weir_flatten(z), weir_embedding(s->mean, index, -1)),
                              weir_exp(weir_neg(log_scale)));
    weir_tensor *log_p = weir_affine(weir_square(e), -0.5, -half_log_2pi);
    return weir_sum_samples(weir_sub(log_p, log_scale));
}

static weir_tensor *diagonal_draw(weir_module *m, weir_ctx *c, int64_t n, const weir_condition *k,
                                  double temperature, weir_tensor **log_q)
{
    const state *s = weir_module_state(m);
    weir_tensor *index = weir__base_table_index(m, c, n, s->o.classes, k);
    if (weir_is_nil(index)) return index;
    weir_tensor *e = weir_randn(c, s->mean->dtype, 2, (const int64_t[]){ n, s->o.base.dim });
    weir_tensor *log_scale = weir_embedding(s->log_scale, index, -1);
    weir_tensor *z = weir_add(weir_embedding(s->mean, index, -1),
                              weir_mul(weir_scale(e, temperature), weir_exp(log_scale)));
    if (!log_q) return z;
    weir_tensor *log_e = weir_affine(weir_square(e), -0.5, -half_log_2pi - log(temperature));
    *log_q = weir_sum_samples(weir_sub(log_e, log_scale));
    return z;
}

const weir_module_row weir__base_diagonal = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "base.diagonal",
        .doc = "normal with a learned mean and deviation a column, also of each class",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=3",
        .given = "dim|dtype|classes",
    },
    .state_size = sizeof(state),
    .create = diagonal_create,
    .log_prob = diagonal_log_prob,
    .draw = diagonal_draw,
    .torch = weir__torch_base_diagonal,
};
