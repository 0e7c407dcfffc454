/* condition.c - which conditions a model takes. What a caller passes and the model does not want
 * is an error that names it, and so is what it wants and does not get; columns that data offer and
 * the model does not want are dropped (weir__model_condition_wanted). */
#include <string.h>
#include "models/models.h"
#include "ops/ops.h"

static bool model_wants(const weir_model *m, const char *name)
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
    if (model_wants(m, name)) return WEIR_OK;
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

static bool names_fit(const weir_model *m, weir_ctx *c, const weir_condition *k, const char *who)
{
    char text[WEIR__WANTS * 66] = "";
    const char *name;
    for (int64_t i = 0; i < weir_condition_count(k); i++) {
        weir_condition_at(k, i, &name);
        if (model_wants(m, name)) continue;
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

bool weir__model_condition_fits(const weir_model *m, weir_ctx *c, const weir_condition *k,
                                const char *who)
{
    if (weir_condition_is_nil(k)) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "%s: nil condition: expected one that could be made, or NULL", who);
        return false;
    }
    return weir__meets(c, k, who, "a condition") && names_fit(m, c, k, who);
}

const weir_condition *weir__model_condition_wanted(const weir_model *m, const weir_condition *k)
{
    const char *name;
    weir_condition *wanted = NULL;
    for (int64_t i = 0; i < weir_condition_count(k); i++) {
        weir_tensor *t = weir_condition_at(k, i, &name);
        if (!model_wants(m, name)) continue;
        if (!wanted) wanted = weir_condition_new(weir_ctx_of(t));
        wanted = weir_condition_with(wanted, name, t);
    }
    return wanted;
}

/* -- of a request for samples ------------------------------------------------------------------ */
bool weir__model_condition_divides(weir_ctx *c, const weir_condition *k, int64_t n)
{
    int64_t m = weir_condition_samples(k);
    if (m < 0 || (m > 0 && n % m == 0)) return true;
    weir_fail(c, WEIR_ERROR_SHAPE,
              "sample: condition of %lld samples: expected a number that divides the %lld to draw",
              (long long)m, (long long)n);
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
