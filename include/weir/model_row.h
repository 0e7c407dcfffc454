/* weir/model_row.h - writing a model: its row, and what its functions are given.
 *
 *     const weir_row *row = weir_row_find(c, "model", "nice");
 *     const weir_model_row *nice = (const weir_model_row *)row;
 *     for (const weir_preset *p = nice->presets; p && p->name; p++) puts(p->doc);
 *     bool exact = nice->log_prob_kind == WEIR_LOG_PROB_EXACT;
 *     printf("%s: %s\n", row->name, exact ? "exact" : "estimated");
 *
 * A model is a constant row of kind "model": options, a module tree that `create` builds, and how
 * samples are scored, drawn and learned from. What comes before its map (dequantisation,
 * standardisation) and around it (shards, files, runs) is the library's. */
#ifndef WEIR_MODEL_ROW_H
#define WEIR_MODEL_ROW_H
#include "weir/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a preset may depend on: the samples of the training split. */
typedef struct weir_data_facts {
    size_t size;
    int64_t n;          /* samples */
    double n_effective; /* (sum w)^2 / sum w^2 of their weights w; n where there are none */
    bool weighted;
    int64_t dim;    /* values a sample */
    int64_t levels; /* values are integers 0 .. levels-1; 0: continuous */
    int ndim;       /* of a sample: 1 of a table, 3 of pictures [channels, height, width] */
    int64_t shape[WEIR_RANK_MAX];
} weir_data_facts;

/* Settings by name: text of options for model, optimizer, schedule and trainer ("optimizer=adam
 * optimizer.lr=1e-3 batch=200"). They lie below everything that a user says. */
typedef struct weir_preset {
    const char *name, *settings, *doc;
    /* More of them, by the data, after `settings`: a text that stays where it is, or NULL. A run
     * asks once, when it begins; config.json keeps what came of it. NULL: no more. */
    const char *(*choose)(const weir_data_facts *facts);
} weir_preset;

typedef struct weir_model_row {
    weir_row row;
    weir_log_prob_kind log_prob_kind;
    const weir_preset *presets; /* first is the default; ends with name NULL; NULL: none */
    size_t state_size;
    weir_module *(*create)(weir_model *m, const void *options); /* builds the module tree */
    /* Before the loss, or NULL: gives back the batch with what the loss needs beside it, added by
     * weir_batch_prepared_with (paired noise, drawn times, dropped labels), from y, the transformed
     * data. Runs without recording, in a random frame of the step's own. It sees its shard of the
     * batch; where `whole_batch`, all of it, before it is cut in shards (a coupling by optimal
     * transport). */
    weir_batch *(*prepare)(weir_model *m, weir_tensor *y, weir_batch *b);
    bool whole_batch;
    /* [B] from transformed data; NULL: -log_prob */
    weir_tensor *(*loss)(weir_model *m, weir_tensor *y, weir_batch *b);
    /* log p(y | k) [B] of transformed data, given the condition k (NULL: none). */
    weir_tensor *(*log_prob)(weir_model *m, weir_tensor *y, const weir_condition *k,
                             const weir_log_prob_opts *o, weir_log_prob_info *info);
    /* z [n, noise_dim] by sample ids, deviations scaled by the temperature; *log_q [n], where not
     * NULL: of what was drawn. */
    weir_tensor *(*noise)(weir_model *m, int64_t n, const weir_condition *k, double temperature,
                          weir_tensor **log_q);
    /* [n]; NULL: none is known */
    weir_tensor *(*noise_log_prob)(weir_model *m, weir_tensor *z, const weir_condition *k);
    /* z -> transformed data; *log_det [n], where not NULL: log|det dy/dz|, an error where it is not
     * known. o's on_state, where not NULL, wants the states of these n as transformed data. */
    weir_tensor *(*sample)(weir_model *m, weir_tensor *z, const weir_condition *k,
                           const weir_sample_opts *o, weir_tensor **log_det);
    /* what create put into the state; or NULL. The state may be half made */
    void (*destroy)(weir_model *m);
    /* Why log_prob has no gradients: it is then an error where some are wanted. NULL: it has. */
    const char *no_gradient;
    /* y, transformed data, to the noise z [n, noise_dim] of which `sample` makes it; NULL: it
     * cannot be had. */
    weir_tensor *(*encode)(weir_model *m, weir_tensor *y, const weir_condition *k,
                           const weir_log_prob_opts *o);
} weir_model_row;
WEIR_API void *weir_model_state(weir_model *m); /* state_size bytes, cleared at first */
/* For `create`: the noise has a shape of its own (latent models); the model takes a condition of
 * that name, beside "class" and "context" where its options classes= and context= are above 0. */
WEIR_API weir_status weir_model_set_noise_shape(weir_model *m, int ndim, const int64_t *shape);
WEIR_API weir_status weir_model_want(weir_model *m, const char *name);
/* Lines of a table by class: as many as there are classes, and one more, the last, for the null
 * class where the model has a null condition. The rows that options choose get it as their option
 * classes=. */
WEIR_API int64_t weir_model_class_lines(const weir_model *m);

#ifdef __cplusplus
}
#endif
#endif
