/* dtype.c - the table of element types and conversions between them. */
#include <math.h>
#include <string.h>
#include "tensor/tensor.h"

static const struct {
    const char *name;
    size_t size;
    bool real;
} table[] = {
    [WEIR_F32] = { "f32", 4, true },  [WEIR_F64] = { "f64", 8, true }, [WEIR_I64] = { "i64", 8, false }, [WEIR_I32] = { "i32", 4, false },
    [WEIR_U8] = { "u8", 1, false },   [WEIR_BOOL] = { "bool", 1, false }, [WEIR_BF16] = { "bf16", 2, false }, [WEIR_F16] = { "f16", 2, false },
};

static bool known(weir_dtype t) { return (unsigned)t < sizeof table / sizeof *table; }
size_t weir_dtype_size(weir_dtype t) { return known(t) ? table[t].size : 0; }
const char *weir_dtype_name(weir_dtype t) { return known(t) ? table[t].name : "?"; }
bool weir_dtype_is_real(weir_dtype t) { return known(t) && table[t].real; }

static float from_bf16(uint16_t h)
{
    uint32_t u = (uint32_t)h << 16;
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static uint16_t to_bf16(float f) /* round to nearest even; NaN stays one */
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    if (f != f) return (uint16_t)(u >> 16 | 0x40);
    return (uint16_t)((u + 0x7FFF + (u >> 16 & 1)) >> 16);
}

static float from_f16(uint16_t h)
{
    int sign = h >> 15, exponent = h >> 10 & 31, fraction = h & 1023;
    float f = exponent == 31 ? (fraction ? NAN : INFINITY)
              : exponent == 0 ? ldexpf((float)fraction, -24)
                              : ldexpf((float)(fraction | 1024), exponent - 25);
    return sign ? -f : f;
}

static uint16_t to_f16(float f) /* round to nearest even, with denormals */
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    uint16_t sign = (uint16_t)(u >> 16 & 0x8000);
    u &= 0x7FFFFFFF;
    if (u > 0x7F800000) return sign | 0x7E00;
    if (u >= 0x477FF000) return sign | 0x7C00; /* 65520 and above round to infinity */
    if (u < 0x38800000) return sign | (uint16_t)lrintf(ldexpf(fabsf(f), 24)); /* below 2^-14 */
    u += 0xFFF + (u >> 13 & 1);
    return sign | (uint16_t)((u - 0x38000000) >> 13);
}

static double read_real(weir_dtype t, const char *p)
{
    float f;
    double d;
    uint16_t h;
    switch (t) {
    case WEIR_F32:
        return memcpy(&f, p, sizeof f), f;
    case WEIR_F64:
        return memcpy(&d, p, sizeof d), d;
    default:
        return memcpy(&h, p, sizeof h), t == WEIR_BF16 ? from_bf16(h) : from_f16(h);
    }
}

static int64_t read_int(weir_dtype t, const char *p)
{
    int64_t l;
    int32_t i;
    switch (t) {
    case WEIR_I64:
        return memcpy(&l, p, sizeof l), l;
    case WEIR_I32:
        return memcpy(&i, p, sizeof i), i;
    default:
        return (unsigned char)*p;
    }
}

static bool floating(weir_dtype t) { return t == WEIR_F32 || t == WEIR_F64 || t == WEIR_BF16 || t == WEIR_F16; }

/* C leaves floating to integer out of range undefined; here it saturates and NaN gives 0. */
static int64_t to_int(double d)
{
    if (d != d) return 0;
    if (d >= 9223372036854775807.0) return INT64_MAX;
    if (d <= -9223372036854775808.0) return INT64_MIN;
    return (int64_t)d;
}

static void write_real(weir_dtype t, char *p, double v)
{
    float f = (float)v;
    uint16_t h;
    switch (t) {
    case WEIR_F32:
        memcpy(p, &f, sizeof f);
        break;
    case WEIR_F64:
        memcpy(p, &v, sizeof v);
        break;
    default:
        h = t == WEIR_BF16 ? to_bf16(f) : to_f16(f);
        memcpy(p, &h, sizeof h);
    }
}

static void write_int(weir_dtype t, char *p, int64_t v)
{
    int32_t i = (int32_t)v;
    switch (t) {
    case WEIR_I64:
        memcpy(p, &v, sizeof v);
        break;
    case WEIR_I32:
        memcpy(p, &i, sizeof i);
        break;
    default:
        *p = t == WEIR_BOOL ? v != 0 : (char)v;
    }
}

static void convert_one(weir_dtype to, char *out, weir_dtype from, const char *in)
{
    if (floating(from)) {
        double d = read_real(from, in);
        if (floating(to))
            write_real(to, out, d);
        else
            write_int(to, out, to == WEIR_BOOL ? d != 0 : to_int(d));
    } else {
        int64_t v = read_int(from, in);
        if (floating(to))
            write_real(to, out, (double)v);
        else
            write_int(to, out, v);
    }
}

void weir__convert_strided(weir_dtype to, void *out, int64_t so, weir_dtype from, const void *in, int64_t si, int64_t n)
{
    int64_t wo = (int64_t)weir_dtype_size(to) * so, wi = (int64_t)weir_dtype_size(from) * si;
    if (to == WEIR_F32 && from == WEIR_U8) { /* bytes of images: the one conversion in every training step */
        for (int64_t i = 0; i < n; i++) ((float *)out)[i * so] = ((const uint8_t *)in)[i * si];
        return;
    }
    for (int64_t i = 0; i < n; i++) convert_one(to, (char *)out + i * wo, from, (const char *)in + i * wi);
}

void weir__convert(weir_dtype to, void *out, weir_dtype from, const void *in, int64_t n)
{
    if (to == from)
        memcpy(out, in, (size_t)n * weir_dtype_size(to));
    else
        weir__convert_strided(to, out, 1, from, in, 1, n);
}
