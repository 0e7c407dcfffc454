/* store.c - a source in the type it comes in: MNIST stays 47 MB of bytes. Arrays of files stay in
 * them (parts.c), as long as nothing is to be changed. */
#include <math.h>
#include <string.h>
#include "data/data.h"

void weir__store_free(weir_ctx *c, weir__store *s)
{
    if (!s) return;
    if (s->n_parts == 0) weir__free(c, s->data);
    weir__parts_free(c, s);
    weir__decoded_free(c, s->decoded);
    weir__free(c, s->labels);
    weir__free(c, s->weights);
    weir__free(c, s->removed);
    weir__names_free(c, &s->columns);
    weir__names_free(c, &s->removed_as);
    weir__names_free(c, &s->classes);
    weir__store_free(c, s->context);
    weir__free(c, s);
}

int64_t weir__store_column(const weir__store *s, int64_t j)
{
    for (int64_t i = 0; i < s->n_removed; i++) j += s->removed[i] <= j;
    return j + 1;
}

double weir__store_value(const weir__store *s, int64_t row, int64_t j)
{
    double v;
    weir__store_read(s, row, j, 1, &v);
    return v;
}

void weir__store_read(const weir__store *s, int64_t row, int64_t first, int64_t n, double *out)
{
    const char *at = weir__store_row(s, row) + first * (int64_t)weir_dtype_size(s->dtype);
    weir__convert(WEIR_F64, out, s->dtype, at, n);
}

static weir_status take_array_labels(weir_ctx *c, weir__array *a, weir__store *s)
{
    const weir_words *names = &a->label_names;
    if (a->n_labels == 0) return WEIR_OK;
    s->labels = a->labels;
    a->labels = NULL;
    return weir__names_copy(c, &s->classes, names->n, (const char *const *)names->at);
}

/* Moves the array into the store, if there are no parts of it yet, with what its values lie in:
 * samples along the first axis; a plain list is a table of one column. */
static weir_status take_array(weir_ctx *c, const char *name, weir__array *a, weir__source *from,
                              weir__store *s)
{
    if (a->ndim < 1)
        return weir_fail(c, WEIR_ERROR_SHAPE, "%.300s: one number: expected an array of samples",
                         name);
    s->dtype = a->dtype;
    s->n = a->shape[0];
    s->ndim = a->ndim > 1 ? a->ndim - 1 : 1;
    s->shape[0] = 1;
    for (int i = 1; i < a->ndim; i++) s->shape[i - 1] = a->shape[i];
    s->dim = weir__numel_of(s->ndim, s->shape);
    if (s->n < 1 || s->dim < 1)
        return weir_fail(c, WEIR_ERROR_SHAPE,
                         "%.300s: no values: expected at least one sample and one column", name);
    if (a->n_labels > 0 && a->n_labels != s->n)
        return weir_fail(c, WEIR_ERROR_SHAPE, "%.300s: %lld labels: expected %lld, one a sample",
                         name, (long long)a->n_labels, (long long)s->n);
    s->levels = a->levels;
    if (a->files) {
        s->decoded = weir__decoded_new(c, s, a->files);
        if (!s->decoded) return weir_status_of(c);
        a->files = NULL;
        return take_array_labels(c, a, s);
    }
    if (a->borrowed) {
        s->n = 0; /* the part's are added */
        return weir__parts_add(c, s, name, a, from);
    }
    if (s->n_parts == 0) s->data = a->data;
    a->data = NULL;
    return take_array_labels(c, a, s);
}

/* What the reader of a table asks. */
typedef struct chooser {
    weir_ctx *c;
    const char *name;
    const weir__dataset_opts *o;
} chooser;

static void choose(void *user, int64_t columns, char *const *header, bool *left_out)
{
    const chooser *k = user;
    weir__columns_left_out(k->c, k->name, k->o, columns, header, left_out);
}

/* Whether a value that is read is NaN. */
static bool row_lacks(const weir__store *s, int64_t row, const bool *left_out)
{
    for (int64_t j = 0; j < s->dim; j++)
        if (!left_out[j] && isnan(weir__store_value(s, row, j))) return true;
    return false;
}

/* Samples with NaN leave an array, as they leave a table while it is read. */
static weir_status drop_rows(weir_ctx *c, const char *name, const weir__dataset_opts *o,
                             char *const *header, weir__store *s)
{
    int64_t kept = 0, n = s->n;
    size_t bytes = (size_t)s->dim * weir_dtype_size(s->dtype);
    if (o->na != WEIR__NA_DROP || !weir_dtype_is_real(s->dtype)) return WEIR_OK;
    bool *left_out = weir__alloc0_n(c, s->dim, sizeof *left_out);
    if (left_out && s->ndim == 1) weir__columns_left_out(c, name, o, s->dim, header, left_out);
    for (int64_t i = 0; weir_ok(c) && i < n; i++) {
        bool lacks = row_lacks(s, i, left_out);
        if (lacks && !weir__store_own(c, s)) break;
        if (!lacks && kept++ < i)
            memmove((char *)s->data + (size_t)(kept - 1) * bytes,
                    (char *)s->data + (size_t)i * bytes, bytes);
    }
    weir__free(c, left_out);
    if (!weir_ok(c) || kept == n) return weir_status_of(c);
    s->n = kept;
    if (kept == 0)
        return weir_fail(c, WEIR_ERROR_VALUE,
                         "%.300s: all samples lack a value: expected some without NaN", name);
    weir__warn(c, "%.300s: %lld of %lld samples lack a value: they are left out (na=drop)", name,
               (long long)(n - kept), (long long)n);
    return WEIR_OK;
}

static weir_status read_store(weir_ctx *c, const char *name, weir__source *from,
                              const weir__dataset_opts *o, weir__store *s)
{
    const weir__dataset_row *row = from->row;
    weir__array a = { 0 };
    chooser k = { c, name, o };
    bool chooses = o->columns.n > 0 || o->skip.n > 0;
    weir__csv csv = { .form = { .word_column = weir__is_said(o->label) ? o->label : NULL,
                                .header = o->header,
                                .choose = chooses ? choose : NULL,
                                .user = &k,
                                .drop = o->na == WEIR__NA_DROP } };
    if (from->files.n > 0) weir__parts_read(c, &from->files, s, &a, &csv);
    else row->read(c, name, from->bytes, &a, &csv);
    if (weir_ok(c) && take_array(c, name, &a, from, s) == WEIR_OK
        && (row == &weir__dataset_csv || drop_rows(c, name, o, csv.header, s) == WEIR_OK))
        weir__store_columns(c, name, s, &csv, o);
    weir__array_free(c, &a);
    weir__csv_free(c, &csv);
    return weir_status_of(c);
}

/* The first of n values that is none of the levels; n: all are, or not finite. */
static int64_t no_level(const double *v, int64_t n, double levels)
{
    for (int64_t k = 0; k < n; k++)
        if (isfinite(v[k]) && !(v[k] >= 0 && v[k] < levels && v[k] == floor(v[k]))) return k;
    return n;
}

/* NaN and infinities pass: scoring fails those samples alone, and training refuses them by
 * weir__dataset_check_finite. */
bool weir__store_check_row(weir_ctx *c, const char *name, const weir__store *s, int64_t levels,
                           int64_t row, const char *at)
{
    enum { CHUNK = 512 };
    double v[CHUNK];
    for (int64_t j = 0; j < s->dim; j += CHUNK) {
        int64_t n = s->dim - j < CHUNK ? s->dim - j : CHUNK;
        weir__convert(WEIR_F64, v, s->dtype, at + j * (int64_t)weir_dtype_size(s->dtype), n);
        int64_t bad = no_level(v, n, (double)levels);
        if (bad == n) continue;
        weir_fail(c, WEIR_ERROR_VALUE,
                  "%.300s: sample %lld, column %lld: expected an integer in [0, %lld) (levels), "
                  "found %g",
                  name, (long long)row, (long long)weir__store_column(s, j + bad),
                  (long long)levels, v[bad]);
        return false;
    }
    return true;
}

/* Samples that are decoded are looked at then. */
static weir_status check_levels(weir_ctx *c, const char *name, const weir__store *s)
{
    if (s->decoded) weir__decoded_levels(s->decoded, s->levels, 0);
    if (s->decoded || s->levels == 0 || (s->dtype == WEIR_U8 && s->levels >= 256)) return WEIR_OK;
    for (int64_t row = 0; row < s->n; row++)
        if (!weir__store_check_row(c, name, s, s->levels, row, weir__store_row(s, row))) break;
    return weir_status_of(c);
}

void weir__reduce_values(weir_dtype t, void *at, int64_t n, int64_t levels, int64_t few)
{
    enum { CHUNK = 512 };
    double v[CHUNK];
    for (int64_t i = 0; i < n; i += CHUNK) {
        int64_t some = n - i < CHUNK ? n - i : CHUNK;
        char *to = (char *)at + i * (int64_t)weir_dtype_size(t);
        weir__convert(WEIR_F64, v, t, to, some);
        for (int64_t k = 0; k < some; k++) v[k] = floor((double)few * v[k] / (double)levels);
        weir__convert(t, to, WEIR_F64, v, some);
    }
}

/* v of so many levels becomes floor(2^bits v / levels). */
static weir_status store_reduce(weir_ctx *c, const char *name, weir__store *s, int64_t bits)
{
    int64_t few = (int64_t)1 << bits;
    if (!(few < s->levels))
        return weir_fail(c, WEIR_ERROR_RANGE,
                         "%.300s: bits=%lld of %lld levels: expected data of more than %lld levels",
                         name, (long long)bits, (long long)s->levels, (long long)few);
    if (s->decoded) weir__decoded_levels(s->decoded, s->levels, few);
    else if (!weir__store_own(c, s)) return weir_status_of(c);
    else weir__reduce_values(s->dtype, s->data, s->n * s->dim, s->levels, few);
    s->levels = few;
    return WEIR_OK;
}

static weir_status fill_store(weir_ctx *c, const char *name, weir__source *from,
                              const weir__dataset_opts *o, bool levels_given, weir__store *s)
{
    if (from->row->draw) return weir__toy_store(c, from->row, o->n, s);
    if (read_store(c, name, from, o, s) != WEIR_OK) return weir_status_of(c);
    if (!o->map && !weir__store_own(c, s)) return weir_status_of(c);
    if (levels_given) s->levels = o->levels;
    if (weir__is_said(o->labels) && weir__store_labels_file(c, name, s, o->labels) != WEIR_OK)
        return weir_status_of(c);
    if (weir__is_said(o->conditions)
        && weir__store_conditions_file(c, name, s, o->conditions) != WEIR_OK)
        return weir_status_of(c);
    if (check_levels(c, name, s) != WEIR_OK || o->bits == 0) return weir_status_of(c);
    return store_reduce(c, name, s, o->bits);
}

weir__store *weir__store_open(weir_ctx *c, const char *name, weir__source *from,
                              const weir__dataset_opts *o, bool levels_given)
{
    weir__store *s = weir__alloc0(c, sizeof *s);
    if (!s || fill_store(c, name, from, o, levels_given, s) == WEIR_OK) return s;
    weir__store_free(c, s);
    return NULL;
}
