/* What the networks of continuous models say, in the scale of the data. */
#include "models/model_test.h"
#include "weir/continuous.h"

enum { N = 7, DIM = 3 };
static const double MEAN[] = { 5, -3, 100 }, STD[] = { 2, 0.1, 10 };

static void fill(double *x, int64_t n, uint64_t seed)
{
    for (int64_t i = 0; i < n; i++) x[i] = weir__normal(seed, 0, (uint64_t)i);
}

static weir_model *standardized(weir_ctx *c, const char *name, const char *options)
{
    weir_model *m = stirred_model(c, name, options, 0.4);
    weir_module_train(weir_model_module(m), false);
    assert_int_equal(weir_model_set_standardize(m, MEAN, STD), WEIR_OK);
    return m;
}

static void say(weir_model *m, const double *x, const double *t, const char *form, double *out)
{
    weir_predict_opts o = weir_predict_defaults();
    o.form = form;
    assert_int_equal(weir_model_predict_into_f64(m, x, t, N, &o, out), WEIR_OK);
}

/* Every form by hand from the velocity, on straight paths. */
static void test_forms(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = standardized(c, "rectified-flow", "dim=3 net.hidden=8,8 dtype=f64");
    double x[N * DIM], t[N], u[N * DIM], x0[N * DIM], e[N * DIM], s[N * DIM], v[N * DIM], raw[N * DIM];
    fill(x, N * DIM, 3);
    for (int i = 0; i < N * DIM; i++) x[i] = x[i] * STD[i % DIM] + MEAN[i % DIM];
    for (int i = 0; i < N; i++) t[i] = (i + 1.0) / (N + 1);
    say(m, x, t, "velocity", u);
    say(m, x, t, NULL, x0);
    say(m, x, t, "eps", e);
    say(m, x, t, "score", s);
    say(m, x, t, "v", v);
    say(m, x, t, "raw", raw);
    assert_memory_equal(raw, u, sizeof u);
    for (int i = 0; i < N * DIM; i++) {
        double at = t[i / DIM], std = STD[i % DIM], y = (x[i] - MEAN[i % DIM]) / std, uy = u[i] / std;
        assert_near(x0[i], x[i] - at * u[i], 1e-10);
        assert_near(e[i], y + (1 - at) * uy, 1e-12);
        assert_near(s[i], -(y + (1 - at) * uy) / at / std, 1e-9);
        assert_near(v[i], ((1 - at) * e[i] - at * (y - at * uy)) / hypot(at, 1 - at), 1e-12);
    }
    weir_model_free(m);
}

/* The states of a trajectory go in as they come out: Euler's steps by hand are the sampler's. */
static void by_hand(weir_ctx *c, const char *name, const char *options, const char *solver)
{
    enum { STEPS = 4 };
    weir_model *m = standardized(c, name, options);
    double x[N * DIM], states[(STEPS + 1) * N * DIM], u[N * DIM], t[N], lo, hi;
    const weir_path_row *path = (const weir_path_row *)weir_row_find(c, "path", "fm"); /* trig has the same times */
    weir_sample_opts o = weir_sample_defaults();
    o.solver = solver;
    o.steps = STEPS;
    o.trajectory_f64 = states;
    assert_int_equal(weir_model_sample_into_f64(m, N, &o, x), WEIR_OK);
    path->interval(NULL, &lo, &hi);
    for (int k = 0; k < STEPS; k++) {
        const double *from = states + k * N * DIM, *to = from + N * DIM;
        for (int i = 0; i < N; i++) t[i] = hi - k * (hi - lo) / STEPS;
        say(m, from, t, "velocity", u);
        for (int i = 0; i < N * DIM; i++) assert_near(to[i], from[i] - u[i] * (hi - lo) / STEPS, 1e-9);
    }
    weir_model_free(m);
}

static void test_states(void **state)
{
    by_hand(*state, "rectified-flow", "dim=3 net.hidden=8,8 dtype=f64", "euler");
    by_hand(*state, "rectified-flow", "dim=3 net.hidden=8,8 dtype=f64 prediction=v path=trig", "euler");
}

static void test_added_noise(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred_model(c, "ddpm", "dim=3 net.hidden=8 levels=17 dtype=f64", 0.4);
    double x[N * DIM], t[N], out[N * DIM], noised[N * DIM], again[N * DIM], clean[N * DIM];
    weir_predict_opts o = weir_predict_defaults();
    weir_module_train(weir_model_module(m), false);
    for (int i = 0; i < N * DIM; i++) x[i] = (5 * i) % 17;
    for (int i = 0; i < N; i++) t[i] = 0.3;
    o.add_noise = o.use_seed = true;
    o.seed = 5;
    o.noised = noised;
    assert_int_equal(weir_model_predict_into_f64(m, x, t, N, &o, out), WEIR_OK);
    say(m, noised, t, "x0", again);
    for (int i = 0; i < N * DIM; i++) assert_near(again[i], out[i], 1e-9);
    o.batch = 2;
    assert_int_equal(weir_model_predict_into_f64(m, x, t, N, &o, again), WEIR_OK);
    assert_memory_equal(again, out, sizeof out);
    o.seed = 6;
    assert_int_equal(weir_model_predict_into_f64(m, x, t, N, &o, again), WEIR_OK);
    assert_true(memcmp(again, out, sizeof out) != 0);
    for (int i = 0; i < N; i++) t[i] = 1e-6; /* hardly any: within the dequantised unit */
    o.noised = clean;
    assert_int_equal(weir_model_predict_into_f64(m, x, t, N, &o, again), WEIR_OK);
    for (int i = 0; i < N * DIM; i++) assert_true(clean[i] > x[i] - 0.1 && clean[i] < x[i] + 1.1);
    weir_model_free(m);
}

/* One condition of all, and one each. */
static void test_conditions(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = standardized(c, "rectified-flow", "dim=3 net.hidden=8 dtype=f64 classes=2");
    double x[N * DIM], t[N], one[N * DIM], mixed[N * DIM];
    int64_t class = 1, each[N] = { 1, 0, 1, 0, 1, 0, 1 };
    weir_predict_opts o = weir_predict_defaults();
    fill(x, N * DIM, 3);
    for (int i = 0; i < N; i++) t[i] = 0.5;
    o.condition = weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, &class, 1, SHAPE(1)));
    assert_int_equal(weir_model_predict_into_f64(m, x, t, N, &o, one), WEIR_OK);
    o.condition = weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, each, 1, SHAPE(N)));
    assert_int_equal(weir_model_predict_into_f64(m, x, t, N, &o, mixed), WEIR_OK);
    for (int i = 0; i < N; i++) assert_true((memcmp(one + i * DIM, mixed + i * DIM, DIM * sizeof *one) == 0) == (each[i] == 1));
    weir_model_predict_into_f64(m, x, t, N, NULL, one);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "class");
    weir_model_free(m);
}

static void test_mistakes(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=3 net.hidden=8"), *flow = weir_model_new(c, "nice", "dim=3 hidden=8");
    double x[DIM] = { 0 }, t = 0.5, out[DIM];
    weir_predict_opts o = weir_predict_defaults();
    weir_model_predict_into_f64(m, NULL, &t, 1, NULL, out);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_predict_into: NULL");
    weir_model_predict_into_f64(flow, x, &t, 1, NULL, out);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "model.nice: expected a continuous model");
    t = 1.5;
    weir_model_predict_into_f64(m, x, &t, 1, NULL, out);
    assert_fails(c, WEIR_ERROR_RANGE, "t=1.5: expected 0 to 1");
    t = NAN;
    weir_model_predict_into_f64(m, x, &t, 1, NULL, out);
    assert_fails(c, WEIR_ERROR_RANGE, "expected 0 to 1");
    t = 0.5;
    o.form = "scores";
    weir_model_predict_into_f64(m, x, &t, 1, &o, out);
    assert_fails(c, WEIR_ERROR_NAME, "perhaps score");
    o.form = "";
    weir_model_predict_into_f64(m, x, &t, 1, &o, out);
    assert_fails(c, WEIR_ERROR_NAME, "an empty text");
    weir_model_free(flow), weir_model_free(m);
}

static void everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "edm", "dim=2 levels=8 net.hidden=2");
    double x[4] = { 1, 2, 3, 4 }, t[2] = { 0.5, 2 }, out[4], noised[4];
    weir_predict_opts o = weir_predict_defaults();
    o.form = "edm sigma_data=0.7";
    o.add_noise = true;
    o.noised = noised;
    if (weir_ok(c)) weir_model_predict_into_f64(m, x, t, 2, &o, out);
    weir_model_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_forms), CASE(test_states), CASE(test_added_noise), CASE(test_conditions), CASE(test_mistakes), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
