/* Bijections from their rows: round trips, log-dets against brute force, samples alone and in batches. */
#include "test.h"
#include "flow/determinant.h"
#include "flow/flow.h"
#include "weir/grad.h"

/* A bijection and the shape of one of its samples, at extents 1 .. ndim; dim values. */
typedef struct subject {
    const char *name;
    weir_module *module;
    int64_t dim;
    int ndim;
    int64_t shape[WEIR_RANK_MAX];
    double low, high; /* values of x; 0 and 0: normal */
} subject;

static subject of_columns(const char *name, weir_module *m, int64_t dim)
{
    return (subject){ .name = name, .module = m, .dim = dim, .ndim = 1, .shape = { 0, dim } };
}

/* "2,3,4,6": a batch of samples [3, 4, 6]; "4,3 0:1": of values from 0 to 1 */
static subject of_input(const char *name, weir_module *m, const char *input)
{
    subject s = { .name = name, .module = m, .dim = 1 };
    for (const char *p = strchr(input, ','); p; p = strchr(p + 1, ',')) {
        s.shape[++s.ndim] = atoi(p + 1);
        s.dim *= s.shape[s.ndim];
    }
    if (strchr(input, ' ')) sscanf(strchr(input, ' '), "%lf:%lf", &s.low, &s.high);
    return s;
}

/* n samples, normal or uniform */
static weir_tensor *samples(weir_ctx *c, const subject *s, weir_dtype t, int64_t n)
{
    int64_t shape[WEIR_RANK_MAX] = { n };
    memcpy(shape + 1, s->shape + 1, (size_t)s->ndim * sizeof *shape);
    if (s->low < s->high) return weir_affine(weir_rand(c, t, s->ndim + 1, shape), s->high - s->low, s->low);
    return weir_randn(c, t, s->ndim + 1, shape);
}

static int64_t dim_of(const char *options)
{
    const char *at = strstr(options, "dim=");
    return at ? atoi(at + 4) : 4;
}

static weir_module *from_row(weir_ctx *c, const weir_row *row, const char *more, const char *dtype)
{
    char options[256];
    snprintf(options, sizeof options, "%s %s", row->test, more);
    if (weir__option_named(row, "dtype")) snprintf(options + strlen(options), sizeof options - strlen(options), " dtype=%s", dtype);
    return weir_module_new(c, row->name, options);
}

/* A stack of everything, as models build them. */
static weir_module *stack(weir_ctx *c, const char *dtype)
{
    static const char *const layers[] = { "tile", "", "additive_coupling", "dim=5 hidden=8 partition=half", "scale", "dim=5 start=-0.4",
                                          "additive_coupling", "dim=5 hidden=8 partition=half parity=1", "additive_coupling", "dim=5 hidden=6 parity=1" };
    weir_module *m = weir_module_new(c, "compose", "");
    for (int i = 0; i < 5; i++) {
        char name[16], options[128];
        snprintf(name, sizeof name, "%d", i);
        snprintf(options, sizeof options, "%s%s%s", layers[2 * i + 1], i ? " dtype=" : "", i ? dtype : "");
        weir_module_add(m, name, weir_module_new(c, layers[2 * i], options));
    }
    return m;
}

static weir_module *add_new(weir_module *parent, const char *name, const char *row, const char *options, const char *dtype)
{
    char text[128];
    snprintf(text, sizeof text, "%s%s%s", options, dtype ? " dtype=" : "", dtype ? dtype : "");
    return weir_module_add(parent, name, weir_module_new(weir_module_ctx(parent), row, text));
}

/* Two scales: 1 x 4 x 4 squeezed to 4 x 2 x 2, half of it set aside, the rest squeezed again and made a vector. */
static weir_module *scales(weir_ctx *c, const char *dtype)
{
    weir_module *coarse = weir_module_new(c, "compose", ""), *all = weir_module_new(c, "compose", "");
    add_new(coarse, "0", "squeeze", "flavour=offset", NULL);
    add_new(coarse, "1", "actnorm", "dim=8", dtype);
    add_new(coarse, "2", "flatten", "shape=8,1,1", NULL);
    add_new(all, "0", "squeeze", "flavour=ordered", NULL);
    add_new(all, "1", "actnorm", "dim=4", dtype);
    const weir__split_opts o = { .shape = { 4, 2, 2 }, .prior = true, .dtype = strcmp(dtype, "f64") == 0 ? WEIR_F64 : WEIR_F32 };
    weir_module_add(all, "2", weir__split_new(c, &o, coarse));
    for (int64_t i = 0; i < weir_module_state_count(all); i++) { /* away from the identity */
        weir_tensor *p = weir_module_state_at(all, i, NULL, NULL);
        weir_scope s = weir_scope_begin_no_grad(c);
        if (weir_ndim(p) > 0) weir_add_(p, weir_scale(weir_randn(c, weir_dtype_of(p), weir_ndim(p), weir_shape(p)), 0.1));
        weir_scope_end(s);
    }
    return all;
}

/* Other options than a row's test options. */
static const struct variant { const char *name, *options, *input; } variants[] = {
    { "additive_coupling", "dim=5 net.hidden=8 parity=1", "2,5" },
    { "additive_coupling", "dim=5 net.hidden=8 partition=half", "2,5" },
    { "additive_coupling", "dim=5 net.hidden=8 partition=half parity=1", "2,5" },
    { "additive_coupling", "dim=8 net.hidden=8", "2,8" },
    { "affine_coupling", "dim=5 net.hidden=8 partition=mask mask=01101", "2,5" },
    { "affine_coupling", "dim=5 net.hidden=8 partition=mask mask=01101 parity=1", "2,5" },
    { "affine_coupling", "dim=3 partition=half net=\"conv width=5\"", "2,3,3,2" },
    { "affine_coupling", "dim=3 partition=odd_even parity=1 net=\"conv_resnet width=5 blocks=1 skip=yes\" scale=sigmoid", "2,3,2,3" },
    { "affine_coupling", "dim=3 partition=mask mask=100 net=\"conv width=5 norm=none edge=no\" scale=tanh", "2,3,2,3" },
    { "affine_coupling", "dim=5 net.hidden=8 net.zero=no first=shift scale=floored_sigmoid", "2,5" },
    { "affine_coupling", "dim=5 net.hidden=8 net.zero=no scale=floored_softplus", "2,5" },
    { "affine_coupling", "dim=5 net.hidden=8 net.zero=no scale=clamped_softplus", "2,5" },
    { "affine_coupling", "dim=5 net.hidden=8 net.zero=no scale=wide_tanh bound=2", "2,5" },
    { "affine_coupling", "dim=5 net.hidden=8 net.zero=no scale=wide_sigmoid bound=2 keep_volume=yes", "2,5" },
    { "affine_coupling", "dim=4 scale=slow_tanh keep_volume=yes net=\"conv width=5\"", "2,4,2,3" },
    { "affine_coupling", "dim=5 net.hidden=8 net.zero=no scale=learned_tanh bound=0.7", "2,5" },
    { "affine_coupling", "dim=5 net.hidden=8 net.zero=no scale=atan bound=2", "2,5" },
    { "affine_coupling", "dim=5 net.hidden=8 net.zero=no scale=wide_atan bound=2 keep_volume=yes", "2,5" },
    { "affine_autoregressive", "dim=4 scale=learned_tanh net=\"made hidden=7 zero=no\"", "2,4" },
    { "conv1x1", "dim=4 lu=no", "2,4,2,2" },
    { "permutation", "dim=3 kind=reverse", "2,3,2,2" },
    { "split", "shape=4,2,2 prior=no rest=\"compose parts=squeeze,flatten parts.1.shape=8,1,1\"", "2,4,2,2" },
    { "inverse", "of=squeeze", "2,8,2,3" },
    { "inverse", "of=compose dim=4 of.parts=affine_coupling,actnorm,permutation of.parts.0.net.hidden=5", "2,4" },
    { "bijection.batch_norm", "dim=3 affine=no", "2,3" },
    { "logit", "alpha=0", "4,3 0:1" },
    { "affine_autoregressive", "dim=1 scale=exp net=\"made hidden=4 zero=no\"", "2,1" },
    { "affine_autoregressive", "dim=4 scale=sigmoid net=\"made hidden=7,7,7 residual=yes activation=tanh zero=no\"", "2,4" },
    { "spline_autoregressive", "dim=3 bins=4 domain=circle min_width=0.1 min_height=0.1 min_slope=0.5 net=\"made hidden=9,8 zero=no\"", "2,3" },
    { "inverse", "dim=4 of=affine_autoregressive of.net.hidden=9 of.net.zero=no", "2,4" },
    { "spline_coupling", "dim=4 bins=3 partition=half min_width=0.1 min_height=0.1 min_slope=0.5 net=\"residual_mlp width=7\"", "2,4" },
    { "spline_coupling", "dim=5 bins=3 parity=1 domain=cube net.zero=no min_width=0.1 min_height=0.1 min_slope=0.5", "2,5" },
    { "spline_coupling", "dim=4 partition=half domain=circle bins=4 min_width=0.1 min_height=0.1 min_slope=0.5 net.zero=no", "2,4" },
    { "spline_coupling", "dim=3 bins=2 bound=1.5 min_width=0.1 min_height=0.1 min_slope=0.5 partition=half net=\"conv width=5\"", "2,3,2,3" },
    { "spline_coupling", "dim=4 bins=4 form=bounded net.zero=no", "2,4" },
    { "spline_coupling", "dim=5 bins=3 parity=1 domain=cube form=bounded min_slope=0.01 net.zero=no", "2,5" },
    { "spline_autoregressive", "dim=3 bins=4 domain=circle form=bounded min_slope=0.2 net=\"made hidden=9,8 zero=no\"", "2,3" },
    { "affine_coupling", "dim=1 partition=checkerboard net=\"conv width=5\" scale=exp", "2,1,3,4" },
    { "additive_coupling", "dim=2 partition=checkerboard parity=1 net=\"conv_resnet width=4 norm=batch_norm\"", "2,2,3,3" },
};

/* Away from where it starts, which may be the identity. */
static void move(weir_ctx *c, weir_module *m)
{
    weir_module_train(m, false); /* or samples depend on their batch */
    for (int64_t i = 0; i < weir_module_state_count(m); i++) {
        bool is_buffer;
        weir_tensor *p = weir_module_state_at(m, i, NULL, &is_buffer);
        weir_scope s = weir_scope_begin_no_grad(c);
        if (!is_buffer) weir_add_(p, weir_scale(weir_randn(c, weir_dtype_of(p), weir_ndim(p), weir_shape(p)), 0.1));
        weir_scope_end(s);
    }
}

/* Frees s. */
static void try_subject(weir_ctx *c, subject *s, const char *options, void (*fn)(weir_ctx *c, const subject *s))
{
    fn(c, s);
    if (!weir_ok(c)) fail_msg("%s %s: %s", s->name, options, weir_message(c));
    weir_module_free(s->module);
}

/* Calls fn on every bijection row at its test options, on those variants, and on a stack. */
static void for_each(weir_ctx *c, const char *dtype, void (*fn)(weir_ctx *c, const subject *s))
{
    for (int64_t i = 0; i < weir_row_count(c, "bijection"); i++) {
        const weir_row *row = weir_row_at(c, "bijection", i);
        assert_true(strncmp(row->name, "bijection.", 10) == 0 && row->doc && row->test);
        const char *input = ((const weir_module_row *)row)->input;
        weir_module *m = from_row(c, row, "", dtype);
        subject s = input ? of_input(row->name, m, input) : of_columns(row->name, m, dim_of(row->test));
        move(c, m);
        try_subject(c, &s, row->test, fn);
    }
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        char options[256];
        bool typed = strcmp(variants[i].name, "permutation") && strcmp(variants[i].name, "logit");
        snprintf(options, sizeof options, "%s%s%s", variants[i].options, typed ? " dtype=" : "", typed ? dtype : "");
        weir_module *m = weir_module_new(c, variants[i].name, options);
        subject s = of_input(variants[i].name, m, variants[i].input);
        move(c, m);
        try_subject(c, &s, options, fn);
    }
    subject all[] = { of_columns("a stack", stack(c, dtype), 5), of_input("two scales", scales(c, dtype), "1,1,4,4") };
    for (int i = 0; i < 2; i++) try_subject(c, &all[i], "", fn);
}

static void round_trip(weir_ctx *c, const subject *s, weir_dtype t, double tolerance)
{
    weir_scope scope = weir_scope_begin(c);
    weir_tensor *ld, *back, *x = weir_scale(samples(c, s, t, 17), s->low < s->high ? 1 : 3);
    weir_tensor *y = weir_bijection_forward(s->module, x, NULL, &ld), *z = weir_bijection_inverse(s->module, y, NULL, &back);
    assert_ok(c);
    assert_int_equal(weir_ndim(ld), 1);
    assert_int_equal(weir_ndim(z), weir_ndim(x));
    x = weir_flatten(x);
    z = weir_flatten(z);
    for (int64_t i = 0; i < 17; i++) {
        for (int64_t j = 0; j < s->dim; j++) assert_near(weir_get(z, SHAPE(i, j)), weir_get(x, SHAPE(i, j)), tolerance);
        assert_near(weir_get(ld, &i) + weir_get(back, &i), 0, tolerance);
    }
    weir_scope_end(scope);
}
static void round_trip_f64(weir_ctx *c, const subject *s) { round_trip(c, s, WEIR_F64, 1e-10); }
static void round_trip_f32(weir_ctx *c, const subject *s) { round_trip(c, s, WEIR_F32, 1e-4); }

static void test_round_trips(void **state)
{
    for_each(*state, "f64", round_trip_f64);
    for_each(*state, "f32", round_trip_f32);
}

static void brute_force(weir_ctx *c, const subject *s)
{
    double *jacobian = malloc((size_t)(s->dim * s->dim) * sizeof *jacobian);
    weir_scope scope = weir_scope_begin(c);
    weir_tensor *ld, *x = weir_set_requires_grad(samples(c, s, WEIR_F64, 1), true);
    weir_tensor *y = weir_flatten(weir_bijection_forward(s->module, x, NULL, &ld));
    for (int64_t i = 0; i < s->dim; i++) {
        weir_tensor *g, *yi = weir_sum(weir_slice(y, 1, i, i + 1, 1));
        weir_grad(1, &yi, 1, &x, NULL, false, true, &g);
        g = weir_flatten(g);
        for (int64_t j = 0; j < s->dim; j++) jacobian[i * s->dim + j] = weir_get(g, SHAPE(0, j));
    }
    assert_ok(c);
    assert_near(weir_get(ld, SHAPE(0)), log_abs_det(jacobian, s->dim), 1e-10);
    free(jacobian);
    weir_scope_end(scope);
}

static void test_log_det_is_the_jacobians(void **state) { for_each(*state, "f64", brute_force); }

static void alone_and_together(weir_ctx *c, const subject *s)
{
    enum { N = 33 };
    weir_scope scope = weir_scope_begin_no_grad(c);
    weir_tensor *ld, *x = samples(c, s, WEIR_F32, N), *y = weir_bijection_forward(s->module, x, NULL, &ld);
    weir_tensor *ild, *z = weir_bijection_forward(s->module, samples(c, s, WEIR_F32, N), NULL, NULL);
    weir_tensor *inv = weir_bijection_inverse(s->module, z, NULL, &ild);
    y = weir_contiguous(y), inv = weir_contiguous(inv);
    for (int64_t rows = 1; rows < N; rows += rows < 5 ? 1 : 7)
        for (int64_t first = 0; first + rows <= N; first += 3) {
            weir_scope inner = weir_scope_begin(c);
            weir_tensor *part = weir_slice(x, 0, first, first + rows, 1), *pld, *py = weir_contiguous(weir_bijection_forward(s->module, part, NULL, &pld));
            weir_tensor *pi = weir_contiguous(weir_bijection_inverse(s->module, weir_slice(z, 0, first, first + rows, 1), NULL, NULL));
            assert_ok(c);
            size_t bytes = (size_t)(rows * s->dim) * 4;
            assert_memory_equal(weir_data(py), (const float *)weir_data(y) + first * s->dim, bytes);
            assert_memory_equal(weir_data(pi), (const float *)weir_data(inv) + first * s->dim, bytes);
            assert_memory_equal(weir_data(pld), (const float *)weir_data(ld) + first, (size_t)rows * 4);
            weir_scope_end(inner);
        }
    weir_scope_end(scope);
}

static void test_rows_do_not_depend_on_their_batch(void **state) { for_each(*state, "f32", alone_and_together); }

static weir_tensor *both_outputs(void *user, weir_tensor **in)
{
    weir_tensor *ld, *y = weir_bijection_forward(user, in[0], NULL, &ld);
    return weir_add(weir_sum_samples(weir_square(y)), ld);
}

static weir_tensor *both_outputs_back(void *user, weir_tensor **in)
{
    weir_tensor *ld, *x = weir_bijection_inverse(user, in[0], NULL, &ld);
    return weir_add(weir_sum_samples(weir_square(x)), ld);
}

static void gradients(weir_ctx *c, const subject *s)
{
    weir_scope scope = weir_scope_begin(c);
    weir_tensor *x = samples(c, s, WEIR_F64, 3);
    if (s->low < s->high) x = weir_affine(x, 0.9, 0.05 * (s->high + s->low)); /* near an end differences say nothing */
    weir_gradcheck(c, both_outputs, s->module, 1, &x, NULL);
    weir_tensor *y = weir_contiguous(weir_detach(weir_bijection_forward(s->module, x, NULL, NULL)));
    weir_gradcheck(c, both_outputs_back, s->module, 1, &y, NULL);
    weir_scope_end(scope);
}

static void test_gradients(void **state) { for_each(*state, "f64", gradients); }

/* In a worker nothing may be made in the parent, not even by ops on parameters alone. */
static void in_worker(weir_ctx *c, const subject *s)
{
    weir_module_seal(s->module);
    weir_module_train(s->module, true);
    weir_ctx *w = weir_worker_open(c, 1);
    int64_t before = c->n_objects;
    weir_tensor *ld, *y = weir_bijection_forward(s->module, samples(w, s, WEIR_F32, 2), NULL, &ld);
    weir_bijection_inverse(s->module, y, NULL, NULL);
    assert_ok(w);
    assert_ptr_equal(weir_ctx_of(ld), w);
    assert_int_equal(c->n_objects, before);
    weir_close(w);
}

static void test_workers(void **state) { for_each(*state, "f32", in_worker); }

/* Whatever the numbers are, there are results and no error. */
static void extreme(weir_ctx *c, const subject *s)
{
    static const double values[] = { 1e30, -1e30, 1e-40, -1e-310, 0, 1, INFINITY, NAN };
    for (int i = 0; i < 8; i++)
        for (int all = 0; all < 2; all++) {
            weir_scope scope = weir_scope_begin(c);
            weir_tensor *x = weir_contiguous(samples(c, s, WEIR_F64, 2)), *ld;
            double *at = weir_data_mut(x);
            for (int64_t j = 0; j < (all ? 2 * s->dim : 1); j++) at[j] = values[i];
            weir_tensor *y = weir_bijection_forward(s->module, weir_set_requires_grad(x, true), NULL, &ld), *g;
            weir_tensor *sum = weir_add(weir_sum(y), weir_sum(ld));
            weir_grad(1, &sum, 1, &x, NULL, false, false, &g);
            weir_tensor *back = weir_bijection_inverse(s->module, y, NULL, &ld);
            weir_bijection_inverse(s->module, weir_full_like(y, values[i]), NULL, NULL);
            if (!weir_ok(c)) fail_msg("%s of %g: %s", s->name, values[i], weir_message(c));
            assert_int_equal(weir_numel(back), weir_numel(x));
            weir_scope_end(scope);
        }
}

static void test_extremes(void **state) { for_each(*state, "f64", extreme); }

/* -- conditions ------------------------------------------------------------------------------------------------------- */
/* Sample i is of class (i + shift) % 3, under a context of its own. */
static weir_condition *both_conditions(weir_ctx *c, int64_t n, int64_t shift)
{
    int64_t *classes = malloc((size_t)n * sizeof *classes);
    for (int64_t i = 0; i < n; i++) classes[i] = (i + shift) % 3;
    weir_condition *k = weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, classes, 1, &n));
    free(classes);
    return weir_condition_with(k, "context", weir_randn(c, WEIR_F64, 2, SHAPE(n, 2)));
}

typedef struct conditioned {
    weir_module *m;
    const weir_condition *k;
} conditioned;
static weir_tensor *conditioned_outputs(void *user, weir_tensor **in)
{
    const conditioned *o = user;
    weir_tensor *ld, *y = weir_bijection_forward(o->m, in[0], o->k, &ld);
    return weir_add(weir_sum_samples(weir_square(y)), ld);
}

/* Log-det by differences, which one sample under a condition has too. */
static void conditioned_jacobian(const subject *s, weir_tensor *x, const weir_condition *k, weir_tensor *ld)
{
    for (int64_t b = 0; b < 3; b++) {
        double found;
        assert_true(weir__bijection_differences(s->module, x, b, k, 1e-5, &found));
        assert_near(weir_get(ld, &b), found, 1e-6);
    }
}

/* Every class and context is a map of its own: round trips, log-det, gradients; who lacks them is told. Frees s. */
static void is_conditioned(weir_ctx *c, subject *s, const char *options)
{
    move(c, s->module);
    weir_scope scope = weir_scope_begin(c);
    weir_condition *k = both_conditions(c, 3, 0), *other = both_conditions(c, 3, 1);
    weir_tensor *ld, *back, *x = samples(c, s, WEIR_F64, 3), *y = weir_bijection_forward(s->module, x, k, &ld);
    weir_tensor *z = weir_flatten(weir_bijection_inverse(s->module, y, k, &back)), *flat = weir_flatten(x);
    if (!weir_ok(c)) fail_msg("%s %s: %s", s->name, options, weir_message(c));
    for (int64_t b = 0; b < 3; b++) {
        for (int64_t j = 0; j < s->dim; j++) assert_near(weir_get(z, SHAPE(b, j)), weir_get(flat, SHAPE(b, j)), 1e-9);
        assert_near(weir_get(ld, &b) + weir_get(back, &b), 0, 1e-9);
    }
    conditioned_jacobian(s, x, k, ld);
    weir_tensor *far = weir_amax(weir_abs(weir_sub(weir_bijection_forward(s->module, x, other, NULL), y)));
    if (!(weir_item(far) > 1e-6)) fail_msg("%s %s: the same map under another condition", s->name, options);
    conditioned o = { s->module, k };
    weir_gradcheck(c, conditioned_outputs, &o, 1, &x, NULL);
    if (!weir_ok(c)) fail_msg("%s %s: %s", s->name, options, weir_message(c));
    weir_bijection_forward(s->module, x, NULL, NULL);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "no class");
    weir_scope_end(scope);
    weir_module_free(s->module);
}

static void test_conditions(void **state)
{
    static const struct variant conditional[] = {
        { "affine_coupling", "dim=4", "3,4" },
        { "affine_coupling", "dim=4 net=\"conv width=5\"", "3,4,2,2" },
        { "affine_coupling", "dim=2 partition=checkerboard net=\"conv_resnet width=4\"", "3,2,2,3" },
        { "split", "shape=4,2,2", "3,4,2,2" },
        { "compose", "dim=4 parts=affine_coupling,inverse parts.1.of=\"affine_coupling parity=1\"", "3,4" },
    };
    for (int i = 0; i < 5; i++) {
        char options[256];
        snprintf(options, sizeof options, "%s classes=3 context=2 dtype=f64", conditional[i].options);
        subject s = of_input(conditional[i].name, weir_module_new(*state, conditional[i].name, options), conditional[i].input);
        is_conditioned(*state, &s, options);
    }
}

/* Every row that has the option `classes`, at its test options and three classes. */
static void test_conditions_of_rows(void **state)
{
    weir_ctx *c = *state;
    int found = 0;
    for (int64_t i = 0; i < weir_row_count(c, "bijection"); i++) {
        const weir_row *row = weir_row_at(c, "bijection", i);
        const char *input = ((const weir_module_row *)row)->input;
        if (!weir__option_named(row, "classes") || weir__option_named(row, "of")) continue; /* of another's classes */
        const char *more = weir__option_named(row, "context") ? "classes=3 context=2" : "classes=3";
        weir_module *m = from_row(c, row, more, "f64");
        subject s = input ? of_input(row->name, m, input) : of_columns(row->name, m, dim_of(row->test));
        is_conditioned(c, &s, row->test);
        found++;
    }
    assert_true(found >= 5);
}

/* -- log scales ------------------------------------------------------------------------------------------------------- */
/* log(dy/dx) of the second column where the net, a bias alone, gives (h, t): the formulas by hand, and y. */
static void scale_is(weir_ctx *c, const char *options, double h, double expected, double shift)
{
    char text[160];
    snprintf(text, sizeof text, "dim=2 dtype=f64 net.hidden= net.zero=yes %s", options);
    weir_module *m = weir_module_new(c, "affine_coupling", text);
    weir_module_seal(m);
    const double bias[] = { h, 2 }, at[] = { 0.3, 1.5 };
    memcpy(weir_data_mut(weir_module_state_find(m, "net.0.bias")), bias, sizeof bias);
    weir_tensor *ld, *y = weir_bijection_forward(m, weir_from_f64(c, at, 2, SHAPE(1, 2)), NULL, &ld);
    assert_ok(c);
    assert_near(weir_get(ld, SHAPE(0)), expected, 1e-14);
    assert_near(weir_get(y, SHAPE(0, 1)), 1.5 * exp(expected) + shift, 1e-13);
    weir_module_free(m);
}

static void test_log_scales(void **state)
{
    weir_ctx *c = *state;
    const double h = 1.7, sigmoid = 1 / (1 + exp(-h)), plus = log1p(exp(h));
    scale_is(c, "scale=exp", h, h, 2);
    scale_is(c, "scale=sigmoid", h, -log1p(exp(-h - 2)), 2);
    scale_is(c, "scale=tanh bound=2", h, 2 * tanh(h / 2), 2);
    scale_is(c, "scale=soft bound=2", h, h / (1 + h / 2), 2);
    scale_is(c, "scale=floored_sigmoid", h, log(1 / (1 + exp(-h - 2)) + 1e-3), 2);
    scale_is(c, "scale=floored_softplus", h, log(plus + 1e-3), 2);
    scale_is(c, "scale=clamped_softplus", h, log(plus + 1e-3), 2);
    scale_is(c, "scale=clamped_softplus", 30, log(3), 2);
    scale_is(c, "scale=wide_tanh bound=2", h, 2 * tanh(h), 2);
    scale_is(c, "scale=wide_sigmoid bound=2", h, 2 * 2 * (sigmoid - 0.5), 2);
    scale_is(c, "scale=slow_tanh bound=2", h, 2 * tanh(0.1 * h / 2), 0.2);
    scale_is(c, "scale=learned_tanh bound=2", h, 2 * tanh(h), 2);
    scale_is(c, "scale=atan bound=2", h, 2 * M_2_PI * atan(h / 2), 2);
    scale_is(c, "scale=wide_atan bound=2", h, 2 * M_2_PI * atan(h), 2);
    scale_is(c, "scale=wide_atan bound=1.9980529276831085", -h, -2 * 0.636 * atan(h), 2); /* FrEIA's clamp=2 */
    scale_is(c, "scale=exp keep_volume=yes", h, 0, 2);
}

/* GIN: log|det| = 0, although columns are scaled. */
static void test_volume_is_kept(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "affine_coupling", "dim=6 dtype=f64 net.zero=no net.hidden=8 keep_volume=yes");
    weir_tensor *ld, *x = weir_randn(c, WEIR_F64, 2, SHAPE(4, 6)), *y = weir_bijection_forward(m, x, NULL, &ld);
    for (int64_t i = 0; i < 4; i++) assert_near(weir_get(ld, &i), 0, 1e-14);
    weir_tensor *moved = weir_bijection_forward(m, weir_affine(x, 1, 0), NULL, NULL);
    assert_true(weir_item(weir_amax(weir_abs(weir_sub(moved, x)))) > 1e-3 && !weir_is_nil(y));
    weir_module_free(m);
    m = weir_module_new(c, "affine_coupling", "dim=2 partition=checkerboard keep_volume=yes net=conv");
    assert_fails(c, WEIR_ERROR_ARGUMENT, "expected another partition than checkerboard");
    weir_module_free(m);
}

/* -- how they start --------------------------------------------------------------------------------------------------- */
/* W is a rotation: what goes through keeps its length; both ways of holding it start at the same one. */
static void test_conv1x1_starts_as_a_rotation(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *x = weir_randn(c, WEIR_F64, 4, SHAPE(3, 12, 2, 3)), *y[2], *ld;
    for (int lu = 0; lu < 2; lu++) {
        weir_module *m = weir_module_new(c, "conv1x1", lu ? "dim=12 dtype=f64" : "dim=12 dtype=f64 lu=no");
        y[lu] = weir_bijection_forward(m, x, NULL, &ld);
        for (int64_t i = 0; i < 3; i++) {
            assert_near(weir_get(weir_sum_samples(weir_square(y[lu])), &i), weir_get(weir_sum_samples(weir_square(x)), &i), 1e-10);
            assert_near(weir_get(ld, &i), 0, 1e-10);
        }
        assert_int_equal(weir_module_parameter_numel(m), 144);
        weir_module_free(m);
    }
    weir_tensor *far = weir_amax(weir_abs(weir_sub(y[0], y[1])));
    assert_true(weir_item(far) < 1e-12);
    assert_true(weir_item(weir_amax(weir_abs(weir_sub(y[0], x)))) > 0.1);
}

/* The order is another for every seed, is saved with the weights, and reaches a module that is loaded. */
static void test_permutation_is_kept(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "permutation", "dim=40"), *other = weir_module_new(c, "compose", "");
    weir_module_add(other, "0", weir_module_new(c, "permutation", "dim=40"));
    weir_tensor *x = weir_randn(c, WEIR_F32, 2, SHAPE(1, 40)), *y = weir_bijection_forward(m, x, NULL, NULL);
    weir_tensor *z = weir_bijection_forward(other, x, NULL, NULL);
    assert_memory_not_equal(weir_data(y), weir_data(z), 160);
    void *data;
    size_t bytes;
    weir_module *third = weir_module_new(c, "permutation", "dim=40 kind=reverse");
    assert_int_equal(weir_module_save_to_memory(m, &data, &bytes), WEIR_OK);
    assert_int_equal(weir_module_load_from_memory(third, data, bytes, true, NULL), WEIR_OK);
    weir_buffer_free(c, data);
    assert_memory_equal(weir_data(weir_bijection_forward(third, x, NULL, NULL)), weir_data(y), 160);
    bool seen[40] = { 0 };
    weir_tensor *order = weir_module_own(m, "order");
    for (int64_t i = 0; i < 40; i++) seen[(int64_t)weir_get(order, &i)] = true;
    for (int i = 0; i < 40; i++) assert_true(seen[i]);
    weir_module_free(m);
    weir_module_free(other);
    weir_module_free(third);
}

/* While training by the batch's own moments, whose log-det includes them; afterwards by the running ones. */
static void test_batch_norm_in_training(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "bijection.batch_norm", "dim=2 dtype=f64 eps=0 momentum=1");
    weir_tensor *ld, *x = weir_affine(weir_randn(c, WEIR_F64, 4, SHAPE(6, 2, 3, 3)), 2, 5), *y = weir_bijection_forward(m, x, NULL, &ld);
    double sum = 0;
    for (int64_t k = 0; k < 2; k++) {
        weir_tensor *before = weir_contiguous(weir_select(x, 1, k)), *after = weir_contiguous(weir_select(y, 1, k));
        assert_near(weir_item(weir_mean(after)), 0, 1e-12);
        assert_near(weir_item(weir_var(after, 0)), 1, 1e-12);
        sum -= 0.5 * log(weir_item(weir_var(before, 0)));
        assert_near(weir_get(weir_module_own(m, "running_mean"), &k), weir_item(weir_mean(before)), 1e-12);
    }
    assert_near(weir_get(ld, SHAPE(3)), 9 * sum, 1e-10);
    weir_module_train(m, false);
    weir_tensor *again = weir_bijection_inverse(m, weir_bijection_forward(m, x, NULL, NULL), NULL, NULL);
    assert_true(weir_item(weir_amax(weir_abs(weir_sub(again, x)))) < 1e-12);
    weir_module_free(m);
}

/* -- data-dependent starts -------------------------------------------------------------------------------------------- */
static void channel_moments(weir_tensor *x, int64_t channel, double *mean, double *variance)
{
    weir_tensor *part = weir_contiguous(weir_select(x, 1, channel));
    *mean = weir_item(weir_mean(part));
    *variance = weir_item(weir_var(part, 0));
}

/* One walk over the first batch starts every actnorm from what reaches it, once; it stands in the state. */
static void test_first_batch(void **state)
{
    weir_ctx *c = *state;
    weir_module *m = weir_module_new(c, "compose", "");
    weir_module *first = add_new(m, "0", "actnorm", "dim=3", "f64"), *second = add_new(m, "1", "actnorm", "dim=3", "f64");
    weir_tensor *x = weir_affine(weir_randn(c, WEIR_F64, 4, SHAPE(8, 3, 4, 4)), 2.5, 7);
    assert_int_equal(weir__module_unstarted(m), 2);
    weir_tensor *same = weir_bijection_forward(m, x, NULL, NULL);
    assert_true(weir_get(same, SHAPE(1, 1, 1, 1)) == weir_get(x, SHAPE(1, 1, 1, 1)));
    c->modes.first_batch = true;
    weir_tensor *y = weir_bijection_forward(m, x, NULL, NULL);
    c->modes.first_batch = false;
    for (int64_t k = 0; k < 3; k++) {
        double mean, variance;
        channel_moments(y, k, &mean, &variance);
        assert_near(mean, 0, 1e-5);
        assert_near(variance, 1, 1e-5);
    }
    assert_int_equal(weir__module_unstarted(m), 0);
    assert_true(fabs(weir_get(weir_module_own(first, "log_scale"), SHAPE(0)) + log(2.5)) < 0.2);
    assert_true(fabs(weir_get(weir_module_own(second, "log_scale"), SHAPE(0))) < 1e-4); /* normal already when it reaches the second */
    double before = weir_get(weir_module_own(first, "bias"), SHAPE(0));
    c->modes.first_batch = true;
    weir_bijection_forward(m, weir_affine(x, 2, 0), NULL, NULL);
    c->modes.first_batch = false;
    assert_true(weir_get(weir_module_own(first, "bias"), SHAPE(0)) == before);
    assert_int_equal(weir_numel(weir_module_state_find(m, "0.started")), 1);
    weir_module_free(m);
}

static void test_refusals(void **state)
{
    weir_ctx *c = *state;
    weir_tensor *ld;
    weir_module *m = stack(c, "f32"), *linear = weir_module_new(c, "linear", "");
    assert_true(weir_is_nil(weir_bijection_forward(m, weir_ones(c, WEIR_F32, 2, SHAPE(2, 4)), NULL, &ld)));
    assert_true(weir_is_nil(ld));
    assert_fails(c, WEIR_ERROR_SHAPE, "1 (bijection.additive_coupling)");
    weir_bijection_forward(m, weir_ones(c, WEIR_F64, 2, SHAPE(2, 5)), NULL, NULL);
    assert_fails(c, WEIR_ERROR_SHAPE, "1.net.0");
    weir_bijection_inverse(linear, weir_ones(c, WEIR_F32, 2, SHAPE(2, 1)), NULL, &ld);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected a bijection");
    weir_module_new(c, "additive_coupling", "dim=1");
    assert_fails(c, WEIR_ERROR_RANGE, "dim=1: expected 2 or more, or partition=checkerboard");
    static const char *const masks[] = { "", "11", "1x1", "000", "111", "1011" };
    for (int i = 0; i < 6; i++) {
        char options[64];
        snprintf(options, sizeof options, "dim=3 partition=mask mask=%s", masks[i]);
        weir_module_new(c, "additive_coupling", options);
        assert_fails(c, WEIR_ERROR_RANGE, "mask: expected a 1 or a 0 for each column");
    }
    weir_module *board = weir_module_new(c, "affine_coupling", "dim=3 partition=checkerboard net=conv");
    weir_bijection_forward(board, weir_ones(c, WEIR_F32, 2, SHAPE(2, 3)), NULL, NULL);
    assert_fails(c, WEIR_ERROR_SHAPE, "[B, 3, height, width]");
    weir_module_free(board);
    weir_module_new(c, "split", "shape=3,4");
    assert_fails(c, WEIR_ERROR_SHAPE, "channels,height,width");
    weir_bijection_forward(NULL, NULL, NULL, NULL);
    weir_module_free(m);
    weir_module_free(linear);
}

static void everything(weir_ctx *c)
{
    weir_module *m = stack(c, "f32");
    weir_scope s = weir_scope_begin(c);
    weir_module *base = weir_module_new(c, "base.diagonal", "dim=5");
    weir_tensor *ld, *y = weir_bijection_forward(m, weir_base_draw(base, c, 3, NULL, 1, NULL), NULL, &ld);
    weir_backward(weir_sum(weir_add(weir_base_log_prob(base, y, NULL), ld)));
    weir_bijection_inverse(m, y, NULL, NULL);
    weir_scope_end(s);
    weir_module_free(base);
    weir_module_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

/* -- compose from options ------------------------------------------------------------------------------------------- */
/* Parts as text and by hand are the same maps: children, weights, results. */
static void test_compose_from_options(void **state)
{
    weir_ctx *c = *state;
    weir_module *a = weir_module_new(c, "compose",
                                     "dim=5 dtype=f64 repeat=2 parts=scale,additive_coupling parts.0.start=0.5 parts.1.partition=half parts.1.net.hidden=6,7 "
                                     "parts.1.net.activation=silu");
    weir_module *b = weir_module_new(c, "compose", "");
    for (int i = 0; i < 2; i++) {
        weir_module_add(b, i ? "2" : "0", weir_module_new(c, "scale", "dim=5 start=0.5 dtype=f64"));
        weir_module_add(b, i ? "3" : "1", weir_module_new(c, "additive_coupling", "dim=5 partition=half net=\"mlp hidden=6,7 activation=silu\" dtype=f64"));
    }
    assert_ok(c);
    assert_int_equal(weir_module_state_count(a), weir_module_state_count(b));
    for (int64_t i = 0; i < weir_module_state_count(a); i++) {
        const char *name, *same;
        weir_module_state_at(a, i, &name, NULL);
        weir_module_state_at(b, i, &same, NULL);
        assert_string_equal(name, same);
    }
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_randn(c, WEIR_F64, 2, SHAPE(3, 5)), *ld, *le;
    weir_tensor *y = weir_bijection_forward(a, x, NULL, &ld), *z = weir_bijection_forward(b, x, NULL, &le);
    for (int64_t i = 0; i < 3; i++) {
        for (int64_t j = 0; j < 5; j++) assert_true(weir_get(y, SHAPE(i, j)) == weir_get(z, SHAPE(i, j)));
        assert_true(weir_get(ld, &i) == weir_get(le, &i));
    }
    weir_scope_end(s);
    weir_module_free(a);
    weir_module_free(b);
    assert_ok(c);
    assert_true(weir_module_new(c, "compose", "dim=5 parts=scale,additive_coupling parts.1.net.hiden=3")->object.nil);
    assert_fails(c, WEIR_ERROR_NAME, "bijection.compose: unknown option parts.1.net.hiden: expected perhaps parts.1.net.hidden");
    assert_true(weir_module_new(c, "compose", "dim=5 parts=additive_coupling parts.0.net.in=4")->object.nil);
    assert_fails(c, WEIR_ERROR_RANGE, "net.in=4: expected 3");
    weir_module *nested = weir_module_new(c, "compose", "dim=3 dtype=f64 parts=compose,scale parts.0.repeat=3 parts.0.parts=scale,tile parts.0.parts.0.start=1");
    assert_ok(c); /* dim and dtype said once, two rows above */
    const char *name;
    assert_int_equal(weir_shape(weir_module_state_at(nested, 0, &name, NULL))[0], 3);
    assert_string_equal(name, "0.0.log_scale");
    assert_int_equal(weir_dtype_of(weir_module_state_at(nested, 0, NULL, NULL)), WEIR_F64);
    weir_module_free(nested);
}

int main(void)
{
    CASES(CASE(test_compose_from_options), CASE(test_round_trips), CASE(test_log_det_is_the_jacobians), CASE(test_rows_do_not_depend_on_their_batch), CASE(test_gradients), CASE(test_workers), CASE(test_extremes), CASE(test_conditions), CASE(test_conditions_of_rows), CASE(test_log_scales), CASE(test_volume_is_kept),
          CASE(test_conv1x1_starts_as_a_rotation),
          CASE(test_permutation_is_kept), CASE(test_batch_norm_in_training),
          CASE(test_first_batch), CASE(test_refusals), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
