/* path_model.h - what models have in common that are a network on a path from data to noise: their
 * options, presets and hooks. A row of one is its names and its defaults. */
#ifndef WEIR_PATH_MODEL_H
#define WEIR_PATH_MODEL_H
#include <stddef.h>
#include "diffusion/diffusion.h"
#include "models/models.h"

typedef struct weir__path_opts {
    weir__model_opts common;
    weir_choice path, prediction, weight, time_density, coupling, net, sampler, log_prob;
    int64_t probes;
    int32_t label;
    double input_scale;
    char *reflow; /* of rectified-flow: see reflow.c; NULL elsewhere */
    char *source, *source_folder, *source_fingerprint; /* of flow-matching: see source.c */
} weir__path_opts;

typedef struct weir__path_state {
    weir_module *net;
    weir__field field;
    int64_t picture[3]; /* channels, height and width that a network of pictures sees */
    weir_model *teacher; /* of a reflow that trains; NULL: not loaded */
    weir_dataset *source; /* what samples begin at; NULL: noise, or not opened */
    double *source_sums; /* of its weights, up to each sample; NULL: all are 1 */
} weir__path_state;

/* With the defaults of a row: of path, prediction, loss weight, distribution of times, coupling,
 * network, label and scale of its input, and sampler. */
#define WEIR__PATH_OPTIONS(path_, prediction_, weight_, density_, coupling_, net_, label_, scale_, \
                           sampler_) \
    WEIR__MODEL_OPTIONS, \
    { "path", WEIR_OPTION_ROW, offsetof(weir__path_opts, path), path_, 0, 0, "path", \
      "path from data to noise" }, \
    { "prediction", WEIR_OPTION_ROW, offsetof(weir__path_opts, prediction), prediction_, 0, 0, \
      "prediction", "what the network predicts" }, \
    { "weight", WEIR_OPTION_ROW, offsetof(weir__path_opts, weight), weight_, 0, 0, "loss_weight", \
      "weight of the loss over time" }, \
    { "time_density", WEIR_OPTION_ROW, offsetof(weir__path_opts, time_density), density_, 0, 0, \
      "time_density", "distribution of training times" }, \
    { "coupling", WEIR_OPTION_ROW, offsetof(weir__path_opts, coupling), coupling_, 0, 0, \
      "coupling", "which noise a sample is trained with" }, \
    { "net", WEIR_OPTION_ROW, offsetof(weir__path_opts, net), net_, 0, 0, "network", \
      "network that predicts" }, \
    { "label", WEIR_OPTION_CHOICE, offsetof(weir__path_opts, label), label_, 0, 0, \
      WEIR__LABEL_CHOICES, "what it is told of time: t, or log(sigma) / 4" }, \
    { "input_scale", WEIR_OPTION_REAL, offsetof(weir__path_opts, input_scale), scale_, 0, 1e6, \
      NULL, \
      "s above 0: it sees x / sqrt(b^2 + a^2 s^2), s the deviation of the data; 0: x itself" }, \
    { "sampler", WEIR_OPTION_ROW, offsetof(weir__path_opts, sampler), sampler_, 0, 0, "sampler", \
      "draws samples unless another is asked for" }, \
    { "log_prob", WEIR_OPTION_ROW, offsetof(weir__path_opts, log_prob), "dopri5", 0, 0, "sampler", \
      "sampler that carries data to noise for their log-density" }, \
    { "log_prob.probes", WEIR_OPTION_INT, offsetof(weir__path_opts, probes), "-1", -1, 1e6, NULL, \
      "of the trace unless others are asked for; 0: the exact trace, as always up to 4 values; " \
      "-1: exact up to 128 values, 2 above" }

/* Of a model of such a row; NULL, after an error that begins with `who`, for others. */
const weir__field *weir__model_field(weir_model *m, const char *who);

/* Of the preset "auto". */
#define WEIR__PATH_PRESET "optimizer=adam schedule=cosine ema=0.999 model.standardize=yes"
const char *weir__path_model_choose(const weir_data_facts *f);
/* Of pictures: one scale for all pixels, so that a border that never changes does not become noise
 * of deviation 1; and steps of a solver's own choice for held-out log-densities, which need many
 * near the data, of tolerances that a picture can bear. */
#define WEIR__PATH_PICTURES \
    "model.standardize_scale=one model.log_prob.rtol=1e-3 model.log_prob.atol=1e-3 "
/* The preset "unet": a held-out log-density of such a network is dear. */
#define WEIR__PATH_UNET \
    WEIR__PATH_PRESET " " WEIR__PATH_PICTURES \
    "optimizer.lr=1e-3 batch=64 steps=3000 valid_every=3000 valid_rows=16 model.net=unet " \
    "model.log_prob.probes=1"

weir_module *weir__path_model_create(weir_model *m, const void *unused);
weir_tensor *weir__path_model_loss(weir_model *m, weir_tensor *y, weir_batch *b);
weir_tensor *weir__path_model_noise(weir_model *m, int64_t n, const weir_condition *k,
                                    double temperature, weir_tensor **log_q);
weir_tensor *weir__path_model_sample(weir_model *m, weir_tensor *z, const weir_condition *k,
                                     const weir_sample_opts *o, weir_tensor **log_det);
weir_tensor *weir__path_model_log_prob(weir_model *m, weir_tensor *y, const weir_condition *k,
                                       const weir_log_prob_opts *so, weir_log_prob_info *info);
weir_tensor *weir__path_model_encode(weir_model *m, weir_tensor *y, const weir_condition *k,
                                     const weir_log_prob_opts *so);
/* z [n, dim] to transformed data by the ODE of the network as it is, never clamped; o's own solver,
 * if it says one. */
weir_tensor *weir__path_model_carry(weir_model *m, weir_tensor *z, const weir_condition *k,
                                    const weir_sample_opts *o);

/* variational.c: WEIR_BOUND_VARIATIONAL [n] of transformed data y; one draw. */
weir_tensor *weir__variational_bound(weir_model *m, const weir__field *f, weir_tensor *y,
                                     const weir_condition *k, const weir_log_prob_opts *o,
                                     weir_log_prob_info *info);

/* -- retargeted.c: a network of one convention as one of another ------------------------------ */
typedef struct weir__convention {
    weir_choice path, prediction;
    int32_t label;
    double input_scale;
} weir__convention;
typedef struct weir__retarget_opts {
    size_t size;
    int64_t in, out, height, width; /* the last two of a network of pictures */
    weir_choice net;
    weir__convention old, new; /* the second's input_scale is not looked at */
    int32_t dtype;
    int64_t classes, context;
} weir__retarget_opts;
/* The sigmas that a network of this convention is asked at. */
void weir__retarget_range(const weir__convention *old, double *lo, double *hi);

/* -- reflow.c: pairs of noise and what the ODE of another model makes of it -------------------- */
#define WEIR__REFLOW_NOISE "reflow_noise" /* prepared of a batch, beside the data of it */
#define WEIR__REFLOW_DATA "reflow_data"
weir_batch *weir__reflow_prepare(weir_model *m, weir_tensor *y, weir_batch *b);
void weir__reflow_destroy(weir_model *m);

/* -- source.c: a data set in place of noise --------------------------------------------------- */
#define WEIR__SOURCE "source" /* prepared of a batch: [B, shape..], transformed */
weir_batch *weir__source_prepare(weir_model *m, weir_tensor *y, weir_batch *b);
void weir__source_destroy(weir_model *m);
/* n samples of it by the ids of the random frame, transformed [n, shape..]. */
weir_tensor *weir__source_draw(weir_model *m, int64_t n, const weir_condition *k);
/* False, after an error, where m has one whose path or prediction wants noise. */
bool weir__source_path_fits(weir_model *m);
/* Whether m has one, and then the error that `what` wants noise. */
bool weir__source_refuses(weir_model *m, const char *what);

/* -- path_model.c: sigma of the Brownian bridge of its coupling; 0: none ----------------------- */
double weir__path_bridge(const weir_model *m);
/* Whether x_t is not a x_0 + b eps of normal eps, by a source or a bridge, and then the error that
 * `what` wants that. */
bool weir__path_refuses(weir_model *m, const char *what);

/* The hooks of a row, behind its presets. */
#define WEIR__PATH_MODEL_HOOKS \
    .log_prob_kind = WEIR_LOG_PROB_ESTIMATE, .state_size = sizeof(weir__path_state), \
    .create = weir__path_model_create, .loss = weir__path_model_loss, \
    .log_prob = weir__path_model_log_prob, .noise = weir__path_model_noise, \
    .sample = weir__path_model_sample, .encode = weir__path_model_encode

#endif
