/* base_mixture.c - a mixture of K normals, each with a mean and a deviation a column, and weights;
 * all learned, a mixture of each class y where there are classes:
 *
 *     log p(z | y) = log sum_j w_j N(z; mean_j, exp(log_scale_j)^2),   w = softmax(logit).
 *
 * A draw at temperature T deviates from the mean of its component by T times as much, and its
 * log q is that of the mixture of such deviations. Draws carry gradients to means and deviations,
 * none to the weights, which choose. Means start apart, normal with deviation `spread`. */
#include <math.h>
#include <stddef.h>
#include "flow/flow.h"

typedef struct mixture_opts {
    weir__base_opts base;
    int64_t classes, components;
    double spread;
} mixture_opts;

typedef struct state {
    mixture_opts o;
    weir_tensor *mean, *log_scale; /* [1 or classes, K dim] */
    weir_tensor *logit; /* [1 or classes, K] */
} state;

typedef struct mixture_parts { /* of n samples */
    weir_tensor *mean, *log_scale; /* [n, K, dim] */
    weir_tensor *logit; /* [n, K] */
} mixture_parts;

static const weir_option options[] = {
    WEIR__BASE_OPTIONS,
    { "classes", WEIR_OPTION_INT, offsetof(mixture_opts, classes), "0", 0, 1 << 20, NULL,
      "of the condition \"class\", each with a mixture of its own; 0: one of all" },
    { "components", WEIR_OPTION_INT, offsetof(mixture_opts, components), "8", 1, 4096, NULL,
      "K: normals of a mixture" },
    { "spread", WEIR_OPTION_REAL, offsetof(mixture_opts, spread), "1", 0, 1e6, NULL,
      "deviation of the means at the start" },
    { 0 },
};

static void mixture_create(weir_module *m, const void *options_)
{
    state *s = weir_module_state(m);
    s->o = *(const mixture_opts *)options_;
    weir_dtype t = weir__dtype_option(s->o.base.dtype);
    int64_t tables = s->o.classes > 0 ? s->o.classes : 1, k = s->o.components;
    const int64_t values[] = { tables, k * s->o.base.dim }, weights[] = { tables, k };
    const weir_init zeros = { WEIR_INIT_ZEROS, 0 };
    s->mean = weir_module_parameter(m, "mean", t, 2, values,
                                    (weir_init){ WEIR_INIT_NORMAL, s->o.spread });
    s->log_scale = weir_module_parameter(m, "log_scale", t, 2, values, zeros);
    s->logit = weir_module_parameter(m, "logit", t, 2, weights, zeros);
}

/* False: the error is set. */
static bool mixture_of(weir_module *m, weir_ctx *c, int64_t n, const weir_condition *k,
                       mixture_parts *of)
{
    const state *s = weir_module_state(m);
    weir_tensor *index = weir__base_table_index(m, c, n, s->o.classes, k);
    const int64_t shape[] = { n, s->o.components, s->o.base.dim };
    if (weir_is_nil(index)) return false;
    of->mean = weir_reshape(weir_embedding(s->mean, index, -1), 3, shape);
    of->log_scale = weir_reshape(weir_embedding(s->log_scale, index, -1), 3, shape);
    of->logit = weir_embedding(s->logit, index, -1);
    return weir_ok(c);
}

/* Of components as wide as T = exp(log_t) makes them. */
static weir_tensor *mixture_density(const mixture_parts *of, weir_tensor *z, double log_t)
{
    static const double half_log_2pi = 0.91893853320467274178;
    static const int columns[] = { 2 };
    weir_tensor *log_scale = weir_affine(of->log_scale, 1, log_t);
    weir_tensor *e = weir_mul(weir_sub(weir_unsqueeze(z, 1), of->mean),
                              weir_exp(weir_neg(log_scale)));
    weir_tensor *log_p = weir_sub(weir_affine(weir_square(e), -0.5, -half_log_2pi), log_scale);
    log_p = weir_sum_axes(log_p, 1, columns, false);
    return weir_logsumexp(weir_add(log_p, weir_log_softmax(of->logit, 1)), 1, false);
}

static weir_tensor *mixture_log_prob(weir_module *m, weir_tensor *z, const weir_condition *k)
{
    mixture_parts of;
    z = weir_flatten(z);
    if (weir_is_nil(z) || !mixture_of(m, z->object.ctx, z->shape[0], k, &of))
        return weir__nil(weir_ctx_of(z), WEIR__TENSOR);
    return mixture_density(&of, z, 0);
}

/* [n, K, 1]: 1 at the component that is drawn, by how many sums w_1 + .. + w_j do not exceed u. */
static weir_tensor *mixture_choose(const mixture_parts *of, weir_ctx *c)
{
    static const int components[] = { 1 };
    int64_t n = of->logit->shape[0], k = of->logit->shape[1];
    weir_dtype t = of->logit->dtype;
    weir_tensor *u = weir_rand(c, t, 2, (const int64_t[]){ n, 1 });
    weir_tensor *below = weir_le(weir_cumsum(weir_softmax(of->logit, 1), 1), u);
    weir_tensor *index = weir_sum_axes(weir_cast(below, t), 1, components, false);
    index = weir_cast(weir_clamp(index, 0, (double)(k - 1)), WEIR_I64);
    return weir_unsqueeze(weir_one_hot(index, t, k), 2);
}

static weir_tensor *mixture_draw(weir_module *m, weir_ctx *c, int64_t n, const weir_condition *k,
                                 double temperature, weir_tensor **log_q)
{
    static const int components[] = { 1 };
    const state *s = weir_module_state(m);
    mixture_parts of;
    if (!mixture_of(m, c, n, k, &of)) return weir__nil(c, WEIR__TENSOR);
    weir_tensor *one = mixture_choose(&of, c);
    weir_tensor *mean = weir_sum_axes(weir_mul(of.mean, one), 1, components, false);
    weir_tensor *log_scale = weir_sum_axes(weir_mul(of.log_scale, one), 1, components, false);
    weir_tensor *e = weir_randn(c, s->mean->dtype, 2, (const int64_t[]){ n, s->o.base.dim });
    weir_tensor *z = weir_add(mean, weir_mul(weir_scale(e, temperature), weir_exp(log_scale)));
    if (log_q && !weir_is_nil(z)) *log_q = mixture_density(&of, z, log(temperature));
    return z;
}

const weir_module_row weir__base_mixture = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "base.mixture",
        .doc = "mixture of normals with learned means, deviations and weights, also of each class",
        .options = options,
        .options_size = sizeof(mixture_opts),
        .test = "dim=3 components=3",
        .given = "dim|dtype|classes",
    },
    .state_size = sizeof(state),
    .create = mixture_create,
    .log_prob = mixture_log_prob,
    .draw = mixture_draw,
    .torch = weir__torch_base_mixture,
};
