/* condition.c - which conditions a model takes. What a caller passes and the model does not want
 * is an error that names it, and so is what it wants and does not get; what data offer beyond that
 * is dropped, with one line. */
#include <string.h>
#include "data/data.h"
#include "models/models.h"
#include "ops/ops.h"

static bool condition_model_wants(const weir_model *m, const char *name)
{
    for (int i = 0; i < m->n_wants; i++)
        if (strcmp(m->wants[i], name) == 0) return true;
    return false;
}

weir_status weir_model_want(weir_model *m, const char *name)
{
    weir_ctx *c = weir_model_ctx(m);
    if (!m || m->object.nil || !name || !name[0] || strlen(name) >= sizeof m->wants[0])
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "model_want: expected a model and a name");
    if (condition_model_wants(m, name)) return WEIR_OK;
    if (m->n_wants == WEIR__WANTS)
        return weir_fail(c, WEIR_ERROR_RANGE, "model_want: %s: expected at most %d names", name,
                         WEIR__WANTS);
    memcpy(m->wants[m->n_wants++], name, strlen(name) + 1);
    return WEIR_OK;
}

const char *weir_model_wants(const weir_model *m, int index)
{
    return m && index >= 0 && index < m->n_wants ? m->wants[index] : NULL;
}

static const char *wants_text(const weir_model *m, char *text, size_t bytes)
{
    size_t used = 0;
    for (int i = 0; i < m->n_wants; i++)
        weir__append(text, bytes, &used, i ? ", %s" : "%s", m->wants[i]);
    return m->n_wants > 0 ? text : "none";
}

static bool condition_names_fit(const weir_model *m, weir_ctx *c, const weir_condition *k,
                                const char *who)
{
    char text[WEIR__WANTS * 66] = "";
    const char *name;
    for (int64_t i = 0; i < weir_condition_count(k); i++) {
        weir_condition_at(k, i, &name);
        if (condition_model_wants(m, name)
            || (weir__model_has_null(m) && strcmp(name, "null") == 0))
            continue;
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: condition %s: expected %s, which the model takes",
                  who, name, wants_text(m, text, sizeof text));
        return false;
    }
    for (int i = 0; i < m->n_wants; i++) {
        if (!weir_is_nil(weir_condition_get(k, m->wants[i]))) continue;
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "%s: no condition %s: expected it, for the model was made with it", who,
                  m->wants[i]);
        return false;
    }
    return true;
}

/* -- values ------------------------------------------------------------------------------------ */
static bool class_fits(const weir_model *m, weir_ctx *c, const weir_tensor *t, const char *who)
{
    if (t->ndim != 1 || t->dtype != WEIR_I64) {
        weir_fail(c, WEIR_ERROR_SHAPE, "%s: condition class: %s of %d axes: expected i64 [samples]",
                  who, weir_dtype_name(t->dtype), t->ndim);
        return false;
    }
    for (int64_t i = 0; i < t->numel; i++) {
        int64_t v = (int64_t)weir_get(t, &i);
        if (v >= 0 && v < weir_model_class_lines(m)) continue;
        weir_fail(c, WEIR_ERROR_RANGE, "%s: class %lld of sample %lld: expected 0 to %lld", who,
                  (long long)v, (long long)i, (long long)m->classes - 1);
        return false;
    }
    return true;
}

static bool context_fits(const weir_model *m, weir_ctx *c, const weir_tensor *t, const char *who)
{
    int64_t values = weir__numel_of(t->ndim - 1, t->shape + 1);
    if (weir_dtype_is_real(t->dtype) && values == m->context) return true;
    weir_fail(c, WEIR_ERROR_SHAPE,
              "%s: condition context: %s of %lld values a sample: expected f32 or f64, %lld values",
              who, weir_dtype_name(t->dtype), (long long)values, (long long)m->context);
    return false;
}

/* Of those two alone: what a row wants beside them it looks at itself. */
static bool values_fit(const weir_model *m, weir_ctx *c, const weir_condition *k, const char *who)
{
    if (m->classes > 0 && !class_fits(m, c, weir_condition_get(k, "class"), who)) return false;
    if (m->context > 0 && !context_fits(m, c, weir_condition_get(k, "context"), who)) return false;
    return weir__model_null_fits(m, c, k, who);
}

bool weir__model_condition_fits(const weir_model *m, weir_ctx *c, const weir_condition *k,
                                const char *who)
{
    if (weir_condition_is_nil(k)) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "%s: nil condition: expected one that could be made, or NULL", who);
        return false;
    }
    return weir__meets(c, k, who, "a condition") && condition_names_fit(m, c, k, who)
           && values_fit(m, c, k, who);
}

const weir_condition *weir__model_condition_ready(const weir_model *m, weir_ctx *c,
                                                  const weir_condition *k)
{
    if (m->context == 0) return k;
    weir_tensor *t = weir_condition_get(k, "context");
    t = weir__model_standardize_context(
        m, weir_ctx_of(t) == c ? t : weir__samples_view(c, t, 0, t->shape[0]));
    return weir_condition_with(k, "context", t);
}

/* -- of a batch -------------------------------------------------------------------------------- */
/* A quiet line where the data have a class by nature, which nobody asked for. */
static void condition_tell_dropped(weir_model *m, const weir_batch *b, const char *name)
{
    bool class = strcmp(name, "class") == 0;
    weir__log(m->object.ctx,
              "%s%s: condition %s of the data is not used: expected %s=auto where it is meant",
              class && b->has_class_by_nature ? "conditions: " : "", m->row->row.name, name,
              class ? "classes" : name);
    m->told_dropped = true;
}

/* What the model wants of what data offer; NULL: nothing of it. */
static const weir_condition *condition_wanted_of(weir_model *m, weir_ctx *c, const weir_batch *b)
{
    const char *name;
    bool tell = c == m->object.ctx && !m->told_dropped;
    weir_condition *wanted = NULL;
    for (int64_t i = 0; i < weir_condition_count(b->condition); i++) {
        weir_tensor *t = weir_condition_at(b->condition, i, &name);
        bool wants = condition_model_wants(m, name);
        if (!wants && tell) condition_tell_dropped(m, b, name);
        if (wants && !wanted) wanted = weir_condition_new(c);
        if (wants) wanted = weir_condition_with(wanted, name, t);
    }
    return wanted;
}

weir_batch *weir__model_batch(weir_model *m, weir_ctx *c, weir_batch *b, const char *who)
{
    if (!weir__lives(b, who)) return weir__nil(c, WEIR__BATCH);
    if (b->object.nil || b->ready) return b;
    const weir_condition *k = b->offered ? condition_wanted_of(m, c, b) : b->condition;
    if (!weir__model_condition_fits(m, c, k, who)) return weir__nil(c, WEIR__BATCH);
    if (!k && !b->condition) return b;
    weir_batch *ready = weir__batch_with_condition(c, b, weir__model_condition_ready(m, c, k));
    if (!ready->object.nil) ready->ready = true;
    return ready;
}

/* -- of a request for samples ------------------------------------------------------------------ */
bool weir__model_condition_divides(weir_ctx *c, const weir_condition *k, int64_t n, const char *who)
{
    int64_t m = weir_condition_samples(k);
    if (m < 0 || (m > 0 && n % m == 0)) return true;
    weir_fail(c, WEIR_ERROR_SHAPE,
              "%s: condition of %lld samples: expected a number that divides the %lld asked for",
              who, (long long)m, (long long)n);
    return false;
}

/* n = r m samples of m conditions are r of each, blockwise: sample i takes condition i / r. */
weir_condition *weir__model_condition_part(weir_ctx *c, const weir_condition *k, int64_t n,
                                           int64_t first, int64_t count)
{
    if (weir_condition_count(k) == 0) return NULL;
    int64_t each = n / weir_condition_samples(k);
    if (each == 1) return weir__condition_slice(c, k, first, first + count);
    int64_t *ids = weir__alloc_n(c, count, sizeof *ids);
    weir_condition *part = weir__nil(c, WEIR__CONDITION);
    for (int64_t i = 0; ids && i < count; i++) ids[i] = (first + i) / each;
    if (ids) part = weir__condition_gather(c, k, count, ids);
    weir__free(c, ids);
    return part;
}
