/* array.c - elements of files turned into elements of ours. */
#include <string.h>
#include "io/internal.h"

void weir__array_free(weir_ctx *c, weir__array *a)
{
    if (!a->borrowed) weir__free(c, a->data);
    weir__free(c, a->labels);
    weir__free(c, a->label_names.at);
    weir__image_files_free(c, a->files);
    *a = (weir__array){ 0 };
}

int64_t weir__array_numel(const weir__array *a)
{
    int64_t n = 1;
    for (int i = 0; i < a->ndim; i++) n *= a->shape[i];
    return n;
}

bool weir__shape_numel(int ndim, const int64_t *shape, int64_t *numel)
{
    int64_t n = 1, bytes = 8;
    for (int i = 0; i < ndim; i++) {
        if (shape[i] < 0 || __builtin_mul_overflow(bytes, shape[i] > 1 ? shape[i] : 1, &bytes))
            return false;
        n *= shape[i]; /* never above bytes / 8 */
    }
    *numel = n;
    return bytes <= INT64_MAX / 2;
}

static bool host_is_big(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 0;
}

static void swap_bytes(unsigned char *p, int64_t n, int size)
{
    for (; n > 0; n--, p += size)
        for (int i = 0, j = size - 1; i < j; i++, j--) {
            unsigned char t = p[i];
            p[i] = p[j];
            p[j] = t;
        }
}

/* The dtype of ours with the same bits, or -1. */
static int same_dtype(weir__encoding e)
{
    static const struct {
        char kind;
        int size, dtype;
    } known[] = {
        { 'f', 4, WEIR_F32 }, { 'f', 8, WEIR_F64 }, { 'f', 2, WEIR_F16 },  { 'i', 8, WEIR_I64 },
        { 'i', 4, WEIR_I32 }, { 'u', 1, WEIR_U8 },  { 'b', 1, WEIR_BOOL },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].kind == e.kind && known[i].size == e.size) return known[i].dtype;
    return -1;
}

static weir_status check_bools(weir_ctx *c, const char *where, const unsigned char *p, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (p[i] > 1)
            return weir__io_fail(c, WEIR_ERROR_FORMAT, where,
                                 "element %lld: expected a boolean 0 or 1, found %d", (long long)i,
                                 p[i]);
    return WEIR_OK;
}

static uint64_t load_unsigned(weir__encoding e, const unsigned char *p)
{
    uint64_t v = 0;
    for (int i = 0; i < e.size; i++) v = v << 8 | p[e.big_endian ? i : e.size - 1 - i];
    return v;
}

/* Small integers, and u64 where every value fits. */
static void widen(weir__encoding e, const unsigned char *p, int64_t n, int64_t *out)
{
    uint64_t sign = e.kind == 'i' ? (uint64_t)1 << (8 * e.size - 1) : 0;
    for (int64_t i = 0; i < n; i++, p += e.size)
        out[i] = (int64_t)((load_unsigned(e, p) ^ sign) - sign);
}

/* u64 beyond i64: f64 where each value is one. */
static weir_status widen_u64(weir_ctx *c, const char *where, weir__encoding e,
                             const unsigned char *p, int64_t n, weir__array *a)
{
    bool fits = true;
    for (int64_t i = 0; i < n && fits; i++) fits = load_unsigned(e, p + 8 * i) <= INT64_MAX;
    a->dtype = fits ? WEIR_I64 : WEIR_F64;
    if (fits) widen(e, p, n, a->data);
    for (int64_t i = 0; i < n && !fits; i++) {
        uint64_t v = load_unsigned(e, p + 8 * i);
        double d = (double)v;
        if (d >= 18446744073709551616.0 || (uint64_t)d != v)
            return weir__io_fail(
                c, WEIR_ERROR_DTYPE, where,
                "element %lld: expected a u64 that fits i64 or f64 exactly, found %llu",
                (long long)i, (unsigned long long)v);
        memcpy((char *)a->data + 8 * i, &d, 8);
    }
    return WEIR_OK;
}

/* Elements that are ours as they are: of the same bits, in the host's order, aligned. */
static bool stays(weir__encoding e, int same, const void *source)
{
    return same >= 0 && (e.size == 1 || e.big_endian == host_is_big())
           && (uintptr_t)source % (uintptr_t)e.size == 0;
}

static weir_status decode_copy(weir_ctx *c, const char *where, weir__encoding e, const void *source,
                               weir__array *a)
{
    int64_t n = weir__array_numel(a);
    int same = same_dtype(e);
    bool integer = (e.kind == 'i' || e.kind == 'u')
                   && (e.size == 1 || e.size == 2 || e.size == 4 || e.size == 8);
    if (same < 0 && !integer)
        return weir__io_fail(
            c, WEIR_ERROR_DTYPE, where,
            "elements of kind '%c', %d bytes: expected f2 f4 f8, i1..i8, u1..u8 or b1", e.kind,
            e.size);
    a->data = weir__alloc_n(c, n, same >= 0 ? (size_t)e.size : 8);
    if (!a->data) return weir_status_of(c);
    weir_status s = WEIR_OK;
    if (same >= 0) {
        a->dtype = (weir_dtype)same;
        if (n) memcpy(a->data, source, (size_t)n * (size_t)e.size);
        if (e.size > 1 && e.big_endian != host_is_big()) swap_bytes(a->data, n, e.size);
        if (same == WEIR_BOOL) s = check_bools(c, where, a->data, n);
    } else if (e.kind == 'u' && e.size == 8) {
        s = widen_u64(c, where, e, source, n, a);
    } else {
        a->dtype = WEIR_I64;
        widen(e, source, n, a->data);
    }
    if (s != WEIR_OK) {
        weir__free(c, a->data);
        a->data = NULL;
    }
    return s;
}

weir_status weir__array_decode(weir_ctx *c, const char *where, weir__encoding e, const void *source,
                               weir__array *a)
{
    int same = same_dtype(e);
    a->borrowed = a->borrowed && stays(e, same, source);
    if (!a->borrowed) return decode_copy(c, where, e, source, a);
    a->dtype = (weir_dtype)same;
    a->data = (void *)(uintptr_t)source;
    if (same == WEIR_BOOL) return check_bools(c, where, a->data, weir__array_numel(a));
    return WEIR_OK;
}
