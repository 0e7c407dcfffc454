/* weir/importance.h - what weighted samples of a proposal say of the integral they stand for.
 *
 *     double log_w[4] = { -1.2, -0.9, -1.1, -3.0 }; // log f(x_i) - log q(x_i), x_i of q
 *     weir_importance_info info = { .size = sizeof info };
 *     if (weir_importance(c, log_w, 4, &info) != WEIR_OK) return 1;
 *     printf("log Z %.3f +- %.3f\n", info.log_z, info.log_z_stderr);
 *     printf("as good as %.1f samples\n", info.ess);
 *
 * Z is the integral of f >= 0, q the density that the samples were drawn from, such as a flow's
 * (weir_model_sample_log_prob_into gives samples and log q in one pass). */
#ifndef WEIR_IMPORTANCE_H
#define WEIR_IMPORTANCE_H
#include "weir/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of weights w_i = exp(log_w_i), i = 1 .. n; fields that are unknown are NaN. */
typedef struct weir_importance_info {
    size_t size;
    int64_t n, n_zero; /* n_zero: of weight 0 (log_w -inf), where f is 0 */
    double log_z; /* log(sum w / n); -inf: all are 0 */
    /* By the delta method, sqrt((n sum w^2 / (sum w)^2 - 1) / (n - 1)). Not to be believed where
     * pareto_k is above 0.7. */
    double log_z_stderr;
    double ess; /* effective sample size (sum w)^2 / sum w^2 (Kish 1965), 1 to n */
    double largest; /* max w / sum w */
    /* Share of samples that are kept with probability w / max w: mean w / max w. */
    double efficiency;
    /* Shape k of the generalised Pareto distribution of the min(n / 5, 3 sqrt n) largest weights
     * (Vehtari, Simpson, Gelman, Yao, Gabry 2024), fitted by Zhang and Stephens (2009) and drawn
     * to 1/2 by the weight of ten samples: moments of w of order 1 / k and more do not exist. Good
     * below 0.5, usable to 0.7, above that Z is dominated by what was not drawn. NaN: fewer than
     * five such weights, or all alike. */
    double pareto_k;
} weir_importance_info;
/* log_w [n], n at least 1. NaN and +inf are errors that name the first (WEIR_ERROR_VALUE). All in
 * double; weights are scaled by the largest, so that no log_w is too large or small. */
WEIR_API weir_status weir_importance(weir_ctx *c, const double *log_w, int64_t n,
                                     weir_importance_info *info) WEIR_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
