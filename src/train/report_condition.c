/* report_condition.c - what the samples of a report are conditioned on: as many of each class, or,
 * where there is a context, what the first samples of the data are. */
#include "train/gather.h"

bool weir__gather_is_conditional(const gather *g) { return weir_model_wants(g->model, 0) != NULL; }

/* As many as there is room for, one of each. */
static int64_t classes_shown(const gather *g, int64_t most)
{
    int64_t classes = weir_model_classes(g->model);
    return classes < most ? classes : most;
}

static const weir_condition *classes_in_order(gather *g, int64_t *n)
{
    int64_t shown = classes_shown(g, *n);
    weir_tensor *t = weir_empty(g->c, WEIR_I64, 1, &shown);
    int64_t *at = weir_is_nil(t) ? NULL : weir__ptr(t);
    for (int64_t i = 0; at && i < shown; i++) at[i] = i;
    *n -= *n % shown;
    return weir_condition_with(weir_condition_new(g->c), "class", t);
}

/* Of what the first samples offer, that which the model wants. */
static const weir_condition *rows_conditions(gather *g, int64_t *n)
{
    const char *name;
    if (*n > weir_dataset_samples(g->data)) *n = weir_dataset_samples(g->data);
    const weir_condition *offered = weir_batch_condition(weir_dataset_batch(g->data, 0, *n));
    weir_condition *k = weir_condition_new(g->c);
    for (int i = 0; (name = weir_model_wants(g->model, i)); i++) {
        weir_tensor *t = offered ? weir_condition_get(offered, name) : NULL;
        if (t && !weir_is_nil(t)) k = weir_condition_with(k, name, t);
    }
    return k;
}

/* Classes, and nothing else. */
static bool only_classes(const gather *g)
{
    return weir_model_classes(g->model) > 0 && !weir_model_wants(g->model, 1);
}

const weir_condition *weir__gather_condition(gather *g, int64_t *n)
{
    if (!weir__gather_is_conditional(g)) return NULL;
    if (only_classes(g)) return classes_in_order(g, n);
    return g->data ? rows_conditions(g, n) : NULL;
}

int64_t weir__gather_each(const gather *g, int64_t n)
{
    return only_classes(g) ? n / classes_shown(g, n) : 0;
}

const char *weir__gather_under(gather *g, int64_t n)
{
    int64_t each = weir__gather_each(g, n);
    if (!weir__gather_is_conditional(g)) return "";
    if (each > 0) return weir__keep(g, ", %lld of each class in order", (long long)each);
    return ", each under the condition of the sample at its place";
}
