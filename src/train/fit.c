/* fit.c - what the data say of the model: dim, shape, levels, standardize, conditions. A config
 * that leaves one open gets it from the data; one that says it must agree with them. */
#include <string.h>
#include "base/value.h"
#include "train/train.h"

bool weir__fit_says(const weir__config *k, const char *name)
{
    const weir_option *o = weir__option_named(k->model.row, name);
    return o && weir__choice_said(&k->model, o);
}

/* What is settled counts as said. */
static void fit_say_all(weir__config *k)
{
    for (const weir_option *o = k->model.row->options; o && o->name; o++)
        weir__choice_say(&k->model, o);
}

/* -- agreement --------------------------------------------------------------------------------- */
static weir_status fit_dim(weir_run *r)
{
    weir__config *k = &r->config;
    int64_t *dim = weir__option_value(k->model.row, k->model.options, "dim", WEIR_OPTION_INT);
    int64_t have = weir_dataset_dim(r->train);
    if (dim && *dim != 0 && *dim != have)
        return weir_fail(r->object.ctx, WEIR_ERROR_RANGE,
                         "%s: %lld values a sample: expected model.dim=%lld", k->data,
                         (long long)have, (long long)*dim);
    if (dim) *dim = have;
    return WEIR_OK;
}

static weir_status fit_levels(weir_run *r)
{
    weir__config *k = &r->config;
    int64_t *levels = weir__option_value(k->model.row, k->model.options, "levels", WEIR_OPTION_INT);
    int64_t have = weir_dataset_levels(r->train);
    bool said = weir__fit_says(k, "levels") || (levels && *levels != 0);
    if (levels && said && *levels != have)
        return weir_fail(r->object.ctx, WEIR_ERROR_RANGE,
                         "%s: %lld levels: expected model.levels=%lld", k->data, (long long)have,
                         (long long)*levels);
    if (levels) *levels = have;
    return WEIR_OK;
}

enum { SHAPE_TEXT = 512 }; /* room for the text of a shape */

static bool fit_shape_equals(const weir_ints *said, int ndim, const int64_t *shape)
{
    return said->n == ndim && memcmp(said->at, shape, (size_t)ndim * sizeof *shape) == 0;
}

static double fit_shape_product(const weir_ints *said)
{
    double product = 1;
    for (int64_t i = 0; i < said->n; i++) product *= (double)said->at[i];
    return product;
}

/* Samples of data that have a shape have that one. Flat ones may be seen in any shape of as many
 * values. */
static weir_status fit_shape(weir_run *r)
{
    weir_ctx *c = r->object.ctx;
    weir__config *k = &r->config;
    const weir_row *row = k->model.row;
    const weir_ints *said = weir__option_value(row, k->model.options, "shape", WEIR_OPTION_INTS);
    const int64_t *shape;
    int ndim = weir_dataset_shape(r->train, &shape);
    char have[SHAPE_TEXT] = "", told[SHAPE_TEXT];
    size_t used = 0;
    if (!said || (ndim == 1 && said->n == 0)) return WEIR_OK;
    for (int i = 0; i < ndim; i++)
        weir__append(have, sizeof have, &used, i ? ",%lld" : "%lld", (long long)shape[i]);
    if (said->n == 0) return weir_option_set(c, row, k->model.options, "shape", have);
    bool agree = ndim > 1 ? fit_shape_equals(said, ndim, shape)
                          : fit_shape_product(said) == (double)weir_dataset_dim(r->train);
    if (agree) return WEIR_OK;
    weir_option_text(weir__option_named(row, "shape"), k->model.options, told, sizeof told);
    return weir_fail(c, WEIR_ERROR_SHAPE, "%s: samples of shape %s: expected model.shape=%s",
                     k->data, have, told);
}

/* Standardized when the data or the config say so. A run that began before the two were compared
 * keeps its own setting. */
static weir_status fit_standardize(weir_run *r, bool begun)
{
    weir_ctx *c = r->object.ctx;
    weir__config *k = &r->config;
    bool *told = weir__option_value(k->model.row, k->model.options, "standardize",
                                    WEIR_OPTION_BOOL);
    bool want = weir_dataset_standardize(r->train);
    if (!told && (!want || begun)) return WEIR_OK;
    if (!told)
        return weir_fail(c, WEIR_ERROR_UNSUPPORTED,
                         "%s: standardize=yes: expected none, %s has no such option", k->data,
                         k->model.row->name);
    bool against = want ? weir__fit_says(k, "standardize") && !*told
                        : weir__spec_says(k->data, "standardize") && *told;
    const char *of_data = want ? "yes" : "no";
    const char *of_model = *told ? "yes" : "no";
    if (against && !begun)
        return weir_fail(c, WEIR_ERROR_RANGE,
                         "%s: standardize=%s of the data: expected model.standardize=%s", k->data,
                         of_data, of_model);
    *told = *told || want;
    return WEIR_OK;
}

weir_status weir__fit_model(weir_run *r, bool begun)
{
    weir__config *k = &r->config;
    if (fit_dim(r) != WEIR_OK || fit_levels(r) != WEIR_OK || fit_shape(r) != WEIR_OK
        || fit_standardize(r, begun) != WEIR_OK || weir__fit_conditions(r) != WEIR_OK
        || (!begun
            && weir__source_settle(r->object.ctx, k->model.row, k->model.options) != WEIR_OK))
        return weir_status_of(r->object.ctx);
    fit_say_all(&r->config);
    return WEIR_OK;
}
