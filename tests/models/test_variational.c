/* The variational bound of models on a path: closed forms, seeds, refusals. */
#include "diffusion/diffusion.h"
#include "models/model_test.h"
#include "weir/diffusion.h"

enum { N = 4, DIM = 2, STEPS = 20 };
static const double X[N * DIM] = { 0.3, -0.4, 1.1, 0.2, -0.7, 0.9, 0.1, -2 };

static double squares(int64_t i) { return X[2 * i] * X[2 * i] + X[2 * i + 1] * X[2 * i + 1]; }
static double normal_log(double variance)
{
    return -0.5 * DIM * (1.8378770664093454836 + log(variance));
}

/* a^2 at t = i / steps of the default table */
static double a2_at(weir_ctx *c, double t)
{
    const weir_path_row *path = (const weir_path_row *)weir_row_find(c, "path", "ddpm");
    char options[256];
    assert_int_equal(weir_options_defaults(c, &path->row, options), WEIR_OK);
    double a = path->at(options, t).a;
    return a * a;
}

/* By hand, for |x|^2 = square. E |x - D|^2 is `square` of D = 0, and of D = a x_t, the best of data
 * N(0, I), b^4 square + a^2 b^2 DIM. */
static double closed_form(weir_ctx *c, double square, int64_t steps, bool best)
{
    double end = a2_at(c, 1), before = 0;
    double bound = 0.5 * DIM * (end + log(1 - end)) - 0.5 * end * square;
    for (int64_t k = 1; k <= steps; k++) {
        double a2 = a2_at(c, (double)k / (double)steps), b2 = 1 - a2, snr = a2 / b2;
        double error = best ? b2 * b2 * square + a2 * b2 * DIM : square;
        if (k == 1) bound += normal_log(b2) - 0.5 * error / b2;
        else bound -= 0.5 * (before - snr) * error;
        before = snr;
    }
    return bound;
}

static weir_model *zero_model(weir_ctx *c, const char *prediction)
{
    char options[128];
    snprintf(options, sizeof options, "dim=2 net.hidden=4 dtype=f64 prediction=%s", prediction);
    weir_model *m = stirred_model(c, "ddpm", options, 0);
    weir_module_train(weir_model_module(m), false);
    return m;
}

static weir_log_prob_opts bounded(int64_t steps, int64_t draws)
{
    weir_log_prob_opts o = weir_log_prob_defaults();
    o.bound = WEIR_BOUND_VARIATIONAL;
    o.steps = steps;
    o.draws = draws;
    o.seed = 5;
    o.use_seed = true;
    return o;
}

/* A network that says D = 0 whatever the noise: no draw moves the bound. */
static void test_without_noise(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = zero_model(c, "x0");
    for (int64_t steps = 1; steps <= 1000; steps *= 10) {
        weir_log_prob_opts o = bounded(steps, 1);
        weir_log_prob_info info = { .size = sizeof info };
        double lp[N];
        assert_int_equal(weir_model_log_prob_into_f64(m, X, N, &o, lp, &info), WEIR_OK);
        for (int64_t i = 0; i < N; i++)
            assert_near(lp[i], closed_form(c, squares(i), steps, false), 1e-9);
        assert_int_equal(info.kind, WEIR_LOG_PROB_LOWER_BOUND);
        assert_true(info.evaluations == (double)steps && !info.solver && info.fixed_steps == 0);
    }
    weir_model_free(m);
}

/* v = 0 is the best that can be said of data N(0, I): over draws the bound is the closed form,
 * whose mean is below that of log p. */
static void test_gaussian(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = zero_model(c, "v");
    weir_log_prob_opts o = bounded(STEPS, 2000);
    double lp[N], error[N];
    weir_log_prob_info info = { .size = sizeof info, .stderr_of = error };
    assert_int_equal(weir_model_log_prob_into_f64(m, X, N, &o, lp, &info), WEIR_OK);
    for (int64_t i = 0; i < N; i++) {
        double want = closed_form(c, squares(i), STEPS, true);
        if (!(error[i] > 0 && error[i] < 0.1 && fabs(lp[i] - want) < 4 * error[i]))
            fail_msg("%.6f +- %.6f is not %.6f", lp[i], error[i], want);
    }
    /* mean over the data, of |x|^2 = DIM, of log p - bound: by the sum in Python's doubles */
    static const double gaps[] = { 1.3698278616378374, 1.7791620295036807, 0.9297846374942007 };
    for (int64_t steps = 10, k = 0; k < 3; steps *= 10, k++)
        assert_near(normal_log(1) - 0.5 * DIM - closed_form(c, DIM, steps, true), gaps[k], 1e-9);
    weir_model_free(m);
}

/* Of the table's own steps unless said; by seed and id, whatever the chunk; one draw has no error.
 */
static void test_draws(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = zero_model(c, "v");
    weir_log_prob_opts o = bounded(0, 1);
    double a[N], b[N], error[N];
    weir_log_prob_info info = { .size = sizeof info, .stderr_of = error };
    assert_int_equal(weir_model_log_prob_into_f64(m, X, N, &o, a, &info), WEIR_OK);
    assert_true(info.evaluations == 1000 && isnan(error[0]));
    o.batch = 1;
    assert_int_equal(weir_model_log_prob_into_f64(m, X, N, &o, b, NULL), WEIR_OK);
    assert_memory_equal(a, b, sizeof a);
    o.seed = 6;
    assert_int_equal(weir_model_log_prob_into_f64(m, X, N, &o, b, NULL), WEIR_OK);
    assert_true(a[0] != b[0]);
    weir_model_free(m);
}

static void test_refused(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, "dim=2 hidden=4 couplings=2", 0.1);
    weir_log_prob_opts o = bounded(5, 1);
    double lp[N];
    assert_int_not_equal(weir_model_log_prob_into_f64(m, X, N, &o, lp, NULL), WEIR_OK);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "bound: model.nice: expected a model on a path");
    weir_model_free(m);
    m = zero_model(c, "v");
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_from_f64(c, X, 2, SHAPE(N, DIM));
    weir_model_log_prob(m, weir_batch_wrap(c, x, NULL, NULL, NULL), &o, NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "bound: no gradients");
    weir_scope_end(s);
    weir_model *integers = stirred_model(c, "ddpm", "dim=2 levels=4 net.hidden=4", 0.1);
    const double v[N * DIM] = { 0, 1, 2, 3, 3, 2, 1, 0 };
    o.importance = 4;
    assert_int_not_equal(weir_model_log_prob_into_f64(integers, v, N, &o, lp, NULL), WEIR_OK);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "importance=4: model.ddpm: the variational bound: expected 1");
    weir_model_free(integers);
    o.importance = 1;
    o.bound = (weir_bound)7;
    assert_int_not_equal(weir_model_log_prob_into_f64(m, X, N, &o, lp, NULL), WEIR_OK);
    assert_fails(c, WEIR_ERROR_RANGE, "bound=7");
    weir_model_free(m);
}

static void use(weir_ctx *c)
{
    double lp[N];
    weir_log_prob_opts o = bounded(3, 1);
    weir_model *m = weir_model_new(c, "ddpm", "dim=2 net.hidden=4 dtype=f64");
    if (weir_ok(c)) (void)weir_model_log_prob_into_f64(m, X, N, &o, lp, NULL);
    weir_model_free(m);
}

static void test_allocations(void **state)
{
    (void)state;
    test_every_allocation(use);
}

int main(void)
{
    CASES(CASE(test_without_noise), CASE(test_gaussian), CASE(test_draws), CASE(test_refused),
          CASE(test_allocations));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
