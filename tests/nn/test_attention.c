/* The attention module against PyTorch (fixtures/attention.h): values and gradients of all it takes. Then second derivatives, what is refused,
 * allocations, and bits: a sample alone, on one thread or two. */
#include "test.h"
#include "weir/nn.h"
#include "fixtures/attention.h"

enum { CASES_N = sizeof attention_cases / sizeof *attention_cases, B = ATTENTION_B, L = ATTENTION_L, S = ATTENTION_S, W = ATTENTION_W, C = ATTENTION_C, H = ATTENTION_H, E = ATTENTION_E };

static weir_tensor *made(weir_ctx *c, int j, int ndim, const int64_t *shape, double add)
{
    int64_t n = 1;
    for (int i = 0; i < ndim; i++) n *= shape[i];
    weir_tensor *i = weir_affine(weir_arange(c, WEIR_F64, n), 1.7, 0.9 * j + 0.3);
    return weir_reshape(weir_affine(weir_cos(i), 0.5, add), ndim, shape);
}

/* A case: its module, what it takes, and what it is given. */
typedef struct setting { const struct attention_case *t; weir_module *m; weir_tensor *x, *context, *mask, *cosine, *sine; int64_t n; } setting;

static weir_module *module_of(weir_ctx *c, const struct attention_case *t)
{
    char text[160];
    snprintf(text, sizeof text, "width=%d context=%d heads=%d head=%d bias=%s qk_norm=%s dtype=f64", W, t->cross ? C : 0, H, E, t->bias ? "yes" : "no", *t->norm ? t->norm : "none");
    weir_module *m = weir_module_new(c, "attention", text);
    for (int64_t j = 0; j < weir_module_state_count(m); j++) {
        const char *name;
        weir_tensor *p = weir_module_state_at(m, j, &name, NULL);
        weir_copy_(weir_detach(p), made(c, (int)j, weir_ndim(p), weir_shape(p), strstr(name, "norm") && strstr(name, "weight") ? 1 : 0));
    }
    return m;
}

static setting setting_of(weir_ctx *c, const struct attention_case *t)
{
    setting s = { .t = t, .m = module_of(c, t), .n = t->cross ? S : L };
    s.x = weir_set_requires_grad(made(c, 20, 3, SHAPE(B, L, W), 0), true);
    if (t->cross) s.context = weir_set_requires_grad(made(c, 21, 3, SHAPE(B, S, C), 0), true);
    if (!strcmp(t->mask, "bias")) s.mask = weir_set_requires_grad(made(c, 22, 3, SHAPE(H, L, s.n), 0), true);
    if (!strcmp(t->mask, "bool")) {
        double seen[L * S];
        for (int i = 0; i < L; i++) for (int j = 0; j < s.n; j++) seen[i * s.n + j] = (i + 2 * j) % 3 != 1;
        s.mask = weir_cast(weir_from_f64(c, seen, 2, SHAPE(L, s.n)), WEIR_BOOL);
    }
    if (t->rotary) {
        weir_tensor *angles = weir_scale(made(c, 23, 2, SHAPE(S, E / 2), 0), 4); /* S > L */
        s.cosine = weir_cos(angles), s.sine = weir_sin(angles);
    }
    return s;
}

static weir_tensor *places(weir_tensor *angles, int64_t n) { return angles ? weir_slice(angles, 0, 0, n, 1) : NULL; }

static weir_tensor *run(const setting *s, weir_tensor *x, weir_tensor *context)
{
    weir_attention_opts o = weir_attention_defaults();
    o.context = context, o.mask = s->mask, o.cosine = places(s->cosine, L), o.sine = places(s->sine, L);
    if (context) o.key_cosine = places(s->cosine, S), o.key_sine = places(s->sine, S);
    return weir_attention_at(s->m, x, &o);
}

static const double *expect(const char *what, int k, weir_tensor *got, const double *values)
{
    int64_t n = weir_numel(got);
    double v[128];
    assert_true(n <= 128);
    weir_copy_to_f64(got, v, n);
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(v[i] - values[i]) <= 1e-13 * (1 + fabs(values[i])))) fail_msg("case %d: %s %lld: %.17g, PyTorch %.17g", k, what, (long long)i, v[i], values[i]);
    return values + n;
}

static void values_and_gradients_are_pytorchs(void **state)
{
    weir_ctx *c = *state;
    for (int k = 0; k < CASES_N; k++) {
        weir_scope scope = weir_scope_begin(c);
        setting s = setting_of(c, &attention_cases[k]);
        weir_tensor *y = run(&s, s.x, s.context);
        assert_ok(c);
        expect("value", k, y, s.t->y);
        weir_backward_with(y, weir_reshape(weir_cos(weir_affine(weir_arange(c, WEIR_F64, B * L * W), 1, 0.5)), 3, SHAPE(B, L, W)), false);
        assert_ok(c);
        const double *g = expect("gradient of x", k, weir_grad_of(s.x), s.t->gradients);
        if (s.context) g = expect("gradient of the context", k, weir_grad_of(s.context), g);
        if (!strcmp(s.t->mask, "bias")) g = expect("gradient of the bias", k, weir_grad_of(s.mask), g);
        for (int64_t j = 0; j < weir_module_state_count(s.m); j++) {
            const char *name;
            weir_tensor *p = weir_module_state_at(s.m, j, &name, NULL);
            g = expect(name, k, weir_grad_of(p), g);
        }
        weir_module_free(s.m);
        weir_scope_end(scope);
    }
}

static weir_tensor *by_inputs(void *user, weir_tensor **x)
{
    const setting *s = user;
    return run(s, x[0], s->context ? x[1] : NULL);
}

static void second_derivatives(void **state)
{
    weir_ctx *c = *state;
    for (int k = 0; k < CASES_N; k++) {
        weir_scope scope = weir_scope_begin(c);
        setting s = setting_of(c, &attention_cases[k]);
        weir_tensor *x[] = { s.x, s.context };
        if (weir_gradcheck(c, by_inputs, &s, s.context ? 2 : 1, x, NULL)) fail_msg("case %d: %s", k, weir_message(c));
        weir_module_free(s.m);
        weir_scope_end(scope);
    }
}

static void a_sample_is_independent_of_its_batch(void **state)
{
    (void)state;
    for (int k = 0; k < CASES_N; k++) {
        weir_tensor *y[2];
        weir_ctx *c[2] = { weir_open(1), weir_open(2) };
        for (int i = 0; i < 2; i++) {
            setting s = setting_of(c[i], &attention_cases[k]);
            y[i] = run(&s, s.x, s.context);
            weir_tensor *one = run(&s, weir_slice(s.x, 0, 1, 2, 1), s.context ? weir_slice(s.context, 0, 1, 2, 1) : NULL);
            assert_ok(c[i]);
            assert_memory_equal(weir_data(one), (const double *)weir_data(y[i]) + L * W, sizeof(double) * L * W);
            weir_module_free(s.m);
        }
        assert_memory_equal(weir_data(y[0]), weir_data(y[1]), sizeof(double) * B * L * W);
        weir_close(c[0]), weir_close(c[1]);
    }
}

static void mistakes(void **state)
{
    weir_ctx *c = *state;
    weir_module *own = weir_module_new(c, "attention", "width=4 heads=2"), *cross = weir_module_new(c, "attention", "width=4 context=3"), *other = weir_module_new(c, "relu", "");
    weir_tensor *x = weir_ones(c, WEIR_F32, 3, SHAPE(1, 2, 4)), *k = weir_ones(c, WEIR_F32, 3, SHAPE(1, 5, 3));
    weir_attention_opts o = weir_attention_defaults();
    weir_attention_at(other, x, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "attention_at: another module");
    weir_module_forward(cross, x);
    assert_fails(c, WEIR_ERROR_SHAPE, "expected a context, f32 [.., places, 3]");
    o.context = x;
    weir_attention_at(cross, x, &o);
    assert_fails(c, WEIR_ERROR_SHAPE, "expected a context, f32 [.., places, 3]");
    o.context = k;
    weir_attention_at(own, x, &o);
    assert_fails(c, WEIR_ERROR_SHAPE, "expected no context");
    weir_attention_at(cross, k, &o);
    assert_fails(c, WEIR_ERROR_SHAPE, "expected f32 [.., places, 4]");
    o.sine = x;
    weir_attention_at(cross, x, &o);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "attention_at: a cosine without a sine");
    weir_module_new(c, "attention", "width=5 heads=2");
    assert_fails(c, WEIR_ERROR_RANGE, "module.attention: width 5 of 2 heads");
    weir_module_free(own), weir_module_free(cross), weir_module_free(other);
}

static int current;
static void run_current(weir_ctx *c)
{
    setting s = setting_of(c, &attention_cases[current]);
    weir_tensor *y = weir_ok(c) ? weir_sum(run(&s, s.x, s.context)) : NULL;
    if (y && weir_requires_grad(y)) weir_backward(y);
    weir_module_free(s.m);
}

static void no_memory(void **state)
{
    (void)state;
    for (current = 1; current < 5; current += 3) test_every_allocation(run_current);
}

int main(void)
{
    CASES(CASE(values_and_gradients_are_pytorchs), CASE(second_derivatives), cmocka_unit_test(a_sample_is_independent_of_its_batch), CASE(mistakes), cmocka_unit_test(no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
