/* Every op from its row: first and second derivatives in f64, strided inputs, f32 against f64, fused against reference. */
#include "test.h"
#include "inputs.h"

static weir_tensor *call_case(void *user, weir_tensor **x) { return ((const weir_op_case *)user)->call(x); }

static void derivatives(void **state)
{
    weir_ctx *c = *state;
    weir_gradcheck_opts o = weir_gradcheck_defaults();
    if (TEST_SANITIZED) o.max_elements = 2;
    for (int64_t i = 0; i < weir__op_row_count; i++) {
        const weir_op *op = (const weir_op *)weir__op_rows[i];
        if (!op->cases || !op->cases[0].inputs) fail_msg("%s has no test input", op->row.name);
        if (!op->backward && !op->no_gradient) fail_msg("%s has no backward and no reason", op->row.name);
        for (const weir_op_case *k = op->cases; k->inputs; k++) {
            weir_scope s = weir_scope_begin(c);
            weir_tensor *x[INPUTS];
            int n = make_inputs(c, op, k->inputs, WEIR_F64, false, x);
            weir_tensor *y = k->call(x);
            if (!weir_ok(c)) fail_msg("%s(%s): %s", op->row.name, k->inputs, weir_message(c));
            if (op->backward && weir_dtype_is_real(weir_dtype_of(y)) && weir_gradcheck(c, call_case, (void *)(uintptr_t)k, n, x, &o))
                fail_msg("%s(%s): %s", op->row.name, k->inputs, weir_message(c));
            weir_scope_end(s);
        }
    }
}

static void same(weir_tensor *a, weir_tensor *b, double tolerance, const char *what, const char *inputs)
{
    if (weir_numel(a) != weir_numel(b) || weir_ndim(a) != weir_ndim(b)) fail_msg("%s(%s): shapes differ", what, inputs);
    int64_t n = weir_numel(a);
    double *p = malloc(sizeof *p * (size_t)(2 * n + 1)), *q = p + n;
    weir_copy_to_f64(a, p, n);
    weir_copy_to_f64(b, q, n);
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(p[i] - q[i]) <= tolerance * (1 + fabs(q[i])))) fail_msg("%s(%s): element %lld: %.9g and %.9g", what, inputs, (long long)i, p[i], q[i]);
    free(p);
}

static void strides_change_nothing(void **state)
{
    weir_ctx *c = *state;
    for (int64_t i = 0; i < weir__op_row_count; i++) {
        const weir_op *op = (const weir_op *)weir__op_rows[i];
        for (const weir_op_case *k = op->cases; k->inputs && !op->random; k++)
            for (int t = WEIR_F32; t <= WEIR_F64; t++) {
                weir_scope s = weir_scope_begin(c);
                weir_tensor *x[INPUTS], *y[INPUTS];
                make_inputs(c, op, k->inputs, (weir_dtype)t, false, x);
                make_inputs(c, op, k->inputs, (weir_dtype)t, true, y);
                same(k->call(y), k->call(x), 0, op->row.name, k->inputs);
                assert_ok(c);
                weir_scope_end(s);
            }
    }
}

static void f32_agrees_with_f64(void **state)
{
    weir_ctx *c = *state;
    for (int64_t i = 0; i < weir__op_row_count; i++) {
        const weir_op *op = (const weir_op *)weir__op_rows[i];
        for (const weir_op_case *k = op->cases; k->inputs; k++) {
            weir_scope s = weir_scope_begin(c);
            weir_tensor *x[INPUTS], *y[INPUTS];
            int n = make_inputs(c, op, k->inputs, WEIR_F32, false, x);
            for (int j = 0; j < n; j++) y[j] = weir_dtype_is_real(weir_dtype_of(x[j])) ? weir_cast(x[j], WEIR_F64) : x[j];
            weir__frame f = weir__frame_set(c, (weir__frame){ .stream = 3 });
            weir_tensor *a = k->call(x);
            weir__frame_set(c, (weir__frame){ .stream = 3 });
            same(a, k->call(y), 3e-6, op->row.name, k->inputs);
            weir__frame_set(c, f);
            weir_scope_end(s);
        }
    }
}

/* The kernel of a fused op, and its first-order backward, against the reference in plain ops. */
static void fused_ops_equal_their_reference(void **state)
{
    weir_ctx *c = *state;
    int seen = 0;
    for (int relu = 0; relu < 2; relu++) {
        weir_tensor *x[3], *g[3], *h[3], *v;
        make_inputs(c, &weir__op_linear, "7,5 6,5 6", WEIR_F64, false, x);
        for (int i = 0; i < 3; i++) weir_set_requires_grad(x[i], true);
        bool attr = relu;
        weir_tensor *y = (relu ? weir_linear_relu : weir_linear)(x[0], x[1], x[2]), *z = weir__op_linear.reference(x, 3, &attr);
        same(y, z, 1e-14, "op.linear", "forward");
        v = weir_randn(c, WEIR_F64, 2, SHAPE(7, 6));
        weir_grad(1, &y, 3, x, &v, false, false, g);
        weir_grad(1, &z, 3, x, &v, false, false, h);
        for (int i = 0; i < 3; i++, seen++) same(g[i], h[i], 1e-13, "op.linear", "backward");
        assert_ok(c);
    }
    assert_int_equal(seen, 6);
}

/* The same for every row with a reference, from its cases: values, and the first-order gradients that kernels give. */
static void fused_rows_equal_their_reference(void **state)
{
    weir_ctx *c = *state;
    int seen = 0;
    for (int64_t i = 0; i < weir__op_row_count; i++) {
        const weir_op *op = (const weir_op *)weir__op_rows[i];
        for (const weir_op_case *k = op->cases; k->inputs && op->reference; k++) {
            weir_scope s = weir_scope_begin(c);
            weir_tensor *x[INPUTS], *wants[INPUTS], *g[INPUTS], *h[INPUTS];
            int n = make_inputs(c, op, k->inputs, WEIR_F64, false, x), m = 0;
            for (int j = 0; j < n; j++)
                if (weir_dtype_is_real(weir_dtype_of(x[j]))) wants[m++] = weir_set_requires_grad(x[j], true);
            weir_tensor *y = k->call(x);
            assert_ok(c);
            if (y->node->op != op) { /* the axis was moved */
                weir_scope_end(s);
                continue;
            }
            weir_tensor *z = op->reference(x, n, y->node->attr);
            same(y, z, 1e-13, op->row.name, k->inputs);
            weir_tensor *v = weir_affine(weir_cos(weir_detach(z)), 0.5, 1);
            weir_grad(1, &y, m, wants, &v, false, false, g);
            weir_grad(1, &z, m, wants, &v, false, false, h);
            for (int j = 0; j < m; j++, seen++) same(g[j], h[j], 1e-12, op->row.name, k->inputs);
            assert_ok(c);
            weir_scope_end(s);
        }
    }
    assert_true(seen > 20);
}

/* Values and gradients where they are a convention: PyTorch 2's. */
static weir_tensor *leaky(weir_tensor *x) { return weir_leaky_relu(x, 0.25); }
static weir_tensor *elu2(weir_tensor *x) { return weir_elu(x, 2); }
static weir_tensor *unit(weir_tensor *x) { return weir_clamp(x, 0, 1); }
static weir_tensor *power0(weir_tensor *x) { return weir_pow_scalar(x, 0); }
static weir_tensor *power1(weir_tensor *x) { return weir_pow_scalar(x, 1); }
static weir_tensor *power2(weir_tensor *x) { return weir_pow_scalar(x, 2); }
static weir_tensor *power3(weir_tensor *x) { return weir_pow_scalar(x, 3); }
static weir_tensor *power_half(weir_tensor *x) { return weir_pow_scalar(x, 0.5); }

static void edges_are_as_in_pytorch(void **state)
{
    static const struct { weir_tensor *(*f)(weir_tensor *); double x, y, slope, curve; } cases[] = {
        { weir_abs, 0, 0, 0, 0 },          { weir_abs, -3, 3, -1, 0 },        { weir_sign, 0, 0, 0, 0 },      { weir_relu, 0, 0, 0, 0 },
        { weir_floor, 2, 2, 0, 0 },        { leaky, 0, 0, 0.25, 0 },          { leaky, -2, -0.5, 0.25, 0 },   { elu2, 0, 0, 2, 2 },
        { elu2, 800, 800, 1, 0 },          { elu2, -800, -2, 0, 0 },          { unit, 0, 0, 1, 0 },           { unit, 1, 1, 1, 0 },
        { unit, -1, 0, 0, 0 },             { unit, 2, 1, 0, 0 },              { unit, NAN, NAN, 0, 0 },       { power0, 0, 1, 0, 0 },
        { power1, 0, 0, 1, 0 },            { power2, 0, 0, 0, 2 },            { power2, -3, 9, -6, 2 },       { power3, -2, -8, 12, -12 },
        { power0, NAN, 1, 0, 0 },          { power_half, -1, NAN, NAN, NAN }, { power_half, 0, 0, INFINITY, -INFINITY },
        { weir_silu, 0, 0, 0.5, 0.5 },     { weir_silu, 1000, 1000, 1, 0 },   { weir_gelu, 0, 0, 0.5, 0.7978845608028654 },
        { weir_gelu_tanh, 0, 0, 0.5, 0.7978845608028654 },                    { weir_logsigmoid, 0, -0.6931471805599453, 0.5, -0.25 },
        { weir_quick_gelu, 0, 0, 0.5, 0.851 },                                { weir_quick_gelu, 1000, 1000, 1, 0 },
        { weir_logsigmoid, -1000, -1000, 1, 0 },                              { weir_selu, 1, 1.0507009873554805, 1.0507009873554805, 0 },
        { weir_selu, 0, 0, 1.7580993408473766, 1.7580993408473766 },          { weir_erf, 0, 0, 1.1283791670955126, 0 },
        { weir_expm1, 0, 0, 1, 1 },        { weir_log1p, 0, 0, 1, -1 },       { weir_log1p, -1, -INFINITY, INFINITY, -INFINITY },
        { weir_rsqrt, 4, 0.5, -0.0625, 0.0234375 },                           { weir_atan, 0, 0, 1, 0 },
        { weir_atan, -2, -1.1071487177940904, 0.2, 0.16 },                    { weir_atan, INFINITY, 1.5707963267948966, 0, NAN },
    };
    weir_ctx *c = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_tensor *x = weir_set_requires_grad(weir_scalar(c, WEIR_F64, cases[i].x), true), *y = cases[i].f(x), *first, *second, *third;
        weir_grad(1, &y, 1, &x, NULL, false, true, &first);
        y = cases[i].f(x);
        weir_grad(1, &y, 1, &x, NULL, true, true, &second);
        double got[4] = { weir_item(y), weir_item(first), weir_item(second), 0 }, want[4] = { cases[i].y, cases[i].slope, cases[i].slope, cases[i].curve };
        if (second->requires_grad) {
            weir_grad(1, &second, 1, &x, NULL, false, true, &third);
            got[3] = weir_is_nil(third) ? 0 : weir_item(third);
        }
        assert_ok(c);
        for (int j = 0; j < 4; j++)
            if (isnan(want[j]) ? !isnan(got[j]) : isinf(want[j]) ? got[j] != want[j] : !(fabs(got[j] - want[j]) <= 1e-13))
                fail_msg("case %zu at %g: number %d is %.17g, expected %.17g", i, cases[i].x, j, got[j], want[j]);
    }
}

/* a^b: the base, the exponent, and their gradients from PyTorch */
static void powers_are_as_in_pytorch(void **state)
{
    static const double cases[][5] = { /* a, b, a^b, for a, for b */
        { 0, 0, 1, 0, 0 }, { 0, 2, 0, 0, 0 }, { -2, 3, -8, 12, NAN }, { -2, 2, 4, -4, NAN }, { 2, 3, 8, 12, 5.545177444479562 }, { -2, 0, 1, 0, NAN },
        { 0, -1, INFINITY, -INFINITY, -INFINITY }, { 4, 0.5, 2, 0.25, 2.772588722239781 }, { -1, 0.5, NAN, NAN, NAN }, { 0, 1, 0, 1, 0 } };
    weir_ctx *c = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int create = 0; create < 2; create++) {
            weir_tensor *x[2] = { weir_scalar(c, WEIR_F64, cases[i][0]), weir_scalar(c, WEIR_F64, cases[i][1]) }, *g[2];
            for (int j = 0; j < 2; j++) weir_set_requires_grad(x[j], true);
            weir_tensor *y = weir_pow(x[0], x[1]);
            weir_grad(1, &y, 2, x, NULL, create, false, g);
            assert_ok(c);
            double got[3] = { weir_item(y), weir_item(g[0]), weir_item(g[1]) };
            for (int j = 0; j < 3; j++)
                if (isnan(cases[i][2 + j]) ? !isnan(got[j]) : isinf(cases[i][2 + j]) ? got[j] != cases[i][2 + j] : !(fabs(got[j] - cases[i][2 + j]) <= 1e-13))
                    fail_msg("%g^%g: number %d is %.17g, expected %.17g", cases[i][0], cases[i][1], j, got[j], cases[i][2 + j]);
        }
    weir_clamp(weir_scalar(c, WEIR_F32, 0), 2, 1);
    assert_fails(c, WEIR_ERROR_RANGE, "clamp: 2 to 1");
    weir_pow(weir_zeros(c, WEIR_F32, 1, SHAPE(3)), weir_zeros(c, WEIR_F32, 1, SHAPE(4)));
    assert_fails(c, WEIR_ERROR_SHAPE, "pow: [3] and [4]");
}

static void expect(weir_tensor *x, int64_t n, const double *values, const char *what)
{
    double got[32];
    assert_int_equal(weir_numel(x), n);
    weir_copy_to_f64(x, got, n);
    for (int64_t i = 0; i < n; i++)
        if (isnan(values[i]) ? !isnan(got[i]) : got[i] != values[i] && !(fabs(got[i] - values[i]) <= 1e-14 * (1 + fabs(values[i]))))
            fail_msg("%s: element %lld is %.17g, expected %.17g", what, (long long)i, got[i], values[i]);
}
#define VALUES(...) sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double), (const double[]){ __VA_ARGS__ }

static void reductions_are_as_in_pytorch(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_from_f64(c, (const double[]){ 1, 4, 4, 2, 4, -1 }, 2, SHAPE(2, 3)), *g, *y;
    const int first[] = { 0 }, last[] = { 1 };
    weir_set_requires_grad(x, true);
    expect(weir_amax_axes(x, 1, last, false), VALUES(4, 4), "amax");
    expect(weir_amin_axes(x, 1, first, true), VALUES(1, 4, -1), "amin");
    y = weir_amax(x);
    weir_grad(1, &y, 1, &x, NULL, false, false, &g);
    expect(g, VALUES(0, 1. / 3, 1. / 3, 0, 1. / 3, 0), "gradient of amax");
    y = weir_sum(weir_amin_axes(x, 1, first, false));
    weir_grad(1, &y, 1, &x, NULL, false, false, &g);
    expect(g, VALUES(1, 0.5, 0, 0, 0.5, 1), "gradient of amin");
    expect(weir_var_axes(x, 1, last, 1, false), VALUES(3, 19. / 3), "var");
    expect(weir_var_axes(x, 1, last, 0, true), VALUES(2, 38. / 9), "var, correction 0");
    expect(weir_var(x, 1), VALUES(64. / 15), "var of all");
    expect(weir_var_axes(x, 1, first, 2, false), VALUES(INFINITY, NAN, INFINITY), "var of too few");
    expect(weir_cumsum(x, 1), VALUES(1, 5, 9, 2, 6, 5), "cumsum");
    expect(weir_cumsum(x, -2), VALUES(1, 4, 4, 3, 8, 3), "cumsum along the first axis");
    y = weir_sum(weir_cumsum(x, 1));
    weir_grad(1, &y, 1, &x, NULL, false, false, &g);
    expect(g, VALUES(3, 2, 1, 3, 2, 1), "gradient of cumsum");
    weir_tensor *big = weir_from_f64(c, (const double[]){ 1000, 1000, -INFINITY, -1000, -INFINITY, -INFINITY }, 2, SHAPE(2, 3));
    expect(weir_softmax(big, 1), VALUES(0.5, 0.5, 0, 1, 0, 0), "softmax");
    expect(weir_softmax(big, 0), VALUES(1, 1, NAN, 0, 0, NAN), "softmax along the first axis");
    expect(weir_log_softmax(big, 1), VALUES(-log(2), -log(2), -INFINITY, 0, -INFINITY, -INFINITY), "log_softmax");
    expect(weir_logsumexp(big, 1, false), VALUES(1000 + log(2), -1000), "logsumexp");
    expect(weir_logsumexp(big, 0, true), VALUES(1000, 1000, -INFINITY), "logsumexp along the first axis");
    expect(weir_logsumexp(weir_zeros(c, WEIR_F64, 2, SHAPE(2, 0)), 1, false), VALUES(-INFINITY, -INFINITY), "logsumexp of nothing");
    expect(weir_amax(weir_from_f64(c, (const double[]){ 1, NAN, 3 }, 1, SHAPE(3))), VALUES(NAN), "amax of NaN");
    assert_ok(c);
    weir_amax_axes(weir_zeros(c, WEIR_F32, 2, SHAPE(2, 0)), 1, last, false);
    assert_fails(c, WEIR_ERROR_SHAPE, "amax: [2, 0]: axis 1 is empty");
    weir_amax_axes(x, 2, (const int[]){ 1, -1 }, false);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "amax: axis -1 twice");
    weir_softmax(x, 2);
    assert_fails(c, WEIR_ERROR_SHAPE, "softmax: axis 2");
    weir_logsumexp(weir_scalar(c, WEIR_F32, 1), 0, false);
    assert_fails(c, WEIR_ERROR_SHAPE, "rank 0");
}

/* Views that overlap themselves are refused; two views of one memory act as if the second had been read first */
static void in_place_views_do_not_run_into_each_other(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *wide = weir_expand(weir_zeros(c, WEIR_F64, 1, SHAPE(1)), 1, SHAPE(4));
    weir_add_(wide, weir_ones(c, WEIR_F64, 1, SHAPE(4)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "expanded");
    double v[100], want[100];
    for (int i = 0; i < 100; i++) v[i] = i * i, want[i] = i ? i * i + (i - 1) * (i - 1) : 0;
    weir_tensor *a = weir_from_f64(c, v, 1, SHAPE(100));
    weir_add_(weir_slice(a, 0, 1, 100, 1), weir_slice(a, 0, 0, 99, 1));
    assert_memory_equal(weir_data(a), want, sizeof want);
    weir_copy_(weir_slice(a, 0, 1, 100, 1), weir_slice(a, 0, 0, 99, 1));
    for (int64_t i = 1; i < 100; i++) assert_near(weir_get(a, &i), want[i - 1], 0);
    weir_tensor *end = weir_slice(a, 0, 9, 100, INT64_MAX);
    assert_int_equal(weir_numel(end), 1);
    weir_reshape(a, 2, (const int64_t[]){ 100, ((int64_t)1 << 62) + 1 });
    assert_fails(c, WEIR_ERROR_SHAPE, "2^63 elements");
}

/* Leaf gradients that the kernel writes in place: set, then added to. */
static void linear_writes_leaf_gradients_in_place(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x[3];
    make_inputs(c, &weir__op_linear, "7,5 6,5 6", WEIR_F64, false, x);
    for (int i = 0; i < 3; i++) weir_set_requires_grad(x[i], true);
    weir_backward(weir_sum(weir_linear(x[0], x[1], x[2])));
    weir_tensor *once = weir_scale(weir_grad_of(x[1]), 2), *bias = weir_scale(weir_grad_of(x[2]), 2);
    weir_backward(weir_sum(weir_linear(x[0], x[1], x[2])));
    same(weir_grad_of(x[1]), once, 1e-15, "op.linear", "w");
    same(weir_grad_of(x[2]), bias, 1e-15, "op.linear", "b");
    assert_near(weir_get(bias, SHAPE(3)), 14, 0);
}

/* A layer with its activation is the layer, then the activation, to the bit, recorded or not; the slope takes memory only when it is wanted. */
static void activations_are_fused_to_the_bit(void **state)
{
    static weir_tensor *(*const plain[])(weir_tensor *) = { weir_relu, weir_tanh, weir_sigmoid, weir_softplus, weir_silu, weir_gelu, weir_gelu_tanh, weir_quick_gelu };
    weir_ctx *c = *state;
    for (int t = WEIR_F32; t <= WEIR_F64; t++)
        for (int f = WEIR_ACT_RELU; f <= WEIR_ACT_QUICK_GELU; f++) {
            weir_scope s = weir_scope_begin(c);
            weir_tensor *x = weir_randn(c, (weir_dtype)t, 3, SHAPE(3, 7, 21)), *w = weir_randn(c, (weir_dtype)t, 2, SHAPE(19, 21)), *b = weir_randn(c, (weir_dtype)t, 1, SHAPE(19));
            weir_tensor *y = weir_linear_act(x, w, b, (weir_act)f), *z = plain[f - WEIR_ACT_RELU](weir_linear(x, w, b));
            same(y, z, 0, "op.linear_act", "nothing recorded");
            same(weir_linear_act(x, weir_set_requires_grad(w, true), b, (weir_act)f), z, 0, "op.linear_act", "recorded");
            weir_scope_end(s);
        }
    assert_ok(c);
    weir_tensor *x = weir_zeros(c, WEIR_F32, 2, SHAPE(2, 3));
    weir_linear_act(x, x, NULL, (weir_act)77);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "linear_act: activation 77");
    weir_linear_act(x, weir_zeros(c, WEIR_F32, 2, SHAPE(2, 4)), NULL, WEIR_ACT_SILU);
    assert_fails(c, WEIR_ERROR_SHAPE, "linear_act: [2, 3] and [2, 4]");
}

static void shapes_behave_as_in_numpy(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_reshape(weir_arange(c, WEIR_F64, 24), 3, SHAPE(2, 3, 4));
    weir_tensor *t = weir_permute(x, (const int[]){ 2, 0, 1 });
    weir_tensor *r = weir_reshape(t, 2, SHAPE(8, -1)); /* copies */
    assert_near(weir_get(r, SHAPE(3, 1)), weir_get(t, SHAPE(1, 1, 1)), 0);
    weir_view(t, 2, SHAPE(8, 3));
    assert_fails(c, WEIR_ERROR_SHAPE, "no view");
    weir_tensor *half = weir_slice(x, 2, 0, 2, 1), *flat = weir_reshape(half, 1, SHAPE(12));
    for (int64_t i = 0; i < 12; i++) assert_near(weir_get(flat, SHAPE(i)), (double)(i / 2 * 4 + i % 2), 0);
    weir_tensor *merged = weir_view(half, 2, SHAPE(6, 2)); /* the even part may merge */
    assert_near(weir_get(merged, SHAPE(4, 1)), 17, 0);
    weir_reshape(x, 2, SHAPE(5, -1));
    assert_fails(c, WEIR_ERROR_SHAPE, "multiple of 5");
    assert_near(weir_item(weir_sum(weir_zeros(c, WEIR_F32, 2, SHAPE(0, 3)))), 0, 0);
    assert_true(isnan(weir_item(weir_mean(weir_zeros(c, WEIR_F32, 1, SHAPE(0))))));
    assert_int_equal(weir_dim(weir_slice(x, -1, -3, 100, 2), -1), 2);
    weir_index_select(x, 0, weir_from_i64(c, (const int64_t[]){ 2 }, 1, SHAPE(1)));
    assert_fails(c, WEIR_ERROR_RANGE, "index 2 at 0");
    assert_ok(c);
}

/* Row i is bitwise independent of its batch mates: alone, in any batch up to 300, at any place; forward and vjp; both types. */
typedef weir_tensor *row_fn(weir_tensor *x, weir_tensor *w, weir_tensor *b);
static weir_tensor *rows_linear(weir_tensor *x, weir_tensor *w, weir_tensor *b) { return weir_linear(x, w, b); }
static weir_tensor *rows_linear_relu(weir_tensor *x, weir_tensor *w, weir_tensor *b) { return weir_linear_relu(x, w, b); }
static weir_tensor *rows_linear_silu(weir_tensor *x, weir_tensor *w, weir_tensor *b) { return weir_linear_act(x, w, b, WEIR_ACT_SILU); }
static weir_tensor *rows_linear_gelu(weir_tensor *x, weir_tensor *w, weir_tensor *b) { return weir_linear_act(x, w, b, WEIR_ACT_GELU); }
static weir_tensor *rows_linear_tanh(weir_tensor *x, weir_tensor *w, weir_tensor *b) { return weir_linear_act(x, w, b, WEIR_ACT_TANH); }
static weir_tensor *rows_matmul(weir_tensor *x, weir_tensor *w, weir_tensor *b) { return weir_add(weir_matmul(x, weir_transpose(w, 0, 1)), b); }
static weir_tensor *rows_softplus_sum(weir_tensor *x, weir_tensor *w, weir_tensor *b) { (void)w, (void)b; return weir_sum_samples(weir_softplus(weir_mul(x, weir_exp(x)))); }
static weir_tensor *rows_softmax(weir_tensor *x, weir_tensor *w, weir_tensor *b) { (void)w, (void)b; return weir_mul(weir_softmax(x, 1), weir_silu(weir_log_softmax(x, -1))); }
static weir_tensor *rows_norms(weir_tensor *x, weir_tensor *w, weir_tensor *b)
{
    weir_tensor *scale = weir_slice(weir_detach(w), 0, 0, 1, 1), *c = weir_slice(b, 0, 0, 1, 1);
    int64_t n = weir_dim(x, 0);
    weir_tensor *groups = weir_group_norm(weir_reshape(x, 3, SHAPE(n, 1, 37)), 1, c, c, 1e-5);
    return weir_rms_norm(weir_add(weir_layer_norm(x, 1, weir_reshape(scale, 1, SHAPE(37)), NULL, 1e-5), weir_reshape(groups, 2, SHAPE(n, 37))), 1, NULL, 1e-5);
}
static weir_tensor *rows_attention(weir_tensor *x, weir_tensor *w, weir_tensor *b) /* 36 columns: 3 places of 2 heads of 6 */
{
    (void)w, (void)b;
    weir_tensor *h = weir_transpose(weir_reshape(weir_slice(x, 1, 0, 36, 1), 4, SHAPE(weir_dim(x, 0), 3, 2, 6)), 1, 2);
    return weir_flatten(weir_transpose(weir_scaled_dot_product_attention(h, weir_tanh(h), weir_slice(h, 3, 1, 6, 2), NULL, true, NAN), 1, 2));
}
static weir_tensor *rows_split(weir_tensor *x, weir_tensor *w, weir_tensor *b)
{
    (void)w, (void)b;
    weir_tensor *even = weir_slice(x, 1, 0, INT64_MAX, 2), *odd = weir_slice(x, 1, 1, INT64_MAX, 2);
    return weir_interleave(weir_tanh(even), weir_sigmoid(weir_div(odd, weir_affine(weir_square(odd), 1, 1))));
}

static void run_rows(weir_ctx *c, row_fn *f, weir_tensor *x, weir_tensor *w, weir_tensor *b, weir_tensor **y, weir_tensor **gx)
{
    weir_set_requires_grad(x, true);
    *y = f(x, w, b);
    weir_tensor *v = weir_affine(weir_detach(*y), 0.5, 1);
    weir_grad(1, y, 1, &x, &v, false, false, gx);
    assert_ok(c);
}

static void rows_in(weir_ctx *c)
{
    static row_fn *const fns[] = { rows_linear, rows_linear_relu, rows_linear_silu, rows_linear_gelu, rows_linear_tanh, rows_matmul, rows_softplus_sum, rows_softmax, rows_norms, rows_attention, rows_split };
    enum { N = 300, IN = 37, OUT = 29 };
    for (int t = WEIR_F32; t <= WEIR_F64; t++)
        for (size_t k = 0; k < sizeof fns / sizeof *fns; k++) {
            weir_scope outer = weir_scope_begin(c);
            weir_tensor *x = weir_randn(c, (weir_dtype)t, 2, SHAPE(N, IN)), *w = weir_randn(c, (weir_dtype)t, 2, SHAPE(OUT, IN)), *b = weir_randn(c, (weir_dtype)t, 1, SHAPE(OUT)), *y, *g;
            run_rows(c, fns[k], x, w, b, &y, &g);
            x = weir_detach(x);
            for (int64_t n = 1; n <= N; n += k < 3 ? 1 : 7) { /* at the beginning, in the middle, at the end */
                int64_t from = (N - n) * (n % 3) / 2;
                weir_scope s = weir_scope_begin(c);
                weir_tensor *yn, *gn;
                run_rows(c, fns[k], weir_slice(x, 0, from, from + n, 1), w, b, &yn, &gn);
                same(yn, weir_slice(y, 0, from, from + n, 1), 0, "rows", "forward");
                same(gn, weir_slice(g, 0, from, from + n, 1), 0, "rows", "vjp");
                weir_scope_end(s);
            }
            weir_scope_end(outer);
        }
}

static void rows_are_independent(void **state)
{
    (void)state;
    for (int isa = WEIR_ISA_C; isa <= WEIR_ISA_AVX512; isa++) {
        weir_open_opts o = weir_open_defaults();
        o.isa = (weir_isa)isa;
        weir_ctx *c = weir_open_with(&o);
        if (weir_ok(c)) rows_in(c); /* else the CPU lacks it */
        weir_close(c);
    }
}

/* Every allocation of every row's forward and of both its backwards fails in turn. */
static const weir_op *current;
static void all_of_current(weir_ctx *c)
{
    for (const weir_op_case *k = current->cases; k->inputs && weir_ok(c); k++)
        for (int create = 0; create < 2; create++) {
            weir_scope s = weir_scope_begin(c);
            weir_tensor *x[INPUTS], *wants[INPUTS], *g[INPUTS];
            int n = make_inputs(c, current, k->inputs, WEIR_F32, false, x), m = 0;
            for (int j = 0; j < n; j++)
                if (weir_dtype_of(x[j]) == WEIR_F32) wants[m++] = weir_set_requires_grad(x[j], true);
            weir_tensor *y = weir_ok(c) ? k->call(x) : NULL;
            if (current->backward && y && weir_dtype_of(y) == WEIR_F32 && weir_ok(c)) weir_grad(1, &y, m, wants, &y, create, true, g);
            weir_scope_end(s);
        }
}

static void no_memory(void **state)
{
    (void)state;
    for (int64_t i = 0; i < weir__op_row_count; i++) {
        current = (const weir_op *)weir__op_rows[i];
        test_every_allocation(all_of_current);
    }
}

int main(void)
{
    CASES(CASE(derivatives), CASE(strides_change_nothing), CASE(f32_agrees_with_f64), CASE(fused_ops_equal_their_reference), CASE(fused_rows_equal_their_reference), CASE(edges_are_as_in_pytorch),
          CASE(powers_are_as_in_pytorch), CASE(reductions_are_as_in_pytorch),
          CASE(in_place_views_do_not_run_into_each_other), CASE(linear_writes_leaf_gradients_in_place), CASE(activations_are_fused_to_the_bit),
          CASE(shapes_behave_as_in_numpy), cmocka_unit_test(rows_are_independent), cmocka_unit_test(no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
