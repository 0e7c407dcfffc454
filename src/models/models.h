/* models.h - the inside of a model, and what the rooms above need beyond weir/model.h. */
#ifndef WEIR_MODELS_INTERNAL_H
#define WEIR_MODELS_INTERNAL_H
#include "diffusion/diffusion.h"
#include "flow/flow.h"
#include "io/io.h"
#include "nn/nn.h"
#include "weir/model.h"
#include "weir/model_row.h"

enum { WEIR__WANTS = 8 };

struct weir_model {
    weir__object object;
    const weir_model_row *row;
    void *options, *state;
    weir_module *module;  /* root; children of the row's making and "data" */
    weir_module *data;    /* holds mean and std when standardized */
    weir_tensor *mean, *std; /* f64, whatever dtype is; NULL: not standardized */
    weir_tensor *context_mean, *context_std; /* f64 [context]; NULL: the context is taken as it is */
    weir_dtype dtype;
    int64_t dim, levels;
    int ndim;             /* of a sample */
    int64_t shape[WEIR_RANK_MAX];
    int64_t noise_dim;    /* of a sample's noise; shape and rank likewise */
    int noise_ndim;
    int64_t noise_shape[WEIR_RANK_MAX];
    char wants[WEIR__WANTS][64]; /* names of the conditions that the model takes */
    int n_wants;
    int64_t classes, context; /* how many the model is conditioned on; 0: none */
    weir_words names[3];  /* by weir_names: of columns, classes, values of a context; n 0: none */
    bool told_dropped;    /* that data offer a condition which the model does not want */
    int64_t losses;       /* calls of weir_model_loss outside a trainer's frame */
    int64_t sample_stream, sample_position; /* of samples that go on from call to call */
    weir_model *lender;   /* whose weights a share reads, itself no share; NULL: its own */
    _Atomic int64_t shares_made; /* of a lender, whose shares may be shared by their own threads */
    void *cache; /* a room above keeps something beside the model (the trainer's shards); freed with it */
    void (*cache_free)(void *cache);
    char weights[16];     /* what the parameters are: raw, ema or best; for the file's metadata */
};

weir__object *weir__model_nil_new(weir_ctx *c);
extern weir_model weir__orphan_model;
extern const weir_row *const weir__model_rows[];
extern const int64_t weir__model_row_count;
extern const weir_row *const weir__network_rows[];
extern const int64_t weir__network_row_count;
extern const weir_module_row weir__row_mlp;

/* What a room above keeps beside the model; setting frees what was there. */
void *weir__model_cache(const weir_model *m);
void weir__model_set_cache(weir_model *m, void *cache, void (*free_cache)(void *));
bool weir__model_usable(const weir_model *m, const char *who);
/* False, after an error, while shares of the model are out; of a share itself none ever are. */
bool weir__model_unshared(const weir_model *m, const char *who);
/* From filled options; takes nothing over. */
weir_model *weir__model_from_options(weir_ctx *c, const weir_model_row *row, const void *options);

/* The batch as the row's `prepare` gives it back, where it wants all of it; else b itself. Before it is cut in shards. */
weir_batch *weir__model_prepare_whole(weir_model *m, weir_batch *b, uint64_t step);
/* Runs the data-dependent starts of modules that have not started, as the step `step` sees the batch. Before the first sharded step. */
weir_status weir__model_start(weir_model *m, weir_batch *b, uint64_t step);

bool weir__score_options_fit(weir_ctx *c, const weir_score_opts *o); /* score.c */

/* -- condition.c ------------------------------------------------------------------------------- */
/* False, with an error in c that begins with `who`, unless k has what the model wants and nothing else,
 * classes that there are and a context of as many values. */
bool weir__model_condition_fits(const weir_model *m, weir_ctx *c, const weir_condition *k, const char *who);
/* k, which fits, as the model's row sees it: a context standardised, of the model's type, in c. */
const weir_condition *weir__model_condition_ready(const weir_model *m, weir_ctx *c, const weir_condition *k);
/* b in c, its context or one below, with such a condition: once, whoever asks again. Of one that data
 * offer what is not wanted is dropped, with one line of the log a model. nil: the error is set. */
weir_batch *weir__model_batch(weir_model *m, weir_ctx *c, weir_batch *b, const char *who);
/* Whether n samples can be drawn of k's, as many of each; and the part of samples [first, first + count). */
bool weir__model_condition_divides(weir_ctx *c, const weir_condition *k, int64_t n, const char *who);
weir_condition *weir__model_condition_part(weir_ctx *c, const weir_condition *k, int64_t n, int64_t first, int64_t count);

/* -- context.c --------------------------------------------------------------------------------- */
weir_tensor *weir__model_standardize_context(const weir_model *m, weir_tensor *x);
weir_status weir__model_add_context_standardize(weir_model *m); /* the two buffers, 0 and 1, where there are none */
weir_status weir__model_check_context(weir_model *m); /* after they changed */

/* -- names.c ----------------------------------------------------------------------------------- */
void weir__model_names_free(weir_model *m);
weir_status weir__model_copy_names(weir_model *to, const weir_model *from);
/* What the data call their columns, classes and values of a context, as far as the model has them. */
weir_status weir__model_take_names(weir_model *m, const weir_dataset *d);
/* Into metadata, as JSON lists; and back. */
bool weir__model_put_names(const weir_model *m, json_t *metadata);
weir_status weir__model_get_names(weir_model *m, const json_t *metadata, const char *where);

/* -- flow_model.c: the functions of rows whose state begins with these ---------------------------- */
typedef struct weir__flow_state {
    weir_module *flow, *base;
    bool flat; /* the bijection is of vectors, whatever the shape of a sample */
} weir__flow_state;
weir_tensor *weir__flow_log_prob(weir_model *m, weir_tensor *y, const weir_condition *k, const weir_score_opts *o, weir_score_info *info);
weir_tensor *weir__flow_noise(weir_model *m, int64_t n, const weir_condition *k, double temperature, weir_tensor **log_q);
weir_tensor *weir__flow_noise_log_prob(weir_model *m, weir_tensor *z, const weir_condition *k);
weir_tensor *weir__flow_sample(weir_model *m, weir_tensor *z, const weir_condition *k, const weir_sample_opts *o, weir_tensor **log_det);

/* -- mlp.c ------------------------------------------------------------------------------------------------------------------ */
typedef struct weir__mlp_opts {
    size_t size;
    int64_t in, out;
    weir_ints hidden;
    int32_t activation, init, dtype, time;
    int64_t frequencies;
    double bound;
    int64_t classes, context; /* that the network is conditioned on; 0: none */
    bool zero; /* the last layer starts at 0 */
} weir__mlp_opts;
#define WEIR__MLP_ACTIVATIONS "relu|tanh|sigmoid|softplus|silu|gelu"
#define WEIR__MLP_TIMES "raw|fourier|sinusoidal"

/* -- what all models say of their data: the head of their options ------------------------------ */
typedef struct weir__model_opts {
    size_t size;
    int64_t dim, levels;
    weir_ints shape;
    bool standardize;
    int32_t dtype;
    int64_t classes, context;
} weir__model_opts;
#define WEIR__MODEL_OPT(field) offsetof(weir__model_opts, field)
#define WEIR__MODEL_OPTIONS \
    { "dim", WEIR_OPTION_INT, WEIR__MODEL_OPT(dim), "0", 0, 1 << 24, NULL, \
      "values a sample; 0: the product of shape" }, \
    { "shape", WEIR_OPTION_INTS, WEIR__MODEL_OPT(shape), "", 1, 1 << 24, NULL, \
      "of a sample, such as 1,28,28; empty: dim" }, \
    { "levels", WEIR_OPTION_INT, WEIR__MODEL_OPT(levels), "0", 0, 1 << 24, NULL, \
      "data are integers 0 .. levels-1; 0: continuous" }, \
    { "standardize", WEIR_OPTION_BOOL, WEIR__MODEL_OPT(standardize), "no", 0, 1, NULL, \
      "the model holds mean and deviation of the data" }, \
    { "dtype", WEIR_OPTION_CHOICE, WEIR__MODEL_OPT(dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES, \
      "element type, of all rows that are chosen here too" }, \
    { "classes", WEIR_OPTION_INT, WEIR__MODEL_OPT(classes), "0", 0, 1 << 20, WEIR__AUTO_CHOICES, \
      "that samples are conditioned on; 0: none; auto: those of the training data" }, \
    { "context", WEIR_OPTION_INT, WEIR__MODEL_OPT(context), "0", 0, 1 << 24, WEIR__AUTO_CHOICES, \
      "values a sample is conditioned on; 0: none; auto: those of the training data, as unless said" }

/* As many as the training data have; settled before a model is made. */
enum { WEIR__AUTO = -1 };
#define WEIR__AUTO_CHOICES "auto=-1"

#define WEIR__MODEL_GIVEN "levels|standardize|context" /* by the data, unless said */

/* -- nested.c ------------------------------------------------- */
/* The sampler of one request: a copy of `own`, or the one that `text` says, "NAME key=value ..", with
 * what `own` has under the same names. False: the error is set, and there is nothing to close. */
bool weir__sampler_open(weir_ctx *c, const weir_row *owner, const weir_choice *own, const char *text,
                        weir_choice *k);
void weir__sampler_close(weir_ctx *c, weir_choice *k);

/* -- solve.c: models whose samples are a sampler's run ------------------------------------------- */
/* Transformed data [n, shape..] from z [n, dim], standard normal, by the network `f` on its path; the
 * sampler is `own` unless o says another. */
weir_tensor *weir__solve_sample(weir_model *m, const weir__field *f, const weir_choice *own,
                                weir_tensor *z, const weir_condition *k,
                                const weir_sample_opts *o);
/* solve_log_prob.c: log p [n] of transformed data, by the solver `own` and so many probes (-1: by the
 * size of a sample) unless o says others. */
weir_tensor *weir__solve_log_prob(weir_model *m, const weir__field *f, const weir_choice *own,
                                  int64_t probes, weir_tensor *y, const weir_condition *k,
                                  const weir_score_opts *o, weir_score_info *info);

/* -- transform.c: data as stored <-> what the model's map sees ---------------------------------------------------------------- */
/* x [B, ...] as stored, f32 or f64 -> y [B, shape..] of the model's type; draws the dequantisation in
 * the present frame. nil: the error is set. */
weir_tensor *weir__model_transform(weir_model *m, weir_tensor *x);
/* v + u, or (v + u) / levels when `unit`: integers v of so many levels (up to 2^24), u uniform on
 * [0, 1), of v's shape and type. The result lies in [v, levels), or in [v / levels, 1): where rounding
 * would give the end of the interval, it is the largest number below. A v that is no level is not
 * brought into it. */
weir_tensor *weir__dequantize(weir_tensor *v, weir_tensor *u, int64_t levels, bool unit);
/* log|det dy/dx|, the same for every sample. */
double weir__model_log_det(const weir_model *m);
/* y as the model samples it -> data as stored: n * dim values. Integer data come out as integers within [0, levels). */
void weir__model_untransform(const weir_model *m, double *values, int64_t n);
/* The same without the rounding to integers: for states of a trajectory. */
void weir__model_unscale(const weir_model *m, double *values, int64_t n);
/* False, with an error, unless the n means are finite and the deviations above 0. */
bool weir__model_statistics_fit(weir_model *m, int64_t n, const double *mean, const double *std, const char *who);
weir_status weir__model_check_std(weir_model *m); /* after mean and std changed */
weir_status weir__model_add_standardize(weir_model *m); /* makes the two buffers, 0 and 1, when there are none */

/* -- frames: streams of random numbers ------------------------------------------------------------------------------------------ */
#define WEIR__STREAM_TRAIN "train"   /* step: the trainer's */
#define WEIR__STREAM_PREPARE "prepare" /* step: the trainer's */
#define WEIR__STREAM_SCORE "score"   /* step: the number of the dequantisation draw */
#define WEIR__STREAM_SAMPLE "sample" /* step: the model's stream; ids: numbers of samples */
enum { WEIR__CHUNK_ROWS = 256 };     /* rows at a time where the caller does not say; bits do not depend on it */

/* -- mean.c: means over rows ------------------------------------------------------------------------------------------------------- */
typedef struct weir__mean { /* begin with { 0 } */
    double from, weight, sum, square, w2, w2d, w2dd;
    int exponent;      /* weights count as w / 2^exponent */
    int64_t n, failed; /* samples of a weight above 0 whose value is finite; whose value is not */
} weir__mean;
void weir__mean_add(weir__mean *m, double v, double w); /* of weight 0: nothing, whatever v is */
double weir__mean_value(const weir__mean *m); /* NaN: of no sample */
double weir__mean_error(const weir__mean *m); /* NaN: of fewer than two */
/* How many samples of equal weight would say as much. */
double weir__mean_effective(const weir__mean *m);

/* -- config.c: options as JSON ---------------------------------------------------------------------------------------------------- */
/* {"dim": 64, "hidden": [256, 256], ...}; NULL: no memory, the error is set. json_decref it. */
json_t *weir__options_to_json(weir_ctx *c, const weir_row *row, const void *options);
/* Sets the options that `object` names, but for "name". */
weir_status weir__options_from_json(weir_ctx *c, const weir_row *row, void *options, const json_t *object,
                                    const char *where);
/* What a JSON file says, as assignments; its members `skip` (NULL: none, else ended by NULL) are passed over. */
weir_status weir__assignments_json(weir__assignments *a, const json_t *object, const char *const *skip);

/* -- weights.c, load.c --------------------------------------------------------------------------------------------------------------- */
/* "raw", "ema" or "best": written to the metadata of later saves. */
void weir__model_set_weights_kind(weir_model *m, const char *kind);
/* Metadata as saves write it, plus the string members of `extra` (may be NULL). json_decref it. */
json_t *weir__model_metadata(weir_model *m, const json_t *extra);
weir_status weir__model_save_with(weir_model *m, const char *path, const json_t *extra) WEIR_MUST_CHECK;
/* What a tree saves: parameters and buffers under their names, pointing into them. NULL: the error is set. weir__free it. */
weir__weight *weir__module_weights(weir_module *m, int64_t *n);
typedef struct weir__assign_opts {
    const char *where, *what, *kind; /* for messages: the file, "model.nice", "model" */
    bool partial;                    /* names may be missing or unexpected */
    weir_load_info *info;            /* or NULL */
} weir__assign_opts;
weir_status weir__module_assign(weir_module *m, const weir__weights *w, const weir__assign_opts *o);
/* Copies every parameter and buffer from `w`: missing, unexpected and mis-shaped names are listed (in the log all), and then nothing changes. */
weir_status weir__model_assign(weir_model *m, const weir__weights *w, const char *where);

/* -- facts.c: what presets ask of the data -------------------------------------------------------- */
/* Pictures, whose values go together by where they are: with axes of their own, or flat, such as the 64 of
 * `digits`, as grey values of 16 levels or more. */
bool weir__looks_like_pictures(const weir_data_facts *f);
/* n / d^1.5 of a table of n samples of d values: what a perceptron gains over a linear map grows with n, what it
 * loses by learning the training samples by heart with d. */
double weir__samples_per_values(const weir_data_facts *f);
/* So few that linear maps do better: below 25 of those for a table, 8 samples a value for pictures. */
bool weir__few_samples(const weir_data_facts *f);

#endif
