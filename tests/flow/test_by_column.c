/* The inverse of autoregressive flows by columns against a pass for each column: values, gradients, second ones; its bits. */
#include "test.h"
#include "flow/autoregressive.h"
#include "ops/ops.h"
#include "weir/grad.h"

enum { B = 5 };

/* Networks and maps; dim, where it is not said, is 21: more than one block of steps (src/ops/stairs.c). */
static const struct variant { const char *name, *options; } variants[] = {
    { "affine_autoregressive", "net=\"made hidden= zero=no\"" },
    { "affine_autoregressive", "net=\"made hidden=13 zero=no\"" },
    { "affine_autoregressive", "net=\"made hidden=90 activation=tanh zero=no\"" },
    { "affine_autoregressive", "net=\"made hidden=30,9,40 activation=sigmoid zero=no\" scale=learned_tanh bound=0.7" },
    { "affine_autoregressive", "dim=50 net=\"made hidden=70,65 activation=softplus zero=no\" scale=sigmoid" },
    { "affine_autoregressive", "dim=16 net=\"made hidden=33,20 activation=silu zero=no\" scale=exp first=shift" },
    { "affine_autoregressive", "dim=17 net=\"made hidden=33,20 activation=gelu zero=no\" scale=tanh" },
    { "affine_autoregressive", "net=\"made hidden=31 residual=yes zero=no\"" },
    { "affine_autoregressive", "net=\"made hidden=31,31 residual=yes activation=tanh zero=no\"" },
    { "affine_autoregressive", "dim=40 net=\"made hidden=31,31,31 residual=yes activation=silu zero=no\"" },
    { "affine_autoregressive", "classes=3 context=2 net=\"made hidden=31,7 zero=no\"" },
    { "affine_autoregressive", "classes=3 context=2 net=\"made hidden= zero=no\"" },
    { "affine_autoregressive", "classes=3 context=2 net=\"made hidden=31,7 activation=tanh added=yes zero=no\"" },
    { "affine_autoregressive", "context=2 net=\"made hidden=44,44,44 residual=yes activation=gelu zero=no\"" },
    { "affine_autoregressive", "classes=3 net=\"made hidden=44,44,44 residual=yes activation=silu added=yes zero=no\"" },
    { "spline_autoregressive", "bins=3 min_slope=0.1 net=\"made hidden=25 zero=no\"" },
    { "spline_autoregressive", "bins=3 min_slope=0.1 context=2 net=\"made hidden=25,25 residual=yes added=yes activation=tanh zero=no\"" },
    { "spline_autoregressive", "dim=18 bins=4 domain=circle min_slope=0.1 net=\"made hidden=25,19 activation=tanh zero=no\"" },
    { "spline_autoregressive", "dim=18 bins=4 domain=circle min_slope=0.1 classes=3 net=\"made hidden=25 activation=silu zero=no\"" },
    { "spline_autoregressive", "dim=19 bins=3 domain=cube form=bounded min_slope=0.2 net=\"made hidden=25 zero=no\"" },
};
enum { VARIANTS = sizeof variants / sizeof *variants };

typedef struct subject {
    weir_module *m, *net;
    int64_t dim;
    weir_tensor *y;
    weir_condition *k;
    weir__by_column *(*by_column)(weir_module *m, weir_tensor *x, const weir_condition *k);
} subject;

static subject open(weir_ctx *c, int i, weir_dtype t, int64_t n)
{
    char text[300];
    const char *options = variants[i].options, *dim = strncmp(options, "dim=", 4) ? "dim=21 " : "";
    snprintf(text, sizeof text, "%s%s dtype=%s", dim, options, t == WEIR_F64 ? "f64" : "f32");
    subject s = { .m = weir_module_new(c, variants[i].name, text) };
    assert_ok(c);
    weir_module_seal(s.m);
    weir__autoregressive *state = weir_module_state(s.m);
    s.net = state->net;
    s.dim = state->dim;
    s.by_column = s.net->by_column;
    double scale = strstr(options, "domain=cube") ? 0 : 1;
    s.y = weir_randn(c, t, 2, SHAPE(n, s.dim));
    if (scale == 0) s.y = weir_affine(weir_sigmoid(s.y), 0.98, 0.01);
    int64_t *class = malloc((size_t)n * sizeof *class);
    for (int64_t j = 0; j < n; j++) class[j] = j * 7 % 3;
    s.k = weir_condition_with(weir_condition_new(c), "context", weir_randn(c, t, 2, SHAPE(n, 2)));
    s.k = weir_condition_with(s.k, "class", weir_from_i64(c, class, 1, &n));
    free(class);
    return s;
}

/* Or a pass for each column */
static void set_by_column(subject *s, bool yes) { s->net->by_column = yes ? s->by_column : NULL; }

static bool is_by_column(weir_ctx *c, const subject *s)
{
    weir_scope scope = weir_scope_begin_no_grad(c);
    weir__by_column *r = s->by_column(s->net, s->y, s->k);
    if (r) r->end(r);
    weir_scope_end(scope);
    return r != NULL;
}

static void assert_close(weir_tensor *x, weir_tensor *y, double tolerance)
{
    int64_t n = weir_numel(x);
    double *a = malloc((size_t)n * sizeof *a), *b = malloc((size_t)n * sizeof *b);
    assert_int_equal(weir_numel(y), n);
    weir_copy_to_f64(x, a, n);
    weir_copy_to_f64(y, b, n);
    for (int64_t i = 0; i < n; i++) assert_near(a[i], b[i], tolerance);
    free(a);
    free(b);
}

static void values(weir_ctx *c, weir_dtype t, double tolerance)
{
    for (int i = 0; i < VARIANTS; i++) {
        weir_scope scope = weir_scope_begin_no_grad(c);
        subject s = open(c, i, t, B);
        weir_tensor *ld, *slow_ld, *back;
        assert_true(is_by_column(c, &s));
        weir_tensor *x = weir_bijection_inverse(s.m, s.y, s.k, &ld);
        set_by_column(&s, false);
        weir_tensor *slow = weir_bijection_inverse(s.m, s.y, s.k, &slow_ld);
        weir_tensor *y = weir_bijection_forward(s.m, x, s.k, &back);
        assert_ok(c);
        assert_close(x, slow, tolerance);
        assert_close(ld, slow_ld, tolerance);
        assert_close(y, s.y, 10 * tolerance);
        assert_close(weir_neg(back), ld, 10 * tolerance);
        weir_scope_end(scope);
        weir_module_free(s.m);
    }
}

static void values_are_those_of_passes(void **state)
{
    values(*state, WEIR_F64, 1e-12);
    values(*state, WEIR_F32, 2e-4);
}

/* A scalar of x and log|det|, or of one of them */
static weir_tensor *scalar_of(const subject *s, weir_tensor *y, const weir_condition *k, int part)
{
    weir_tensor *ld, *x = weir_bijection_inverse(s->m, y, k, &ld);
    weir_tensor *sum = weir_sum(weir_mul(weir_sin(x), weir_cos(s->y)));
    ld = weir_sum(weir_square(ld));
    return part == 0 ? weir_add(sum, ld) : part == 1 ? sum : ld;
}

enum { MOST = 32 };
/* Gradients of y, the context and the parameters; in[] is what they are of. Of order 2 those of their squares. */
static int64_t gradients_of(weir_ctx *c, const subject *s, int part, int order, weir_tensor **g)
{
    weir_tensor *in[MOST], *y = weir_set_requires_grad(weir_detach(s->y), true);
    weir_tensor *context = weir_set_requires_grad(weir_detach(weir_condition_get(s->k, "context")), true);
    const weir_condition *k = weir_condition_with(s->k, "context", context);
    in[0] = y;
    in[1] = context;
    int64_t n = weir__module_parameters(s->m, in, 2);
    assert_true(n <= MOST);
    weir_tensor *loss = scalar_of(s, y, k, part);
    weir_grad(1, &loss, (int)n, in, NULL, order == 2, false, g);
    assert_ok(c);
    if (order == 1) return n;
    loss = weir_scalar(c, WEIR_F64, 0);
    for (int64_t i = 0; i < n; i++)
        if (!weir_is_nil(g[i])) loss = weir_add(loss, weir_sum(weir_square(g[i])));
    weir_grad(1, &loss, (int)n, in, NULL, false, false, g);
    assert_ok(c);
    return n;
}

static void gradients(weir_ctx *c, int i, int part, int order)
{
    weir_scope scope = weir_scope_begin(c);
    weir_tensor *g[MOST], *slow[MOST];
    subject s = open(c, i, WEIR_F64, 3);
    int64_t n = gradients_of(c, &s, part, order, g), given = 0;
    set_by_column(&s, false);
    gradients_of(c, &s, part, order, slow);
    for (int64_t j = 0; j < n; j++) {
        assert_true(weir_is_nil(g[j]) == weir_is_nil(slow[j]));
        if (weir_is_nil(g[j])) continue;
        assert_close(g[j], slow[j], order == 1 ? 1e-11 : 1e-9);
        given++;
    }
    assert_true(given > 1);
    weir_scope_end(scope);
    weir_module_free(s.m);
}

static void gradients_are_those_of_passes(void **state)
{
    for (int i = 0; i < VARIANTS; i++)
        for (int part = 0; part < 3; part++) gradients(*state, i, part, 1);
}

static void second_gradients_are_those_of_passes(void **state)
{
    static const int some[] = { 1, 3, 9, 12, 15, 17 };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) gradients(*state, some[i], 0, 2);
}

static weir_tensor *inverse_outputs(void *user, weir_tensor **in)
{
    const subject *s = user;
    const weir_condition *k = weir_condition_with(s->k, "context", in[1]);
    return weir_stack(1, (weir_tensor *[]){ scalar_of(s, in[0], k, 0) }, 0);
}

static void gradients_are_differences(void **state)
{
    weir_ctx *c = *state;
    static const int some[] = { 10, 13, 16, 17 };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        weir_scope scope = weir_scope_begin(c);
        subject s = open(c, some[i], WEIR_F64, 2);
        weir_tensor *in[] = { s.y, weir_condition_get(s.k, "context") };
        weir_gradcheck_opts o = weir_gradcheck_defaults();
        o.order = 2;
        o.max_elements = 8;
        weir_gradcheck(c, inverse_outputs, &s, 2, in, &o);
        assert_ok(c);
        weir_scope_end(scope);
        weir_module_free(s.m);
    }
}

/* Frozen parameters: gradients of y alone, and none recorded where none is wanted. */
static void frozen_parameters(void **state)
{
    weir_ctx *c = *state;
    weir_scope scope = weir_scope_begin(c);
    subject s = open(c, 3, WEIR_F64, B);
    weir_module_freeze(s.m, true);
    assert_false(weir_requires_grad(scalar_of(&s, s.y, s.k, 0)));
    weir_tensor *y = weir_set_requires_grad(weir_detach(s.y), true), *g, *slow;
    weir_tensor *loss = scalar_of(&s, y, s.k, 0);
    weir_grad(1, &loss, 1, &y, NULL, false, false, &g);
    set_by_column(&s, false);
    loss = scalar_of(&s, y, s.k, 0);
    weir_grad(1, &loss, 1, &y, NULL, false, false, &slow);
    assert_ok(c);
    assert_close(g, slow, 1e-11);
    weir_scope_end(scope);
    weir_module_free(s.m);
}

/* -- bits -------------------------------------------------------------------------------------- */
static void samples_do_not_depend_on_their_batch(void **state)
{
    enum { N = 70 };
    weir_ctx *c = *state;
    for (int i = 0; i < VARIANTS; i++) {
        weir_scope scope = weir_scope_begin_no_grad(c);
        subject s = open(c, i, WEIR_F32, N);
        weir_tensor *ld, *x = weir_bijection_inverse(s.m, s.y, s.k, &ld);
        for (int64_t rows = 1; rows < N; rows += rows < 3 ? 1 : 30) {
            int64_t first = (13 * rows) % (N - rows);
            weir_condition *k = weir__condition_slice(c, s.k, first, first + rows);
            weir_tensor *part_ld, *part = weir_bijection_inverse(s.m, weir_slice(s.y, 0, first, first + rows, 1), k, &part_ld);
            assert_ok(c);
            assert_memory_equal(weir_data(part), (const float *)weir_data(x) + first * s.dim, (size_t)(rows * s.dim) * 4);
            assert_memory_equal(weir_data(part_ld), (const float *)weir_data(ld) + first, (size_t)rows * 4);
        }
        weir_scope_end(scope);
        weir_module_free(s.m);
    }
}

/* x, log|det| and the gradient of y of 300 samples of 150 columns, by so many threads */
static void threaded(int threads, float *out)
{
    enum { N = 300, D = 150 };
    weir_open_opts o = weir_open_defaults();
    o.threads = threads;
    weir_ctx *c = weir_open_with(&o);
    weir_module *m = weir_module_new(c, "affine_autoregressive", "dim=150 net=\"made hidden=200,180 zero=no activation=silu\"");
    weir_scope s = weir_scope_begin(c);
    weir_tensor *y = weir_set_requires_grad(weir_randn(c, WEIR_F32, 2, SHAPE(N, D)), true), *ld;
    weir_tensor *x = weir_bijection_inverse(m, y, NULL, &ld);
    weir_backward(weir_add(weir_sum(weir_sin(x)), weir_sum(ld)));
    assert_ok(c);
    weir_copy_to_f32(x, out, N * D);
    weir_copy_to_f32(weir_grad_of(y), out + N * D, N * D);
    weir_copy_to_f32(ld, out + 2 * N * D, N);
    weir_scope_end(s);
    weir_module_free(m);
    weir_close(c);
}

static void bits_do_not_depend_on_threads(void **state)
{
    (void)state;
    enum { SIZE = 300 * 301 };
    float *one = calloc(SIZE, sizeof *one), *three = calloc(SIZE, sizeof *three);
    threaded(1, one);
    threaded(3, three);
    assert_true(one[0] != 0);
    assert_memory_equal(one, three, SIZE * sizeof *one);
    free(one);
    free(three);
}

/* In a worker, as shards of a step run: the same bits, and nothing is made in the parent. */
static void workers(void **state)
{
    weir_ctx *c = *state;
    static const int some[] = { 3, 14, 18 };
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        weir_scope scope = weir_scope_begin(c);
        subject s = open(c, some[i], WEIR_F32, B);
        weir_tensor *y = weir_set_requires_grad(weir_detach(s.y), true), *g, *h;
        weir_tensor *x = weir_bijection_inverse(s.m, y, s.k, NULL), *sum = weir_sum(weir_sin(x));
        weir_grad(1, &sum, 1, &y, NULL, false, false, &g);
        weir_ctx *w = weir_worker_open(c, 1);
        int64_t before = c->n_objects;
        const weir_condition *k = weir__condition_slice(w, s.k, 0, B);
        weir_tensor *z = weir_set_requires_grad(weir__samples_view(w, s.y, 0, B), true);
        weir_tensor *v = weir_bijection_inverse(s.m, z, k, NULL);
        sum = weir_sum(weir_sin(v));
        weir_grad(1, &sum, 1, &z, NULL, false, false, &h);
        assert_ok(w);
        assert_ptr_equal(weir_ctx_of(v), w);
        assert_int_equal(c->n_objects, before);
        assert_memory_equal(weir_data(v), weir_data(x), (size_t)(B * s.dim) * 4);
        assert_memory_equal(weir_data(h), weir_data(g), (size_t)(B * s.dim) * 4);
        weir_close(w);
        weir_scope_end(scope);
        weir_module_free(s.m);
    }
}

/* -- masks ------------------------------------------------------------------------------------- */
/* Masks of a file may hide more; where they show more than degrees allow, every column has a pass. */
static void other_masks(void **state)
{
    weir_ctx *c = *state;
    for (int shows = 0; shows < 2; shows++) {
        weir_scope scope = weir_scope_begin_no_grad(c);
        subject s = open(c, 1, WEIR_F64, B);
        weir_module_seal(s.m);
        weir_tensor *mask = weir_module_state_find(s.m, "net.1.mask");
        int64_t line = shows ? 20 : 30; /* of columns 11 and 16, which see hidden units of lower degrees */
        weir_fill_(weir_slice(weir_slice(mask, 0, line, line + 1, 1), 1, 3, shows ? 13 : 5, 1), shows);
        assert_true(is_by_column(c, &s) == !shows);
        weir_tensor *ld, *slow_ld, *x = weir_bijection_inverse(s.m, s.y, NULL, &ld);
        set_by_column(&s, false);
        weir_tensor *slow = weir_bijection_inverse(s.m, s.y, NULL, &slow_ld);
        assert_ok(c);
        assert_close(x, slow, 1e-12);
        assert_close(ld, slow_ld, 1e-12);
        weir_scope_end(scope);
        weir_module_free(s.m);
    }
}

static void refusals(void **state)
{
    weir_ctx *c = *state;
    weir_scope scope = weir_scope_begin(c);
    subject s = open(c, 10, WEIR_F64, B);
    weir_bijection_inverse(s.m, s.y, NULL, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "no class");
    weir_bijection_inverse(s.m, weir_cast(s.y, WEIR_F32), s.k, NULL);
    assert_int_not_equal(weir_status_of(c), WEIR_OK);
    weir_clear(c);
    weir_scope_end(scope);
    weir_module_free(s.m);
}

static void everything(weir_ctx *c)
{
    const char *options = "dim=5 bins=3 domain=circle dtype=f64 context=2 net=\"made hidden=8,8,8 residual=yes added=yes zero=no\"";
    weir_module *m = weir_module_new(c, "spline_autoregressive", options);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *context = weir_set_requires_grad(weir_randn(c, WEIR_F64, 2, SHAPE(2, 2)), true), *ld;
    const weir_condition *k = weir_condition_with(weir_condition_new(c), "context", context);
    weir_tensor *x = weir_bijection_inverse(m, weir_randn(c, WEIR_F64, 2, SHAPE(2, 5)), k, &ld);
    weir_backward(weir_sum(weir_add(weir_sum_samples(x), ld)));
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
    CASES(CASE(values_are_those_of_passes), CASE(gradients_are_those_of_passes), CASE(second_gradients_are_those_of_passes),
          CASE(gradients_are_differences), CASE(frozen_parameters), CASE(samples_do_not_depend_on_their_batch), CASE(bits_do_not_depend_on_threads),
          CASE(workers), CASE(other_masks), CASE(refusals), CASE(no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
