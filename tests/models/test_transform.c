/* What comes before a model's map: dequantised integers stay within their half-open interval, for every
 * number of levels, type and draw; means are taken off in double; files of old hold them as floats. */
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
    weir_tensor *log_q;
    double top = 0, top_scaled = 0;
    for (int k = 0; k < 64; k++) {
        weir_scope s = weir_scope_begin_no_grad(c);
        weir_tensor *x = weir_full(c, WEIR_F32, 2, SHAPE(256, 256), 255);
        weir__frame frame = { .stream = weir__hash_text(WEIR__STREAM_TRAIN), .step = (uint64_t)k };
        weir__frame old = weir__frame_set(c, frame);
        top = fmax(top, weir_item(weir_amax(weir__model_transform(unit, x, NULL, &log_q))));
        top_scaled = fmax(top_scaled, weir_item(weir_amax(weir__model_transform(scaled, x, NULL, &log_q))));
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

/* -- standardization --------------------------------------------------------------------------------- */
static void means_are_taken_off_in_double(void **state)
{
    weir_ctx *c = *state;
    static const double mean[2] = { 1187008882.43, -3 }, std[2] = { 0.05, 7 };
    weir_tensor *log_q;
    weir_model *m = weir_model_new(c, "nice", "dim=2 hidden=2 couplings=1");
    assert_int_equal(weir_model_data_dtype(m), WEIR_F32);
    assert_int_equal(weir_model_set_standardize(m, (const double[]){ 8, -3 }, std), WEIR_OK);
    assert_int_equal(weir_model_data_dtype(m), WEIR_F32);
    assert_int_equal(weir_model_set_standardize(m, mean, std), WEIR_OK);
    assert_int_equal(weir_model_data_dtype(m), WEIR_F64);
    weir_scope s = weir_scope_begin_no_grad(c);
    for (int64_t i = 0; i < 100; i++) {
        double x[2] = { mean[0] + std[0] * weir__normal(1, 0, (uint64_t)i), weir__normal(1, 1, (uint64_t)i) };
        weir_tensor *y = weir__model_transform(m, weir_from_f64(c, x, 2, SHAPE(1, 2)), NULL, &log_q);
        assert_int_equal(weir_dtype_of(y), WEIR_F32);
        double back[2];
        for (int64_t j = 0; j < 2; j++) {
            back[j] = weir_get(y, SHAPE(0, j));
            assert_true(back[j] == (double)(float)((x[j] - mean[j]) / std[j]));
        }
        weir__model_untransform(m, back, 1);
        for (int64_t j = 0; j < 2; j++) assert_true(fabs(back[j] - x[j]) <= 1e-6 * std[j] + 1e-15 * fabs(x[j]));
    }
    weir_scope_end(s);
    weir_model_free(m);
    assert_ok(c);
}

/* The same file with mean and std as floats, as they once were. */
static weir__bytes as_of_old(weir_ctx *c, weir_model *m, float *mean, float *std)
{
    int64_t n;
    weir__bytes file = { 0 };
    weir__weight *list = weir__module_weights(weir_model_module(m), &n);
    json_t *metadata = weir__model_metadata(m, NULL);
    for (int64_t i = 0; i < n; i++) {
        bool is_mean = strcmp(list[i].name, "data.mean") == 0, is_std = strcmp(list[i].name, "data.std") == 0;
        if (!is_mean && !is_std) continue;
        assert_int_equal(list[i].dtype, WEIR_F64);
        list[i].dtype = WEIR_F32;
        list[i].data = is_mean ? mean : std;
        list[i].bytes /= 2;
    }
    assert_int_equal(weir__safetensors_encode(c, list, n, metadata, &file), WEIR_OK);
    json_decref(metadata);
    weir__free(c, list);
    return file;
}

static void files_of_old_open(void **state)
{
    weir_ctx *c = *state;
    float mean[3] = { 0.1f, -20, 3 }, std[3] = { 1.5f, 0.3f, 7 };
    double wide_mean[3], wide_std[3], x[3] = { 1, -19.5, 2 }, one, other;
    for (int j = 0; j < 3; j++) {
        wide_mean[j] = mean[j];
        wide_std[j] = std[j];
    }
    weir_model *m = stirred(c, "dim=3 hidden=8 couplings=2", 0.5);
    weir_model_set_standardize(m, wide_mean, wide_std);
    weir__bytes file = as_of_old(c, m, mean, std);
    weir_model *old = weir_model_load_from_memory(c, file.data, file.size);
    assert_ok(c);
    assert_int_equal(weir_model_log_prob_into_f64(m, x, 1, NULL, &one, NULL), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into_f64(old, x, 1, NULL, &other, NULL), WEIR_OK);
    assert_true(one == other);
    weir__free(c, file.data);
    weir_model_free(old);
    weir_model_free(m);
    assert_ok(c);
}

/* -- noise and trajectories in double ------------------------------------------------------------------ */
static void doubles_go_in_and_out(void **state)
{
    weir_ctx *c = *state;
    enum { N = 4, STEPS = 3 };
    float noise[N * 2], trajectory[(STEPS + 1) * N * 2];
    double wide[N * 2], wide_trajectory[(STEPS + 1) * N * 2], x[N * 2], y[N * 2];
    weir_model *m = stirred_model(c, "rectified-flow", "dim=2 net.hidden=8 dtype=f64", 0.3);
    for (int i = 0; i < N * 2; i++) {
        noise[i] = (float)weir__normal(4, 0, (uint64_t)i);
        wide[i] = noise[i];
    }
    weir_sample_opts o = weir_sample_defaults();
    o.solver = "euler";
    o.steps = STEPS;
    o.noise = noise;
    o.trajectory = trajectory;
    assert_int_equal(weir_model_sample_into_f64(m, N, &o, x), WEIR_OK);
    o.noise = NULL;
    o.trajectory = NULL;
    o.noise_f64 = wide;
    o.trajectory_f64 = wide_trajectory;
    assert_int_equal(weir_model_sample_into_f64(m, N, &o, y), WEIR_OK);
    assert_memory_equal(x, y, sizeof x);
    for (int i = 0; i < (STEPS + 1) * N * 2; i++) assert_true(trajectory[i] == (float)wide_trajectory[i]);
    assert_memory_equal(wide_trajectory + STEPS * N * 2, y, sizeof y);
    wide[0] += 1e-12;
    assert_int_equal(weir_model_sample_into_f64(m, N, &o, y), WEIR_OK);
    assert_true(x[0] != y[0] && x[2] == y[2]);
    o.noise = noise;
    weir_model_sample_into_f64(m, N, &o, y);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "in both types");
    weir_model_free(m);
}

/* -- memory -------------------------------------------------------------------------------------------- */
static void dequantise_and_standardize(weir_ctx *c)
{
    static const double mean[2] = { 3, 3 }, std[2] = { 2, 2 };
    weir_tensor *log_q;
    weir_model *m = weir_model_new(c, "nice", "dim=2 levels=8 hidden=2 couplings=1");
    weir_model_set_standardize(m, mean, std);
    weir_scope s = weir_scope_begin_no_grad(c);
    weir__model_transform(m, weir_full(c, WEIR_F32, 2, SHAPE(2, 2), 7), NULL, &log_q);
    weir_scope_end(s);
    weir_model_free(m);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(dequantise_and_standardize);
}

int main(void)
{
    CASES(CASE(every_edge_is_half_open), CASE(draws_change_no_bit_below_the_end), CASE(a_model_sees_no_one),
          CASE(what_is_no_level_stays_outside), CASE(means_are_taken_off_in_double), CASE(files_of_old_open),
          CASE(doubles_go_in_and_out), CASE(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
