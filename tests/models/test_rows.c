/* Every model that is listed, made from its test options: its loss and gradients, its samples alone and in batches, their density,
 * their noise, its file. */
#include "models/model_test.h"
#include "weir/grad.h"
#include "weir/latent.h"

enum { N = 5 };

typedef struct tried {
    const weir_model_row *row;
    weir_model *m;
    int64_t dim;
} tried;

static weir_tensor *data_of(const tried *t, uint64_t seed)
{
    weir_ctx *c = weir_model_ctx(t->m);
    weir_tensor *x = weir_empty(c, WEIR_F64, 2, SHAPE(N, t->dim));
    double *v = weir_data_mut(x), levels = (double)weir_model_levels(t->m);
    for (int64_t i = 0; i < N * t->dim; i++)
        v[i] = levels > 0 ? floor(levels * weir__uniform(seed, 0, (uint64_t)i)) : weir__normal(seed, 0, (uint64_t)i);
    return x;
}

static void try_loss(const tried *t)
{
    weir_ctx *c = weir_model_ctx(t->m);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *l = weir_model_loss(t->m, weir_batch_wrap(c, data_of(t, 1), NULL, NULL, NULL));
    weir_backward(weir_sum(l));
    if (!weir_ok(c)) fail_msg("%s: %s", t->row->row.name, weir_message(c));
    assert_int_equal(weir_dim(l, 0), N);
    for (int64_t i = 0; i < N; i++) assert_true(isfinite(weir_get(l, &i)));
    weir_scope_end(s);
    weir_module_zero_grad(weir_model_module(t->m));
}

static void try_samples(const tried *t, double *x)
{
    weir_ctx *c = weir_model_ctx(t->m);
    double *some = malloc((size_t)(N * t->dim) * sizeof *some), q[N], p[N];
    weir_sample_opts o = weir_sample_defaults();
    o.first = 0;
    if (weir_model_sample_into_f64(t->m, N, &o, x) != WEIR_OK) fail_msg("%s: %s", t->row->row.name, weir_message(c));
    o.batch = 2;
    assert_int_equal(weir_model_sample_into_f64(t->m, N, &o, some), WEIR_OK);
    assert_memory_equal(some, x, (size_t)(N * t->dim) * sizeof *x);
    for (int64_t i = 0; i < N * t->dim; i++) assert_true(isfinite(x[i]));
    if (t->row->noise_log_prob && weir_model_levels(t->m) == 0) {
        assert_int_equal(weir_model_sample_log_prob_into_f64(t->m, N, &o, x, q), WEIR_OK);
        assert_int_equal(weir_model_log_prob_into_f64(t->m, x, N, NULL, p, NULL), WEIR_OK);
        for (int i = 0; i < N; i++) assert_near(q[i], p[i], 1e-3);
    }
    free(some);
}

static void try_noise(const tried *t, const double *x)
{
    weir_ctx *c = weir_model_ctx(t->m);
    int64_t noise = weir_model_noise_dim(t->m);
    double *z = malloc((size_t)(N * noise) * sizeof *z), *back = malloc((size_t)(N * t->dim) * sizeof *back);
    if (weir_model_encode_into_f64(t->m, x, N, NULL, z) == WEIR_ERROR_UNSUPPORTED) {
        weir_clear(c);
    } else {
        weir_sample_opts o = weir_sample_defaults();
        o.noise_f64 = z;
        assert_int_equal(weir_model_sample_into_f64(t->m, N, &o, back), WEIR_OK);
        double tolerance = t->row->noise_log_prob ? 1e-3 : 5e-3; /* solves there and back, of a network that was not trained */
        for (int64_t i = 0; i < N * t->dim; i++) assert_near(back[i], x[i], tolerance);
    }
    free(back);
    free(z);
}

static void try_file(const tried *t, const double *x)
{
    weir_ctx *c = weir_model_ctx(t->m);
    void *bytes;
    size_t n;
    double p[N], again[N];
    assert_int_equal(weir_model_save_to_memory(t->m, &bytes, &n), WEIR_OK);
    weir_model *m = weir_model_load_from_memory(c, bytes, n);
    assert_ok(c);
    assert_int_equal(weir_model_log_prob_into_f64(t->m, x, N, NULL, p, NULL), WEIR_OK);
    assert_int_equal(weir_model_log_prob_into_f64(m, x, N, NULL, again, NULL), WEIR_OK);
    assert_memory_equal(p, again, sizeof p);
    weir_model_free(m);
    weir_buffer_free(c, bytes);
}

static void test_every_model(void **state)
{
    weir_ctx *c = *state;
    for (int64_t i = 0; i < weir_row_count(c, "model"); i++) {
        tried t = { .row = (const weir_model_row *)weir_row_at(c, "model", i) };
        t.m = weir_model_new(c, t.row->row.name, t.row->row.test);
        if (!weir_ok(c)) fail_msg("%s: %s", t.row->row.name, weir_message(c));
        t.dim = weir_model_dim(t.m);
        double *x = malloc((size_t)(N * t.dim) * sizeof *x);
        assert_true(t.row->presets && t.row->presets[0].name); /* a first one, for `weir train` */
        try_loss(&t);
        weir_module_train(weir_model_module(t.m), false);
        try_samples(&t, x);
        try_noise(&t, x);
        try_file(&t, x);
        free(x);
        weir_model_free(t.m);
    }
}

int main(void)
{
    CASES(CASE(test_every_model));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
