/* NICE: exact inverse, exact density, what the data transform adds, rows alone and together, training. */
#include "flow/determinant.h"
#include "models/model_test.h"

static const char *const shapes[] = {
    "dim=6 couplings=4 hidden=16,16", "dim=5 couplings=3 hidden=16", "dim=7 couplings=4 hidden=8 partition=half base=normal",
    "dim=4 couplings=0 hidden=8", "dim=2 couplings=2 hidden=", "shape=2,3 hidden=8 scale=no", "dim=8 couplings=5 hidden=8 init=pytorch",
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static weir_tensor *log_prob_of(weir_model *m, weir_tensor *x)
{
    return weir_model_log_prob(m, weir_batch_wrap(weir_ctx_of(x), x, NULL, NULL, NULL), NULL, NULL);
}

/* noise -> data -> noise through the sampler and the flow itself */
static void test_inverse_is_exact(void **state)
{
    weir_ctx *c = *state;
    for (int k = 0; k < SHAPES; k++) {
        char options[256];
        snprintf(options, sizeof options, "%s dtype=f64", shapes[k]);
        weir_model *m = stirred(c, options, 0.7);
        weir_scope s = weir_scope_begin_no_grad(c);
        int64_t d = weir_model_dim(m);
        float *noise = numbers(50 * d, -4, 4, 3);
        weir_sample_opts o = weir_sample_defaults();
        o.noise = noise;
        weir_tensor *x = weir_flatten(weir_model_sample(m, 50, &o));
        weir_module *flow = weir_module_child_at(weir_model_module(m), 0);
        weir_tensor *z = weir_contiguous(weir_bijection_forward(flow, x, NULL, NULL));
        assert_ok(c);
        for (int64_t i = 0; i < 50 * d; i++) assert_near(((const double *)weir_data(z))[i], noise[i], 1e-10);
        free(noise);
        weir_scope_end(s);
        weir_model_free(m);
    }
}

/* log p(x) = sum_i log p_base(z_i) + log|det dz/dx|, every part by hand. */
static void test_density_against_brute_force(void **state)
{
    weir_ctx *c = *state;
    for (int k = 0; k < SHAPES; k++) {
        char options[256];
        snprintf(options, sizeof options, "%s dtype=f64", shapes[k]);
        weir_model *m = stirred(c, options, 0.7);
        weir_scope s = weir_scope_begin(c);
        int64_t d = weir_model_dim(m);
        bool normal = strstr(shapes[k], "base=normal") != NULL;
        double jacobian[64], expected = 0;
        weir_tensor *x = weir_set_requires_grad(weir_randn(c, WEIR_F64, 2, SHAPE(1, d)), true);
        weir_tensor *z = weir_bijection_forward(weir_module_child_at(weir_model_module(m), 0), x, NULL, NULL);
        for (int64_t i = 0; i < d; i++) {
            weir_tensor *g, *zi = weir_sum(weir_slice(z, 1, i, i + 1, 1));
            weir_grad(1, &zi, 1, &x, NULL, false, true, &g);
            for (int64_t j = 0; j < d; j++) jacobian[i * d + j] = weir_get(g, SHAPE(0, j));
            double v = weir_item(zi);
            expected += normal ? -0.5 * v * v - 0.91893853320467274178 : -log1p(exp(v)) - log1p(exp(-v));
        }
        assert_near(weir_item(log_prob_of(m, x)), expected + log_abs_det(jacobian, d), 1e-9);
        assert_ok(c);
        weir_scope_end(s);
        weir_model_free(m);
    }
}

static void test_integrates_to_one(void **state)
{
    weir_ctx *c = *state;
    static const char *const models[] = { "dim=2 couplings=4 hidden=16,16 dtype=f64", "dim=2 couplings=3 hidden=16 base=normal partition=half dtype=f64" };
    enum { N = 400 };
    for (int k = 0; k < 2; k++) {
        weir_model *m = stirred(c, models[k], 0.6);
        double range = 30, h = 2 * range / N, total = 0, lp[N];
        float x[N][2];
        for (int i = 0; i < N; i++) {
            for (int j = 0; j < N; j++) x[j][0] = (float)((i + 0.5) * h - range), x[j][1] = (float)((j + 0.5) * h - range);
            weir_model_log_prob_into(m, &x[0][0], N, NULL, lp, NULL);
            for (int j = 0; j < N; j++) total += exp(lp[j]) * h * h;
        }
        assert_ok(c);
        assert_near(total, 1, 1e-3);
        weir_model_free(m);
    }
}

/* Stored data of L levels: log p(v + u) = log p((v + u) / L) - dim log L; nats_unit_range = nats + dim log L. */
static void test_dequantised_units(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, "dim=4 levels=17 hidden=8 dtype=f64", 0.5), *unit = stirred(c, "dim=4 hidden=8 dtype=f64", 0.5);
    weir_scope s = weir_scope_begin_no_grad(c);
    enum { N = 20 };
    float x[N][4];
    int64_t ids[N];
    for (int i = 0; i < N; i++)
        for (int j = 0; j < 4; j++) x[i][j] = (float)((5 * i + 3 * j) % 17);
    for (int i = 0; i < N; i++) ids[i] = 100 + i;
    weir_tensor *v = weir_cast(weir_from_f32(c, &x[0][0], 2, SHAPE(N, 4)), WEIR_F64);
    weir_log_prob_info info = { .size = sizeof info };
    weir_tensor *lp = weir_model_log_prob(m, weir_batch_wrap(c, v, ids, NULL, NULL), NULL, &info);
    weir__frame old = weir__frame_set(c, (weir__frame){ .stream = weir__hash_text("score"), .ids = ids, .n_ids = N });
    weir_tensor *y = weir_scale(weir_add(v, weir_rand(c, WEIR_F64, 2, SHAPE(N, 4))), 1 / 17.0);
    weir__frame_set(c, old);
    weir_tensor *on_unit = log_prob_of(unit, y);
    assert_ok(c);
    assert_int_equal(info.kind, WEIR_LOG_PROB_EXACT);
    for (int64_t i = 0; i < N; i++) assert_near(weir_get(lp, &i), weir_get(on_unit, &i) - 4 * log(17), 1e-12);
    weir_scope_end(s);
    weir_model_free(m);
    weir_model_free(unit);
}

static void test_standardized_units(void **state)
{
    weir_ctx *c = *state;
    static const double mean[3] = { 1, -2, 30 }, std[3] = { 0.5, 2, 10 };
    weir_model *m = stirred(c, "dim=3 hidden=8 dtype=f64", 0.5), *plain = stirred(c, "dim=3 hidden=8 dtype=f64", 0.5);
    assert_int_equal(weir_model_set_standardize(m, mean, std), WEIR_OK); /* after first use: buffers may still come */
    weir_scope s = weir_scope_begin_no_grad(c);
    double x[3] = { 1.5, -1, 17 }, y[3];
    for (int j = 0; j < 3; j++) y[j] = (x[j] - mean[j]) / std[j];
    double a = weir_item(log_prob_of(m, weir_from_f64(c, x, 2, SHAPE(1, 3)))), b = weir_item(log_prob_of(plain, weir_from_f64(c, y, 2, SHAPE(1, 3))));
    assert_near(a, b - log(0.5 * 2 * 10), 1e-12);
    float noise[3] = { 0.3f, -1, 2 };
    weir_sample_opts o = weir_sample_defaults();
    o.noise = noise;
    weir_tensor *p = weir_model_sample(m, 1, &o), *q = weir_model_sample(plain, 1, &o);
    for (int64_t j = 0; j < 3; j++) assert_near(weir_get(p, SHAPE(0, j)), weir_get(q, SHAPE(0, j)) * std[j] + mean[j], 1e-12);
    const char *name;
    weir_module *net = weir_model_module(m);
    weir_module_state_at(net, weir_module_state_count(net) - 1, &name, NULL);
    assert_string_equal(name, "data.std");
    weir_scope_end(s);
    weir_model_set_standardize(m, mean, (const double[]){ 1, 0, 1 });
    assert_fails(c, WEIR_ERROR_VALUE, "element 1");
    weir_model_free(m);
    m = stirred(c, "dim=2 couplings=2 hidden=4", 0.5);
    float narrow[2] = { 0.25f, -1 };
    double before, after;
    assert_int_equal(weir_model_set_standardize(m, (const double[]){ 1, 2 }, (const double[]){ 1, 3 }), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into(m, narrow, 1, NULL, &before, NULL), WEIR_OK);
    weir_model_set_standardize(m, (const double[]){ 0, INFINITY }, (const double[]){ 1, 1 });
    assert_fails(c, WEIR_ERROR_VALUE, "element 1");
    weir_model_set_standardize(m, (const double[]){ 0, 0 }, (const double[]){ INFINITY, 1 });
    assert_fails(c, WEIR_ERROR_VALUE, "element 0");
    assert_int_equal(weir_model_log_prob_into(m, narrow, 1, NULL, &after, NULL), WEIR_OK);
    assert_true(after == before); /* nothing changed */
    weir_model_free(m);
    weir_model_free(plain);
}

/* Rows scored and sampled alone, in any chunk, at any place: the same bits. */
static void test_rows_do_not_depend_on_their_batch(void **state)
{
    weir_ctx *c = *state;
    enum { N = 300, D = 10 };
    weir_model *m = stirred(c, "dim=10 levels=9 hidden=33,33", 0.4);
    float *x = numbers(N * D, 0, 8.999, 7), *sample = malloc(sizeof(float) * N * D), *part = malloc(sizeof(float) * N * D);
    for (int i = 0; i < N * D; i++) x[i] = floorf(x[i]);
    double whole[N], lp[N];
    weir_log_prob_opts o = weir_log_prob_defaults();
    weir_sample_opts p = weir_sample_defaults();
    o.batch = p.batch = N;
    assert_int_equal(weir_model_log_prob_into(m, x, N, &o, whole, NULL), WEIR_OK);
    assert_int_equal(weir_model_sample_into(m, N, &p, sample), WEIR_OK);
    for (int64_t rows = 1; rows <= N; rows = rows < 4 ? rows + 1 : rows * 3 / 2) {
        o.batch = p.batch = rows;
        assert_int_equal(weir_model_log_prob_into(m, x, N, &o, lp, NULL), WEIR_OK);
        assert_memory_equal(lp, whole, sizeof whole);
        p.first = rows - 1;
        int64_t n = N - p.first;
        assert_int_equal(weir_model_sample_into(m, n, &p, part), WEIR_OK); /* from the middle of the request */
        assert_memory_equal(part, sample + p.first * D, (size_t)(n * D) * sizeof(float));
    }
    for (int i = 0; i < N * D; i++) assert_true(sample[i] == floorf(sample[i]) && sample[i] >= 0 && sample[i] <= 8);
    weir_scope s = weir_scope_begin_no_grad(c); /* the same rows backwards, ids with them */
    float back[N][D];
    int64_t ids[N];
    for (int i = 0; i < N; i++) memcpy(back[i], x + (N - 1 - i) * D, sizeof back[i]), ids[i] = N - 1 - i;
    weir_tensor *t = weir_model_log_prob(m, weir_batch_wrap(c, weir_from_f32(c, &back[0][0], 2, SHAPE(N, D)), ids, NULL, NULL), NULL, NULL);
    for (int64_t i = 0; i < N; i++) assert_true(weir_get(t, &i) == whole[N - 1 - i]);
    weir_scope_end(s);
    free(x), free(sample), free(part);
    weir_model_free(m);
}

static void test_seeds_and_temperature(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, "dim=4 hidden=8", 0.4);
    float a[40], b[40], cold[40];
    weir_sample_opts o = weir_sample_defaults();
    weir_model_sample_into(m, 10, NULL, a);
    o.use_seed = true, o.seed = 1;
    weir_model_sample_into(m, 10, &o, b); /* the context's seed */
    assert_memory_equal(a, b, sizeof a);
    o.seed = 2;
    weir_model_sample_into(m, 10, &o, b);
    assert_true(memcmp(a, b, sizeof a) != 0);
    o.temperature = 0;
    weir_model_sample_into(m, 10, &o, cold);
    for (int i = 4; i < 40; i++) assert_true(cold[i] == cold[i - 4]);
    o.solver = "heun";
    assert_int_equal(weir_model_sample_into(m, 1, &o, a), WEIR_ERROR_UNSUPPORTED);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "solver");
    assert_ok(c);
    weir_model_free(m);
}

static void test_draws(void **state)
{
    weir_ctx *c = *state;
    enum { N = 5 };
    weir_model *m = stirred(c, "dim=3 levels=4 hidden=8", 0.5);
    float x[N][3] = { { 0, 1, 2 }, { 3, 3, 3 }, { NAN, 0, 1 }, { 2, 0, 1 }, { 1, 1, 1 } };
    double one[N], many[N], error[N];
    weir_log_prob_opts o = weir_log_prob_defaults();
    weir_log_prob_info info = { .size = sizeof info, .stderr_of = error };
    assert_int_equal(weir_model_log_prob_into(m, &x[0][0], N, &o, one, &info), WEIR_OK);
    assert_true(info.n_failed == 1 && isnan(one[2]) && isnan(error[2]) && error[0] == 0 && info.draws == 1);
    o.draws = 64;
    info = (weir_log_prob_info){ .size = sizeof info, .stderr_of = error };
    assert_int_equal(weir_model_log_prob_into(m, &x[0][0], N, &o, many, &info), WEIR_OK);
    assert_true(info.draws == 64 && info.n_failed == 1 && info.evaluations == 1);
    for (int i = 0; i < N; i++)
        if (i != 2) assert_true(error[i] > 0 && fabs(many[i] - one[i]) < 8 * 6 * error[i] && many[i] != one[i]);
    int64_t peak = weir_memory(c).peak_bytes;
    o.draws = 2000; /* a draw leaves no more than its results behind */
    assert_int_equal(weir_model_log_prob_into(m, &x[0][0], N, &o, many, NULL), WEIR_OK);
    assert_true(weir_memory(c).peak_bytes < peak + 2000 * 3000);
    o.draws = 0;
    weir_model_log_prob_into(m, &x[0][0], N, &o, many, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "draws=0");
    weir_model_free(m);
}

static int stop_at_once(void *user, int64_t done, int64_t n)
{
    *(int64_t *)user = done;
    return n > 0;
}

static void test_stopping(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, "dim=2 hidden=4", 0.4);
    float x[20] = { 0 };
    double lp[10];
    int64_t done = 0;
    weir_sample_opts o = weir_sample_defaults();
    o.batch = 3, o.on_step = stop_at_once, o.user = &done;
    assert_int_equal(weir_model_sample_into(m, 10, &o, x), WEIR_STOPPED);
    assert_int_equal(done, 3);
    weir_log_prob_opts p = weir_log_prob_defaults();
    p.batch = 4, p.on_step = stop_at_once, p.user = &done;
    assert_int_equal(weir_model_log_prob_into(m, x, 10, &p, lp, NULL), WEIR_STOPPED);
    assert_int_equal(done, 4);
    assert_ok(c);
    weir_model_free(m);
}

/* At the released start couplings hardly move anything and S is the identity: the density of stored bytes is the base's. */
static void test_released_start(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nice", "shape=1,8,8 levels=17 hidden=50,50,50");
    const int64_t *shape;
    assert_int_equal(weir_model_shape(m, &shape), 3);
    assert_int_equal(weir_model_dim(m), 64);
    const char *name;
    weir_module_state_at(weir_model_module(m), 0, &name, NULL);
    assert_string_equal(name, "flow.couplings.0.net.0.weight");
    weir_tensor *w = weir_module_state_find(weir_model_module(m), "flow.couplings.3.net.6.weight");
    assert_int_equal(weir_dim(w, 0), 32);
    for (int64_t i = 0; i < weir_numel(w); i++) assert_true(fabsf(((const float *)weir_data(w))[i]) <= 0.01f);
    assert_int_equal(weir_module_parameter_numel(weir_model_module(m)), 4 * (32 * 50 + 50 + 2 * (50 * 50 + 50) + 50 * 32 + 32) + 64);
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *x = weir_full(c, WEIR_F32, 4, SHAPE(2, 1, 8, 8), 8);
    double lp = weir_get(log_prob_of(m, x), SHAPE(1)); /* about 64 (log 0.235 - log 17) at y = 1/2 */
    assert_true(fabs(lp - 64 * (log(0.235) - log(17))) < 2);
    weir_scope_end(s);
    weir_model_free(m);
    m = weir_model_new(c, "nice", "dim=784"); /* the parameter count of the specification's table */
    assert_int_equal(weir_module_parameter_numel(weir_model_module(m)), 19158352);
    const weir_model_row *row = (const weir_model_row *)weir_model_row_of(m);
    assert_string_equal(row->presets[0].name, "auto");
    assert_string_equal(row->presets[1].name, "released");
    assert_string_equal(row->presets[2].name, "paper");
    weir_model_free(m);
}

/* Every key of a preset is an option of the row it names, or batch. */
static void test_presets(void **state)
{
    weir_ctx *c = *state;
    const weir_preset *p = ((const weir_model_row *)weir_row_find(c, "model", "nice"))->presets;
    for (; p->name; p++) {
        char text[1024], opts[4096], *word, *save = NULL;
        const weir_row *row[3] = { weir_row_find(c, "model", "nice"), NULL, NULL };
        assert_true(p->doc && snprintf(text, sizeof text, "%s", p->settings) < (int)sizeof text);
        for (word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
            char *value = strchr(word, '=');
            assert_non_null(value);
            *value++ = 0;
            if (strcmp(word, "optimizer") == 0 || strcmp(word, "schedule") == 0) {
                assert_non_null(row[word[0] == 'o' ? 1 : 2] = weir_row_find(c, word, value));
            } else if (strcmp(word, "batch") != 0) {
                const weir_row *r = row[word[0] == 'm' ? 0 : word[0] == 'o' ? 1 : 2];
                assert_true(r && r->options_size <= sizeof opts && strchr(word, '.'));
                assert_int_equal(weir_options_defaults(c, r, opts), WEIR_OK);
                weir_option_set(c, r, opts, strchr(word, '.') + 1, value);
                weir_options_free(c, r, opts);
            }
            assert_ok(c);
        }
        assert_true(row[1] && row[2]);
    }
}

/* d mean(loss) / d parameter against central differences, a few of every parameter. */
static void test_gradient_of_the_loss(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, "dim=5 levels=7 couplings=3 hidden=6,6 dtype=f64", 0.6);
    weir_module *net = weir_model_module(m);
    weir_tensor *x = weir_from_f64(c, (const double[]){ 0, 1, 2, 3, 4, 6, 5, 4, 3, 2 }, 2, SHAPE(2, 5));
    weir_batch *b = weir_batch_wrap(c, x, NULL, NULL, NULL);
    weir__frame_set(c, (weir__frame){ .stream = weir__hash_text("train"), .step = 3 });
    weir_backward(weir_mean(weir_model_loss(m, b)));
    for (int64_t i = 0; i < weir_module_state_count(net); i++) {
        weir_tensor *t = weir_module_state_at(net, i, NULL, NULL), *g = weir_grad_of(t);
        for (int64_t j = 0; j < weir_numel(t); j += 5) {
            double side[2], h = 1e-6, *p = (double *)weir_data_mut(t) + j, kept = *p;
            for (int k = 0; k < 2; k++) {
                weir_scope s = weir_scope_begin_no_grad(c);
                *p = kept + (k ? h : -h);
                weir__frame_set(c, (weir__frame){ .stream = weir__hash_text("train"), .step = 3 });
                side[k] = weir_item(weir_mean(weir_model_loss(m, b)));
                weir_scope_end(s);
            }
            *p = kept;
            assert_near(((const double *)weir_data(g))[j], (side[1] - side[0]) / (2 * h), 1e-7);
        }
    }
    assert_ok(c);
    weir_model_free(m);
}

static double mean_loss(weir_model *m, weir_tensor *x)
{
    weir_scope s = weir_scope_begin_no_grad(weir_ctx_of(x));
    double l = -weir_item(weir_mean(log_prob_of(m, x)));
    weir_scope_end(s);
    return l;
}

/* A bent 2-D cloud: 200 steps by hand bring the held-out loss below the best Gaussian's. */
static void test_training_helps(void **state)
{
    weir_ctx *c = *state;
    enum { N = 512 };
    weir_model *m = weir_model_new(c, "nice", "dim=2 couplings=4 hidden=32,32 init=pytorch base=normal");
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "lr=5e-3");
    weir_tensor *a = weir_randn(c, WEIR_F32, 2, SHAPE(2 * N, 1)), *b = weir_randn(c, WEIR_F32, 2, SHAPE(2 * N, 1));
    weir_tensor *x = weir_cat(2, (weir_tensor *[]){ weir_scale(a, 2), weir_add(weir_square(a), weir_scale(b, 0.2)) }, 1);
    weir_tensor *train = weir_slice(x, 0, 0, N, 1), *test = weir_slice(x, 0, N, 2 * N, 1);
    double before = mean_loss(m, test);
    for (int step = 0; step < 200; step++) {
        weir_scope s = weir_scope_begin(c);
        weir_backward(weir_mean(weir_model_loss(m, weir_batch_wrap(c, train, NULL, NULL, NULL))));
        weir_optim_step(o);
        weir_optim_zero_grad(o);
        weir_scope_end(s);
    }
    assert_ok(c);
    double after = mean_loss(m, test), truth = log(2) + log(0.2) + 2 * 1.4189385332046727;
    if (!(after < before - 1 && after < 3.2 && after > truth - 0.1)) fail_msg("loss %g before, %g after, the truth is %g", before, after, truth);
    weir_optim_free(o);
    weir_model_free(m);
}

/* Without a trainer every loss dequantises anew; in a trainer's frame it is a function of the step. */
static void test_frames_of_loss(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, "dim=3 levels=4 hidden=8", 0.5);
    weir_batch *b = weir_batch_wrap(c, weir_ones(c, WEIR_F32, 2, SHAPE(2, 3)), (const int64_t[]){ 4, 9 }, NULL, NULL);
    double first = weir_get(weir_model_loss(m, b), SHAPE(0)), second = weir_get(weir_model_loss(m, b), SHAPE(0));
    assert_true(first != second);
    double at_step[3];
    for (int i = 0; i < 3; i++) {
        weir__frame old = weir__frame_set(c, (weir__frame){ .stream = weir__hash_text("train"), .step = (uint64_t)(i % 2) });
        at_step[i] = weir_get(weir_model_loss(m, b), SHAPE(0));
        weir__frame_set(c, old);
    }
    assert_true(at_step[0] == at_step[2] && at_step[0] != at_step[1] && at_step[0] == first);
    weir_model_free(m);
}

/* In a worker context the numbers are the same, and nothing is made in the parent. */
static void test_worker(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, "dim=4 levels=5 hidden=8", 0.5);
    const double mean[4] = { 2, 2, 2, 2 }, std[4] = { 1, 2, 1, 2 };
    weir_model_set_standardize(m, mean, std);
    weir_ctx *w = weir_worker_open(c, 1);
    double at[2];
    for (int i = 0; i < 2; i++) {
        weir_ctx *here = i ? w : c;
        int64_t before = c->n_objects;
        weir__frame old = weir__frame_set(here, (weir__frame){ .stream = weir__hash_text("train"), .step = 5 });
        at[i] = weir_get(weir_model_loss(m, weir_batch_wrap(here, weir_ones(here, WEIR_F32, 2, SHAPE(2, 4)), NULL, NULL, NULL)), SHAPE(1));
        weir__frame_set(here, old);
        assert_ok(here);
        if (i) assert_int_equal(c->n_objects, before);
    }
    assert_true(at[0] == at[1]);
    weir_close(w);
    weir_model_free(m);
}

static void test_refusals(void **state)
{
    weir_ctx *c = *state;
    weir_model_new(c, "niec", "");
    assert_fails(c, WEIR_ERROR_NAME, "perhaps nice");
    assert_true(isnan(weir_item(weir_model_loss(weir_model_new(c, "nice", ""), NULL))));
    assert_fails(c, WEIR_ERROR_RANGE, "expected dim=N or shape");
    weir_model_new(c, "nice", "dim=1");
    assert_fails(c, WEIR_ERROR_RANGE, "2 or more");
    weir_model_new(c, "nice", "dim=5 shape=2,3");
    assert_fails(c, WEIR_ERROR_SHAPE, "dim=5");
    weir_model_new(c, "nice", "shape=16777216,16777216");
    assert_fails(c, WEIR_ERROR_SHAPE, "at most");
    weir_model_new(c, "nice", "dim=2 base=cauchy");
    assert_fails(c, WEIR_ERROR_NAME, "unknown base");
    weir_model *m = weir_model_new(c, "nice", "dim=3 hidden=4");
    log_prob_of(m, weir_ones(c, WEIR_F32, 2, SHAPE(2, 4)));
    assert_fails(c, WEIR_ERROR_SHAPE, "3 values a sample");
    log_prob_of(m, weir_ones(c, WEIR_I64, 2, SHAPE(2, 3)));
    assert_fails(c, WEIR_ERROR_SHAPE, "expected f32 or f64");
    assert_int_equal(weir_model_log_prob_into(m, NULL, 3, NULL, NULL, NULL), WEIR_ERROR_ARGUMENT);
    weir_clear(c);
    assert_int_equal(weir_model_log_prob_into(m, NULL, 0, NULL, NULL, NULL), WEIR_OK);
    weir_model_free(m);
    weir_model_free(NULL);
    assert_int_equal(weir_model_sample_into(NULL, 1, NULL, NULL), WEIR_ERROR_ARGUMENT);
    assert_true(weir_is_nil(weir_model_sample(NULL, 1, NULL)));
}

static void everything(weir_ctx *c)
{
    float x[9] = { 0, 1, 2, 2, 1, 0, 1, 1, 1 };
    double lp[3];
    const double mean[3] = { 0 }, std[3] = { 1, 1, 1 };
    weir_model *m = weir_model_new(c, "nice", "dim=3 levels=3 couplings=2 hidden=4 standardize=yes");
    if (weir_ok(c)) (void)weir_model_set_standardize(m, mean, std);
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.draws = 2;
    (void)weir_model_log_prob_into(m, x, 3, &o, lp, NULL);
    (void)weir_model_sample_into(m, 3, NULL, x);
    weir_scope s = weir_scope_begin(c);
    weir_model_sample(m, 2, NULL);
    weir_backward(weir_mean(weir_model_loss(m, weir_batch_wrap(c, weir_ones(c, WEIR_F32, 2, SHAPE(2, 3)), NULL, NULL, NULL))));
    weir_scope_end(s);
    weir_model_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_inverse_is_exact), CASE(test_density_against_brute_force), CASE(test_integrates_to_one), CASE(test_dequantised_units),
          CASE(test_standardized_units), CASE(test_rows_do_not_depend_on_their_batch), CASE(test_seeds_and_temperature), CASE(test_draws),
          CASE(test_stopping), CASE(test_released_start), CASE(test_presets), CASE(test_gradient_of_the_loss), CASE(test_training_helps), CASE(test_frames_of_loss), CASE(test_worker),
          CASE(test_refusals), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
