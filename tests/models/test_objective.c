/* Objectives of the program's own: samples and log q with their history are those that arrays get, their gradients by the
 * parameters those of differences, to second order; a function of the host enters the tape with the gradient it says. */
#include "models/model_test.h"

enum { N = 12 };

static const struct {
    const char *name, *options;
    int64_t dim;
} flows[] = {
    { "nice", "dim=3 couplings=2 hidden=8 dtype=f64", 3 },
    { "realnvp", "dim=4 couplings=2 coupling.net.hidden=8 standardize=yes dtype=f64", 4 },
    { "nsf", "shape=2,2 layers=2 bins=4 net.width=8 net.blocks=1 standardize=yes classes=3 dtype=f64", 4 },
    { "maf", "dim=3 layers=2 net.hidden=8 context=2 dtype=f64 base.name=diagonal", 3 },
    { "iaf", "dim=3 layers=2 net.hidden=8 dtype=f64", 3 },
};
enum { FLOWS = sizeof flows / sizeof *flows };

static weir_model *flow_at(weir_ctx *c, int i)
{
    static const double mean[] = { 0.5, -1, 2, 0 }, std[] = { 2, 0.5, 1, 3 };
    weir_model *m = stirred_model(c, flows[i].name, flows[i].options, 0.4);
    if (strstr(flows[i].options, "standardize")) weir_model_set_standardize(m, mean, std);
    assert_ok(c);
    return m;
}

static const weir_condition *condition_of(weir_model *m, weir_ctx *c)
{
    static const int64_t classes[] = { 0, 2, 1 };
    static const double context[] = { 0.3, -1, 1, 0.2, -0.5, 2 };
    if (weir_model_classes(m) > 0) return weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, classes, 1, SHAPE(3)));
    if (weir_model_context_dim(m) > 0) return weir_condition_with(weir_condition_new(c), "context", weir_from_f64(c, context, 2, SHAPE(3, 2)));
    return NULL;
}

/* -- the same numbers ------------------------------------------------------------------------------------------------------------ */
static void values_are_those_of_arrays(void **state)
{
    weir_ctx *c = *state;
    for (int i = 0; i < FLOWS; i++) {
        weir_model *m = flow_at(c, i);
        double x[2][N * 4], log_q[2][N];
        weir_sample_opts o = weir_sample_defaults();
        o.condition = condition_of(m, c);
        o.temperature = 0.7;
        for (int call = 0; call < 2; call++) { /* numbers go on from call to call */
            weir_tensor *q, *t = weir_model_sample_log_prob(m, N / 2, &o, &q);
            assert_ok(c);
            assert_int_equal(weir_ndim(t), strstr(flows[i].options, "shape") ? 3 : 2);
            assert_int_equal(weir_dtype_of(t), WEIR_F64);
            assert_int_equal(weir_copy_to_f64(t, x[0] + call * N / 2 * flows[i].dim, N / 2 * flows[i].dim), WEIR_OK);
            assert_int_equal(weir_copy_to_f64(q, log_q[0] + call * N / 2, N / 2), WEIR_OK);
            assert_true(weir_requires_grad(q));
        }
        assert_int_equal(weir_model_sample_position(m), N);
        weir_model_set_sample_position(m, 0);
        for (int call = 0; call < 2; call++)
            assert_int_equal(weir_model_sample_log_prob_into_f64(m, N / 2, &o, x[1] + call * N / 2 * flows[i].dim, log_q[1] + call * N / 2), WEIR_OK);
        assert_memory_equal(x[0], x[1], (size_t)(N * flows[i].dim) * sizeof(double));
        assert_memory_equal(log_q[0], log_q[1], sizeof log_q[0]);
        weir_model_free(m);
    }
}

/* -- gradients by the parameters ------------------------------------------------------------------------------------------------- */
/* E[log q + V], V made of ops so that there are second derivatives */
static weir_tensor *objective(weir_model *m)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_sample_opts o = weir_sample_defaults();
    o.first = 0;
    o.condition = condition_of(m, c);
    weir_tensor *log_q, *x = weir_model_sample_log_prob(m, N, &o, &log_q);
    return weir_mean(weir_add(log_q, weir_sum_samples(weir_add(weir_cos(x), weir_scale(weir_square(x), 0.3)))));
}

/* The objective, or with `order` 2 the sum of its gradient's elements times fixed numbers */
static double value_of(weir_model *m, int order)
{
    weir_ctx *c = weir_model_ctx(m);
    weir_module *net = weir_model_module(m);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *y = objective(m), *sum = NULL;
    for (int64_t i = 0; order == 2 && i < weir_module_state_count(net); i++) {
        bool is_buffer;
        weir_tensor *p = weir_module_state_at(net, i, NULL, &is_buffer), *g;
        if (is_buffer || weir_numel(p) == 0) continue;
        weir_grad(1, &y, 1, &p, NULL, true, true, &g);
        if (weir_is_nil(g)) continue;
        weir_tensor *part = weir_sum(weir_mul(g, weir_sin(weir_reshape(weir_cast(weir_arange(c, WEIR_I64, weir_numel(p)), WEIR_F64), weir_ndim(p), weir_shape(p)))));
        sum = sum ? weir_add(sum, part) : part;
    }
    double v = weir_item(order == 2 ? sum : y);
    if (order == 2) weir_backward(sum);
    else weir_backward(y);
    assert_ok(c);
    weir_scope_end(s);
    return v;
}

static void element_add(weir_tensor *p, int64_t j, double d)
{
    ((double *)weir_data_mut(p))[j] += d;
}

static void gradients_are_differences(void **state)
{
    weir_ctx *c = *state;
    for (int i = 0; i < FLOWS; i++) {
        weir_model *m = flow_at(c, i);
        weir_module *net = weir_model_module(m);
        int64_t tried = 0;
        for (int order = 1; order <= 2; order++)
            for (int64_t k = 0; k < weir_module_state_count(net); k++) {
                bool is_buffer;
                weir_tensor *p = weir_module_state_at(net, k, NULL, &is_buffer);
                if (is_buffer || weir_numel(p) == 0) continue;
                int64_t j = (7 * k) % weir_numel(p);
                weir_module_zero_grad(net);
                value_of(m, order);
                weir_tensor *g = weir_grad_of(p);
                double said = weir_is_nil(g) ? 0 : ((const double *)weir_data(g))[j], h = 1e-5;
                element_add(p, j, h);
                double up = value_of(m, order);
                element_add(p, j, -2 * h);
                double down = value_of(m, order);
                element_add(p, j, h);
                assert_near(said, (up - down) / (2 * h), order == 2 ? 1e-5 : 1e-6);
                tried += said != 0;
            }
        assert_true(tried > 5);
        weir_model_free(m);
    }
}

/* -- a function of the host ------------------------------------------------------------------------------------------------------ */
typedef struct host {
    int calls, gradients;
    weir_status status;
    bool forgets;
} host;

/* f(x) = sum_j sin(x_j) + x_0 x_1 */
static weir_status host_f(void *user, int64_t n, int64_t dim, const double *x, double *y, double *grad)
{
    host *h = user;
    h->calls++;
    h->gradients += grad != NULL;
    for (int64_t i = 0; i < n && !h->forgets; i++) {
        const double *at = x + i * dim;
        y[i] = at[0] * at[1];
        for (int64_t j = 0; j < dim; j++) {
            y[i] += sin(at[j]);
            if (grad) grad[i * dim + j] = cos(at[j]) + (j == 0 ? at[1] : j == 1 ? at[0] : 0);
        }
    }
    return h->status;
}

static weir_tensor *checked(void *user, weir_tensor **x) { return weir_host_function(x[0], host_f, user); }

static void a_host_function_has_its_gradient(void **state)
{
    weir_ctx *c = *state;
    host h = { 0 };
    weir_gradcheck_opts o = weir_gradcheck_defaults();
    o.order = 1;
    weir_tensor *wide = weir_randn(c, WEIR_F64, 3, SHAPE(5, 2, 2)), *turned = weir_transpose(weir_randn(c, WEIR_F64, 2, SHAPE(3, 4)), 0, 1);
    assert_int_equal(weir_gradcheck(c, checked, &h, 1, &wide, &o), WEIR_OK);
    assert_int_equal(weir_gradcheck(c, checked, &h, 1, &turned, &o), WEIR_OK); /* a view */
    weir_tensor *x = weir_set_requires_grad(weir_randn(c, WEIR_F32, 2, SHAPE(6, 3)), true);
    h = (host){ 0 };
    weir_tensor *y = weir_host_function(x, host_f, &h);
    assert_int_equal(weir_dtype_of(y), WEIR_F32);
    assert_int_equal(weir_ndim(y), 1);
    weir_backward(weir_sum(weir_scale(y, 2)));
    assert_ok(c);
    const float *at = weir_data(x), *g = weir_data(weir_grad_of(x));
    for (int i = 0; i < 6; i++) {
        assert_near(weir_get(y, SHAPE(i)), sin(at[3 * i]) + sin(at[3 * i + 1]) + sin(at[3 * i + 2]) + at[3 * i] * at[3 * i + 1], 1e-6);
        assert_near(g[3 * i + 1], 2 * (cos(at[3 * i + 1]) + at[3 * i]), 1e-6);
    }
    assert_int_equal(h.calls, 1);
    assert_int_equal(h.gradients, 1);
    weir_scope s = weir_scope_begin_no_grad(c); /* nobody wants it there */
    weir_host_function(x, host_f, &h);
    weir_scope_end(s);
    weir_host_function(weir_detach(x), host_f, &h);
    assert_int_equal(h.calls, 3);
    assert_int_equal(h.gradients, 1);
    y = weir_host_function(weir_randn(c, WEIR_F32, 2, SHAPE(0, 3)), host_f, &h);
    assert_int_equal(weir_numel(y), 0);
    assert_ok(c);
}

static void a_host_function_may_fail(void **state)
{
    weir_ctx *c = *state;
    host h = { .status = WEIR_ERROR_VALUE };
    weir_tensor *x = weir_set_requires_grad(weir_randn(c, WEIR_F64, 2, SHAPE(2, 2)), true), *g;
    assert_true(weir_is_nil(weir_host_function(x, host_f, &h)));
    assert_fails(c, WEIR_ERROR_VALUE, "host_function: [2, 2]: the function gave status");
    h = (host){ .forgets = true };
    assert_true(isnan(weir_get(weir_host_function(x, host_f, &h), SHAPE(1))));
    h = (host){ 0 };
    assert_true(weir_is_nil(weir_host_function(x, NULL, &h)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "host_function: NULL: expected samples and a function");
    assert_true(weir_is_nil(weir_host_function(weir_scalar(c, WEIR_F64, 1), host_f, &h)));
    assert_fails(c, WEIR_ERROR_SHAPE, "host_function: f64 of rank 0: expected f32 or f64 samples");
    assert_true(weir_is_nil(weir_host_function(weir_arange(c, WEIR_I64, 3), host_f, &h)));
    assert_fails(c, WEIR_ERROR_SHAPE, "host_function: i64 of rank 1");
    weir_tensor *y = weir_sum(weir_host_function(x, host_f, &h)); /* its second derivative is not known */
    assert_int_equal(weir_grad(1, &y, 1, &x, NULL, true, true, &g), WEIR_OK);
    weir_backward(weir_sum(weir_square(g)));
    assert_fails(c, WEIR_ERROR_GRAPH, "host_function: a second derivative: expected the first alone");
}

/* -- what cannot be ------------------------------------------------------------------------------------------------------------- */
static void others_are_refused(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *q;
    weir_sample_opts o = weir_sample_defaults();
    weir_model *m = weir_model_new(c, "nice", "dim=2 levels=4 hidden=4");
    assert_true(weir_is_nil(weir_model_sample_log_prob(m, 3, NULL, &q)) && weir_is_nil(q));
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "model_sample_log_prob: model.nice: integer data: expected continuous ones");
    weir_model_free(m);
    m = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=4");
    assert_true(weir_is_nil(weir_model_sample_log_prob(m, 3, NULL, &q)));
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "model_sample_log_prob: model.rectified-flow: expected a model whose map says its log-det");
    weir_model_free(m);
    m = weir_model_new(c, "nice", "dim=2 hidden=4");
    assert_true(weir_is_nil(weir_model_sample_log_prob(m, 3, NULL, NULL)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_sample_log_prob: NULL: expected room for the tensor of log q");
    o.temperature = 0;
    assert_true(weir_is_nil(weir_model_sample_log_prob(m, 3, &o, &q)));
    assert_fails(c, WEIR_ERROR_RANGE, "model_sample_log_prob: temperature 0: expected above 0");
    double states[4][3][2];
    o = weir_sample_defaults();
    o.trajectory_f64 = states[0][0];
    o.steps = 3;
    assert_true(weir_is_nil(weir_model_sample_log_prob(m, 3, &o, &q)));
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "model_sample_log_prob: model.nice: a trajectory: expected none");
    assert_int_equal(weir_model_sample_position(m), 0); /* none of them has used numbers up */
    assert_int_equal(weir_numel(weir_model_sample_log_prob(m, 0, NULL, &q)), 0);
    assert_ok(c);
    weir_model_free(m);
}

/* -- steps ----------------------------------------------------------------------------------------------------------------------- */
/* V of a Gaussian of mean 1 and deviation 1/2 in 2-D: log Z = log(pi / 2) */
static weir_status well(void *user, int64_t n, int64_t dim, const double *x, double *y, double *grad)
{
    (void)user;
    for (int64_t i = 0; i < n * dim; i++) {
        y[i / dim] = (i % dim ? y[i / dim] : 0) + 2 * (x[i] - 1) * (x[i] - 1);
        if (grad) grad[i] = 4 * (x[i] - 1);
    }
    return WEIR_OK;
}

static double descend(weir_ctx *c, int steps)
{
    weir_model *m = weir_model_new(c, "nsf", "dim=2 layers=2 bins=4 net.width=8 net.blocks=1");
    weir_optim *o = weir_optim_new(weir_model_module(m), "adam", "lr=1e-2");
    double value = NAN;
    for (int i = 0; i < steps && weir_ok(c); i++) {
        weir_scope s = weir_scope_begin(c);
        weir_tensor *log_q, *x = weir_model_sample_log_prob(m, 64, NULL, &log_q);
        weir_tensor *loss = weir_mean(weir_add(log_q, weir_host_function(x, well, NULL)));
        value = weir_item(loss);
        weir_backward(loss);
        weir_optim_step(o);
        weir_optim_zero_grad(o);
        weir_scope_end(s);
    }
    weir_optim_free(o);
    weir_model_free(m);
    return value;
}

static void reverse_divergence_falls_to_log_z(void **state)
{
    weir_ctx *c = *state;
    double first = descend(c, 1), last = descend(c, 300);
    assert_ok(c);
    assert_true(first > 3);
    assert_near(last, -log(1.5707963267948966), 0.03);
    weir_open_opts two = weir_open_defaults();
    two.threads = 2;
    weir_ctx *other = weir_open_with(&two);
    assert_true(descend(other, 20) == descend(c, 20)); /* to the bit */
    weir_close(other);
}

static void two_steps(weir_ctx *c) { descend(c, 2); }

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(two_steps);
}

int main(void)
{
    CASES(CASE(values_are_those_of_arrays), CASE(gradients_are_differences), CASE(a_host_function_has_its_gradient), CASE(a_host_function_may_fail),
          CASE(others_are_refused), CASE(reverse_divergence_falls_to_log_z), cmocka_unit_test(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
