/* beside.c - files that lie beside the data: a class or a context of every sample. */
#include <string.h>
#include "data/data.h"

/* What such a file, or several, hold. */
typedef struct beside {
    weir__source from; /* which values may lie in */
    weir__array a;
    weir__csv csv;
} beside;

static void beside_free(weir_ctx *c, beside *b)
{
    weir__array_free(c, &b->a);
    weir__csv_free(c, &b->csv);
    weir__source_free(c, &b->from);
}

/* They are few: put together in memory. */
static void beside_read_files(weir_ctx *c, beside *b)
{
    weir__store s = { 0 };
    if (weir__parts_read(c, &b->from.files, &s, &b->a, &b->csv) == WEIR_OK) {
        s.dtype = b->a.dtype;
        s.dim = weir__numel_of(b->a.ndim - 1, b->a.shape + 1);
        if (weir__store_own(c, &s)) b->a.data = s.data;
    }
    weir__parts_free(c, &s);
}

/* `what`: the option. A CSV may hold words in `words`, a column; NULL: none. */
static weir_status beside_read(weir_ctx *c, const char *what, const char *path, const char *words,
                               beside *b)
{
    *b = (beside){ .csv.form.word_column = words };
    if (!weir__source_find(c, path, &b->from)) return weir_status_of(c);
    const weir__dataset_row *row = b->from.row;
    if (!row->together && row != &weir__dataset_csv)
        weir_fail(c, WEIR_ERROR_FORMAT, "%.300s: expected a file of %s: IDX, npy or CSV", path,
                  what);
    else if (b->from.files.n > 0) beside_read_files(c, b);
    else row->read(c, path, b->from.bytes, &b->a, &b->csv);
    if (!weir_ok(c)) beside_free(c, b);
    return weir_status_of(c);
}

static bool beside_has_rows(const weir__array *a, int64_t n)
{
    return a->ndim >= 1 && a->shape[0] == n && weir__array_numel(a) % n == 0;
}

static weir_status labels_from(weir_ctx *c, const char *name, const char *path, const beside *b,
                               weir__store *s)
{
    if (!beside_has_rows(&b->a, s->n) || weir__array_numel(&b->a) != s->n)
        return weir_fail(c, WEIR_ERROR_SHAPE,
                         "%.300s: expected %lld labels, one for each sample of %.300s", path,
                         (long long)s->n, name);
    if (b->csv.words.n > 0) return weir__labels_words(c, s, &b->csv.words);
    const weir__store labels = { .dtype = b->a.dtype, .n = s->n, .dim = 1, .data = b->a.data };
    return weir__labels_numbers(c, path, s, &labels, 0);
}

weir_status weir__store_labels_file(weir_ctx *c, const char *name, weir__store *s, const char *path)
{
    beside b;
    if (beside_read(c, "labels", path, "1", &b) != WEIR_OK) return weir_status_of(c);
    labels_from(c, name, path, &b, s);
    beside_free(c, &b);
    return weir_status_of(c);
}

static weir_status context_from(weir_ctx *c, const char *name, const char *path, const beside *b,
                                weir__store *s)
{
    const weir__array *a = &b->a;
    const int64_t one = 1;
    if (!beside_has_rows(a, s->n) || weir__array_numel(a) == 0)
        return weir_fail(c, WEIR_ERROR_SHAPE,
                         "%.300s: expected values for each of the %lld samples of %.300s", path,
                         (long long)s->n, name);
    bool list = a->ndim == 1;
    weir__store *k = weir__context_new(c, s, weir__store_real(a->dtype), list ? 1 : a->ndim - 1,
                                       list ? &one : a->shape + 1);
    if (!k) return weir_status_of(c);
    weir__convert(k->dtype, k->data, a->dtype, a->data, s->n * k->dim);
    if (!b->csv.header) return WEIR_OK;
    return weir__names_copy(c, &k->columns, b->csv.columns, (const char *const *)b->csv.header);
}

weir_status weir__store_conditions_file(weir_ctx *c, const char *name, weir__store *s,
                                        const char *path)
{
    beside b;
    if (beside_read(c, "conditions", path, NULL, &b) != WEIR_OK) return weir_status_of(c);
    context_from(c, name, path, &b, s);
    beside_free(c, &b);
    return weir_status_of(c);
}
