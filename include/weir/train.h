/* weir/train.h - whole training runs in a folder: what `weir train` does, as a library.
 *
 *     const char *config = "model=nice model.hidden=64,64 data=digits train.steps=50"; // or JSON
 *     weir_run *r = weir_run_open(c, "run", config, false);
 *     weir_status s = weir_run_train(r, NULL);          // continues where a checkpoint stands
 *     if (s != WEIR_OK) fprintf(stderr, "%s\n", weir_message(c));
 *     printf("step %lld, best held-out %g nats\n", (long long)weir_run_step(r), weir_run_best(r));
 *     weir_run_free(r);
 *
 * The state at step k is a pure function of (config, seed, machine class, k): kill -9 at any moment
 * and resume gives the bits of the uninterrupted run. A folder holds config.json, model.safetensors
 * (best on validation), metrics.jsonl, TensorBoard events and checkpoint/. The state is parameters,
 * buffers, their average, the best of both, the optimizer's states and the step.
 *
 * A validation scores valid_rows samples of the split: those of the smallest hash of their id,
 * whatever the seed (weir/data.h, limit=). Samples that have no finite log-density are counted and
 * named, in metrics.jsonl too, and the best is chosen by the mean of the others. Warnings of data
 * and settings (weir_open_opts.log) are an array "warnings" of metrics.jsonl's first line, and on
 * the page of weir_report_write. Ten successive steps whose loss is beyond 1000 times the first (or
 * 1000, where that is below 1) end a call with an error: the run diverges. */
#ifndef WEIR_TRAIN_H
#define WEIR_TRAIN_H
#include "weir/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_run weir_run;

enum { WEIR_FAILED_NAMED = 16 };
typedef struct weir_progress {
    size_t size; /* sizeof it, set before a call that fills it */
    int64_t step, steps;     /* done, and where this call stops */
    double loss; /* mean over the steps since the last report, each as weir_train_step returns */
    /* Last held-out mean log-density, sum w log p / sum w, nats of the data as stored; NaN before
     * the first. */
    double valid;
    double best; /* best so far */
    double seconds; /* in this call */
    double lr, grad_norm;
    int64_t dim, levels;
    /* Held-out samples of the last validation that had no finite log-density (`valid` is the mean
     * of the others), and the ids of the first min(failed, WEIR_FAILED_NAMED) of them. */
    int64_t failed;
    const int64_t *failed_ids;
} weir_progress;

typedef struct weir_train_opts {
    size_t size;
    /* Stop at this step; 0: the horizon, or where the config of a resume says. Past the horizon it
     * is the run's end, which is logged and validated. */
    int64_t steps;
    double minutes; /* or after so long; 0: no limit */
    /* After a step, some ten times a second, and after the last. Non-zero: save and stop
     * (WEIR_STOPPED). */
    int (*on_step)(void *user, const weir_progress *p);
    void *user;
} weir_train_opts;
/* weir_train_defaults(): to the horizon, without a limit of time. */
WEIR_API void weir_train_defaults_sized(weir_train_opts *o, size_t size);
WEIR_DEFAULTS(weir_train_opts, weir_train_defaults)

/* Makes a run from a config, or opens the folder's own when config is NULL. A config is text as
 * above, or JSON, {"model": {"name": "nice", "hidden": [64, 64]}, "data": "digits"}: the options
 * of the row train.run, which weir_options_text also writes from a struct of them. A folder that
 * holds a run is refused unless `config` is NULL or agrees with it and resume is true: all it says
 * but where to stop (train.steps, train.epochs, schedule.horizon) and where the data lie must be
 * what the run began with; the samples of the data must be the same. Files of data that are not
 * found from the current directory are looked for from the one that the run began in. So is a
 * folder whose run has trained and whose checkpoint is gone. What config and data both say of the
 * model (dim, shape, levels, standardize) must agree. A folder to begin a run in holds nothing,
 * but for data/, where a program may keep what it trains on. */
WEIR_API weir_run *weir_run_open(weir_ctx *c, const char *folder, const char *config, bool resume);
WEIR_API bool weir_run_is_nil(const weir_run *r);
WEIR_API void weir_run_free(weir_run *r); /* and its model; while shares of that are out an error */
WEIR_API weir_status weir_run_train(weir_run *r, const weir_train_opts *o) WEIR_MUST_CHECK;
WEIR_API weir_model *weir_run_model(weir_run *r); /* as trained so far; owned by the run */

/* -- what a run says of itself ----------------------------------------------------------------- */
/* Of NULL and nil: "", 0, best_step -1, best NaN, without an error. */
WEIR_API const char *weir_run_folder(const weir_run *r); /* as opened; owned by the run */
WEIR_API int64_t weir_run_step(const weir_run *r); /* steps done, in earlier calls too */
WEIR_API int64_t weir_run_horizon(const weir_run *r); /* steps of the schedule */
WEIR_API int64_t weir_run_stop(const weir_run *r); /* where weir_run_train(r, NULL) stops */
WEIR_API int64_t weir_run_epoch(const weir_run *r); /* steps of a pass over the training samples */
WEIR_API int64_t weir_run_dim(const weir_run *r); /* values a sample */
WEIR_API int64_t weir_run_levels(const weir_run *r); /* 0: continuous */
/* The best held-out mean log-density so far, nats of the data as stored (NaN: none yet), and the
 * step whose weights it is of (-1: none): those that model.safetensors holds. */
WEIR_API double weir_run_best(const weir_run *r);
WEIR_API int64_t weir_run_best_step(const weir_run *r);
/* The run's preset and what it sets, with the values in force, as --set takes them:
 * "preset=auto couplings=8 hidden=256 .. steps=1500 ..". Cut at bytes - 1; returns the length
 * written, 0 where the run has no preset. */
WEIR_API int64_t weir_run_preset(const weir_run *r, char *buffer, size_t bytes);
/* What on_step would be told now: step, valid, best, failed and lr are the run's, also before the
 * first call; loss, grad_norm and seconds stand as in the last report of the last call (NaN, NaN, 0
 * before it). failed_ids are the run's, until its next validation. */
WEIR_API weir_status weir_run_progress(const weir_run *r, weir_progress *p);

/* -- units ------------------------------------------------------------------------------------- */
/* A mean log-density of integer data of `dim` values and `levels` levels, nats as everywhere here,
 * in bits a value: -nats / (dim ln 2). A standard error, whose sign does not turn:
 * weir_bits_per_dim(-error, ..). NaN where levels or dim is not above 0: continuous data have no
 * such unit. */
WEIR_API double weir_bits_per_dim(double nats, int64_t dim, int64_t levels);
/* The same mean of the data scaled to [0, 1): nats + dim ln levels. NaN likewise. */
WEIR_API double weir_nats_unit_range(double nats, int64_t dim, int64_t levels);

/* -- samples to a file ------------------------------------------------------------------------- */
typedef struct weir_sample_file_info {
    size_t size; /* sizeof it, set before the call */
    int64_t n; /* samples in the file */
    int64_t n_not_finite; /* of them with a value that is not finite: written as they are */
    int64_t n_unfinished; /* finite ones whose solver ran out of steps: as far as they came */
} weir_sample_file_info;
/* Draws n samples and writes them, as the file's name ends:
 *     .npy  [n, ...] in the shape of a sample, of weir_model_data_dtype
 *     .csv  a line a sample, its dim values between commas, below the names of the data's columns
 *           where the model has them
 *     .png  a grid of images where they are some (weir_model_image_shape; integers over levels - 1,
 *           others within [0, 1]), or points of two values as a scatter
 * o as in weir_model_sample_into (NULL: others at each call); its on_step may stop (WEIR_STOPPED).
 * The file appears whole or not at all. An unknown ending and samples that are no picture are
 * errors before anything is drawn (WEIR_ERROR_ARGUMENT). All n samples are in memory at once. */
WEIR_API weir_status weir_model_sample_to_file(weir_model *m, int64_t n, const weir_sample_opts *o,
                                               const char *file,
                                               weir_sample_file_info *info) WEIR_MUST_CHECK;
/* The same of samples x [n, dim] that there are already; none counts as unfinished. */
WEIR_API weir_status weir_model_write_samples(weir_model *m, const double *x, int64_t n,
                                              const char *file,
                                              weir_sample_file_info *info) WEIR_MUST_CHECK;
/* Whether samples of m are images, and of which size: [H, W] and [C, H, W] of 1 or 3 channels with
 * H, W > 1; a list of values where it could be a square, of integers from 4 x 4 on (the digits are
 * 8 x 8), of others from 8 x 8. channels, h, w may be NULL and are written where it is true. */
WEIR_API bool weir_model_image_shape(const weir_model *m, int64_t *channels, int64_t *h,
                                     int64_t *w);

/* -- log-likelihood of data -------------------------------------------------------------------- */
typedef struct weir_data_log_prob_opts {
    size_t size;
    /* Seed, draws, probes, samples at a time (0: chosen). Its on_step is told, after each batch,
     * how many of all samples are done, and may stop (WEIR_STOPPED). Its condition is what the
     * model wants and the data do not offer: one of every sample, or one of all; NULL: nothing.
     * NULL: the defaults. */
    const weir_log_prob_opts *how;
    int64_t limit; /* the first so many samples; 0: all */
    /* Of a solve by fixed steps: so many samples, evenly among all, are scored again in twice as
     * many steps, which shows the error of the steps. 100; 0: none. */
    int64_t doubled;
    double *log_prob; /* [n] or NULL: where to put the nats of each sample, NaN where it failed */
    double *stderr_of; /* [n] or NULL: and their standard errors, as in weir_log_prob_info */
    /* After each batch, in order: ids, weights (NULL: none) and nats of its n samples, the first of
     * which is number `first`; valid within the call. NULL: not wanted. */
    void (*on_batch)(void *user, int64_t first, int64_t n, const int64_t *ids,
                     const double *weights, const double *log_prob);
    void *user; /* of on_batch */
} weir_data_log_prob_opts;
/* All samples, scored as by weir_log_prob_defaults; 100 doubled. */
WEIR_API void weir_data_log_prob_defaults_sized(weir_data_log_prob_opts *o, size_t size);
WEIR_DEFAULTS(weir_data_log_prob_opts, weir_data_log_prob_defaults)

enum { WEIR_FAILED_LISTED = 100 };
/* Means are over the samples i whose log p_i is finite, by weight w_i (1 where the data have none).
 * With W = sum w_i, m = n_effective = W^2 / sum w_i^2 (Kish 1965), d_i = log p_i - nats:
 *
 *     nats        = sum w_i log p_i / W, of the data as stored (weir/model.h)
 *     nats_stderr = sqrt(m / (m - 1)) max(sqrt(sum w_i d_i^2 / (W m)), sqrt(sum w_i^2 d_i^2) / W)
 *     estimator_stderr = sqrt(sum w_i^2 e_i^2) / W, e_i the error of log p_i by draws and probes
 *
 * NaN where unknown: nats of no sample, nats_stderr of fewer than two, estimator_stderr of one draw
 * of integer data, step_error where no sample was compared. What twice the steps change is, for a
 * method of order p, 1 - 2^-p of the error of the steps: half of it for euler. Excess is the mean
 * of log p_true - log p over the same samples, with its error. */
typedef struct weir_data_log_prob_info {
    size_t size; /* sizeof it, set before the call */
    weir_log_prob_kind kind;
    int64_t n, dim, levels, draws, probes;
    int64_t n_failed; /* samples without a finite log-density, of any weight */
    int64_t failed_ids[WEIR_FAILED_LISTED]; /* of the first of them: numbers in the data, before
                                               split and limit */
    int64_t n_counted, n_left_out; /* of weight above 0: those in the means; those that failed */
    double n_effective;
    bool weighted, known; /* the data have weights; their true density is known */
    double nats, nats_stderr, estimator_stderr;
    const char *dequantizer; /* of integer data, as "dequantizer.uniform"; NULL: continuous */
    const char *solver; /* as in weir_log_prob_info, and so is fixed_steps */
    int64_t fixed_steps;
    int64_t n_doubled; /* samples compared with twice as many steps */
    double step_error, step_bias; /* of their differences d_i: sqrt(mean d_i^2), and mean d_i, by
                                     which nats would rise */
    double bits_per_dim, nats_unit_range; /* of nats; NaN for continuous data */
    double excess, excess_stderr; /* NaN unless known */
    int64_t importance; /* K of each draw's bound, as in weir_log_prob_opts */
} weir_data_log_prob_info;
/* Scores the samples of d under m, in m's context, which is d's. Data of another size or of other
 * levels are an error that says both (WEIR_ERROR_SHAPE); data without levels are good for a model
 * of integers where their values are such integers (else WEIR_ERROR_VALUE). Conditions that m wants
 * are the data's, else the options'; in neither, or in both, is an error that names it. d then
 * numbers its classes as m does (weir_model_match_classes). A sample that fails is
 * NaN and counted; the others are as if it were not there. Same seed, same bits at any number of
 * threads and any batch. o and info may be NULL. */
WEIR_API weir_status weir_data_log_prob(weir_model *m, weir_dataset *d,
                                        const weir_data_log_prob_opts *o,
                                        weir_data_log_prob_info *info) WEIR_MUST_CHECK;

/* -- the report -------------------------------------------------------------------------------- */
typedef struct weir_report_opts {
    size_t size;
    /* While the page is made: which part ("scores", "samples", "density", "trajectories") and how
     * many of its samples are done. Non-zero: stop, nothing is written (WEIR_STOPPED). */
    int (*on_step)(void *user, const char *part, int64_t done, int64_t n);
    void *user;
    const char *command; /* what made the page, for its foot; NULL: nothing is said of it */
} weir_report_opts;
WEIR_API void weir_report_defaults_sized(weir_report_opts *o, size_t size);
WEIR_DEFAULTS(weir_report_opts, weir_report_defaults)
/* A page about the run in `folder` (config.json and model.safetensors suffice): curves, samples,
 * log-likelihoods of each split, settings; of a table (samples that are no images) the columns of
 * data and samples over each other, pair by pair and alone, with moments, quantiles and outliers,
 * up to ten of them. One HTML file that needs no network, whole or not at
 * all. Data that are no longer there, a log that is missing or cut leave a gap and a sentence that
 * says so; a model that cannot be read is an error, and so is a file that cannot be written. o may
 * be NULL. */
WEIR_API weir_status weir_report_write(weir_ctx *c, const char *folder, const char *file,
                                       const weir_report_opts *o) WEIR_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
