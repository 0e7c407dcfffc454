/* weir/log_prob.h - log-densities of a model (weir/model.h): of a batch, of arrays, and their
 * gradients.
 *
 *     weir_model *m = weir_model_new(c, "nice", "dim=2");
 *     weir_log_prob_opts o = weir_log_prob_defaults();
 *     weir_log_prob_info info = { .size = sizeof info };
 *     double lp, grad[2], at[2] = { 0.3, -1 };
 *     if (weir_model_log_prob_into_f64(m, at, 1, &o, &lp, &info) != WEIR_OK) return 1;
 *     if (weir_model_log_prob_grad_into_f64(m, at, 1, &o, &lp, grad, NULL) != WEIR_OK) return 1;
 *     printf("%g nats, exact: %d\n", lp, info.kind == WEIR_LOG_PROB_EXACT);
 *     weir_model_free(m);
 *
 * All are nats of the data as stored; densities of integers are those of v + u, as weir/model.h
 * says. */
#ifndef WEIR_LOG_PROB_H
#define WEIR_LOG_PROB_H
#include "weir/condition.h"
#include "weir/data.h"
#include "weir/ode.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_model weir_model;

typedef enum weir_log_prob_kind {
    WEIR_LOG_PROB_EXACT, /* of integers v with uniform noise: the density of v + u, exactly */
    WEIR_LOG_PROB_ESTIMATE,
    WEIR_LOG_PROB_LOWER_BOUND /* its mean is at most log P(v): importance above 1, learned noise */
} weir_log_prob_kind;
/* In place of log p of a model on a path of noise (ddpm, edm, ..): a bound from below. */
typedef enum weir_bound {
    WEIR_BOUND_NONE,
    /* The variational bound of a chain of `steps` steps along the path (Ho et al. 2020, eq. 5):
     *     log p(x) >= -KL(q(x_K | x) | N(0, (a_K^2 + b_K^2) I)) + log N(x; D(x_1), beta_1 I)
     *                 - sum_{i=2}^{K} 1/2 (a_{i-1}^2 / b_{i-1}^2 - a_i^2 / b_i^2) |x - D(x_i)|^2
     * x_i = a_i x + b_i eps_i by one eps_i each, D the data predicted, steps back of the variance
     * of q(x_{i-1} | x_i, x), the last of beta_1 = b_1^2 / (a_1^2 + b_1^2). steps 0: those of a
     * path of so many (ddpm), else 1000. Each is an evaluation. No gradients. The best network
     * leaves a gap: of data N(0, 1) and ddpm's table 0.46 nats a value. */
    WEIR_BOUND_VARIATIONAL
} weir_bound;
typedef struct weir_log_prob_opts {
    size_t size;
    uint64_t seed;
    bool use_seed; /* of dequantisation and probes; default: the context's */
    /* dequantisation draws averaged (in log, i.e. mean of log p): 1 */
    int64_t draws;
    /* of the trace, for continuous models of more than 4 values; 0: the exact trace; -1: the
     * model's own choice */
    int64_t probes;
    /* of continuous models, as in weir_sample_opts: a method for ODEs; NULL: the model's own */
    const char *solver;
    int64_t steps; /* of that solver, whatever it says itself; 0: its own */
    /* of arrays: one of every sample, or one of all; NULL: none. Of a batch: NULL, it has its
     * own */
    const weir_condition *condition;
    int64_t batch;
    int (*on_step)(void *user, int64_t done, int64_t n);
    void *user;
    /* K draws u_1 .. u_K of the dequantisation in each of `draws` bounds of log P(v),
     *     log(1/K sum_k p(v + u_k) / q(u_k | v)),
     * importance-weighted, which rises with K towards it (Burda, Grosse, Salakhutdinov 2016): 1 */
    int64_t importance;
    weir_bound bound; /* WEIR_BOUND_NONE */
} weir_log_prob_opts;
WEIR_API void weir_log_prob_defaults_sized(weir_log_prob_opts *o, size_t size);
WEIR_DEFAULTS(weir_log_prob_opts, weir_log_prob_defaults)
typedef struct weir_log_prob_info {
    size_t size; /* sizeof it, set before the call */
    weir_log_prob_kind kind;
    int64_t draws, probes;
    /* of continuous models, as "sampler.heun", and static; NULL: none was needed */
    const char *solver;
    /* of it, whose error nothing bounds: ask again with twice as many; 0: exact, or within
     * tolerances */
    int64_t fixed_steps;
    double evaluations; /* network evaluations a sample, mean over samples and draws */
    int64_t n_failed; /* samples whose log-density is not finite */
    int64_t n_out_of_steps; /* in the last draw: samples whose solver ran out of steps */
    /* [n] or NULL: where to put each sample's estimator standard error, over draws, or over probes
     * of one draw (NaN for one probe) */
    double *stderr_of;
    weir_sample_report *report; /* [n] or NULL: how each sample went in the last draw */
    int64_t importance; /* K of each draw's bound; 1 where nothing is drawn */
} weir_log_prob_info;
/* log p [B] of the batch as stored; NaN for a sample that failed. Differentiable. Where x or a
 * parameter wants gradients and the scope records them, a continuous model solves with fixed steps
 * (`steps`, the solver's own, or 20 of an adaptive one; euler, midpoint, heun, rk4 or dopri5) and
 * keeps them all: gradients are those of the number given, whose error is not controlled. */
WEIR_API weir_tensor *weir_model_log_prob(weir_model *m, weir_batch *b, const weir_log_prob_opts *o,
                                          weir_log_prob_info *info);
/* x [n, dim] as stored; ids 0 .. n-1. A sample that fails is NaN and counted in info; the others
 * are as if it were not there. */
WEIR_API weir_status weir_model_log_prob_into(weir_model *m, const float *x, int64_t n,
                                              const weir_log_prob_opts *o, double *log_prob,
                                              weir_log_prob_info *info);
/* The same of doubles. A standardized model takes its mean off before it rounds to its own type. */
WEIR_API weir_status weir_model_log_prob_into_f64(weir_model *m, const double *x, int64_t n,
                                                  const weir_log_prob_opts *o, double *log_prob,
                                                  weir_log_prob_info *info);

/* log p [n] and its gradient by x [n, dim], in the caller's arrays: d log p(x_i) / d x_i, nats a
 * unit of the data as stored (of integer data as if they were numbers). NaN for a sample whose log
 * p is not finite. info's stderr_of and report are not written. Memory is taken from the context's
 * pool: after the first call nothing is asked of the system. Continuous models: an error until
 * their log p is differentiable. */
WEIR_API weir_status weir_model_log_prob_grad_into(weir_model *m, const float *x, int64_t n,
                                                   const weir_log_prob_opts *o, double *log_prob,
                                                   float *grad, weir_log_prob_info *info);
WEIR_API weir_status weir_model_log_prob_grad_into_f64(weir_model *m, const double *x, int64_t n,
                                                       const weir_log_prob_opts *o,
                                                       double *log_prob, double *grad,
                                                       weir_log_prob_info *info);

#ifdef __cplusplus
}
#endif
#endif
