/* data_condition.c - what the samples of a data set are scored under: the conditions that the data
 * offer, and beside them those of a request, which the data do not. */
#include <string.h>
#include "train/train.h"

static bool data_offers(const weir_dataset *d, const char *name)
{
    if (strcmp(name, "class") == 0) return d->store->labels != NULL;
    return strcmp(name, "context") == 0 && d->store->context;
}

static bool condition_has(const weir_condition *k, const char *name)
{
    const char *other;
    for (int64_t i = 0; i < weir_condition_count(k); i++) {
        weir_condition_at(k, i, &other);
        if (strcmp(other, name) == 0) return true;
    }
    return false;
}

static bool model_has(const weir_model *m, const char *name)
{
    const char *wanted;
    for (int i = 0; (wanted = weir_model_wants(m, i)); i++)
        if (strcmp(wanted, name) == 0) return true;
    return false;
}

/* Each tensor of the request is one that the model wants and the data do not offer. */
static weir_status condition_is_apt(weir_model *m, weir_dataset *d, const weir_condition *k,
                                    const char *who)
{
    const char *name;
    for (int64_t i = 0; i < weir_condition_count(k); i++) {
        weir_condition_at(k, i, &name);
        if (!model_has(m, name))
            return weir_fail(m->object.ctx, WEIR_ERROR_ARGUMENT,
                             "%s: condition %s: expected none, %s was made without it", who, name,
                             m->row->row.name);
        if (data_offers(d, name))
            return weir_fail(m->object.ctx, WEIR_ERROR_ARGUMENT,
                             "%s: condition %s: expected none, %.200s has one of every sample", who,
                             name, d->name);
    }
    return WEIR_OK;
}

static weir_status condition_is_whole(weir_model *m, weir_dataset *d, const weir_condition *k,
                                      const char *who)
{
    const char *name;
    for (int i = 0; (name = weir_model_wants(m, i)); i++) {
        if (data_offers(d, name) || condition_has(k, name)) continue;
        return weir_fail(m->object.ctx, WEIR_ERROR_ARGUMENT,
                         "%s: no condition %s: expected %.200s to have it, or the options", who,
                         name, d->name);
    }
    return WEIR_OK;
}

weir_status weir__data_condition_fits(weir_model *m, weir_dataset *d, const weir_condition *k,
                                      int64_t n, const char *who)
{
    weir_ctx *c = m->object.ctx;
    if (weir_condition_is_nil(k))
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "%s: nil condition: expected one that could be made, or NULL", who);
    if (!weir__meets(c, k, who, "a condition")) return weir_status_of(c);
    if (condition_is_apt(m, d, k, who) != WEIR_OK || condition_is_whole(m, d, k, who) != WEIR_OK)
        return weir_status_of(c);
    if (weir_condition_count(k) > 0) weir__model_condition_divides(c, k, n, who);
    return weir_status_of(c);
}

/* The samples' part of the request's m conditions, of which n / m samples have each, blockwise. */
static weir_condition *condition_part(weir_ctx *c, const weir_condition *k, int64_t n,
                                      int64_t first, const int64_t *rows, int64_t count)
{
    int64_t each = n / weir_condition_samples(k);
    int64_t *samples = weir__alloc_n(c, count, sizeof *samples);
    weir_condition *part = weir__nil(c, WEIR__CONDITION);
    for (int64_t i = 0; samples && i < count; i++) samples[i] = (rows ? rows[i] : first + i) / each;
    if (samples) part = weir__condition_gather(c, k, count, samples);
    weir__free(c, samples);
    return part;
}

weir_batch *weir__data_batch_under(weir_ctx *c, weir_batch *b, const weir_condition *k, int64_t n,
                                   int64_t first, const int64_t *rows)
{
    const char *name;
    if (weir_condition_count(k) == 0 || weir_batch_is_nil(b)) return b;
    weir_condition *part = condition_part(c, k, n, first, rows, weir_batch_size(b));
    const weir_condition *all = weir_batch_condition(b);
    if (!all) all = weir_condition_new(c);
    for (int64_t i = 0; i < weir_condition_count(part); i++) {
        weir_tensor *t = weir_condition_at(part, i, &name);
        all = weir_condition_with(all, name, t);
    }
    return weir_ok(c) ? weir__batch_with_condition(c, b, all) : weir__nil(c, WEIR__BATCH);
}
