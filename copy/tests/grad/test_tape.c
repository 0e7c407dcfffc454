/* The tape from inside: branching graphs, a gradient check that can fail, every allocation of every walk failed in turn. */
#include "test.h"

static weir_tensor *leaf(weir_ctx *c, int64_t n, const double *v)
{
    return weir_set_requires_grad(weir_from_f64(c, v, 1, SHAPE(n)), true);
}
#define LEAF(c, ...) leaf(c, sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double), (const double[]){ __VA_ARGS__ })
#define AT(x, i) weir_get(x, SHAPE(i))

static void shared_and_branching_graphs(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 0.5), *a = weir_exp(x), *b = weir_mul(a, x), *d = weir_add(weir_mul(a, b), weir_mul(b, b));
    weir_backward(weir_sum(weir_add(d, a)));
    double e = exp(0.5), exact = e * e * (1 + 2 * 0.5) /* (x e^2x)' */ + e * e * (2 * 0.5 + 2 * 0.25) /* (x^2 e^2x)' */ + e;
    assert_near(AT(weir_grad_of(x), 0), exact, 1e-13);
}

static weir_tensor *wrong(void *user, weir_tensor **x)
{
    (void)user;
    return weir_add(weir_detach(weir_exp(x[0])), x[0]); /* the analytic gradient misses exp */
}
static void gradcheck_finds_a_wrong_gradient(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_ones(c, WEIR_F64, 1, SHAPE(3));
    assert_int_equal(weir_gradcheck(c, wrong, NULL, 1, &x, NULL), WEIR_ERROR_VALUE);
    assert_fails(c, WEIR_ERROR_VALUE, "gradcheck");
}

static weir_tensor *noisy(void *user, weir_tensor **x)
{
    (void)user;
    return weir_tanh(weir_add(weir_mul(weir_exp(x[0]), x[1]), weir_randn(weir_ctx_of(x[0]), WEIR_F64, 1, SHAPE(3))));
}

static void work(weir_ctx *c)
{
    weir_tensor *l = LEAF(c, 1, 2, 3), *two[] = { l, weir_exp(l) };
    weir_backward(weir_sum(weir_checkpoint(noisy, NULL, 2, two)));
    weir_hessian(weir_sum(weir_exp(l)), l, false);
    weir_tensor *x = LEAF(c, 1, 2, 3), *g, *y = weir_sum(weir_div(weir_exp(x), weir_sigmoid(x)));
    weir_grad(1, &y, 1, &x, NULL, true, false, &g);
    weir_backward(weir_sum(weir_mul(g, weir_cat(2, (weir_tensor *[]){ weir_slice(x, 0, 0, 1, 1), weir_slice(x, 0, 1, 3, 1) }, 0))));
    weir_add_(weir_detach(x), weir_detach(x));
}
static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(work);
}

/* What lies behind the asked-for results is not walked: a gradient between the last two nodes of 10^5 costs what it costs between two. */
static void only_what_is_asked_is_walked(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 1), *h = x, *y, *g;
    for (int i = 0; i < 100000; i++) h = weir_neg(h);
    y = weir_exp(h);
    for (int i = 0; i < 100000; i++) {
        weir_scope s = weir_scope_begin(c);
        assert_int_equal(weir_grad(1, &y, 1, &h, NULL, false, true, &g), WEIR_OK);
        assert_near(AT(g, 0), exp(1), 1e-15);
        weir_scope_end(s);
    }
}

int main(void)
{
    CASES(CASE(shared_and_branching_graphs), CASE(gradcheck_finds_a_wrong_gradient), CASE(only_what_is_asked_is_walked), cmocka_unit_test(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
