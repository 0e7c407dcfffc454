/* models.h - the inside of a model, and what the rooms above need beyond weir/model.h. */
#ifndef WEIR_MODELS_INTERNAL_H
#define WEIR_MODELS_INTERNAL_H
#include "diffusion/diffusion.h"
#include "flow/flow.h"
#include "io/io.h"
#include "models/condition.h"
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
    weir_tensor *context_mean, *context_std; /* f64 [context]; NULL: it is taken as it is */
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
    weir_module *dequantizer;  /* of integer data; NULL: they are continuous */
    double dropout;            /* of a condition in training; 0: there is no null condition */
    weir_module *embed;        /* that the context goes through; NULL: none */
    int64_t seen_context;      /* values of a context as rows see it: the network's, else all */
    weir_tensor *null_context; /* [context], learned; NULL: none */
    weir_words names[3];  /* by weir_names: of columns, classes, values of a context; n 0: none */
    bool told_dropped;    /* that data offer a condition which the model does not want */
    int64_t losses;       /* calls of weir_model_loss outside a trainer's frame */
    int64_t sample_stream, sample_position; /* of samples that go on from call to call */
    weir_model *lender;   /* whose weights a share reads, itself no share; NULL: its own */
    _Atomic int64_t shares_made; /* of a lender, whose shares may be shared by their own threads */
    void *cache; /* a room above keeps something beside the model (the trainer's shards); freed with
                    it */
    void (*cache_free)(void *cache);
    char weights[16]; /* what the parameters are: raw, ema or best; for the file's metadata */
};

weir__object *weir__model_nil_new(weir_ctx *c);
extern weir_model weir__orphan_model;
/* Every model, in the order of the listing: model.nice is weir__model_nice, and so on. */
#define WEIR__MODEL_LIST(F) \
    F(nice) F(realnvp) F(glow) F(nsf) F(maf) F(iaf) F(flow) F(rectified_flow) \
    F(flow_matching) F(ddpm) F(score_sde) F(edm) F(cnf)
#define F(n) extern const weir_model_row weir__model_##n;
WEIR__MODEL_LIST(F)
#undef F
extern const weir_row *const weir__model_rows[];
extern const int64_t weir__model_row_count;
extern const weir_row *const weir__network_rows[];
extern const int64_t weir__network_row_count;
extern const weir_module_row weir__row_mlp, weir__row_residual_mlp, weir__row_made, weir__row_conv,
    weir__row_conv_resnet, weir__row_unet, weir__row_retarget;
extern const char weir__torch_mlp[], weir__torch_residual_mlp[], weir__torch_made[],
    weir__torch_masked_linear[], weir__torch_conv[], weir__torch_conv_resnet[],
    weir__torch_unet[]; /* models/torch */

/* What a room above keeps beside the model; setting frees what was there. */
void *weir__model_cache(const weir_model *m);
void weir__model_set_cache(weir_model *m, void *cache, void (*free_cache)(void *));
bool weir__model_usable(const weir_model *m, const char *who);
/* False, after an error, while shares of the model are out; of a share itself none ever are. */
bool weir__model_unshared(const weir_model *m, const char *who);
/* From filled options; takes nothing over. */
weir_model *weir__model_from_options(weir_ctx *c, const weir_model_row *row, const void *options);

/* The batch as the row's `prepare` gives it back, where it wants all of it; else b itself. Before
 * it is cut in shards. */
weir_batch *weir__model_prepare_whole(weir_model *m, weir_batch *b, uint64_t step);
/* Whether a step looks at its whole batch before it is cut in shards, as the two calls around this
 * one do: of a model that prepares it, or that starts from it and has not yet. */
bool weir__model_wants_whole(const weir_model *m);
/* Runs the data-dependent starts of modules that have not started, as the step `step` sees the
 * batch. Before the first sharded step. */
weir_status weir__model_start(weir_model *m, weir_batch *b, uint64_t step);

/* score.c: the options into a whole struct, which has the defaults. False, after an error: they do
 * not fit. */
bool weir__log_prob_read(weir_ctx *c, const weir_log_prob_opts *given, weir_log_prob_opts *o);

/* -- flow_model.c: the functions of rows whose state begins with these ------------------------- */
typedef struct weir__flow_state {
    weir_module *flow, *base;
    bool flat; /* the bijection is of vectors, whatever the shape of a sample */
} weir__flow_state;
weir_tensor *weir__flow_log_prob(weir_model *m, weir_tensor *y, const weir_condition *k,
                                 const weir_log_prob_opts *o, weir_log_prob_info *info);
weir_tensor *weir__flow_noise(weir_model *m, int64_t n, const weir_condition *k, double temperature,
                              weir_tensor **log_q);
weir_tensor *weir__flow_noise_log_prob(weir_model *m, weir_tensor *z, const weir_condition *k);
weir_tensor *weir__flow_sample(weir_model *m, weir_tensor *z, const weir_condition *k,
                               const weir_sample_opts *o, weir_tensor **log_det);

weir_tensor *weir__flow_encode(weir_model *m, weir_tensor *y, const weir_condition *k,
                               const weir_log_prob_opts *o);

/* -- mlp.c ------------------------------------------------------------------------------------- */
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

/* -- time_waves.c ------------------------------------------------------------------------------ */
typedef struct weir__waves {
    bool fourier; /* else sinusoidal */
    bool sin_first;
    int64_t frequencies;
    double scale, shift; /* of sinusoidal */
} weir__waves;
/* [B, 2 frequencies] of t's type, of t [B]. */
weir_tensor *weir__time_waves(const weir__waves *w, weir_tensor *t);

/* -- masked_linear.c --------------------------------------------------------------------------- */
typedef struct weir__masked_linear_opts {
    size_t size;
    int64_t in, out;
    const int64_t *in_degrees, *out_degrees; /* output i sees input j where degree i >= degree j */
    bool strict; /* where it is > */
    bool zero;   /* starts at 0 */
    weir_dtype dtype;
} weir__masked_linear_opts;
weir_module *weir__masked_linear_new(weir_ctx *c, const weir__masked_linear_opts *o);
typedef struct weir__masked_linear_parts {
    weir_tensor *weight, *bias, *mask; /* its own: [out, in], [out], [out, in] */
} weir__masked_linear_parts;
weir__masked_linear_parts weir__masked_linear_parts_of(const weir_module *m);

/* -- what all models say of their data: the head of their options ------------------------------ */
typedef struct weir__model_opts {
    size_t size;
    int64_t dim, levels;
    weir_ints shape;
    bool standardize;
    int32_t standardize_scale; /* WEIR__SCALE_EACH or _ONE */
    int32_t dtype;
    int64_t classes, context;
    double dropout;
    weir_choice dequantizer, embed;
} weir__model_opts;
#define WEIR__MODEL_OPT(field) offsetof(weir__model_opts, field)
enum { WEIR__SCALE_EACH, WEIR__SCALE_ONE };
#define WEIR__SCALE_CHOICES "each|one"
#define WEIR__MODEL_OPTIONS \
    { "dim", WEIR_OPTION_INT, WEIR__MODEL_OPT(dim), "0", 0, 1 << 24, NULL, \
      "values a sample; 0: the product of shape" }, \
    { "shape", WEIR_OPTION_INTS, WEIR__MODEL_OPT(shape), "", 1, 1 << 24, NULL, \
      "of a sample, such as 1,28,28; empty: dim" }, \
    { "levels", WEIR_OPTION_INT, WEIR__MODEL_OPT(levels), "0", 0, 1 << 24, NULL, \
      "data are integers 0 .. levels-1; 0: continuous" }, \
    { "standardize", WEIR_OPTION_BOOL, WEIR__MODEL_OPT(standardize), "no", 0, 1, NULL, \
      "the model holds mean and deviation of the data" }, \
    { "standardize_scale", WEIR_OPTION_CHOICE, WEIR__MODEL_OPT(standardize_scale), "each", 0, 0, \
      WEIR__SCALE_CHOICES, \
      "of standardize=yes: each value has a mean and deviation of its own, or all values have " \
      "one, as networks of pictures want" }, \
    { "dtype", WEIR_OPTION_CHOICE, WEIR__MODEL_OPT(dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES, \
      "element type, of all that is chosen here too" }, \
    { "classes", WEIR_OPTION_INT, WEIR__MODEL_OPT(classes), "0", 0, 1 << 20, WEIR__AUTO_CHOICES, \
      "that samples are conditioned on; 0: none; auto: those of the training data" }, \
    { "context", WEIR_OPTION_INT, WEIR__MODEL_OPT(context), "0", 0, 1 << 24, WEIR__AUTO_CHOICES, \
      "values a sample is conditioned on; 0: none; auto: those of the training data, as unless " \
      "said" }, \
    { "condition.dropout", WEIR_OPTION_REAL, WEIR__MODEL_OPT(dropout), "0", 0, 1, NULL, \
      "of a training sample's condition, so that samples can be drawn without one and guided; " \
      "0: none" }, \
    { "dequantizer", WEIR_OPTION_ROW, WEIR__MODEL_OPT(dequantizer), "uniform", 0, 0, \
      "dequantizer", "what is added to integer data" }, \
    { "embed", WEIR_OPTION_ROW, WEIR__MODEL_OPT(embed), "", 0, 0, "network", \
      "that the context goes through first; of out= values, 16 unless said; none: it is seen as " \
      "it is" }

/* As many as the training data have; settled before a model is made. */
enum { WEIR__AUTO = -1 };
#define WEIR__AUTO_CHOICES "auto=-1"

#define WEIR__MODEL_GIVEN "levels|standardize|context" /* by the data, unless said */

/* -- nested.c ------------------------------------------------- */
/* The sampler of one request: a copy of `own`, or the one that `text` says, "NAME key=value ..",
 * with what `own` has under the same names. False: the error is set, and there is nothing to close.
 */
bool weir__sampler_open(weir_ctx *c, const weir_row *owner, const weir_choice *own,
                        const char *text, weir_choice *k);
void weir__sampler_close(weir_ctx *c, weir_choice *k);
/* solve_encode.c: the noise [n, shape..] of transformed data, by the solver `own` unless o says
 * another. */
weir_tensor *weir__solve_encode(weir_model *m, const weir__field *f, const weir_choice *own,
                                weir_tensor *y, const weir_condition *k,
                                const weir_log_prob_opts *o);
/* solve.c: its guidance is not 1, or it says clamp=yes, which a log-density cannot have: an error
 * of m. */
bool weir__sampler_alters(const weir_model *m, const weir_choice *sampler);

/* start.c: o's start as a whole struct, which has the defaults; false, after an error: it does not
 * fit. */
struct weir_sample_start;
bool weir__start_read(weir_model *m, const weir_sample_opts *o, struct weir_sample_start *start,
                      const char *who);
/* Of samples at .. at+n-1 of the request what the model's row sees: x [n, dim] transformed, to be
 * freed. Sets the random frame, for what the transform draws. */
void weir__start_part(weir_model *m, const struct weir_sample_start *whole, const int64_t *ids,
                      int64_t at, int64_t n, const weir_condition *k,
                      struct weir_sample_start *part);

/* -- solve.c: models whose samples are a sampler's run ----------------------------------------- */
/* Transformed data [n, shape..] from z [n, dim], standard normal, by the network `f` on its path;
 * the sampler is `own` unless o says another. exact: by what the network says, never clamped. */
weir_tensor *weir__solve_sample(weir_model *m, const weir__field *f, const weir_choice *own,
                                bool exact, weir_tensor *z, const weir_condition *k,
                                const weir_sample_opts *o);
/* solve_log_prob.c: log p [n] of transformed data, by the solver `own` and so many probes (-1: by
 * the size of a sample) unless o says others. Where gradients are wanted it is recorded. */
weir_tensor *weir__solve_log_prob(weir_model *m, const weir__field *f, const weir_choice *own,
                                  int64_t probes, weir_tensor *y, const weir_condition *k,
                                  const weir_log_prob_opts *o, weir_log_prob_info *info);

/* solve_recorded.c: over the times from data to noise, with history; probes [n, k, dim], NULL: the
 * exact trace. */
typedef struct weir__recorded {
    weir_tensor *log_prob; /* [n] */
    weir_tensor *kinetic;  /* [n]: integral of |u|^2 */
    weir_tensor *jacobian; /* [n]: of |e^T du/dx|^2, a mean over probes, a sum over unit vectors */
} weir__recorded;
weir__recorded weir__solve_recorded(const weir__field *f, const weir_tableau *m,
                                    const double *times, int64_t n_times, weir_tensor *x,
                                    const weir_condition *k, weir_tensor *probes);
/* solve_log_prob.c: [n, k, dim] of +-1, by sample id */
weir_tensor *weir__rademacher(weir_ctx *c, const weir_model *m, int64_t n, int64_t k);
/* score.c: whether x or a parameter of m wants a gradient that is recorded now. */
bool weir__log_prob_is_recorded(weir_model *m, const weir_tensor *x);

/* reflow.c: the run that m learns the pairs of (rectified-flow's option reflow); NULL: none. */
const char *weir__reflow_of(const weir_model *m);
/* m, which has one, takes over its weights; where its network speaks of another path, how the data
 * are standardised alone. */
weir_status weir__reflow_begin(weir_model *m);
/* Whether m, which has begun, began at its weights: both networks are asked and say the same. */
bool weir__reflow_speaks_alike(const weir_model *m);
/* Whether the model row of this name is a network on a path; false for an unknown name too, which
 * is an error. */
bool weir__model_has_path(weir_ctx *c, const char *name);

/* source.c: the SPEC of the data set that stands in the place of noise (flow-matching's option
 * source); NULL: none. Likewise of options of a row. */
const char *weir__source_of(const weir_model *m);
const char *weir__source_said(const weir_row *row, const void *options);
weir_status weir__source_begin(weir_model *m); /* opens it, where m has one */
/* Where a run begins: the folder that files are named from, and the fingerprint. */
weir_status weir__source_settle(weir_ctx *c, const weir_row *row, void *options);

/* -- transform.c: data as stored <-> what the model's map sees --------------------------------- */
/* x [B, ...] as stored, f32 or f64 -> y [B, shape..] of the model's type; draws the dequantisation
 * in the present frame, under the condition k as the model's row sees it. *log_q [B] = log q(u |
 * x), NULL of continuous data. nil: the error is set. */
weir_tensor *weir__model_transform(weir_model *m, weir_tensor *x, const weir_condition *k,
                                   weir_tensor **log_q);
bool weir__model_draws(const weir_model *m); /* whether its transform is random */
/* log p(y) [B] as one of the data as stored, by what the transform gave: less log q(u | x), plus
 * log|det dy/dx|. */
weir_tensor *weir__model_log_prob_stored(const weir_model *m, weir_tensor *log_p,
                                         weir_tensor *log_q);
weir_status weir__model_add_dequantizer(weir_model *m);
/* v + u, or (v + u) / levels when `unit`: integers v of so many levels (up to 2^24), u uniform on
 * [0, 1), of v's shape and type. The result lies in [v, levels), or in [v / levels, 1): where
 * rounding would give the end of the interval, it is the largest number below. A v that is no level
 * is not brought into it. */
weir_tensor *weir__dequantize(weir_tensor *v, weir_tensor *u, int64_t levels, bool unit);
/* log|det dy/dx|, the same for every sample. */
double weir__model_log_det(const weir_model *m);
/* y as the model samples it -> data as stored: n * dim values. Integer data come out as integers
 * within [0, levels). */
void weir__model_untransform(const weir_model *m, double *values, int64_t n);
/* The same without the rounding to integers: for states of a trajectory. */
void weir__model_unscale(const weir_model *m, double *values, int64_t n);
/* Where transformed data lie, of those as stored within [low, high]: of integers within [0, levels)
 * too, and up to high + 1 with what was added to them. [dim] each; infinite: anywhere. */
void weir__model_range(const weir_model *m, double low, double high, double *lows, double *highs);
/* False, with an error, unless the n means are finite and the deviations above 0. */
bool weir__model_statistics_fit(weir_model *m, int64_t n, const double *mean, const double *std,
                                const char *who);
weir_status weir__model_check_std(weir_model *m); /* after mean and std changed */
/* What data are standardized by, [dim] each, where m->mean is there; buffers, which may be loaded
 * at any time. */
typedef struct weir__standard {
    const double *mean, *std;
} weir__standard;
static inline weir__standard weir__model_standard(const weir_model *m)
{
    return (weir__standard){ .mean = weir__ptr(m->mean), .std = weir__ptr(m->std) };
}
/* Makes the two buffers, 0 and 1, where there are none. */
weir_status weir__model_add_standardize(weir_model *m);

/* -- frames: streams of random numbers --------------------------------------------------------- */
#define WEIR__STREAM_TRAIN "train" /* step: the trainer's */
#define WEIR__STREAM_PREPARE "prepare" /* step: the trainer's */
#define WEIR__STREAM_CONDITION "condition" /* step: the trainer's; which conditions are dropped */
#define WEIR__STREAM_SCORE "score" /* step: the number of the dequantisation draw */
#define WEIR__STREAM_SAMPLE "sample" /* step: the model's stream; ids: numbers of samples */
/* Samples at a time where the caller does not say; bits do not depend on it. */
enum { WEIR__CHUNK_ROWS = 256 };

/* -- mean.c: means over samples ---------------------------------------------------------------- */
typedef struct weir__mean { /* begin with { 0 } */
    double from, weight, sum, square, w2, w2d, w2dd;
    int exponent; /* weights count as w / 2^exponent */
    int64_t n, failed; /* samples of a weight above 0 whose value is finite; whose value is not */
} weir__mean;
void weir__mean_add(weir__mean *m, double v, double w); /* of weight 0: nothing, whatever v is */
double weir__mean_value(const weir__mean *m); /* NaN: of no sample */
double weir__mean_error(const weir__mean *m); /* NaN: of fewer than two */
/* How many samples of equal weight would say as much. */
double weir__mean_effective(const weir__mean *m);

/* -- config.c: options as JSON ----------------------------------------------------------------- */
/* {"dim": 64, "hidden": [256, 256], ...}; NULL: no memory, the error is set. json_decref it. */
json_t *weir__options_to_json(weir_ctx *c, const weir_row *row, const void *options);
/* fits.c: values a sample, shape (where both have one) and names of columns (likewise) of d are
 * those that m was made for; levels are not looked at. */
weir_status weir__model_fits(const weir_model *m, const weir_dataset *d);
/* Sets the options that `object` names, but for "name". */
weir_status weir__options_from_json(weir_ctx *c, const weir_row *row, void *options,
                                    const json_t *object, const char *where);
/* What a JSON file says, as assignments; its members `skip` (NULL: none, else ended by NULL) are
 * passed over. */
weir_status weir__assignments_json(weir__assignments *a, const json_t *object,
                                   const char *const *skip);

/* -- weights.c, load.c ------------------------------------------------------------------------- */
/* "raw", "ema" or "best": written to the metadata of later saves. */
void weir__model_set_weights_kind(weir_model *m, const char *kind);
/* Metadata as saves write it, plus the string members of `extra` (may be NULL). json_decref it. */
json_t *weir__model_metadata(weir_model *m, const json_t *extra);
weir_status weir__model_save_with(weir_model *m, const char *path,
                                  const json_t *extra) WEIR_MUST_CHECK;
/* What a tree saves: parameters and buffers under their names, pointing into them. NULL: the error
 * is set. weir__free it. */
weir__weight *weir__module_weights(weir_module *m, int64_t *n);
typedef struct weir__assign_opts {
    const char *where, *what, *kind; /* for messages: the file, "model.nice", "model" */
    bool partial; /* names may be missing or unexpected */
    weir_load_info *info; /* or NULL */
} weir__assign_opts;
weir_status weir__module_assign(weir_module *m, const weir__weights *w, const weir__assign_opts *o);
/* Copies every parameter and buffer from `w`: missing, unexpected and mis-shaped names are listed
 * (in the log all), and then nothing changes. */
weir_status weir__model_assign(weir_model *m, const weir__weights *w, const char *where);

/* -- facts.c: what presets ask of the data ----------------------------------------------------- */
/* Pictures, whose values go together by where they are: with axes of their own, or flat, such as
 * the 64 of `digits`, as grey values of 16 levels or more. */
bool weir__looks_like_pictures(const weir_data_facts *f);
/* n / d^1.5 of a table of n samples of d values: what a perceptron gains over a linear map grows
 * with n, what it loses by learning the training samples by heart with d. */
double weir__samples_per_values(const weir_data_facts *f);
/* So few that linear maps do better: below 25 of those for a table, 8 samples a value for pictures.
 */
bool weir__few_samples(const weir_data_facts *f);

#endif
