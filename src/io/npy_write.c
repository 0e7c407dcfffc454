/* npy_write.c - npy 1.0 files, byte for byte as NumPy 2 writes them. */
#include <string.h>
#include "io/internal.h"

static const char *descr_of(weir_dtype t)
{
    const uint16_t one = 1;
    bool little = *(const unsigned char *)&one == 1;
    switch (t) {
    case WEIR_F32: return little ? "<f4" : ">f4";
    case WEIR_F64: return little ? "<f8" : ">f8";
    case WEIR_F16: return little ? "<f2" : ">f2";
    case WEIR_I64: return little ? "<i8" : ">i8";
    case WEIR_I32: return little ? "<i4" : ">i4";
    case WEIR_U8: return "|u1";
    case WEIR_BOOL: return "|b1";
    case WEIR_BF16: break;
    }
    return NULL;
}

/* The header with its prefix; returns its length, a multiple of 64. */
static size_t npy_write_make_header(const weir__array *a, const char *descr, char *text,
                                    size_t bytes)
{
    size_t n = 10;
    weir__append(text, bytes, &n, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    size_t first = n;
    for (int i = 0; i < a->ndim; i++) {
        weir__append(text, bytes, &n, i ? ", %lld" : "%lld", (long long)a->shape[i]);
        if (i == 0) first = n - first;
    }
    weir__append(text, bytes, &n, a->ndim == 1 ? ",), }" : "), }");
    if (a->ndim)
        weir__append(text, bytes, &n, "%*s", 21 - (int)first,
                     ""); /* NumPy leaves room for axis 0 to grow */
    while ((n + 1) % 64) text[n++] = ' ';
    text[n++] = '\n';
    memcpy(text, "\x93NUMPY\x01", 8);
    text[8] = (char)((n - 10) & 0xff);
    text[9] = (char)((n - 10) >> 8);
    return n;
}

weir_status weir__npy_write(weir_ctx *c, const char *path, const weir__array *a)
{
    if (!weir_ok(c)) return weir_status_of(c);
    const char *descr = descr_of(a->dtype);
    if (!descr)
        return weir__io_fail(c, WEIR_ERROR_DTYPE, path,
                             "npy has no bf16: expected f16, f32 or f64");
    char text[448];
    size_t n = npy_write_make_header(a, descr, text, sizeof text - 64);
    weir__writer *w = weir__writer_open(c, path);
    if (!w) return weir_status_of(c);
    weir__writer_put(w, text, n);
    weir__writer_put(w, a->data, (size_t)weir__array_numel(a) * weir_dtype_size(a->dtype));
    return weir__writer_commit(w); /* a failed put has failed the context, and commits nothing */
}
