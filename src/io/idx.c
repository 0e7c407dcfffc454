/* idx.c - the IDX format of MNIST: two zero bytes, an element type, the rank, big-endian extents,
 * big-endian elements. */
#include <string.h>
#include "io/internal.h"

static bool element_of(unsigned char code, weir__encoding *e)
{
    static const struct {
        unsigned char code;
        weir__encoding element;
    } table[] = {
        { 0x08, { 'u', 1, true } }, { 0x09, { 'i', 1, true } }, { 0x0b, { 'i', 2, true } },
        { 0x0c, { 'i', 4, true } }, { 0x0d, { 'f', 4, true } }, { 0x0e, { 'f', 8, true } },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].code == code) {
            *e = table[i].element;
            return true;
        }
    return false;
}

bool weir__idx_is(const void *data, size_t size)
{
    const unsigned char *p = data;
    weir__encoding e;
    return size >= 8 && p[0] == 0 && p[1] == 0 && element_of(p[2], &e) && p[3] >= 1
           && p[3] <= WEIR_RANK_MAX;
}

static int64_t extent_at(const unsigned char *p)
{
    return (int64_t)p[0] << 24 | (int64_t)p[1] << 16 | (int64_t)p[2] << 8 | p[3];
}

static weir_status idx_read(weir_ctx *c, const char *where, const void *data, size_t size,
                            bool view, weir__array *out)
{
    *out = (weir__array){ 0 };
    if (!weir_ok(c)) return weir_status_of(c);
    const unsigned char *p = data;
    weir__encoding e;
    if (!weir__idx_is(data, size) || !element_of(p[2], &e))
        return weir__io_fail(
            c, WEIR_ERROR_FORMAT, where,
            "byte 0: expected an IDX header (0, 0, element type 8 9 b c d e, rank 1 to 8)");
    weir__array a = { .ndim = p[3], .borrowed = view };
    size_t header = 4 + 4 * (size_t)a.ndim;
    if (size < header)
        return weir__io_fail(c, WEIR_ERROR_FORMAT, where,
                             "byte %zu: ends early: expected an IDX header of %zu bytes", size,
                             header);
    for (int i = 0; i < a.ndim; i++) a.shape[i] = extent_at(p + 4 + 4 * i);
    int64_t n;
    if (!weir__shape_numel(a.ndim, a.shape, &n))
        return weir__io_fail(c, WEIR_ERROR_FORMAT, where,
                             "byte 4: expected extents whose product fits 60 bits");
    if (size - header != (size_t)n * (size_t)e.size)
        return weir__io_fail(c, WEIR_ERROR_FORMAT, where,
                             "byte %zu: expected %lld bytes of data, found %zu", header,
                             (long long)n * e.size, size - header);
    a.levels = p[2] == 0x08 ? 256 : 0;
    if (weir__array_decode(c, where, e, p + header, &a) == WEIR_OK) *out = a;
    return weir_status_of(c);
}

weir_status weir__idx_read(weir_ctx *c, const char *where, const void *data, size_t size,
                           weir__array *out)
{
    return idx_read(c, where, data, size, false, out);
}

weir_status weir__idx_view(weir_ctx *c, const char *where, const void *data, size_t size,
                           weir__array *out)
{
    return idx_read(c, where, data, size, true, out);
}
