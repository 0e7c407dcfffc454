/* rows.c - reading the samples of a data set: batches, checks, true densities. */
#include <math.h>
#include <string.h>
#include "data/data.h"

/* Samples drawn at random lie anywhere in memory: the caches are asked for some while others are
 * copied. Where `same` type is wanted, samples are copied, short ones without a call each. */
static inline void copy_rows_of(size_t from, bool same, const weir__store *s, weir_dtype t,
                                const int64_t *ids, int64_t n, char *x)
{
    enum { AHEAD = 16 };
    const char *data = s->data;
    size_t to = same ? from : (size_t)s->dim * weir_dtype_size(t);
    for (int64_t i = 0; i < n; i++, x += to) {
        if (i + AHEAD < n) __builtin_prefetch(data + (size_t)ids[i + AHEAD] * from);
        if (same) memcpy(x, data + (size_t)ids[i] * from, from);
        else weir__convert(t, x, s->dtype, data + (size_t)ids[i] * from, s->dim);
    }
}

static void copy_rows_of_parts(const weir__store *s, weir_dtype t, const int64_t *ids, int64_t n,
                               char *x)
{
    size_t to = (size_t)s->dim * weir_dtype_size(t);
    for (int64_t i = 0; i < n; i++, x += to)
        weir__convert(t, x, s->dtype, weir__store_row(s, ids[i]), s->dim);
}

bool weir__store_look(weir_ctx *c, const weir__store *s, const int64_t *ids, int64_t n,
                      const char **at)
{
    if (s->decoded) return weir__decoded_look(c, s, ids, n, at);
    for (int64_t i = 0; i < n; i++) at[i] = weir__store_row(s, ids[i]);
    return true;
}

bool weir__store_gather(weir_ctx *c, const weir__store *s, weir_dtype t, const int64_t *ids,
                        int64_t n, void *x)
{
    if (s->decoded) return weir__decoded_gather(c, s, t, ids, n, x);
    size_t bytes = (size_t)s->dim * weir_dtype_size(s->dtype);
    if (!s->data) copy_rows_of_parts(s, t, ids, n, x);
    else if (s->dtype != t) copy_rows_of(bytes, false, s, t, ids, n, x);
    else if (bytes == 4) copy_rows_of(4, true, s, t, ids, n, x);
    else if (bytes == 8) copy_rows_of(8, true, s, t, ids, n, x);
    else if (bytes == 12) copy_rows_of(12, true, s, t, ids, n, x);
    else if (bytes == 16) copy_rows_of(16, true, s, t, ids, n, x);
    else copy_rows_of(bytes, true, s, t, ids, n, x);
    return true;
}

/* The samples' places in the store, which draws and scores know them by */
static void find_ids(const weir_dataset *d, const int64_t *rows, int64_t first, int64_t n,
                     int64_t *ids)
{
    if (rows && !d->ids) memcpy(ids, rows, (size_t)n * sizeof *ids);
    else
        for (int64_t i = 0; i < n; i++) ids[i] = weir__dataset_id(d, rows ? rows[i] : first + i);
}

/* Values of samples [from, to) of n, and 0 for the others, which nobody reads. */
bool weir__store_gather_part(weir_ctx *c, const weir__store *s, weir_dtype t, const int64_t *ids,
                             int64_t n, int64_t from, int64_t to, void *x)
{
    size_t bytes = (size_t)s->dim * weir_dtype_size(t);
    char *at = x;
    memset(at, 0, (size_t)from * bytes);
    memset(at + (size_t)to * bytes, 0, (size_t)(n - to) * bytes);
    return weir__store_gather(c, s, t, ids + from, to - from, at + (size_t)from * bytes);
}

weir_batch *weir__dataset_gather_part(weir_dataset *d, const int64_t *rows, int64_t first,
                                      int64_t n, int64_t from, int64_t to)
{
    weir_ctx *c = d->object.ctx;
    const weir__store *s = d->store;
    int64_t shape[WEIR_RANK_MAX] = { n };
    memcpy(shape + 1, s->shape, (size_t)s->ndim * sizeof *shape);
    weir_tensor *x = weir_empty(c, d->real, s->ndim + 1, shape);
    if (x->object.nil || !weir__store_holds(c, s)) return weir__nil(c, WEIR__BATCH);
    int64_t *ids = weir__alloc_n(c, n, sizeof *ids);
    double *weights = s->weights ? weir__alloc_n(c, n, sizeof *weights) : NULL;
    if (weir_ok(c)) find_ids(d, rows, first, n, ids);
    for (int64_t i = 0; weir_ok(c) && weights && i < n; i++) weights[i] = s->weights[ids[i]];
    if (weir_ok(c)) weir__store_gather_part(c, s, d->real, ids, n, from, to, weir__ptr(x));
    weir_condition *k = weir_ok(c) ? weir__dataset_condition_part(d, n, ids, from, to) : NULL;
    weir_batch *b = weir__batch_new(c, x, ids, weights, k);
    if (b->object.nil) return b;
    b->mean_weight = weir__dataset_mean_weight(d);
    b->offered = true;
    b->has_class_by_nature = s->labels && !s->labels_asked;
    b->partial = from > 0 || to < n;
    b->from = from;
    b->to = to;
    return b;
}

weir_batch *weir__dataset_gather(weir_dataset *d, const int64_t *rows, int64_t first, int64_t n)
{
    return weir__dataset_gather_part(d, rows, first, n, 0, n);
}

/* Cuts [first, first+n) at the end of d; false with the error set where nothing is left. */
static bool rows_cut(weir_dataset *d, const char *what, int64_t first, int64_t *n)
{
    if (first < 0 || first >= d->n || *n < 1) {
        weir_fail(d->object.ctx, WEIR_ERROR_RANGE,
                  "%s: %lld samples from %lld: expected samples within [0, %lld)", what,
                  (long long)*n, (long long)first, (long long)d->n);
        return false;
    }
    if (*n > d->n - first) *n = d->n - first;
    return true;
}

weir_batch *weir_dataset_batch(weir_dataset *d, int64_t first, int64_t n)
{
    WEIR__AS_FOUND;
    if (weir__dataset_dead(d)) return weir__nil(weir__ctx_of(d), WEIR__BATCH);
    if (!weir_ok(d->object.ctx) || !rows_cut(d, "dataset_batch", first, &n))
        return weir__nil(d->object.ctx, WEIR__BATCH);
    return weir__dataset_gather(d, NULL, first, n);
}

bool weir_dataset_true_log_prob(weir_dataset *d, int64_t first, int64_t n, double *out)
{
    WEIR__AS_FOUND;
    if (weir__dataset_dead(d) || !d->row || !d->row->log_density || !weir_ok(d->object.ctx))
        return false;
    if (!out) {
        weir_fail(d->object.ctx, WEIR_ERROR_ARGUMENT, "dataset_true_log_prob: NULL: expected room");
        return false;
    }
    if (!rows_cut(d, "dataset_true_log_prob", first, &n)) return false;
    for (int64_t i = 0; i < n; i++) {
        double x[2]; /* toys hold f32, so these are the very values of a batch */
        weir__store_read(d->store, weir__dataset_id(d, first + i), 0, 2, x);
        out[i] = d->row->log_density(x);
    }
    return true;
}

/* -- looking at all of them -------------------------------------------------------------------- */
const char *weir__store_place(const weir__store *s, bool context, int64_t j, char *text,
                              size_t bytes)
{
    size_t used = 0;
    text[0] = 0;
    if (context && j < s->context->columns.n)
        weir__append(text, bytes, &used, "condition %s", s->context->columns.at[j]);
    else if (context) weir__append(text, bytes, &used, "condition %lld", (long long)j + 1);
    else weir__append(text, bytes, &used, "column %lld", (long long)weir__store_column(s, j));
    return text;
}

static weir_status rows_not_finite(weir_dataset *d, bool context, int64_t id, int64_t j, double v)
{
    char place[160];
    const char *type = isfinite(v) ? " of f32" : "";
    return weir_fail(d->object.ctx, WEIR_ERROR_VALUE,
                     "%.300s: sample %lld, %s: expected a finite number%s, found %g", d->name,
                     (long long)id, weir__store_place(d->store, context, j, place, sizeof place),
                     type, isnan(v) ? fabs(v) : v); /* not "-nan" */
}

static bool is_whole(weir_dtype t)
{
    return t == WEIR_U8 || t == WEIR_BOOL || t == WEIR_I32 || t == WEIR_I64;
}

/* Of the samples' data or of their context, as far as they are this rank's. */
static weir_status find_not_finite(weir_dataset *d, bool context, weir_dtype t)
{
    enum { CHUNK = 512 };
    double v[CHUNK];
    const weir__store *s = context ? d->store->context : d->store;
    if (!weir__store_holds(d->object.ctx, s)) return weir_status_of(d->object.ctx);
    int64_t end = weir__sharing_end(d->sharing, d->n);
    for (int64_t i = weir__sharing_begin(d->sharing, d->n); !is_whole(s->dtype) && i < end; i++) {
        int64_t id = weir__dataset_id(d, i);
        if (weir__dataset_weight(d, i) == 0) continue; /* nobody looks at it */
        for (int64_t j = 0; j < s->dim; j += CHUNK) {
            int64_t n = s->dim - j < CHUNK ? s->dim - j : CHUNK;
            weir__store_read(s, id, j, n, v);
            for (int64_t k = 0; k < n; k++)
                if (!isfinite(t == WEIR_F32 ? (double)(float)v[k] : v[k]))
                    return rows_not_finite(d, context, id, j + k, v[k]);
        }
    }
    return weir_status_of(d->object.ctx);
}

static weir_status check_finite(weir_dataset *d, bool context, weir_dtype t)
{
    find_not_finite(d, context, t);
    weir__sharing_well(d->sharing, d->object.ctx);
    return weir_status_of(d->object.ctx);
}

weir_status weir__dataset_check_finite(weir_dataset *d, weir_dtype t)
{
    if (weir__dataset_dead(d)) return weir_status_of(weir__ctx_of(d));
    return check_finite(d, false, t);
}

weir_status weir__dataset_check_context(weir_dataset *d)
{
    if (weir__dataset_dead(d) || !d->store->context) return weir_status_of(weir__ctx_of(d));
    return check_finite(d, true, WEIR_F64);
}
