/* dtype.c - the table of element types and conversions between them. */
#include <math.h>
#include <string.h>
#include "tensor/tensor.h"

static const struct {
    const char *name;
    size_t size;
    bool real;
} table[] = {
    [WEIR_F32] = { "f32", 4, true },    [WEIR_F64] = { "f64", 8, true },
    [WEIR_I64] = { "i64", 8, false },   [WEIR_I32] = { "i32", 4, false },
    [WEIR_U8] = { "u8", 1, false },     [WEIR_BOOL] = { "bool", 1, false },
    [WEIR_BF16] = { "bf16", 2, false }, [WEIR_F16] = { "f16", 2, false },
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
    uint32_t sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t exponent = h >> 10 & 31;
    uint32_t fraction = h & 1023;
    uint32_t u;
    float f = (float)fraction * 0x1p-24f; /* below 2^-14 */
    if (exponent > 0) {
        u = (exponent == 31 ? 0x7F800000 : (exponent + 112) << 23) | fraction << 13;
        memcpy(&f, &u, sizeof f);
    }
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
    if (u < 0x38800000) return sign | (uint16_t)lrintf(fabsf(f) * 0x1p24f); /* below 2^-14 */
    u += 0xFFF + (u >> 13 & 1);
    return sign | (uint16_t)((u - 0x38000000) >> 13);
}

/* Rounding twice, to float and then to half, would round some values the wrong way. So the first
 * goes towards zero and leaves its last bit 1 where anything was cut off; rounding that to fewer
 * bits gives what rounding `v` would (round to odd). */
static float odd(double v)
{
    float f = (float)v;
    uint32_t u;
    if ((double)f == v || v != v) return f;
    memcpy(&u, &f, sizeof u);
    if (fabs((double)f) > fabs(v)) u--;
    u |= 1;
    memcpy(&f, &u, sizeof f);
    return f;
}

/* The same for integers that a double does not hold. */
static double odd_of_int(int64_t v)
{
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    if (u >> 53) u = (u >> 11 | ((u & 2047) != 0)) << 11;
    return v < 0 ? -(double)u : (double)u;
}

static bool floating(weir_dtype t)
{
    return t == WEIR_F32 || t == WEIR_F64 || t == WEIR_BF16 || t == WEIR_F16;
}

/* C leaves floating to integer out of range undefined; here it saturates and NaN gives 0. */
static int64_t to_int(double d)
{
    if (d != d) return 0;
    if (d >= 9223372036854775807.0) return INT64_MAX;
    if (d <= -9223372036854775808.0) return INT64_MIN;
    return (int64_t)d;
}

/* -- a block of elements on the way: double for floating types, int64_t for the others --------- */
enum { BLOCK = 128 };
typedef union block {
    double real[BLOCK];
    int64_t whole[BLOCK];
} block;

#define READ(type, field, value) \
    for (int64_t i = 0; i < n; i++) { \
        type v; \
        memcpy(&v, in + i * step, sizeof v); \
        b->field[i] = value; \
    } \
    break

static void read_block(block *b, weir_dtype t, const char *in, int64_t step, int64_t n)
{
    switch (t) {
    case WEIR_F32: READ(float, real, (double)v);
    case WEIR_F64: READ(double, real, v);
    case WEIR_BF16: READ(uint16_t, real, (double)from_bf16(v));
    case WEIR_F16: READ(uint16_t, real, (double)from_f16(v));
    case WEIR_I64: READ(int64_t, whole, v);
    case WEIR_I32: READ(int32_t, whole, v);
    default: READ(uint8_t, whole, v);
    }
}
#undef READ

#define WRITE(type, value) \
    for (int64_t i = 0; i < n; i++) { \
        type v = (type)(value); \
        memcpy(out + i * step, &v, sizeof v); \
    } \
    break

static void write_block(const block *b, weir_dtype t, char *out, int64_t step, int64_t n)
{
    switch (t) {
    case WEIR_F32: WRITE(float, b->real[i]);
    case WEIR_F64: WRITE(double, b->real[i]);
    case WEIR_BF16: WRITE(uint16_t, to_bf16(odd(b->real[i])));
    case WEIR_F16: WRITE(uint16_t, to_f16(odd(b->real[i])));
    case WEIR_I64: WRITE(int64_t, b->whole[i]);
    case WEIR_I32: WRITE(int32_t, b->whole[i]);
    case WEIR_BOOL: WRITE(uint8_t, b->whole[i] != 0);
    default: WRITE(uint8_t, b->whole[i]);
    }
}
#undef WRITE

static void to_real(block *b, weir_dtype to, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t v = b->whole[i];
        b->real[i] = to == WEIR_F64 ? (double)v : odd_of_int(v);
    }
}

static void to_whole(block *b, weir_dtype to, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double v = b->real[i];
        b->whole[i] = to == WEIR_BOOL ? v != 0 : to_int(v);
    }
}

static void convert_block(weir_dtype to, char *out, int64_t wo, weir_dtype from, const char *in,
                          int64_t wi, int64_t n)
{
    block b;
    read_block(&b, from, in, wi, n);
    if (floating(to) && !floating(from)) to_real(&b, to, n);
    if (!floating(to) && floating(from)) to_whole(&b, to, n);
    write_block(&b, to, out, wo, n);
}

void weir__convert_strided(weir_dtype to, void *out, int64_t so, weir_dtype from, const void *in,
                           int64_t si, int64_t n)
{
    int64_t wo = (int64_t)weir_dtype_size(to) * so, wi = (int64_t)weir_dtype_size(from) * si;
    if (to == WEIR_F32
        && from == WEIR_U8) { /* bytes of images: the one conversion in every training step */
        for (int64_t i = 0; i < n; i++) ((float *)out)[i * so] = ((const uint8_t *)in)[i * si];
        return;
    }
    if (to == WEIR_F32 && from == WEIR_F64) { /* states of solves, both ways, at every evaluation */
        for (int64_t i = 0; i < n; i++)
            ((float *)out)[i * so] = (float)((const double *)in)[i * si];
        return;
    }
    if (to == WEIR_F64 && from == WEIR_F32) {
        for (int64_t i = 0; i < n; i++) ((double *)out)[i * so] = ((const float *)in)[i * si];
        return;
    }
    for (int64_t i = 0; i < n; i += BLOCK)
        convert_block(to, (char *)out + i * wo, wo, from, (const char *)in + i * wi, wi,
                      n - i < BLOCK ? n - i : BLOCK);
}

void weir__convert(weir_dtype to, void *out, weir_dtype from, const void *in, int64_t n)
{
    if (to == from) memcpy(out, in, (size_t)n * weir_dtype_size(to));
    else weir__convert_strided(to, out, 1, from, in, 1, n);
}

double weir__float_spacing(double x)
{
    float at = fabsf((float)x);
    return (double)nextafterf(at, INFINITY) - at;
}

bool weir__float_blurs(double mean, double std) { return weir__float_spacing(mean) > std / 1000; }
