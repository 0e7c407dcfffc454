/* safetensors.c - reading: 8 bytes of header length, a JSON header, then the tensors' bytes without
 * holes. */
#include <stdlib.h>
#include <string.h>
#include "io/safetensors.h"

static const struct {
    const char *name;
    weir_dtype dtype;
} names[] = {
    { "F64", WEIR_F64 }, { "F32", WEIR_F32 }, { "F16", WEIR_F16 }, { "BF16", WEIR_BF16 },
    { "I64", WEIR_I64 }, { "I32", WEIR_I32 }, { "U8", WEIR_U8 },   { "BOOL", WEIR_BOOL },
};

const char *weir__safetensors_dtype(weir_dtype t)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].dtype == t) return names[i].name;
    return NULL;
}

typedef struct reader {
    weir_ctx *c;
    const char *where;
    const char *key; /* of the tensor being read */
    const unsigned char *data;
    size_t data_size, header_size;
    weir__weights w;
} reader;

static bool safetensors_refuse(reader *r, const char *expected)
{
    char key[WEIR__QUOTE];
    weir__io_fail(r->c, WEIR_ERROR_FORMAT, r->where, "tensor \"%s\": expected %s",
                  weir__quote(r->key, strlen(r->key), key), expected);
    return false;
}

static bool read_dtype(reader *r, const json_t *entry, weir__weight *w)
{
    const json_t *d = json_object_get(entry, "dtype");
    if (!json_is_string(d)) return safetensors_refuse(r, "a dtype in a string");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(json_string_value(d), names[i].name) == 0) {
            w->dtype = names[i].dtype;
            return true;
        }
    char found[WEIR__QUOTE], text[128];
    snprintf(text, sizeof text, "a dtype F64 F32 F16 BF16 I64 I32 U8 or BOOL, found \"%s\"",
             weir__quote(json_string_value(d), json_string_length(d), found));
    return safetensors_refuse(r, text);
}

static bool safetensors_read_shape(reader *r, const json_t *entry, weir__weight *w)
{
    const json_t *s = json_object_get(entry, "shape");
    if (!json_is_array(s) || json_array_size(s) > WEIR_RANK_MAX)
        return safetensors_refuse(r, "a shape of at most 8 extents");
    w->ndim = (int)json_array_size(s);
    for (int i = 0; i < w->ndim; i++) {
        const json_t *extent = json_array_get(s, (size_t)i);
        if (!json_is_integer(extent) || json_integer_value(extent) < 0)
            return safetensors_refuse(r, "extents that are integers, 0 or more");
        w->shape[i] = json_integer_value(extent);
    }
    return true;
}

static bool read_offsets(reader *r, const json_t *entry, weir__weight *w)
{
    const json_t *o = json_object_get(entry, "data_offsets");
    const json_t *b = json_array_get(o, 0);
    const json_t *e = json_array_get(o, 1);
    if (json_array_size(o) != 2 || !json_is_integer(b) || !json_is_integer(e))
        return safetensors_refuse(r, "data_offsets of two integers");
    json_int_t begin = json_integer_value(b), end = json_integer_value(e);
    if (begin < 0 || end < begin || (uint64_t)end > r->data_size) {
        char text[160];
        snprintf(text, sizeof text,
                 "data_offsets in order within the %zu bytes of data, found [%lld, %lld]",
                 r->data_size, (long long)begin, (long long)end);
        return safetensors_refuse(r, text);
    }
    w->data = r->data + begin;
    w->bytes = (size_t)(end - begin);
    return true;
}

static bool check_bytes(reader *r, const weir__weight *w)
{
    int64_t n;
    if (!weir__shape_numel(w->ndim, w->shape, &n))
        return safetensors_refuse(r, "a shape whose product fits 60 bits");
    if ((uint64_t)n * weir_dtype_size(w->dtype) == w->bytes) return true;
    char text[120];
    snprintf(text, sizeof text, "%llu bytes for its shape and dtype, found %zu",
             (unsigned long long)n * weir_dtype_size(w->dtype), w->bytes);
    return safetensors_refuse(r, text);
}

static bool safetensors_read_entry(reader *r, const char *key, const json_t *entry)
{
    weir__weight *w = &r->w.at[r->w.n++];
    r->key = key;
    size_t n = strlen(key);
    if (n >= sizeof w->name) return safetensors_refuse(r, "a name of at most 255 bytes");
    memcpy(w->name, key, n + 1);
    if (!json_is_object(entry))
        return safetensors_refuse(r, "an object with dtype, shape and data_offsets");
    if (!read_dtype(r, entry, w) || !safetensors_read_shape(r, entry, w)
        || !read_offsets(r, entry, w))
        return false;
    return (json_object_size(entry) == 3
            || safetensors_refuse(r, "dtype, shape and data_offsets only"))
           && check_bytes(r, w);
}

static bool read_metadata(reader *r, json_t *m)
{
    const char *key;
    json_t *value;
    if (!json_is_object(m)) {
        weir__io_fail(r->c, WEIR_ERROR_FORMAT, r->where,
                      "__metadata__: expected an object of strings");
        return false;
    }
    json_object_foreach (m, key, value)
        if (!json_is_string(value)) {
            char quoted[WEIR__QUOTE];
            weir__io_fail(r->c, WEIR_ERROR_FORMAT, r->where,
                          "__metadata__, \"%s\": expected a string",
                          weir__quote(key, strlen(key), quoted));
            return false;
        }
    r->w.metadata = json_incref(m);
    return true;
}

/* By place in the file; empty tensors before the one that begins where they lie. */
static int by_offset(const void *a, const void *b)
{
    const weir__weight *x = a, *y = b;
    const char *p = x->data, *q = y->data;
    if (p != q) return p < q ? -1 : 1;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool check_cover(reader *r)
{
    const unsigned char *at = r->data;
    if (r->w.n > 1) qsort(r->w.at, (size_t)r->w.n, sizeof *r->w.at, by_offset);
    for (int64_t i = 0; i < r->w.n; i++) {
        r->key = r->w.at[i].name;
        if ((const unsigned char *)r->w.at[i].data != at) {
            char text[120];
            snprintf(text, sizeof text, "its data at offset %zu (no holes, no overlaps), found %zu",
                     (size_t)(at - r->data),
                     (size_t)((const unsigned char *)r->w.at[i].data - r->data));
            return safetensors_refuse(r, text);
        }
        at += r->w.at[i].bytes;
    }
    size_t used = (size_t)(at - r->data);
    if (used != r->data_size)
        weir__io_fail(r->c, WEIR_ERROR_FORMAT, r->where,
                      "byte %zu: expected the end, found %zu more bytes", 8 + r->header_size + used,
                      r->data_size - used);
    return used == r->data_size;
}

static bool read_header(reader *r, json_t *header)
{
    const char *key;
    json_t *value;
    if (!json_is_object(header)) {
        weir__io_fail(r->c, WEIR_ERROR_FORMAT, r->where, "byte 8: expected a JSON object");
        return false;
    }
    r->w.at = weir__alloc0_n(r->c, (int64_t)json_object_size(header), sizeof *r->w.at);
    if (!r->w.at) return false;
    json_object_foreach (header, key, value)
        if (!(strcmp(key, "__metadata__") == 0 ? read_metadata(r, value)
                                               : safetensors_read_entry(r, key, value)))
            return false;
    if (!r->w.metadata && !(r->w.metadata = json_object())) {
        weir__io_fail(r->c, WEIR_ERROR_MEMORY, r->where, "metadata: expected more free memory");
        return false;
    }
    return check_cover(r);
}

static bool read_length(reader *r, const weir__bytes *file)
{
    uint64_t n = 0;
    for (int i = 7; i >= 0 && file->size >= 8; i--) n = n << 8 | file->data[i];
    if (file->size < 8 || n > file->size - 8 || n > WEIR__HEADER_MAX) {
        weir__io_fail(
            r->c, WEIR_ERROR_FORMAT, r->where,
            "byte 0: expected a header length that fits the file's %zu bytes (and %d), found %llu",
            file->size, WEIR__HEADER_MAX, (unsigned long long)n);
        return false;
    }
    r->header_size = (size_t)n;
    r->data = file->data + 8 + n;
    r->data_size = file->size - 8 - (size_t)n;
    return true;
}

weir_status weir__safetensors_read(weir_ctx *c, const char *where, weir__bytes file,
                                   weir__weights *out)
{
    *out = (weir__weights){ 0 };
    reader r = { .c = c, .where = where };
    if (!weir_ok(c) || !read_length(&r, &file)) return weir_status_of(c);
    json_t *header = weir__json_read(c, where, file.data + 8, r.header_size);
    bool ok = header && read_header(&r, header);
    json_decref(header);
    if (ok) {
        *out = r.w;
        out->file = file;
    } else {
        weir__weights_free(c, &r.w);
    }
    return weir_status_of(c);
}

weir_status weir__safetensors_load(weir_ctx *c, const char *path, weir__weights *out)
{
    weir__bytes file;
    *out = (weir__weights){ 0 };
    if (weir__file_read(c, path, SIZE_MAX, &file) != WEIR_OK) return weir_status_of(c);
    if (weir__safetensors_read(c, path, file, out) != WEIR_OK) weir__free(c, file.data);
    return weir_status_of(c);
}

void weir__weights_free(weir_ctx *c, weir__weights *w)
{
    json_decref(w->metadata);
    weir__free(c, w->at);
    weir__free(c, w->file.data);
    *w = (weir__weights){ 0 };
}

const weir__weight *weir__weights_find(const weir__weights *w, const char *name)
{
    for (int64_t i = 0; i < w->n; i++)
        if (strcmp(w->at[i].name, name) == 0) return &w->at[i];
    return NULL;
}
