/* Dequantisers within a model: what is drawn, what log q(u | v) does to loss and density, one that learns. */
#include "models/model_test.h"
#include "weir/grad.h"

/* -- one with a density of its own, which learns: u = w^(1 / a) of w uniform, q(u) = a u^(a - 1), a = exp(s) ------------- */
typedef struct opts {
    size_t size;
    int32_t dtype;
    int64_t classes;
} opts;
static const weir_option options[] = {
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES, "element type" },
    { "classes", WEIR_OPTION_INT, offsetof(opts, classes), "0", 0, 1 << 20, NULL, "classes" },
    { 0 },
};

static void create(weir_module *m, const void *o)
{
    const opts *own = o;
    weir_module_parameter(m, "s", weir__dtype_option(own->dtype), 1, SHAPE(own->classes > 0 ? own->classes : 1), (weir_init){ WEIR_INIT_CONSTANT, 0.4 });
}

static weir_tensor *dequantize(weir_module *m, weir_tensor *v, const weir_condition *k, weir_tensor **log_q)
{
    weir_tensor *s = weir_parameter_here(v, weir_module_own(m, "s")), *class = weir_condition_get(k, "class");
    if (!weir_is_nil(class)) s = weir_reshape(weir_index_select(s, 0, class), 2, SHAPE(v->shape[0], 1));
    weir_tensor *log_w = weir_log(weir_rand(weir_ctx_of(v), v->dtype, v->ndim, v->shape));
    weir_tensor *log_u = weir_mul(log_w, weir_exp(weir_neg(s)));
    *log_q = weir_sum_samples(weir_add(weir_mul(weir_affine(weir_exp(s), 1, -1), log_u), s));
    return weir_exp(log_u);
}

static const weir_module_row powers = {
    .row = { .size = sizeof(weir_module_row), .version = 1, .name = "dequantizer.powers", .doc = "powers of uniform numbers",
             .options = options, .options_size = sizeof(opts), .test = "", .given = "dtype|classes" },
    .create = create,
    .dequantize = dequantize,
    .draws = true,
};

static weir_model *made(weir_ctx *c, const char *more)
{
    char text[160];
    if (!weir__row_named(c, "dequantizer", "powers")) weir_row_register(c, &powers.row);
    snprintf(text, sizeof text, "dim=4 levels=17 hidden=8 dtype=f64 %s", more);
    return stirred(c, text, 0.5);
}

enum { N = 20 };
static weir_tensor *data(weir_ctx *c)
{
    double x[N * 4];
    for (int i = 0; i < N * 4; i++) x[i] = (5 * i / 4 + 3 * i) % 17;
    return weir_from_f64(c, x, 2, SHAPE(N, 4));
}

static void densities(weir_model *m, const weir_condition *k, int64_t draws, double *lp, weir_log_prob_info *info)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.draws = draws;
    o.condition = k;
    assert_int_equal(weir_model_log_prob_into_f64(m, weir_data(data(c)), N, &o, lp, info), WEIR_OK);
}

/* The same parameters beside another dequantizer: its density is of other points, and less by log q. */
static void test_log_q_is_taken_off(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dequantizer=powers"), *unit = stirred(c, "dim=4 hidden=8 dtype=f64", 0.5);
    double lp[N], on_unit[N], loss[N];
    int64_t ids[N];
    for (int i = 0; i < N; i++) ids[i] = i;
    densities(m, NULL, 1, lp, NULL);
    weir_tensor *log_q;
    weir__frame old = weir__frame_set(c, (weir__frame){ .stream = weir__hash_text("score"), .ids = ids, .n_ids = N });
    weir_tensor *u = weir_dequantize(m->dequantizer, data(c), NULL, &log_q), *y = weir_scale(weir_add(data(c), u), 1 / 17.0);
    weir__frame_set(c, old);
    assert_int_equal(weir_model_log_prob_into_f64(unit, weir_data(y), N, NULL, on_unit, NULL), WEIR_OK);
    for (int64_t i = 0; i < N; i++) assert_near(lp[i], on_unit[i] - 4 * log(17) - weir_get(log_q, &i), 1e-12);
    assert_true(fabs(weir_get(log_q, SHAPE(0))) > 1e-3);
    old = weir__frame_set(c, (weir__frame){ .stream = weir__hash_text("train"), .ids = ids, .n_ids = N });
    u = weir_dequantize(m->dequantizer, data(c), NULL, &log_q);
    y = weir_scale(weir_add(data(c), u), 1 / 17.0);
    weir__frame_set(c, old);
    weir_model_log_prob_into_f64(unit, weir_data(y), N, NULL, on_unit, NULL);
    weir_copy_to_f64(weir_model_loss(m, weir_batch_wrap(c, data(c), ids, NULL, NULL)), loss, N);
    for (int64_t i = 0; i < N; i++) assert_near(loss[i], -(on_unit[i] - 4 * log(17) - weir_get(log_q, &i)), 1e-12);
    weir_model_free(m), weir_model_free(unit);
}

static double total_loss(weir_model *m)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_model_set_random_step(m, 0);
    double l = weir_item(weir_sum(weir_model_loss(m, weir_batch_wrap(c, data(c), NULL, NULL, NULL))));
    weir_scope_end(s);
    return l;
}

static void test_it_learns(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dequantizer=powers");
    weir_tensor *s = weir_module_state_find(weir_model_module(m), "dequantizer.s"), *g;
    weir_model_set_random_step(m, 0);
    weir_tensor *l = weir_sum(weir_model_loss(m, weir_batch_wrap(c, data(c), NULL, NULL, NULL)));
    weir_grad(1, &l, 1, &s, NULL, false, false, &g);
    assert_ok(c);
    double *v = weir_data_mut(s), h = 1e-6, kept = *v;
    *v = kept + h;
    double up = total_loss(m);
    *v = kept - h;
    double down = total_loss(m);
    assert_near(weir_item(g), (up - down) / (2 * h), 1e-6);
    assert_true(fabs(weir_item(g)) > 1e-3);
    weir_model_free(m);
}

/* Given classes as the model's own modules are, and the condition. */
static void test_conditioned(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dequantizer=powers classes=2 condition.dropout=0.1");
    assert_int_equal(weir_numel(weir_module_state_find(weir_model_module(m), "dequantizer.s")), 3);
    double lp[3][N];
    for (int64_t k = 0; k < 2; k++)
        densities(m, weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, &k, 1, SHAPE(1))), 1, lp[k], NULL);
    densities(m, weir_model_null_condition(m, 1), 1, lp[2], NULL);
    assert_true(lp[0][0] != lp[1][0] && lp[2][0] != lp[0][0]);
    weir_model_free(m);
}

/* -- those of the library ----------------------------------------------------------------------------------------------- */
static void test_none(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dequantizer=none"), *unit = stirred(c, "dim=4 hidden=8 dtype=f64", 0.5);
    double lp[N], many[N], on_unit[N];
    weir_log_prob_info info = { .size = sizeof info };
    densities(m, NULL, 1, lp, &info);
    assert_int_equal(info.draws, 1);
    densities(m, NULL, 8, many, &info); /* nothing is drawn */
    assert_int_equal(info.draws, 1);
    assert_memory_equal(lp, many, sizeof lp);
    weir_tensor *y = weir_affine(data(c), 1 / 17.0, 0.5 / 17);
    weir_model_log_prob_into_f64(unit, weir_data(y), N, NULL, on_unit, NULL);
    for (int i = 0; i < N; i++) assert_near(lp[i], on_unit[i] - 4 * log(17), 1e-12);
    weir_model *uniform = made(c, ""), *said = made(c, "dequantizer=uniform");
    densities(uniform, NULL, 8, lp, &info);
    assert_int_equal(info.draws, 8);
    densities(said, NULL, 8, many, NULL);
    assert_memory_equal(lp, many, sizeof lp);
    weir_model_free(said), weir_model_free(uniform), weir_model_free(unit), weir_model_free(m);
}

/* -- variational --------------------------------------------------------------------------------------------------- */
/* u [n, ..] of v = 1, and log q(u | v) [n]. */
static weir_tensor *draw(weir_ctx *c, weir_module *m, int ndim, const int64_t *shape, weir_tensor **log_q)
{
    return weir_dequantize(m, weir_full(c, WEIR_F64, ndim, shape, 1), NULL, log_q);
}

/* It starts as uniform: log q = 0. Moved, q integrates to 1, and to the volume over half of the cube. */
static void integrates(weir_ctx *c, const char *text, int ndim, const int64_t *shape, double far)
{
    weir_module *m = weir_module_new(c, "dequantizer.variational", text);
    weir_tensor *log_q, *u = draw(c, m, ndim, shape, &log_q);
    assert_ok(c);
    int64_t n = shape[0], values = weir_numel(u) / n;
    for (int64_t i = 0; i < 20; i++) assert_near(weir_get(log_q, &i), 0, 1e-12);
    for (int64_t i = 0; i < weir_module_state_count(m); i++) {
        bool buffer;
        weir_tensor *p = weir_module_state_at(m, i, NULL, &buffer);
        weir_scope s = weir_scope_begin_no_grad(c);
        if (!buffer) weir_add_(p, weir_scale(weir_randn(c, WEIR_F64, weir_ndim(p), weir_shape(p)), far));
        weir_scope_end(s);
    }
    u = weir_contiguous(draw(c, m, ndim, shape, &log_q));
    const double *at = weir_data(u);
    double total = 0, half = 0, square = 0, spread = 0;
    for (int64_t i = 0; i < n; i++) {
        double w = exp(-weir_get(log_q, &i)) / (double)n;
        total += w, square += n * w * w, spread += fabs(weir_get(log_q, &i)) / (double)n;
        if (at[i * values] < 0.5) half += w;
        for (int64_t j = 0; j < values; j++) assert_true(at[i * values + j] >= 0 && at[i * values + j] < 1);
    }
    double error = sqrt((square - 1) / (double)n);
    if (!(error < 0.05 && spread > 0.02)) fail_msg("%s: error %g, spread %g", text, error, spread);
    assert_near(total, 1, 5 * error);
    assert_near(half, 0.5, 5 * error + 0.02);
    weir_module_free(m);
}

static void test_variational_density(void **state)
{
    weir_ctx *c = *state;
    integrates(c, "dim=1 levels=3 dtype=f64 coupling.net.hidden=8", 2, SHAPE(20000, 1), 0.5);
    integrates(c, "dim=3 levels=3 dtype=f64 coupling.net.hidden=8", 2, SHAPE(20000, 3), 0.15);
    integrates(c, "dim=2 levels=3 dtype=f64 coupling=\"spline_coupling bound=8\" coupling.net.hidden=8", 2, SHAPE(20000, 2), 0.04);
    integrates(c, "shape=1,4,4 dim=16 levels=3 dtype=f64 image_net=\"conv width=4 norm=none\"", 4, SHAPE(4000, 1, 4, 4), 0.02);
    integrates(c, "shape=1,3,3 dim=9 levels=3 dtype=f64 coupling.net.hidden=8", 4, SHAPE(4000, 1, 3, 3), 0.05);
}

/* u depends on the integers; the loss has a gradient by what is learned. */
static void test_variational_learns(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dequantizer=variational classes=2");
    const int64_t class[N] = { 0, 1 };
    weir_condition *k = weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, class, 1, SHAPE(N)));
    static const char *const names[] = { "dequantizer.flow.0.net.0.weight", "dequantizer.flow.3.net.2.bias" };
    for (int i = 0; i < 2; i++) {
        weir_tensor *p = weir_module_state_find(weir_model_module(m), names[i]), *g;
        weir_batch *b = weir_batch_wrap(c, data(c), NULL, NULL, k);
        weir_model_set_random_step(m, 0);
        weir_tensor *l = weir_sum(weir_model_loss(m, b));
        weir_grad(1, &l, 1, &p, NULL, false, false, &g);
        assert_ok(c);
        double *v = weir_data_mut(p), h = 1e-6, kept = *v, loss[2];
        for (int side = 0; side < 2; side++) {
            weir_scope s = weir_scope_begin_no_grad(c);
            *v = side ? kept - h : kept + h;
            weir_model_set_random_step(m, 0);
            loss[side] = weir_item(weir_sum(weir_model_loss(m, b)));
            weir_scope_end(s);
        }
        *v = kept;
        assert_near(*(const double *)weir_data(g), (loss[0] - loss[1]) / (2 * h), 1e-5);
        assert_true(fabs(loss[0] - loss[1]) > 1e-9);
    }
    weir_model_free(m);
}

static void test_variational_refusals(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "dequantizer.variational", "coupling=planar");
    assert_fails(c, WEIR_ERROR_ARGUMENT, "coupling: bijection.planar: expected a coupling");
    weir_module_free(m);
    m = weir_module_new(c, "dequantizer.variational", "dim=4 dtype=f64");
    assert_true(weir_is_nil(draw(c, m, 2, SHAPE(2, 3), NULL)));
    assert_fails(c, WEIR_ERROR_SHAPE, "as many values a sample as dim");
    weir_module_free(m);
    assert_int_equal(weir_model_dim(weir_model_new(c, "nice", "dim=4 dequantizer=variational")), 0);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model.nice: dequantizer=variational: continuous data: expected integers (levels=N)");
    static const char *const ignored[] = { "dim=4 dequantizer=uniform", "dim=4 dequantizer=none" };
    for (int i = 0; i < 2; i++) {
        weir_model_free(weir_model_new(c, "nice", ignored[i]));
        assert_ok(c);
    }
}

/* -- importance-weighted bounds ------------------------------------------------------------------------------------ */
static void bounds(weir_model *m, int64_t draws, int64_t importance, double *lp, weir_log_prob_info *info)
{
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.draws = draws, o.importance = importance;
    *info = (weir_log_prob_info){ .size = sizeof *info };
    assert_int_equal(weir_model_log_prob_into_f64(m, weir_data(data(weir_model_ctx(m))), N, &o, lp, info), WEIR_OK);
}

static double mean_exp(const double *v, int n)
{
    double total = 0;
    for (int i = 0; i < n; i++) total += exp(v[i] - v[0]) / n;
    return v[0] + log(total);
}

static double mean_of(const double *v)
{
    double total = 0;
    for (int i = 0; i < N; i++) total += v[i] / N;
    return total;
}

static void test_importance(void **state)
{
    weir_ctx *c = *state;
    static const char *const dequantizers[] = { "uniform", "variational", "powers" };
    for (int d = 0; d < 3; d++) {
        char text[64];
        snprintf(text, sizeof text, "dequantizer=%s", dequantizers[d]);
        weir_model *m = made(c, text);
        weir_log_prob_info info;
        double mean[4][N], draw[N][4], lp[N], many[N];
        for (int64_t k = 0; k < 4; k++) { /* each draw from the means of the first */
            bounds(m, k + 1, 1, mean[k], &info);
            for (int i = 0; i < N; i++) draw[i][k] = (k + 1) * mean[k][i] - (k > 0 ? k * mean[k - 1][i] : 0);
        }
        assert_int_equal(info.importance, 1);
        assert_int_equal(info.kind, d == 0 ? WEIR_LOG_PROB_EXACT : WEIR_LOG_PROB_LOWER_BOUND);
        bounds(m, 1, 4, lp, &info);
        assert_true(info.importance == 4 && info.draws == 1 && info.kind == WEIR_LOG_PROB_LOWER_BOUND);
        for (int i = 0; i < N; i++) assert_near(lp[i], mean_exp(draw[i], 4), 1e-11);
        bounds(m, 2, 2, lp, &info);
        for (int i = 0; i < N; i++) assert_near(lp[i], (mean_exp(draw[i], 2) + mean_exp(draw[i] + 2, 2)) / 2, 1e-11);
        bounds(m, 1, 200, many, &info);
        assert_true(mean_of(many) > mean_of(mean[0]));
        weir_model_free(m);
    }
}

static void test_importance_refusals(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nice", "dim=4 dtype=f64 hidden=8"), *estimate = weir_model_new(c, "rectified-flow", "dim=6 levels=17 net.hidden=8");
    weir_log_prob_info info;
    double lp[N];
    const float x[6] = { 1, 2, 3, 4, 5, 6 };
    bounds(m, 1, 8, lp, &info); /* nothing is drawn */
    assert_true(info.importance == 1 && info.kind == WEIR_LOG_PROB_EXACT);
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.importance = 0;
    weir_model_log_prob_into(m, x, 1, &o, lp, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "importance=0: expected 1 to 1000000");
    o.importance = 2;
    o.probes = 3;
    weir_model_log_prob_into(estimate, x, 1, &o, lp, NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected 1, or no probes");
    o.probes = 0;
    info = (weir_log_prob_info){ .size = sizeof info };
    assert_int_equal(weir_model_log_prob_into(estimate, x, 1, &o, lp, &info), WEIR_OK);
    assert_true(info.importance == 2 && info.kind == WEIR_LOG_PROB_LOWER_BOUND);
    weir_model_free(m), weir_model_free(estimate);
}

static void test_files(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "dequantizer=powers");
    void *bytes;
    size_t n;
    double lp[N], again[N];
    assert_int_equal(weir_model_save_to_memory(m, &bytes, &n), WEIR_OK);
    weir_model *back = weir_model_load_from_memory(c, bytes, n);
    assert_ok(c);
    densities(m, NULL, 1, lp, NULL);
    densities(back, NULL, 1, again, NULL);
    assert_memory_equal(lp, again, sizeof lp);
    weir_buffer_free(c, bytes);
    weir_model_free(back), weir_model_free(m);
    m = weir_model_new(c, "nice", "dim=4 levels=3 dequantizer=sigmoid");
    assert_fails(c, WEIR_ERROR_NAME, "unknown dequantizer: sigmoid");
    weir_model_free(m);
}

static void everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "nice", "dim=2 levels=8 hidden=2 couplings=1 dequantizer=none");
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_full(c, WEIR_F32, 2, SHAPE(2, 2), 7);
    if (weir_ok(c)) weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, NULL));
    weir_scope_end(s);
    weir_model_free(m);
}

static void everything_learned(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "nice", "dim=2 levels=8 hidden=2 couplings=1 dequantizer=variational "
                                              "dequantizer.couplings=1 dequantizer.coupling.net.hidden=2");
    weir_log_prob_opts o = weir_log_prob_defaults();
    const float x[2] = { 7, 1 };
    double lp;
    o.importance = 2;
    if (weir_ok(c) && weir_model_log_prob_into(m, x, 1, &o, &lp, NULL) != WEIR_OK) assert_false(weir_ok(c));
    weir_model_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
    test_every_allocation(everything_learned);
}

int main(void)
{
    CASES(CASE(test_log_q_is_taken_off), CASE(test_it_learns), CASE(test_conditioned), CASE(test_none), CASE(test_variational_density),
          CASE(test_variational_learns), CASE(test_variational_refusals), CASE(test_importance), CASE(test_importance_refusals), CASE(test_files), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
