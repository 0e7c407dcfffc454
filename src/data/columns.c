/* columns.c - labels and weights: columns taken out of a table, or labels from a file of their own. */
#include <limits.h>
#include <math.h>
#include <string.h>
#include "data/data.h"

static int64_t header_index(const weir__csv *csv, const char *text)
{
    for (int64_t j = 0; csv->header && j < csv->columns; j++)
        if (strcmp(csv->header[j], text) == 0) return j;
    return -1;
}

/* The nearest name of the header, "" where none is near. */
static const char *header_near(const weir__csv *csv, const char *text)
{
    const char *near = "";
    int distance = (int)strlen(text) / 2 + 1;
    for (int64_t j = 0; csv->header && j < csv->columns; j++) {
        int d = weir__edit_distance(text, csv->header[j]);
        if (d < distance || (d == distance && !near[0])) near = csv->header[j], distance = d;
    }
    return near;
}

/* `text` names a column of the header, or counts columns from 1. */
static weir_status find_column(weir_ctx *c, const char *name, const weir__store *s, const weir__csv *csv, const char *option,
                               const char *text, int64_t *column)
{
    int64_t number;
    *column = header_index(csv, text);
    if (*column >= 0) return WEIR_OK;
    if (weir__parse_int(text, &number) && number >= 1 && number <= s->dim) {
        *column = number - 1;
        return WEIR_OK;
    }
    const char *near = header_near(csv, text);
    return weir_fail(c, WEIR_ERROR_NAME, "%.300s: %s=%.100s: expected a name of the header or a number from 1 to %lld%s%.100s", name, option,
                     text, (long long)s->dim, near[0] ? ", perhaps " : "", near);
}

static bool is_label(double v) { return v >= 0 && v <= INT32_MAX && v == floor(v); }

static weir_status take_labels(weir_ctx *c, const char *name, weir__store *s, int64_t column)
{
    weir__free(c, s->labels);
    s->labels = weir__alloc_n(c, s->n, sizeof *s->labels);
    for (int64_t i = 0; s->labels && i < s->n; i++) {
        double v = weir__store_value(s, i, column);
        if (!is_label(v))
            return weir_fail(c, WEIR_ERROR_VALUE, "%.300s: row %lld, column %lld: expected a label, an integer from 0, found %g", name,
                             (long long)i, (long long)column + 1, v);
        s->labels[i] = (int32_t)v;
    }
    return weir_status_of(c);
}

static weir_status take_weights(weir_ctx *c, const char *name, weir__store *s, int64_t column)
{
    char text[96];
    s->weights = weir__alloc_n(c, s->n, sizeof *s->weights);
    if (!s->weights) return weir_status_of(c);
    for (int64_t i = 0; i < s->n; i++) s->weights[i] = weir__store_value(s, i, column);
    int64_t bad = weir__weights_bad(s->weights, s->n, text, sizeof text);
    if (bad < 0) return WEIR_OK;
    return weir_fail(c, WEIR_ERROR_VALUE, "%.300s: row %lld, column %lld: %s", name, (long long)bad,
                     (long long)column + 1, text);
}

/* Closes the gaps in place. */
static void remove_columns(weir__store *s)
{
    size_t element = weir_dtype_size(s->dtype);
    int64_t dim = s->dim - s->n_removed;
    char *to = s->data;
    for (int64_t i = 0; i < s->n; i++) {
        const char *from = (const char *)s->data + (size_t)(i * s->dim) * element;
        for (int64_t j = 0; j < s->dim; j++) {
            if ((s->n_removed > 0 && j == s->removed[0]) || (s->n_removed > 1 && j == s->removed[1])) continue;
            memmove(to, from + (size_t)j * element, element);
            to += element;
        }
    }
    s->dim = s->shape[0] = dim;
}

static void note_removed(weir__store *s, int64_t column)
{
    s->removed[s->n_removed++] = column;
    if (s->n_removed == 2 && s->removed[0] > s->removed[1]) {
        int64_t first = s->removed[1];
        s->removed[1] = s->removed[0];
        s->removed[0] = first;
    }
}

weir_status weir__store_columns(weir_ctx *c, const char *name, weir__store *s, const weir__csv *csv, const weir__dataset_opts *o)
{
    int64_t label = -1, weight = -1;
    if (!weir__is_said(o->label) && !weir__is_said(o->weight)) return WEIR_OK;
    if (s->ndim != 1) return weir_fail(c, WEIR_ERROR_SHAPE, "%.300s: label and weight: expected a table, found %d axes", name, s->ndim + 1);
    if (weir__is_said(o->label) && weir__is_said(o->labels))
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%.300s: label and labels: expected one of them", name);
    if (weir__is_said(o->label) && (find_column(c, name, s, csv, "label", o->label, &label) != WEIR_OK || take_labels(c, name, s, label) != WEIR_OK))
        return weir_status_of(c);
    if (weir__is_said(o->weight) && (find_column(c, name, s, csv, "weight", o->weight, &weight) != WEIR_OK || take_weights(c, name, s, weight) != WEIR_OK))
        return weir_status_of(c);
    if (label == weight) return weir_fail(c, WEIR_ERROR_ARGUMENT, "%.300s: label and weight: expected two columns, found one", name);
    if (label >= 0) note_removed(s, label);
    if (weight >= 0) note_removed(s, weight);
    if (s->n_removed == s->dim) return weir_fail(c, WEIR_ERROR_SHAPE, "%.300s: no column left: expected data beside label and weight", name);
    remove_columns(s);
    return WEIR_OK;
}

static weir_status labels_from(weir_ctx *c, const char *name, const char *path, const weir__array *a, weir__store *s)
{
    if (a->ndim < 1 || weir__array_numel(a) != s->n || a->shape[0] != s->n)
        return weir_fail(c, WEIR_ERROR_SHAPE, "%.300s: expected %lld labels, one for each row of %.300s", path, (long long)s->n, name);
    weir__store labels = { .dtype = a->dtype, .n = s->n, .dim = 1, .data = a->data };
    weir__free(c, s->labels);
    s->labels = weir__alloc_n(c, s->n, sizeof *s->labels);
    for (int64_t i = 0; s->labels && i < s->n; i++) {
        double v = weir__store_value(&labels, i, 0);
        if (!is_label(v))
            return weir_fail(c, WEIR_ERROR_VALUE, "%.300s: row %lld: expected a label, an integer from 0, found %g", path, (long long)i, v);
        s->labels[i] = (int32_t)v;
    }
    return weir_status_of(c);
}

weir_status weir__store_labels_file(weir_ctx *c, const char *name, weir__store *s, const char *path)
{
    weir__bytes bytes;
    weir__array a = { 0 };
    weir__csv csv = { 0 };
    const weir__dataset_row *row = weir__source_find(c, path, &bytes);
    if (!row) return weir_status_of(c);
    if (row != &weir__dataset_npy && row != &weir__dataset_csv && row != &weir__dataset_idx)
        weir_fail(c, WEIR_ERROR_FORMAT, "%.300s: expected a file of labels: IDX, npy or CSV", path);
    else if (row->read(c, path, bytes, &a, &csv) == WEIR_OK)
        labels_from(c, name, path, &a, s);
    weir__array_free(c, &a);
    weir__csv_free(c, &csv);
    weir__free(c, bytes.data);
    return weir_status_of(c);
}
