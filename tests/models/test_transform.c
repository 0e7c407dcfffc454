/* What comes before a model's map: dequantised integers stay within their half-open interval, for every
 * number of levels, type and draw. */
#include "models/model_test.h"

/* -- dequantisation against the same in plain arithmetic --------------------------------------------- */
static double largest_below(weir_dtype t, double x)
{
    return t == WEIR_F32 ? nextafterf((float)x, 0) : nextafter(x, 0);
}

/* (v + u) / levels, or v + u, rounded after each operation and nothing more. */
static double plain(weir_dtype t, double v, double u, int64_t levels, bool unit)
{
    if (t == WEIR_F64) return unit ? (v + u) * (1 / (double)levels) : v + u;
    float y = (float)v + (float)u;
    return unit ? y * (float)(1 / (double)levels) : y;
}

/* In [v, levels) or [v / levels, 1), and plain wherever plain is below the end. */
static void check_value(weir_dtype t, double v, double u, int64_t levels, bool unit, double y)
{
    double end = unit ? 1 : (double)levels, low = plain(t, v, 0, levels, unit);
    double naive = plain(t, v, u, levels, unit), wanted = naive < end ? naive : largest_below(t, end);
    if (y != wanted || !(y < end) || !(y >= low || low >= end))
        fail_msg("levels %lld, v %.17g, u %.17g: %.17g not %.17g", (long long)levels, v, u, y, wanted);
}

static void check_all(weir_ctx *c, weir_dtype t, int64_t n, const double *v, const double *u, int64_t levels)
{
    double *y = malloc((size_t)n * sizeof *y);
    for (int unit = 0; unit < 2; unit++) {
        weir_scope s = weir_scope_begin_no_grad(c);
        weir_tensor *tv = weir_cast(weir_from_f64(c, v, 1, &n), t);
        weir_tensor *tu = weir_cast(weir_from_f64(c, u, 1, &n), t);
        weir_tensor *ty = weir__dequantize(tv, tu, levels, unit);
        assert_int_equal(weir_copy_to_f64(ty, y, n), WEIR_OK);
        for (int64_t i = 0; i < n; i++) check_value(t, v[i], u[i], levels, unit, y[i]);
        weir_scope_end(s);
    }
    free(y);
}

/* The first, the last and the middle levels, with no noise, the least, and the most there is. */
static void check_edges(weir_ctx *c, weir_dtype t, int64_t levels)
{
    const double step = t == WEIR_F32 ? 0x1p-24 : 0x1p-53;
    const double noise[] = { 0, step, 0.5, 1 - 2 * step, 1 - step };
    enum { NOISES = 5, VALUES = 6 };
    int64_t value[VALUES] = { 0, 1, levels / 2, levels - 3, levels - 2, levels - 1 };
    double v[NOISES * VALUES], u[NOISES * VALUES];
    int64_t n = 0;
    for (int i = 0; i < VALUES; i++)
        for (int j = 0; j < NOISES; j++) {
            if (value[i] < 0 || value[i] >= levels) continue;
            v[n] = (double)value[i];
            u[n++] = noise[j];
        }
    check_all(c, t, n, v, u, levels);
}

static void every_edge_is_half_open(void **state)
{
    weir_ctx *c = *state;
    static const weir_dtype types[] = { WEIR_F32, WEIR_F64 };
    for (int i = 0; i < 2; i++) {
        for (int64_t levels = 1; levels <= 600; levels++) check_edges(c, types[i], levels);
        for (int64_t power = 1024; power <= 1 << 24; power *= 2)
            for (int64_t k = -2; k <= 2; k++)
                if (power + k <= 1 << 24) check_edges(c, types[i], power + k);
        for (int64_t k = 0; k < 300; k++)
            check_edges(c, types[i], 1 + (int64_t)(weir__uniform(5, 0, (uint64_t)k) * (1 << 24)));
    }
    assert_ok(c);
}

/* Draws as the model draws them, on levels of all sizes. */
static void draws_change_no_bit_below_the_end(void **state)
{
    weir_ctx *c = *state;
    enum { N = 20000 };
    static double v[N], u[N];
    static const int64_t levels[] = { 2, 3, 17, 255, 256, 1000, 65536, (1 << 24) - 1, 1 << 24 };
    for (size_t k = 0; k < sizeof levels / sizeof *levels; k++)
        for (int type = 0; type < 2; type++) {
            for (int i = 0; i < N; i++) {
                double grid = type ? 0x1p53 : 0x1p24;
                v[i] = floor(weir__uniform(1, k, (uint64_t)i) * (double)levels[k]);
                u[i] = floor(weir__uniform(2, k, (uint64_t)i) * grid) / grid;
            }
            check_all(c, type ? WEIR_F64 : WEIR_F32, N, v, u, levels[k]);
        }
    assert_ok(c);
}

/* 255 + (1 - 2^-24) is 256 in float: 8.6e-6 of all draws came out as 1. */
static void a_model_sees_no_one(void **state)
{
    weir_ctx *c = *state;
    weir_model *unit = weir_model_new(c, "nice", "dim=256 levels=256 hidden=2 couplings=1");
    weir_model *scaled = weir_model_new(c, "nice", "dim=256 levels=256 hidden=2 couplings=1");
    double mean[256], std[256];
    for (int i = 0; i < 256; i++) {
        mean[i] = 0;
        std[i] = 1;
    }
    assert_int_equal(weir_model_set_standardize(scaled, mean, std), WEIR_OK);
    double top = 0, top_scaled = 0;
    for (int k = 0; k < 64; k++) {
        weir_scope s = weir_scope_begin_no_grad(c);
        weir_tensor *x = weir_full(c, WEIR_F32, 2, SHAPE(256, 256), 255);
        weir__frame frame = { .stream = weir__hash_text(WEIR__STREAM_TRAIN), .step = (uint64_t)k };
        weir__frame old = weir__frame_set(c, frame);
        top = fmax(top, weir_item(weir_amax(weir__model_transform(unit, x))));
        top_scaled = fmax(top_scaled, weir_item(weir_amax(weir__model_transform(scaled, x))));
        weir__frame_set(c, old);
        weir_scope_end(s);
    }
    assert_true(top == 1 - 0x1p-24);        /* 4 million draws: the end of the interval was met */
    assert_true(top_scaled == 256 - 0x1p-16);
    weir_model_free(unit);
    weir_model_free(scaled);
    assert_ok(c);
}

/* What is no level is seen as such: it is not brought into the interval. */
static void what_is_no_level_stays_outside(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *v = weir_from_f32(c, (const float[]){ 17, 400, INFINITY, NAN, -INFINITY, -3 }, 1, SHAPE(6));
    weir_tensor *y = weir__dequantize(v, weir_zeros(c, WEIR_F32, 1, SHAPE(6)), 17, true);
    assert_true(weir_get(y, SHAPE(0)) >= 1 && weir_get(y, SHAPE(1)) > 20);
    assert_true(weir_get(y, SHAPE(2)) == INFINITY && isnan(weir_get(y, SHAPE(3))));
    assert_true(weir_get(y, SHAPE(4)) == -INFINITY && weir_get(y, SHAPE(5)) < 0);
}

int main(void)
{
    CASES(CASE(every_edge_is_half_open), CASE(draws_change_no_bit_below_the_end), CASE(a_model_sees_no_one),
          CASE(what_is_no_level_stays_outside));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
