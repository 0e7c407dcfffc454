/* test_math.c - elementary functions against libm in long double; special values; same bits in bodies, tails and strides. */
#define _POSIX_C_SOURCE 200809L
#include "kern_test.h"

typedef struct range {
    weir__unary f;
    long double (*exact)(long double);
    double low, high;
    double ulps; /* allowed */
} range;

static long double rsqrt_exact(long double x) { return 1 / sqrtl(x); }
static long double sigmoid_exact(long double x) { return 1 / (1 + expl(-x)); }
static long double softplus_exact(long double x) { return x > 0 ? x + log1pl(expl(-x)) : log1pl(expl(x)); }

static const range ranges[] = {
    { WEIR__U_exp, expl, -104, 89, 1.5 },       { WEIR__U_exp, expl, -746, 710, 1.5 },    { WEIR__U_exp, expl, -1e-3, 1e-3, 1.5 },
    { WEIR__U_expm1, expm1l, -3, 3, 2 },        { WEIR__U_expm1, expm1l, -90, 709, 2 },   { WEIR__U_expm1, expm1l, -1e-6, 1e-6, 2 },
    { WEIR__U_log, logl, 0, 3, 1.5 },           { WEIR__U_log, logl, 0, 1e30, 1.5 },      { WEIR__U_log, logl, 0, 1e-38, 1.5 },
    { WEIR__U_log, logl, 0, 1e-310, 1.5 },      { WEIR__U_log1p, log1pl, -1, 3, 1.5 },    { WEIR__U_log1p, log1pl, -1e-4, 1e-4, 1.5 },
    { WEIR__U_log1p, log1pl, 0, 1e20, 1.5 },    { WEIR__U_sin, sinl, -4, 4, 2 },          { WEIR__U_sin, sinl, -1e5, 1e5, 2.5 },
    { WEIR__U_sin, sinl, -1e9, 1e9, 2.5 },      { WEIR__U_cos, cosl, -4, 4, 2 },          { WEIR__U_cos, cosl, -1e5, 1e5, 2.5 },
    { WEIR__U_cos, cosl, -1e9, 1e9, 2.5 },      { WEIR__U_tanh, tanhl, -1, 1, 2.5 },      { WEIR__U_tanh, tanhl, -22, 22, 2.5 },
    { WEIR__U_sigmoid, sigmoid_exact, -100, 40, 2.5 },  { WEIR__U_sigmoid, sigmoid_exact, -740, 40, 2.5 },
    { WEIR__U_softplus, softplus_exact, -90, 40, 2.5 }, { WEIR__U_erf, erfl, -1.5, 1.5, 2.5 }, { WEIR__U_erf, erfl, -7, 7, 2.5 },
    { WEIR__U_rsqrt, rsqrt_exact, 0, 9, 1.6 },
};

static double ulps_off(weir__real t, double got, long double exact)
{
    double rounded = t == WEIR__F32 ? (double)(float)exact : (double)exact;
    if (isnan(rounded) || isinf(rounded) || isnan(got)) return rounded == got || (isnan(rounded) && isnan(got)) ? 0 : INFINITY;
    double a = fabs(rounded), unit = t == WEIR__F32 ? (double)nextafterf((float)a, INFINITY) - a : nextafter(a, INFINITY) - a;
    return (double)(fabsl(got - exact) / unit);
}

static void check_range(const weir__kern *k, weir__real t, const range *r)
{
    enum { N = 50000 };
    uint64_t seed = 7;
    void *x = room(N * 8), *y = room(N * 8);
    for (int i = 0; i < N; i++) put(t, x, i, r->low + (r->high - r->low) * (0.5 * rnd(&seed) + 0.5));
    k->unary[t][r->f](N, y, 1, x, 1, NULL);
    for (int i = 0; i < N; i++) {
        double off = ulps_off(t, get(t, y, i), r->exact(get(t, x, i)));
        if (!(off <= r->ulps)) fail_msg("%s f%d function %d at %.17g: %.17g is %.2f ulp off", k->name, t ? 64 : 32, r->f, get(t, x, i), get(t, y, i), off);
    }
    free(x), free(y);
}

static void test_accuracy(void **state)
{
    (void)state;
    EACH_KERN(k) EACH_REAL(t) for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) check_range(k, t, &ranges[i]);
}

static void test_special(void **state)
{
    (void)state;
    static const struct { weir__unary f; double x, y; } cases[] = {
        { WEIR__U_exp, INFINITY, INFINITY }, { WEIR__U_exp, -INFINITY, 0 },      { WEIR__U_exp, NAN, NAN },          { WEIR__U_exp, 0, 1 },
        { WEIR__U_exp, 1e30, INFINITY },     { WEIR__U_exp, -1e30, 0 },          { WEIR__U_expm1, -INFINITY, -1 },   { WEIR__U_expm1, INFINITY, INFINITY },
        { WEIR__U_expm1, -0.0, -0.0 },       { WEIR__U_expm1, NAN, NAN },        { WEIR__U_log, 0, -INFINITY },      { WEIR__U_log, -0.0, -INFINITY },
        { WEIR__U_log, -1, NAN },            { WEIR__U_log, INFINITY, INFINITY }, { WEIR__U_log, NAN, NAN },         { WEIR__U_log, 1, 0 },
        { WEIR__U_log1p, -1, -INFINITY },    { WEIR__U_log1p, -2, NAN },         { WEIR__U_log1p, INFINITY, INFINITY }, { WEIR__U_log1p, -0.0, -0.0 },
        { WEIR__U_log1p, NAN, NAN },         { WEIR__U_sin, -0.0, -0.0 },        { WEIR__U_sin, INFINITY, NAN },     { WEIR__U_sin, NAN, NAN },
        { WEIR__U_cos, 0, 1 },               { WEIR__U_cos, -INFINITY, NAN },    { WEIR__U_tanh, INFINITY, 1 },      { WEIR__U_tanh, -INFINITY, -1 },
        { WEIR__U_tanh, -0.0, -0.0 },        { WEIR__U_tanh, NAN, NAN },         { WEIR__U_sigmoid, -INFINITY, 0 },  { WEIR__U_sigmoid, INFINITY, 1 },
        { WEIR__U_sigmoid, NAN, NAN },       { WEIR__U_softplus, -INFINITY, 0 }, { WEIR__U_softplus, INFINITY, INFINITY }, { WEIR__U_softplus, NAN, NAN },
        { WEIR__U_erf, INFINITY, 1 },        { WEIR__U_erf, -INFINITY, -1 },     { WEIR__U_erf, NAN, NAN },          { WEIR__U_erf, -0.0, -0.0 },
        { WEIR__U_relu, NAN, NAN },          { WEIR__U_relu, -3, 0 },            { WEIR__U_abs, -0.0, 0.0 },         { WEIR__U_sign, -7, -1 },
        { WEIR__U_sign, NAN, NAN },          { WEIR__U_neg, 0, -0.0 },           { WEIR__U_silu, INFINITY, INFINITY },
    };
    EACH_KERN(k) EACH_REAL(t) for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
        double x[1], y[1];
        put(t, x, 0, cases[i].x);
        k->unary[t][cases[i].f](1, y, 1, x, 1, NULL);
        double v = get(t, y, 0), e = cases[i].y;
        if (isnan(e) ? !isnan(v) : v != e || signbit(v) != signbit(e))
            fail_msg("%s f%d function %d of %g: %g, expected %g", k->name, t ? 64 : 32, cases[i].f, cases[i].x, v, e);
    }
}

/* Any count, any start, strides, in place: each element's bits as in one long run */
static void test_tails(void **state)
{
    (void)state;
    enum { N = 160, LONG = 700 };
    const double p[4] = { 0.3, 0.7, 0, 0 };
    EACH_KERN(k) EACH_REAL(t) for (int f = 0; f < WEIR__UNARIES; f++)
    {
        size_t size = bytes_of(t);
        char *x = noise(t, 3 * LONG, 11), *whole = room(size * LONG), *y = room(size * 3 * LONG);
        if (f == WEIR__U_sin) put(t, x, 40, 1e12);
        k->unary[t][f](LONG, whole, 1, x, 1, p);
        for (int n = 1; n <= 67; n++)
            for (int at = 0; at < 19; at++) {
                memset(y, 0x55, size * N);
                k->unary[t][f](n, y + size, 1, x + (size_t)at * size, 1, p);
                if (memcmp(y + size, whole + (size_t)at * size, size * (size_t)n)) fail_msg("%s f%d function %d: %d elements from %d differ", k->name, t ? 64 : 32, f, n, at);
                for (size_t b = 0; b < size; b++) assert_true(y[b] == 0x55 && y[size * (size_t)(n + 1) + b] == 0x55);
            }
        char *wide = room(size * 3 * LONG);
        for (int i = 0; i < LONG; i++) memcpy(wide + (size_t)(3 * i) * size, x + (size_t)i * size, size);
        k->unary[t][f](LONG, y, 2, wide, 3, p);
        for (int i = 0; i < LONG; i++) assert_memory_equal(y + (size_t)(2 * i) * size, whole + (size_t)i * size, size);
        k->unary[t][f](LONG, y, 1, x + 5 * size, 0, p);
        for (int i = 0; i < LONG; i++) assert_memory_equal(y + (size_t)i * size, whole + 5 * size, size);
        k->unary[t][f](LONG, x, 1, x, 1, p);
        assert_memory_equal(x, whole, size * LONG);
        free(x), free(whole), free(y), free(wide);
    }
}

static double binary_expected(weir__binary f, double a, double b)
{
    switch (f) {
    case WEIR__B_add: return a + b;
    case WEIR__B_sub: return a - b;
    case WEIR__B_mul: return a * b;
    case WEIR__B_div: return a / b;
    case WEIR__B_pow: return pow(a, b);
    case WEIR__B_max: return isnan(a) || isnan(b) ? NAN : a > b ? a : b;
    case WEIR__B_min: return isnan(a) || isnan(b) ? NAN : a < b ? a : b;
    case WEIR__B_relu_backward: return b > 0 ? a : 0;
    case WEIR__B_sigmoid_backward: return a * b * (1 - b);
    default: return a * (1 - b * b);
    }
}

static void test_binary(void **state)
{
    (void)state;
    enum { N = 77 };
    EACH_KERN(k) EACH_REAL(t) for (int f = 0; f < WEIR__BINARIES; f++) for (int strides = 0; strides < 27; strides++)
    {
        int64_t sy = strides % 3 ? strides % 3 : 3, sa = strides / 3 % 3, sb = strides / 9 % 3;
        void *a = noise(t, 3 * N, 1), *b = noise(t, 3 * N, 2), *y = room(8 * 3 * N);
        put(t, a, 0, 0.25), put(t, a, 3, NAN), put(t, b, 6, NAN);
        k->binary[t][f](N, y, sy, a, sa, b, sb);
        for (int i = 0; i < N; i++) {
            double e = binary_expected((weir__binary)f, get(t, a, i * sa), get(t, b, i * sb)), v = get(t, y, i * sy);
            double eps = t == WEIR__F32 ? 0x1p-21 : 0x1p-50;
            if (isnan(e) ? !isnan(v) : !(fabs(v - e) <= eps * (fabs(e) + 0.1))) fail_msg("%s f%d binary %d at %d: %g, expected %g", k->name, t ? 64 : 32, f, i, v, e);
        }
        free(a), free(b), free(y);
    }
}

static void test_compare_where(void **state)
{
    (void)state;
    enum { N = 75 };
    EACH_KERN(k) EACH_REAL(t) for (int64_t s = 0; s < 3; s++)
    {
        void *a = noise(t, 3 * N, 1), *b = noise(t, 3 * N, 2), *w = room(8 * N);
        uint8_t y[WEIR__COMPARES][N];
        put(t, a, 4, get(t, b, 4 * s)), put(t, a, 6, NAN);
        for (int f = 0; f < WEIR__COMPARES; f++) k->compare[t][f](N, y[f], 1, a, 1, b, s);
        k->where[t](N, w, 1, y[WEIR__C_lt], 1, a, 1, b, s);
        for (int i = 0; i < N; i++) {
            double p = get(t, a, i), q = get(t, b, i * s), v = get(t, w, i), e = p < q ? p : q;
            assert_int_equal(y[WEIR__C_eq][i], p == q);
            assert_int_equal(y[WEIR__C_ne][i], p != q);
            assert_int_equal(y[WEIR__C_lt][i], p < q);
            assert_int_equal(y[WEIR__C_le][i], p <= q);
            assert_int_equal(y[WEIR__C_gt][i], p > q);
            assert_int_equal(y[WEIR__C_ge][i], p >= q);
            assert_true(v == e);
        }
        free(a), free(b), free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_accuracy), cmocka_unit_test(test_special), cmocka_unit_test(test_tails),
                                        cmocka_unit_test(test_binary), cmocka_unit_test(test_compare_where) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
