/* What a request makes of a sampler: its text, noise of its own, trajectories, predictors around the model's. */
#include "models/model_test.h"
#include "weir/continuous.h"
#include "weir/latent.h"

enum { K = 12, D = 2 };
static weir_model *made(weir_ctx *c, const char *options) { return stirred_model(c, "rectified-flow", options, 0.5); }

static void draw(weir_model *m, const char *solver, int64_t steps, double *x)
{
    weir_sample_opts o = weir_sample_defaults();
    o.solver = solver, o.steps = steps, o.first = 0;
    if (weir_model_sample_into_f64(m, K, &o, x) != WEIR_OK) fail_msg("%s: %s", solver ? solver : "the model's own", weir_message(weir_model_ctx(m)));
}

/* Both ways of saying the same, or not the same. */
static void compare(weir_model *m, const char *a, int64_t a_steps, const char *b, int64_t b_steps, bool same)
{
    double x[K * D], y[K * D];
    draw(m, a, a_steps, x);
    draw(m, b, b_steps, y);
    if ((memcmp(x, y, sizeof x) == 0) != same) fail_msg("%s, %lld steps: %s %s", a ? a : "own", (long long)a_steps, same ? "not as" : "as", b ? b : "own");
}

static void test_solvers_by_text(void **state)
{
    weir_ctx *c = *state;
    double x[K * D];
    weir_model *m = made(c, "dim=2 net.hidden=16 dtype=f64 sampler=heun sampler.steps=6 sampler.grid.shift=3");
    compare(m, "euler steps=7", 0, "euler", 7, true);
    compare(m, "euler steps=99", 7, "euler", 7, true); /* steps of the request itself count */
    compare(m, NULL, 0, "heun steps=6 grid.shift=3", 0, true);
    compare(m, NULL, 0, "heun", 0, true); /* what it does not say is the model's own */
    compare(m, "euler", 0, "euler steps=6 shift=3", 0, true);
    compare(m, "euler steps=6 grid.shift=1", 0, "euler steps=6", 0, false);
    compare(m, "edm", 0, "edm steps=6 grid=uniform grid.shift=3", 0, true); /* which was chosen */
    compare(m, "ddim steps=5 eta=1", 0, "ddpm steps=5", 0, true);
    compare(m, "dopri5", 0, "dopri5 steps=6", 0, false); /* it chooses its own, whatever heun has */
    compare(m, "dopri5", 0, "dopri5 rtol=1e-5", 0, true);
    compare(m, "ddim steps=5 eta=1", 0, "ddim steps=5", 0, false);
    static const struct { const char *solver, *message; } wrong[] = {
        { "hune", "perhaps heun" }, { "heun stpes=3", "perhaps solver.steps" }, { "heun steps=-1", "within" }, { "ddim eta=2", "within" }, { "", "an empty text" }, { "  ", "an empty text" },
        { "edm grid=karas", "perhaps karras" }, { "edm grid.sigma_max=3", "sigma_max" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        weir_sample_opts o = weir_sample_defaults();
        o.solver = wrong[i].solver;
        if (weir_model_sample_into_f64(m, K, &o, x) == WEIR_OK) fail_msg("\"%s\" was taken", wrong[i].solver);
        if (!strstr(weir_message(c), wrong[i].message)) fail_msg("%s: %s", wrong[i].solver, weir_message(c));
        weir_clear(c);
    }
    weir_model_free(m);
    m = made(c, "dim=2 net.hidden=16 dtype=f64"); /* dopri5, whose grid nobody chose */
    compare(m, "edm", 0, "edm steps=18 grid=karras", 0, true);
    compare(m, "edm", 0, "edm steps=18 grid=uniform", 0, false);
    weir_model_free(m);
}

/* -- noise ------------------------------------------------------------------------------------------------------------------------------------ */
/* A sampler draws by the sample's number: from zero noise all start at one place, and go apart; at temperature 0 they stay together. */
static void test_noise_of_its_own(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dim=2 net.hidden=16 dtype=f64 sampler=ddpm sampler.steps=6");
    double zeros[K * D] = { 0 }, x[K * D], y[K * D];
    weir_sample_opts o = weir_sample_defaults();
    o.noise_f64 = zeros;
    assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_OK); /* by the ODE, which draws nothing */
    for (int i = 1; i < K; i++) assert_memory_equal(x + i * D, x, D * sizeof *x);
    o.solver = "ddpm";
    assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_OK);
    for (int i = 1; i < K; i++) assert_true(x[i * D] != x[0] && x[i * D + 1] != x[1]);
    o.first = 3; /* the same numbers, other places */
    assert_int_equal(weir_model_sample_into_f64(m, K - 3, &o, y), WEIR_OK);
    assert_memory_equal(y, x + 3 * D, (K - 3) * D * sizeof *x);
    o.use_seed = true, o.seed = 77;
    assert_int_equal(weir_model_sample_into_f64(m, K - 3, &o, y), WEIR_OK);
    assert_true(y[0] != x[3 * D]);
    o = weir_sample_defaults();
    o.temperature = 0;
    assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_OK);
    for (int i = 1; i < K; i++) assert_memory_equal(x + i * D, x, D * sizeof *x);
    weir_model_free(m);
    m = made(c, "dim=2 net.hidden=16 sampler=edm sampler.s_churn=9 sampler.steps=5");
    float all[K][D], part[K][D];
    assert_int_equal(weir_model_sample_into(m, 5, NULL, all[0]), WEIR_OK); /* two calls that go on are one */
    assert_int_equal(weir_model_sample_into(m, K - 5, NULL, all[5]), WEIR_OK);
    o = weir_sample_defaults();
    o.first = 0;
    assert_int_equal(weir_model_sample_into(m, K, &o, part[0]), WEIR_OK);
    assert_memory_equal(all, part, sizeof all);
    weir_model *share = weir_model_share(c, m); /* draws its own, and the same where numbers are given */
    assert_int_equal(weir_model_sample_into(share, K, &o, part[0]), WEIR_OK);
    assert_memory_equal(all, part, sizeof all);
    assert_int_equal(weir_model_sample_into(share, K, NULL, part[0]), WEIR_OK);
    for (int i = 0; i < K; i++) assert_true(part[i][0] != all[i][0]);
    weir_model_free(share);
    weir_model_free(m);
}

/* The same bits on one thread and on two, in f32 too. */
static void test_threads(void **state)
{
    static const char *const samplers[] = { "sampler=ddpm sampler.steps=9", "sampler=edm sampler.s_churn=9 sampler.steps=7", "sampler=ddim sampler.eta=0.3 sampler.steps=9",
                                            "sampler=dpmpp_2m_sde sampler.steps=9", "sampler=euler_maruyama sampler.steps=9", "sampler=unipc sampler.steps=7",
                                            "sampler=dpm_3 sampler.steps=5", "sampler=tsit5" };
    enum { N = 300, WIDE = 64 };
    static float x[2][N * WIDE];
    (void)state;
    for (size_t k = 0; k < sizeof samplers / sizeof *samplers; k++) {
        for (int threads = 1; threads <= 2; threads++) {
            weir_open_opts o = weir_open_defaults();
            o.seed = 5, o.threads = threads;
            weir_ctx *c = weir_open_with(&o);
            char options[128];
            snprintf(options, sizeof options, "dim=64 net.hidden=128 %s", samplers[k]);
            weir_model *m = made(c, options);
            assert_int_equal(weir_model_sample_into(m, N, NULL, x[threads - 1]), WEIR_OK);
            weir_model_free(m);
            weir_close(c);
        }
        assert_memory_equal(x[0], x[1], sizeof x[0]);
    }
}

/* -- trajectories ------------------------------------------------------------------------------------------------------------------------------- */
enum { STEPS = 4 };
typedef struct seen { double x[STEPS + 1][K][D]; int64_t calls, stop_at; } seen;

static weir_status see(void *user, int64_t step, int64_t first, int64_t n, const double *t, const double *x)
{
    seen *s = user;
    memcpy(s->x[step][first], x, (size_t)(n * D) * sizeof *x);
    for (int64_t i = 0; i < n; i++) assert_near(t[i], 1 - (double)step / STEPS, 1e-15);
    return ++s->calls == s->stop_at ? WEIR_STOPPED : WEIR_OK;
}

static void test_trajectories(void **state)
{
    weir_ctx *c = *state;
    static const char *const solvers[] = { "heun", "euler frame=sigma", "ddpm", "edm grid=uniform s_churn=3" };
    weir_model *m = made(c, "dim=2 net.hidden=16 dtype=f64 standardize=yes");
    assert_int_equal(weir_model_set_standardize(m, (const double[]){ 1, 2 }, (const double[]){ 0.5, 3 }), WEIR_OK);
    for (size_t k = 0; k < sizeof solvers / sizeof *solvers; k++) {
        double x[K * D], array[STEPS + 1][K][D];
        seen s = { .stop_at = 0 };
        weir_sample_opts o = weir_sample_defaults();
        o.solver = solvers[k], o.steps = STEPS, o.first = 0, o.batch = 5;
        o.on_state = see, o.user = &s, o.trajectory_f64 = array[0][0];
        assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_OK);
        assert_int_equal(s.calls, 3 * (STEPS + 1)); /* of 5, 5 and 2 */
        assert_memory_equal(s.x, array, sizeof array);
        for (int i = 0; i < K * D; i++) assert_near((&array[STEPS][0][0])[i], x[i], 1e-12);
        double alone[K * D];
        o.on_state = NULL, o.trajectory_f64 = NULL;
        assert_int_equal(weir_model_sample_into_f64(m, K, &o, alone), WEIR_OK);
        assert_memory_equal(alone, x, sizeof x);
    }
    double x[K * D];
    seen s = { .stop_at = STEPS + 3 }; /* in the second batch */
    weir_sample_opts o = weir_sample_defaults();
    o.solver = "heun", o.steps = STEPS, o.batch = 5, o.on_state = see, o.user = &s;
    int64_t at = weir_model_sample_position(m);
    assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_STOPPED);
    assert_ok(c);
    assert_int_equal(weir_model_sample_position(m), at + 5); /* the first batch was finished */
    s.calls = 0;
    assert_true(weir_is_nil(weir_model_sample(m, K, &o)));
    assert_fails(c, WEIR_STOPPED, "model_sample: stopped");
    o.solver = "dopri5 rtol=1e-3", o.steps = 0;
    weir_model_sample_into_f64(m, K, &o, x);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "a trajectory");
    weir_model_free(m);
    m = stirred(c, "dim=2 couplings=2 hidden=4", 0.5);
    o = weir_sample_defaults();
    o.on_state = see, o.user = &s;
    weir_model_sample_into_f64(m, K, &o, x);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "a trajectory: model.nice: expected a model with a sampler");
    weir_model_free(m);
}

/* -- predictors around the model's --------------------------------------------------------------------------------------------------------------- */
static weir_predictor as_it_is(void *user, weir_predictor own)
{
    ++*(int *)user;
    return own;
}

static weir_predictor clamp(void *user, weir_predictor own)
{
    weir_x0_clamp *k = user;
    k->own = own;
    return weir_x0_clamp_predictor(k);
}

/* Twice the way from what the model says to what it says of a clamped x_0. */
typedef struct both { weir_x0_clamp k; weir_guidance g; } both;
static weir_predictor guide(void *user, weir_predictor own)
{
    both *b = user;
    b->k.own = b->g.other = own;
    b->g.own = weir_x0_clamp_predictor(&b->k);
    return weir_guidance_predictor(&b->g);
}

static void test_around(void **state)
{
    weir_ctx *c = *state;
    const weir_path_row *fm = (const weir_path_row *)weir_row_find(c, "path", "fm");
    weir_model *m = made(c, "dim=2 net.hidden=16 dtype=f64");
    double plain[K * D], x[K * D];
    int calls = 0;
    draw(m, "ddim steps=10", 0, plain);
    weir_sample_opts o = weir_sample_defaults();
    o.solver = "ddim steps=10", o.first = 0, o.batch = 5;
    o.around = as_it_is, o.around_user = &calls;
    assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_OK);
    assert_memory_equal(x, plain, sizeof x);
    assert_int_equal(calls, 3); /* once a batch */
    both b = { .k = weir_x0_clamp_defaults(), .g = weir_guidance_defaults() };
    b.k.ctx = b.g.ctx = c, b.k.dim = b.g.dim = D, b.k.path = b.g.path = fm, b.k.low = -0.3, b.k.high = 0.4;
    o.around = clamp, o.around_user = &b.k;
    assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_OK);
    bool acts = false;
    for (int i = 0; i < K * D; i++) {
        assert_true(x[i] >= -0.3 && x[i] <= 0.4);
        acts = acts || fabs(plain[i]) > 0.5;
    }
    assert_true(acts);
    double clamped[K * D];
    memcpy(clamped, x, sizeof x);
    o.around = guide, o.around_user = &b; /* weight 1: the clamp alone */
    assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_OK);
    assert_memory_equal(x, clamped, sizeof x);
    b.g.weight = 0; /* and 0: the model alone */
    assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_OK);
    for (int i = 0; i < K * D; i++) assert_near(x[i], plain[i], 1e-14);
    b.g.size = 0;
    weir_model_sample_into_f64(m, K, &o, x);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "guidance");
    weir_model_free(m);
}

/* -- clamped ------------------------------------------------------------------------------------------------------------------------------------ */
static weir_status see_last(void *user, int64_t step, int64_t first, int64_t n, const double *t, const double *x)
{
    (void)step, (void)t;
    memcpy((double *)user + first * D, x, (size_t)(n * D) * sizeof *x);
    return WEIR_OK;
}

/* The states at the end, on the scale of the data and not rounded. */
static void ends(weir_model *m, const char *solver, const double *noise, double *x)
{
    double rounded[K * D];
    weir_sample_opts o = weir_sample_defaults();
    o.solver = solver, o.first = 0, o.on_state = see_last, o.user = x, o.noise_f64 = noise;
    if (weir_model_sample_into_f64(m, K, &o, rounded) != WEIR_OK) fail_msg("%s: %s", solver ? solver : "own", weir_message(weir_model_ctx(m)));
}

static void end_alike(weir_model *a, const char *solver, weir_model *b, const char *other, const double *noise, bool same)
{
    double x[K * D], y[K * D];
    ends(a, solver, noise, x);
    ends(b, other, noise, y);
    if ((memcmp(x, y, sizeof x) == 0) != same) fail_msg("%s: %s %s", solver ? solver : "own", same ? "not as" : "as", other ? other : "own");
}

static bool within(weir_model *m, const char *solver, double low, double high)
{
    double x[K * D];
    ends(m, solver, NULL, x);
    for (int i = 0; i < K * D; i++)
        if (x[i] < low - 1e-12 || x[i] > high + 1e-12) return false;
    return true;
}

/* Data of five levels lie in [0, 5) with what is added to them, whatever they are scaled by. */
static void test_clamped_to_levels(void **state)
{
    weir_ctx *c = *state;
    for (int standard = 0; standard < 2; standard++) {
        weir_model *m = stirred_model(c, "rectified-flow", standard ? "dim=2 levels=5 net.hidden=16 dtype=f64 standardize=yes" : "dim=2 levels=5 net.hidden=16 dtype=f64", 0.5);
        if (standard) assert_int_equal(weir_model_set_standardize(m, (double[]){ 1, 4 }, (double[]){ 3, 2 }), WEIR_OK);
        assert_false(within(m, "ddim steps=9 clamp=no", 0, 5));
        assert_true(within(m, "ddim steps=9 clamp=yes", 0, 5));
        assert_false(within(m, "ddim steps=9 clamp=yes", 0.01, 4.99));
        assert_true(within(m, "ddim steps=9 clamp=yes clamp_low=1 clamp_high=2", 1, 3)); /* 2 and what is added to it */
        assert_false(within(m, "ddim steps=9 clamp=yes clamp_low=1 clamp_high=2", 1, 2.99));
        end_alike(m, "ddim steps=9 clamp=yes clamp_low=-7 clamp_high=99", m, "ddim steps=9 clamp=yes", NULL, true);
        end_alike(m, "ddim steps=9", m, "ddim steps=9 clamp=yes", NULL, true);
        end_alike(m, "ddpm steps=9", m, "ddpm steps=9 clamp=yes", NULL, true);
        end_alike(m, "heun steps=9", m, "heun steps=9 clamp=no", NULL, true);
        end_alike(m, "heun steps=9", m, "heun steps=9 clamp=yes", NULL, false);
        weir_model_free(m);
    }
}

static void test_clamped_to_a_range(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dim=2 net.hidden=16 dtype=f64 standardize=yes");
    assert_int_equal(weir_model_set_standardize(m, (double[]){ 10, 20 }, (double[]){ 2, 8 }), WEIR_OK);
    end_alike(m, "ddim steps=9", m, "ddim steps=9 clamp=no", NULL, true);
    assert_false(within(m, "ddim steps=9", 12, 13));
    assert_true(within(m, "ddim steps=9 clamp_low=12 clamp_high=13", 12, 13));
    assert_true(within(m, "ddim steps=9 clamp=yes clamp_high=13", -INFINITY, 13));
    static const struct { const char *solver, *message; } wrong[] = {
        { "ddim clamp=yes", "clamp=yes: continuous data: expected clamp_low" }, { "ddim clamp_low=2 clamp_high=1", "expected low and high in order" },
    };
    double x[K * D];
    weir_sample_opts o = weir_sample_defaults();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        o.solver = wrong[i].solver;
        weir_model_sample_into_f64(m, K, &o, x);
        assert_fails(c, WEIR_ERROR_UNSUPPORTED, wrong[i].message);
    }
    weir_model_free(m);
    static const char *const no_means[][2] = { { "flow-matching", "dim=2 levels=5 net.hidden=8 coupling=schroedinger" }, { "cnf", "dim=2 levels=5 net.hidden=8" } };
    for (int i = 0; i < 2; i++) { /* whose prediction is no mean of data */
        m = stirred_model(c, no_means[i][0], no_means[i][1], 0.1);
        o.solver = "heun steps=2 clamp=yes";
        weir_model_sample_into_f64(m, K, &o, x);
        assert_fails(c, WEIR_ERROR_UNSUPPORTED, "clamp=yes: expected a network on a path from noise");
        o.solver = "ddim steps=2";
        assert_int_equal(weir_model_sample_into_f64(m, K, &o, x), WEIR_OK);
        weir_model_free(m);
    }
}

/* What stands for the network's ODE is never clamped: densities, codes and back, pairs and trajectories of a reflow. */
static void test_never_clamped(void **state)
{
    weir_ctx *c = *state;
    static const char options[] = "dim=2 levels=5 net.hidden=16 dtype=f64 sampler=heun sampler.steps=6 sampler.clamp=";
    char text[128];
    weir_model *m[2];
    double noise[K * D], x[K * D], lp[2][K], z[2][K * D];
    weir_straightness_info straight[2] = { { .size = sizeof *straight }, { .size = sizeof *straight } };
    weir_log_prob_opts how = weir_log_prob_defaults();
    how.solver = "heun steps=6";
    for (int i = 0; i < K * D; i++) {
        noise[i] = 2 * weir__normal(6, 0, (uint64_t)i);
        x[i] = i % 5;
    }
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "%s%s", options, i ? "yes" : "no");
        m[i] = made(c, text);
        assert_int_equal(weir_model_log_prob_into_f64(m[i], x, K, &how, lp[i], NULL), WEIR_OK);
        assert_int_equal(weir_model_encode_into_f64(m[i], x, K, &how, z[i]), WEIR_OK);
        assert_int_equal(weir_model_straightness(m[i], K, NULL, straight + i), WEIR_OK);
    }
    end_alike(m[0], NULL, m[1], NULL, NULL, false); /* samples are */
    end_alike(m[0], NULL, m[1], NULL, noise, true);
    end_alike(m[0], "ddim steps=6", m[0], "ddim steps=6 clamp=auto", noise, true);
    end_alike(m[0], "ddim steps=6 clamp=auto", m[0], "ddim steps=6 clamp=no", noise, true);
    end_alike(m[0], "ddim steps=6 clamp=yes", m[0], "ddim steps=6 clamp=no", noise, false);
    assert_memory_equal(lp[0], lp[1], sizeof *lp);
    assert_memory_equal(z[0], z[1], sizeof *z);
    assert_true(straight[0].value == straight[1].value);
    how.solver = "heun steps=6 clamp_high=3";
    weir_model_log_prob_into_f64(m[0], x, K, &how, lp[0], NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "clamp: expected no");
    how.solver = "heun steps=6 clamp=yes";
    weir_model_log_prob_into_f64(m[0], x, K, &how, lp[0], NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "clamp: expected no, or auto without bounds where a log-density is asked for");
    for (int i = 0; i < 2; i++) weir_model_free(m[i]);
}

/* -- log-densities ------------------------------------------------------------------------------------------------------------------------------ */
static void scored(weir_model *m, const char *solver, int64_t steps, double *lp, weir_log_prob_info *info)
{
    float x[K * D];
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.solver = solver, o.steps = steps;
    for (int i = 0; i < K * D; i++) x[i] = (float)weir__normal(6, 0, (uint64_t)i);
    if (weir_model_log_prob_into(m, x, K, &o, lp, info) != WEIR_OK) fail_msg("%s: %s", solver ? solver : "own", weir_message(weir_model_ctx(m)));
}

static void test_log_prob_by_text(void **state)
{
    weir_ctx *c = *state;
    double a[K], b[K];
    weir_log_prob_info info = { .size = sizeof info };
    weir_model *m = made(c, "dim=2 net.hidden=16 dtype=f64"), *own = made(c, "dim=2 net.hidden=16 dtype=f64 log_prob=heun log_prob.steps=6");
    scored(m, "heun steps=6", 0, a, &info);
    assert_true(info.kind == WEIR_LOG_PROB_EXACT && info.fixed_steps == 6 && info.evaluations == 12);
    assert_string_equal(info.solver, "sampler.heun");
    scored(own, NULL, 0, b, &info);
    assert_memory_equal(a, b, sizeof a);
    assert_int_equal(info.fixed_steps, 6);
    scored(m, "heun steps=99", 6, b, NULL);
    assert_memory_equal(a, b, sizeof a);
    scored(own, "euler", 0, a, NULL);
    scored(m, "euler steps=6", 0, b, NULL); /* what it does not say is the model's own */
    assert_memory_equal(a, b, sizeof a);
    scored(m, NULL, 0, a, &info);
    assert_int_equal(info.fixed_steps, 0);
    scored(m, "rk4 steps=200 grid.shift=0.7", 0, b, &info); /* any grid that is fine enough leads there */
    for (int i = 0; i < K; i++) assert_near(b[i], a[i], 1e-4);
    static const struct { const char *solver, *message; weir_status status; } wrong[] = {
        { "ddim", "expected a method for ODEs", WEIR_ERROR_UNSUPPORTED }, { "heun frame=sigma", "expected frame=t", WEIR_ERROR_UNSUPPORTED },
        { "hune", "perhaps heun", WEIR_ERROR_NAME }, { "heun steps=x", "steps", WEIR_ERROR_RANGE }, { "", "an empty text", WEIR_ERROR_NAME },
    };
    float x[D] = { 0 };
    weir_log_prob_opts o = weir_log_prob_defaults();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        o.solver = wrong[i].solver;
        weir_model_log_prob_into(m, x, 1, &o, a, NULL);
        assert_fails(c, wrong[i].status, wrong[i].message);
    }
    o.steps = -1;
    weir_model_log_prob_into(m, x, 1, &o, a, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "steps=-1");
    weir_model_free(own);
    weir_model_free(m);
    weir_model_new(c, "rectified-flow", "dim=2 log_prob=ddpm");
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "sampler.ddpm: a log-density by it: expected a method for ODEs"); /* before any training */
    m = stirred(c, "dim=2 couplings=2 hidden=4", 0.5);
    o = weir_log_prob_defaults();
    o.solver = "heun";
    weir_model_log_prob_into(m, x, 1, &o, a, NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "model.nice: a solver or its steps: expected none");
    weir_model_free(m);
}

/* Five steps of Euler leave no density: its integral is not 1, as that of a fine solve is. The information says so, and twice the
 * steps see an error of that order. */
static void test_coarse_steps_are_told(void **state)
{
    weir_ctx *c = *state;
    enum { SIDE = 100, WAYS = 3 };
    static const char *const solvers[WAYS] = { "euler steps=5", "euler steps=10", "rk4 steps=40" };
    weir_model *m = stirred_model(c, "rectified-flow", "dim=2 net.hidden=16,16", 0.7);
    double range = 12, h = 2 * range / SIDE, total[WAYS] = { 0 }, lp[WAYS][SIDE], change = 0;
    float x[SIDE][2];
    weir_log_prob_info info = { .size = sizeof info };
    weir_log_prob_opts o = weir_log_prob_defaults();
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) x[j][0] = (float)((i + 0.5) * h - range), x[j][1] = (float)((j + 0.5) * h - range);
        for (int k = 0; k < WAYS; k++) {
            o.solver = solvers[k];
            weir_model_log_prob_into(m, x[0], SIDE, &o, lp[k], &info);
            assert_int_equal(info.fixed_steps, k == 0 ? 5 : k == 1 ? 10 : 40);
            for (int j = 0; j < SIDE; j++) total[k] += exp(lp[k][j]) * h * h;
        }
        for (int j = 0; j < SIDE; j++) change += exp(lp[0][j]) * h * h * fabs(lp[1][j] - lp[0][j]);
    }
    assert_ok(c);
    assert_near(total[2], 1, 1e-3);
    if (!(fabs(total[0] - 1) > 0.01 && fabs(total[1] - 1) < fabs(total[0] - 1) && change > 0.4 * fabs(total[0] - 1)))
        fail_msg("integrals %g, %g, change of log p %g", total[0], total[1], change);
    weir_model_free(m);
}

static void everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=4");
    double x[2 * D], array[2 * 2 * D];
    weir_sample_opts o = weir_sample_defaults();
    o.solver = "edm s_churn=1 grid=uniform", o.steps = 1, o.trajectory_f64 = array;
    weir_model_sample_into_f64(m, 2, &o, x);
    o.solver = "ddpm variance=large clamp_low=0";
    weir_model_sample_into_f64(m, 2, &o, x);
    double lp[2];
    weir_log_prob_opts p = weir_log_prob_defaults();
    p.solver = "heun steps=1";
    weir_model_log_prob_into_f64(m, x, 2, &p, lp, NULL);
    weir_model_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_solvers_by_text), CASE(test_noise_of_its_own), CASE(test_threads), CASE(test_trajectories), CASE(test_around), CASE(test_clamped_to_levels), CASE(test_clamped_to_a_range), CASE(test_never_clamped), CASE(test_log_prob_by_text), CASE(test_coarse_steps_are_told),
          CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
