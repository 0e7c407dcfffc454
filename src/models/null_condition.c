/* null_condition.c - the null condition of models made with condition.dropout=p: class number N of
 * a table of N + 1, and a learned vector in place of the context. A training sample's condition is
 * dropped to it with probability p, by its id and the step, so that one network knows both p(x | k)
 * and p(x), which classifier-free guidance wants (Ho, Salimans 2022).
 *
 * Which samples are without a condition stands in the condition itself, as the mask "null". */
#include <string.h>
#include "models/models.h"
#include "ops/ops.h"

static const char mask_name[] = "null"; /* i64 [B]: 1 where there is no condition */

bool weir__model_has_null(const weir_model *m) { return m->dropout > 0; }

int64_t weir_model_class_lines(const weir_model *m)
{
    if (!m || m->classes == 0) return 0;
    return m->classes + weir__model_has_null(m);
}

weir_status weir__model_add_null(weir_model *m)
{
    weir_ctx *c = m->object.ctx;
    if (!weir__model_has_null(m) || m->context == 0) return weir_status_of(c);
    weir_module *own = weir_module_from_row(c, &weir__row_group, NULL);
    own = weir_module_add(m->module, "condition", own);
    m->null_context = weir_module_parameter(own, mask_name, m->dtype, 1, &m->context,
                                            (weir_init){ WEIR_INIT_ZEROS, 0 });
    return weir_status_of(c);
}

bool weir__model_null_fits(const weir_model *m, weir_ctx *c, const weir_condition *k,
                           const char *who)
{
    const weir_tensor *mask = weir_condition_get(k, mask_name);
    if (weir_is_nil(mask) || !weir__model_has_null(m)) return true;
    bool good = mask->ndim == 1 && mask->dtype == WEIR_I64;
    for (int64_t i = 0; good && i < mask->numel; i++) {
        double v = weir_get(mask, &i);
        good = v == 0 || v == 1;
    }
    if (!good)
        weir_fail(c, WEIR_ERROR_VALUE, "%s: condition null: expected i64 [samples] of 0 and 1",
                  who);
    return good;
}

/* -- making one -------------------------------------------------------------------------------- */
/* [n], all v */
static weir_tensor *null_integers(weir_ctx *c, int64_t n, int64_t v)
{
    weir_tensor *t = weir_empty(c, WEIR_I64, 1, &n);
    int64_t *at = weir_is_nil(t) ? NULL : weir_data_mut(t);
    for (int64_t i = 0; at && i < n; i++) at[i] = v;
    return t;
}

static weir_condition *null_of(const weir_model *m, weir_ctx *c, int64_t n)
{
    const int64_t shape[] = { n, m->context };
    weir_condition *k = weir_condition_new(c);
    if (m->classes > 0) k = weir_condition_with(k, "class", null_integers(c, n, m->classes));
    if (m->context > 0) {
        k = weir_condition_with(k, "context", weir_zeros(c, m->dtype, 2, shape));
        k = weir_condition_with(k, mask_name, null_integers(c, n, 1));
    }
    return k;
}

weir_condition *weir_model_null_condition(weir_model *m, int64_t n)
{
    WEIR__AS_FOUND;
    weir_ctx *c = weir_model_ctx(m);
    if (!m) weir_fail(c, WEIR_ERROR_ARGUMENT, "model_null_condition: NULL: expected a model");
    if (!m || !weir__model_usable(m, "model_null_condition")) return weir__nil(c, WEIR__CONDITION);
    if (n < 0)
        weir_fail(c, WEIR_ERROR_RANGE,
                  "model_null_condition: a negative count: expected 0 or more");
    else if (!weir__model_has_null(m))
        weir_fail(c, WEIR_ERROR_UNSUPPORTED,
                  "model_null_condition: %s: expected a model made with condition.dropout above 0",
                  m->row->row.name);
    else return null_of(m, c, n);
    return weir__nil(c, WEIR__CONDITION);
}

/* -- dropping ---------------------------------------------------------------------------------- */
/* 1 where the sample's condition is dropped, or has been; in the random frame of the step. */
static weir_tensor *null_draw(const weir_model *m, weir_ctx *c, const weir_condition *k)
{
    int64_t n = weir_condition_samples(k);
    weir_tensor *had = weir_condition_get(k, mask_name), *mask = null_integers(c, n, 0);
    weir_tensor *u = weir_rand(c, WEIR_F32, 1, &n);
    if (weir_is_nil(mask) || weir_is_nil(u)) return weir__nil(c, WEIR__TENSOR);
    int64_t *at = weir_data_mut(mask);
    for (int64_t i = 0; i < n; i++)
        at[i] = weir_get(u, &i) < m->dropout || (!weir_is_nil(had) && weir_get(had, &i) == 1);
    return mask;
}

const weir_condition *weir__model_condition_drop(const weir_model *m, weir_ctx *c,
                                                 const weir_condition *k)
{
    bool drops = weir__model_has_null(m) && weir_module_training(m->module);
    if (!drops || weir_condition_samples(k) < 0) return k;
    weir__saved_modes saved = weir__modes_save(c); /* no scope: the mask lives on with the batch */
    weir__frame frame = c->frame;
    frame.stream = weir__hash_text(WEIR__STREAM_CONDITION);
    frame.call = 0;
    weir__frame_set(c, frame);
    weir_tensor *mask = null_draw(m, c, k);
    weir__modes_restore(c, saved);
    return weir_condition_with(k, mask_name, mask);
}

/* -- what the model's row sees ----------------------------------------------------------------- */
static weir_tensor *null_classes(const weir_model *m, weir_ctx *c, const weir_tensor *mask,
                                 const weir_tensor *classes)
{
    weir_tensor *t = null_integers(c, mask->shape[0], m->classes);
    int64_t *at = weir_is_nil(t) ? NULL : weir_data_mut(t);
    for (int64_t i = 0; at && i < mask->shape[0]; i++)
        if (weir_get(mask, &i) == 0) at[i] = (int64_t)weir_get(classes, &i);
    return t;
}

/* In c, with the shape of `context`; gradients reach the learned vector. */
static weir_tensor *null_contexts(const weir_model *m, weir_ctx *c, weir_tensor *mask,
                                  weir_tensor *context)
{
    int64_t n = mask->shape[0];
    if (!weir__module_layout(m->module)) return weir__nil(c, WEIR__TENSOR); /* seals it */
    weir_tensor *column = weir_reshape(weir_cast(mask, WEIR_F32), 2, (const int64_t[]){ n, 1 });
    weir_tensor *own = weir_eq(column, weir_scalar(c, WEIR_F32, 0));
    weir_tensor *flat = weir_reshape(context, 2, (const int64_t[]){ n, m->context });
    weir_tensor *mixed = weir_where(own, flat, weir_parameter_here(flat, m->null_context));
    return weir_is_nil(mixed) ? mixed : weir_reshape(mixed, context->ndim, context->shape);
}

const weir_condition *weir__model_condition_seen(const weir_model *m, weir_ctx *c,
                                                 const weir_condition *k)
{
    weir_tensor *mask = weir_condition_get(k, mask_name);
    if (!weir__model_has_null(m) || weir_is_nil(mask))
        return weir__model_condition_embedded(m, c, k);
    weir_tensor *classes = weir_condition_get(k, "class");
    weir_tensor *context = weir_condition_get(k, "context");
    if (m->classes > 0) k = weir_condition_with(k, "class", null_classes(m, c, mask, classes));
    if (m->context > 0) k = weir_condition_with(k, "context", null_contexts(m, c, mask, context));
    return weir__model_condition_embedded(m, c, k);
}

const weir_condition *weir__model_condition_unseen(const weir_model *m, weir_ctx *c, int64_t n)
{
    return weir__model_condition_seen(m, c, null_of(m, c, n));
}
