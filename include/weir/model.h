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
 * Log-likelihoods are nats of the data as stored: dequantisation, scaling and standardisation and their log-det belong to the
 * model and its file. For integer data of L levels the density is that of v + u, u uniform on [0, 1), on [0, L)^dim.
 */
#ifndef WEIR_MODEL_H
#define WEIR_MODEL_H
#include "weir/data.h"
#include "weir/diffusion.h"
#include "weir/nn.h"
#include "weir/optim.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_model weir_model;

/* -- simple -------------------------------------------------------------------------------------------------------------------- */
/* A model by name and options ("dim=64 levels=17 hidden=256,256"). Lives outside scopes. Never NULL. */
WEIR_API weir_model *weir_model_new(weir_ctx *c, const char *name, const char *options);
/* The same from an options struct of the row, filled by weir_options_defaults and weir_option_set. */
WEIR_API weir_model *weir_model_new_with(weir_ctx *c, const char *name, const void *options);
/* From a run folder or its model.safetensors: options and weights. Ready to sample and score (train(false)). */
WEIR_API weir_model *weir_model_load(weir_ctx *c, const char *path);
WEIR_API weir_model *weir_model_load_from_memory(weir_ctx *c, const void *data, size_t bytes); /* data stay the caller's */
WEIR_API weir_status weir_model_save(weir_model *m, const char *path) WEIR_MUST_CHECK; /* a safetensors file, whole or not at all */
/* `*data` is the caller's to free with weir_buffer_free. */
WEIR_API weir_status weir_model_save_to_memory(weir_model *m, void **data, size_t *bytes) WEIR_MUST_CHECK;
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

/* loss(batch) -> [B], one value a sample: nats for models trained by likelihood, mean squared error for continuous ones. Integer data
 * are dequantised by sample id and training step; in a loop by hand, where no trainer sets the step, every
 * call counts as one. Weights are the caller's to apply.
 * Modules with a data-dependent start (actnorm) take it from the whole of the first batch, before the loss. */
WEIR_API weir_tensor *weir_model_loss(weir_model *m, weir_batch *b);
/* The random step of the next weir_model_loss in a loop by hand, from 0: dequantisation and dropout draw by (seed, step, sample id). A
 * trainer's steps have numbers of their own, those of the optimizer (weir_optim_steps). To go on where a saved loop ended. */
WEIR_API int64_t weir_model_random_step(const weir_model *m);
WEIR_API weir_status weir_model_set_random_step(weir_model *m, int64_t step);
/* One training step on the batch: loss, backward, (clip,) optimizer, gradients zeroed. What is
 * differentiated, and returned, is
 *
 *     sum of w_i loss_i / (B W),   B = weir_batch_size(b), W = weir_batch_mean_weight(b),
 *
 * whose mean over the batches of an epoch is the weighted mean over the data, at any B. (Divided by the sum
 * of its own weights each batch would train another distribution.) For batches of the caller's own and
 * streams W is 1: gradients and loss scale with the weights. Samples of weight 0 are not looked at; all 0
 * is an error. NaN on error.
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
     * different ones. With a seed or a first number of its own a request is absolute: numbers
     * from `first`, or 0, in stream 0, in a share too, and nothing advances. So it is with
     * `noise`. */
    uint64_t seed; bool use_seed;   /* default: the context's */
    int64_t first;                  /* number of the first sample; -1: where the last call ended */
    double temperature;             /* noise is multiplied by it, a sampler's own too: 1 */
    const float *noise;             /* start from these [n, noise_dim] instead of drawing */
    const double *noise_f64;        /* the same in double; not both */
    /* Of continuous models, "NAME" or "NAME key=value ..": what it does not say is as the model's own
     * sampler has it under the same name, where that was changed. NULL: that sampler. */
    const char *solver;
    int64_t steps;                  /* of that solver, whatever it says itself; 0: its own */
    /* What the samples are conditioned on; NULL: nothing. n is a multiple r of its m samples, and r are drawn of each, in blocks. */
    const weir_condition *condition;
    int64_t batch;                  /* rows at a time; 0: chosen. Never changes a bit */
    int (*on_step)(void *user, int64_t done, int64_t n); void *user; /* non-zero: stop cleanly (WEIR_STOPPED) */
    weir_row_report *report;        /* [n], or NULL: where to put how each sample went */
    /* The trajectory: states at the ends of the solver's steps, from noise to data, on the scale of
     * the data as stored, not rounded. on_state, or NULL, sees those of samples first .. first+n-1,
     * x [n, dim] at t [n]; step 0 is where they begin. Another status than WEIR_OK ends the call, and
     * is what it returns. The arrays [steps + 1, n, dim], or NULL, are filled with them; not both,
     * and `steps` must be given. */
    weir_status (*on_state)(void *user, int64_t step, int64_t first, int64_t n, const double *t,
                            const double *x);
    float *trajectory;
    double *trajectory_f64;
    /* Continuous models, or NULL: gives back what the sampler asks, from what the model says of
     * transformed data (guidance, clamps); called once for every batch. */
    weir_predictor (*around)(void *around_user, weir_predictor own);
    void *around_user;
} weir_sample_opts;
WEIR_API weir_sample_opts weir_sample_defaults(void);
/* Data as stored: samples of integer data are integers, floor(y levels) kept within [0, levels -
 * 1]. The tensor is of the type that weir_model_data_dtype says: where that is f64, floats would
 * round away what distinguishes samples. Values alone: they have no history, and no gradient
 * reaches a parameter. A call that on_step stops, or that fails, has used up the numbers of the
 * samples it finished, `done` of them: the next one goes on behind them. */
WEIR_API weir_tensor *weir_model_sample(weir_model *m, int64_t n, const weir_sample_opts *o); /* [n, ...] in the current scope */
WEIR_API weir_status weir_model_sample_into(weir_model *m, int64_t n, const weir_sample_opts *o, float *x); /* [n, dim] */
WEIR_API weir_status weir_model_sample_into_f64(weir_model *m, int64_t n, const weir_sample_opts *o, double *x);

/* n samples [n, dim] as stored and log q [n] of each, of one pass: the log-density of what was drawn, at the temperature too, in nats of
 * the data as stored; of integer data that of the value before it was rounded down. Numbers advance as above. For models whose map says
 * its log-det (flows); for others an error (WEIR_ERROR_UNSUPPORTED), and so are noise of the caller's own with a temperature and
 * temperature 0. */
WEIR_API weir_status weir_model_sample_log_prob_into(weir_model *m, int64_t n, const weir_sample_opts *o, float *x, double *log_q);
WEIR_API weir_status weir_model_sample_log_prob_into_f64(weir_model *m, int64_t n, const weir_sample_opts *o, double *x, double *log_q);

/* Number of the next sample of a call that goes on: 0 at first, and never negative. */
WEIR_API int64_t weir_model_sample_position(const weir_model *m);
WEIR_API weir_status weir_model_set_sample_position(weir_model *m, int64_t position);

typedef enum weir_score_kind { WEIR_SCORE_EXACT, WEIR_SCORE_ESTIMATE, WEIR_SCORE_LOWER_BOUND } weir_score_kind;
typedef struct weir_score_opts {
    size_t size;
    uint64_t seed; bool use_seed;   /* of dequantisation and probes; default: the context's */
    int64_t draws;                  /* dequantisation draws averaged (in log, i.e. mean of log p): 1 */
    int64_t probes;                 /* of the trace, for continuous models of more than 4 values; 0: the exact trace; -1: the model's own choice */
    const char *solver;             /* of continuous models, as in weir_sample_opts: a method for ODEs; NULL: the model's own */
    int64_t steps;                  /* of that solver, whatever it says itself; 0: its own */
    const weir_condition *condition; /* of arrays: one of every sample, or one of all; NULL: none. Of a batch: NULL, it has its own */
    int64_t batch;
    int (*on_step)(void *user, int64_t done, int64_t n); void *user;
} weir_score_opts;
WEIR_API weir_score_opts weir_score_defaults(void);
typedef struct weir_score_info {
    weir_score_kind kind;
    int64_t draws, probes;
    const char *solver;  /* of continuous models, as "sampler.heun", and static; NULL: none was needed */
    int64_t fixed_steps; /* of it, whose error nothing bounds: ask again with twice as many; 0: exact, or within tolerances */
    double evaluations;  /* network evaluations a sample, mean over samples and draws */
    int64_t n_failed;    /* rows whose log-density is not finite */
    int64_t n_out_of_steps; /* in the last draw: rows whose solver ran out of steps */
    double *stderr_of;   /* [n] or NULL: where to put each sample's estimator standard error, over draws, or over probes of one draw (NaN for one probe) */
    weir_row_report *report; /* [n] or NULL: where to put how each row went, in the last draw */
} weir_score_info;
/* log p [B] of the batch as stored; NaN for a row that failed. Differentiable, but for continuous
 * models, whose solves are not recorded: there it is an error (WEIR_ERROR_GRAPH) where x or a
 * parameter wants gradients, unless in a scope of weir_scope_begin_no_grad. */
WEIR_API weir_tensor *weir_model_log_prob(weir_model *m, weir_batch *b, const weir_score_opts *o, weir_score_info *info);
/* x [n, dim] as stored; ids 0 .. n-1. A row that fails is NaN and counted in info; the others are as if it were not there. */
WEIR_API weir_status weir_model_log_prob_into(weir_model *m, const float *x, int64_t n, const weir_score_opts *o, double *log_prob, weir_score_info *info);
/* The same of doubles. A standardized model takes its mean off before it rounds to its own type. */
WEIR_API weir_status weir_model_log_prob_into_f64(weir_model *m, const double *x, int64_t n, const weir_score_opts *o, double *log_prob, weir_score_info *info);

/* log p [n] and its gradient by x [n, dim], in the caller's arrays: d log p(x_i) / d x_i, nats a unit of the data as stored (of integer
 * data as if they were numbers). NaN for a sample whose log p is not finite. info's stderr_of and report are not written. Memory
 * is taken from the context's pool: after the first call nothing is asked of the system. Continuous models: an error until
 * their log p is differentiable. */
WEIR_API weir_status weir_model_log_prob_grad_into(weir_model *m, const float *x, int64_t n, const weir_score_opts *o, double *log_prob,
                                                   float *grad, weir_score_info *info);
WEIR_API weir_status weir_model_log_prob_grad_into_f64(weir_model *m, const double *x, int64_t n, const weir_score_opts *o,
                                                       double *log_prob, double *grad, weir_score_info *info);

/* -- looking -------------------------------------------------------------------------------------------------------------------- */
WEIR_API weir_module *weir_model_module(weir_model *m); /* its parameters; owned by the model */
WEIR_API weir_ctx *weir_model_ctx(const weir_model *m);
WEIR_API bool weir_model_is_nil(const weir_model *m);
WEIR_API int64_t weir_model_dim(const weir_model *m); /* values a sample */
WEIR_API int weir_model_shape(const weir_model *m, const int64_t **shape); /* of a sample, without the batch axis */
WEIR_API int64_t weir_model_levels(const weir_model *m);
/* Values and shape of a sample's noise: the data's, unless the model says otherwise. */
WEIR_API int64_t weir_model_noise_dim(const weir_model *m);
WEIR_API int weir_model_noise_shape(const weir_model *m, const int64_t **shape);
WEIR_API const char *weir_model_wants(const weir_model *m, int index); /* names of the conditions it takes; NULL past the last */
WEIR_API int64_t weir_model_classes(const weir_model *m);     /* that "class" may be one of; 0: it takes none */
WEIR_API int64_t weir_model_context_dim(const weir_model *m); /* values of "context" a sample; 0: it takes none */
/* NULL: there is none. Owned by the model. */
WEIR_API const char *weir_model_name(const weir_model *m, weir_names which, int64_t index);
/* The number of the class of that name, else that the text is. -1, after an error that names it: there is none. */
WEIR_API int64_t weir_model_class(weir_model *m, const char *name);
/* Of a flow: its map and base, owned by the model; nil, without an error, for other models. */
WEIR_API weir_module *weir_model_bijection(weir_model *m);
WEIR_API weir_module *weir_model_base(weir_model *m);
/* The type that holds its data: f64 for dtype=f64, and where a mean lies so far from 0 that floats there
 * are more than a thousandth of the standard deviation apart (seconds since 1980); else f32. */
WEIR_API weir_dtype weir_model_data_dtype(const weir_model *m);
WEIR_API const weir_row *weir_model_row_of(const weir_model *m); /* its name, doc and options */
WEIR_API const void *weir_model_options(const weir_model *m); /* the row's option struct; owned by the model */

/* -- advanced ---------------------------------------------------------------------------------------------------------------------- */
/* What comes before the model's own map, and its log-det: y = (x - mean) / std when standardized (x = v + u for integer data),
 * y = (v + u) / levels for integer data, else x. mean and std are [dim]. Call before training; kept in the
 * file as data.mean, data.std. They are f64, and y is computed in double and then rounded to the model's
 * type, whatever that is. Dequantised y lies in [0, 1), v + u below levels, after rounding too. */
WEIR_API weir_status weir_model_set_standardize(weir_model *m, const double *mean, const double *std);
/* The same of the condition "context", whose values the model then sees as (k - mean) / std: [K] each, for a
 * model made with context=K. A training run does it with the weighted statistics of its training data
 * (weir_dataset_context_statistics). Kept in the file as data.context_mean, data.context_std. */
WEIR_API weir_status weir_model_set_context_standardize(weir_model *m, const double *mean, const double *std);
/* Names of columns, of classes and of values of the context, kept in the model's file: all of them (of
 * classes at most as many as there are), or n 0: none. Copied; UTF-8, what is not becomes U+FFFD. */
WEIR_API weir_status weir_model_set_names(weir_model *m, weir_names which, int64_t n, const char *const *names);
/* Makes d number its classes as m does, by their names: which number is which class depends on who counted.
 * Where m's classes have no names, d's must be their numbers. A name that m does not know, of a sample of
 * d, is an error that names it. Nothing to do where d's classes have no names, or m has none. */
WEIR_API weir_status weir_model_match_classes(weir_model *m, weir_dataset *d);

typedef struct weir_step_opts {
    size_t size;
    int64_t shards;    /* fixed pieces of the batch, added in a fixed tree; decides bits: record it. 1 */
    double clip;       /* global norm; 0: none */
    /* Between backward and the optimizer, or NULL: the gradients of all parameters, n values of type t in one block, to be changed in
     * place, such as by a sum over the processes of a host program. Any status but WEIR_OK ends the step: nothing is changed. */
    weir_status (*reduce)(void *user, void *grads, int64_t n, weir_dtype t);
    void *reduce_user;
} weir_step_opts;
WEIR_API weir_step_opts weir_step_defaults(void);
typedef struct weir_step_info {
    double loss, grad_norm; /* as weir_train_step returns; grad_norm NaN unless clip > 0 */
    int64_t bad_sample;     /* id of the first sample with a non-finite loss, or -1 */
    char bad_op[64], bad_layer[128]; /* which op (or its backward) made the first non-finite value, in which layer (or for which parameter), when found */
} weir_step_info;
WEIR_API weir_status weir_train_step_with(weir_model *m, weir_optim *o, weir_batch *b, const weir_step_opts *opts, weir_step_info *info); /* opts, info may be NULL */

#ifdef __cplusplus
}
#endif
#endif
