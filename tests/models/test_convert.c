/* Models as ones of other paths and predictions. */
#include "models/model_test.h"
#include "weir/continuous.h"

enum { N = 6, DIM = 2 };
static const double MEAN[] = { 5, -3 }, STD[] = { 2, 0.5 };

typedef struct pair {
    const char *model, *options, *path, *prediction;
} pair;
/* The new path has all sigmas of the old one. */
static const pair pairs[] = {
    { "ddpm", "dim=2 net.hidden=8,8 dtype=f64", "fm", "velocity" },
    { "ddpm", "dim=2 net.hidden=8,8 dtype=f64", "trig", "v" },
    { "score-sde", "dim=2 net.hidden=8,8 dtype=f64", "fm", "x0" },
    { "edm", "dim=2 net.hidden=8,8 dtype=f64", "fm", "velocity" },
    { "edm", "dim=2 net.hidden=8,8 dtype=f64 classes=3", "vp", "v" },
    { "rectified-flow", "dim=2 net.hidden=8,8 dtype=f64", "trig", "v" },
};
enum { PAIRS = sizeof pairs / sizeof *pairs };

static weir_model *made(weir_ctx *c, const pair *p)
{
    weir_model *m = stirred_model(c, p->model, p->options, 0.5);
    weir_module_train(weir_model_module(m), false);
    assert_int_equal(weir_model_set_standardize(m, MEAN, STD), WEIR_OK);
    return m;
}

static weir_condition *condition(weir_ctx *c, weir_model *m)
{
    int64_t class = 1;
    if (weir_model_classes(m) == 0) return NULL;
    return weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, &class, 1, SHAPE(1)));
}

static double worst(const double *a, const double *b, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++) {
        assert_true(isfinite(a[i]) && isfinite(b[i]));
        most = fmax(most, fabs(a[i] - b[i]) / (1 + fabs(a[i])));
    }
    return most;
}

static void agree(weir_ctx *c, weir_model *a, weir_model *b)
{
    double x[2][N * DIM], lp[2][N];
    weir_model *m[2] = { a, b };
    for (int i = 0; i < 2; i++) {
        weir_sample_opts o = weir_sample_defaults();
        o.use_seed = true;
        o.seed = 3;
        o.solver = "ddim steps=12 grid=karras";
        o.condition = condition(c, m[i]);
        assert_int_equal(weir_model_sample_into_f64(m[i], N, &o, x[i]), WEIR_OK);
    }
    double off = worst(x[0], x[1], N * DIM);
    if (off > 1e-9) fail_msg("samples are off by %g", off);
    for (int i = 0; i < 2; i++) {
        weir_log_prob_opts o = weir_log_prob_defaults();
        o.solver = "dopri5 rtol=1e-10 atol=1e-10 max_steps=100000";
        o.condition = condition(c, m[i]);
        assert_int_equal(weir_model_log_prob_into_f64(m[i], x[0], N, &o, lp[i], NULL), WEIR_OK);
    }
    off = worst(lp[0], lp[1], N);
    if (off > 1e-6) fail_msg("log-densities are off by %g", off);
}

static void test_the_same(void **state)
{
    weir_ctx *c = *state;
    for (int i = 0; i < PAIRS; i++) {
        print_message("%s to %s, %s\n", pairs[i].model, pairs[i].path, pairs[i].prediction);
        weir_model *m = made(c, &pairs[i]), *to = weir_model_convert(m, NULL, pairs[i].path, pairs[i].prediction);
        assert_ok(c);
        agree(c, m, to);
        weir_model_free(to);
        weir_model_free(m);
    }
}

/* Saved and loaded, and converted again: the first network is asked. */
static void test_again(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = made(c, &pairs[0]), *to = weir_model_convert(m, "rectified-flow", "fm", "velocity");
    void *data;
    size_t bytes;
    assert_ok(c);
    assert_int_equal(weir_model_save_to_memory(to, &data, &bytes), WEIR_OK);
    weir_model *loaded = weir_model_load_from_memory(c, data, bytes);
    assert_ok(c);
    agree(c, m, loaded);
    weir_model *back = weir_model_convert(loaded, "ddpm", "sub_vp", "eps");
    assert_ok(c);
    assert_int_equal(weir_module_parameter_numel(weir_model_module(back)), weir_module_parameter_numel(weir_model_module(m)));
    weir_model *once = weir_model_convert(back, "rectified-flow", "fm", "velocity");
    agree(c, m, once);
    weir_model_free(once), weir_model_free(back), weir_model_free(loaded), weir_model_free(to), weir_model_free(m);
    weir_buffer_free(c, data);
}

static void test_mistakes(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "edm", "dim=2 net.hidden=4"), *flow = weir_model_new(c, "nice", "dim=2 hidden=4");
    assert_true(weir_model_is_nil(weir_model_convert(flow, NULL, "fm", NULL)));
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "expected a continuous model");
    weir_model_convert(m, "nice", "fm", NULL);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "model.nice: expected a continuous model");
    weir_model_convert(m, NULL, "flow", NULL);
    assert_fails(c, WEIR_ERROR_NAME, "unknown path: flow");
    weir_model_free(flow), weir_model_free(m);
}

static void everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "edm", "dim=2 net.hidden=2 standardize=yes");
    weir_model_free(weir_ok(c) ? weir_model_convert(m, "rectified-flow", "fm", "velocity") : NULL);
    weir_model_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_the_same), CASE(test_again), CASE(test_mistakes), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
