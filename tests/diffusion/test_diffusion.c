/* Training pairs, distributions of training times, networks as predictors and likelihoods, against closed forms and numbers computed elsewhere in f64. */
#include "test.h"
#include "exact.h"

/* -- training pairs ------------------------------------------------------------------------------------------------------------------- */
static void test_pairs(void **state)
{
    weir_ctx *c = *state;
    const weir_path_row *fm = (const weir_path_row *)weir_row_find(c, "path", "fm");
    weir_tensor *x0 = weir_randn(c, WEIR_F64, 3, SHAPE(4, 2, 3)), *eps = weir_randn(c, WEIR_F64, 3, SHAPE(4, 2, 3)), *t = weir_rand(c, WEIR_F64, 1, SHAPE(4)), *x, *u;
    weir__field f = { .path = fm, .prediction = &weir__prediction_velocity };
    weir__pairs pairs;
    assert_true(weir__field_pairs(&f, &weir__loss_weight_none, NULL, x0, eps, t, &pairs));
    x = pairs.x, u = pairs.target;
    assert_true(pairs.label == t && pairs.weight == NULL);
    assert_ok(c);
    for (int64_t i = 0; i < 4; i++)
        for (int64_t j = 0; j < 6; j++) {
            const int64_t *at = SHAPE(i, j / 3, j % 3);
            double a = weir_get(x0, at), e = weir_get(eps, at), v = weir_get(t, &i);
            assert_near(weir_get(x, at), (1 - v) * a + v * e, 1e-15);
            assert_near(weir_get(u, at), e - a, 1e-15);
        }
}

/* -- laws of times ------------------------------------------------------------------------------------------------------------------------ */
/* Draws by sample id, and their histogram against the integral of the density. */
static void law(weir_ctx *c, const weir_time_density_row *d, const char *options)
{
    enum { DRAWS = 100000, CELLS = 10 };
    char opts[1024];
    int64_t ids[3] = { 500, 3, 99999 };
    assert_int_equal(weir_options_defaults(c, &d->row, opts), WEIR_OK);
    assert_int_equal(weir_options_parse(c, &d->row, opts, options), WEIR_OK);
    weir_scope s = weir_scope_begin(c);
    weir__frame old = weir__frame_set(c, (weir__frame){ .stream = 7 });
    weir_tensor *t = d->draw(c, WEIR_F32, DRAWS, opts);
    weir__frame_set(c, (weir__frame){ .stream = 7, .ids = ids, .n_ids = 3 });
    weir_tensor *three = d->draw(c, WEIR_F32, 3, opts);
    weir__frame_set(c, old);
    assert_ok(c);
    for (int64_t i = 0; i < 3; i++) assert_true(weir_get(three, &i) == weir_get(t, &ids[i]));
    double found[CELLS] = { 0 };
    for (int64_t i = 0; i < DRAWS; i++) {
        double v = ((const float *)weir_data(t))[i];
        assert_true(v >= 0 && v <= 1);
        found[v == 1 ? CELLS - 1 : (int)(v * CELLS)] += 1.0 / DRAWS;
    }
    for (int k = 0; k < CELLS; k++) {
        double expected = 0, steps = 2000;
        for (int i = 0; i < (int)steps; i++) expected += exp(d->log_density(opts, (k + (i + 0.5) / steps) / CELLS)) / steps / CELLS;
        if (fabs(found[k] - expected) > 5 * sqrt(expected * (1 - expected) / DRAWS) + 1e-9)
            fail_msg("%s %s: cell %d: %g of the draws, expected %g", d->row.name, options, k, found[k], expected);
    }
    assert_true(d->log_density(opts, -0.1) == -INFINITY && d->log_density(opts, 1.5) == -INFINITY);
    weir_scope_end(s);
}

static void test_laws_of_times(void **state)
{
    weir_ctx *c = *state;
    for (int64_t i = 0; i < weir_row_count(c, "time_density"); i++) {
        const weir_time_density_row *d = (const weir_time_density_row *)weir_row_at(c, "time_density", i);
        if (d->of_sigma) continue; /* diffusion/test_field.c */
        law(c, d, "");
        law(c, d, d->row.test);
    }
    law(c, (const weir_time_density_row *)weir_row_find(c, "time_density", "logit_normal"), "mean=1.5 std=0.5");
}

/* -- networks as predictors ----------------------------------------------------------------------------------------------------------------------------- */
static weir__field mixture_field(weir_ctx *c, const mixture *g, const int64_t *shape)
{
    mixture_now = g;
    return (weir__field){ .ctx = c, .net = weir_module_from_row(c, &mixture_network, NULL), .path = path_number(c, 0),
                          .prediction = (const weir_prediction_row *)weir_row_find(c, "prediction", "velocity"), .dtype = WEIR_F64, .ndim = 1, .shape = shape,
                          .dim = g->dim };
}

/* A network as a predictor: what it was trained to say, and any other form of it. */
static void test_a_network_predicts(void **state)
{
    static const char *const forms[] = { "x0", "eps", "velocity", "v", "score" };
    weir_ctx *c = *state;
    weir__field f = mixture_field(c, &gmm3, SHAPE(2));
    exact e = { .g = &gmm3, .path = f.path };
    double x[6] = { 0.5, -0.25, 1, 2, -1, 0.1 }, t[3] = { 0.9, 0.5, 0.05 }, y[6], want[6];
    for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
        const weir_prediction_row *form = (const weir_prediction_row *)weir_row_find(c, "prediction", forms[k]);
        assert_int_equal(weir__field_predict(&f, form, 3, SHAPE(0, 1, 2), t, x, y), WEIR_OK);
        assert_int_equal(exact_predict(&e, form, 3, SHAPE(0, 1, 2), t, x, want), WEIR_OK);
        for (int j = 0; j < 6; j++) assert_near(y[j], want[j], 1e-12);
    }
    weir_module_free(f.net);
}

/* -- likelihoods ----------------------------------------------------------------------------------------------------------------------------- */
static double log_p(weir_ctx *c, const weir__field *f, double lo, double tolerance, const double *x, int64_t probes, double *error)
{
    char text[64];
    double result;
    weir_sample_report report;
    snprintf(text, sizeof text, "rtol=%g atol=%g", tolerance, tolerance);
    chosen k = choose(c, "dopri5", text);
    weir__likelihood l = { .field = f, .sampler = k.row, .sampler_options = k.options, .lo = lo, .hi = 1 };
    if (probes > 0) {
        weir_tensor *u = weir_rand(c, WEIR_F64, 3, SHAPE(1, probes, f->dim));
        l.probes = weir_where(weir_lt(u, weir_scalar(c, WEIR_F64, 0.5)), weir_scalar(c, WEIR_F64, -1), weir_scalar(c, WEIR_F64, 1));
    }
    assert_int_equal(weir__likelihood_run(&l, 1, x, &result, error, &report), WEIR_OK);
    assert_int_equal(report.end, WEIR_SAMPLE_DONE);
    put_back(c, &k);
    return result;
}

/* By other samplers than methods for ODEs, and in sigma, which the trace does not know. */
static void test_no_density_by_these(void **state)
{
    weir_ctx *c = *state;
    weir__field f = mixture_field(c, &gmm3, SHAPE(2));
    double x[2] = { 0.3, -0.4 }, lp;
    weir_sample_report report;
    chosen k = choose(c, "heun", "frame=sigma");
    weir__likelihood l = { .field = &f, .sampler = k.row, .sampler_options = k.options, .lo = 0, .hi = 1 };
    weir__likelihood_run(&l, 1, x, &lp, NULL, &report);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "sampler.heun: frame=sigma: expected frame=t");
    weir_sampler_row other = *k.row;
    other.solve = NULL;
    l.sampler = &other;
    weir__likelihood_run(&l, 1, x, &lp, NULL, &report);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected a method for ODEs");
    put_back(c, &k);
    weir_module_free(f.net);
}

static void test_mixture_density(void **state)
{
    weir_ctx *c = *state;
    weir__field f = mixture_field(c, &gmm3, SHAPE(2));
    assert_near(log_p(c, &f, 0.05, 1e-8, (const double[]){ 0.3, -0.4 }, 0, NULL), -3.211234697, 1e-7);
    for (int i = 0; i < 12; i++) {
        const double x[2] = { -2 + 0.35 * i, 1 - 0.4 * (i % 6) };
        assert_near(log_p(c, &f, 0, 1e-8, x, 0, NULL), mixture_log_density(&gmm3, x), 1e-6);
        assert_near(log_p(c, &f, 0, 1e-5, x, 0, NULL), mixture_log_density(&gmm3, x), 1e-4);
    }
    weir_module_free(f.net);
}

/* A Gaussian of more values than products are computed at a time, with a diagonal Jacobian: closed form, and one Rademacher probe is exact, (+-1)^2 J_ii. */
static void test_gaussian_density(void **state)
{
    weir_ctx *c = *state;
    weir__field f = mixture_field(c, &one_gaussian, SHAPE(MIXTURE_DIM));
    for (int i = 0; i < 2; i++) {
        double x[MIXTURE_DIM], error;
        for (int j = 0; j < MIXTURE_DIM; j++) x[j] = 0.4 * (i + 1) - 0.1 * j;
        assert_near(log_p(c, &f, 0, 1e-9, x, 0, &error), mixture_log_density(&one_gaussian, x), 1e-7);
        assert_true(error == 0);
        assert_near(log_p(c, &f, 0, 1e-9, x, 3, &error), mixture_log_density(&one_gaussian, x), 1e-7);
        assert_true(error < 1e-9);
    }
    weir_module_free(f.net);
}

/* -- networks ---------------------------------------------------------------------------------------------------------------------------------- */
/* The products of a network's own rule are those of autograd. */
static void test_products(void **state)
{
    weir_ctx *c = *state;
    static const char *const nets[] = {
        "in=3 out=3 hidden=7,5 time=raw activation=silu", "in=3 out=3 hidden=6 time=fourier frequencies=3 activation=tanh", "in=3 out=3 hidden= time=raw",
        "in=3 out=3 hidden=5,5,5 time=sinusoidal frequencies=2 activation=gelu", "in=3 out=3 hidden=9 time=raw activation=relu",
    };
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        char options[160];
        snprintf(options, sizeof options, "%s dtype=f64", nets[i]);
        weir_module *net = weir_module_new(c, "mlp", options);
        weir_scope s = weir_scope_begin(c);
        weir_tensor *x = weir_randn(c, WEIR_F64, 2, SHAPE(4, 3)), *t = weir_rand(c, WEIR_F64, 1, SHAPE(4)), *v = weir_randn(c, WEIR_F64, 3, SHAPE(4, 2, 3)), *a, *b;
        weir_tensor *y = weir_network_jvp(net, x, t, NULL, v, &a), *plain = weir_network_at(net, x, t, NULL);
        assert_ok(c);
        weir_module_row by_autograd = *net->row;
        const weir_module_row *own = net->row;
        by_autograd.jvp = NULL;
        net->row = &by_autograd;
        weir_tensor *z = weir_network_jvp(net, x, t, NULL, v, &b);
        net->row = own;
        assert_ok(c);
        assert_false(weir_requires_grad(a) || weir_requires_grad(b) || weir_requires_grad(y) || weir_requires_grad(z));
        for (int64_t r = 0; r < 4; r++)
            for (int64_t j = 0; j < 3; j++) {
                assert_near(weir_get(y, SHAPE(r, j)), weir_get(plain, SHAPE(r, j)), 1e-14);
                assert_near(weir_get(z, SHAPE(r, j)), weir_get(plain, SHAPE(r, j)), 1e-14);
                for (int64_t k = 0; k < 2; k++) assert_near(weir_get(a, SHAPE(r, k, j)), weir_get(b, SHAPE(r, k, j)), 1e-12);
            }
        weir_scope_end(s);
        weir_module_free(net);
    }
}

static void test_refusals(void **state)
{
    weir_ctx *c = *state;
    weir_module *linear = weir_module_new(c, "linear", "in=2 out=2"), *timeless = weir_module_new(c, "mlp", "in=2 out=2"), *net = weir_module_new(c, "mlp", "in=2 out=2 time=raw");
    weir_tensor *x = weir_ones(c, WEIR_F32, 2, SHAPE(3, 2)), *t = weir_ones(c, WEIR_F32, 1, SHAPE(3)), *v = weir_ones(c, WEIR_F32, 3, SHAPE(3, 1, 2)), *jv;
    assert_true(weir_is_nil(weir_network_at(linear, x, t, NULL)));
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected a network");
    weir_network_at(timeless, x, t, NULL);
    assert_fails(c, WEIR_ERROR_STATE, "expected no time");
    weir_network_at(net, x, weir_ones(c, WEIR_F32, 1, SHAPE(2)), NULL);
    assert_fails(c, WEIR_ERROR_SHAPE, "t [B]");
    weir_network_at(net, x, NULL, NULL);
    assert_fails(c, WEIR_ERROR_STATE, "a time of every sample");
    weir_network_jvp(net, x, t, NULL, x, &jv);
    assert_true(weir_is_nil(jv));
    assert_fails(c, WEIR_ERROR_SHAPE, "expected vectors [B, k, elements of a sample]");
    weir_network_at(net, weir_ones(c, WEIR_F32, 2, SHAPE(3, 3)), t, NULL);
    assert_fails(c, WEIR_ERROR_SHAPE, "expected f32 [.., 3]");
    weir_network_jvp(NULL, x, t, NULL, v, &jv);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "network_jvp: NULL");
    weir_module_free(linear), weir_module_free(timeless), weir_module_free(net);
}

static void everything(weir_ctx *c)
{
    weir__field f = mixture_field(c, &gmm3, SHAPE(2));
    double x[4] = { 0.3, -0.4, 1, 1 }, lp[2];
    weir_sample_report report[2];
    const weir_sampler_row *row = (const weir_sampler_row *)weir_row_find(c, "sampler", "euler");
    _Alignas(max_align_t) char opts[1024];
    if (row && weir_options_defaults(c, &row->row, opts) == WEIR_OK) {
        weir__likelihood l = { .field = &f, .sampler = row, .sampler_options = opts, .lo = 0, .hi = 1 };
        if (weir_options_parse(c, &row->row, opts, "steps=1") == WEIR_OK && weir_ok(c)) weir__likelihood_run(&l, 2, x, lp, NULL, report);
        weir_options_free(c, &row->row, opts);
    }
    weir_module_free(f.net);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_pairs), CASE(test_laws_of_times), CASE(test_a_network_predicts), CASE(test_mixture_density),
          CASE(test_gaussian_density), CASE(test_no_density_by_these), CASE(test_products), CASE(test_refusals), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
