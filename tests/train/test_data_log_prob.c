/* The log-likelihood of a data set, against sums by hand; samples that fail, weights, stopping, and what is refused. */
#define _GNU_SOURCE
#include "killed.h"

enum { N = 300 };

static weir_model *a_normed(weir_ctx *c, const char *options)
{
    weir_model *m = weir_model_new(c, "normed", options);
    weir_module_train(weir_model_module(m), false);
    assert_ok(c);
    return m;
}

typedef struct seen {
    int64_t batches, n, stop_at, done;
    double log_prob[N];
    bool weighted;
} seen;

static void see(void *user, int64_t first, int64_t n, const int64_t *ids, const double *weights, const double *log_prob)
{
    seen *s = user;
    assert_int_equal(first, s->n);
    s->batches++;
    s->weighted = weights != NULL;
    for (int64_t i = 0; i < n; i++) {
        assert_int_equal(ids[i], first + i);
        s->log_prob[first + i] = log_prob[i];
    }
    s->n += n;
}

static int stop(void *user, int64_t done, int64_t n)
{
    seen *s = user;
    assert_int_equal(n, N);
    s->done = done;
    return s->stop_at > 0 && done >= s->stop_at;
}

static void means_by_hand(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    weir_model *m = a_normed(c, "");
    weir_dataset *d = weir_dataset_open(c, "toy:gaussian,n=300");
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    o.how = &how;
    weir_data_log_prob_info r = { .size = sizeof r };
    double v[N], e[N], truth[N], sum = 0, squares = 0, excess = 0;
    seen s = { 0 };
    o.log_prob = v;
    o.stderr_of = e;
    o.on_batch = see;
    o.user = &s;
    assert_int_equal(weir_data_log_prob(m, d, &o, &r), WEIR_OK);
    assert_true(weir_dataset_true_log_prob(d, 0, N, truth));
    for (int i = 0; i < N; i++) {
        sum += v[i] / N;
        excess += (truth[i] - v[i]) / N;
    }
    for (int i = 0; i < N; i++) squares += (v[i] - sum) * (v[i] - sum);
    assert_near(r.nats, sum, 1e-13);
    assert_near(r.nats_stderr, sqrt(squares / (N - 1) / N), 1e-12);
    assert_near(r.excess, excess, 1e-12);
    assert_true(r.known && isfinite(r.excess_stderr) && !r.weighted && !s.weighted);
    assert_true(r.kind == WEIR_LOG_PROB_EXACT && r.n == N && r.n_counted == N && r.n_failed == 0 && r.n_left_out == 0);
    assert_true(r.n_effective == N && r.estimator_stderr == 0 && e[7] == 0 && r.dim == 2 && r.levels == 0 && r.draws == 1);
    assert_true(isnan(r.bits_per_dim) && isnan(r.nats_unit_range));
    assert_int_equal(s.batches, 2);
    assert_int_equal(s.n, N);
    assert_memory_equal(s.log_prob, v, sizeof v);
    weir_data_log_prob_info small = { .size = sizeof small };
    o = weir_data_log_prob_defaults();
    how = weir_log_prob_defaults();
    o.how = &how;
    how.batch = 7;
    o.limit = 100;
    assert_int_equal(weir_data_log_prob(m, d, &o, &small), WEIR_OK);
    sum = 0;
    for (int i = 0; i < 100; i++) sum += v[i] / 100;
    assert_true(small.n == 100);
    assert_near(small.nats, sum, 1e-13);
    assert_int_equal(weir_data_log_prob(m, d, NULL, NULL), WEIR_OK); /* all by default, nothing wanted */
    weir_dataset_free(d);
    weir_model_free(m);
    weir_close(c);
}

/* A model of integers: draws have an error, one alone does not know it; the batch decides no bit. */
static void integers(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(2);
    weir_model *m = weir_model_new(c, "nice", "dim=64 levels=17 hidden=8 couplings=2");
    weir_dataset *d = weir_dataset_open(c, "digits,limit=60");
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    o.how = &how;
    weir_data_log_prob_info one = { .size = sizeof one }, three = one, again = one;
    how.seed = 5;
    how.use_seed = true;
    assert_int_equal(weir_data_log_prob(m, d, &o, &one), WEIR_OK);
    how.draws = 3;
    assert_int_equal(weir_data_log_prob(m, d, &o, &three), WEIR_OK);
    how.batch = 13;
    assert_int_equal(weir_data_log_prob(m, d, &o, &again), WEIR_OK);
    assert_true(isnan(one.estimator_stderr) && three.estimator_stderr > 0 && three.draws == 3);
    assert_true(again.nats == three.nats && again.estimator_stderr == three.estimator_stderr);
    assert_true(one.bits_per_dim == weir_bits_per_dim(one.nats, 64, 17) && isfinite(one.bits_per_dim));
    assert_true(one.nats_unit_range == weir_nats_unit_range(one.nats, 64, 17) && !one.known && isnan(one.excess));
    weir_dataset_free(d);
    weir_model_free(m);
    weir_close(c);
}

static char warned[400];
static int n_warned;

static void hear(void *user, const char *line)
{
    (void)user;
    if (strncmp(line, "warning: ", 9) != 0) return;
    snprintf(warned, sizeof warned, "%s", line);
    n_warned++;
}

/* One line where twice as many steps say something else, none where they do not. */
static void coarse_steps(void **state)
{
    (void)state;
    weir_open_opts opening = weir_open_defaults();
    opening.log = hear;
    weir_ctx *c = weir_open_with(&opening);
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=8 dtype=f64");
    weir_module *net = weir_model_module(m);
    for (int64_t i = 0; i < weir_module_state_count(net); i++) {
        weir_tensor *t = weir_module_state_at(net, i, NULL, NULL);
        double *v = weir_data_mut(t);
        for (int64_t j = 0; j < weir_numel(t); j++) v[j] *= 3; /* bent */
    }
    weir_dataset *d = weir_dataset_open(c, "toy:gaussian,n=50");
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    weir_data_log_prob_info r = { .size = sizeof r };
    o.how = &how;
    how.solver = "euler";
    how.steps = 2;
    n_warned = 0;
    assert_int_equal(weir_data_log_prob(m, d, &o, &r), WEIR_OK);
    assert_true(r.step_error > 0.1 && n_warned == 1);
    if (!strstr(warned, "log p by 2 fixed steps of euler: twice as many change it by")) fail_msg("%s", warned);
    how.solver = "rk4";
    how.steps = 50;
    assert_int_equal(weir_data_log_prob(m, d, &o, &r), WEIR_OK);
    assert_true(r.step_error < 0.01 && n_warned == 1);
    weir_dataset_free(d);
    weir_model_free(m);
    weir_close(c);
}

/* Fixed steps say so, and what twice as many change; steps that are chosen within tolerances do not. */
static void fixed_steps(void **state)
{
    (void)state;
    enum { K = 7 };
    weir_ctx *c = weir_open(4);
    weir_model *m = weir_model_new(c, "rectified-flow", "dim=2 net.hidden=8 dtype=f64");
    weir_dataset *d = weir_dataset_open(c, "toy:gaussian,n=50");
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    o.how = &how;
    weir_data_log_prob_info coarse = { .size = sizeof coarse }, fine = coarse, r = coarse;
    double v[50], twice[50], sum = 0, squares = 0;
    how.solver = "euler steps=4";
    o.log_prob = v;
    o.doubled = K;
    how.batch = 3;
    assert_int_equal(weir_data_log_prob(m, d, &o, &coarse), WEIR_OK);
    assert_true(coarse.kind == WEIR_LOG_PROB_EXACT && coarse.fixed_steps == 4 && coarse.n_doubled == K);
    assert_string_equal(coarse.solver, "sampler.euler");
    how.steps = 8;
    o.log_prob = twice;
    o.doubled = 0;
    assert_int_equal(weir_data_log_prob(m, d, &o, &fine), WEIR_OK);
    assert_true(fine.fixed_steps == 8 && fine.n_doubled == 0 && isnan(fine.step_error) && isnan(fine.step_bias));
    for (int i = 0; i < K; i++) {
        int at = (int)((i + 0.5) * 50 / K); /* evenly among all */
        sum += (twice[at] - v[at]) / K;
        squares += pow(twice[at] - v[at], 2) / K;
    }
    assert_near(coarse.step_bias, sum, 1e-13);
    assert_near(coarse.step_error, sqrt(squares), 1e-13);
    assert_true(coarse.step_error > 1e-4);
    o = weir_data_log_prob_defaults();
    how = weir_log_prob_defaults();
    o.how = &how;
    how.steps = 4;
    how.solver = "euler";
    assert_int_equal(weir_data_log_prob(m, d, &o, &r), WEIR_OK);
    assert_int_equal(r.n_doubled, 50); /* all there are */
    o = weir_data_log_prob_defaults();
    how = weir_log_prob_defaults();
    o.how = &how;
    assert_int_equal(weir_data_log_prob(m, d, &o, &r), WEIR_OK);
    assert_true(r.fixed_steps == 0 && r.n_doubled == 0 && isnan(r.step_error) && !strcmp(r.solver, "sampler.dopri5"));
    o.doubled = -1;
    assert_int_equal(weir_data_log_prob(m, d, &o, &r), WEIR_ERROR_ARGUMENT);
    weir_clear(c);
    o = weir_data_log_prob_defaults();
    how = weir_log_prob_defaults();
    o.how = &how;
    how.solver = "ddpm";
    assert_int_equal(weir_data_log_prob(m, d, &o, &r), WEIR_ERROR_UNSUPPORTED);
    weir_clear(c);
    weir_dataset_free(d);
    weir_model_free(m);
    weir_close(c);
}

static void failures_and_weights(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    weir_model *m = a_normed(c, "fail_above=100");
    float x[4 * 2] = { 0, 1, 200, 0, 1, 1, 300, 2 };
    const double w[4] = { 1, 0, 3, 2 };
    double v[4];
    weir_dataset *d = weir_dataset_from_f32(c, x, 4, 2);
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    weir_data_log_prob_info r = { .size = sizeof r };
    assert_int_equal(weir_dataset_set_weights(d, w), WEIR_OK);
    o.log_prob = v;
    assert_int_equal(weir_data_log_prob(m, d, &o, &r), WEIR_OK);
    assert_true(isfinite(v[0]) && isnan(v[1]) && isfinite(v[2]) && isnan(v[3]));
    assert_near(r.nats, (v[0] + 3 * v[2]) / 4, 1e-13);
    assert_near(r.n_effective, 16.0 / 10, 1e-13);
    assert_true(r.weighted && r.n == 4 && r.n_failed == 2 && r.n_counted == 2 && r.n_left_out == 1);
    assert_true(r.failed_ids[0] == 1 && r.failed_ids[1] == 3);
    assert_int_equal(weir_dataset_set_weights(d, (const double[]){ 0, 1, 0, 2 }), WEIR_OK);
    assert_int_equal(weir_data_log_prob(m, d, &o, &r), WEIR_OK);
    assert_true(isnan(r.nats) && isnan(r.nats_stderr) && isnan(r.estimator_stderr) && r.n_counted == 0 && r.n_left_out == 2);
    weir_dataset_free(d);
    weir_model_free(m);
    weir_close(c);
}

static void stopping(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    weir_model *m = a_normed(c, "");
    weir_dataset *d = weir_dataset_open(c, "toy:gaussian,n=300");
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    o.how = &how;
    weir_data_log_prob_info r = { .size = sizeof r };
    seen s = { .stop_at = 20 };
    how.batch = 10;
    how.on_step = stop;
    how.user = &s;
    assert_int_equal(weir_data_log_prob(m, d, &o, &r), WEIR_STOPPED);
    assert_int_equal(s.done, 20);
    assert_true(weir_ok(c) && isnan(r.nats));
    s.stop_at = 0;
    assert_int_equal(weir_data_log_prob(m, d, &o, &r), WEIR_OK);
    assert_int_equal(s.done, N);
    weir_dataset_free(d);
    weir_model_free(m);
    weir_close(c);
}

#define REFUSED(call, status, part) \
    do { \
        assert_true((call) != WEIR_OK); \
        assert_fails(c, status, part); \
    } while (0)

static void refusals(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1), *other = weir_open(1);
    weir_model *m = a_normed(c, ""), *whole = weir_model_new(c, "nice", "dim=2 levels=5 hidden=4 couplings=2");
    const float x[4] = { 1, 2, 3, 4 }, broken[4] = { 1, 2, 2.5f, 4 };
    weir_dataset *d = weir_dataset_from_f32(c, x, 2, 2), *wide = weir_dataset_from_f32(c, x, 1, 4), *parts = weir_dataset_from_f32(c, broken, 2, 2);
    weir_dataset *digits = weir_dataset_open(c, "digits,limit=9"), *away = weir_dataset_from_f32(other, x, 2, 2);
    weir_data_log_prob_opts o = weir_data_log_prob_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    o.how = &how;
    weir_data_log_prob_info r = { .size = sizeof r };
    REFUSED(weir_data_log_prob(NULL, d, NULL, &r), WEIR_ERROR_ARGUMENT, "data_log_prob: NULL");
    REFUSED(weir_data_log_prob(m, NULL, NULL, &r), WEIR_ERROR_ARGUMENT, "data_log_prob: NULL");
    REFUSED(weir_data_log_prob(m, away, NULL, &r), WEIR_ERROR_ARGUMENT, "another context");
    REFUSED(weir_data_log_prob(m, wide, NULL, &r), WEIR_ERROR_SHAPE, "4 values a sample: expected 2");
    REFUSED(weir_data_log_prob(whole, parts, NULL, &r), WEIR_ERROR_VALUE, "sample 1: value 2.5: expected integers in [0, 5)");
    assert_int_equal(weir_data_log_prob(whole, d, NULL, &r), WEIR_OK); /* floats that are such integers */
    weir_model *flat = weir_model_new(c, "nice", "dim=64 hidden=4 couplings=2"), *other_levels = weir_model_new(c, "nice", "dim=64 levels=9 hidden=4 couplings=2");
    REFUSED(weir_data_log_prob(flat, digits, NULL, &r), WEIR_ERROR_SHAPE, "17 levels: expected continuous data");
    REFUSED(weir_data_log_prob(other_levels, digits, NULL, &r), WEIR_ERROR_SHAPE, "17 levels: expected 9 levels");
    o.limit = -1;
    REFUSED(weir_data_log_prob(m, d, &o, &r), WEIR_ERROR_ARGUMENT, "limit and doubled 0 or more");
    o = weir_data_log_prob_defaults();
    how = weir_log_prob_defaults();
    o.how = &how;
    o.size--;
    REFUSED(weir_data_log_prob(m, d, &o, &r), WEIR_ERROR_ARGUMENT, "weir_data_log_prob_defaults");
    o = weir_data_log_prob_defaults();
    how = weir_log_prob_defaults();
    o.how = &how;
    how.draws = 0;
    REFUSED(weir_data_log_prob(m, d, &o, &r), WEIR_ERROR_RANGE, "draws=0");
    weir_dataset *all[] = { d, wide, parts, digits, away };
    for (int i = 0; i < 5; i++) weir_dataset_free(all[i]);
    weir_model *models[] = { m, whole, flat, other_levels };
    for (int i = 0; i < 4; i++) weir_model_free(models[i]);
    weir_close(other);
    weir_close(c);
}

static void score_digits(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "nice", "dim=64 levels=17 hidden=4 couplings=2");
    weir_dataset *d = weir_dataset_open(c, "digits,limit=20");
    weir_data_log_prob_info r = { .size = sizeof r };
    if (weir_data_log_prob(m, d, NULL, &r) == WEIR_OK && !isfinite(r.nats)) fail_msg("no mean");
    weir_dataset_free(d);
    weir_model_free(m);
}

static void every_allocation(void **state)
{
    (void)state;
    test_every_allocation(score_digits);
}

int main(void)
{
    CASES(cmocka_unit_test(means_by_hand), cmocka_unit_test(integers), cmocka_unit_test(fixed_steps), cmocka_unit_test(coarse_steps), cmocka_unit_test(failures_and_weights), cmocka_unit_test(stopping),
          cmocka_unit_test(refusals), cmocka_unit_test(every_allocation));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
