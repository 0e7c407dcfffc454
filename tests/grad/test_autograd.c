/* A session of autograd as a PyTorch user knows it. */
#include "test.h"

static weir_tensor *leaf(weir_ctx *c, int64_t n, const double *v)
{
    return weir_set_requires_grad(weir_from_f64(c, v, 1, SHAPE(n)), true);
}
#define LEAF(c, ...) leaf(c, sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double), (const double[]){ __VA_ARGS__ })
#define AT(x, i) weir_get(x, SHAPE(i))

static void a_result_knows_what_made_it(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 1, 2, 3), *y = weir_mul(x, x);
    assert_true(weir_is_leaf(x));
    assert_false(weir_is_leaf(y));
    assert_string_equal(weir_grad_fn_name(y), "op.mul");
    assert_string_equal(weir_grad_fn_name(x), "");
    assert_true(weir_requires_grad(y));
    assert_true(weir_is_nil(weir_grad_of(x)));
    assert_ok(c);
}

static void gradients_accumulate_until_zeroed(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 1, 2, 3);
    for (int i = 1; i <= 2; i++) {
        assert_int_equal(weir_backward(weir_sum(weir_square(x))), WEIR_OK);
        assert_near(AT(weir_grad_of(x), 2), 6 * i, 1e-15);
    }
    weir_zero_grad(x);
    assert_true(weir_is_nil(weir_grad_of(x)));
    weir_backward(weir_sum(weir_scale(x, 5)));
    assert_near(AT(weir_grad_of(x), 0), 5, 1e-15);
}

static void the_graph_may_differ_every_time(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 1.1);
    for (int n = 1; n < 5; n++) {
        weir_tensor *y = x;
        while (weir_item(weir_sum(y)) < n) y = weir_mul(y, x); /* the data decide how deep */
        weir_zero_grad(x);
        weir_backward(weir_sum(y));
        double p = log(weir_item(weir_sum(y))) / log(1.1);
        assert_near(AT(weir_grad_of(x), 0), round(p) * pow(1.1, round(p) - 1), 1e-12);
    }
}

static void a_vector_is_asked_for(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 1, 2, 3), *y = weir_exp(x);
    weir_backward(y);
    assert_fails(c, WEIR_ERROR_GRAPH, "vector");
    weir_backward_with(y, weir_from_f64(c, (const double[]){ 1, 0, 10 }, 1, SHAPE(3)), false);
    assert_near(AT(weir_grad_of(x), 0), exp(1), 1e-14);
    assert_near(AT(weir_grad_of(x), 1), 0, 1e-14);
    assert_near(AT(weir_grad_of(x), 2), 10 * exp(3), 1e-14);
    weir_backward_with(weir_exp(x), weir_ones(c, WEIR_F64, 1, SHAPE(2)), false);
    assert_fails(c, WEIR_ERROR_SHAPE, "vector of the output's shape");
}

static void no_grad_and_detach(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 1, 2, 3);
    weir_scope s = weir_scope_begin_no_grad(c);
    assert_false(weir_requires_grad(weir_exp(x)));
    weir_scope_end(s);
    assert_true(weir_requires_grad(weir_exp(x)));
    weir_tensor *d = weir_detach(weir_mul(x, x));
    assert_false(weir_requires_grad(d));
    weir_backward(weir_sum(weir_mul(d, x))); /* d counts as constant */
    assert_near(AT(weir_grad_of(x), 2), 9, 1e-14);
    weir_backward(d);
    assert_fails(c, WEIR_ERROR_GRAPH, "no gradients were recorded");
    assert_ptr_equal(weir_data(weir_detach(x)), weir_data(x));
}

static void in_place_change_is_found(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 1, 2, 3), *k = weir_ones(c, WEIR_F64, 1, SHAPE(3));
    weir_tensor *y = weir_sum(weir_mul(x, k));
    weir_fill_(k, 2);
    weir_backward(y);
    assert_fails(c, WEIR_ERROR_GRAPH, "op.mul");
    y = weir_sum(weir_mul(x, k));
    weir_add_(weir_slice(k, 0, 0, 1, 1), weir_scalar(c, WEIR_F64, 1)); /* through a view */
    weir_backward(y);
    assert_fails(c, WEIR_ERROR_GRAPH, "add_");
    weir_add_(x, k);
    assert_fails(c, WEIR_ERROR_GRAPH, "no_grad");
    weir_tensor *h = weir_exp(x);
    weir_fill_(h, 0);
    assert_fails(c, WEIR_ERROR_GRAPH, "op.exp");
    y = weir_sum(weir_add(x, k)); /* add needs no values */
    weir_fill_(k, 5);
    assert_int_equal(weir_backward(y), WEIR_OK);
}

static void a_second_backward_needs_retain(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 2), *y = weir_sum(weir_square(x));
    assert_int_equal(weir_backward_with(y, NULL, true), WEIR_OK);
    assert_int_equal(weir_backward(y), WEIR_OK);
    assert_near(AT(weir_grad_of(x), 0), 8, 1e-15);
    weir_backward(y);
    assert_fails(c, WEIR_ERROR_GRAPH, "freed");
}

static void grad_of_grad(void **state) /* d/dx of |d(sum x^3)/dx|^2 = d/dx sum 9 x^4 = 36 x^3 */
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 1, -2), *g, *y = weir_sum(weir_mul(x, weir_square(x)));
    assert_int_equal(weir_grad(1, &y, 1, &x, NULL, true, false, &g), WEIR_OK);
    assert_near(AT(g, 1), 12, 1e-14);
    assert_true(weir_is_nil(weir_grad_of(x)));
    weir_backward(weir_sum(weir_square(g)));
    assert_near(AT(weir_grad_of(x), 0), 36, 1e-13);
    assert_near(AT(weir_grad_of(x), 1), -288, 1e-13);
}

static void gradients_of_interior_tensors(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 3), *h = weir_square(x), *z = LEAF(c, 1), *y = weir_sum(weir_mul(h, h)), *g[3], *in[] = { h, x, z };
    assert_int_equal(weir_grad(1, &y, 3, in, NULL, false, false, g), WEIR_OK);
    assert_near(AT(g[0], 0), 18, 1e-14);
    assert_near(AT(g[1], 0), 108, 1e-14);
    assert_true(weir_is_nil(g[2])); /* unconnected */
    weir_tensor *k = weir_ones(c, WEIR_F64, 1, SHAPE(1));
    weir_grad(1, &y, 1, &k, NULL, false, false, g);
    assert_fails(c, WEIR_ERROR_GRAPH, "does not require");
}

static void deep_chains_neither_recurse_nor_overflow(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 1), *y = x;
    for (int i = 0; i < 1000000; i++) y = weir_affine(y, 1, 1e-6);
    assert_int_equal(weir_backward(weir_sum(y)), WEIR_OK);
    assert_near(AT(weir_grad_of(x), 0), 1, 1e-15);
    y = x;
    weir_scope s = weir_scope_begin(c);
    for (int i = 0; i < 1000000; i++) y = weir_neg(y); /* dropped without a backward */
    weir_scope_end(s);
    assert_ok(c);
}

static void kept_results_keep_their_history(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 1, 2);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *y = weir_keep(weir_sum(weir_exp(weir_scale(x, 2))));
    weir_scope_end(s);
    assert_int_equal(weir_backward(y), WEIR_OK);
    assert_near(AT(weir_grad_of(x), 1), 2 * exp(4), 1e-14);
}

static void shared_and_branching_graphs(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 0.5), *a = weir_exp(x), *b = weir_mul(a, x), *d = weir_add(weir_mul(a, b), weir_mul(b, b));
    weir_backward(weir_sum(weir_add(d, a)));
    double e = exp(0.5), exact = e * e * (1 + 2 * 0.5) /* (x e^2x)' */ + e * e * (2 * 0.5 + 2 * 0.25) /* (x^2 e^2x)' */ + e;
    assert_near(AT(weir_grad_of(x), 0), exact, 1e-13);
}

static void errors_name_the_op_and_the_shapes(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *a = weir_zeros(c, WEIR_F32, 2, SHAPE(4, 3)), *b = weir_zeros(c, WEIR_F32, 2, SHAPE(5, 7));
    weir_tensor *y = weir_mean(weir_tanh(weir_add(weir_matmul(a, b), a)));
    assert_true(weir_is_nil(y));
    assert_fails(c, WEIR_ERROR_SHAPE, "matmul: [4, 3] and [5, 7]");
    weir_add(a, weir_zeros(c, WEIR_F64, 0, NULL));
    assert_fails(c, WEIR_ERROR_DTYPE, "f32 with f64");
    weir_add(y, a);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "nil");
    weir_exp(NULL);
    assert_ok(c); /* no context to tell: the orphan's nil */
    weir_add(a, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "NULL");
}

static void gradcheck_finds_a_wrong_gradient(void **state);
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

static void work(weir_ctx *c)
{
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

int main(void)
{
    CASES(CASE(a_result_knows_what_made_it), CASE(gradients_accumulate_until_zeroed), CASE(the_graph_may_differ_every_time), CASE(a_vector_is_asked_for),
          CASE(no_grad_and_detach), CASE(in_place_change_is_found), CASE(a_second_backward_needs_retain), CASE(grad_of_grad), CASE(gradients_of_interior_tensors),
          CASE(deep_chains_neither_recurse_nor_overflow), CASE(kept_results_keep_their_history), CASE(shared_and_branching_graphs),
          CASE(errors_name_the_op_and_the_shapes), CASE(gradcheck_finds_a_wrong_gradient), cmocka_unit_test(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
