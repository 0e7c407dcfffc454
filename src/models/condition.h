/* condition.h - what a model is conditioned on: which tensors fit, how its rows see them, what they
 * are called. */
#ifndef WEIR_MODELS_CONDITION_H
#define WEIR_MODELS_CONDITION_H
#include "io/io.h"
#include "weir/model.h"

/* -- condition.c ------------------------------------------------------------------------------- */
/* False, with an error in c that begins with `who`, unless k has what the model wants and nothing
 * else, classes that there are and a context of as many values. */
bool weir__model_condition_fits(const weir_model *m, weir_ctx *c, const weir_condition *k,
                                const char *who);
/* k, which fits, as the model's row sees it: a context standardised, of the model's type, in c. */
const weir_condition *weir__model_condition_ready(const weir_model *m, weir_ctx *c,
                                                  const weir_condition *k);
/* b in c, its context or one below, with such a condition: once, whoever asks again. Of one that
 * data offer what is not wanted is dropped, with one line of the log a model. nil: the error is
 * set. */
weir_batch *weir__model_batch(weir_model *m, weir_ctx *c, weir_batch *b, const char *who);
/* Whether n samples can be drawn of k's, as many of each; and the part of samples [first, first +
 * count). */
bool weir__model_condition_divides(weir_ctx *c, const weir_condition *k, int64_t n,
                                   const char *who);
weir_condition *weir__model_condition_part(weir_ctx *c, const weir_condition *k, int64_t n,
                                           int64_t first, int64_t count);

/* -- null_condition.c -------------------------------------------------------------------------- */
bool weir__model_has_null(const weir_model *m);
weir_status weir__model_add_null(weir_model *m); /* the learned vector, where there is a context */
bool weir__model_null_fits(const weir_model *m, weir_ctx *c, const weir_condition *k,
                           const char *who);
/* k of a batch in training, in the frame of its step: with the mask of what is dropped. */
const weir_condition *weir__model_condition_drop(const weir_model *m, weir_ctx *c,
                                                 const weir_condition *k);
/* k, ready, as the row's functions see it in c: the null condition in place of what is dropped. */
const weir_condition *weir__model_condition_seen(const weir_model *m, weir_ctx *c,
                                                 const weir_condition *k);
/* The null condition of n samples, as they see it. */
const weir_condition *weir__model_condition_unseen(const weir_model *m, weir_ctx *c, int64_t n);

/* -- embed.c ----------------------------------------------------------------------------------- */
bool weir__model_plan_embed(weir_model *m); /* before the row's modules: how wide it makes k */
weir_status weir__model_add_embed(weir_model *m); /* the network, where one is chosen */
/* k, whose context rows have not seen, with what the network makes of it. */
const weir_condition *weir__model_condition_embedded(const weir_model *m, weir_ctx *c,
                                                     const weir_condition *k);

/* -- context.c --------------------------------------------------------------------------------- */
weir_tensor *weir__model_standardize_context(const weir_model *m, weir_tensor *x);
/* Makes the two buffers, 0 and 1, where there are none. */
weir_status weir__model_add_context_standardize(weir_model *m);
weir_status weir__model_check_context(weir_model *m); /* after they changed */

/* -- names.c ----------------------------------------------------------------------------------- */
void weir__model_names_free(weir_model *m);
weir_status weir__model_copy_names(weir_model *to, const weir_model *from);
/* What the data call their columns, classes and values of a context, as far as the model has them.
 */
weir_status weir__model_take_names(weir_model *m, const weir_dataset *d);
/* Into metadata, as JSON lists; and back. */
bool weir__model_put_names(const weir_model *m, json_t *metadata);
weir_status weir__model_get_names(weir_model *m, const json_t *metadata, const char *where);

#endif
