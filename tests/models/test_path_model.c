/* Models that are a network on a path: the loss by hand, with its weight; the last step, which takes what noise is left. */
#include "models/model_test.h"
#include "diffusion/diffusion.h"
#include "weir/continuous.h"
#include "weir/diffusion.h"

enum { N = 5, D = 2 };

/* At one time, nearly: the weighted loss is the plain one times the weight there. */
static double loss_at(weir_ctx *c, const char *weight, int64_t sample)
{
    char options[256];
    snprintf(options, sizeof options, "dim=2 net.hidden=6 dtype=f64 time_density=log_normal time_density.mean=0.3 time_density.std=0.001 weight=%s", weight);
    weir_model *m = stirred_model(c, "score-sde", options, 0.5);
    weir_scope s = weir_scope_begin(c);
    const double x[N * D] = { 0.3, -0.4, 1.1, 0.2, -0.7, 0.9, 0.1, 0.1, -1, 2 };
    weir_tensor *loss = weir_model_loss(m, weir_batch_wrap(c, weir_from_f64(c, x, 2, SHAPE(N, D)), NULL, NULL, NULL));
    assert_ok(c);
    double v = weir_get(loss, &sample);
    weir_scope_end(s);
    weir_model_free(m);
    return v;
}

static void test_weight_of_the_loss(void **state)
{
    weir_ctx *c = *state;
    double sigma = exp(0.3), snr = 1 / (sigma * sigma); /* of what eps says, an error of x_0 is SNR times as large */
    for (int64_t i = 0; i < N; i++) {
        double plain = loss_at(c, "none", i);
        assert_true(plain > 0);
        assert_true(fabs(loss_at(c, "x0", i) / plain * snr - 1) < 0.02);
        assert_true(fabs(loss_at(c, "v", i) / plain * snr / (1 + snr) - 1) < 0.02);
        assert_true(fabs(loss_at(c, "eps", i) / plain - 1) < 1e-12);
    }
}

/* -- what noise is left ------------------------------------------------------------------------------------------------------------- */
typedef struct last { double x[N * D], t; } last;

static weir_status keep_last(void *user, int64_t step, int64_t first, int64_t n, const double *t, const double *x)
{
    last *l = user;
    memcpy(l->x + first * D, x, (size_t)(n * D) * sizeof *x);
    l->t = t[0];
    return WEIR_OK;
}

/* Paths whose first time has noise: the samples are the data predicted at the last state; on others they are that state. */
static void test_the_last_noise_goes(void **state)
{
    weir_ctx *c = *state;
    static const struct { const char *model, *options; bool noise; } tried[] = {
        { "rectified-flow", "sampler=heun sampler.steps=5", false },
        { "rectified-flow", "path.sigma_min=0.05 sampler=heun sampler.steps=5", true },
        { "rectified-flow", "path=ve sampler=heun sampler.steps=5", true },
        { "edm", "sampler=heun sampler.steps=5", true }, /* asked from sigma = 0.002 on */
        { "edm", "sampler=edm sampler.steps=5", false }, /* which steps to 0 */
    };
    for (size_t k = 0; k < sizeof tried / sizeof *tried; k++) {
        char options[256];
        last l;
        double x[N * D], t[N], x0[N * D];
        snprintf(options, sizeof options, "dim=2 net.hidden=6 dtype=f64 %s", tried[k].options);
        weir_model *m = stirred_model(c, tried[k].model, options, 0.3);
        weir_sample_opts o = weir_sample_defaults();
        o.on_state = keep_last;
        o.user = &l;
        assert_int_equal(weir_model_sample_into_f64(m, N, &o, x), WEIR_OK);
        for (int i = 0; i < N; i++) t[i] = l.t;
        if (tried[k].noise) assert_int_equal(weir_model_predict_into_f64(m, l.x, t, N, NULL, x0), WEIR_OK);
        const double *want = tried[k].noise ? x0 : l.x;
        for (int i = 0; i < N * D; i++) assert_near(x[i], want[i], 1e-12);
        if (tried[k].noise) assert_true(fabs(x[0] - l.x[0]) > 1e-9);
        weir_model_free(m);
    }
}

/* -- pairs of a coupling ------------------------------------------------------------------------------------------------------------- */
static void paired_losses(weir_ctx *c, const char *coupling, const double *weights, const int64_t *classes, double *losses)
{
    char options[256];
    snprintf(options, sizeof options, "dim=2 net.hidden=6 dtype=f64 coupling=%s classes=%d", coupling, classes ? N : 0);
    weir_model *m = stirred_model(c, "flow-matching", options, 0.5);
    weir_scope s = weir_scope_begin(c);
    const double x[N * D] = { 0.3, -0.4, 1.1, 0.2, -0.7, 0.9, 0.1, 0.1, -1, 2 };
    weir_condition *k = classes ? weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, classes, 1, SHAPE(N))) : NULL;
    weir_tensor *loss = weir_model_loss(m, weir_batch_wrap(c, weir_from_f64(c, x, 2, SHAPE(N, D)), NULL, weights, k));
    assert_ok(c);
    weir_copy_to_f64(loss, losses, N);
    weir_scope_end(s);
    weir_model_free(m);
}

/* Samples that are all of another class, or of another weight, keep their noise; those that are alike exchange it. */
static void test_pairs_are_of_one_class_and_weight(void **state)
{
    weir_ctx *c = *state;
    static const int64_t each[N] = { 0, 1, 2, 3, 4 }, one[N] = { 0 };
    static const double other[N] = { 1, 2, 3, 4, 5 };
    const struct { const double *weights; const int64_t *classes; bool same; } tried[] = {
        { NULL, NULL, false }, { NULL, one, false }, { NULL, each, true }, { other, NULL, true }, { other, one, true },
    };
    double by_ot[N], own[N];
    for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
        paired_losses(c, "ot", tried[i].weights, tried[i].classes, by_ot);
        paired_losses(c, "independent", tried[i].weights, tried[i].classes, own);
        assert_int_equal(memcmp(by_ot, own, sizeof own) == 0, tried[i].same);
    }
}

int main(void)
{
    CASES(CASE(test_weight_of_the_loss), CASE(test_the_last_noise_goes), CASE(test_pairs_are_of_one_class_and_weight));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
