/* weir/model.h - the one idea: a map between data and noise whose change of density is known.
 *
 *     weir_model *m = weir_model_load(c, "run");
 *     float x[100 * 64];
 *     weir_model_sample_into(m, 100, NULL, x);                // noise -> data, others at each call
 *     double lp[100];
 *     weir_model_log_prob_into(m, x, 100, NULL, lp, NULL);           // nats of the data as stored
 *     printf("%g\n", lp[0]);
 *     weir_model_free(m);
 *
 * Log-likelihoods are nats of the data as stored: dequantisation, scaling and standardisation and
 * their log-det belong to the model and its file. For integer data of L levels the density is that
 * of v + u, u uniform on [0, 1), on [0, L)^dim. */
#ifndef WEIR_MODEL_H
#define WEIR_MODEL_H
#include "weir/data.h"
#include "weir/diffusion.h"
#include "weir/log_prob.h"
#include "weir/nn.h"
#include "weir/optim.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_model weir_model;

/* -- simple ------------------------------------------------------------------------------------ */
/* A model by name and options ("dim=64 levels=17 hidden=256,256"). Lives outside scopes. Never
 * NULL. */
WEIR_API weir_model *weir_model_new(weir_ctx *c, const char *name, const char *options);
/* The same from an options struct of the row, filled by weir_options_defaults and
 * weir_option_set. */
WEIR_API weir_model *weir_model_new_with(weir_ctx *c, const char *name, const void *options);
/* From a run folder or its model.safetensors: options and weights. Ready to sample and score
 * (train(false)). */
WEIR_API weir_model *weir_model_load(weir_ctx *c, const char *path);
/* data stay the caller's */
WEIR_API weir_model *weir_model_load_from_memory(weir_ctx *c, const void *data, size_t bytes);
/* a safetensors file, whole or not at all */
WEIR_API weir_status weir_model_save(weir_model *m, const char *path) WEIR_MUST_CHECK;
/* `*data` is the caller's to free with weir_buffer_free. */
WEIR_API weir_status weir_model_save_to_memory(weir_model *m, void **data,
                                               size_t *bytes) WEIR_MUST_CHECK;
WEIR_API void weir_buffer_free(weir_ctx *c, void *data);
/* After its optimizers. While shares are out it is an error, and m stays. */
WEIR_API void weir_model_free(weir_model *m);
/* The same model in context c, which may belong to another thread: one copy of the weights for a
 * server of N threads. The share reads m's parameters where they are and refuses whatever would
 * change them; buffers are copied. It scores, and samples by seed or first number, with the bits
 * of m (train(false)); samples that go on from call to call are its own (weir_sample_opts). Made
 * by the thread that owns m. While shares are out, whatever would change m's parameters or free m
 * is an error (WEIR_ERROR_STATE). c NULL or failed: nil. */
WEIR_API weir_model *weir_model_share(weir_ctx *c, weir_model *m);

/* loss(batch) -> [B], one value a sample: nats for models trained by likelihood, mean squared error
 * for continuous ones. Integer data are dequantised by sample id and training step; in a loop by
 * hand, where no trainer sets the step, every call counts as one. Weights are the caller's to
 * apply. Modules with a data-dependent start (actnorm) take it from the whole of the first batch,
 * before the loss. */
WEIR_API weir_tensor *weir_model_loss(weir_model *m, weir_batch *b);
/* The random step of the next weir_model_loss in a loop by hand, from 0: dequantisation and dropout
 * draw by (seed, step, sample id). A trainer's steps have numbers of their own, those of the
 * optimizer (weir_optim_steps). To go on where a saved loop ended. */
WEIR_API int64_t weir_model_random_step(const weir_model *m);
WEIR_API weir_status weir_model_set_random_step(weir_model *m, int64_t step);
/* One training step on the batch: loss, backward, (clip,) optimizer, gradients zeroed. What is
 * differentiated, and returned, is
 *
 *     sum of w_i loss_i / (B W),   B = weir_batch_size(b), W = weir_batch_mean_weight(b),
 *
 * whose mean over the batches of an epoch is the weighted mean over the data, at any B. (Divided by
 * the sum of its own weights each batch would train another distribution.) For batches of the
 * caller's own and streams W is 1: gradients and loss scale with the weights. Samples of weight 0
 * are not looked at; all 0 is an error. NaN on error.
 *
 * The batch is of m's context or of one above it. o is an optimizer of m's parameters, or of part
 * of them (a child of weir_model_module): the others stay, and their gradients too are zeroed, so
 * that none grows; freezing them saves the work. */
WEIR_API double weir_train_step(weir_model *m, weir_optim *o, weir_batch *b);

typedef struct weir_sample_opts {
    size_t size;
    /* Which samples, where noise is drawn: a sample's noise is a function of (seed, stream,
     * number). By default a call goes on where the model's last one ended, from 0, in the
     * model's own stream: 0, or of a share its number in order of making, so that shares draw
     * different ones, and so do the ranks of a group. With a seed or a first number of its own a
     * request is absolute: numbers from `first`, or 0, in stream 0, in a share too, and nothing
     * advances. So it is with `noise`. */
    uint64_t seed;
    bool use_seed; /* default: the context's */
    int64_t first; /* number of the first sample; -1: where the last call ended */
    double temperature; /* noise is multiplied by it, a sampler's own too: 1 */
    const float *noise; /* start from these [n, noise_dim] instead of drawing */
    const double *noise_f64; /* the same in double; not both */
    /* Of continuous models, "NAME" or "NAME key=value ..": what it does not say is as the model's
     * own sampler has it under the same name, where that was changed. NULL: that sampler, but from
     * `noise` the one for log-densities where that is no method for ODEs: codes give their data. */
    const char *solver;
    int64_t steps; /* of that solver, whatever it says itself; 0: its own */
    /* What the samples are conditioned on; NULL: nothing. n is a multiple r of its m samples, and r
     * are drawn of each, in blocks. */
    const weir_condition *condition;
    int64_t batch; /* samples at a time; 0: chosen. Never changes a bit */
    /* non-zero: stop cleanly (WEIR_STOPPED) */
    int (*on_step)(void *user, int64_t done, int64_t n);
    void *user;
    weir_sample_report *report; /* [n], or NULL: where to put how each sample went */
    /* The trajectory: states at the ends of the solver's steps, from noise to data, on the scale of
     * the data as stored, not rounded. on_state, or NULL, sees those of samples first .. first+n-1,
     * x [n, dim] at t [n]; step 0 is where they begin. Another status than WEIR_OK ends the call,
     * and is what it returns. The arrays [steps + 1, n, dim], or NULL, are filled with them; not
     * both, and `steps` must be given. */
    weir_status (*on_state)(void *user, int64_t step, int64_t first, int64_t n, const double *t,
                            const double *x);
    float *trajectory;
    double *trajectory_f64;
    /* Continuous models, or NULL: gives back what the sampler asks, from what the model says of
     * transformed data (guidance, clamps); called once for every batch. */
    weir_predictor (*around)(void *around_user, weir_predictor own);
    void *around_user;
    /* Models on a path: begun at data with noise (weir/latent.h); NULL: at noise. */
    const struct weir_sample_start *start;
} weir_sample_opts;
WEIR_API void weir_sample_defaults_sized(weir_sample_opts *o, size_t size);
WEIR_DEFAULTS(weir_sample_opts, weir_sample_defaults)
/* Data as stored: samples of integer data are integers, floor(y levels) kept within [0, levels -
 * 1]. The tensor is of the type that weir_model_data_dtype says: where that is f64, floats would
 * round away what distinguishes samples. Values alone: they have no history, and no gradient
 * reaches a parameter. A call that on_step stops, or that fails, has used up the numbers of the
 * samples it finished, `done` of them: the next one goes on behind them. */
/* [n, ...] in the current scope */
WEIR_API weir_tensor *weir_model_sample(weir_model *m, int64_t n, const weir_sample_opts *o);
/* [n, dim] */
WEIR_API weir_status weir_model_sample_into(weir_model *m, int64_t n, const weir_sample_opts *o,
                                            float *x);
WEIR_API weir_status weir_model_sample_into_f64(weir_model *m, int64_t n, const weir_sample_opts *o,
                                                double *x);

/* n samples [n, dim] as stored and log q [n] of each, of one pass: the log-density of what was
 * drawn, at the temperature too, in nats of the data as stored; of integer data that of the value
 * before it was rounded down. Numbers advance as above. For models whose map says its log-det
 * (flows); for others an error (WEIR_ERROR_UNSUPPORTED), and so are noise of the caller's own with
 * a temperature and temperature 0. */
WEIR_API weir_status weir_model_sample_log_prob_into(weir_model *m, int64_t n,
                                                     const weir_sample_opts *o, float *x,
                                                     double *log_q);
WEIR_API weir_status weir_model_sample_log_prob_into_f64(weir_model *m, int64_t n,
                                                         const weir_sample_opts *o, double *x,
                                                         double *log_q);

/* Number of the next sample of a call that goes on: 0 at first, and never negative. */
WEIR_API int64_t weir_model_sample_position(const weir_model *m);
WEIR_API weir_status weir_model_set_sample_position(weir_model *m, int64_t position);

/* -- looking ----------------------------------------------------------------------------------- */
WEIR_API weir_module *weir_model_module(weir_model *m); /* its parameters; owned by the model */
WEIR_API weir_ctx *weir_model_ctx(const weir_model *m);
WEIR_API bool weir_model_is_nil(const weir_model *m);
WEIR_API int64_t weir_model_dim(const weir_model *m); /* values a sample */
/* of a sample, without the batch axis */
WEIR_API int weir_model_shape(const weir_model *m, const int64_t **shape);
WEIR_API int64_t weir_model_levels(const weir_model *m);
/* Values and shape of a sample's noise: the data's, unless the model says otherwise. */
WEIR_API int64_t weir_model_noise_dim(const weir_model *m);
WEIR_API int weir_model_noise_shape(const weir_model *m, const int64_t **shape);
/* names of the conditions it takes; NULL past the last */
WEIR_API const char *weir_model_wants(const weir_model *m, int index);
/* that "class" may be one of; 0: it takes none */
WEIR_API int64_t weir_model_classes(const weir_model *m);
/* values of "context" a sample; 0: it takes none */
WEIR_API int64_t weir_model_context_dim(const weir_model *m);
/* The condition "nothing is known" of n samples, in the current scope of m's context: for models
 * made with condition.dropout=p, which see it in training in place of the condition of a sample
 * with probability p. It is class number N of N classes, and the mask "null", i64 [n], 1 of each
 * sample, which beside a context says that its values do not count. nil, after an error, for
 * others. */
WEIR_API weir_condition *weir_model_null_condition(weir_model *m, int64_t n);
/* NULL: there is none. Owned by the model. */
WEIR_API const char *weir_model_name(const weir_model *m, weir_names which, int64_t index);
/* The number of the class of that name, else that the text is. -1, after an error that names it:
 * there is none. */
WEIR_API int64_t weir_model_class(weir_model *m, const char *name);
/* Of a flow: its map and base, owned by the model; nil, without an error, for other models. */
WEIR_API weir_module *weir_model_bijection(weir_model *m);
WEIR_API weir_module *weir_model_base(weir_model *m);
/* The type that holds its data: f64 for dtype=f64, and where a mean lies so far from 0 that floats
 * there are more than a thousandth of the standard deviation apart (seconds since 1980); else
 * f32. */
WEIR_API weir_dtype weir_model_data_dtype(const weir_model *m);
WEIR_API const weir_row *weir_model_row_of(const weir_model *m); /* its name, doc and options */
/* the row's option struct; owned by the model */
WEIR_API const void *weir_model_options(const weir_model *m);

/* -- advanced ---------------------------------------------------------------------------------- */
/* What comes before the model's own map, and its log-det: y = (x - mean) / std when standardized (x
 * = v + u for integer data), y = (v + u) / levels for integer data, else x. mean and std are [dim].
 * Call before training; kept in the file as data.mean, data.std. They are f64, and y is computed in
 * double and then rounded to the model's type, whatever that is. Dequantised y lies in [0, 1), v +
 * u below levels, after rounding too. */
WEIR_API weir_status weir_model_set_standardize(weir_model *m, const double *mean,
                                                const double *std);
/* The same of the condition "context", whose values the model then sees as (k - mean) / std: [K]
 * each, for a model made with context=K. A training run does it with the weighted statistics of its
 * training data (weir_dataset_context_statistics). Kept in the file as data.context_mean,
 * data.context_std. */
WEIR_API weir_status weir_model_set_context_standardize(weir_model *m, const double *mean,
                                                        const double *std);
/* Names of columns, of classes and of values of the context, kept in the model's file: all of them
 * (of classes at most as many as there are), or n 0: none. Copied; UTF-8, what is not becomes
 * U+FFFD. */
WEIR_API weir_status weir_model_set_names(weir_model *m, weir_names which, int64_t n,
                                          const char *const *names);
/* Makes d number its classes as m does, by their names: which number is which class depends on who
 * counted. Where m's classes have no names, d's must be their numbers. A name that m does not know,
 * of a sample of d, is an error that names it. Nothing to do where d's classes have no names, or m
 * has none. */
WEIR_API weir_status weir_model_match_classes(weir_model *m, weir_dataset *d);

typedef struct weir_step_opts {
    size_t size;
    /* fixed pieces of the batch, added in a fixed tree; decides bits: record it. 1 */
    int64_t shards;
    double clip; /* global norm; 0: none */
    /* Between backward and the optimizer, or NULL: the gradients of all parameters, n values of
     * type t in one block, to be changed in place, such as by a sum over the processes of a host
     * program. Any status but WEIR_OK ends the step: nothing is changed. Over the ranks of a group
     * (weir/group.h) each calls it with the whole sum, and must do the same. */
    weir_status (*reduce)(void *user, void *grads, int64_t n, weir_dtype t);
    void *reduce_user;
} weir_step_opts;
WEIR_API void weir_step_defaults_sized(weir_step_opts *o, size_t size);
WEIR_DEFAULTS(weir_step_opts, weir_step_defaults)
typedef struct weir_step_info {
    size_t size; /* sizeof it, set before the call */
    double loss, grad_norm; /* as weir_train_step returns; grad_norm NaN unless clip > 0 */
    int64_t bad_sample; /* id of the first sample with a non-finite loss, or -1 */
    /* which op (or its backward) made the first non-finite value, in which layer (or for which
     * parameter), when found */
    char bad_op[64], bad_layer[128];
} weir_step_info;
/* opts, info may be NULL: the defaults, but in a context with a group 8 shards, above 8 ranks 64 */
WEIR_API weir_status weir_train_step_with(weir_model *m, weir_optim *o, weir_batch *b,
                                          const weir_step_opts *opts, weir_step_info *info);

#ifdef __cplusplus
}
#endif
#endif
