/* parts.c - values of a store that lie where they were read: in mapped files, one part each, or in
 * the bytes of one that was unpacked. What would write over them gets a copy of its own first. */
#include <string.h>
#include "data/data.h"

static size_t parts_row_bytes(const weir__store *s)
{
    return (size_t)s->dim * weir_dtype_size(s->dtype);
}

static void part_free(weir_ctx *c, weir__part *p)
{
    weir__free(c, p->own);
    weir__free(c, p->path);
    weir__mapped_end(&p->map);
}

void weir__parts_free(weir_ctx *c, weir__store *s)
{
    for (int64_t i = 0; i < s->n_parts; i++) part_free(c, &s->parts[i]);
    weir__free(c, s->parts);
    s->parts = NULL;
    s->n_parts = s->parts_room = 0;
    s->data = NULL;
}

const char *weir__parts_row(const weir__store *s, int64_t row)
{
    int64_t lo = 0, hi = s->n_parts;
    while (hi - lo > 1) {
        int64_t mid = lo + (hi - lo) / 2;
        if (s->parts[mid].first <= row) lo = mid;
        else hi = mid;
    }
    return s->parts[lo].data + (size_t)(row - s->parts[lo].first) * parts_row_bytes(s);
}

/* Room for one more part; what it is of stays the caller's until it is there. */
static weir__part *parts_room(weir_ctx *c, weir__store *s, const char *path)
{
    if (!weir__grow(c, &s->parts, &s->parts_room, s->n_parts + 1, sizeof *s->parts)) return NULL;
    weir__part *p = &s->parts[s->n_parts];
    *p = (weir__part){ .path = weir__strdup(c, path) };
    return p->path ? p : NULL;
}

weir_status weir__parts_add(weir_ctx *c, weir__store *s, const char *path, weir__array *a,
                            weir__source *from)
{
    weir__part *p = parts_room(c, s, path);
    if (!p) return weir_status_of(c);
    p->first = s->n;
    p->n = a->shape[0];
    p->data = a->data;
    if (!a->borrowed) {
        p->own = a->data;
    } else if (from->map.data) {
        p->map = from->map;
        from->map = (weir__mapped){ 0 };
    } else {
        p->own = from->bytes.data;
    }
    if (a->borrowed) from->bytes = (weir__bytes){ 0 };
    a->data = NULL;
    s->n_parts++;
    s->n += p->n;
    s->data = s->n_parts == 1 ? (void *)(uintptr_t)p->data : NULL;
    return WEIR_OK;
}

bool weir__store_own(weir_ctx *c, weir__store *s)
{
    size_t each = parts_row_bytes(s);
    if (s->decoded) return weir__decoded_own(c, s);
    if (s->n_parts == 0) return true;
    char *all = weir__alloc_n(c, weir__size_times(s->n, s->dim), weir_dtype_size(s->dtype));
    if (!all) return false;
    for (int64_t i = 0; i < s->n_parts; i++) {
        const weir__part *p = &s->parts[i];
        memcpy(all + (size_t)p->first * each, p->data, (size_t)p->n * each);
    }
    weir__parts_free(c, s);
    s->data = all;
    return true;
}

bool weir__store_holds(weir_ctx *c, const weir__store *s)
{
    for (int64_t i = 0; i < s->n_parts; i++) {
        const weir__part *p = &s->parts[i];
        if (weir__mapped_holds(&p->map, p->path)) continue;
        weir_fail(c, WEIR_ERROR_IO,
                  "%.300s: was written to since it was opened: expected a file that stays as it "
                  "is, or map=no",
                  p->path);
        return false;
    }
    return true;
}

/* -- several files ----------------------------------------------------------------------------- */
static weir_status parts_unlike(weir_ctx *c, const char *path, const weir__array *a,
                                const weir__array *first, const char *other)
{
    char found[160] = "", expected[160] = "";
    size_t m = 0, n = 0;
    if (a->ndim > 1) weir__append_shape(found, sizeof found, &m, a->ndim - 1, a->shape + 1);
    if (first->ndim > 1)
        weir__append_shape(expected, sizeof expected, &n, first->ndim - 1, first->shape + 1);
    return weir_fail(c, WEIR_ERROR_SHAPE, "%.300s: samples of %s %s: expected %s %s, as in %.300s",
                     path, weir_dtype_name(a->dtype), found, weir_dtype_name(first->dtype),
                     expected, other);
}

static bool parts_alike(const weir__array *a, const weir__array *b)
{
    bool same = a->dtype == b->dtype && a->ndim == b->ndim && a->levels == b->levels;
    for (int i = 1; same && i < a->ndim; i++) same = a->shape[i] == b->shape[i];
    return same;
}

static bool parts_named_alike(const weir__csv *a, const weir__csv *b)
{
    bool same = a->columns == b->columns;
    for (int64_t i = 0; same && i < a->columns; i++) same = strcmp(a->header[i], b->header[i]) == 0;
    return same;
}

/* What the first of several files holds */
typedef struct parts_first {
    const char *path;
    weir__array *shape;
    weir__csv *csv;
} parts_first;

/* The rows of one file, if they are like those of the first. */
static void parts_take(weir_ctx *c, const char *path, weir__store *s, const parts_first *first,
                       weir__array *a, const weir__csv *csv, weir__source *from)
{
    if (a->ndim < 1)
        weir_fail(c, WEIR_ERROR_SHAPE, "%.300s: one number: expected an array of samples", path);
    else if (!parts_alike(a, first->shape)) parts_unlike(c, path, a, first->shape, first->path);
    else if (!parts_named_alike(csv, first->csv))
        weir_fail(c, WEIR_ERROR_SHAPE, "%.300s: other names of fields: expected those of %.300s",
                  path, first->path);
    else weir__parts_add(c, s, path, a, from);
}

static void parts_read_one(weir_ctx *c, const char *path, weir__store *s, const parts_first *first)
{
    weir__source from;
    weir__array a = { 0 };
    weir__csv own = { 0 };
    weir__csv *csv = s->n_parts == 0 ? first->csv : &own;
    if (!weir__source_find(c, path, &from)) return;
    if (!from.row->together)
        weir_fail(c, WEIR_ERROR_FORMAT, "%.300s: one of several files: expected npy or IDX", path);
    else if (from.row->read(c, path, from.bytes, &a, csv) == WEIR_OK) {
        if (s->n_parts == 0) *first->shape = a;
        parts_take(c, path, s, first, &a, csv, &from);
    }
    weir__array_free(c, &a);
    weir__csv_free(c, &own);
    weir__source_free(c, &from);
}

weir_status weir__parts_read(weir_ctx *c, const weir__files *files, weir__store *s,
                             weir__array *shape, weir__csv *csv)
{
    const parts_first first = { .path = files->at[0], .shape = shape, .csv = csv };
    s->n = 0;
    for (int64_t i = 0; weir_ok(c) && i < files->n; i++) parts_read_one(c, files->at[i], s, &first);
    shape->data = NULL;
    shape->borrowed = false;
    shape->shape[0] = s->n;
    return weir_status_of(c);
}
