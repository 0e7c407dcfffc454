/* weir/train.h - whole training runs in a folder: what `weir train` does, as a library.
 *
 *     const char *config = "{\"model\": {\"name\": \"nice\", \"hidden\": [64, 64]}, \"data\": \"digits\", \"train\": {\"steps\": 50}}";
 *     weir_run *r = weir_run_open(c, "run", config, false);
 *     weir_status s = weir_run_train(r, NULL);          // continues where a checkpoint stands
 *     if (s != WEIR_OK) fprintf(stderr, "%s\n", weir_message(c));
 *     weir_run_free(r);
 *
 * The state at step k is a pure function of (config, seed, machine class, k): kill -9 at any moment and resume gives the bits of the
 * uninterrupted run. A folder holds config.json, model.safetensors (best on validation), metrics.jsonl, TensorBoard events and
 * checkpoint/. The state is parameters, buffers, their average, the best of both, the optimizer's
 * states and the step.
 *
 * A validation scores valid_rows samples of the split: those of the smallest hash of their id,
 * whatever the seed (weir/data.h, limit=). Samples that have no finite log-density are counted and
 * named, in metrics.jsonl too, and the best is chosen by the mean of the others.
 */
#ifndef WEIR_TRAIN_H
#define WEIR_TRAIN_H
#include "weir/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_run weir_run;

enum { WEIR_FAILED_NAMED = 16 };
typedef struct weir_progress {
    int64_t step, steps;     /* done, and where this call stops */
    double loss;             /* mean over the steps since the last report, each as weir_train_step returns */
    /* Last held-out mean log-density, sum w log p / sum w, nats of the data as stored; NaN before the first. */
    double valid;
    double best;             /* best so far */
    double seconds;          /* in this call */
    double lr, grad_norm;
    int64_t dim, levels;
    /* Held-out samples of the last validation that had no finite log-density (`valid` is the mean of
     * the others), and the ids of the first min(failed, WEIR_FAILED_NAMED) of them. */
    int64_t failed;
    const int64_t *failed_ids;
} weir_progress;

typedef struct weir_train_opts {
    size_t size;
    int64_t steps;      /* stop at this step; 0: the horizon, or where the config of a resume says */
    double minutes;     /* or after so long; 0: no limit */
    /* After a step, some ten times a second, and after the last. Non-zero: save and stop (WEIR_STOPPED). */
    int (*on_step)(void *user, const weir_progress *p); void *user;
} weir_train_opts;
WEIR_API weir_train_opts weir_train_defaults(void); /* to the horizon, without a limit of time */

/* Makes a run from a config, or opens the folder's own when config is NULL. A config is JSON as above, or text,
 * "model=nice model.hidden=64,64 data=digits train.steps=50": the options of the row train.run, which weir_options_text
 * also writes from a struct of them. A folder that
 * holds a run is refused unless `config` is NULL or agrees with it and resume is true: all it says
 * but where to stop (train.steps, train.epochs, schedule.horizon) must be what the run began with.
 * So is a folder whose run has trained and whose checkpoint is gone. What config and data both say
 * of the model (dim, shape, levels, standardize) must agree. */
WEIR_API weir_run *weir_run_open(weir_ctx *c, const char *folder, const char *config, bool resume);
WEIR_API bool weir_run_is_nil(const weir_run *r);
WEIR_API void weir_run_free(weir_run *r); /* and its model; while shares of that are out an error */
WEIR_API weir_status weir_run_train(weir_run *r, const weir_train_opts *o) WEIR_MUST_CHECK;
WEIR_API weir_model *weir_run_model(weir_run *r); /* as trained so far; owned by the run */

/* -- what a run says of itself ----------------------------------------------------------------- */
/* Of NULL and nil: "", 0, best_step -1, best NaN, without an error. */
WEIR_API const char *weir_run_folder(const weir_run *r);   /* as opened; owned by the run */
WEIR_API int64_t weir_run_step(const weir_run *r);         /* steps done, in earlier calls too */
WEIR_API int64_t weir_run_horizon(const weir_run *r);      /* steps of the schedule */
WEIR_API int64_t weir_run_stop(const weir_run *r);         /* where weir_run_train(r, NULL) stops */
WEIR_API int64_t weir_run_epoch(const weir_run *r);        /* steps of a pass over the training samples */
WEIR_API int64_t weir_run_dim(const weir_run *r);          /* values a sample */
WEIR_API int64_t weir_run_levels(const weir_run *r);       /* 0: continuous */
/* The best held-out mean log-density so far, nats of the data as stored (NaN: none yet), and the step
 * whose weights it is of (-1: none): those that model.safetensors holds. */
WEIR_API double weir_run_best(const weir_run *r);
WEIR_API int64_t weir_run_best_step(const weir_run *r);
/* What on_step would be told now: step, valid, best, failed and lr are the run's, also before the first call;
 * loss, grad_norm and seconds stand as in the last report of the last call (NaN, NaN, 0 before it).
 * failed_ids are the run's, until its next validation. */
WEIR_API weir_status weir_run_progress(const weir_run *r, weir_progress *p);

/* -- units -------------------------------------------------------------------------------------- */
/* A mean log-density of integer data of `dim` values and `levels` levels, nats as everywhere here, in
 * bits a value: -nats / (dim ln 2). A standard error, whose sign does not turn: weir_bits_per_dim(-error, ..).
 * NaN where levels or dim is not above 0: continuous data have no such unit. */
WEIR_API double weir_bits_per_dim(double nats, int64_t dim, int64_t levels);
/* The same mean of the data scaled to [0, 1): nats + dim ln levels. NaN likewise. */
WEIR_API double weir_nats_unit_range(double nats, int64_t dim, int64_t levels);

/* -- the report --------------------------------------------------------------------------------- */
/* A page about the run in `folder` (config.json and model.safetensors suffice): curves, samples, log-likelihoods of
 * each split, settings. One HTML file that needs no network, whole or not at all. Data that are no longer there, a
 * log that is missing or cut leave a gap and a sentence that says so; a model that cannot be read is an
 * error, and so is a file that cannot be written. */
WEIR_API weir_status weir_report_write(weir_ctx *c, const char *folder, const char *file) WEIR_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
