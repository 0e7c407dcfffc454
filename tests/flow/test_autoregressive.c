/* Masked autoregressive flows: triangular Jacobians, conditions, gradients of the inverse, memory of the inverse without history. */
#include "test.h"
#include "flow/determinant.h"
#include "flow/flow.h"

enum { D = 5, B = 3 };

static const char *const nets[] = {
    "net=\"made hidden=11 zero=no\"",
    "net=\"made hidden= zero=no\"",
    "net=\"made hidden=11,7 activation=tanh zero=no\"",
    "net=\"made hidden=9,9,9 residual=yes activation=silu zero=no\"",
};

static weir_module *flow(weir_ctx *c, int spline, int net, const char *more)
{
    char text[256];
    snprintf(text, sizeof text, "dim=%d dtype=f64 %s %s", D, nets[net], more);
    return weir_module_new(c, spline ? "spline_autoregressive" : "affine_autoregressive", text);
}

static weir_condition *condition(weir_ctx *c, int64_t n)
{
    weir_condition *k = weir_condition_with(weir_condition_new(c), "context", weir_randn(c, WEIR_F64, 2, SHAPE(n, 2)));
    int64_t *classes = malloc((size_t)n * sizeof *classes);
    for (int64_t i = 0; i < n; i++) classes[i] = i % 3;
    k = weir_condition_with(k, "class", weir_from_i64(c, classes, 1, &n));
    free(classes);
    return k;
}

/* dy_i/dx_j, exactly 0 for j > i; returns how many of the others are not. */
static int64_t triangular(weir_tensor *y, weir_tensor *x)
{
    int64_t seen = 0;
    for (int64_t i = 0; i < D; i++) {
        weir_tensor *g, *yi = weir_sum(weir_slice(y, 1, i, i + 1, 1));
        weir_grad(1, &yi, 1, &x, NULL, false, true, &g);
        for (int64_t b = 0; b < B; b++)
            for (int64_t j = 0; j < D; j++) {
                if (j > i) assert_true(weir_get(g, SHAPE(b, j)) == 0);
                else seen += weir_get(g, SHAPE(b, j)) != 0;
            }
    }
    return seen;
}

static void jacobians_are_triangular(void **state)
{
    weir_ctx *c = *state;
    for (int spline = 0; spline < 2; spline++)
        for (int net = 0; net < 4; net++) {
            weir_module *m = flow(c, spline, net, "");
            weir_scope s = weir_scope_begin(c);
            weir_tensor *x = weir_set_requires_grad(weir_randn(c, WEIR_F64, 2, SHAPE(B, D)), true);
            int64_t seen = triangular(weir_bijection_forward(m, x, NULL, NULL), x);
            assert_true(seen > B * D);
            assert_true(triangular(weir_bijection_inverse(m, x, NULL, NULL), x) == seen);
            assert_ok(c);
            weir_scope_end(s);
            weir_module_free(m);
        }
}

/* Every column, the first too, depends on class and context; the Jacobian stays triangular. */
static void conditions_reach_every_column(void **state)
{
    weir_ctx *c = *state;
    for (int net = 0; net < 4; net++) {
        weir_module *m = flow(c, 0, net, "classes=3 context=2");
        weir_scope s = weir_scope_begin(c);
        weir_tensor *x = weir_set_requires_grad(weir_randn(c, WEIR_F64, 2, SHAPE(B, D)), true);
        weir_condition *k = condition(c, B), *other = weir_condition_with(k, "context", weir_zeros(c, WEIR_F64, 2, SHAPE(B, 2)));
        weir_condition *class = weir_condition_with(k, "class", weir_from_i64(c, SHAPE(2, 2, 0), 1, SHAPE(B)));
        weir_tensor *y = weir_bijection_forward(m, x, k, NULL), *z = weir_bijection_forward(m, x, other, NULL);
        weir_tensor *w = weir_bijection_forward(m, x, class, NULL);
        triangular(y, x);
        for (int64_t i = 0; i < D; i++) {
            assert_true(weir_get(y, SHAPE(0, i)) != weir_get(z, SHAPE(0, i)));
            assert_true(weir_get(y, SHAPE(0, i)) != weir_get(w, SHAPE(0, i)));
        }
        weir_tensor *back = weir_bijection_inverse(m, y, k, NULL);
        for (int64_t i = 0; i < D; i++) assert_near(weir_get(back, SHAPE(1, i)), weir_get(x, SHAPE(1, i)), 1e-12);
        weir_bijection_forward(m, x, NULL, NULL);
        assert_fails(c, WEIR_ERROR_ARGUMENT, "no class");
        weir_scope_end(s);
        weir_module_free(m);
    }
}

/* With and without a history: the same values; d passes give x back. */
static void passes_reproduce_x(void **state)
{
    weir_ctx *c = *state;
    for (int spline = 0; spline < 2; spline++) {
        weir_module *m = flow(c, spline, 2, "");
        weir_scope s = weir_scope_begin(c);
        weir_tensor *x = weir_randn(c, WEIR_F64, 2, SHAPE(B, D)), *ld, *back, *quiet;
        weir_tensor *y = weir_bijection_forward(m, x, NULL, &ld), *z = weir_bijection_inverse(m, y, NULL, &back);
        weir_scope inner = weir_scope_begin_no_grad(c);
        weir_tensor *w = weir_bijection_inverse(m, y, NULL, &quiet);
        for (int64_t b = 0; b < B; b++) {
            for (int64_t i = 0; i < D; i++) {
                assert_near(weir_get(z, SHAPE(b, i)), weir_get(x, SHAPE(b, i)), 1e-12);
                assert_true(weir_get(z, SHAPE(b, i)) == weir_get(w, SHAPE(b, i)));
            }
            assert_near(weir_get(back, &b), -weir_get(ld, &b), 1e-11);
            assert_true(weir_get(back, &b) == weir_get(quiet, &b));
        }
        weir_scope_end(inner);
        weir_scope_end(s);
        assert_ok(c);
        weir_module_free(m);
    }
}

static weir_tensor *inverse_outputs(void *user, weir_tensor **in)
{
    weir_tensor *ld, *x = weir_bijection_inverse(user, in[0], NULL, &ld);
    return weir_add(weir_sum_samples(weir_square(x)), ld);
}

static void inverses_have_gradients(void **state)
{
    weir_ctx *c = *state;
    for (int spline = 0; spline < 2; spline++) {
        weir_module *m = flow(c, spline, 2, "");
        weir_scope s = weir_scope_begin(c);
        weir_tensor *y = weir_randn(c, WEIR_F64, 2, SHAPE(B, D));
        weir_gradcheck(c, inverse_outputs, m, 1, &y, NULL);
        assert_ok(c);
        weir_scope_end(s);
        weir_module_free(m);
    }
}

/* The columns of angles are seen as points of a circle: a period more changes nothing. */
static void angles_have_a_period(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = flow(c, 1, 2, "domain=circle");
    weir_scope s = weir_scope_begin(c);
    double turn = 2 * 3.14159265358979323846;
    weir_tensor *x = weir_randn(c, WEIR_F64, 2, SHAPE(B, D)), *ld, *le;
    weir_tensor *y = weir_bijection_forward(m, x, NULL, &ld), *z = weir_bijection_forward(m, weir_affine(x, 1, turn), NULL, &le);
    for (int64_t b = 0; b < B; b++) {
        for (int64_t i = 0; i < D; i++) assert_near(weir_get(z, SHAPE(b, i)), weir_get(y, SHAPE(b, i)) + turn, 1e-12);
        assert_near(weir_get(ld, &b), weir_get(le, &b), 1e-12);
    }
    weir_scope_end(s);
    assert_ok(c);
    weir_module_free(m);
}

static void refusals(void **state)
{
    weir_ctx *c = *state;
    weir_module_new(c, "network.made", "in=3 out=7");
    assert_fails(c, WEIR_ERROR_RANGE, "in=3 out=7: expected multiples of 3");
    weir_module_new(c, "network.made", "in=3 out=6 residual=yes hidden=4,5");
    assert_fails(c, WEIR_ERROR_RANGE, "expected equal widths");
    weir_module *m = flow(c, 0, 0, "");
    weir_bijection_inverse(m, weir_zeros(c, WEIR_F64, 2, SHAPE(2, D + 1)), NULL, NULL);
    assert_fails(c, WEIR_ERROR_SHAPE, "[B, 5]");
    weir_module_free(m);
}

static void everything(weir_ctx *c)
{
    weir_module *m = flow(c, 1, 3, "classes=3 context=2");
    weir_scope s = weir_scope_begin(c);
    weir_tensor *ld, *x = weir_bijection_inverse(m, weir_randn(c, WEIR_F64, 2, SHAPE(2, D)), condition(c, 2), &ld);
    weir_backward(weir_sum(weir_add(weir_sum_samples(x), ld)));
    weir_scope quiet = weir_scope_begin_no_grad(c);
    weir_bijection_inverse(m, weir_randn(c, WEIR_F64, 2, SHAPE(2, D)), condition(c, 2), NULL);
    weir_scope_end(quiet);
    weir_scope_end(s);
    weir_module_free(m);
}

static void no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(jacobians_are_triangular), CASE(conditions_reach_every_column), CASE(passes_reproduce_x), CASE(inverses_have_gradients),
          CASE(angles_have_a_period), CASE(refusals), CASE(no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
