/* conditions.c - what the data say of the model's classes and its context: how many, what they are
 * called, and the statistics that standardise a context. */
#include <string.h>
#include "train/train.h"

static int64_t *conditions_option(weir_run *r, const char *name)
{
    weir_choice *k = &r->config.model;
    return weir__option_value(k->row, k->options, name, WEIR_OPTION_INT);
}

/* -- classes ----------------------------------------------------------------------------------- */
static weir_status class_outside(weir_run *r, weir_dataset *d, int64_t row, int64_t classes)
{
    int64_t label = weir_dataset_label(d, row);
    const char *name = weir_dataset_name(d, WEIR_NAMES_CLASS, label);
    char named[128] = "";
    size_t used = 0;
    if (name) weir__append(named, sizeof named, &used, " (%.100s)", name);
    return weir_fail(r->object.ctx, WEIR_ERROR_RANGE,
                     "%s: sample %lld: class %lld%s: expected 0 to %lld, of model.classes=%lld",
                     r->config.data, (long long)weir__dataset_id(d, row), (long long)label, named,
                     (long long)classes - 1, (long long)classes);
}

static weir_status classes_check(weir_run *r, weir_dataset *d, int64_t classes)
{
    for (int64_t i = 0; i < weir_dataset_samples(d); i++)
        if (weir_dataset_label(d, i) >= classes) return class_outside(r, d, i, classes);
    return WEIR_OK;
}

static weir_status fit_classes(weir_run *r)
{
    enum { MOST = 1 << 20 };
    int64_t *classes = conditions_option(r, "classes"), have = weir_dataset_classes(r->train);
    bool automatic = classes && *classes == WEIR__AUTO;
    if (!classes || *classes == 0) return WEIR_OK;
    if (have == 0)
        return weir_fail(r->object.ctx, WEIR_ERROR_RANGE,
                         "%s: no classes: expected data that have them (label= or labels=), or "
                         "model.classes=0",
                         r->config.data);
    if (automatic && have > MOST)
        return weir_fail(r->object.ctx, WEIR_ERROR_RANGE,
                         "%s: %lld classes: expected at most %d, for model.classes=auto",
                         r->config.data, (long long)have, MOST);
    if (automatic) *classes = have;
    weir_status status = classes_check(r, r->train, *classes);
    return status == WEIR_OK ? classes_check(r, r->valid, *classes) : status;
}

/* -- a context --------------------------------------------------------------------------------- */
/* What the config leaves open is as the data have it. */
static weir_status fit_context(weir_run *r)
{
    int64_t *context = conditions_option(r, "context");
    int64_t have = weir_dataset_context_dim(r->train);
    bool said = context && (*context != 0 || weir__fit_says(&r->config, "context"));
    if (!context || (said && *context == 0)) return WEIR_OK;
    if (said && have == 0)
        return weir_fail(r->object.ctx, WEIR_ERROR_RANGE,
                         "%s: no context: expected data that have one (condition= or conditions=), "
                         "or model.context=0",
                         r->config.data);
    if (said && *context != WEIR__AUTO && *context != have)
        return weir_fail(r->object.ctx, WEIR_ERROR_RANGE,
                         "%s: a context of %lld values: expected model.context=%lld",
                         r->config.data, (long long)have, (long long)*context);
    *context = have;
    if (have > 0 && weir__dataset_check_context(r->train) == WEIR_OK
        && weir_dataset_samples(r->valid) > 0)
        weir__dataset_check_context(r->valid);
    return weir_status_of(r->object.ctx);
}

weir_status weir__fit_conditions(weir_run *r)
{
    weir_status status = fit_classes(r);
    return status == WEIR_OK ? fit_context(r) : status;
}

/* -- into the model ---------------------------------------------------------------------------- */
static weir_status conditions_context_standardize(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    int64_t n = weir_model_context_dim(r->model);
    if (n == 0) return WEIR_OK;
    double *mean = weir__alloc_n(c, weir__size_times(2, n), sizeof *mean);
    if (mean && weir_dataset_context_statistics(r->train, mean, mean + n) == WEIR_OK)
        weir_model_set_context_standardize(r->model, mean, mean + n);
    weir__free(c, mean);
    return weir_status_of(c);
}

weir_status weir__run_give_conditions(weir_run *r)
{
    if (!weir_ok(r->object.ctx)) return weir_status_of(r->object.ctx);
    weir_status status = weir__model_take_names(r->model, r->train);
    return status == WEIR_OK ? conditions_context_standardize(r) : status;
}
