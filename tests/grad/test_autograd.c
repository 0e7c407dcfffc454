/* A session of autograd as a PyTorch user knows it: each case is a cell, its first comment what one would type there. Corner cases, with
 * PyTorch's own answers, are in test_torch.c. */
#define _POSIX_C_SOURCE 200809L
#include "test.h"

static weir_tensor *leaf(weir_ctx *c, int64_t n, const double *v)
{
    return weir_set_requires_grad(weir_from_f64(c, v, 1, SHAPE(n)), true);
}
#define LEAF(c, ...) leaf(c, sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double), (const double[]){ __VA_ARGS__ })
#define AT(x, i) weir_get(x, SHAPE(i))

static void a_result_knows_what_made_it(void **state) /* y = x * x; y.grad_fn, x.is_leaf, x.grad */
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

static void gradients_accumulate_until_zeroed(void **state) /* (x**2).sum().backward(), twice; x.grad = None */
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

static void the_graph_may_differ_every_time(void **state) /* while y.sum() < n: y = y * x */
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

/* A tree of numbers: the graph has its shape. */
typedef struct tree { double v; const struct tree *left, *right; } tree;
static weir_tensor *value_of(const tree *t, weir_tensor *w)
{
    if (t->left && t->right) return weir_tanh(weir_add(value_of(t->left, w), weir_mul(value_of(t->right, w), w)));
    if (t->left) return weir_sin(value_of(t->left, w));
    return weir_scale(w, t->v);
}

static void the_graph_may_follow_the_data(void **state) /* def f(t): return tanh(f(t.left) + f(t.right) * w) if t.left else t.v * w */
{
    weir_ctx *c = *state;
    const tree one = { 1, NULL, NULL }, two = { -2, NULL, NULL }, chain = { 0, &two, NULL }, pair = { 0, &one, &chain }, top = { 0, &pair, &one };
    const tree *trees[] = { &one, &chain, &pair, &top };
    for (int k = 0; k < 4; k++) {
        weir_tensor *w = LEAF(c, 0.7);
        assert_int_equal(weir_backward(value_of(trees[k], w)), WEIR_OK);
        double up = weir_item(value_of(trees[k], LEAF(c, 0.7 + 1e-6))), down = weir_item(value_of(trees[k], LEAF(c, 0.7 - 1e-6)));
        assert_near(AT(weir_grad_of(w), 0), (up - down) / 2e-6, 1e-9);
    }
}

static void a_vector_is_asked_for(void **state) /* y.backward() of a vector; y.backward(v) */
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

static void no_grad_and_detach(void **state) /* with torch.no_grad(): ...; d = (x * x).detach() */
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 1, 2, 3);
    weir_scope s = weir_scope_begin_no_grad(c);
    assert_false(weir_requires_grad(weir_exp(x)));
    weir_scope inner = weir_scope_begin(c);
    assert_false(weir_requires_grad(weir_exp(x))); /* an inner scope does not turn it on again */
    weir_scope_end(inner);
    inner = weir_scope_begin_no_grad(c);
    (void)inner; /* never ended: the outer end heals */
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

static void in_place_change_is_found(void **state) /* y = (x * k).sum(); k.fill_(2); y.backward() */
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

static void a_second_backward_needs_retain(void **state) /* y.backward(retain_graph=True) */
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

static void gradients_of_interior_tensors(void **state) /* torch.autograd.grad(y, [h, x, z], allow_unused=True) */
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

static void vector_jacobian_products(void **state) /* torch.autograd.grad([y, z], [a, b], [v, u]) */
{
    weir_ctx *c = *state;
    weir_tensor *a = LEAF(c, 1, 2), *b = LEAF(c, 3, 4), *y[] = { weir_mul(a, b), weir_sum(weir_square(b)) }, *g[2];
    weir_tensor *v[] = { weir_from_f64(c, (const double[]){ 1, -1 }, 1, SHAPE(2)), weir_scalar(c, WEIR_F64, 10) };
    assert_int_equal(weir_grad(2, y, 2, (weir_tensor *[]){ a, b }, v, false, true, g), WEIR_OK);
    assert_near(AT(g[0], 1), -4, 1e-15);
    assert_near(AT(g[1], 1), -2 + 80, 1e-15);
    assert_true(weir_is_nil(weir_grad_of(a))); /* leaves keep theirs to themselves */
    v[1] = NULL;                               /* one element: 1 */
    assert_int_equal(weir_grad(2, y, 1, &b, v, false, false, g), WEIR_OK);
    assert_near(AT(g[0], 0), 1 + 6, 1e-15);
}

static weir_tensor *deep(weir_tensor *x, int n)
{
    weir_tensor *y = x;
    for (int i = 0; i < n; i++) y = weir_affine(y, 1, 1.0 / n);
    return y;
}

static void deep_chains_neither_recurse_nor_overflow(void **state)
{
    enum { DEEP = TEST_SANITIZED ? 200000 : 1000000 };
    weir_ctx *c = *state;
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = LEAF(c, 1), *g;
    weir_scope_end(s);
    int64_t before = weir_memory(c).live_blocks;
    s = weir_scope_begin(c);
    x = LEAF(c, 1);
    assert_int_equal(weir_backward(weir_sum(deep(x, DEEP))), WEIR_OK);
    assert_near(AT(weir_grad_of(x), 0), 1, 1e-15);
    weir_scope_end(s);
    s = weir_scope_begin(c);
    x = LEAF(c, 1);
    weir_tensor *y = weir_square(deep(x, DEEP)); /* x + 1, squared: the gradient is a graph as deep */
    assert_int_equal(weir_grad(1, &y, 1, &x, NULL, true, false, &g), WEIR_OK);
    assert_near(AT(g, 0), 4, 1e-9);
    assert_int_equal(weir_backward(g), WEIR_OK);
    assert_near(AT(weir_grad_of(x), 0), 2, 1e-12);
    weir_scope_end(s);
    s = weir_scope_begin(c);
    y = deep(LEAF(c, 1), DEEP); /* dropped without a backward, after a look at it */
    FILE *nowhere = fopen("/dev/null", "w");
    assert_int_equal(weir_dot(y, nowhere), WEIR_OK);
    fclose(nowhere);
    weir_scope_end(s);
    assert_ok(c);
    assert_int_equal(weir_memory(c).live_blocks, before);
}

static void a_loop_leaves_memory_as_it_was(void **state) /* for step in range(100_000): loss.backward(); with no_grad(): w -= lr * w.grad */
{
    weir_ctx *c = *state;
    weir_tensor *w = weir_set_requires_grad(weir_full(c, WEIR_F32, 1, SHAPE(3), 0.5), true);
    weir_memory_info early = { 0 };
    const int steps = TEST_SANITIZED ? 10000 : 100000;
    for (int step = 0; step < steps; step++) {
        weir_scope s = weir_scope_begin(c);
        weir_tensor *x = weir_randn(c, WEIR_F32, 1, SHAPE(3)), *loss = weir_mean(weir_square(weir_sub(weir_tanh(weir_mul(w, x)), x)));
        weir_zero_grad(w);
        weir_backward(loss);
        weir_scope quiet = weir_scope_begin_no_grad(c);
        weir_add_(w, weir_scale(weir_grad_of(w), -1e-3));
        weir_scope_end(quiet);
        weir_scope_end(s);
        if (step == 10) early = weir_memory(c);
    }
    assert_ok(c);
    assert_int_equal(weir_memory(c).live_blocks, early.live_blocks);
    assert_int_equal(weir_memory(c).live_bytes, early.live_bytes);
#ifndef WEIR_NO_POOL
    assert_int_equal(weir_memory(c).system_calls, early.system_calls);
#endif
    assert_true(TEST_SANITIZED || AT(w, 0) > 0.6); /* and it learned */
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

/* -- products and whole derivatives ------------------------------------------------------------------------------------------------- */
static weir_tensor *curve(weir_tensor *x) /* R^2 -> R^3 */
{
    weir_tensor *a = weir_slice(x, 0, 0, 1, 1), *b = weir_slice(x, 0, 1, 2, 1);
    return weir_cat(3, (weir_tensor *[]){ weir_mul(a, b), weir_exp(a), weir_sin(b) }, 0);
}

static void a_jacobian_and_its_products(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 0.3, -1.2), *y = curve(x), *j = weir_jacobian(y, x, false);
    const double exact[3][2] = { { -1.2, 0.3 }, { exp(0.3), 0 }, { 0, cos(-1.2) } };
    assert_int_equal(weir_dim(j, 0), 3);
    assert_int_equal(weir_dim(j, 1), 2);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++) assert_near(weir_get(j, SHAPE(i, k)), exact[i][k], 1e-14);
    weir_tensor *v = weir_from_f64(c, (const double[]){ 2, -5 }, 1, SHAPE(2)), *jv;
    assert_int_equal(weir_jvp(1, &y, 1, &x, &v, false, &jv), WEIR_OK);
    for (int i = 0; i < 3; i++) assert_near(AT(jv, i), 2 * exact[i][0] - 5 * exact[i][1], 1e-14);
    weir_tensor *z = weir_square(LEAF(c, 1, 2)), *none;
    assert_int_equal(weir_jvp(1, &z, 1, &x, &v, false, &none), WEIR_OK); /* z does not depend on x */
    assert_near(AT(none, 1), 0, 0);
    weir_jvp(1, &y, 1, &x, &y, false, &jv);
    assert_fails(c, WEIR_ERROR_SHAPE, "jvp: tangent 0");
}

static void a_hessian(void **state) /* of a^2 b + exp(ab): [2b + b^2 e, 2a + (1 + ab) e; ., a^2 e] */
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 0.7, -0.4), *a = weir_slice(x, 0, 0, 1, 1), *b = weir_slice(x, 0, 1, 2, 1), *ab = weir_mul(a, b);
    weir_tensor *y = weir_sum(weir_add(weir_mul(a, ab), weir_exp(ab))), *h = weir_hessian(y, x, true);
    double e = exp(-0.28);
    assert_near(weir_get(h, SHAPE(0, 0)), 2 * -0.4 + 0.16 * e, 1e-14);
    assert_near(weir_get(h, SHAPE(0, 1)), 2 * 0.7 + (1 - 0.28) * e, 1e-14);
    assert_near(weir_get(h, SHAPE(1, 0)), weir_get(h, SHAPE(0, 1)), 1e-14);
    assert_near(weir_get(h, SHAPE(1, 1)), 0.49 * e, 1e-14);
    weir_backward(weir_sum(h)); /* third derivatives */
    assert_ok(c);
    double a3 = 0.7, b3 = -0.4; /* d/da of the sum: b^3 e + 2 (2 + 2 b e + a b^2 e) + (2 a e + a^2 b e) */
    assert_near(AT(weir_grad_of(x), 0), b3 * b3 * b3 * e + 2 * (2 + (2 * b3 + a3 * b3 * b3) * e) + (2 * a3 + a3 * a3 * b3) * e, 1e-13);
    weir_tensor *line = weir_sum(weir_scale(x, 3)), *zero = weir_hessian(line, x, false);
    assert_near(weir_get(zero, SHAPE(1, 0)), 0, 0);
    assert_ok(c);
}

static void a_gradient_penalty(void **state) /* (|d D(x) / dx| - 1)^2 trains D: Gulrajani et al. 2017; against central differences */
{
    weir_ctx *c = *state;
    weir_tensor *w = LEAF(c, 0.3, -0.8, 0.5), *x = LEAF(c, 1, 2, 3);
    double penalty[3], g0 = 0;
    for (int k = 0; k < 3; k++) {
        weir_tensor *shift = weir_from_f64(c, (const double[]){ k == 1 ? 1e-6 : k == 2 ? -1e-6 : 0, 0, 0 }, 1, SHAPE(3)), *wk = weir_add(w, shift), *g;
        weir_tensor *d = weir_sum(weir_tanh(weir_mul(weir_square(x), wk)));
        weir_grad(1, &d, 1, &x, NULL, true, false, &g);
        weir_tensor *p = weir_square(weir_affine(weir_sqrt(weir_sum(weir_square(g))), 1, -1));
        penalty[k] = weir_item(p);
        if (k == 0) weir_backward(p), g0 = AT(weir_grad_of(w), 0);
    }
    assert_near(g0, (penalty[1] - penalty[2]) / 2e-6, 1e-8);
}

/* -- recompute --------------------------------------------------------------------------------------------------------------------------- */
static int runs;
static weir_tensor *noisy(void *user, weir_tensor **x)
{
    (void)user;
    runs++;
    weir_tensor *n = weir_randn(weir_ctx_of(x[0]), WEIR_F64, 1, SHAPE(3));
    return weir_tanh(weir_add(weir_mul(weir_exp(x[0]), x[1]), n));
}

static void recompute_gives_the_same_bits(void **state)
{
    weir_ctx *c = *state;
    for (int create = 0; create < 2; create++) {
        double g[2][2][3], second[2][3];
        for (int k = 0; k < 2; k++) {
            weir_ctx *own = weir_open(5);
            weir_tensor *a = LEAF(own, 0.1, 0.2, -0.3), *b = LEAF(own, 1, -2, 3), *in[] = { a, weir_square(b) };
            weir_randn(own, WEIR_F64, 1, SHAPE(3)); /* draws before and after: the frame is put back */
            runs = 0;
            weir_tensor *y = k ? weir_checkpoint(noisy, NULL, 2, in) : noisy(NULL, in);
            if (k) assert_string_equal(weir_grad_fn_name(y), "op.checkpoint");
            y = weir_sum(weir_square(weir_add(y, weir_randn(own, WEIR_F64, 1, SHAPE(3)))));
            weir_tensor *out[2], *leaves[] = { a, b };
            assert_int_equal(weir_grad(1, &y, 2, leaves, NULL, create, false, out), WEIR_OK);
            assert_int_equal(runs, 1 + k);
            for (int i = 0; i < 2; i++) weir_copy_to_f64(out[i], g[k][i], 3);
            if (create) {
                weir_backward(weir_sum(weir_square(out[0])));
                weir_copy_to_f64(weir_grad_of(b), second[k], 3);
            }
            assert_ok(own);
            weir_close(own);
        }
        assert_memory_equal(g[0], g[1], sizeof g[0]);
        if (create) for (int i = 0; i < 3; i++) assert_near(second[1][i], second[0][i], 1e-14);
    }
    assert_ok(c);
}

static weir_tensor *hidden;
static weir_tensor *uses_hidden(void *user, weir_tensor **x) { return (void)user, weir_mul(x[0], hidden); }

static void recompute_wants_every_leaf(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 1, 2);
    hidden = LEAF(c, 3, 4);
    weir_backward(weir_sum(weir_checkpoint(uses_hidden, NULL, 1, &x)));
    assert_fails(c, WEIR_ERROR_GRAPH, "not among the inputs");
    weir_tensor *both[] = { x, hidden };
    assert_int_equal(weir_backward(weir_sum(weir_checkpoint(uses_hidden, NULL, 2, both))), WEIR_OK);
    assert_near(AT(weir_grad_of(hidden), 1), 2, 1e-15);
}

static void recompute_of_a_module(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "mlp", "in=3 out=2 hidden=8,8 dtype=f64");
    weir_tensor *x = weir_set_requires_grad(weir_randn(c, WEIR_F64, 2, SHAPE(5, 3)), true), *w = weir_module_state_find(m, "0.weight");
    double plain[24], again[24];
    weir_backward(weir_sum(weir_square(weir_module_forward(m, x))));
    weir_copy_to_f64(weir_grad_of(w), plain, 24);
    weir_module_zero_grad(m);
    int64_t before = 0;
    for (int run = 0; run < 3; run++) { /* the first one makes lists longer that stay */
        weir_scope s = weir_scope_begin(c);
        weir_tensor *y = weir_sum(weir_square(weir_module_checkpoint(m, x)));
        assert_int_equal(weir_backward(y), WEIR_OK);
        weir_scope_end(s);
        weir_copy_to_f64(weir_grad_of(w), again, 24);
        assert_memory_equal(plain, again, sizeof plain);
        weir_module_zero_grad(m);
        if (run == 0) before = weir_memory(c).live_bytes;
        else assert_int_equal(weir_memory(c).live_bytes, before);
    }
    weir_module_free(m);
}

/* The product of an input with itself is no sum of two inputs' gradients. */
static weir_tensor *product(void *user, weir_tensor **x) { return (void)user, weir_mul(x[0], x[1]); }
static void recompute_of_one_input_twice(void **state)
{
    weir_ctx *c = *state;
    for (int direct = 0; direct < 2; direct++)
        for (int create = 0; create < 2; create++) {
            weir_tensor *w = LEAF(c, 3, -4), *z = direct ? w : weir_scale(w, 1), *both[] = { z, z }, *g, *h;
            weir_tensor *y = weir_sum(weir_checkpoint(product, NULL, 2, both));
            assert_int_equal(weir_grad(1, &y, 1, &w, NULL, create, false, &g), WEIR_OK);
            assert_near(AT(g, 0), 6, 1e-15);
            assert_near(AT(g, 1), -8, 1e-15);
            if (!create) continue;
            weir_tensor *sum = weir_sum(g);
            assert_int_equal(weir_grad(1, &sum, 1, &w, NULL, false, false, &h), WEIR_OK);
            assert_near(AT(h, 1), 2, 1e-15);
        }
}

/* -- an op of one's own, with the public headers alone ------------------------------------------------------------------------------- */
static void cube_forward(weir_call *k)
{
    const double *x = weir_data(k->in[0]);
    double *y = weir_data_mut(k->out[0]);
    for (int64_t i = 0; i < weir_numel(k->in[0]); i++) y[i] = x[i] * x[i] * x[i];
}
static void cube_backward(weir_vjp *v) { weir_vjp_set(v, 0, weir_mul(v->gout[0], weir_scale(weir_square(weir_vjp_in(v, 0)), 3))); }
static weir_tensor *cube(weir_tensor **x);
static const weir_op_case cube_cases[] = { { "3,4", cube }, { NULL, NULL } };
static const weir_op op_cube = { .row = WEIR_OP_ROW("op.cube", "x^3"), .n_in = 1, .n_out = 1, .save_in = 1, .infer = weir_infer_same, .forward = cube_forward,
                                 .backward = cube_backward, .cases = cube_cases };
static weir_tensor *cube(weir_tensor **x)
{
    weir_tensor *dense = weir_contiguous(x[0]);
    return weir_apply(&op_cube, 1, &dense, NULL);
}
static weir_tensor *call_cube(void *user, weir_tensor **x) { return (void)user, cube(x); }

static void an_op_from_outside(void **state) /* class Cube(torch.autograd.Function) */
{
    weir_ctx *c = *state;
    assert_int_equal(weir_row_register(c, &op_cube.row), WEIR_OK);
    assert_ptr_equal(weir_row_find(c, "op", "cube"), &op_cube.row);
    weir_tensor *x = LEAF(c, 1, -2, 3), *y = cube(&x);
    assert_string_equal(weir_grad_fn_name(y), "op.cube");
    weir_backward(weir_sum(y));
    assert_near(AT(weir_grad_of(x), 2), 27, 1e-15);
    weir_tensor *m = weir_transpose(weir_reshape(weir_arange(c, WEIR_F64, 6), 2, SHAPE(2, 3)), 0, 1);
    assert_int_equal(weir_gradcheck(c, call_cube, NULL, 1, &m, NULL), WEIR_OK); /* first and second derivatives */
    weir_tensor *none = weir_zeros(c, WEIR_I64, 1, SHAPE(2));
    cube(&none);
    assert_fails(c, WEIR_ERROR_DTYPE, "cube: [2]: i64");
    y = cube(&x);
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_fill_(x, 0);
    weir_scope_end(s);
    weir_backward(weir_sum(y));
    assert_fails(c, WEIR_ERROR_GRAPH, "backward of op.cube: its input 0 was changed in place by fill_");
}

/* Without a backward: an error where gradients are wanted, never a result that has lost them. */
static const weir_op op_flat_cube = { .row = WEIR_OP_ROW("op.flat_cube", "x^3"), .n_in = 1, .n_out = 1, .infer = weir_infer_same, .forward = cube_forward,
                                      .no_gradient = "nobody wrote it", .cases = cube_cases };
static void an_op_without_a_backward_says_so(void **state) /* NotImplementedError: backward */
{
    weir_ctx *c = *state;
    weir_tensor *x = LEAF(c, 1, -2, 3), *still = weir_detach(x);
    assert_near(AT(weir_apply(&op_flat_cube, 1, &still, NULL), 1), -8, 1e-15);
    assert_true(weir_is_nil(weir_apply(&op_flat_cube, 1, &x, NULL)));
    assert_fails(c, WEIR_ERROR_GRAPH, "flat_cube: [3]: no gradient (nobody wrote it): expected a no_grad scope, or detached inputs");
    weir_scope s = weir_scope_begin_no_grad(c);
    assert_near(AT(weir_apply(&op_flat_cube, 1, &x, NULL), 2), 27, 1e-15);
    weir_scope_end(s);
    assert_int_equal(weir_dtype_of(weir_gt(x, still)), WEIR_BOOL); /* true and false carry none */
    assert_ok(c);
}

static void a_tensor_and_a_graph_as_text(void **state) /* print(x); torchviz.make_dot(y) */
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "linear", "in=2 out=3");
    weir_tensor *y = weir_sum(weir_tanh(weir_module_forward(m, weir_ones(c, WEIR_F32, 2, SHAPE(4, 2)))));
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    weir_print(weir_reshape(weir_arange(c, WEIR_F64, 4), 2, SHAPE(2, 2)), f);
    fclose(f);
    assert_string_equal(text, "[[0, 1],\n [2, 3]]  f64 [2, 2]\n");
    free(text);
    f = open_memstream(&text, &n);
    assert_int_equal(weir_dot(y, f), WEIR_OK);
    fclose(f);
    for (const char *const *part = (const char *const[]){ "digraph {", "op.sum", "op.tanh\\nf32 [4, 3]", "weight\\nf32 [3, 2]", "leaf1 -> n", "}\n", NULL }; *part; part++)
        if (!strstr(text, *part)) fail_msg("no \"%s\" in %s", *part, text);
    free(text);
    weir_module_free(m);
}

int main(void)
{
    CASES(CASE(a_result_knows_what_made_it), CASE(gradients_accumulate_until_zeroed), CASE(the_graph_may_differ_every_time), CASE(the_graph_may_follow_the_data), CASE(a_vector_is_asked_for),
          CASE(no_grad_and_detach), CASE(in_place_change_is_found), CASE(a_second_backward_needs_retain), CASE(grad_of_grad), CASE(gradients_of_interior_tensors),
          CASE(vector_jacobian_products), CASE(a_loop_leaves_memory_as_it_was), CASE(an_op_from_outside), CASE(an_op_without_a_backward_says_so),
          CASE(deep_chains_neither_recurse_nor_overflow), CASE(kept_results_keep_their_history),
          CASE(errors_name_the_op_and_the_shapes), CASE(a_jacobian_and_its_products), CASE(a_hessian), CASE(a_gradient_penalty),
          CASE(recompute_gives_the_same_bits), CASE(recompute_wants_every_leaf), CASE(recompute_of_a_module), CASE(recompute_of_one_input_twice), CASE(a_tensor_and_a_graph_as_text));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
