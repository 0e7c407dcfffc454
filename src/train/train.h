/* train.h - the inside of a training run. */
#ifndef WEIR_TRAIN_INTERNAL_H
#define WEIR_TRAIN_INTERNAL_H
#include "data/data.h"
#include "io/io.h"
#include "models/models.h"
#include "ops/ops.h"
#include "optim/optim.h"
#include "train/shards.h"
#include "weir/train.h"

/* -- config.c: a run as a row ----------------------------------------------------------------- */
typedef struct weir__train_opts {
    int64_t batch, seed, steps, epochs, shards, valid_every, valid_rows, checkpoint_every,
        log_every;
    double flip, ema, ema_half_life, ema_ramp, clip;
    bool divide_optimizer;
} weir__train_opts;
/* Everything a run is made of: the options of the row train.run. */
typedef struct weir__config {
    size_t size;
    weir_choice model, optimizer, schedule;
    char *data, *preset; /* preset "": none */
    int64_t horizon; /* steps; 0: not known before the data are */
    weir__train_opts train;
    weir_ctx *ctx; /* no option */
} weir__config;
extern const weir_row weir__run_row;
extern const weir_row *const weir__train_rows[]; /* it alone */

/* What is said of a run, the lowest first. Between the first two lie the settings of the preset
 * that they, the file and the settings name, else of the model's first. Keys are the run's
 * ("optimizer.lr"), or bare
 * ("lr") where only one of its rows has it; the run's own and the model's go before others. */
typedef struct weir__config_layers {
    const char *lowest; /* "key=value key=value"; NULL: nothing, as all below */
    const weir_data_facts *facts; /* for a preset that depends on them: it says less without */
    const json_t *file;
    const json_t *over; /* with `model`, `data` and `set` one layer, in this order */
    const char *model, *data;
    int n_set;
    const char *const *set; /* each "key=value" */
} weir__config_layers;
/* After an error there is nothing to free. */
weir_status weir__config_from(weir__config *out, weir_ctx *c, const weir__config_layers *from);
/* The same as JSON, or NULL with the error set; json_decref it. */
json_t *weir__config_resolved(weir_ctx *c, const weir__config_layers *from);
/* From a file and settings; without data it is an error. Names may be NULL where the others give
 * them. */
json_t *weir__config_resolve(weir_ctx *c, const char *model_name, const char *data_spec,
                             const json_t *file, int n_set, const char *const *set);
weir_status weir__config_read(weir__config *out, weir_ctx *c, const json_t *config);
/* What a program says of a run, JSON or "key=value key=value", as JSON. NULL: the error is set. */
json_t *weir__config_given(weir_ctx *c, const char *text);
/* The stored config with what `given` says instead, in any spelling: where the two differ, `given`
 * differs. */
json_t *weir__config_over(weir_ctx *c, const json_t *stored, const json_t *given);
json_t *weir__config_json(const weir__config *k);
void weir__config_free(weir__config *k);

/* -- preset.c: settings by name ---------------------------------------------------------------- */
weir_data_facts weir__preset_facts(const weir_dataset *d); /* of a data set that could be opened */
/* The one of that name, the first for NULL and ""; NULL: none. */
const weir_preset *weir__preset_find(const weir_model_row *m, const char *name);
/* What the preset says of such data (facts NULL: of any), and last its name, as a layer. `spec`,
 * which may be NULL, is the data's: what that says of standardize goes before the preset. */
weir_status weir__preset_add(weir__assignments *to, const weir_row *model, const weir_preset *p,
                             const weir_data_facts *facts, const char *spec);

/* -- fit.c: what the data say of the model ----------------------------------------------------- */
/* Fills in what the config leaves open; what both say must agree. begun: the config is a run's own,
 * already settled. */
weir_status weir__fit_model(weir_run *r, bool begun);
/* Whether the config speaks of an option of the model, though it be at its default: 0 levels is
 * continuous, "no" is not standardized. Rows that do not list it as given say so by another value
 * alone. */
bool weir__fit_says(const weir__config *k, const char *name);
/* conditions.c: the same of its classes and context; and what a model that is made gets of them:
 * names, and the statistics that standardise the context. */
weir_status weir__fit_conditions(weir_run *r);
weir_status weir__run_give_conditions(weir_run *r);
/* data_condition.c: whether n samples of d, beside what they offer, can be scored under k (NULL:
 * nothing more): what the model wants, all of it, and nothing that d has too. */
weir_status weir__data_condition_fits(weir_model *m, weir_dataset *d, const weir_condition *k,
                                      int64_t n, const char *who);
/* The batch of the samples first .., or rows[0] .., of n, under k too. */
weir_batch *weir__data_batch_under(weir_ctx *c, weir_batch *b, const weir_condition *k, int64_t n,
                                   int64_t first, const int64_t *rows);

/* -- run.c ------------------------------------------------------------------------------------- */
/* What the last report of a call said and the run does not keep otherwise. */
typedef struct weir__told {
    int64_t steps; /* 0: none yet */
    double loss, grad_norm, seconds;
} weir__told;

struct weir_run {
    weir__object object;
    char *folder;
    weir__config config;
    char fingerprint[24];
    weir_dataset *train, *valid; /* valid: nil when there are no samples */
    bool again; /* its folder held settings */
    weir__sharing sharing; /* of looking at all of them, by the ranks of a group */
    weir_dataset *held; /* of valid, the samples that validations score */
    weir_loader *loader;
    weir_model *model;
    weir_optim *optim;
    weir_ema *ema; /* NULL: off */
    int64_t step, horizon;
    int64_t stop; /* default last step of a call: the horizon, or that of a resume */
    int64_t valid_every, checkpoint_every, log_every;
    /* since the last line of the log */
    double loss_sum, norm_sum;
    int64_t loss_count;
    double loss_first; /* of the run's first step; NaN: none yet, or of weir 0.1.0 */
    int64_t loss_high; /* so many steps to here had one far above it */
    /* the best so far on validation */
    weir__state tree; /* the model's parameters and buffers, where they are */
    weir__state best; /* copies of them; empty: none yet */
    double best_valid, last_valid;
    int64_t failed; /* held-out samples that failed in the last validation */
    int64_t failed_ids[WEIR_FAILED_NAMED]; /* of the first of them */
    int64_t best_step; /* -1: none */
    int64_t written_step; /* best_step that model.safetensors holds; -2: none */
    double seconds; /* in earlier calls */
    int lock; /* descriptor of the folder, locked */
    int64_t warned; /* warnings of the context before this was opened */
    char machine[64]; /* kernels the run has been on, joined by '+': bits depend on all of them */
    int metrics; /* descriptor of the log, -1: none */
    int64_t metrics_bytes; /* of whole lines in it */
    int64_t events_bytes; /* of the events, at the last checkpoint */
    weir__events *events;
    weir__told told;
};
weir__object *weir__run_nil_new(weir_ctx *c);
extern weir_run weir__orphan_run;

/* weir_run_open with settings in layers; NULL: the folder's own. */
weir_run *weir__run_open_layers(weir_ctx *c, const char *folder, const weir__config_layers *from,
                                bool resume);
/* reflow.c: weir_run_reflow with settings in layers. */
weir_run *weir__run_reflow(weir_ctx *c, const char *from, const char *folder, const json_t *over,
                           int n_set, const char *const *set);
/* `name` within the run's folder, into buffer. */
const char *weir__run_path(const weir_run *r, const char *name, char *buffer, size_t bytes);

/* Data as a run sees them. `config` is its config.json, NULL: one that begins now. Runs of weir
 * 0.1.0 took the first samples of a split where others take a subset by hash: for them `limit=` and
 * validations keep that meaning. */
weir_dataset *weir__config_data(weir_ctx *c, const char *spec, const json_t *config);
/* run_data.c: opens a SPEC for the model of a run's folder, or of a file. Where it names the run's
 * own source, what it does not say of splits and columns is as the run has it, and a split that
 * differs is warned of. */
weir_dataset *weir__run_dataset(weir_ctx *c, const char *run, const char *spec);

/* -- look.c ------------------------------------------------------------------------------------ */
weir_progress weir__run_look(const weir_run *r);

/* -- picture.c, sample_file.c -------------------------------------------------------------------
 */
/* n samples of dim values, f32 or f64 as the model's data want. */
typedef struct weir__samples {
    weir_dtype dtype;
    int64_t n, dim;
    void *data; /* [n, dim] */
} weir__samples;
static inline double weir__samples_at(const weir__samples *x, int64_t i)
{
    if (x->dtype == WEIR_F64) return ((const double *)x->data)[i];
    return ((const float *)x->data)[i];
}
/* sample_ranks.c: draws x->n samples into x->data, and log q [n] of each (NULL: not wanted; else x
 * is f64). What a seed or a first number says is divided by the ranks of a group, and rank 0 has
 * all; else every rank draws its own. */
weir_status weir__sample_by_ranks(weir_model *m, const weir_sample_opts *o, const weir__samples *x,
                                  double *log_q);
/* Samples as a PNG: a grid of images, or a scatter of points for two columns. */
weir_status weir__picture(weir_model *m, const weir__samples *x, weir__bytes *png);

/* -- data_log_prob.c --------------------------------------------------------------------------- */
/* data_encode.c: what the model wants of the batch's condition; NULL: nothing. */
const weir_condition *weir__data_condition_of(weir_model *m, const weir_batch *b);
/* False, with the error set, for NULL, nil and data of another context than the model's. */
bool weir__data_usable(weir_model *m, weir_dataset *d, const char *who);
/* Calls batch(user, first, n) for n samples, o->batch at a time, and o->on_step after each, which
 * may stop it: WEIR_STOPPED. */
weir_status weir__data_walk(const weir_log_prob_opts *o, int64_t n,
                            weir_status (*batch)(void *user, int64_t first, int64_t n), void *user);
/* Whether the first n samples of d are such as m was made for, and their conditions with k; d then
 * numbers its classes as m does. */
weir_status weir__data_fits(weir_model *m, weir_dataset *d, const weir_condition *k, int64_t n,
                            const char *who);
/* weir_data_log_prob of data that are known to be the model's; log p_true is computed where
 * with_truth. */
weir_status weir__data_log_prob(weir_model *m, weir_dataset *d, const weir_data_log_prob_opts *o,
                                bool with_truth, weir_data_log_prob_info *info);

/* -- resume.c: what a resumed run may find otherwise ------------------------------------------- */
typedef struct weir__length {
    int64_t steps, epochs; /* steps 0: in epochs; both 0: unknown */
} weir__length;
/* Compares the settings of `given`, all its layers but `lowest`, with the run's own; *stop: how
 * long both together say. Data that are said to lie elsewhere become the run's: "data" of `stored`,
 * and "moved". */
weir_status weir__resume_compare(weir_ctx *c, const char *folder, const weir__config_layers *given,
                                 json_t *stored, weir__length *stop);
weir_status weir__resume_check_data(weir_run *r, const json_t *stored);
/* Refuses a run that has trained and whose checkpoint is gone: it would begin anew over what it
 * has. Before its folders are made. */
weir_status weir__resume_check_begun(weir_run *r);

/* -- together.c: a run over ranks; a single rank sends nothing --------------------------------- */
bool weir__run_speaks(const weir_run *r); /* this rank has the folder: rank 0 */
/* The folder's own config, NULL where it has none, and *stop, as rank 0 found them. The error is
 * set where one has. */
json_t *weir__run_share_stored(weir_ctx *c, json_t *stored, weir__length *stop);
/* All are well, and have opened the same data under the same settings; false: the error is set. */
bool weir__run_agree(weir_run *r);
weir_status weir__run_share_state(weir_run *r); /* rank 0's, to all */
/* Whether each rank has a part of the optimizer's state: rank 0 from when it has given the others
 * theirs. */
bool weir__run_divides(const weir_run *r);
/* -- divided.c: states of which each rank has a part ------------------------------------------- */
/* One that lies whole on rank 0, to the ranks whose parts it is made of. */
bool weir__divided_give(weir_run *r, const weir__state_range *s);
/* What every rank but 0 does while rank 0 pulls: sends its parts of all such states, in order. */
bool weir__divided_send(weir_run *r, const weir__state *s);
/* On rank 0 the bytes of all such states in order, of which the others' come as they are asked
 * for. */
typedef struct weir__divided {
    weir_run *run;
    const weir__state *state;
    int64_t range; /* of the state: where it is */
    size_t at;     /* bytes of it that are past */
    size_t n, used; /* of the piece at hand */
    char piece[1 << 16];
} weir__divided;
void weir__divided_pull(void *divided, void *to, size_t bytes);
/* What was not asked for, so that nobody waits. */
void weir__divided_rest(weir__divided *d);
/* From here on each rank reads its part of the data in passes over all of them. False: the error is
 * set, or one has other settings. */
bool weir__run_share_data(weir_run *r);

/* -- state.c: what a run is at a step ---------------------------------------------------------- */
typedef enum weir__counter_kind { WEIR__COUNTER_INT, WEIR__COUNTER_REAL } weir__counter_kind;
typedef struct weir__counter {
    const char *name; /* NULL ends the list */
    weir__counter_kind kind;
    size_t offset; /* in the run */
    bool later; /* checkpoints of 0.1.0 have none: 0 */
} weir__counter;
extern const weir__counter weir__run_counters[];
/* All ranges of the run; weir__state_free it. */
weir_status weir__run_state(weir_run *r, weir__state *out);
/* Sets loader, optimizer and average to the run's step. */
void weir__run_follow(weir_run *r);

/* -- checkpoint.c ------------------------------------------------------------------------------ */
weir_status weir__checkpoint_save(weir_run *r);
weir_status weir__checkpoint_load(weir_run *r); /* none: the run is at its start */
/* model.safetensors from the best weights, or from the present ones while there are none. */
weir_status weir__run_write_model(weir_run *r);

/* -- valid.c ----------------------------------------------------------------------------------- */
weir_status weir__run_validate(weir_run *r, double seconds);

/* loop.c: the learning rate of a step */
double weir__run_rate(const weir_run *r, int64_t step);

/* -- diverge.c --------------------------------------------------------------------------------- */
/* Takes the loss of the step just done; an error where the run diverges. */
weir_status weir__run_watch_loss(weir_run *r, double loss);

/* -- journal.c: metrics.jsonl and TensorBoard events ------------------------------------------- */
weir_status weir__journal_open(weir_run *r); /* cut back to the lengths that the run knows */
weir_status weir__journal_step(weir_run *r, double lr, double seconds);
weir_status weir__journal_valid(weir_run *r, double stderr_, double seconds);
weir_status weir__journal_sync(weir_run *r); /* and notes the lengths */
void weir__journal_close(weir_run *r);

#endif
