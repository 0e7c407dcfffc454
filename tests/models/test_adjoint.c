/* The loss of cnf by the continuous adjoint: values and gradients beside those of the steps, as the
 * steps get short; memory; by shards; what it cannot. */
#include "models/model_test.h"
#include "weir/grad.h"

enum { N = 5, D = 3, MOST = 4096 };

static weir_model *made(weir_ctx *c, const char *adjoint, int steps, const char *more)
{
    char text[256];
    snprintf(text, sizeof text,
             "dim=3 net.hidden=6 dtype=f64 kinetic=0.3 jacobian=0.2 adjoint=%s solver.steps=%d %s",
             adjoint, steps, more);
    return stirred_model(c, "cnf", text, 0.8);
}

/* The mean loss of a fixed batch, and its gradients by all parameters and by the batch. */
static double gradients(weir_model *m, double *g, int64_t *n)
{
    weir_ctx *c = weir_model_ctx(m);
    double x[N * D];
    for (int i = 0; i < N * D; i++) x[i] = weir__normal(3, 0, (uint64_t)i);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *at = weir_set_requires_grad(weir_from_f64(c, x, 2, SHAPE(N, D)), true);
    weir_model_set_random_step(m, 7); /* the same probes */
    weir_tensor *loss = weir_mean(weir_model_loss(m, weir_batch_wrap(c, at, NULL, NULL, NULL)));
    assert_int_equal(weir_backward(loss), WEIR_OK);
    weir_module *net = weir_model_module(m);
    double value = weir_item(loss);
    *n = 0;
    for (int64_t i = 0; i <= weir_module_state_count(net); i++) {
        weir_tensor *t = i == 0 ? at : weir_module_state_at(net, i - 1, NULL, NULL);
        assert_true(*n + weir_numel(t) <= MOST);
        weir_copy_to_f64(weir_grad_of(t), g + *n, weir_numel(t));
        *n += weir_numel(t);
    }
    assert_ok(c);
    weir_scope_end(s);
    return value;
}

/* The largest difference of gradients, of the largest gradient. */
static double difference(weir_ctx *c, int steps, const char *more)
{
    static double a[MOST], b[MOST];
    double worst = 0, most = 0;
    int64_t n;
    weir_model *by_steps = made(c, "no", steps, more), *adjoint = made(c, "yes", steps, more);
    double loss = gradients(by_steps, a, &n);
    assert_near(gradients(adjoint, b, &n), loss, 1e-12); /* the number itself is the same */
    for (int64_t i = 0; i < n; i++) {
        worst = fmax(worst, fabs(a[i] - b[i]));
        most = fmax(most, fabs(a[i]));
    }
    weir_model_free(by_steps);
    weir_model_free(adjoint);
    return worst / most;
}

/* Twice the steps of order p: 2^p closer. By the exact trace and by probes. */
static void test_gradients_come_together(void **state)
{
    weir_ctx *c = *state;
    static const struct { const char *solver; double order; } methods[] = {
        { "solver=rk4 probes=0", 4 },
        { "solver=rk4 probes=2", 4 },
        { "solver=heun probes=1", 2 },
        { "solver=euler probes=0", 1 },
    };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        double coarse = difference(c, 8, methods[i].solver);
        double fine = difference(c, 16, methods[i].solver);
        print_message("%s: %g %g\n", methods[i].solver, coarse, fine);
        assert_true(coarse > 1e-12 && coarse < 0.2);
        assert_true(fine < 1.5 * coarse / pow(2, methods[i].order));
    }
    assert_true(difference(c, 32, "solver=rk4 probes=0") < 1e-6);
}

static double peak(const char *adjoint, int steps)
{
    weir_ctx *c = weir_open(1);
    static double g[MOST];
    int64_t n;
    weir_model *m = made(c, adjoint, steps, "solver=rk4 probes=1");
    gradients(m, g, &n);
    weir_memory_info info = weir_memory(c);
    weir_model_free(m);
    weir_close(c);
    return (double)info.peak_bytes;
}

static void test_peaks(void **state)
{
    (void)state;
    double few = peak("yes", 4), many = peak("yes", 64);
    double few_recorded = peak("no", 4), many_recorded = peak("no", 64);
    print_message("bytes: adjoint %g, %g; recorded %g, %g\n", few, many, few_recorded, many_recorded);
    assert_true(many < 1.05 * few);
    assert_true(many_recorded > 5 * few_recorded);
}

static void test_second_derivative(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "yes", 2, "");
    weir_tensor *x = weir_set_requires_grad(weir_zeros(c, WEIR_F64, 2, SHAPE(N, D)), true), *g;
    weir_tensor *loss = weir_sum(weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, NULL)));
    assert_true(weir_grad(1, &loss, 1, &x, NULL, true, true, &g) != WEIR_OK);
    assert_fails(c, WEIR_ERROR_GRAPH, "adjoint: a second derivative: expected the first alone");
    weir_model_free(m);
    assert_true(weir_model_is_nil(weir_model_new(c, "cnf", "dim=2 adjoint=yes classes=3")));
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected a model without classes and context");
}

static void everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "cnf", "dim=2 net.hidden=3 adjoint=yes solver=heun solver.steps=1");
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_zeros(c, WEIR_F32, 2, SHAPE(2, 2));
    if (weir_ok(c)) {
        weir_tensor *loss = weir_sum(weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, NULL)));
        if (weir_ok(c)) weir_backward(loss);
    }
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
    CASES(CASE(test_gradients_come_together), CASE(test_peaks), CASE(test_second_derivative),
          CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
