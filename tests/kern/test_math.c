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
    { WEIR__U_rsqrt, rsqrt_exact, 0, 9, 1.6 },  { WEIR__U_atan, atanl, -0.6, 0.6, 2 },  { WEIR__U_atan, atanl, -3, 3, 2 },
    { WEIR__U_atan, atanl, -1e3, 1e3, 2 },    { WEIR__U_atan, atanl, -1e-6, 1e-6, 1.5 },
};

static double ulps_off(weir__real t, double got, long double exact)
{
    double rounded = t == WEIR__F32 ? (double)(float)exact : (double)exact;
    if (isnan(rounded) || isinf(rounded) || isnan(got)) return rounded == got || (isnan(rounded) && isnan(got)) ? 0 : INFINITY;
    double a = fabs(rounded), unit = t == WEIR__F32 ? (double)nextafterf((float)a, INFINITY) - a : nextafter(a, INFINITY) - a;
    return (double)(fabsl(got - exact) / unit);
}

static void check_range(const weir__isa *k, weir__real t, const range *r)
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
        { WEIR__U_atan, INFINITY, 1.57079632679489661923 },  { WEIR__U_atan, -INFINITY, -1.57079632679489661923 }, { WEIR__U_atan, NAN, NAN },      { WEIR__U_atan, -0.0, -0.0 },
        { WEIR__U_relu, NAN, NAN },          { WEIR__U_relu, -3, 0 },            { WEIR__U_abs, -0.0, 0.0 },         { WEIR__U_sign, -7, -1 },
        { WEIR__U_sign, NAN, NAN }, { WEIR__U_floor, -0.5, -1 }, { WEIR__U_floor, NAN, NAN }, { WEIR__U_floor, -INFINITY, -INFINITY }, { WEIR__U_floor, -0.0, -0.0 },
        { WEIR__U_neg, 0, -0.0 }, { WEIR__U_silu, INFINITY, INFINITY }, { WEIR__U_silu, -0.0, -0.0 }, { WEIR__U_silu, NAN, NAN }, { WEIR__U_silu, -NAN, NAN },
    };
    EACH_KERN(k) EACH_REAL(t) for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    {
        double x[1], y[1];
        put(t, x, 0, cases[i].x);
        k->unary[t][cases[i].f](1, y, 1, x, 1, NULL);
        double v = get(t, y, 0), e = t == WEIR__F32 ? (double)(float)cases[i].y : cases[i].y;
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

/* Activations and their slopes cancel near their zeros: errors are measured in units of the last place of max(|x|, 1) */
typedef long double exact_fn(long double x, const double *p);
static long double phi_below(long double x) { return erfcl(-x * sqrtl(0.5L)) / 2; }
static long double phi_peak(long double x) { return expl(-x * x / 2) * 0.39894228040143267793994605993438L; }
static long double twice_u(long double x) { return 2 * 0.79788456080286535587989211986876L * (x + 0.044715L * x * x * x); }
static long double silu_exact(long double x, const double *p) { return (void)p, x * sigmoid_exact(x); }
static long double silu_slope(long double x, const double *p) { return (void)p, sigmoid_exact(x) * (1 + x * sigmoid_exact(-x)); }
static long double gelu_exact(long double x, const double *p) { return (void)p, x * phi_below(x); }
static long double gelu_slope(long double x, const double *p) { return (void)p, phi_below(x) + x * phi_peak(x); }
static long double gelu_tanh_exact(long double x, const double *p) { return (void)p, x * sigmoid_exact(twice_u(x)); }
static long double gelu_tanh_slope(long double x, const double *p)
{
    long double s = sigmoid_exact(twice_u(x)), t = sigmoid_exact(-twice_u(x));
    return (void)p, s + x * s * t * 2 * 0.79788456080286535587989211986876L * (1 + 3 * 0.044715L * x * x);
}
static long double quick_gelu_exact(long double x, const double *p) { return (void)p, x * sigmoid_exact(1.702L * x); }
static long double quick_gelu_slope(long double x, const double *p) { return (void)p, sigmoid_exact(1.702L * x) * (1 + 1.702L * x * sigmoid_exact(-1.702L * x)); }
static long double logsigmoid_exact(long double x, const double *p) { return (void)p, -softplus_exact(-x); }
static long double logsigmoid_slope(long double x, const double *p) { return (void)p, sigmoid_exact(-x); }
static long double leaky_relu_exact(long double x, const double *p) { return x > 0 ? x : p[0] * x; }
static long double leaky_relu_slope(long double x, const double *p) { return x > 0 ? 1 : p[0]; }
static long double elu_exact(long double x, const double *p) { return p[1] * (x > 0 ? x : p[0] * expm1l(x)); }
static long double elu_slope(long double x, const double *p) { return p[1] * (x > 0 ? 1 : p[0] * expl(x)); }

static long double clamp_exact(long double x, const double *p) { return fminl(fmaxl(x, p[0]), p[1]); }
static long double clamp_slope(long double x, const double *p) { return x >= p[0] && x <= p[1]; }

static const struct { const char *name; weir__unary f; weir__slope s; exact_fn *exact, *slope; double ulps, slope_ulps; } activations[] = {
    { "silu", WEIR__U_silu, WEIR__S_silu, silu_exact, silu_slope, 1.25, 1.25 },
    { "gelu", WEIR__U_gelu, WEIR__S_gelu, gelu_exact, gelu_slope, 2, 3 },
    { "gelu_tanh", WEIR__U_gelu_tanh, WEIR__S_gelu_tanh, gelu_tanh_exact, gelu_tanh_slope, 2.5, 6 },
    { "quick_gelu", WEIR__U_quick_gelu, WEIR__S_quick_gelu, quick_gelu_exact, quick_gelu_slope, 2.5, 4 },
    { "logsigmoid", WEIR__U_logsigmoid, WEIR__S_logsigmoid, logsigmoid_exact, logsigmoid_slope, 2, 2 },
    { "leaky_relu", WEIR__U_leaky_relu, WEIR__S_leaky_relu, leaky_relu_exact, leaky_relu_slope, 1, 1 },
    { "elu", WEIR__U_elu, WEIR__S_elu, elu_exact, elu_slope, 2, 2 },
    { "clamp", WEIR__U_clamp, WEIR__S_clamp, clamp_exact, clamp_slope, 0, 0 },
};
enum { ACTIVATIONS = sizeof activations / sizeof *activations };

static void test_activations(void **state)
{
    (void)state;
    enum { N = 20000 };
    static const double width[] = { 1e-3, 3, 12, 100 }, p[4] = { 0.25, 1.5, 0, 0 };
    assert_int_equal(ACTIVATIONS, WEIR__SLOPES);
    EACH_KERN(k) EACH_REAL(t) for (int f = 0; f < ACTIVATIONS; f++) for (int w = 0; w < 4; w++)
    {
        void *x = noise(t, N, 5), *y = room(8 * N), *one = room(8 * N), *d = room(8 * N);
        double eps = t == WEIR__F32 ? 0x1p-23 : 0x1p-52, worst[2] = { 0, 0 };
        for (int i = 0; i < N; i++) put(t, x, i, width[w] * get(t, x, i)), put(t, one, i, 1);
        k->unary[t][activations[f].f](N, y, 1, x, 1, p);
        k->slope[t][activations[f].s](N, d, 1, one, 1, x, 1, p);
        for (int i = 0; i < N; i++) {
            double v = get(t, x, i), unit = eps * fmax(fabs(v), 1);
            worst[0] = fmax(worst[0], (double)fabsl(get(t, y, i) - activations[f].exact(v, p)) / unit);
            worst[1] = fmax(worst[1], (double)fabsl(get(t, d, i) - activations[f].slope(v, p)) / unit);
        }
        if (!(worst[0] <= activations[f].ulps && worst[1] <= activations[f].slope_ulps))
            fail_msg("%s f%d %s below %g: %.2f ulp off, slope %.2f", k->name, t ? 64 : 32, activations[f].name, width[w], worst[0], worst[1]);
        free(x), free(y), free(one), free(d);
    }
}

/* Far out the slopes are 0 and 1, near enough, and nothing overflows on the way; where x is NaN, so is the slope. */
static void test_slopes_far_out(void **state)
{
    (void)state;
    static const double far[] = { -1e300, -1e30, -1e4, 1e4, 1e30, 1e300 }, p[4] = { 0, 1, 0, 0 };
    EACH_KERN(k) EACH_REAL(t) for (int f = 0; f < ACTIVATIONS; f++)
    {
        double x[1], y[1], one[1];
        put(t, one, 0, 1);
        for (int i = 0; i < 6; i++) {
            if (t == WEIR__F32 && fabs(far[i]) > 1e38) continue;
            put(t, x, 0, far[i]);
            k->slope[t][activations[f].s](1, y, 1, one, 1, x, 1, p);
            bool up = activations[f].s == WEIR__S_logsigmoid ? far[i] < 0 : far[i] > 0 && activations[f].s != WEIR__S_clamp;
            double expected = up;
            if (!(fabs(get(t, y, 0) - expected) <= 1e-6)) fail_msg("%s f%d slope of %s at %g: %g", k->name, t ? 64 : 32, activations[f].name, far[i], get(t, y, 0));
        }
        put(t, x, 0, NAN);
        k->slope[t][activations[f].s](1, y, 1, one, 1, x, 1, p);
        assert_true(isnan(get(t, y, 0)) || activations[f].s == WEIR__S_leaky_relu || activations[f].s == WEIR__S_clamp);
    }
}

/* As test_tails for the slopes: any count, start and strides, in place over either input */
static void test_slope_tails(void **state)
{
    (void)state;
    enum { LONG = 700 };
    const double p[4] = { 0.3, 0.7, 0, 0 };
    EACH_KERN(k) EACH_REAL(t) for (int f = 0; f < WEIR__SLOPES; f++)
    {
        size_t size = bytes_of(t);
        char *g = noise(t, 3 * LONG, 3), *x = noise(t, 3 * LONG, 11), *whole = room(size * LONG), *y = room(size * 3 * LONG), *wide = room(size * 3 * LONG);
        k->slope[t][f](LONG, whole, 1, g, 1, x, 1, p);
        for (int n = 1; n <= 67; n++)
            for (int at = 0; at < 19; at++) {
                memset(y, 0x55, size * 160);
                k->slope[t][f](n, y + size, 1, g + (size_t)at * size, 1, x + (size_t)at * size, 1, p);
                if (memcmp(y + size, whole + (size_t)at * size, size * (size_t)n)) fail_msg("%s f%d slope %d: %d elements from %d differ", k->name, t ? 64 : 32, f, n, at);
                for (size_t b = 0; b < size; b++) assert_true(y[b] == 0x55 && y[size * (size_t)(n + 1) + b] == 0x55);
            }
        for (int i = 0; i < LONG; i++) memcpy(wide + (size_t)(3 * i) * size, x + (size_t)i * size, size);
        k->slope[t][f](LONG, y, 2, g, 1, wide, 3, p);
        for (int i = 0; i < LONG; i++) assert_memory_equal(y + (size_t)(2 * i) * size, whole + (size_t)i * size, size);
        for (int i = 0; i < LONG; i++) memcpy(wide + (size_t)i * size, g + 5 * size, size);
        k->slope[t][f](LONG, wide, 1, wide, 1, x, 1, p);
        k->slope[t][f](LONG, y, 1, g + 5 * size, 0, x, 1, p);
        assert_memory_equal(y, wide, size * LONG);
        k->slope[t][f](LONG, x, 1, g, 1, x, 1, p);
        assert_memory_equal(x, whole, size * LONG);
        free(g), free(x), free(whole), free(y), free(wide);
    }
}

/* x Phi(x) below 0, where it is a small part of x: in f32 a few units of its own last place, as many more as x^2 / 2 takes of the exponential */
static void test_gelu_below(void **state)
{
    (void)state;
    enum { N = 20000 };
    EACH_KERN(k)
    {
        void *x = noise(WEIR__F32, N, 5), *y = room(4 * N);
        for (int i = 0; i < N; i++) put(WEIR__F32, x, i, 6 * get(WEIR__F32, x, i) - 6);
        k->unary[WEIR__F32][WEIR__U_gelu](N, y, 1, x, 1, NULL);
        for (int i = 0; i < N; i++) {
            double v = get(WEIR__F32, x, i), off = ulps_off(WEIR__F32, get(WEIR__F32, y, i), gelu_exact(v, NULL));
            if (!(off <= 5 + v * v)) fail_msg("%s: gelu at %.9g: %.9g is %.2f ulp off", k->name, v, get(WEIR__F32, y, i), off);
        }
        free(x), free(y);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_accuracy), cmocka_unit_test(test_special), cmocka_unit_test(test_tails),
                                        cmocka_unit_test(test_binary), cmocka_unit_test(test_compare_where), cmocka_unit_test(test_activations),
                                        cmocka_unit_test(test_slopes_far_out), cmocka_unit_test(test_slope_tails), cmocka_unit_test(test_gelu_below) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
