/* Weights given to a data set of the caller's own rows: into batches, splits and the fingerprint; refused where they cannot be. */
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

/* Doubles are kept as they are, and rounded into batches. */
static void rows_of_doubles(void **state)
{
    weir_ctx *c = *state;
    const double x[2][2] = { { 0.1, 1e-300 }, { 2, 3 } };
    weir_dataset *d = weir_dataset_from_f64(c, x[0], 2, 2);
    double mean[2], std[2];
    assert_int_equal(weir_dataset_statistics(d, mean, std), WEIR_OK);
    assert_near(mean[0], 1.05, 1e-15);
    weir_scope s = weir_scope_begin(c);
    const float *y = weir_data(weir_batch_x(weir_dataset_batch(d, 0, 2)));
    assert_true(y[0] == 0.1f && y[1] == 0 && y[3] == 3);
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
    assert_fails(c, WEIR_ERROR_STATE, "expected a data set of all rows");
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
    assert_fails(c, WEIR_ERROR_STATE, "10 of 50 rows");
    weir_dataset_free(limited);
    assert_int_equal(weir_dataset_set_weights(NULL, w), WEIR_ERROR_ARGUMENT);
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
    CASES(CASE(batches_carry_them), CASE(rows_of_doubles), CASE(bad_weights_are_refused), CASE(every_allocation_may_fail));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
