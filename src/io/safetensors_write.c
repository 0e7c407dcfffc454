/* safetensors_write.c - the same tensors give the same bytes: order as given, header padded to 8
 * bytes with spaces. */
#include <stdlib.h>
#include <string.h>
#include "io/safetensors.h"

static weir_status safetensors_write_refuse(weir_ctx *c, const char *where, const char *name,
                                            const char *expected)
{
    char quoted[WEIR__QUOTE];
    return weir__io_fail(c, WEIR_ERROR_ARGUMENT, where, "tensor \"%s\": expected %s",
                         weir__quote(name, strlen(name), quoted), expected);
}

static weir_status safetensors_write_check(weir_ctx *c, const char *where, const weir__weight *w)
{
    int64_t n;
    if (!memchr(w->name, 0, sizeof w->name))
        return safetensors_write_refuse(c, where, "(too long)", "a name of at most 255 bytes");
    if (strcmp(w->name, "__metadata__") == 0)
        return safetensors_write_refuse(c, where, w->name, "another name");
    if (w->ndim < 0 || w->ndim > WEIR_RANK_MAX || !weir__shape_numel(w->ndim, w->shape, &n))
        return safetensors_write_refuse(c, where, w->name, "a shape of rank 0 to 8");
    if (!weir__safetensors_dtype(w->dtype))
        return safetensors_write_refuse(c, where, w->name, "a dtype that safetensors has");
    if ((uint64_t)n * weir_dtype_size(w->dtype) != w->bytes)
        return safetensors_write_refuse(c, where, w->name,
                                        "as many bytes as its shape and dtype say");
    return WEIR_OK;
}

static json_t *entry_of(const weir__weight *w, size_t offset)
{
    json_t *shape = json_array();
    int bad = 0;
    for (int i = 0; i < w->ndim; i++)
        bad |= json_array_append_new(shape, json_integer(w->shape[i]));
    if (bad) {
        json_decref(shape);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", weir__safetensors_dtype(w->dtype), "shape",
                     shape, "data_offsets", (json_int_t)offset, (json_int_t)(offset + w->bytes));
}

static bool add_metadata(weir_ctx *c, const char *where, json_t *root, const json_t *metadata)
{
    const char *key;
    json_t *value;
    if (!metadata || json_object_size(metadata) == 0) return true;
    json_object_foreach ((json_t *)(uintptr_t)metadata, key, value)
        if (!json_is_string(value)) {
            weir__io_fail(c, WEIR_ERROR_ARGUMENT, where, "__metadata__, \"%s\": expected a string",
                          key);
            return false;
        }
    if (json_object_set(root, "__metadata__", (json_t *)(uintptr_t)metadata) == 0) return true;
    weir__io_fail(c, WEIR_ERROR_MEMORY, where, "metadata: expected more free memory");
    return false;
}

static bool add_tensors(weir_ctx *c, const char *where, json_t *root, const weir__weight *w,
                        int64_t n)
{
    size_t offset = 0;
    for (int64_t i = 0; i < n; i++) {
        if (safetensors_write_check(c, where, &w[i]) != WEIR_OK) return false;
        if (json_object_get(root, w[i].name)) {
            safetensors_write_refuse(c, where, w[i].name, "each name once");
            return false;
        }
        if (json_object_set_new(root, w[i].name, entry_of(&w[i], offset)) != 0) {
            if (weir__json_memory_is_out(256))
                weir__io_fail(c, WEIR_ERROR_MEMORY, where, "header: expected more free memory");
            else safetensors_write_refuse(c, where, w[i].name, "a name in UTF-8");
            return false;
        }
        offset += w[i].bytes;
    }
    return true;
}

/* The length, the JSON and its padding; *data_size is what follows. */
static weir_status safetensors_write_make_header(weir_ctx *c, const char *where,
                                                 const weir__weight *w, int64_t n,
                                                 const json_t *metadata, weir__bytes *out)
{
    *out = (weir__bytes){ 0 };
    json_t *root = json_object();
    bool ok = root && add_metadata(c, where, root, metadata) && add_tensors(c, where, root, w, n);
    char *text = ok ? weir__json_text(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (!text)
        return weir__io_fail(c, WEIR_ERROR_MEMORY, where, "header: expected more free memory");
    size_t used = strlen(text), padded = (used + 7) / 8 * 8;
    out->size = 8 + padded;
    out->data = weir__alloc(c, out->size);
    if (out->data) {
        for (int i = 0; i < 8; i++) out->data[i] = (unsigned char)((uint64_t)padded >> (8 * i));
        memcpy(out->data + 8, text, used);
        memset(out->data + 8 + used, ' ', padded - used);
    }
    weir__json_text_free(text);
    if (padded > WEIR__HEADER_MAX)
        weir__io_fail(c, WEIR_ERROR_ARGUMENT, where, "header of %zu bytes: expected at most %d",
                      padded, WEIR__HEADER_MAX);
    if (!weir_ok(c)) {
        weir__free(c, out->data);
        *out = (weir__bytes){ 0 };
    }
    return weir_status_of(c);
}

weir_status weir__safetensors_encode(weir_ctx *c, const weir__weight *w, int64_t n,
                                     const json_t *metadata, weir__bytes *out)
{
    weir__bytes header;
    *out = (weir__bytes){ 0 };
    if (!weir_ok(c)
        || safetensors_write_make_header(c, "safetensors", w, n, metadata, &header) != WEIR_OK)
        return weir_status_of(c);
    size_t size = header.size;
    for (int64_t i = 0; i < n; i++) size += w[i].bytes;
    unsigned char *p = weir__alloc(c, size + 1);
    if (p) {
        *out = (weir__bytes){ p, size };
        memcpy(p, header.data, header.size);
        p += header.size;
        for (int64_t i = 0; i < n; p += w[i++].bytes)
            if (w[i].bytes) memcpy(p, w[i].data, w[i].bytes);
        *p = 0;
    }
    weir__free(c, header.data);
    return weir_status_of(c);
}

static void put_pulled(weir__writer *out, const weir__weight *w)
{
    char piece[1 << 16];
    for (size_t at = 0; at < w->bytes; at += sizeof piece) {
        size_t n = w->bytes - at < sizeof piece ? w->bytes - at : sizeof piece;
        w->pull(w->user, piece, n);
        weir__writer_put(out, piece, n);
    }
}

weir_status weir__safetensors_save(weir_ctx *c, const char *path, const weir__weight *w, int64_t n,
                                   const json_t *metadata)
{
    weir__bytes header;
    if (!weir_ok(c) || safetensors_write_make_header(c, path, w, n, metadata, &header) != WEIR_OK)
        return weir_status_of(c);
    weir__writer *out = weir__writer_open(c, path);
    if (out) {
        weir__writer_put(out, header.data, header.size);
        for (int64_t i = 0; i < n; i++) {
            if (w[i].pull) put_pulled(out, &w[i]);
            else weir__writer_put(out, w[i].data, w[i].bytes);
        }
        weir__writer_commit(out); /* a failed put has failed the context, and commits nothing */
    }
    weir__free(c, header.data);
    return weir_status_of(c);
}
