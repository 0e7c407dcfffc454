/* Rectified flow: its loss, its density against the Jacobian of its own sampler, rows alone and together, what fails and how. */
#include "flow/determinant.h"
#include "models/fixtures/flow.h"
#include "models/model_test.h"
#include "weir/grad.h"

static weir_model *made(weir_ctx *c, const char *options) { return stirred_model(c, "rectified-flow", options, 0.5); }

static weir_tensor *log_prob_of(weir_model *m, weir_tensor *x, const weir_log_prob_opts *o, weir_log_prob_info *info)
{
    return weir_model_log_prob(m, weir_batch_wrap(weir_ctx_of(x), x, NULL, NULL, NULL), o, info);
}

/* -- the loss ------------------------------------------------------------------------------------------------------------------------ */
/* mean over elements of (u(x_t, t) - (eps - x))^2, with t and eps as the sample's id draws them */
static void test_loss(void **state)
{
    weir_ctx *c = *state;
    static const char *const densities[] = { "", " time_density.name=logit_normal time_density.mean=-0.4 time_density.std=1.2" };
    for (int k = 0; k < 2; k++) {
        char options[256];
        enum { B = 9, D = 3 };
        int64_t ids[B];
        snprintf(options, sizeof options, "dim=3 dtype=f64 net.hidden=8,8%s", densities[k]);
        weir_model *m = made(c, options);
        weir_scope s = weir_scope_begin(c);
        for (int i = 0; i < B; i++) ids[i] = 50 - 3 * i;
        weir_tensor *x = weir_randn(c, WEIR_F64, 2, SHAPE(B, D)), *given = weir_model_loss(m, weir_batch_wrap(c, x, ids, NULL, NULL));
        weir__frame old = weir__frame_set(c, (weir__frame){ .stream = weir__hash_text("train"), .ids = ids, .n_ids = B });
        weir_tensor *eps = weir_randn(c, WEIR_F64, 2, SHAPE(B, D)), *t = k ? weir_randn(c, WEIR_F64, 1, SHAPE(B)) : weir_rand(c, WEIR_F64, 1, SHAPE(B));
        weir__frame_set(c, old);
        if (k) t = weir_sigmoid(weir_affine(t, 1.2, -0.4));
        weir_tensor *at = weir_reshape(t, 2, SHAPE(B, 1)), *xt = weir_add(weir_mul(weir_affine(at, -1, 1), x), weir_mul(at, eps));
        weir_module *net = weir_module_child_at(weir_model_module(m), 0);
        weir_tensor *u = weir_module_forward(net, weir_cat(2, (weir_tensor *[]){ xt, at }, 1)), *miss = weir_sub(u, weir_sub(eps, x));
        assert_ok(c);
        for (int64_t i = 0; i < B; i++) {
            double sum = 0;
            for (int64_t j = 0; j < D; j++) sum += pow(weir_get(miss, SHAPE(i, j)), 2) / D;
            assert_near(weir_get(given, &i), sum, 1e-13);
        }
        weir_scope_end(s);
        weir_model_free(m);
    }
}

static weir_tensor *loss_again(void *user, weir_tensor **in)
{
    weir_model *m = user;
    weir_ctx *c = weir_ctx_of(in[0]);
    weir__frame old = weir__frame_set(c, (weir__frame){ .stream = weir__hash_text("train") });
    weir_tensor *l = weir_model_loss(m, weir_batch_wrap(c, in[0], NULL, NULL, NULL));
    weir__frame_set(c, old);
    return l;
}

static void test_gradients(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dim=3 dtype=f64 net.hidden=5 net.time=fourier net.frequencies=2");
    weir_tensor *x = weir_randn(c, WEIR_F64, 2, SHAPE(4, 3));
    weir_gradcheck(c, loss_again, m, 1, &x, NULL);
    assert_ok(c);
    weir_model_free(m);
}

/* PyTorch's loss of the same network, x_0, eps and t, and every gradient of it. */
static void test_pytorchs_loss_and_gradients(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "rectified-flow", FLOW_OPTIONS);
    weir_module *net = weir_module_child_at(weir_model_module(m), 0);
    const double *next = flow_parameters;
    for (int64_t i = 0; i < weir_module_state_count(net); i++) {
        weir_tensor *p = weir_module_state_at(net, i, NULL, NULL);
        memcpy(weir_data_mut(p), next, (size_t)weir_numel(p) * sizeof *next);
        next += weir_numel(p);
    }
    assert_int_equal(next - flow_parameters, sizeof flow_parameters / sizeof *flow_parameters);
    const weir_path_row *path = (const weir_path_row *)weir_row_find(c, "path", "fm");
    weir_tensor *x0 = weir_from_f64(c, flow_x0, 2, SHAPE(FLOW_ROWS, FLOW_DIM)), *eps = weir_from_f64(c, flow_eps, 2, SHAPE(FLOW_ROWS, FLOW_DIM));
    weir_tensor *x, *target, *t = weir_from_f64(c, flow_t, 1, SHAPE(FLOW_ROWS));
    weir__field f = { .path = path, .prediction = &weir__prediction_velocity };
    weir__pairs pairs;
    weir__field_pairs(&f, &weir__loss_weight_none, NULL, x0, eps, t, &pairs);
    x = pairs.x, target = pairs.target;
    weir_tensor *recorded[2], *wanted = weir_set_requires_grad(weir_from_f64(c, flow_x0, 2, SHAPE(FLOW_ROWS, FLOW_DIM)), true);
    weir__field_pairs(&f, &weir__loss_weight_none, NULL, wanted, eps, t, &pairs); /* in ops */
    recorded[0] = pairs.x, recorded[1] = pairs.target;
    assert_memory_equal(weir_data(recorded[0]), weir_data(x), FLOW_ROWS * FLOW_DIM * sizeof(double));
    assert_memory_equal(weir_data(recorded[1]), weir_data(target), FLOW_ROWS * FLOW_DIM * sizeof(double));
    weir_tensor *losses = weir_scale(weir_sum_samples(weir_square(weir_sub(weir_network_at(net, x, t, NULL), target))), 1.0 / FLOW_DIM);
    for (int64_t i = 0; i < FLOW_ROWS; i++) assert_near(weir_get(losses, &i), flow_loss[i], 1e-13);
    assert_int_equal(weir_backward(weir_mean(losses)), WEIR_OK);
    next = flow_gradients;
    for (int64_t i = 0; i < weir_module_state_count(net); i++) {
        weir_tensor *g = weir_contiguous(weir_grad_of(weir_module_state_at(net, i, NULL, NULL)));
        for (int64_t j = 0; j < weir_numel(g); j++) assert_near(((const double *)weir_data(g))[j], *next++, 1e-13);
    }
    assert_ok(c);
    weir_model_free(m);
}

/* The comparison case p8: weights of PyTorch's names, log-densities of 100 points by another program in f64. */
static void test_log_densities_of_another_program(void **state)
{
    weir_ctx *c = *state;
    enum { K = 100 };
    const char *file = WEIR_TESTS_DIR "/models/fixtures/p8.safetensors";
    static const struct { const char *options; double tolerance; } ways[] = {
        { "dtype=f64 score.rtol=1e-10 score.atol=1e-10", 1e-9 }, { "score.rtol=1e-7 score.atol=1e-7", 1e-5 }, { "", 1e-4 }, { "score.name=rk4 score.steps=50", 1e-5 },
    };
    weir__weights w;
    assert_int_equal(weir__safetensors_load(c, file, &w), WEIR_OK);
    const weir__weight *x = weir__weights_find(&w, "x"), *want = weir__weights_find(&w, "log_prob");
    float points[2 * K];
    double reference[K], lp[K];
    memcpy(points, x->data, sizeof points), memcpy(reference, want->data, sizeof reference);
    weir__weights_free(c, &w);
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
        char options[128];
        snprintf(options, sizeof options, "dim=2 %s", ways[k].options);
        weir_model *m = weir_model_new(c, "rectified-flow", options);
        weir_load_info info = { .size = sizeof info };
        assert_int_equal(weir_module_load(weir_module_child_at(weir_model_module(m), 0), file, false, &info), WEIR_OK);
        assert_true(info.missing == 0 && info.unexpected == 2);
        assert_int_equal(weir_model_log_prob_into(m, points, K, NULL, lp, NULL), WEIR_OK);
        double worst = 0;
        for (int i = 0; i < K; i++) worst = fmax(worst, fabs(lp[i] - reference[i]));
        if (!(worst < ways[k].tolerance)) fail_msg("%s: largest error %g, expected below %g", options, worst, ways[k].tolerance);
        print_message("# %s: largest error %g\n", options, worst);
        weir_model_free(m);
    }
}

/* -- sampling and scoring agree: log p(x) = log N(z) - log|det dx/dz|, the Jacobian of the sampler by central differences ------------- */
static void test_density_is_the_samplers(void **state)
{
    weir_ctx *c = *state;
    enum { D = 3 };
    static const char *const nets[] = { "net.hidden=16,16", "net.hidden=16,16 net.activation=tanh net.time=fourier net.frequencies=3",
                                        "net.hidden=16,16 net.activation=gelu net.time=sinusoidal standardize=yes" };
    for (int k = 0; k < 3; k++) {
        char options[256];
        snprintf(options, sizeof options, "dim=3 dtype=f64 sampler.rtol=1e-11 sampler.atol=1e-11 score.rtol=1e-10 score.atol=1e-10 %s", nets[k]);
        weir_model *m = made(c, options);
        if (k == 2) assert_int_equal(weir_model_set_standardize(m, (const double[]){ 1, 2, 3 }, (const double[]){ 0.5, 2, 1.5 }), WEIR_OK);
        weir_scope s = weir_scope_begin(c);
        float z[1 + 2 * D][D], h = 0x1p-7f;
        for (int i = 0; i < 1 + 2 * D; i++)
            for (int j = 0; j < D; j++) z[i][j] = 0.25f * (float)j - 0.5f + (i > 0 && (i - 1) / 2 == j ? (i % 2 ? h : -h) : 0);
        weir_sample_opts o = weir_sample_defaults();
        o.noise = &z[0][0];
        weir_tensor *x = weir_model_sample(m, 1 + 2 * D, &o);
        double jacobian[D * D], log_n = -D * 0.91893853320467274178;
        for (int64_t j = 0; j < D; j++) {
            log_n -= 0.5 * (double)z[0][j] * (double)z[0][j];
            for (int64_t i = 0; i < D; i++) jacobian[i * D + j] = (weir_get(x, SHAPE(1 + 2 * j, i)) - weir_get(x, SHAPE(2 + 2 * j, i))) / (2 * (double)h);
        }
        weir_log_prob_info info = { .size = sizeof info };
        weir_scope quiet = weir_scope_begin_no_grad(c);
        weir_tensor *lp = log_prob_of(m, weir_slice(x, 0, 0, 1, 1), NULL, &info);
        assert_ok(c);
        assert_int_equal(info.kind, WEIR_LOG_PROB_EXACT);
        assert_near(weir_get(lp, SHAPE(0)), log_n - log_abs_det(jacobian, D), 2e-4);
        weir_scope_end(quiet);
        weir_scope_end(s);
        weir_model_free(m);
    }
}

static void test_integrates_to_one(void **state)
{
    weir_ctx *c = *state;
    enum { SIDE = 60 };
    weir_model *m = made(c, "dim=2 net.hidden=16,16 score.name=rk4 score.steps=20");
    double range = 5, h = 2 * range / SIDE, total = 0, lp[SIDE];
    float x[SIDE][2];
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) x[j][0] = (float)((i + 0.5) * h - range), x[j][1] = (float)((j + 0.5) * h - range);
        weir_model_log_prob_into(m, &x[0][0], SIDE, NULL, lp, NULL);
        for (int j = 0; j < SIDE; j++) total += exp(lp[j]) * h * h;
    }
    assert_ok(c);
    assert_near(total, 1, 1e-3);
    weir_model_free(m);
}

/* -- samplers by name ---------------------------------------------------------------------------------------------------------------------- */
static bool is_among(const char *name, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(name, names[i]) == 0) return true;
    return false;
}

/* How far a sampler may end from the exact flow: of first order, or where it draws. */
static double tolerance_of(const char *name)
{
    static const char *const first[] = { "euler", "ddim", "dpm_1" };
    static const char *const draw[] = { "ddpm", "euler_ancestral", "euler_maruyama", "dpmpp_2m_sde" };
    return is_among(name, draw, 4) ? 6 : is_among(name, first, 3) ? 2e-2 : 1e-4;
}

static void test_every_sampler_goes_the_same_way(void **state)
{
    weir_ctx *c = *state;
    enum { K = 20 };
    weir_model *m = made(c, "dim=2 net.hidden=16,16 dtype=f64 sampler.rtol=1e-9 sampler.atol=1e-9");
    float want[2 * K], want_again[2 * K], x[2 * K], noise[2 * K], trajectory[201][K][2];
    weir_sample_report report[K];
    float *z = numbers(2 * K, -2, 2, 5);
    memcpy(noise, z, sizeof noise), free(z);
    weir_sample_opts o = weir_sample_defaults();
    o.noise = noise, o.report = report, o.batch = 7;
    assert_int_equal(weir_model_sample_into(m, K, &o, want), WEIR_OK);
    for (int i = 0; i < K; i++) assert_true(report[i].end == WEIR_SAMPLE_DONE && report[i].evaluations >= 8);
    for (int64_t i = 0; i < weir_row_count(c, "sampler"); i++) {
        const weir_sampler_row *row = (const weir_sampler_row *)weir_row_at(c, "sampler", i);
        const char *name = strchr(row->row.name, '.') + 1;
        char solver[64];
        snprintf(solver, sizeof solver, "%s grid=uniform", name);
        o.solver = solver, o.steps = 200, o.trajectory = NULL;
        assert_int_equal(weir_model_sample_into(m, K, &o, x), WEIR_OK);
        for (int j = 0; j < 2 * K; j++)
            if (!(fabs(x[j] - want[j]) < tolerance_of(name))) fail_msg("%s: %g, expected %g", name, x[j], want[j]);
        assert_true(report[K - 1].end == WEIR_SAMPLE_DONE && report[K - 1].evaluations >= 200 && report[K - 1].steps >= 200);
        o.trajectory = &trajectory[0][0][0];
        if (weir_model_sample_into(m, K, &o, want_again) == WEIR_OK) {
            assert_memory_equal(want_again, x, sizeof x); /* looking changes nothing */
            assert_memory_equal(trajectory[200], x, sizeof x);
            for (int j = 0; j < 2 * K; j++) assert_near((&trajectory[0][0][0])[j], noise[j], 1e-7);
        } else {
            assert_fails(c, WEIR_ERROR_UNSUPPORTED, "trajectory");
        }
        o.steps = INT64_MAX, o.trajectory = NULL;
        assert_int_equal(weir_model_sample_into(m, 1, &o, x), WEIR_ERROR_RANGE);
        weir_clear(c);
        o.steps = 0;
        assert_int_equal(weir_model_sample_into(m, K, &o, x), WEIR_OK);
        if (row->steps > 0) assert_true(report[0].steps >= row->steps);
    }
    o.trajectory = &trajectory[0][0][0];
    weir_model_sample_into(m, K, &o, x);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "expected steps");
    o.trajectory = NULL, o.solver = "hune";
    weir_model_sample_into(m, K, &o, x);
    assert_fails(c, WEIR_ERROR_NAME, "perhaps heun");
    weir_model_free(m);
    m = made(c, "dim=2 sampler.max_steps=2");
    o.solver = NULL;
    assert_int_equal(weir_model_sample_into(m, K, &o, x), WEIR_OK); /* rows that do not arrive are values */
    assert_true(report[3].end == WEIR_SAMPLE_OUT_OF_STEPS && isfinite(x[6]));
    weir_model_free(m);
    m = stirred(c, "dim=2 couplings=2 hidden=4", 0.5);
    o.steps = 0;
    noise[2] = NAN;
    assert_int_equal(weir_model_sample_into(m, K, &o, x), WEIR_OK); /* one exact map */
    assert_true(report[0].end == WEIR_SAMPLE_DONE && report[0].evaluations == 1 && report[1].end == WEIR_SAMPLE_NOT_FINITE);
    o.trajectory = &trajectory[0][0][0], o.steps = 3;
    weir_model_sample_into(m, K, &o, x);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "");
    weir_model_free(m);
}

/* -- rows alone, in any chunk, at any place ------------------------------------------------------------------------------------------------ */
static void independent(weir_ctx *c, const char *options, int64_t probes)
{
    enum { ROWS = 40 };
    weir_model *m = made(c, options);
    int64_t d = weir_model_dim(m);
    float *x = numbers(ROWS * d, 0, 8.999, 7), *sample = malloc((size_t)(ROWS * d) * sizeof *x), *part = malloc((size_t)(ROWS * d) * sizeof *x);
    for (int64_t i = 0; i < ROWS * d; i++) x[i] = weir_model_levels(m) ? floorf(x[i]) : x[i] / 4 - 1;
    double whole[ROWS], lp[ROWS], error[ROWS], error_whole[ROWS];
    weir_sample_report report[ROWS], report_whole[ROWS];
    weir_log_prob_info info = { .size = sizeof info, .stderr_of = error_whole, .report = report_whole };
    weir_log_prob_opts o = weir_log_prob_defaults();
    weir_sample_opts p = weir_sample_defaults();
    o.probes = probes;
    assert_int_equal(weir_model_log_prob_into(m, x, ROWS, &o, whole, &info), WEIR_OK);
    assert_int_equal(weir_model_sample_into(m, ROWS, &p, sample), WEIR_OK);
    info.stderr_of = error, info.report = report;
    for (int64_t rows = 1; rows <= ROWS; rows = rows < 4 ? rows + 1 : rows * 5 / 2) {
        o.batch = p.batch = rows;
        assert_int_equal(weir_model_log_prob_into(m, x, ROWS, &o, lp, &info), WEIR_OK);
        assert_memory_equal(lp, whole, sizeof whole);
        assert_memory_equal(error, error_whole, sizeof error);
        for (int i = 0; i < ROWS; i++) assert_int_equal(report[i].evaluations, report_whole[i].evaluations);
        p.first = rows - 1;
        assert_int_equal(weir_model_sample_into(m, ROWS - p.first, &p, part), WEIR_OK);
        assert_memory_equal(part, sample + p.first * d, (size_t)((ROWS - p.first) * d) * sizeof *part);
    }
    free(x), free(sample), free(part);
    weir_model_free(m);
}

static void test_rows_do_not_depend_on_their_batch(void **state)
{
    independent(*state, "dim=2 net.hidden=33,17", 0);
    independent(*state, "dim=7 levels=9 net.hidden=33 net.time=sinusoidal score.name=rk4 score.steps=4 sampler.name=heun sampler.steps=5", 0);
    independent(*state, "dim=7 net.hidden=33 net.activation=tanh net.time=fourier sampler.rtol=1e-3 score.rtol=1e-3", 3);
    independent(*state, "dim=5 net.hidden=20 score.name=heun score.steps=7 sampler.name=rk4", 2);
    independent(*state, "dim=5 net.hidden=20 score.steps=1 sampler=ddpm sampler.steps=5", 1);
    independent(*state, "dim=3 net.hidden=20 dtype=f64 score.steps=1 sampler=edm sampler.steps=6 sampler.s_churn=4", 1);
}

/* -- threads and instruction sets ---------------------------------------------------------------------------------------------------------- */
static void work(weir_isa isa, int threads, float *sample, double *lp, float *trained)
{
    enum { ROWS = 300 };
    weir_open_opts o = weir_open_defaults();
    o.seed = 1, o.isa = isa, o.threads = threads;
    weir_ctx *c = weir_open_with(&o);
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=5 net.hidden=64,64");
    weir_optim *opt = weir_optim_new(weir_model_module(m), "adam", "lr=1e-2");
    for (int k = 0; k < 5; k++) {
        weir_scope s = weir_scope_begin(c);
        weir_step_opts so = weir_step_defaults();
        so.shards = 3;
        weir_train_step_with(m, opt, weir_batch_wrap(c, weir_randn(c, WEIR_F32, 2, SHAPE(ROWS, 5)), NULL, NULL, NULL), &so, NULL);
        weir_scope_end(s);
    }
    weir_sample_opts p = weir_sample_defaults();
    weir_log_prob_opts q = weir_log_prob_defaults();
    p.batch = q.batch = ROWS, q.probes = 2;
    assert_int_equal(weir_model_sample_into(m, ROWS, &p, sample), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into(m, sample, ROWS, &q, lp, NULL), WEIR_OK);
    void *values;
    memcpy(trained, (weir_module_flat(weir_model_module(m), NULL, &values), values), 64 * sizeof *trained);
    weir_optim_free(opt);
    weir_model_free(m);
    weir_close(c);
}

static void test_threads_change_no_bit(void **state)
{
    (void)state;
    static float x[2][1500], w[2][64];
    static double lp[2][300], first[300];
    for (weir_isa isa = WEIR_ISA_C; isa <= WEIR_ISA_AVX512; isa++) {
        weir_open_opts o = weir_open_defaults();
        o.isa = isa;
        weir_ctx *c = weir_open_with(&o);
        bool there = weir_ok(c);
        weir_close(c);
        if (!there) continue;
        for (int k = 0; k < 2; k++) work(isa, k + 1, x[k], lp[k], w[k]);
        assert_memory_equal(w[0], w[1], sizeof w[0]);
        assert_memory_equal(x[0], x[1], sizeof x[0]);
        assert_memory_equal(lp[0], lp[1], sizeof lp[0]);
        for (int i = 0; i < 300; i++) {
            if (isa == WEIR_ISA_C) first[i] = lp[0][i];
            assert_near(lp[0][i], first[i], 2e-2); /* other bits may take other steps, not another road */
        }
    }
}

/* -- probes ------------------------------------------------------------------------------------------------------------------------------- */
static void test_probes(void **state)
{
    weir_ctx *c = *state;
    enum { ROWS = 60, D = 6, K = 20 }; /* more than are computed at a time */
    weir_model *m = made(c, "dim=6 net.hidden=24 dtype=f64");
    float *x = numbers(ROWS * D, -2, 2, 11);
    double exact[ROWS], lp[ROWS], other[ROWS], error[ROWS], squares = 0;
    weir_log_prob_opts o = weir_log_prob_defaults();
    weir_log_prob_info info = { .size = sizeof info, .stderr_of = error };
    assert_int_equal(weir_model_log_prob_into(m, x, ROWS, &o, exact, &info), WEIR_OK);
    assert_true(info.kind == WEIR_LOG_PROB_EXACT && info.probes == 0 && error[5] == 0 && info.evaluations > 8);
    o.probes = K;
    assert_int_equal(weir_model_log_prob_into(m, x, ROWS, &o, lp, &info), WEIR_OK);
    assert_true(info.kind == WEIR_LOG_PROB_ESTIMATE && info.probes == K && info.draws == 1);
    for (int i = 0; i < ROWS; i++) {
        assert_true(error[i] > 0 && lp[i] != exact[i]);
        squares += pow((lp[i] - exact[i]) / error[i], 2) / ROWS;
    }
    if (!(squares > 0.4 && squares < 2.2)) fail_msg("squared errors over their estimate: %g, expected about %g", squares, (K - 1.0) / (K - 3));
    double half = 0, all = 0;
    for (int i = 0; i < ROWS; i++) all += error[i];
    o.probes = K / 2;
    assert_int_equal(weir_model_log_prob_into(m, x, ROWS, &o, lp, &info), WEIR_OK);
    for (int i = 0; i < ROWS; i++) half += error[i];
    assert_near(all / half, M_SQRT1_2, 0.08);
    o.probes = 1; /* its spread cannot be seen in one draw, but in several */
    assert_int_equal(weir_model_log_prob_into(m, x, ROWS, &o, lp, &info), WEIR_OK);
    assert_true(isnan(error[0]) && info.kind == WEIR_LOG_PROB_ESTIMATE);
    o.draws = 4;
    assert_int_equal(weir_model_log_prob_into(m, x, ROWS, &o, other, &info), WEIR_OK);
    assert_true(info.draws == 4 && error[0] > 0 && other[0] != lp[0]);
    o.draws = 1, o.use_seed = true, o.seed = 99;
    assert_int_equal(weir_model_log_prob_into(m, x, ROWS, &o, other, &info), WEIR_OK);
    assert_true(other[0] != lp[0]);
    weir_model_free(m);
    m = made(c, "dim=6 net.hidden=24 dtype=f64 score.probes=2"); /* the model's own choice, and the caller's over it */
    o = weir_log_prob_defaults();
    weir_model_log_prob_into(m, x, ROWS, NULL, lp, &info);
    assert_int_equal(info.probes, 2);
    o.probes = 0;
    weir_model_log_prob_into(m, x, ROWS, &o, lp, &info);
    assert_memory_equal(lp, exact, sizeof lp);
    weir_model_free(m);
    m = made(c, "dim=4 net.hidden=8"); /* up to four values the trace is exact whatever is asked */
    o.probes = 5;
    weir_model_log_prob_into(m, x, ROWS, &o, lp, &info);
    assert_true(info.kind == WEIR_LOG_PROB_EXACT && info.probes == 0);
    weir_model_free(m);
    float *wide = numbers(2 * 129, -1, 1, 4);
    for (int64_t dim = 128; dim <= 129; dim++) { /* from here on it is estimated unless told otherwise */
        char options[64];
        snprintf(options, sizeof options, "dim=%d net.hidden=4 score.name=euler score.steps=2", (int)dim);
        m = made(c, options);
        weir_model_log_prob_into(m, wide, 2, NULL, lp, &info);
        assert_true(info.kind == (dim == 128 ? WEIR_LOG_PROB_EXACT : WEIR_LOG_PROB_ESTIMATE) && info.probes == (dim == 128 ? 0 : 2));
        weir_model_free(m);
    }
    assert_ok(c);
    free(wide), free(x);
}

/* Unit vectors are made a block at a time, never dim x dim of them, and go through the first layer once for all samples. */
static void test_exact_trace_needs_little(void **state)
{
    (void)state;
    enum { ROWS = 3, D = 784, K = 16 };
    weir_open_opts o = weir_open_defaults();
    o.threads = 1;
    weir_ctx *c = weir_open_with(&o);
    weir_model *m = made(c, "dim=784 net.hidden=16 score.name=euler score.steps=1");
    float *x = numbers(ROWS * D, -1, 1, 3);
    double lp[ROWS];
    weir_log_prob_opts so = weir_log_prob_defaults();
    so.probes = 0;
    assert_int_equal(weir_model_log_prob_into(m, x, ROWS, &so, lp, NULL), WEIR_OK);
    if (weir_memory(c).peak_bytes > D * D * 4) fail_msg("peak %lld bytes: expected less than a %d x %d matrix", (long long)weir_memory(c).peak_bytes, D, D);
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_module *net = weir_module_child_at(weir_model_module(m), 0);
    weir_tensor *y = weir_from_f32(c, x, 2, SHAPE(ROWS, D)), *t = weir_full(c, WEIR_F32, 1, SHAPE(ROWS), 0.5), *one, *each;
    weir_tensor *e = weir_expand(weir_randn(c, WEIR_F32, 3, SHAPE(1, K, D)), 3, SHAPE(ROWS, K, D));
    weir_network_jvp(net, y, t, NULL, e, &one);
    weir_network_jvp(net, y, t, NULL, weir_add(e, weir_zeros(c, WEIR_F32, 3, SHAPE(ROWS, K, D))), &each);
    assert_ok(c);
    assert_memory_equal(weir_data(weir_contiguous(one)), weir_data(weir_contiguous(each)), ROWS * K * D * sizeof(float));
    weir_scope_end(s);
    weir_model_free(m);
    free(x);
    weir_close(c);
}

/* -- times that want gradients ----------------------------------------------------------------------------------------------------------- */
static void test_times_are_values(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_randn(c, WEIR_F32, 2, SHAPE(3, 2)), *eps = weir_randn(c, WEIR_F32, 2, SHAPE(3, 2));
    weir_tensor *t = weir_set_requires_grad(weir_rand(c, WEIR_F32, 1, SHAPE(3)), true);
    weir__field f = { .path = (const weir_path_row *)weir_row_find(c, "path", "fm"), .prediction = &weir__prediction_velocity };
    weir__pairs pairs;
    assert_false(weir__field_pairs(&f, &weir__loss_weight_none, NULL, x, eps, t, &pairs));
    assert_fails(c, WEIR_ERROR_GRAPH, "path.fm: times that want gradients: expected values alone");
}

/* -- what fails ------------------------------------------------------------------------------------------------------------------------------- */
static void test_rows_that_fail(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dim=2 net.hidden=8");
    float x[5][2] = { { 0, 1 }, { NAN, 0 }, { 1, INFINITY }, { -1, 0.5f }, { 3e38f, 0 } };
    double lp[5], good[5], error[5];
    weir_sample_report report[5];
    weir_log_prob_info info = { .size = sizeof info, .stderr_of = error, .report = report };
    assert_int_equal(weir_model_log_prob_into(m, &x[0][0], 5, NULL, lp, &info), WEIR_OK);
    assert_true(isfinite(lp[0]) && isnan(lp[1]) && isnan(lp[2]) && isfinite(lp[3]) && isnan(error[1]) && error[3] == 0);
    assert_true(report[1].end == WEIR_SAMPLE_NOT_FINITE && report[2].end == WEIR_SAMPLE_NOT_FINITE && report[3].end == WEIR_SAMPLE_DONE);
    assert_int_equal(info.n_failed, 2 + !isfinite(lp[4]));
    assert_int_equal(weir_model_log_prob_into(m, &x[3][0], 1, NULL, good, NULL), WEIR_OK);
    assert_true(good[0] == lp[3]);
    weir_model_free(m);
    m = made(c, "dim=2 net.hidden=8 score.max_steps=2");
    assert_int_equal(weir_model_log_prob_into(m, &x[0][0], 1, NULL, lp, &info), WEIR_OK);
    assert_true(isnan(lp[0]) && info.n_failed == 1 && info.n_out_of_steps == 1 && report[0].end == WEIR_SAMPLE_OUT_OF_STEPS);
    weir_model_free(m);
    assert_ok(c);
}

static void test_options(void **state)
{
    weir_ctx *c = *state;
    static const struct { const char *options, *message; } wrong[] = {
        { "dim=2 net.name=mpl", "perhaps mlp" }, { "dim=2 path.name=fn", "path" }, { "dim=2 sampler.name=rk5", "perhaps rk4" }, { "dim=2 score.name=no", "sampler" },
        { "dim=2 time_density.std=2", "unknown option time_density.std: expected none, time_density.uniform has no options" }, { "dim=0", "dim" }, { "dim=2 net.hiden=3", "perhaps net.hidden" },
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_true(weir_model_module(weir_model_new(c, "rectified-flow", wrong[i].options))->object.nil);
        if (!strstr(weir_message(c), wrong[i].message)) fail_msg("%s: %s", wrong[i].options, weir_message(c));
        weir_clear(c);
    }
    static const char *const solvers[] = { "heun", "heun steps=7", "rk4 steps=3 shift=2" };
    static const int64_t evaluations[] = { 10, 14, 12 };
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=8 sampler.steps=5");
    weir_sample_report report;
    float sampled[2];
    for (int i = 0; i < 3; i++) { /* a request's sampler takes over what the model's has under the same names, unless it says its own */
        weir_sample_opts so = weir_sample_defaults();
        so.solver = solvers[i];
        so.report = &report;
        assert_int_equal(weir_model_sample_into(m, 1, &so, sampled), WEIR_OK);
        assert_int_equal(report.evaluations, evaluations[i]);
    }
    weir_sample_opts wrong_solver = weir_sample_defaults();
    wrong_solver.solver = "heun stpes=3";
    assert_int_not_equal(weir_model_sample_into(m, 1, &wrong_solver, sampled), WEIR_OK);
    assert_fails(c, WEIR_ERROR_NAME, "solver.stpes: expected perhaps solver.steps");
    weir_model_free(m);
    m = weir_model_new(c, "rectified-flow", "dim=2");
    assert_int_equal(weir_module_parameter_numel(weir_model_module(m)), 8706); /* torchcfm's network: 3-64-64-64-2 */
    const char *name;
    weir_module_state_at(weir_model_module(m), 0, &name, NULL);
    assert_string_equal(name, "net.0.weight");
    weir_model_free(m);
    for (const weir_preset *p = ((const weir_model_row *)weir_row_find(c, "model", "rectified-flow"))->presets; p->name; p++) assert_true(p->doc[0] && p->settings[0]);
}

static void everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=5 levels=3 net.hidden=4 net.time=fourier net.frequencies=1 score.name=heun score.steps=1");
    weir_optim *opt = weir_optim_new(weir_model_module(m), "adam", "");
    float x[10] = { 0, 1, 2, 1, 0, 2, 2, 1, 0, 1 }, trajectory[2][2][5];
    double lp[2];
    weir_scope s = weir_scope_begin(c);
    weir_train_step(m, opt, weir_batch_wrap(c, weir_from_f32(c, x, 2, SHAPE(2, 5)), NULL, NULL, NULL));
    weir_scope_end(s);
    weir_log_prob_opts o = weir_log_prob_defaults();
    weir_sample_opts p = weir_sample_defaults();
    p.solver = "euler", p.steps = 1, p.trajectory = &trajectory[0][0][0];
    weir_model_sample_into(m, 2, &p, x);
    for (o.probes = 0; o.probes < 2; o.probes++) weir_model_log_prob_into(m, x, 2, &o, lp, NULL);
    weir_optim_free(opt);
    weir_model_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_loss), CASE(test_gradients), CASE(test_pytorchs_loss_and_gradients), CASE(test_log_densities_of_another_program), CASE(test_density_is_the_samplers), CASE(test_integrates_to_one), CASE(test_every_sampler_goes_the_same_way),
          CASE(test_rows_do_not_depend_on_their_batch), CASE(test_threads_change_no_bit), CASE(test_probes), CASE(test_rows_that_fail), CASE(test_options),
          CASE(test_no_memory), CASE(test_exact_trace_needs_little), CASE(test_times_are_values));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
