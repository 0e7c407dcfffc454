/* weir/optim.h - optimizers and learning-rate schedules.
 *
 *     weir_module *net = weir_module_new(c, "linear", "in=2 out=1");
 *     weir_optim *opt = weir_optim_new(net, "adamw", "lr=1e-3 weight_decay=0.01");
 *     weir_tensor *x = weir_randn(c, WEIR_F32, 2, (const int64_t[]){ 5, 2 });
 *     weir_backward(weir_mean(weir_square(weir_module_forward(net, x))));
 *     weir_optim_step(opt);
 *     weir_optim_zero_grad(opt);
 *     weir_optim_free(opt), weir_module_free(net);
 *
 * Formulas are PyTorch's, with g the gradient and t the optimizer's steps from 1:
 *   sgd       b = momentum b + (1 - dampening) g;  p -= lr (nesterov ? g + momentum b : b)
 *   adam      m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
 *             p -= lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)             (Kingma, Ba 2015)
 *   adamw     the same after p -= lr weight_decay p; elsewhere weight decay adds to g
 *                                                                     (Loshchilov, Hutter 2019)
 *   rmsprop   s = alpha s + (1 - alpha) g^2;  b = momentum b + g / (sqrt(s) + eps);  p -= lr b
 *                                                                      (Tieleman, Hinton 2012)
 * A step is all or nothing: on a failed context, or when a gradient is not finite, nothing changes.
 * A parameter that got no gradient is skipped.
 */
#ifndef WEIR_OPTIM_H
#define WEIR_OPTIM_H
#include "weir/nn.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_optim weir_optim;

/* Lives outside scopes; free before its module. Never NULL. */
WEIR_API weir_optim *weir_optim_new(weir_module *m, const char *name, const char *options);
/* The same from the row's option struct: weir_adamw_opts o = weir_adamw_defaults(); o.lr = 3e-4;
 * weir_optim_new_with(m, "adamw", &o). Zero is a value, never "default"; rows from elsewhere fill
 * theirs by weir_options_defaults. */
WEIR_API weir_optim *weir_optim_new_with(weir_module *m, const char *name, const void *options);
WEIR_API void weir_optim_free(weir_optim *o); /* before its module */
/* p from p.grad, by all threads, to the same bits. A gradient that is not finite is an error
 * (WEIR_ERROR_VALUE) that names the parameter. */
WEIR_API weir_status weir_optim_step(weir_optim *o);
/* Forgets the gradients of the module's parameters, in a failed context too. */
WEIR_API void weir_optim_zero_grad(weir_optim *o);
WEIR_API bool weir_optim_is_nil(const weir_optim *o);
WEIR_API double weir_optim_lr(const weir_optim *o);
WEIR_API void weir_optim_set_lr(weir_optim *o, double lr); /* finite, 0 or more */
WEIR_API int64_t weir_optim_steps(const weir_optim *o); /* made so far */
/* Global 2-norm of the gradients; when above max_norm the next step scales them by max_norm / norm.
 * Returns the norm. */
WEIR_API double weir_optim_clip(weir_optim *o, double max_norm);

/* State for checkpoints: named flat buffers as long as the module's flat range, and the step count.
 */
WEIR_API int weir_optim_state_count(const weir_optim *o);
WEIR_API void *weir_optim_state_at(weir_optim *o, int index, const char **name, int64_t *n);
WEIR_API void weir_optim_set_steps(weir_optim *o, int64_t steps); /* as a checkpoint has it */
WEIR_API const weir_row *weir_optim_row(const weir_optim *o); /* its name and options */

/* -- options as structs ------------------------------------------------------------------------ */
/* `weir list optimizer` says what each field does and its range. */
typedef struct weir_adam_opts {
    size_t size;
    double lr, beta1, beta2, eps, weight_decay;
} weir_adam_opts;
typedef weir_adam_opts weir_adamw_opts;
typedef struct weir_sgd_opts {
    size_t size;
    double lr, momentum, dampening, weight_decay;
    bool nesterov;
} weir_sgd_opts;
typedef struct weir_rmsprop_opts {
    size_t size;
    double lr, alpha, eps, weight_decay, momentum, floor;
    int64_t momentum_from;
} weir_rmsprop_opts;
WEIR_API void weir_adam_defaults_sized(weir_adam_opts *o, size_t size);
WEIR_DEFAULTS(weir_adam_opts, weir_adam_defaults)
WEIR_API void weir_adamw_defaults_sized(weir_adamw_opts *o, size_t size);
WEIR_DEFAULTS(weir_adamw_opts, weir_adamw_defaults)
WEIR_API void weir_sgd_defaults_sized(weir_sgd_opts *o, size_t size);
WEIR_DEFAULTS(weir_sgd_opts, weir_sgd_defaults)
WEIR_API void weir_rmsprop_defaults_sized(weir_rmsprop_opts *o, size_t size);
WEIR_DEFAULTS(weir_rmsprop_opts, weir_rmsprop_defaults)

/* -- averages ---------------------------------------------------------------------------------- */
/* Exponential moving average of the parameters: a flat buffer of its own.
 * average <- mu average + (1 - mu) p with mu = min(decay, (1 + n) / (10 + n)), n = updates so far
 * from 1 (Song et al.'s warm start). The module's buffers, such as the running statistics of
 * batch_norm, are copied with each update, not averaged, and exchanged with the parameters. */
typedef struct weir_ema weir_ema; /* NULL when it could not be made; every call takes NULL */
WEIR_API weir_ema *weir_ema_new(weir_module *m, double decay);
/* The same by a half-life in samples, of which each update stands for `batch` (Karras et al. 2022,
 * arXiv:2206.00364, their code's ema_halflife_kimg and ema_rampup_ratio):
 *     mu = 0.5^(batch / h),  h = min(half_life, ramp batch (n - 1)),  mu = 0 at h = 0
 * ramp 0: h = half_life at once. They train with ramp 0.05: the average forgets what came before a
 * twentieth of the samples so far, until that is the half-life. Error: batch < 1, half_life not
 * above 0, ramp < 0 (WEIR_ERROR_RANGE). */
WEIR_API weir_ema *weir_ema_new_half_life(weir_module *m, int64_t batch, double half_life,
                                          double ramp);
WEIR_API void weir_ema_free(weir_ema *e);
WEIR_API void weir_ema_update(weir_ema *e); /* after an optimizer step */
/* Exchanges parameters and averages, and buffers; call again to undo. */
WEIR_API void weir_ema_swap(weir_ema *e);
WEIR_API void *weir_ema_state(weir_ema *e, int64_t *n, int64_t **updates);

/* Rows of kind "schedule": the learning rate at `step` (from 0) of `horizon`, given the optimizer's
 * own `lr`. */
typedef struct weir_schedule_row {
    weir_row row;
    double (*rate)(const void *options, double lr, int64_t step, int64_t horizon);
} weir_schedule_row;

#ifdef __cplusplus
}
#endif
#endif
