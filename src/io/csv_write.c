/* csv_write.c - arrays of rank 1 (one column) or 2 as CSV, every number so that it reads back to
 * the same bits. */
#include <string.h>
#include "io/internal.h"
#include "tensor/tensor.h"

static void csv_write_put_text(weir__writer *w, const char *text)
{
    weir__writer_put(w, text, strlen(text));
}

/* RFC 4180: quoted where the text could be taken for something else. */
static void put_name(weir__writer *w, const char *name)
{
    size_t n = strlen(name);
    bool quote = strpbrk(name, ",;\t\"\r\n") || name[0] == '#' || name[0] == ' '
                 || (n && name[n - 1] == ' ');
    if (!quote) {
        csv_write_put_text(w, name);
        return;
    }
    csv_write_put_text(w, "\"");
    for (const char *s = name; *s; s++) {
        if (*s == '"') csv_write_put_text(w, "\"");
        weir__writer_put(w, s, 1);
    }
    csv_write_put_text(w, "\"");
}

static int format_element(weir_dtype t, const unsigned char *p, char out[WEIR__REAL_TEXT])
{
    union {
        float f;
        double d;
        int64_t l;
        int32_t i;
    } v = { .l = 0 };
    memcpy(&v, p, weir_dtype_size(t));
    switch (t) {
    case WEIR_F32: return weir__format_f32(v.f, out);
    case WEIR_F64: return weir__format_f64(v.d, out);
    case WEIR_I64: return snprintf(out, WEIR__REAL_TEXT, "%lld", (long long)v.l);
    case WEIR_I32: return snprintf(out, WEIR__REAL_TEXT, "%d", (int)v.i);
    case WEIR_U8:
    case WEIR_BOOL: return snprintf(out, WEIR__REAL_TEXT, "%d", *p);
    case WEIR_BF16:
    case WEIR_F16:
        weir__convert(WEIR_F32, &v.f, t, p, 1);
        return weir__format_f32(v.f, out);
    }
    return 0;
}

static void put_rows(weir__writer *w, weir_ctx *c, const weir__array *a, int64_t rows,
                     int64_t columns)
{
    const unsigned char *p = a->data;
    size_t size = weir_dtype_size(a->dtype);
    char text[WEIR__REAL_TEXT];
    for (int64_t i = 0; i < rows && weir_ok(c); i++)
        for (int64_t j = 0; j < columns; j++, p += size) {
            weir__writer_put(w, text, (size_t)format_element(a->dtype, p, text));
            csv_write_put_text(w, j + 1 < columns ? "," : "\n");
        }
}

weir_status weir__csv_write(weir_ctx *c, const char *path, const weir__array *a,
                            const char *const *header)
{
    if (!weir_ok(c)) return weir_status_of(c);
    if (a->ndim != 1 && a->ndim != 2)
        return weir__io_fail(c, WEIR_ERROR_SHAPE, path,
                             "rank %d: expected an array of rank 1 or 2 for CSV", a->ndim);
    int64_t columns = a->ndim == 2 ? a->shape[1] : 1;
    weir__writer *w = weir__writer_open(c, path);
    if (!w) return weir_status_of(c);
    for (int64_t j = 0; header && j < columns; j++) {
        put_name(w, header[j]);
        csv_write_put_text(w, j + 1 < columns ? "," : "\n");
    }
    put_rows(w, c, a, a->shape[0], columns);
    return weir__writer_commit(w); /* a failed put has failed the context, and commits nothing */
}
