/* Loaders: order a function of the step, every row once an epoch, streams, options. */
#include "fixture.h"

enum { N = 53, BATCH = 7, PER_EPOCH = N / BATCH, STEPS = 40 };

/* ids of steps 0 .. STEPS-1. */
static void run(const char *options, int64_t ids[STEPS][BATCH])
{
    weir_dataset *d = opened(c, "toy:moons,n=53");
    weir_loader *l = weir_loader_new(d, options);
    assert_true(weir_ok(c));
    assert_int_equal(weir_loader_steps_per_epoch(l), PER_EPOCH);
    for (int s = 0; s < STEPS; s++) {
        assert_int_equal(weir_loader_step(l), s);
        weir_scope scope = weir_scope_begin(c);
        weir_batch *b = weir_loader_next(l);
        assert_int_equal(weir_batch_size(b), BATCH);
        memcpy(ids[s], weir_batch_ids(b), sizeof ids[s]);
        weir_scope_end(scope);
    }
    weir_loader_free(l);
    weir_dataset_free(d);
}

static void determinism(void **state)
{
    (void)state;
    static int64_t a[STEPS][BATCH], b[STEPS][BATCH];
    run("batch=7 seed=3", a);
    run("batch=7 seed=3", b);
    assert_memory_equal(a, b, sizeof a);
    static const int64_t first[] = { 32, 10, 29, 30, 39, 31, 26 };
    for (int i = 0; i < BATCH; i++) assert_int_equal(a[0][i], first[i]); /* as it came out first: old runs resume by it */
    run("batch=7 seed=4", b);
    assert_memory_not_equal(a[0], b[0], sizeof a[0]);
    assert_memory_not_equal(a[0], a[PER_EPOCH], sizeof a[0]); /* epochs differ */
    run("batch=7 shuffle=no", b);
    for (int s = 0; s < STEPS; s++)
        for (int i = 0; i < BATCH; i++) assert_int_equal(b[s][i], s % PER_EPOCH * BATCH + i);
}

/* Over several runs of draws: the order is Fisher and Yates's by one draw a place, under the key of (seed, epoch) */
static void order(void **state)
{
    (void)state;
    enum { ROWS = 600 };
    weir_dataset *d = opened(c, "toy:moons,n=600");
    weir_loader *l = weir_loader_new(d, "batch=600 seed=5");
    for (int epoch = 0; epoch < 2; epoch++) {
        uint64_t key = weir__hash_mix(weir__hash_mix(weir__hash_text("loader.shuffle"), 5), (uint64_t)epoch);
        int64_t want[ROWS];
        for (int i = 0; i < ROWS; i++) want[i] = i;
        for (int i = ROWS - 1; i > 0; i--) {
            int j = (int)(weir__uniform(key, 0, (uint64_t)i) * (i + 1));
            int64_t at = want[i];
            want[i] = want[j], want[j] = at;
        }
        weir_scope scope = weir_scope_begin(c);
        assert_memory_equal(weir_batch_ids(weir_loader_next(l)), want, sizeof want);
        weir_scope_end(scope);
    }
    weir_loader_free(l);
    weir_dataset_free(d);
}

/* No row twice in an epoch; the four that wait differ between epochs, so that none is left out for good. */
static void coverage(void **state)
{
    (void)state;
    static int64_t ids[STEPS][BATCH];
    int left_out[N] = { 0 };
    run("batch=7 seed=1", ids);
    for (int e = 0; e < STEPS / PER_EPOCH; e++) {
        int seen[N] = { 0 }, n = 0;
        for (int s = 0; s < PER_EPOCH; s++)
            for (int i = 0; i < BATCH; i++) seen[ids[e * PER_EPOCH + s][i]]++;
        for (int i = 0; i < N; i++) {
            assert_true(seen[i] <= 1);
            n += seen[i];
            left_out[i] += !seen[i];
        }
        assert_int_equal(n, PER_EPOCH * BATCH);
    }
    for (int i = 0; i < N; i++) assert_true(left_out[i] < STEPS / PER_EPOCH);
}

static void one_batch(weir_loader *l)
{
    weir_scope s = weir_scope_begin(c);
    weir_loader_next(l);
    weir_scope_end(s);
}

/* A seek lands on what a run would see, forwards, backwards and far. */
static void seek(void **state)
{
    (void)state;
    static int64_t ids[STEPS][BATCH];
    run("batch=7 seed=9", ids);
    weir_dataset *d = opened(c, "toy:moons,n=53");
    weir_loader *l = weir_loader_new(d, "seed=9 batch=7");
    for (int k = 0; k < 200; k++) {
        int s = k * 17 % STEPS;
        weir_scope scope = weir_scope_begin(c);
        weir_loader_seek(l, s);
        assert_memory_equal(weir_batch_ids(weir_loader_next(l)), ids[s], sizeof ids[s]);
        assert_int_equal(weir_loader_step(l), s + 1);
        weir_scope_end(scope);
    }
    weir_loader_seek(l, (int64_t)1 << 50);
    one_batch(l);
    assert_int_equal(weir_loader_step(l), ((int64_t)1 << 50) + 1);
    weir_loader_seek(l, -1);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_RANGE);
    int64_t before = weir_loader_step(l);
    assert_int_equal(weir_batch_size(weir_loader_next(l)), 0); /* a failed context reads nothing and stays */
    assert_int_equal(weir_loader_step(l), before);
    weir_clear(c);
    weir_loader_free(l);
    weir_dataset_free(d);
}

/* Rows of every small width, stored in either type, read in either: each is its id's */
static void widths(void **state)
{
    (void)state;
    enum { ROWS = 40, WIDEST = 7 };
    float x[ROWS * WIDEST];
    double y[ROWS * WIDEST];
    for (int i = 0; i < ROWS * WIDEST; i++) y[i] = x[i] = (float)i + 0.5f;
    for (int64_t dim = 1; dim <= WIDEST; dim++)
        for (int variant = 0; variant < 4; variant++) {
            weir_dataset *d = variant & 1 ? weir_dataset_from_f64(c, y, ROWS, dim) : weir_dataset_from_f32(c, x, ROWS, dim);
            if (variant & 2) weir__dataset_set_real(d, WEIR_F64);
            weir_loader *l = weir_loader_new(d, "batch=5 seed=2");
            weir_scope scope = weir_scope_begin(c);
            for (int step = 0; step < 8; step++) {
                weir_batch *b = weir_loader_next(l);
                assert_true(weir_ok(c));
                for (int64_t i = 0; i < 5; i++)
                    for (int64_t j = 0; j < dim; j++)
                        assert_true(weir_get(weir_batch_x(b), (const int64_t[]){ i, j }) == (double)(weir_batch_ids(b)[i] * dim + j) + 0.5);
            }
            weir_scope_end(scope);
            weir_loader_free(l);
            weir_dataset_free(d);
        }
}

/* All orders of four rows turn up about equally often: 24 orders in 4800 epochs. */
static void fairness(void **state)
{
    (void)state;
    int count[256] = { 0 };
    const float x[] = { 0, 1, 2, 3 };
    weir_loader *l = weir_loader_from_array(c, x, 4, 1, "batch=10 seed=5");
    assert_int_equal(weir_loader_steps_per_epoch(l), 1); /* larger than the data: the data */
    for (int e = 0; e < 4800; e++) {
        weir_scope s = weir_scope_begin(c);
        weir_batch *b = weir_loader_next(l);
        const int64_t *ids = weir_batch_ids(b);
        const float *y = weir_data(weir_batch_x(b));
        assert_int_equal(weir_batch_size(b), 4);
        for (int i = 0; i < 4; i++) assert_true(y[i] == (float)ids[i]);
        count[ids[0] << 6 | ids[1] << 4 | ids[2] << 2 | ids[3]]++;
        weir_scope_end(s);
    }
    int orders = 0;
    for (int i = 0; i < 256; i++) {
        orders += count[i] > 0;
        if (count[i]) assert_true(abs(count[i] - 200) < 5 * 14);
    }
    assert_int_equal(orders, 24);
    assert_int_equal(weir_dataset_samples(weir_loader_dataset(l)), 4);
    weir_loader_free(l);
}

static void weights_and_values(void **state)
{
    (void)state;
    weir_dataset *d = opened(c, "tests/data/files/small.csv,label=class,weight=w,split=train");
    weir_loader *l = weir_loader_new(d, "batch=5");
    assert_ptr_equal(weir_loader_dataset(l), d);
    for (int k = 0; k < 10; k++) {
        weir_scope s = weir_scope_begin(c);
        weir_batch *b = weir_loader_next(l);
        const double *x = weir_data(weir_batch_x(b));
        for (int64_t i = 0; i < 5; i++) {
            int64_t id = weir_batch_ids(b)[i];
            assert_true(x[2 * i] == 0.5 * (double)id && x[2 * i + 1] == -(double)id);
            assert_true(weir_batch_weights(b)[i] == 1 + (double)(id % 2));
        }
        weir_scope_end(s);
    }
    weir_loader_free(l);
    weir_dataset_free(d);
}

static void options(void **state)
{
    (void)state;
    static const struct { const char *text; weir_status status; const char *word; } bad[] = {
        { "batch=0", WEIR_ERROR_RANGE, "batch=0" }, { "batches=3", WEIR_ERROR_NAME, "perhaps batch" }, { "seed=-1", WEIR_ERROR_RANGE, "seed=-1" },
        { "shuffle=perhaps", WEIR_ERROR_RANGE, "yes or no" }, { "batch", WEIR_ERROR_ARGUMENT, "name=value" },
    };
    weir_dataset *d = opened(c, "toy:moons,n=300");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(weir_batch_size(weir_loader_next(weir_loader_new(d, bad[i].text))), 0);
        assert_int_equal(weir_status_of(c), bad[i].status);
        assert_non_null(strstr(weir_message(c), bad[i].word));
        weir_clear(c);
    }
    weir_loader *l = weir_loader_new(d, NULL);
    assert_int_equal(weir_loader_steps_per_epoch(l), 2); /* batch=128 */
    weir_loader_free(l);
    weir_dataset_free(d);
    d = opened(c, "toy:moons,n=300,valid=0");
    weir_dataset *none = weir_dataset_split(d, "valid");
    weir_loader_new(none, "");
    assert_int_equal(weir_status_of(c), WEIR_ERROR_ARGUMENT);
    weir_clear(c);
    weir_dataset_free(none);
    weir_dataset_free(d);
}

/* -- streams ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct script { int64_t rows[4]; double weight; int64_t id; } script;

static int64_t fill(void *user, int64_t step, float *x, int64_t *ids, double *weights)
{
    const script *s = user;
    int64_t n = step < 4 ? s->rows[step] : 0;
    for (int64_t i = 0; i < (n <= 5 ? n : 0); i++) {
        x[2 * i] = (float)step, x[2 * i + 1] = (float)i;
        if (s->id) ids[i] = s->id + i;
        if (i == 0) weights[i] = s->weight;
    }
    return n;
}

static void stream(void **state)
{
    (void)state;
    script s = { { 5, 5, 3, 0 }, 0.5, 0 };
    weir_loader *l = weir_loader_from_callback(c, fill, &s, 2, "batch=5");
    assert_int_equal(weir_loader_steps_per_epoch(l), 0);
    assert_true(weir_loader_dataset(l)->object.nil);
    for (int step = 0; step < 3; step++) {
        weir_scope scope = weir_scope_begin(c);
        weir_batch *b = weir_loader_next(l);
        int64_t n = step < 2 ? 5 : 3;
        const float *x = weir_data(weir_batch_x(b));
        assert_int_equal(weir_batch_size(b), n);
        assert_int_equal(weir_dim(weir_batch_x(b), 0), n);
        assert_true(x[2 * n - 2] == (float)step && x[2 * n - 1] == (float)(n - 1));
        assert_int_equal(weir_batch_ids(b)[1], step * 5 + 1);
        assert_true(weir_batch_weights(b)[0] == 0.5 && weir_batch_weights(b)[1] == 1);
        weir_scope_end(scope);
    }
    weir_scope scope = weir_scope_begin(c);
    for (int k = 0; k < 2; k++) assert_int_equal(weir_batch_size(weir_loader_next(l)), 0); /* the end is no error */
    assert_true(weir_ok(c));
    assert_int_equal(weir_loader_step(l), 3);
    weir_loader_seek(l, 1);
    s.id = 70;
    assert_int_equal(weir_batch_ids(weir_loader_next(l))[4], 74);
    weir_scope_end(scope);
    weir_loader_free(l);
}

/* The same in doubles, which a shorter batch keeps too. */
static int64_t fill_f64(void *user, int64_t step, double *x, int64_t *ids, double *weights)
{
    const script *s = user;
    (void)ids;
    for (int64_t i = 0; i < s->rows[step]; i++) {
        x[2 * i] = 0.1 + (double)step;
        x[2 * i + 1] = 1e9 + 1e-3 * (double)i;
        weights[i] = s->weight;
    }
    return s->rows[step];
}

static void stream_of_doubles(void **state)
{
    (void)state;
    script s = { { 5, 3, 0, 0 }, 0.5, 0 };
    weir_loader *l = weir_loader_from_callback_f64(c, fill_f64, &s, 2, "batch=5");
    weir_scope scope = weir_scope_begin(c);
    for (int64_t step = 0; step < 2; step++) {
        weir_batch *b = weir_loader_next(l);
        const double *x = weir_data(weir_batch_x(b));
        assert_int_equal(weir_dtype_of(weir_batch_x(b)), WEIR_F64);
        assert_int_equal(weir_batch_size(b), s.rows[step]);
        assert_true(x[4] == 0.1 + (double)step && x[5] == 1e9 + 1e-3 * 2);
        assert_true(weir_batch_weights(b)[0] == 0.5 && weir_batch_mean_weight(b) == 1);
    }
    assert_int_equal(weir_batch_size(weir_loader_next(l)), 0);
    weir_scope_end(scope);
    weir_loader_free(l);
    weir_loader_from_callback_f64(c, NULL, NULL, 2, "");
    assert_int_equal(weir_status_of(c), WEIR_ERROR_ARGUMENT);
    weir_clear(c);
}

static void stream_errors(void **state)
{
    (void)state;
    static const struct { script s; weir_status status; const char *word; } bad[] = {
        { { { -3, 0, 0, 0 }, 1, 0 }, WEIR_ERROR_IO, "-3" },
        { { { 6, 0, 0, 0 }, 1, 0 }, WEIR_ERROR_IO, "[0, 5]" },
        { { { 5, 0, 0, 0 }, -1, 0 }, WEIR_ERROR_RANGE, "weight" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        script s = bad[i].s;
        weir_loader *l = weir_loader_from_callback(c, fill, &s, 2, "batch=5");
        weir_scope scope = weir_scope_begin(c);
        assert_int_equal(weir_batch_size(weir_loader_next(l)), 0);
        assert_int_equal(weir_status_of(c), bad[i].status);
        assert_non_null(strstr(weir_message(c), bad[i].word));
        assert_int_equal(weir_loader_step(l), 0);
        weir_scope_end(scope);
        weir_clear(c);
        weir_loader_free(l);
    }
    weir_loader_from_callback(c, NULL, NULL, 2, "");
    assert_int_equal(weir_status_of(c), WEIR_ERROR_ARGUMENT);
    weir_clear(c);
    weir_loader_from_callback(c, fill, NULL, 0, "");
    assert_int_equal(weir_status_of(c), WEIR_ERROR_ARGUMENT);
    weir_clear(c);
}

/* Ten thousand batches leave the live memory as it was. */
static void memory(void **state)
{
    (void)state;
    weir_dataset *d = opened(c, "digits,split=train");
    weir_loader *l = weir_loader_new(d, "batch=100");
    one_batch(l);
    weir_memory_info before = weir_memory(c);
    for (int k = 0; k < 10000; k++) one_batch(l);
    assert_int_equal(weir_memory(c).live_blocks, before.live_blocks);
    assert_int_equal(weir_memory(c).live_bytes, before.live_bytes);
#ifndef WEIR_NO_POOL
    assert_int_equal(weir_memory(c).system_calls, before.system_calls);
#endif
    weir_loader_free(l);
    weir_dataset_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(determinism), TEST(order), TEST(coverage), TEST(seek),          TEST(fairness), TEST(weights_and_values), TEST(widths),
        TEST(options),     TEST(stream),   TEST(stream_errors), TEST(memory),
        TEST(stream_of_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
