/* weir/objective.h - training by an objective of the program's own: samples with the history that
 * made them, and functions of the program with their gradient.
 *
 *     weir_model *m = weir_model_new(c, "nsf", "dim=2 layers=2");
 *     weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "lr=1e-3");
 *     weir_scope s = weir_scope_begin(c);
 *     weir_tensor *log_q, *x = weir_model_sample_log_prob(m, 256, NULL, &log_q);
 *     weir_tensor *log_f = weir_scale(weir_sum_samples(weir_square(x)), -2);
 *     // or weir_host_function(x, your_log_f, user): a C function, and its gradient
 *     weir_backward(weir_mean(weir_sub(log_q, log_f)));
 *     weir_optim_step(o);
 *     weir_optim_zero_grad(o);
 *     weir_scope_end(s);
 *     weir_optim_free(o);
 *     weir_model_free(m);
 *
 * That is a step down the reverse divergence of a density known up to its integral Z,
 *
 *   KL(q || f / Z) = E_q[log q(x) - log f(x)] + log Z >= 0,
 *
 * by samples of q alone (Rezende, Mohamed 2015; Boltzmann generators: Noe, Olsson, Koehler, Wu
 * 2019). It is least where q is f / Z, but q may leave out parts of f: look at weir_importance
 * (weir/importance.h) afterwards, and begin with a q that is broad. examples/double_well.c does so.
 */
#ifndef WEIR_OBJECTIVE_H
#define WEIR_OBJECTIVE_H
#include "weir/grad.h"
#include "weir/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* n samples [n, ...] as stored, of weir_model_data_dtype, and *log_q [n] of each, as
 * weir_model_sample_log_prob_into gives them, of the same numbers, but recorded: gradients reach
 * the parameters of the map and of the base through both. In the current scope. One pass: o's
 * batch, report and on_step are not looked at. For flows of continuous data; integers, whose
 * rounding has no gradient, and models without a log-det are an error (WEIR_ERROR_UNSUPPORTED). */
WEIR_API weir_tensor *weir_model_sample_log_prob(weir_model *m, int64_t n,
                                                 const weir_sample_opts *o, weir_tensor **log_q);

/* y[i] = f(x_i) of n samples x [n, dim], and, where grad is not NULL, grad [n, dim] = df / dx_i.
 * Anything but WEIR_OK ends the op with that error. y and grad hold NaN at first. */
typedef weir_status weir_host_fn(void *user, int64_t n, int64_t dim, const double *x, double *y,
                                 double *grad);
/* f(x_i) [n] of samples x [n, ...], f32 or f64, of x's type: fn is called once, now, in double and
 * on this thread, and its gradient is used in backward. A second derivative is an error
 * (WEIR_ERROR_GRAPH). */
WEIR_API weir_tensor *weir_host_function(weir_tensor *x, weir_host_fn *fn, void *user);

#ifdef __cplusplus
}
#endif
#endif
