/* Data as noise and back, for flows and continuous models, and values filled in. */
#include "models/model_test.h"
#include "weir/latent.h"

enum { N = 7, DIM = 4 };

static void fill(double *x, int64_t n, uint64_t seed)
{
    for (int64_t i = 0; i < n; i++) x[i] = weir__normal(seed, 0, (uint64_t)i);
}

/* decode(encode(x)) is x, and encode(decode(z)) is z. */
static void there_and_back(weir_ctx *c, const char *name, const char *options, const weir_condition *k, const char *solver, double tolerance)
{
    weir_model *m = stirred_model(c, name, options, 0.4);
    double x[N * DIM], z[N * DIM], back[N * DIM], some[N * DIM];
    weir_log_prob_opts o = weir_log_prob_defaults();
    weir_sample_opts so = weir_sample_defaults();
    weir_module_train(weir_model_module(m), false);
    o.condition = so.condition = k;
    o.solver = so.solver = solver;
    fill(x, N * DIM, 3);
    assert_int_equal(weir_model_encode_into_f64(m, x, N, &o, z), WEIR_OK);
    so.noise_f64 = z;
    assert_int_equal(weir_model_sample_into_f64(m, N, &so, back), WEIR_OK);
    for (int i = 0; i < N * DIM; i++) assert_near(back[i], x[i], tolerance);
    o.batch = 3;
    assert_int_equal(weir_model_encode_into_f64(m, x, N, &o, some), WEIR_OK);
    assert_memory_equal(some, z, sizeof z);
    so.noise_f64 = x;
    assert_int_equal(weir_model_sample_into_f64(m, N, &so, back), WEIR_OK);
    assert_int_equal(weir_model_encode_into_f64(m, back, N, &o, z), WEIR_OK);
    for (int i = 0; i < N * DIM; i++) assert_near(z[i], x[i], tolerance);
    weir_model_free(m);
}

static weir_condition *of_class(weir_ctx *c, int64_t class)
{
    return weir_condition_with(weir_condition_new(c), "class", weir_from_i64(c, &class, 1, SHAPE(1)));
}

static void test_there_and_back(void **state)
{
    weir_ctx *c = *state;
    there_and_back(c, "nice", "dim=4 hidden=8 couplings=3 dtype=f64", NULL, NULL, 1e-12);
    there_and_back(c, "nice", "dim=4 hidden=8 couplings=3 dtype=f64 classes=3 base=diagonal", of_class(c, 2), NULL, 1e-12);
    there_and_back(c, "flow", "dim=4 dtype=f64 flow.repeat=2", NULL, NULL, 1e-9);
    there_and_back(c, "rectified-flow", "dim=4 net.hidden=8,8 dtype=f64", NULL, "dopri5 rtol=1e-9 atol=1e-9", 1e-6);
    there_and_back(c, "rectified-flow", "dim=4 net.hidden=8,8 dtype=f64 classes=3 condition.dropout=0.2", of_class(c, 1), "rk4 steps=400", 1e-3);
}

/* Floats of a flow, and integers, which come back to the bit. */
static void test_floats_and_integers(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, "dim=4 hidden=8 levels=17", 0.4);
    float x[N * DIM], z[N * DIM], back[N * DIM];
    for (int i = 0; i < N * DIM; i++) x[i] = (float)((5 * i) % 17);
    weir_log_prob_opts o = weir_log_prob_defaults();
    for (int seed = 1; seed < 20; seed++) {
        o.seed = (uint64_t)seed;
        o.use_seed = true;
        assert_int_equal(weir_model_encode_into(m, x, N, &o, z), WEIR_OK);
        weir_sample_opts so = weir_sample_defaults();
        so.noise = z;
        assert_int_equal(weir_model_sample_into(m, N, &so, back), WEIR_OK);
        assert_memory_equal(back, x, sizeof x);
    }
    weir_model_free(m);
}

/* A batch's noise is what log p is made of, and its gradient is there. */
static void test_of_a_batch(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, "dim=4 hidden=8 couplings=3 dtype=f64 base=normal", 0.4);
    weir_tensor *x = weir_set_requires_grad(weir_randn(c, WEIR_F64, 2, SHAPE(N, DIM)), true), *g;
    weir_tensor *z = weir_model_encode(m, weir_batch_wrap(c, x, NULL, NULL, NULL), NULL);
    weir_tensor *log_det, *expected = weir_bijection_forward(weir_model_bijection(m), x, NULL, &log_det);
    for (int64_t i = 0; i < N; i++) assert_true(weir_get(z, SHAPE(i, 1)) == weir_get(expected, SHAPE(i, 1)));
    weir_tensor *sum = weir_sum(weir_square(z));
    weir_grad(1, &sum, 1, &x, NULL, false, false, &g);
    assert_ok(c);
    assert_true(fabs(weir_get(g, SHAPE(0, 0))) > 1e-6);
    weir_model_free(m);
}

/* -- values filled in ------------------------------------------------------------------------------------------------- */
static void test_ascent_finds_the_mode(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nice", "dim=4 couplings=0 scale=no base=normal dtype=f64");
    static const double mean[] = { 5, -3, 0, 100 }, std[] = { 2, 0.1, 1, 10 };
    assert_int_equal(weir_model_set_standardize(m, mean, std), WEIR_OK);
    double x[N * DIM], out[N * DIM], lp[N], p[N];
    bool known[N * DIM];
    fill(x, N * DIM, 3);
    for (int i = 0; i < N * DIM; i++) {
        known[i] = (i + i / DIM) % 3 == 0;
        if (!known[i]) x[i] = NAN;
    }
    weir_inpaint_opts o = weir_inpaint_defaults();
    o.noise = 0;
    o.steps = 400;
    assert_int_equal(weir_model_inpaint_into_f64(m, x, known, N, &o, out, lp), WEIR_OK);
    for (int i = 0; i < N * DIM; i++) {
        if (known[i]) assert_true(out[i] == x[i]);
        else assert_near(out[i], mean[i % DIM], 1e-3 * std[i % DIM]);
    }
    assert_int_equal(weir_model_log_prob_into_f64(m, out, N, NULL, p, NULL), WEIR_OK);
    for (int i = 0; i < N; i++) assert_near(lp[i], p[i], 1e-9);
    weir_model_free(m);
}

static void test_filled_in(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = stirred(c, "dim=4 hidden=8 levels=17 classes=2 base=diagonal", 0.5);
    double x[N * DIM], out[N * DIM], some[N * DIM], lp[N];
    bool known[N * DIM];
    for (int i = 0; i < N * DIM; i++) {
        x[i] = (5 * i) % 17;
        known[i] = i % 2;
    }
    weir_inpaint_opts o = weir_inpaint_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    o.steps = 30;
    o.how = &how;
    how.condition = of_class(c, 1);
    assert_int_equal(weir_model_inpaint_into_f64(m, x, known, N, &o, out, lp), WEIR_OK);
    for (int i = 0; i < N * DIM; i++) {
        assert_true(out[i] == floor(out[i]) && out[i] >= 0 && out[i] <= 16);
        if (known[i]) assert_true(out[i] == x[i]);
    }
    how.batch = 2; /* by the sample's number alone */
    assert_int_equal(weir_model_inpaint_into_f64(m, x, known, N, &o, some, NULL), WEIR_OK);
    assert_memory_equal(some, out, sizeof out);
    how.seed = 9, how.use_seed = true;
    assert_int_equal(weir_model_inpaint_into_f64(m, x, known, N, &o, some, NULL), WEIR_OK);
    assert_true(memcmp(some, out, sizeof out) != 0);
    weir_model_free(m);
}

/* -- mistakes ----------------------------------------------------------------------------------------------------------- */
static void test_mistakes(void **state)
{
    weir_ctx *c = *state;
    weir_model *m = weir_model_new(c, "nice", "dim=4 hidden=8"), *flow = weir_model_new(c, "rectified-flow", "dim=4 net.hidden=8");
    double x[N * DIM] = { 0 }, z[N * DIM];
    bool known[N * DIM] = { false };
    weir_log_prob_opts o = weir_log_prob_defaults();
    weir_model_encode_into_f64(m, NULL, 1, NULL, z);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "model_encode_into: NULL");
    o.solver = "euler";
    weir_model_encode_into_f64(m, x, 1, &o, z);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "a solver or its steps");
    o.solver = "ddpm";
    weir_model_encode_into_f64(flow, x, 1, &o, z);
    assert_fails(c, WEIR_ERROR_UNSUPPORTED, "ddpm");
    o = weir_log_prob_defaults();
    o.condition = of_class(c, 0);
    weir_model_encode_into_f64(m, x, 1, &o, z);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "condition class: expected none");
    weir_inpaint_opts i = weir_inpaint_defaults();
    i.steps = 2; /* by a recorded solve */
    assert_int_equal(weir_model_inpaint_into_f64(flow, x, known, 1, &i, z, NULL), WEIR_OK);
    i.rate = -1;
    weir_model_inpaint_into_f64(m, x, known, 1, &i, z, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "a rate above 0");
    assert_true(weir_is_nil(weir_model_encode(m, NULL, NULL)));
    assert_fails(c, WEIR_ERROR_ARGUMENT, "expected a model and a batch");
    weir_model_free(flow), weir_model_free(m);
}

static void everything(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "nice", "dim=2 levels=8 hidden=2 couplings=1");
    weir_model *flow = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=2");
    double x[4] = { 1, 2, 3, 4 }, z[4];
    bool known[4] = { true, false, false, true };
    weir_log_prob_opts o = weir_log_prob_defaults();
    weir_inpaint_opts i = weir_inpaint_defaults();
    i.steps = 2;
    o.solver = "euler steps=2";
    if (weir_ok(c)) weir_model_encode_into_f64(m, x, 2, NULL, z);
    if (weir_ok(c)) weir_model_encode_into_f64(flow, x, 2, &o, z);
    if (weir_ok(c)) weir_model_inpaint_into_f64(m, x, known, 2, &i, z, NULL);
    weir_model_free(flow);
    weir_model_free(m);
}

static void test_no_memory(void **state)
{
    (void)state;
    test_every_allocation(everything);
}

int main(void)
{
    CASES(CASE(test_there_and_back), CASE(test_floats_and_integers), CASE(test_of_a_batch), CASE(test_ascent_finds_the_mode), CASE(test_filled_in),
          CASE(test_mistakes), CASE(test_no_memory));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
