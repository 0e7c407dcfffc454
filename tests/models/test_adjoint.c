/* The loss of cnf by the continuous adjoint: values and gradients beside those of the steps, as the
 * steps get short or the tolerance small; under conditions; memory; what it cannot. */
#include "models/model_test.h"
#include "weir/grad.h"

enum { N = 5, D = 3, MOST = 4096 };

/* steps 0: those that the solver in `more` chooses */
static weir_model *made(weir_ctx *c, const char *adjoint, int steps, const char *more)
{
    char text[512], own[40] = "";
    if (steps > 0) snprintf(own, sizeof own, "solver.steps=%d", steps);
    snprintf(text, sizeof text,
             "dim=3 net.hidden=6 dtype=f64 kinetic=0.3 jacobian=0.2 adjoint=%s %s %s", adjoint, own,
             more);
    return stirred_model(c, "cnf", text, 0.8);
}

/* Of those that m wants: a class, and a context that wants a gradient too. */
static weir_condition *conditions(weir_model *m, weir_tensor **context)
{
    weir_ctx *c = weir_model_ctx(m);
    const int64_t classes[N] = { 2, 0, 1, 2, 0 };
    double values[2 * N];
    weir_condition *k = NULL;
    *context = NULL;
    for (int i = 0; weir_model_wants(m, i); i++) {
        bool is_class = strcmp(weir_model_wants(m, i), "class") == 0;
        if (!k) k = weir_condition_new(c);
        if (is_class) k = weir_condition_with(k, "class", weir_from_i64(c, classes, 1, SHAPE(N)));
        for (int j = 0; j < 2 * N; j++) values[j] = weir__normal(4, 0, (uint64_t)j);
        if (is_class) continue;
        *context = weir_set_requires_grad(weir_from_f64(c, values, 2, SHAPE(N, 2)), true);
        k = weir_condition_with(k, "context", *context);
    }
    return k;
}

static void take(weir_tensor *leaf, double *g, int64_t *n)
{
    weir_tensor *by = weir_grad_of(leaf);
    assert_true(*n + weir_numel(leaf) <= MOST);
    for (int64_t i = 0; i < weir_numel(leaf); i++) g[*n + i] = 0;
    if (!weir_is_nil(by)) weir_copy_to_f64(by, g + *n, weir_numel(leaf));
    *n += weir_numel(leaf);
}

/* The mean loss of a fixed batch, and its gradients by all parameters, the batch and its context.
 */
static double gradients(weir_model *m, double *g, int64_t *n)
{
    weir_ctx *c = weir_model_ctx(m);
    double x[N * D];
    for (int i = 0; i < N * D; i++) x[i] = weir__normal(3, 0, (uint64_t)i);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *at = weir_set_requires_grad(weir_from_f64(c, x, 2, SHAPE(N, D)), true);
    weir_model_set_random_step(m, 7); /* the same probes */
    weir_tensor *context;
    weir_condition *k = conditions(m, &context);
    weir_tensor *loss = weir_mean(weir_model_loss(m, weir_batch_wrap(c, at, NULL, NULL, k)));
    assert_int_equal(weir_backward(loss), WEIR_OK);
    weir_module *net = weir_model_module(m);
    double value = weir_item(loss);
    *n = 0;
    take(at, g, n);
    if (context) take(context, g, n);
    for (int64_t i = 0; i < weir_module_state_count(net); i++) {
        bool is_buffer;
        weir_tensor *t = weir_module_state_at(net, i, NULL, &is_buffer);
        if (!is_buffer) take(t, g, n);
    }
    assert_ok(c);
    weir_scope_end(s);
    return value;
}

/* The largest difference of gradients, of the largest gradient; none of b is 0 where a's are not. */
static double worst_of(int64_t n, const double *a, const double *b)
{
    double worst = 0, most = 0;
    for (int64_t i = 0; i < n; i++) {
        worst = fmax(worst, fabs(a[i] - b[i]));
        most = fmax(most, fabs(a[i]));
        assert_true((a[i] == 0) == (b[i] == 0));
    }
    return worst / most;
}

static double difference(weir_ctx *c, int steps, const char *more)
{
    static double a[MOST], b[MOST];
    int64_t n;
    weir_model *by_steps = made(c, "no", steps, more), *adjoint = made(c, "yes", steps, more);
    double loss = gradients(by_steps, a, &n);
    assert_near(gradients(adjoint, b, &n), loss, 1e-12); /* the number itself is the same */
    weir_model_free(by_steps);
    weir_model_free(adjoint);
    return worst_of(n, a, b);
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
        { "solver=rk4 probes=1 classes=3 context=2", 4 },
        { "solver=rk4 probes=0 classes=3 context=2 condition.dropout=0.4", 4 },
        { "solver=rk4 probes=1 context=2 embed=mlp embed.hidden=4 embed.out=3 embed.activation=silu",
          4 },
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

/* Steps of the solver's own choice, against 96 of rk4 through which gradients flow. */
static double adaptive_difference(weir_ctx *c, const char *solver, const char *more, double *loss)
{
    static double a[MOST], b[MOST];
    char text[256];
    int64_t n;
    snprintf(text, sizeof text, "solver=rk4 %s", more);
    weir_model *by_steps = made(c, "no", 96, text);
    snprintf(text, sizeof text, "%s %s", solver, more);
    weir_model *adjoint = made(c, "yes", 0, text);
    *loss = gradients(by_steps, a, &n);
    *loss = fabs(gradients(adjoint, b, &n) - *loss);
    weir_model_free(by_steps);
    weir_model_free(adjoint);
    return worst_of(n, a, b);
}

static void test_adaptive(void **state)
{
    static const char *const conditions[] = { "probes=0", "probes=2 classes=3 context=2" };
    static const struct { const char *solver; double tolerance; } runs[] = {
        { "solver=dopri5 solver.rtol=1e-4 solver.atol=1e-4", 1e-3 },
        { "solver=dopri5 solver.rtol=1e-9 solver.atol=1e-9", 1e-8 },
        { "solver=tsit5 solver.rtol=1e-9 solver.atol=1e-9", 1e-8 },
    };
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        for (size_t j = 0; j < sizeof conditions / sizeof *conditions; j++) {
            double loss, g = adaptive_difference(*state, runs[i].solver, conditions[j], &loss);
            print_message("%s %s: gradients %g, loss %g\n", runs[i].solver, conditions[j], g, loss);
            assert_true(g < runs[i].tolerance && loss < runs[i].tolerance);
        }
}

/* A sample that uses its steps up is NaN, and so are all gradients; the other losses are not. */
static void test_out_of_steps(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "yes", 0, "probes=0 solver=dopri5 solver.max_steps=3");
    const double x[] = { 0.1, 0, 0, 1e3, -4e3, 50 };
    weir_scope s = weir_scope_begin(c);
    weir_tensor *at = weir_set_requires_grad(weir_from_f64(c, x, 2, SHAPE(2, D)), true);
    weir_tensor *loss = weir_model_loss(m, weir_batch_wrap(c, at, NULL, NULL, NULL));
    const int64_t first = 0, second = 1;
    assert_ok(c);
    assert_true(isfinite(weir_get(loss, &first)) && isnan(weir_get(loss, &second)));
    assert_int_equal(weir_backward(weir_sum(loss)), WEIR_OK);
    assert_true(isnan(weir_get(weir_grad_of(at), (const int64_t[]){ 0, 0 })));
    weir_scope_end(s);
    weir_model_free(m);
}

/* The same loss, alone and in a batch. */
static void test_alone(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, "yes", 0, "probes=0 solver=dopri5 solver.rtol=1e-3");
    const double x[] = { 0.1, -0.4, 0.9, 3, -2, 1 };
    weir_scope s = weir_scope_begin(c);
    weir_tensor *two = weir_from_f64(c, x, 2, SHAPE(2, D)), *one = weir_from_f64(c, x + D, 2, SHAPE(1, D));
    const int64_t first = 0, second = 1;
    double whole = weir_get(weir_model_loss(m, weir_batch_wrap(c, two, NULL, NULL, NULL)), &second);
    double own = weir_get(weir_model_loss(m, weir_batch_wrap(c, one, NULL, NULL, NULL)), &first);
    assert_true(whole == own);
    assert_ok(c);
    weir_scope_end(s);
    weir_model_free(m);
}

static double peak_of(const char *adjoint, int steps, const char *more)
{
    weir_ctx *c = weir_open(1);
    static double g[MOST];
    int64_t n;
    weir_model *m = made(c, adjoint, steps, more);
    gradients(m, g, &n);
    weir_memory_info info = weir_memory(c);
    weir_model_free(m);
    weir_close(c);
    return (double)info.peak_bytes;
}

static double peak(const char *adjoint, int steps)
{
    return peak_of(adjoint, steps, "solver=rk4 probes=1");
}

static void test_peaks(void **state)
{
    (void)state;
    double few = peak("yes", 4), many = peak("yes", 64);
    double few_recorded = peak("no", 4), many_recorded = peak("no", 64);
    print_message("bytes: adjoint %g, %g; recorded %g, %g\n", few, many, few_recorded, many_recorded);
    assert_true(many < 1.05 * few);
    assert_true(many_recorded > 5 * few_recorded);
    double coarse = peak_of("yes", 0, "probes=1 solver=dopri5 solver.rtol=1e-2 solver.atol=1e-2");
    double fine = peak_of("yes", 0, "probes=1 solver=dopri5 solver.rtol=1e-11 solver.atol=1e-11");
    print_message("bytes of steps of its own choice: %g, %g\n", coarse, fine);
    assert_true(fine < 1.05 * coarse && fine < few_recorded);
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
    assert_true(weir_model_is_nil(weir_model_new(c, "cnf", "dim=2 solver=dopri5")));
    assert_fails(c, WEIR_ERROR_RANGE, "with steps, or adjoint=yes");
}

static void everything_by(weir_ctx *c, const char *options)
{
    weir_model *m = weir_model_new(c, "cnf", options);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_zeros(c, WEIR_F32, 2, SHAPE(2, 2));
    const int64_t classes[] = { 1, 0 };
    weir_condition *k = weir_condition_new(c);
    k = weir_condition_with(k, "class", weir_from_i64(c, classes, 1, SHAPE(2)));
    if (weir_ok(c)) {
        weir_tensor *loss = weir_sum(weir_model_loss(m, weir_batch_wrap(c, x, NULL, NULL, k)));
        if (weir_ok(c)) weir_backward(loss);
    }
    weir_scope_end(s);
    weir_model_free(m);
}

static void everything(weir_ctx *c)
{
    everything_by(c, "dim=2 classes=2 net.hidden=3 adjoint=yes solver=heun solver.steps=1");
}

static void everything_adaptive(weir_ctx *c)
{
    everything_by(c, "dim=2 classes=2 net.hidden=3 adjoint=yes solver=dopri5 solver.rtol=1");
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything_adaptive);
    test_every_allocation(everything);
}

/* -- a parameter that is used twice ------------------------------------------------------------ */
static void tied_create(weir_module *m, const void *options)
{
    weir_tensor **w = weir_module_state(m);
    (void)options;
    *w = weir_module_parameter(m, "weight", WEIR_F64, 2, SHAPE(D, D),
                               (weir_init){ WEIR_INIT_NORMAL, 0.1 });
    weir_module_share(m, "again", *w);
}

static weir_tensor *tied_at(weir_module *m, weir_tensor *x, weir_tensor *t, const weir_condition *k)
{
    weir_tensor **w = weir_module_state(m);
    (void)t;
    (void)k;
    return weir_tanh(weir_linear(weir_tanh(weir_linear(x, *w, NULL)), *w, NULL));
}

static weir_tensor *tied_forward(weir_module *m, weir_tensor *x) { return tied_at(m, x, NULL, NULL); }

static const weir_module_row tied_row = {
    .row = { .size = sizeof(weir_module_row),
             .version = 1,
             .name = "network.tied",
             .doc = "a test",
             .options_size = sizeof(size_t),
             .test = "" },
    .state_size = sizeof(weir_tensor *),
    .create = tied_create,
    .forward = tied_forward,
    .at = tied_at,
};

static void test_shared_parameter(void **state)
{
    static double g[2][MOST];
    weir_ctx *c = *state;
    int64_t n;
    assert_int_equal(weir_row_register(c, &tied_row.row), WEIR_OK);
    for (int adjoint = 0; adjoint < 2; adjoint++) {
        char text[160];
        snprintf(text, sizeof text,
                 "dim=3 net=tied dtype=f64 probes=0 solver=rk4 solver.steps=64 adjoint=%s",
                 adjoint ? "yes" : "no");
        weir_model *m = stirred_model(c, "cnf", text, 0.8);
        gradients(m, g[adjoint], &n);
        weir_model_free(m);
    }
    assert_near(worst_of(n, g[0], g[1]), 0, 1e-6);
}

int main(void)
{
    CASES(CASE(test_shared_parameter), CASE(test_gradients_come_together), CASE(test_adaptive),
          CASE(test_out_of_steps), CASE(test_alone), CASE(test_peaks), CASE(test_second_derivative),
          CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
