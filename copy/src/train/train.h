/* train.h - the inside of a training run. */
#ifndef WEIR_TRAIN_INTERNAL_H
#define WEIR_TRAIN_INTERNAL_H
#include "data/data.h"
#include "io/io.h"
#include "models/models.h"
#include "ops/ops.h"
#include "optim/optim.h"
#include "weir/train.h"

/* -- shards.c: a batch in fixed pieces ------------------------------------------------------------------------------------------ */
/* Loss and gradients of the batch in `shards` pieces; losses[i] is sample i's, unweighted. Gradients are added to the leaves'. */
weir_status weir__shards_run(weir_model *m, weir_batch *b, int64_t shards, uint64_t step, double *losses);
bool weir__all_finite(const double *v, int64_t n);
/* Samples [from, to) of the batch as views in c, which is b's context or below it. */
weir_batch *weir__batch_piece(weir_ctx *c, const weir_batch *b, int64_t from, int64_t to);

/* -- config.c ----------------------------------------------------------------------------------------------------------------------- */
typedef struct weir__train_opts {
    size_t size;
    int64_t batch, seed, steps, epochs, shards, valid_every, valid_rows, checkpoint_every, log_every;
    double ema, clip;
} weir__train_opts;
extern const weir_row weir__train_row; /* options of a run: "train.options" */

/* Everything a run is made of, resolved: defaults, then the preset, the file, and the settings, in that order. */
typedef struct weir__config {
    weir_ctx *ctx;
    const weir_model_row *model;
    const weir_row *optimizer;
    const weir_schedule_row *schedule;
    char data[1024];
    char preset[64];
    void *model_opts, *optimizer_opts, *schedule_opts;
    weir__train_opts train;
    int64_t horizon; /* steps; 0: not known before the data are */
} weir__config;

/* The whole config as JSON, or NULL with the error set; json_decref it. Names may be NULL where the file or a setting gives them.
 * Settings are "key=value": model, optimizer, schedule, preset, data, or a key of one of them ("optimizer.lr", or "lr" where only
 * one has it). */
json_t *weir__config_resolve(weir_ctx *c, const char *model_name, const char *data_spec, const json_t *file, int n_set, const char *const *set);
weir_status weir__config_read(weir__config *out, weir_ctx *c, const json_t *config, const char *where);
/* The stored config with what `given` says instead, in any spelling: where the two differ, `given` differs. */
json_t *weir__config_over(weir_ctx *c, const json_t *stored, const json_t *given);
json_t *weir__config_json(const weir__config *k);
void weir__config_free(weir__config *k);

/* -- run.c ---------------------------------------------------------------------------------------------------------------------------- */
struct weir_run {
    weir__object object;
    char *folder;
    weir__config config;
    char fingerprint[24];
    weir_dataset *train, *valid; /* valid: nil when there are no rows */
    weir_loader *loader;
    weir_model *model;
    weir_optim *optim;
    weir_ema *ema;               /* NULL: off */
    int64_t step, horizon;
    int64_t valid_every, checkpoint_every, log_every;
    /* since the last line of the log */
    double loss_sum, norm_sum;
    int64_t loss_count;
    /* the best so far on validation */
    void *best;                  /* flat parameters, NULL: none yet */
    double best_valid, last_valid;
    int64_t best_step;           /* -1: none */
    int64_t written_step;        /* best_step that model.safetensors holds; -2: none */
    double seconds;              /* in earlier calls */
    int lock;                    /* descriptor of the folder, locked */
    char machine[64];            /* kernels the run has been on, joined by '+': bits depend on all of them */
    int metrics;                 /* descriptor of the log, -1: none */
    int64_t metrics_bytes;       /* of whole lines in it */
    weir__events *events;
};
weir__object *weir__run_nil_new(weir_ctx *c);
extern weir_run weir__orphan_run;

/* `name` within the run's folder, into buffer. */
const char *weir__run_path(const weir_run *r, const char *name, char *buffer, size_t bytes);

/* -- checkpoint.c ------------------------------------------------------------------------------------------------------------------------ */
weir_status weir__checkpoint_save(weir_run *r);
weir_status weir__checkpoint_load(weir_run *r, int64_t *metrics_bytes, int64_t *events_bytes); /* none: both 0 */
/* model.safetensors from the best weights, or from the present ones while there are none. */
weir_status weir__run_write_model(weir_run *r);

/* -- journal.c: metrics.jsonl and TensorBoard events ------------------------------------------------------------------------------------- */
weir_status weir__journal_open(weir_run *r, int64_t metrics_bytes, int64_t events_bytes);
weir_status weir__journal_step(weir_run *r, double lr, double seconds);
weir_status weir__journal_valid(weir_run *r, double valid, double stderr_, double seconds);
weir_status weir__journal_sync(weir_run *r, int64_t *metrics_bytes, int64_t *events_bytes);
void weir__journal_close(weir_run *r);

#endif
