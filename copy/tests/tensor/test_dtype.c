/* Element types: every conversion, and the halves to the last bit. */
#include "test.h"
#include "tensor/tensor.h"

enum { TYPES = 8 };

/* The value of a half by its definition: 1 sign bit, `e` of exponent, `f` of fraction. */
static double half_value(uint16_t h, int e, int f)
{
    int exponent = h >> f & ((1 << e) - 1), fraction = h & ((1 << f) - 1), bias = (1 << (e - 1)) - 1;
    double v = exponent == (1 << e) - 1 ? (fraction ? NAN : INFINITY) : exponent ? ldexp((1 << f) + fraction, exponent - bias - f) : ldexp(fraction, 1 - bias - f);
    return h >> 15 ? -v : v;
}

static uint16_t half_of(weir_dtype t, weir_dtype from, double v)
{
    uint16_t h;
    float f = (float)v;
    weir__convert(t, &h, from, from == WEIR_F32 ? (const void *)&f : &v, 1);
    return h;
}

static void check_half(weir_dtype t, weir_dtype from, double v, uint16_t want)
{
    uint16_t h = half_of(t, from, v);
    if (h != want) fail_msg("%s of %s %.17g is %04x, expected %04x", weir_dtype_name(t), weir_dtype_name(from), v, h, want);
}

/* Every half reads as its value; it and all that lies nearer to it than to its neighbours rounds to it, ties to the even one. */
static void every_half(weir_dtype t, int e, int f)
{
    const uint16_t infinity = (uint16_t)(((1 << e) - 1) << f);
    for (uint32_t k = 0; k < 65536; k++) {
        uint16_t h = (uint16_t)k;
        double v = half_value(h, e, f), d;
        float s;
        weir__convert(WEIR_F64, &d, t, &h, 1);
        weir__convert(WEIR_F32, &s, t, &h, 1);
        if (isnan(v)) {
            if (!isnan(d) || !isnan(s) || !isnan(half_value(half_of(t, WEIR_F64, d), e, f)) || !isnan(half_value(half_of(t, WEIR_F32, d), e, f))) fail_msg("%04x: lost its NaN", h);
            continue;
        }
        if (d != v || (double)s != v || !signbit(d) != !signbit(v) || !signbit(s) != !signbit(v)) fail_msg("%s %04x reads as %.17g, expected %.17g", weir_dtype_name(t), h, d, v);
        check_half(t, WEIR_F64, v, h);
        check_half(t, WEIR_F32, v, h);
        if ((h & 0x7FFF) >= infinity) continue;
        uint16_t up = (uint16_t)(h + 1); /* away from zero */
        double next = (up & 0x7FFF) == infinity ? 2 * v - half_value((uint16_t)(h - 1), e, f) : half_value(up, e, f), middle = v + (next - v) / 2;
        check_half(t, WEIR_F64, middle, h % 2 ? up : h);
        check_half(t, WEIR_F64, nextafter(middle, v), h); /* float's rounding alone would make these ties */
        check_half(t, WEIR_F64, nextafter(middle, next), up);
        if ((double)(float)middle != middle) continue;
        check_half(t, WEIR_F32, middle, h % 2 ? up : h);
        check_half(t, WEIR_F32, (double)nextafterf((float)middle, (float)v), h);
        check_half(t, WEIR_F32, (double)nextafterf((float)middle, next > 0 ? INFINITY : -INFINITY), up);
    }
    check_half(t, WEIR_F64, 1e300, infinity);
    check_half(t, WEIR_F64, -INFINITY, infinity | 0x8000);
    check_half(t, WEIR_F64, -1e-300, 0x8000);
    check_half(t, WEIR_F64, 3e38, t == WEIR_F16 ? infinity : half_of(t, WEIR_F32, 3e38));
}

static void halves_to_the_last_bit(void **state)
{
    (void)state;
    every_half(WEIR_F16, 5, 10);
    every_half(WEIR_BF16, 8, 7);
}

/* Values that all types hold come through every pair of types, dense and strided, at any length. */
static void every_pair(void **state)
{
    (void)state;
    enum { N = 301 };
    static char a[N * 8 * 2], b[N * 8 * 3];
    double v[N], back[N];
    for (int i = 0; i < N; i++) v[i] = i % 121;
    for (int from = 0; from < TYPES; from++)
        for (int to = 0; to < TYPES; to++) {
            weir__convert_strided((weir_dtype)from, a, 2, WEIR_F64, v, 1, N);
            weir__convert_strided((weir_dtype)to, b, 3, (weir_dtype)from, a, 2, N);
            weir__convert_strided(WEIR_F64, back, 1, (weir_dtype)to, b, 3, N);
            for (int i = 0; i < N; i++) {
                double want = from == WEIR_BOOL || to == WEIR_BOOL ? v[i] != 0 : v[i];
                if (back[i] != want) fail_msg("%g: %s to %s gives %g", v[i], weir_dtype_name((weir_dtype)from), weir_dtype_name((weir_dtype)to), back[i]);
            }
        }
}

static void integers_round_once(void **state)
{
    (void)state;
    const struct { int64_t v; float f; } cases[] = {
        { (1 << 24) + 1, 0x1p24f }, { (1 << 24) + 3, 0x1.000004p24f }, { ((int64_t)1 << 60) + ((int64_t)1 << 36) + 1, 0x1.000002p60f },
        { -(((int64_t)1 << 60) + ((int64_t)1 << 36) + 1), -0x1.000002p60f }, { ((int64_t)1 << 60) + ((int64_t)1 << 36), 0x1p60f }, { INT64_MIN, -0x1p63f }, { INT64_MAX, 0x1p63f } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float f;
        weir__convert(WEIR_F32, &f, WEIR_I64, &cases[i].v, 1);
        if (f != cases[i].f || f != (float)cases[i].v) fail_msg("%lld became %a", (long long)cases[i].v, (double)f);
    }
    uint16_t h;
    int64_t v = ((int64_t)1 << 60) + ((int64_t)1 << 52) + 1; /* above the middle of two bf16 */
    weir__convert(WEIR_BF16, &h, WEIR_I64, &v, 1);
    assert_int_equal(h, 0x5D81);
    v -= 1;
    weir__convert(WEIR_BF16, &h, WEIR_I64, &v, 1);
    assert_int_equal(h, 0x5D80);
    const double reals[] = { -1.9, 300.7, NAN, 1e300, -1e300, 0.1 };
    int64_t whole[6];
    uint8_t bytes[6], bools[6];
    weir__convert(WEIR_I64, whole, WEIR_F64, reals, 6);
    weir__convert(WEIR_U8, bytes, WEIR_F64, reals, 6);
    weir__convert(WEIR_BOOL, bools, WEIR_F64, reals, 6);
    assert_true(whole[0] == -1 && whole[1] == 300 && whole[2] == 0 && whole[3] == INT64_MAX && whole[4] == INT64_MIN && whole[5] == 0);
    assert_true(bytes[0] == 255 && bytes[1] == 44 && bools[2] && bools[5]); /* wrapped; NaN is not 0 */
}

static void casts_of_tensors(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_transpose(weir_reshape(weir_range(c, WEIR_F32, -3, 3, 0.5), 2, SHAPE(3, 4)), 0, 1);
    for (int t = 0; t < TYPES; t++) {
        weir_tensor *y = weir_cast(x, (weir_dtype)t), *none = weir_cast(weir_zeros(c, WEIR_F32, 2, SHAPE(0, 3)), (weir_dtype)t), *one = weir_cast(weir_scalar(c, WEIR_F64, 1), (weir_dtype)t);
        assert_int_equal(weir_dtype_of(y), t);
        assert_true(weir_dim(y, 0) == 4 && weir_dim(y, 1) == 3 && weir_numel(none) == 0 && weir_dim(none, 1) == 3 && weir_ndim(one) == 0);
        assert_near(weir_item(one), 1, 0);
        double v = weir_get(x, SHAPE(1, 2)), w = weir_get(y, SHAPE(1, 2)); /* 1.5 */
        assert_near(w, t == WEIR_BOOL || (t >= WEIR_I64 && t <= WEIR_U8) ? 1 : v, 0);
        weir_tensor *moved = weir_contiguous(weir_transpose(y, 0, 1)); /* storage types have views and copies too */
        assert_near(weir_get(moved, SHAPE(2, 1)), w, 0);
        weir_fill_(weir_slice(moved, 0, 1, 2, 1), 1);
        assert_near(weir_get(moved, SHAPE(1, 3)), 1, 0);
    }
    assert_false(weir_requires_grad(weir_cast(weir_set_requires_grad(weir_ones(c, WEIR_F32, 1, SHAPE(2)), true), WEIR_BF16)));
    assert_ok(c);
    weir_add(weir_cast(x, WEIR_F16), weir_cast(x, WEIR_F16));
    assert_fails(c, WEIR_ERROR_DTYPE, "add: [4, 3] and [4, 3]: f16: expected f32 or f64");
    weir_cast(x, (weir_dtype)12);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_DTYPE);
    weir_clear(c);
}

static void constructors(void **state)
{
    weir_ctx *c = *state;
    const double line[] = { -1, -0.5, 0, 0.5, 1 };
    double got[16];
    weir_copy_to_f64(weir_linspace(c, WEIR_F64, -1, 1, 5), got, 5);
    assert_memory_equal(got, line, sizeof line);
    assert_near(weir_item(weir_linspace(c, WEIR_F32, 3, 9, 1)), 3, 0);
    weir_tensor *sevenths = weir_linspace(c, WEIR_F64, 0.1, 0.7, 8);
    assert_true(weir_get(sevenths, SHAPE(0)) == 0.1 && weir_get(sevenths, SHAPE(7)) == 0.7);
    assert_int_equal(weir_numel(weir_linspace(c, WEIR_F32, 0, 1, 0)), 0);
    weir_tensor *r = weir_range(c, WEIR_I64, 5, -2, -2);
    int64_t whole[4];
    assert_int_equal(weir_copy_to_i64(r, whole, 4), WEIR_OK);
    assert_true(whole[0] == 5 && whole[1] == 3 && whole[2] == 1 && whole[3] == -1);
    assert_int_equal(weir_numel(weir_range(c, WEIR_F32, 1, 1, 1)), 0);
    assert_int_equal(weir_numel(weir_range(c, WEIR_F32, 2, 1, 1)), 0);
    weir_tensor *eye = weir_eye(c, WEIR_F32, 3);
    assert_near(weir_item(weir_sum(eye)), 3, 0);
    assert_near(weir_get(eye, SHAPE(2, 2)), 1, 0);
    assert_int_equal(weir_numel(weir_eye(c, WEIR_U8, 0)), 0);
    weir_tensor *hot = weir_one_hot(weir_from_i64(c, (const int64_t[]){ 2, 0 }, 1, SHAPE(2)), WEIR_F64, 3);
    const double rows[] = { 0, 0, 1, 1, 0, 0 };
    weir_copy_to_f64(hot, got, 6);
    assert_memory_equal(got, rows, sizeof rows);
    weir_tensor *low = weir_tril(weir_ones(c, WEIR_F64, 3, SHAPE(2, 3, 4)), 0), *high = weir_triu(weir_ones(c, WEIR_F64, 2, SHAPE(3, 4)), 1);
    assert_near(weir_item(weir_sum(low)), 12, 0);
    assert_near(weir_item(weir_sum(high)), 6, 0);
    assert_true(weir_get(low, SHAPE(1, 2, 2)) == 1 && weir_get(low, SHAPE(1, 2, 3)) == 0 && weir_get(high, SHAPE(0, 0)) == 0);
    assert_ok(c);
    weir_range(c, WEIR_F32, 0, 1, 0);
    assert_fails(c, WEIR_ERROR_RANGE, "range: 0 to 1 by 0");
    weir_one_hot(weir_full(c, WEIR_I64, 1, SHAPE(2), 3), WEIR_F32, 3);
    assert_fails(c, WEIR_ERROR_RANGE, "one_hot: index 3 at 0: expected 0 to 2");
    weir_tril(weir_ones(c, WEIR_F32, 1, SHAPE(2)), 0);
    assert_fails(c, WEIR_ERROR_SHAPE, "tril: rank 1");
}

int main(void)
{
    CASES(cmocka_unit_test(halves_to_the_last_bit), cmocka_unit_test(every_pair), cmocka_unit_test(integers_round_once), CASE(casts_of_tensors), CASE(constructors));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
