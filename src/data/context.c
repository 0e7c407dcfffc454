/* context.c - conditions that a data set offers with its samples: "class", the number of each, and
 * "context", values of each. They are kept by place in the source, as the samples are, so a split
 * or a limit has its own. */
#include <limits.h>
#include <math.h>
#include <string.h>
#include "data/data.h"

weir__store *weir__context_new(weir_ctx *c, weir__store *s, weir_dtype t, int ndim,
                               const int64_t *shape)
{
    weir__store *k = weir__alloc0(c, sizeof *k);
    if (!k) return NULL;
    *k = (weir__store){ .dtype = t, .n = s->n, .ndim = ndim, .dim = weir__numel_of(ndim, shape) };
    memcpy(k->shape, shape, (size_t)ndim * sizeof *shape);
    k->data = weir__alloc_n(c, weir__size_times(k->n, k->dim), weir_dtype_size(t));
    if (!k->data) {
        weir__store_free(c, k);
        return NULL;
    }
    weir__store_free(c, s->context);
    s->context = k;
    return k;
}

/* -- of a batch -------------------------------------------------------------------------------- */
static weir_tensor *context_classes(const weir_dataset *d, int64_t n, const int64_t *ids)
{
    weir_tensor *t = weir_empty(d->object.ctx, WEIR_I64, 1, &n);
    int64_t *to = weir_is_nil(t) ? NULL : weir__ptr(t);
    for (int64_t i = 0; to && i < n; i++) to[i] = d->store->labels[ids[i]];
    return t;
}

static weir_tensor *context_values(const weir_dataset *d, int64_t n, const int64_t *ids,
                                   int64_t from, int64_t to)
{
    const weir__store *k = d->store->context;
    int64_t shape[WEIR_RANK_MAX] = { n };
    memcpy(shape + 1, k->shape, (size_t)k->ndim * sizeof *shape);
    weir_tensor *t = weir_empty(d->object.ctx, k->dtype, k->ndim + 1, shape);
    if (!weir_is_nil(t))
        weir__store_gather_part(d->object.ctx, k, k->dtype, ids, n, from, to, weir__ptr(t));
    return t;
}

weir_condition *weir__dataset_condition_part(const weir_dataset *d, int64_t n, const int64_t *ids,
                                             int64_t from, int64_t to)
{
    const weir__store *s = d->store;
    if (!s->labels && !s->context) return NULL;
    weir_condition *k = weir_condition_new(d->object.ctx);
    if (s->labels) k = weir_condition_with(k, "class", context_classes(d, n, ids));
    if (s->context) k = weir_condition_with(k, "context", context_values(d, n, ids, from, to));
    return k;
}

weir_condition *weir__dataset_condition(const weir_dataset *d, int64_t n, const int64_t *ids)
{
    return weir__dataset_condition_part(d, n, ids, 0, n);
}

/* -- looking ----------------------------------------------------------------------------------- */
int64_t weir_dataset_classes(const weir_dataset *d)
{
    if (weir__dataset_dead(d) || !d->store->labels) return 0;
    int64_t end = weir__labels_end(d->store), names = d->store->classes.n;
    return names > end ? names : end;
}

int64_t weir_dataset_context_dim(const weir_dataset *d)
{
    return weir__dataset_dead(d) || !d->store->context ? 0 : d->store->context->dim;
}

int64_t weir_dataset_label(const weir_dataset *d, int64_t row)
{
    if (weir__dataset_dead(d) || !d->store->labels || row < 0 || row >= d->n) return -1;
    return d->store->labels[weir__dataset_id(d, row)];
}

/* -- given by the caller ----------------------------------------------------------------------- */
static bool context_labels_fit(weir_ctx *c, const int64_t *labels, int64_t n)
{
    for (int64_t i = 0; labels && i < n; i++) {
        if (labels[i] >= 0 && labels[i] < INT32_MAX) continue;
        weir_fail(c, WEIR_ERROR_RANGE,
                  "dataset_set_labels: label %lld: expected an integer from 0, found %lld",
                  (long long)i, (long long)labels[i]);
        return false;
    }
    return true;
}

weir_status weir_dataset_set_labels(weir_dataset *d, const int64_t *labels)
{
    WEIR__AS_FOUND;
    static const char who[] = "dataset_set_labels";
    weir_status whole = weir__dataset_whole(d, who);
    if (whole != WEIR_OK) return whole;
    weir_ctx *c = d->object.ctx;
    weir__store *s = d->store;
    if (!context_labels_fit(c, labels, s->n)) return weir_status_of(c);
    int32_t *own = labels ? weir__alloc_n(c, s->n, sizeof *own) : NULL;
    if (labels && !own) return weir_status_of(c);
    for (int64_t i = 0; own && i < s->n; i++) own[i] = (int32_t)labels[i];
    weir__free(c, s->labels);
    weir__names_free(c, &s->classes);
    s->labels = own;
    s->labels_asked = true;
    return WEIR_OK;
}

weir_status weir_dataset_set_context(weir_dataset *d, const double *context, int64_t dim)
{
    WEIR__AS_FOUND;
    static const char who[] = "dataset_set_context";
    weir_status whole = weir__dataset_whole(d, who);
    if (whole != WEIR_OK) return whole;
    weir_ctx *c = d->object.ctx;
    weir__store *s = d->store;
    if (context && dim < 1)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %lld values a sample: expected at least one",
                         who, (long long)dim);
    if (!context) {
        weir__store_free(c, s->context);
        s->context = NULL;
        return WEIR_OK;
    }
    weir__store *k = weir__context_new(c, s, WEIR_F64, 1, &dim);
    if (k) memcpy(k->data, context, (size_t)(k->n * dim) * sizeof *context);
    return weir_status_of(c);
}
