/* formats.h - every reader behind one signature, for tests and fuzzers that throw anything at all of them. */
#ifndef WEIR_IO_FORMATS_H
#define WEIR_IO_FORMATS_H
#include <string.h>
#include "io/internal.h"

enum { FORMAT_BYTES_MAX = 1 << 24 };

/* Reads every byte, so that a sanitizer sees a block shorter than it says. */
static inline unsigned touch(const void *data, size_t size)
{
    const volatile unsigned char *p = data;
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++) sum += p[i];
    return sum;
}

static inline void touch_array(weir_ctx *c, weir__array *a)
{
    if (a->data) touch(a->data, (size_t)weir__array_numel(a) * weir_dtype_size(a->dtype));
    weir__array_free(c, a);
}

static inline void read_npy(weir_ctx *c, const void *data, size_t size)
{
    weir__array a;
    (void)weir__npy_read(c, "in", data, size, &a);
    touch_array(c, &a);
}

static inline void read_idx(weir_ctx *c, const void *data, size_t size)
{
    weir__array a;
    (void)weir__idx_read(c, "in", data, size, &a);
    touch_array(c, &a);
}

static inline void read_png(weir_ctx *c, const void *data, size_t size)
{
    weir__array a;
    (void)weir__png_read(c, "in", data, size, &a);
    touch_array(c, &a);
}

static inline void read_jpeg(weir_ctx *c, const void *data, size_t size)
{
    weir__array a;
    (void)weir__jpeg_read(c, "in", data, size, &a);
    touch_array(c, &a);
}

static inline void read_csv(weir_ctx *c, const void *data, size_t size)
{
    weir__csv csv;
    if (weir__csv_read(c, "in", data, size, &(weir__csv_form){ .word_column = "2" }, &csv) == WEIR_OK) touch(csv.values, (size_t)(csv.rows * csv.columns) * sizeof(double));
    for (int64_t i = 0; i < csv.words.n; i++) touch(csv.words.at[i], strlen(csv.words.at[i]));
    for (int64_t i = 0; csv.header && i < csv.columns; i++) touch(csv.header[i], strlen(csv.header[i]));
    weir__csv_free(c, &csv);
}

static inline void read_json(weir_ctx *c, const void *data, size_t size) { json_decref(weir__json_read(c, "in", data, size)); }

static inline void read_gzip(weir_ctx *c, const void *data, size_t size)
{
    weir__bytes b;
    if (weir__gunzip(c, "in", data, size, FORMAT_BYTES_MAX, &b) == WEIR_OK) touch(b.data, b.size + 1);
    weir__free(c, b.data);
}

static inline void read_safetensors(weir_ctx *c, const void *data, size_t size)
{
    weir__weights w;
    weir__bytes file = { weir__alloc(c, size + 1), size };
    if (!file.data) return;
    memcpy(file.data, size ? data : "", size);
    file.data[size] = 0;
    if (weir__safetensors_read(c, "in", file, &w) != WEIR_OK) weir__free(c, file.data);
    for (int64_t i = 0; i < w.n; i++) touch(w.at[i].data, w.at[i].bytes);
    weir__weights_free(c, &w);
}

#endif
