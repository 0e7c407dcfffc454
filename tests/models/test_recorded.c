/* Log-densities of continuous models with their history: values beside those of the adaptive solver, gradients by the sample and by parameters
 * against differences, to second order; the loss of cnf. */
#include "models/model_test.h"
#include "weir/grad.h"

enum { N = 3, D = 2 };
static const char *const models[][2] = {
    { "rectified-flow", "dim=2 net.hidden=6 dtype=f64 log_prob.steps=8 log_prob=rk4" },
    { "edm", "dim=2 net.hidden=6 dtype=f64 path.sigma_max=5 log_prob.steps=8 log_prob=heun" },
    { "score-sde", "dim=2 net.hidden=6 dtype=f64 log_prob.steps=4 log_prob=dopri5" },
    { "cnf", "dim=2 net.hidden=6 dtype=f64 log_prob.steps=8" },
};
enum { MODELS = sizeof models / sizeof *models };

static const double at[N * D] = { 0.3, -0.4, 1.1, 0.2, -0.7, 0.9 };

static weir_tensor *recorded_log_prob(weir_model *m, weir_tensor *x)
{
    return weir_model_log_prob(m, weir_batch_wrap(weir_ctx_of(x), x, NULL, NULL, NULL), NULL, NULL);
}

/* The sum of log p at x, by the same steps. */
static double total(weir_model *m, const double *x)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *wanted = weir_set_requires_grad(weir_from_f64(c, x, 2, SHAPE(N, D)), true);
    double v = weir_item(weir_sum(recorded_log_prob(m, wanted)));
    weir_scope_end(s);
    return v;
}

static void gradients_are_differences(weir_model *m)
{
    weir_ctx *c = weir_model_ctx(m);
    const double h = 1e-5;
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_set_requires_grad(weir_from_f64(c, at, 2, SHAPE(N, D)), true), *lp = recorded_log_prob(m, x), *sum = weir_sum(lp), *g, *second;
    assert_int_equal(weir_grad(1, &sum, 1, &x, NULL, true, true, &g), WEIR_OK);
    for (int i = 0; i < N * D; i++) {
        double up[N * D], down[N * D];
        memcpy(up, at, sizeof up), memcpy(down, at, sizeof down);
        up[i] += h, down[i] -= h;
        assert_near(weir_get(g, SHAPE(i / D, i % D)), (total(m, up) - total(m, down)) / (2 * h), 1e-7);
    }
    weir_tensor *square = weir_sum(weir_square(g)); /* and the gradient of a gradient */
    assert_int_equal(weir_grad(1, &square, 1, &x, NULL, false, true, &second), WEIR_OK);
    assert_true(isfinite(weir_item(weir_sum(second))) && weir_item(weir_sum(weir_square(second))) > 0);
    assert_int_equal(weir_backward(sum), WEIR_OK);
    weir_module *net = weir_module_child_at(weir_model_module(m), 0);
    for (int64_t k = 0; k < weir_module_state_count(net); k++) {
        weir_tensor *p = weir_module_state_at(net, k, NULL, NULL);
        double *v = weir_data_mut(p), kept = v[0], sides[2];
        for (int side = 0; side < 2; side++) {
            v = weir_data_mut(p);
            v[0] = kept + (side ? -h : h);
            sides[side] = total(m, at);
        }
        v = weir_data_mut(p), v[0] = kept;
        const int64_t first[4] = { 0 };
        assert_near(weir_get(weir_grad_of(p), first), (sides[0] - sides[1]) / (2 * h), 1e-6);
    }
    weir_scope_end(s);
}

static void test_gradients(void **state)
{
    weir_ctx *c = *state;
    for (int i = 0; i < MODELS; i++) {
        weir_model *m = stirred_model(c, models[i][0], models[i][1], 0.5);
        gradients_are_differences(m);
        weir_model_free(m);
        assert_ok(c);
    }
}

/* Many steps give the adaptive solver's value; into the caller's arrays, by the one call; nothing is recorded where nothing is wanted. */
static void test_values(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred_model(c, "rectified-flow", "dim=2 net.hidden=6 dtype=f64 log_prob.rtol=1e-9 log_prob.atol=1e-9", 0.5);
    weir_log_prob_opts o = weir_log_prob_defaults();
    weir_log_prob_info info = { .size = sizeof info };
    double lp[N], lp_wanted[N], g[N * D];
    assert_int_equal(weir_model_log_prob_into_f64(m, at, N, NULL, lp, &info), WEIR_OK);
    assert_int_equal(info.fixed_steps, 0);
    o.steps = 60;
    assert_int_equal(weir_model_log_prob_grad_into_f64(m, at, N, &o, lp_wanted, g, &info), WEIR_OK);
    assert_int_equal(info.fixed_steps, 60);
    for (int i = 0; i < N; i++) assert_near(lp_wanted[i], lp[i], 1e-8);
    for (int i = 0; i < N * D; i++) {
        double up[N * D], down[N * D], a[N], b[N];
        memcpy(up, at, sizeof up), memcpy(down, at, sizeof down);
        up[i] += 1e-4, down[i] -= 1e-4;
        weir_model_log_prob_into_f64(m, up, N, NULL, a, NULL);
        weir_model_log_prob_into_f64(m, down, N, NULL, b, NULL);
        assert_near(g[i], (a[i / D] - b[i / D]) / 2e-4, 1e-4);
    }
    o.solver = "no-such";
    assert_true(weir_model_log_prob_grad_into_f64(m, at, N, &o, lp_wanted, g, NULL) != WEIR_OK);
    weir_clear(c);
    weir_model_free(m);
}

/* With both penalties off and the solver of the loss, the loss is -log p; penalties add what they say. */
static void test_cnf_loss(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred_model(c, "cnf", "dim=2 net.hidden=6 dtype=f64 kinetic=0 jacobian=0 solver.steps=7 log_prob=rk4 log_prob.steps=7", 0.5);
    weir_model *more = stirred_model(c, "cnf", "dim=2 net.hidden=6 dtype=f64 kinetic=0.5 jacobian=0.25 solver.steps=7", 0.5);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_from_f64(c, at, 2, SHAPE(N, D)), *loss = weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, NULL));
    weir_tensor *penalised = weir_model_loss(more, weir_batch_wrap(c, x, NULL, NULL, NULL)), *lp = recorded_log_prob(m, x);
    for (int64_t i = 0; i < N; i++) {
        assert_near(weir_get(loss, &i), -weir_get(lp, &i), 1e-12);
        assert_true(weir_get(penalised, &i) > weir_get(loss, &i));
    }
    weir_scope_end(s);
    weir_model_free(m);
    weir_model_free(more);
    assert_true(weir_model_new(c, "cnf", "dim=2 solver=dopri5")->object.nil);
    assert_fails(c, WEIR_ERROR_RANGE, "solver=sampler.dopri5: expected euler, midpoint, heun, rk4, or dopri5 with steps");
}

/* The penalties of one step of Euler from t = 0: |u|^2 and |du/dx|^2 there, by differences. */
static void test_cnf_penalties(void **state)
{
    weir_ctx *c = *state;
    weir_model *m[3];
    static const char *const options[] = { "kinetic=0 jacobian=0", "kinetic=0.5 jacobian=0", "kinetic=0 jacobian=0.25" };
    for (int i = 0; i < 3; i++) {
        char text[128];
        snprintf(text, sizeof text, "dim=2 net.hidden=6 dtype=f64 solver=euler solver.steps=1 %s", options[i]);
        m[i] = stirred_model(c, "cnf", text, 0.5);
    }
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_from_f64(c, at, 2, SHAPE(N, D)), *t = weir_zeros(c, WEIR_F64, 1, SHAPE(N)), *loss[3];
    weir_module *net = weir_module_child_at(weir_model_module(m[0]), 0);
    for (int i = 0; i < 3; i++) loss[i] = weir_model_loss(m[i], weir_batch_wrap(c, x, NULL, NULL, NULL));
    weir_tensor *u = weir_network_at(net, x, t, NULL), *sides[D][2];
    const double h = 1e-5;
    for (int k = 0; k < D; k++)
        for (int side = 0; side < 2; side++) {
            double moved[N * D];
            for (int i = 0; i < N * D; i++) moved[i] = at[i] + (i % D == k ? (side ? -h : h) : 0);
            sides[k][side] = weir_network_at(net, weir_from_f64(c, moved, 2, SHAPE(N, D)), t, NULL);
        }
    for (int64_t i = 0; i < N; i++) {
        double kinetic = 0, jacobian = 0;
        for (int j = 0; j < D; j++) {
            kinetic += pow(weir_get(u, SHAPE(i, j)), 2);
            for (int k = 0; k < D; k++) jacobian += pow((weir_get(sides[k][0], SHAPE(i, j)) - weir_get(sides[k][1], SHAPE(i, j))) / (2 * h), 2);
        }
        assert_near(weir_get(loss[1], &i) - weir_get(loss[0], &i), 0.5 * kinetic, 1e-12);
        assert_near(weir_get(loss[2], &i) - weir_get(loss[0], &i), 0.25 * jacobian, 1e-8);
    }
    weir_scope_end(s);
    for (int i = 0; i < 3; i++) weir_model_free(m[i]);
}

int main(void)
{
    CASES(CASE(test_gradients), CASE(test_values), CASE(test_cnf_loss), CASE(test_cnf_penalties));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
