/* Samples that begin at data with noise: the state they begin at, values that are known, turns; and values filled in by a sampler. */
#include "models/model_test.h"
#include "models/path_model.h"
#include "weir/latent.h"

enum { K = 9, D = 3 };
static weir_model *made(weir_ctx *c, const char *options) { return stirred_model(c, "rectified-flow", options, 0.5); }

typedef struct states { int64_t n; double t, at[K * D]; } states;
static weir_status first_state(void *user, int64_t step, int64_t first, int64_t n, const double *t, const double *x)
{
    states *s = user;
    if (step == 0) memcpy(s->at + first * D, x, (size_t)(n * D) * sizeof *x), s->t = t[0];
    return WEIR_OK;
}

static void some_data(double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) x[i] = 2 * weir__normal(7, 0, (uint64_t)i) + 0.3;
}

/* -- where they begin ------------------------------------------------------------------------------------------------------------ */
/* a y + b eps at sigma = S / (1 - S), eps what the same numbers begin at without; on every path. */
static void test_noise_level(void **state)
{
    weir_ctx *c = *state;
    static const char *const paths[] = { "fm", "vp", "vp_cosine", "sub_vp", "ve", "edm", "trig" };
    static const double mean[D] = { 1, -2, 0.5 }, std[D] = { 2, 0.5, 3 }, strengths[] = { 0.2, 0.5, 0.9 };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char text[128];
        double data[K * D], x[K * D], plain[K * D];
        snprintf(text, sizeof text, "dim=3 net.hidden=8 dtype=f64 path=%s sampler=heun sampler.steps=4", paths[i]);
        weir_model *m = made(c, text);
        const weir__field *f = weir__model_field(m, "test");
        assert_int_equal(weir_model_set_standardize(m, mean, std), WEIR_OK);
        some_data(data, K * D);
        states noise, begun;
        weir_sample_opts o = weir_sample_defaults();
        weir_sample_start start = weir_sample_start_defaults();
        o.first = 0, o.on_state = first_state, o.user = &noise;
        assert_int_equal(weir_model_sample_into_f64(m, K, &o, plain), WEIR_OK);
        double high = f->path->at(f->path_options, noise.t).b;
        start.x = data;
        o.start = &start;
        o.user = &begun;
        for (int k = 0; k < 3; k++) {
            start.strength = strengths[k];
            o.batch = k == 1 ? 2 : 0; /* by the sample's number alone */
            if (weir_model_sample_into_f64(m, K, &o, x) != WEIR_OK) fail_msg("%s: %s", paths[i], weir_message(c));
            weir_path_point p = f->path->at(f->path_options, begun.t);
            assert_near(p.b / p.a, start.strength / (1 - start.strength), 1e-9);
            for (int j = 0; j < K * D; j++) {
                double s = std[j % D], u = mean[j % D], eps = (noise.at[j] - u) / s / high;
                assert_near((begun.at[j] - u) / s, p.a * (data[j] - u) / s + p.b * eps, 1e-9);
            }
        }
        start.strength = 1; /* noise alone, whatever the data */
        data[3] = NAN;
        assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_OK);
        assert_memory_equal(x, plain, sizeof x);
        weir_model_free(m);
    }
}

/* Little noise gives the data back, by any sampler. */
static void test_little_noise(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dim=3 net.hidden=8 dtype=f64");
    double data[K * D], x[K * D];
    some_data(data, K * D);
    for (int64_t i = 0; i < weir_row_count(c, "sampler"); i++) {
        char solver[64];
        const char *name = strchr(weir_row_at(c, "sampler", i)->name, '.') + 1;
        snprintf(solver, sizeof solver, "%s steps=4", name);
        weir_sample_opts o = weir_sample_defaults();
        weir_sample_start start = weir_sample_start_defaults();
        start.x = data, start.strength = 0.004;
        o.start = &start, o.solver = solver, o.first = 0;
        if (weir_model_sample_into_f64(m, K, &o, x) != WEIR_OK) fail_msg("%s: %s", name, weir_message(c));
        for (int j = 0; j < K * D; j++)
            if (!(fabs(x[j] - data[j]) < 0.1)) fail_msg("%s: %g from %g", name, x[j], data[j]);
    }
    weir_model_free(m);
}

/* Integers begin at their dequantised values, and come out as integers. */
static void test_integers(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dim=3 net.hidden=8 levels=16");
    double data[K * D], x[K * D];
    for (int j = 0; j < K * D; j++) data[j] = j * 7 % 16;
    weir_sample_opts o = weir_sample_defaults();
    weir_sample_start start = weir_sample_start_defaults();
    start.x = data, start.strength = 0.001;
    o.start = &start;
    assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_OK);
    for (int j = 0; j < K * D; j++) assert_true(x[j] == floor(x[j]) && fabs(x[j] - data[j]) <= 1);
    weir_model_free(m);
}

/* -- what is known ----------------------------------------------------------------------------------------------------------------- */
static weir_status known_kept(void *user, int64_t step, int64_t first, int64_t n, const double *t, const double *x)
{
    const states *s = user; /* of noise alone, b eps */
    for (int64_t i = 0; i < n && t[i] > 0; i++) {
        int64_t j = (first + i) * D + 1;
        double kept = (1 - t[i]) * (0.1 * (double)(first + i)) + t[i] / s->t * s->at[j];
        if (!(fabs(x[i * D + 1] - kept) < 1e-9)) fail_msg("step %lld: %g, expected %g", (long long)step, x[i * D + 1], kept);
    }
    return WEIR_OK;
}

/* On a straight path by samplers of the ODE a known value goes straight from its noise to itself. */
static void test_known_values_go_straight(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dim=3 net.hidden=8 dtype=f64");
    double data[K * D], x[K * D];
    bool known[K * D] = { false };
    for (int i = 0; i < K; i++) {
        for (int j = 0; j < D; j++) data[i * D + j] = NAN;
        data[i * D + 1] = 0.1 * i;
        known[i * D + 1] = true;
    }
    states noise;
    static const char *const solvers[] = { "euler", "heun", "rk4", "ddim", "edm", "dpm_2", "dpmpp_2m", "dpmpp_3m", "unipc" };
    for (size_t k = 0; k < sizeof solvers / sizeof *solvers; k++) {
        weir_sample_opts o = weir_sample_defaults();
        weir_sample_start start = weir_sample_start_defaults();
        o.solver = solvers[k], o.steps = 6, o.first = 0, o.on_state = first_state, o.user = &noise;
        if (!strcmp(solvers[k], "edm")) o.solver = "edm grid=uniform";
        assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_OK);
        start.x = data, start.known = known;
        o.start = &start, o.on_state = known_kept;
        if (weir_model_sample_into_f64(m, K, &o, x) != WEIR_OK) fail_msg("%s: %s", solvers[k], weir_message(c));
        for (int i = 0; i < K; i++) assert_true(x[i * D + 1] == 0.1 * i);
        for (int j = 0; j < K * D; j++) assert_true(isfinite(x[j]));
    }
    weir_model_free(m);
}

/* -- against the conditional distribution -------------------------------------------------------------------------------------------- */
/* What is to be said of data N(0, [1 r; r 1]): E[x_0 | x] = a C (a^2 C + b^2)^-1 x, by C's axes (1, 1) and (1, -1). */
#define CORRELATION 0.8
static weir_status gaussian_predict(void *user, const weir_prediction_row *want, int64_t n, const int64_t *samples, const double *t, const double *x,
                                    double *out)
{
    const weir__field *f = user;
    for (int64_t i = 0; i < n; i++, x += 2, out += 2) {
        weir_path_point p = f->path->at(f->path_options, t[i]);
        weir_prediction_point m = want->at(NULL, p);
        double u = (x[0] + x[1]) / 2, v = (x[0] - x[1]) / 2, high = 1 + CORRELATION, low = 1 - CORRELATION;
        double su = u / (p.a * p.a * high + p.b * p.b), sv = v / (p.a * p.a * low + p.b * p.b);
        double data[2] = { p.a * (high * su + low * sv), p.a * (high * su - low * sv) }, noise[2] = { p.b * (su + sv), p.b * (su - sv) };
        for (int j = 0; j < 2; j++) out[j] = (m.x0 * data[j] + m.eps * noise[j]) / m.scale;
    }
    return WEIR_OK;
}
static weir_predictor gaussian_around(void *user, weir_predictor own)
{
    (void)own;
    return (weir_predictor){ .predict = gaussian_predict, .user = user };
}

/* Moments of x_1 given x_0 = 1.5, whose distribution is N(1.2, 0.36). */
static void given(weir_model *m, const char *solver, int64_t resample, double *mean, double *variance)
{
    enum { N = 4000 };
    static double data[N * 2], x[N * 2];
    static bool known[N * 2];
    weir_sample_start start = weir_sample_start_defaults();
    weir_sample_opts o = weir_sample_defaults();
    for (int i = 0; i < N; i++) data[2 * i] = 1.5, known[2 * i] = true;
    start.x = data, start.known = known, start.resample = resample, start.jump = 5;
    o.start = &start, o.solver = solver, o.first = 0, o.around = gaussian_around, o.around_user = (void *)(uintptr_t)weir__model_field(m, "test");
    if (weir_model_sample_into_f64(m, N, &o, x) != WEIR_OK) fail_msg("%s: %s", solver, weir_message(weir_model_ctx(m)));
    *mean = *variance = 0;
    for (int i = 0; i < N; i++) *mean += x[2 * i + 1] / N;
    for (int i = 0; i < N; i++) *variance += pow(x[2 * i + 1] - *mean, 2) / N;
}

/* Replacement alone takes what is known into account too late; turns make up for it, by samplers of any kind and on any path. */
static void test_turns(void **state)
{
    weir_ctx *c = *state;
    static const char *const paths[] = { "fm", "vp", "edm" }, *const solvers[] = { "ddim steps=40 grid=karras", "ddpm steps=40 grid=karras", "dpmpp_2m steps=40 grid=karras", "heun steps=40 grid=karras" };
    for (int p = 0; p < 3; p++)
        for (int s = 0; s < 4; s++) {
            char text[128];
            double mean, variance, once, ignored;
            snprintf(text, sizeof text, "dim=2 net.hidden=4 dtype=f64 path=%s", paths[p]);
            weir_model *m = weir_model_new(c, "rectified-flow", text);
            given(m, solvers[s], 1, &once, &ignored);
            given(m, solvers[s], 12, &mean, &variance);
            if (!(fabs(mean - 1.2) < 0.15 && fabs(variance - 0.36) < 0.08 && fabs(mean - 1.2) < fabs(once - 1.2) - 0.02))
                fail_msg("%s, %s: mean %g, variance %g, without turns %g", paths[p], solvers[s], mean, variance, once);
            weir_model_free(m);
        }
}

/* -- values filled in ------------------------------------------------------------------------------------------------------------------ */
static void test_filled_in(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dim=3 net.hidden=8 levels=17 classes=2");
    double x[K * D], out[K * D], some[K * D], lp[K], again[K];
    bool known[K * D];
    for (int i = 0; i < K * D; i++) known[i] = i % 2, x[i] = known[i] ? 5 * i % 17 : NAN;
    weir_inpaint_opts o = weir_inpaint_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    weir_condition *k = weir_condition_new(c);
    k = weir_condition_with(k, "class", weir_from_i64(c, SHAPE(1), 1, SHAPE(1)));
    o.how = &how, how.condition = k, o.resample = 2;
    assert_int_equal(weir_model_inpaint_into_f64(m, x, known, K, &o, out, lp), WEIR_OK);
    for (int i = 0; i < K * D; i++) {
        assert_true(out[i] == floor(out[i]) && out[i] >= 0 && out[i] <= 16);
        if (known[i]) assert_true(out[i] == x[i]);
    }
    assert_int_equal(weir_model_log_prob_into_f64(m, out, K, &how, again, NULL), WEIR_OK);
    assert_memory_equal(lp, again, sizeof lp);
    how.batch = 2;
    assert_int_equal(weir_model_inpaint_into_f64(m, x, known, K, &o, some, NULL), WEIR_OK);
    assert_memory_equal(some, out, sizeof out);
    o.solver = "ddim grid=karras", o.steps = 50; /* what is taken where the sampler chooses its steps */
    assert_int_equal(weir_model_inpaint_into_f64(m, x, known, K, &o, some, NULL), WEIR_OK);
    assert_memory_equal(some, out, sizeof out);
    how.seed = 9, how.use_seed = true;
    assert_int_equal(weir_model_inpaint_into_f64(m, x, known, K, &o, some, NULL), WEIR_OK);
    assert_true(memcmp(some, out, sizeof out) != 0);
    weir_model_free(m);
}

/* The same bits on one thread and on two. */
static void test_threads(void **state)
{
    static double out[2][200 * 2];
    (void)state;
    for (int threads = 1; threads <= 2; threads++) {
        weir_open_opts w = weir_open_defaults();
        w.seed = 5, w.threads = threads;
        weir_ctx *c = weir_open_with(&w);
        weir_model *m = made(c, "dim=2 net.hidden=64");
        static double x[200 * 2];
        static bool known[200 * 2];
        some_data(x, 400);
        for (int i = 0; i < 400; i++) known[i] = i % 2;
        weir_inpaint_opts o = weir_inpaint_defaults();
        o.solver = "ddpm", o.steps = 6, o.resample = 2, o.jump = 3;
        assert_int_equal(weir_model_inpaint_into_f64(m, x, known, 200, &o, out[threads - 1], NULL), WEIR_OK);
        weir_model_free(m);
        weir_close(c);
    }
    assert_memory_equal(out[0], out[1], sizeof out[0]);
}

static void test_reports(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dim=3 net.hidden=8");
    double data[K * D] = { 0 }, x[K * D];
    bool known[K * D] = { true };
    weir_sample_report report[K];
    weir_sample_start start = weir_sample_start_defaults();
    weir_sample_opts o = weir_sample_defaults();
    start.x = data, start.known = known, start.resample = 3, start.jump = 4;
    o.start = &start, o.solver = "euler", o.steps = 10, o.report = report;
    assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_OK);
    for (int i = 0; i < K; i++) assert_true(report[i].evaluations == 30 && report[i].steps == 10 && report[i].end == WEIR_SAMPLE_DONE);
    weir_model_free(m);
}

/* -- mistakes -------------------------------------------------------------------------------------------------------------------------- */
static void test_mistakes(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dim=3 net.hidden=8 path=ve"), *nice = weir_model_new(c, "nice", "dim=3 hidden=8");
    double x[K * D] = { 0 };
    bool known[K * D] = { false };
    weir_sample_start start = weir_sample_start_defaults();
    weir_sample_opts o = weir_sample_defaults();
    o.start = &start;
    weir_model_sample_into_f64(m, K, &o, x);
    assert_fails(c, WEIR_ERROR_RANGE, "start: expected x");
    start.x = x;
    weir_model_sample_into_f64(nice, K, &o, x);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "model.nice: samples begun at data: expected a model on a path");
    start.strength = 0;
    weir_model_sample_into_f64(m, K, &o, x);
    assert_fails(c, WEIR_ERROR_RANGE, "a strength above 0");
    start.strength = 0.001; /* its path begins at sigma = 0.01 */
    weir_model_sample_into_f64(m, K, &o, x);
    assert_fails(c, WEIR_ERROR_RANGE, "strength=0.001: expected above 0.0099");
    start.strength = 1, start.resample = 0;
    weir_model_sample_into_f64(m, K, &o, x);
    assert_fails(c, WEIR_ERROR_RANGE, "resample and jump 1 or more");
    start.known = known, start.resample = 2;
    weir_model_sample_into_f64(m, K, &o, x);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "dopri5 with resample=2: expected fixed steps");
    states s;
    o.steps = 3, o.solver = "euler", o.on_state = first_state, o.user = &s;
    weir_model_sample_into_f64(m, K, &o, x);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected no trajectory");
    start.size = 0;
    weir_model_sample_into_f64(m, K, &o, x);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "sample: start");
    weir_model_free(nice), weir_model_free(m);
}

static void everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=2 levels=8");
    double x[4] = { 1, 2, 3, 4 }, out[4], lp[2];
    bool known[4] = { true, false, false, true };
    weir_sample_report report[2];
    weir_inpaint_opts i = weir_inpaint_defaults();
    weir_sample_start start = weir_sample_start_defaults();
    weir_sample_opts o = weir_sample_defaults();
    i.solver = "ddpm", i.steps = 2, i.resample = 2, i.jump = 1;
    start.x = x, start.strength = 0.5, start.known = known, start.resample = 2;
    o.start = &start, o.solver = "euler", o.steps = 1, o.report = report;
    if (weir_ok(c)) weir_model_inpaint_into_f64(m, x, known, 2, &i, out, lp);
    if (weir_ok(c)) weir_model_sample_into_f64(m, 2, &o, out);
    weir_model_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_noise_level), CASE(test_little_noise), CASE(test_integers), CASE(test_known_values_go_straight), CASE(test_turns), CASE(test_filled_in),
          CASE(test_threads), CASE(test_reports), CASE(test_mistakes), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
