/* Weights given to a data set of the caller's own rows: into batches, splits, statistics and the fingerprint; refused where they cannot
 * be; and what a weight of 0 hides. */
#include "data/data.h"
#include "test.h"

enum { N = 30 };

static weir_dataset *rows(weir_ctx *c)
{
    float x[N][2];
    for (int i = 0; i < N; i++) x[i][0] = (float)i, x[i][1] = -(float)i;
    return weir_dataset_from_f32(c, x[0], N, 2);
}

static void fill(double *w)
{
    for (int i = 0; i < N; i++) w[i] = 0.5 * i;
}

static void batches_carry_them(void **state)
{
    weir_ctx *c = *state;
    double w[N];
    fill(w);
    weir_dataset *d = rows(c), *train = weir_dataset_split(d, "train");
    uint64_t before = weir_dataset_fingerprint(d);
    assert_int_equal(weir_dataset_set_weights(d, w), WEIR_OK);
    w[3] = 99; /* they were copied */
    assert_true(weir_dataset_fingerprint(d) != before);
    weir_loader *l = weir_loader_new(train, "batch=5 seed=2"); /* a view sees them */
    for (int k = 0; k < 8; k++) {
        weir_scope s = weir_scope_begin(c);
        weir_batch *b = weir_loader_next(l);
        for (int64_t i = 0; i < 5; i++) assert_true(weir_batch_weights(b)[i] == 0.5 * (double)weir_batch_ids(b)[i]);
        weir_scope_end(s);
    }
    weir_loader_free(l), weir_dataset_free(train);
    assert_int_equal(weir_dataset_set_weights(d, NULL), WEIR_OK);
    assert_true(weir_dataset_fingerprint(d) == before);
    weir_scope s = weir_scope_begin(c);
    assert_null(weir_batch_weights(weir_dataset_batch(d, 0, 3)));
    weir_scope_end(s);
    weir_dataset_free(d);
}

/* Doubles are kept as they are, into batches. */
static void rows_of_doubles(void **state)
{
    weir_ctx *c = *state;
    const double x[2][2] = { { 0.1, 1e-300 }, { 2, 3 } };
    weir_dataset *d = weir_dataset_from_f64(c, x[0], 2, 2);
    double mean[2], std[2];
    assert_int_equal(weir_dataset_statistics(d, mean, std), WEIR_OK);
    assert_near(mean[0], 1.05, 1e-15);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *b = weir_batch_x(weir_dataset_batch(d, 0, 2));
    assert_int_equal(weir_dtype_of(b), WEIR_F64);
    assert_memory_equal(weir_data(b), x, sizeof x);
    weir_scope_end(s);
    weir_dataset_free(d);
    weir_dataset_from_f64(c, NULL, 1, 1);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "dataset_from_f64");
    weir_dataset_from_f32(c, NULL, 1, 1);
    assert_fails(c, WEIR_ERROR_ARGUMENT, "dataset_from_f32");
}

static void bad_weights_are_refused(void **state)
{
    weir_ctx *c = *state;
    weir_dataset *d = rows(c), *view = weir_dataset_split(d, "train");
    double w[N];
    fill(w);
    weir_dataset_set_weights(view, w);
    assert_fails(c, WEIR_ERROR_STATE, "expected a data set of all samples");
    w[7] = -1;
    weir_dataset_set_weights(d, w);
    assert_fails(c, WEIR_ERROR_RANGE, "weight 7");
    w[7] = NAN;
    weir_dataset_set_weights(d, w);
    assert_fails(c, WEIR_ERROR_RANGE, "weight 7");
    memset(w, 0, sizeof w);
    weir_dataset_set_weights(d, w);
    assert_fails(c, WEIR_ERROR_RANGE, "sum 0");
    weir_dataset_free(view), weir_dataset_free(d);
    weir_dataset *limited = weir_dataset_open(c, "toy:moons,n=50,limit=10");
    weir_dataset_set_weights(limited, w);
    assert_fails(c, WEIR_ERROR_STATE, "10 of 50 samples");
    weir_dataset_free(limited);
    assert_int_equal(weir_dataset_set_weights(NULL, w), WEIR_ERROR_ARGUMENT);
}

/* -- the mean weight, which losses are divided by ---------------------------------------------------------------------------------- */
static void batches_know_the_mean_weight(void **state)
{
    weir_ctx *c = *state;
    double w[N], sum = 0;
    weir_dataset *d = rows(c), *view = weir_dataset_split(d, "train");
    weir_scope s = weir_scope_begin(c);
    assert_true(weir_batch_mean_weight(weir_dataset_batch(d, 0, 3)) == 1);
    fill(w);
    weir_dataset_set_weights(d, w);
    assert_near(weir_batch_mean_weight(weir_dataset_batch(d, 0, 3)), 7.25, 1e-15);
    for (int64_t i = 0; i < weir_dataset_samples(view); i++) sum += 0.5 * (double)weir__dataset_id(view, i);
    weir_batch *b = weir_dataset_batch(view, 4, 3);
    assert_near(weir_batch_mean_weight(b), sum / (double)weir_dataset_samples(view), 1e-15);
    weir_loader *l = weir_loader_new(d, "batch=4"); /* row 0 weighs nothing: of the 29 that it draws from */
    assert_near(weir_batch_mean_weight(weir_loader_next(l)), 7.25 * 30 / 29, 1e-15);
    w[1] = 10;
    weir_dataset_set_weights(d, w);
    assert_near(weir_batch_mean_weight(weir_dataset_batch(d, 0, 3)), 7.25 + 9.5 / 30, 1e-15);
    assert_true(weir_is_nil(weir_batch_x(weir_loader_next(l))));
    assert_fails(c, WEIR_ERROR_STATE, "weights were set since it was made");
    assert_true(weir_batch_mean_weight(NULL) == 1);
    weir_tensor *x = weir_ones(c, WEIR_F32, 2, SHAPE(2, 2));
    assert_true(weir_batch_mean_weight(weir_batch_wrap(c, x, NULL, (const double[]){ 3, 4 }, NULL)) == 1);
    weir_scope_end(s);
    weir_loader_free(l), weir_dataset_free(view), weir_dataset_free(d);
}

/* -- statistics ------------------------------------------------------------------------------------------------------------------------ */
/* Whole weights are repetitions: of weights 1, 2, 3 the statistics are those of each row so many times. */
static void statistics_are_by_weight(void **state)
{
    weir_ctx *c = *state;
    double x[2 * N], many[2 * N * 3], w[N], huge[N], mean[2], std[2], wanted_mean[2], wanted_std[2];
    int64_t n = 0;
    for (int i = 0; i < N; i++) {
        w[i] = i % 4;
        huge[i] = 1e306 * w[i];
        x[2 * i] = w[i] > 0 ? 1187008882.43 + 0.05 * weir__normal(1, 0, (uint64_t)i) : NAN;
        x[2 * i + 1] = w[i] > 0 ? 7.3 : INFINITY;
        for (int k = 0; k < i % 4; k++) memcpy(many + 2 * n++, x + 2 * i, 2 * sizeof *x);
    }
    weir_dataset *d = weir_dataset_from_f64(c, x, N, 2), *repeated = weir_dataset_from_f64(c, many, n, 2);
    assert_int_equal(weir_dataset_statistics(repeated, wanted_mean, wanted_std), WEIR_OK);
    for (int k = 0; k < 2; k++) {
        weir_dataset_set_weights(d, k ? huge : w); /* only their ratios count */
        assert_int_equal(weir_dataset_statistics(d, mean, std), WEIR_OK);
        assert_near(mean[0], wanted_mean[0], 1e-15);
        assert_near(std[0], wanted_std[0], 1e-9);
        assert_true(mean[1] == 7.3 && std[1] == 1);
    }
    assert_true(wanted_std[0] > 0.03 && wanted_std[0] < 0.07); /* the 1.2e9 cost no digits */
    x[2 * 5] = 1e200;
    weir_dataset *wild = weir_dataset_from_f64(c, x, N, 2);
    weir_dataset_set_weights(wild, w);
    weir_dataset_statistics(wild, mean, std);
    assert_fails(c, WEIR_ERROR_VALUE, "array: column 1: mean");
    weir_dataset_free(d), weir_dataset_free(repeated), weir_dataset_free(wild);
}

/* Loaders, checks and statistics pass over what weighs nothing; a batch asked for shows it. */
static void what_weighs_nothing_is_not_looked_at(void **state)
{
    weir_ctx *c = *state;
    float x[N][2];
    double w[N], mean[2], std[2];
    for (int i = 0; i < N; i++) x[i][0] = (float)i, x[i][1] = -(float)i, w[i] = i == 4 ? 0 : 1;
    x[4][1] = NAN;
    weir_dataset *d = weir_dataset_from_f32(c, x[0], N, 2);
    weir__dataset_check_finite(d, WEIR_F32);
    assert_fails(c, WEIR_ERROR_VALUE, "sample 4, column 2");
    weir_dataset_set_weights(d, w);
    assert_int_equal(weir__dataset_check_finite(d, WEIR_F32), WEIR_OK);
    assert_int_equal(weir_dataset_statistics(d, mean, std), WEIR_OK);
    assert_near(mean[0], (435.0 - 4) / 29, 1e-15);
    weir_scope s = weir_scope_begin(c);
    assert_true(isnan(weir_get(weir_batch_x(weir_dataset_batch(d, 4, 1)), SHAPE(0, 1))));
    weir_scope_end(s);
    weir_dataset_free(d);
}

/* Sums beyond the largest double are refused by the row that takes them there. */
static void weights_without_a_sum_are_refused(void **state)
{
    weir_ctx *c = *state;
    double w[N];
    fill(w);
    w[11] = w[19] = 1.7e308;
    weir_dataset *d = rows(c);
    weir_dataset_set_weights(d, w);
    assert_fails(c, WEIR_ERROR_RANGE, "weight 19: expected a finite sum of weights up to here, found inf");
    weir_dataset_free(d);
    weir_scope s = weir_scope_begin(c);
    weir_batch_wrap(c, weir_ones(c, WEIR_F32, 2, SHAPE(N, 2)), NULL, w, NULL);
    assert_fails(c, WEIR_ERROR_RANGE, "batch_wrap: weight 19: expected a finite sum");
    weir_scope_end(s);
}

static void make(weir_ctx *c)
{
    double w[N];
    fill(w);
    weir_dataset *d = rows(c);
    weir_dataset_set_weights(d, w);
    weir_dataset_free(d);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_every_allocation(make);
}

int main(void)
{
    CASES(CASE(batches_carry_them), CASE(rows_of_doubles), CASE(bad_weights_are_refused), CASE(batches_know_the_mean_weight),
          CASE(statistics_are_by_weight), CASE(what_weighs_nothing_is_not_looked_at), CASE(weights_without_a_sum_are_refused),
          CASE(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
