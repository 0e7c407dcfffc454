/* mixture.h - the exact velocity of a mixture of Gaussians with diagonal covariances, as a network written in ops. With Sigma = a^2 C + b^2 I of
 * each component, r its share of x_t (softmax of log w N(x; a m, Sigma)) and e = Sigma^-1 (x - a m):
 *     E[x_0] = sum r (m + a C e),  E[eps] = sum r b e,  u = a' E[x_0] + b' E[eps]
 * Only straight paths here: a = 1 - t, b = t. */
#ifndef WEIR_MIXTURE_H
#define WEIR_MIXTURE_H
#include "diffusion/diffusion.h"

enum { MIXTURE_DIM = 20 };
typedef struct mixture { int n, dim; double weight[3], mean[3][MIXTURE_DIM], variance[3][MIXTURE_DIM]; } mixture;

static const mixture gmm3 = { .n = 3, .dim = 2, .weight = { 0.3, 0.5, 0.2 }, .mean = { { 1, 0.5 }, { -1, 0.3 }, { 0.2, -1.2 } },
                              .variance = { { 0.09, 0.2 }, { 0.3, 0.05 }, { 0.1, 0.15 } } };
static const mixture one_gaussian = { .n = 1, .dim = 20, .weight = { 1 }, .mean = { { 1, -1, 0.5, 0, 2, -0.3, 0.1, 0.7, -0.2, 0.4, 1.1, -0.6, 0, 0, 1, 0.2, -0.9, 0.3, 0.8, -1.5 } },
                                      .variance = { { 0.5, 2, 1, 0.1, 0.04, 3, 0.3, 0.6, 1.4, 0.2, 0.9, 0.7, 2.2, 0.15, 0.35, 0.8, 1.7, 0.45, 0.25, 0.55 } } };
static const mixture *mixture_now = &gmm3; /* the module's options would be the place for it; a test may do this */

static weir_tensor *mixture_row(weir_tensor *x, const double *v) { return weir_from_f64(weir_ctx_of(x), v, 2, (const int64_t[]){ 1, mixture_now->dim }); }

static weir_tensor *mixture_at(weir_module *m, weir_tensor *x, weir_tensor *t, const weir_condition *condition)
{
    const mixture *g = mixture_now;
    weir_tensor *share[3], *u[3], *sum = NULL, *b = weir_reshape(t, 2, (const int64_t[]){ weir_dim(t, 0), 1 }), *a = weir_affine(b, -1, 1);
    for (int k = 0; k < g->n; k++) {
        weir_tensor *mean = mixture_row(x, g->mean[k]), *c = mixture_row(x, g->variance[k]);
        weir_tensor *sigma = weir_add(weir_mul(weir_square(a), c), weir_square(b)), *miss = weir_sub(x, weir_mul(a, mean)), *e = weir_div(miss, sigma);
        weir_tensor *log_n = weir_scale(weir_sum_axes(weir_add(weir_mul(miss, e), weir_log(sigma)), 1, (const int[]){ 1 }, true), -0.5);
        share[k] = weir_affine(log_n, 1, log(g->weight[k]));
        u[k] = weir_sub(weir_mul(b, e), weir_add(mean, weir_mul(a, weir_mul(c, e))));
    }
    weir_tensor *r = weir_softmax(weir_cat(g->n, share, 1), 1);
    for (int k = 0; k < g->n; k++) {
        weir_tensor *part = weir_mul(weir_slice(r, 1, k, k + 1, 1), u[k]);
        sum = sum ? weir_add(sum, part) : part;
    }
    return sum;
}

static const weir_module_row mixture_network = {
    .row = { .size = sizeof(weir_module_row), .version = 1, .name = "network.mixture", .doc = "the exact velocity of a mixture", .options_size = sizeof(size_t), .test = "" },
    .at = mixture_at,
};

/* log p_0(x) */
static inline double mixture_log_density(const mixture *g, const double *x)
{
    double total = 0;
    for (int k = 0; k < g->n; k++) {
        double l = 0;
        for (int j = 0; j < g->dim; j++) l -= 0.5 * (pow(x[j] - g->mean[k][j], 2) / g->variance[k][j] + log(2 * 3.14159265358979323846 * g->variance[k][j]));
        total += g->weight[k] * exp(l);
    }
    return log(total);
}

#endif
