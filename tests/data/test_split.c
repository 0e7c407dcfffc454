/* Splits, ids, the digits, statistics, fingerprints. */
#include "fixture.h"

/* Adds the ids of all rows of d to seen[0 .. n-1]; they must ascend. */
static void mark(weir_dataset *d, int *seen, int64_t n)
{
    weir_scope s = weir_scope_begin(c);
    weir_batch *b = weir_dataset_batch(d, 0, weir_dataset_samples(d));
    const int64_t *ids = weir_batch_ids(b);
    assert_int_equal(weir_batch_size(b), weir_dataset_samples(d));
    for (int64_t i = 0; i < weir_batch_size(b); i++) {
        assert_true(ids[i] >= 0 && ids[i] < n && (i == 0 || ids[i] > ids[i - 1]));
        seen[ids[i]]++;
    }
    weir_scope_end(s);
}

static void check_cover(const char *spec, int64_t n, int n_splits, const int64_t *expected)
{
    int *seen = calloc((size_t)n, sizeof *seen);
    weir_dataset *d = opened(c, spec);
    assert_int_equal(weir_dataset_samples(d), n);
    for (int i = 0; i < n_splits; i++) {
        char text[128];
        const char *name = weir__split_names[1 + i];
        snprintf(text, sizeof text, "%s,split=%s", spec, name);
        weir_dataset *view = weir_dataset_split(d, name), *direct = opened(c, text);
        assert_int_equal(weir_dataset_samples(view), expected[i]);
        assert_true(weir_dataset_fingerprint(view) == weir_dataset_fingerprint(direct));
        assert_string_equal(weir_dataset_spec(view), text);
        mark(view, seen, n);
        weir_dataset_free(view);
        weir_dataset_free(direct);
    }
    for (int64_t i = 0; i < n; i++) assert_int_equal(seen[i], 1); /* disjoint and complete */
    weir_dataset_free(d);
    free(seen);
}

static void cover(void **state)
{
    (void)state;
    check_cover("digits", 1797, 3, (const int64_t[]){ 1250, 250, 297 });
    check_cover("digits,valid=last:100", 1797, 3, (const int64_t[]){ 1400, 100, 297 });
    check_cover("digits,valid=0.5", 1797, 3, (const int64_t[]){ 750, 750, 297 });
    check_cover("toy:moons,n=600", 600, 2, (const int64_t[]){ 500, 100 });
    check_cover("toy:moons,n=600,valid=last:1", 600, 2, (const int64_t[]){ 599, 1 });
    check_cover("tests/data/files/small.csv,valid=0.25", 12, 2, (const int64_t[]){ 9, 3 });
    check_cover("toy:moons,n=600,test=0.1", 600, 3, (const int64_t[]){ 450, 90, 60 });
    check_cover("toy:moons,n=600,test=0.1,valid=last:40", 600, 3, (const int64_t[]){ 500, 40, 60 });
    check_cover("toy:moons,n=600,test=last:6,valid=0.5", 600, 3, (const int64_t[]){ 297, 297, 6 });
}

/* The rule is fixed for good: other programs and old runs rely on it. The rows here were computed from the rule as written in
 * split.c by sorting weir__hash_mix(row, key) in the open. */
static void rule(void **state)
{
    (void)state;
    enum { N = 600, K = 100 };
    uint64_t hash[N];
    int64_t rank_less = 0;
    weir_dataset *d = opened(c, "toy:moons,n=600,split=valid");
    assert_int_equal(d->n, K);
    for (int64_t i = 0; i < N; i++) hash[i] = weir__hash_mix((uint64_t)i, 0x776569722e76616cu);
    for (int64_t i = 0, at = 0; i < N; i++) {
        rank_less = 0;
        for (int64_t j = 0; j < N; j++) rank_less += hash[j] < hash[i] || (hash[j] == hash[i] && j < i);
        if (rank_less < K) assert_int_equal(d->ids[at++], i);
    }
    static const int64_t first[] = { 14, 17, 28, 33, 37, 42 };
    for (int i = 0; i < 6; i++) assert_int_equal(d->ids[i], first[i]); /* as when the rule was first used */
    weir_dataset_free(d);
    d = opened(c, "digits,split=test");
    for (int64_t i = 0; i < 297; i++) assert_int_equal(d->ids[i], 1500 + i);
    weir_dataset_free(d);
    d = opened(c, "toy:moons,n=600,valid=last:100,split=valid");
    for (int64_t i = 0; i < 100; i++) assert_int_equal(d->ids[i], 500 + i);
    weir_dataset_free(d);
}

static int by_value(const void *a_, const void *b_)
{
    const uint64_t *a = a_, *b = b_;
    return (*a > *b) - (*a < *b);
}

/* The same of many rows, of which few are sorted. */
static void rule_of_many(void **state)
{
    (void)state;
    enum { N = 30000 };
    static const int64_t counts[] = { 1, 5000, 29999 };
    static uint64_t hash[N];
    for (int k = 0; k < 3; k++) {
        char spec[80];
        snprintf(spec, sizeof spec, "toy:moons,n=30000,limit=%lld", (long long)counts[k]);
        for (int64_t i = 0; i < N; i++) hash[i] = weir__hash_mix((uint64_t)i, 0x776569722e737562u);
        qsort(hash, N, sizeof *hash, by_value);
        uint64_t last = hash[counts[k] - 1];
        weir_dataset *d = opened(c, spec);
        int64_t at = 0;
        for (int64_t i = 0; i < N; i++)
            if (weir__hash_mix((uint64_t)i, 0x776569722e737562u) <= last) assert_int_equal(d->ids[at++], i);
        assert_int_equal(at, counts[k]);
        assert_int_equal(d->n, counts[k]);
        weir_dataset_free(d);
    }
}

/* The K rows of a split with the smallest hash, worked out by counting. */
static void assert_smallest(const weir_dataset *few, const weir_dataset *all)
{
    int64_t at = 0;
    for (int64_t i = 0; i < all->n; i++) {
        uint64_t hash = weir__hash_mix((uint64_t)weir__dataset_id(all, i), 0x776569722e737562u);
        int64_t less = 0;
        for (int64_t j = 0; j < all->n; j++) less += weir__hash_mix((uint64_t)weir__dataset_id(all, j), 0x776569722e737562u) < hash;
        if (less < few->n) assert_int_equal(few->ids[at++], weir__dataset_id(all, i));
    }
    assert_int_equal(at, few->n);
}

/* The rule is fixed for good, as that of splits; a row keeps its id. */
static void limit(void **state)
{
    (void)state;
    static const char *const splits[] = { "", ",split=train", ",split=valid", ",split=test" };
    for (int i = 0; i < 4; i++) {
        char spec[64], limited[80];
        snprintf(spec, sizeof spec, "digits%s", splits[i]);
        snprintf(limited, sizeof limited, "%s,limit=40", spec);
        weir_dataset *all = opened(c, spec), *few = opened(c, limited), *some = weir__dataset_some(all, 40), *no_more = weir__dataset_some(few, 50);
        assert_int_equal(weir_dataset_samples(few), 40);
        assert_smallest(few, all);
        assert_memory_equal(few->ids, some->ids, 40 * sizeof *few->ids);
        assert_int_equal(weir_dataset_samples(no_more), 40);
        weir_dataset_free(no_more);
        weir_dataset_free(some);
        weir_dataset_free(few);
        weir_dataset_free(all);
    }
    static const int64_t first[] = { 42, 168, 174, 179, 460, 683, 709, 810, 1126, 1380 };
    weir_dataset *few = opened(c, "digits,split=valid,limit=10"), *whole = opened(c, "digits,limit=10");
    assert_memory_equal(few->ids, first, sizeof first); /* as when the rule was first used */
    weir_dataset *view = weir_dataset_split(whole, "valid");
    assert_int_equal(weir_dataset_samples(whole), 10);
    assert_true(weir_dataset_fingerprint(view) == weir_dataset_fingerprint(few));
    weir_dataset *more = opened(c, "digits,limit=1797"), *most = opened(c, "digits,limit=1800");
    assert_null(more->ids);
    assert_null(most->ids);
    weir_dataset_free(more);
    weir_dataset_free(most);
    weir_dataset *same = weir_dataset_split(few, "");
    assert_true(weir_dataset_fingerprint(same) == weir_dataset_fingerprint(few));
    assert_string_equal(weir_dataset_spec(same), weir_dataset_spec(few));
    weir_dataset_free(same);
    weir_dataset *train = opened(c, "digits,limit=3,split=train"), *none = weir_dataset_split(train, "valid"); /* a split of a split */
    assert_true(weir_ok(c) && !none->object.nil);
    assert_int_equal(weir_dataset_samples(none), 0);
    weir_dataset *owner = weir_dataset_open(c, "digits,split=valid");
    assert_true(weir_dataset_split(owner, "train")->object.nil);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_ARGUMENT);
    weir_clear(c);
    assert_true(weir_dataset_split(owner, "tests")->object.nil);
    assert_non_null(strstr(weir_message(c), "tests"));
    weir_clear(c);
    weir_dataset_free(none);
    weir_dataset_free(train);
    weir_dataset_free(owner);
    weir_dataset_free(view);
    weir_dataset_free(whole);
    weir_dataset_free(few);
}

/* A file sorted by class, or by anything: a part of it has the mean of the whole, within what so many rows allow. */
static void a_part_of_a_sorted_file_is_like_the_whole(void **state)
{
    (void)state;
    enum { N = 6000, K = 500 };
    float *x = malloc(N * sizeof *x);
    double sum = 0;
    for (int i = 0; i < N; i++) x[i] = (float)i / N; /* uniform on [0, 1) */
    weir_dataset *all = weir_dataset_from_f32(c, x, N, 1), *valid = weir_dataset_split(all, "valid"), *some = weir__dataset_some(valid, K);
    assert_int_equal(weir_dataset_samples(valid), N / 6);
    assert_int_equal(weir_dataset_samples(some), K);
    for (int i = 0; i < K; i++) sum += x[some->ids[i]];
    assert_true(fabs(sum / K - 0.5) < 4 * sqrt(1.0 / 12 / K));
    weir_dataset_free(some);
    weir_dataset_free(valid);
    weir_dataset_free(all);
    free(x);
}

/* What runs of weir 0.1.0 meant by a limit, for those that are opened again. */
static void limits_of_old_runs_take_the_beginning(void **state)
{
    (void)state;
    weir_dataset *all = opened(c, "digits,split=valid"), *few = weir__dataset_open_first(c, "digits,split=valid,limit=10");
    weir_dataset *whole = weir__dataset_open_first(c, "digits,limit=10"), *view = weir_dataset_split(whole, "valid"), *some = weir__dataset_some(view, 5);
    for (int i = 0; i < 10; i++) assert_int_equal(few->ids[i], all->ids[i]);
    assert_null(whole->ids);
    assert_int_equal(weir_dataset_samples(whole), 10);
    assert_true(weir_dataset_fingerprint(view) == weir_dataset_fingerprint(few));
    assert_int_equal(weir_dataset_samples(some), 5);
    for (int i = 0; i < 5; i++) assert_int_equal(some->ids[i], all->ids[i]);
    weir_dataset_free(some);
    weir_dataset_free(view);
    weir_dataset_free(whole);
    weir_dataset_free(few);
    weir_dataset_free(all);
}

static void digits(void **state)
{
    (void)state;
    weir_dataset *d = opened(c, "digits");
    double sum = 0, test = 0;
    int64_t labels = 0;
    weir_scope s = weir_scope_begin(c);
    weir_batch *b = weir_dataset_batch(d, 0, 5000); /* cut at the end */
    const float *x = weir_data(weir_batch_x(b));
    assert_int_equal(weir_batch_size(b), 1797);
    assert_int_equal(weir_dtype_of(weir_batch_x(b)), WEIR_F32);
    assert_int_equal(weir_dim(weir_batch_x(b), 1), 64);
    assert_null(weir_batch_weights(b));
    const int64_t *classes = weir_data(weir_condition_get(weir_batch_condition(b), "class"));
    assert_int_equal(weir_condition_count(weir_batch_condition(b)), 1);
    for (int64_t i = 0; i < 1797; i++) assert_int_equal(classes[i], weir_dataset_label(d, i));
    for (int64_t i = 0; i < 1797 * 64; i++) {
        sum += x[i];
        if (i >= 1500 * 64) test += x[i];
    }
    for (int64_t i = 0; i < 1797; i++) labels += weir_dataset_label(d, i);
    assert_true(sum == 561718 && test == 93073); /* awk over the file */
    assert_int_equal(labels, 8070);
    assert_int_equal(weir_dataset_label(d, 1500), 1);
    assert_int_equal(weir_dataset_label(d, 1797), -1);
    weir_scope_end(s);
    weir_dataset *view = weir_dataset_split(d, "test");
    assert_int_equal(weir_dataset_label(view, 0), 1);
    weir_dataset_free(view);
    weir_dataset_free(d);
}

static void batch_range(void **state)
{
    (void)state;
    static const int64_t bad[][2] = { { -1, 3 }, { 20, 1 }, { 0, 0 }, { 0, -4 }, { INT64_MAX, 1 } };
    weir_dataset *d = opened(c, "toy:moons,n=20");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(weir_batch_size(weir_dataset_batch(d, bad[i][0], bad[i][1])), 0);
        assert_int_equal(weir_status_of(c), WEIR_ERROR_RANGE);
        weir_clear(c);
    }
    weir_scope s = weir_scope_begin(c);
    weir_batch *b = weir_dataset_batch(d, 18, INT64_MAX);
    assert_int_equal(weir_batch_size(b), 2);
    assert_int_equal(weir_batch_ids(b)[1], 19);
    weir_scope_end(s);
    weir_dataset_free(d);
}

static void statistics(void **state)
{
    (void)state;
    static const float x[] = { 1, 0.1f, 5, 2, 0.1f, 5, 4, 0.1f, -1 };
    double mean[3], std[3];
    weir_dataset *d = weir_dataset_from_f32(c, x, 3, 3);
    assert_int_equal(weir_dataset_statistics(d, mean, std), WEIR_OK);
    assert_true(fabs(mean[0] - 7.0 / 3) < 1e-15 && mean[1] == 0.1f && mean[2] == 3);
    assert_true(fabs(std[0] - sqrt(14.0 / 9)) < 1e-15 && fabs(std[2] - sqrt(8)) < 1e-15);
    assert_true(std[1] == 1); /* constant */
    weir_dataset_free(d);
    static const float bad[] = { 1, 2, 3, INFINITY };
    d = weir_dataset_from_f32(c, bad, 2, 2);
    assert_int_equal(weir_dataset_statistics(d, mean, std), WEIR_ERROR_VALUE);
    assert_non_null(strstr(weir_message(c), "sample 1, column 2: expected a finite number, found inf"));
    weir_clear(c);
    weir_dataset_free(d);
}

static uint64_t fingerprint(const char *spec)
{
    weir_dataset *d = opened(c, spec);
    uint64_t f = weir_dataset_fingerprint(d);
    weir_dataset_free(d);
    return f;
}

static uint64_t hash(const char *text, size_t cut)
{
    weir__hasher h;
    size_t n = strlen(text);
    weir__hasher_begin(&h);
    weir__hasher_add(&h, text, cut < n ? cut : n);
    if (cut < n) weir__hasher_add(&h, text + cut, n - cut);
    return weir__hasher_end(&h);
}

static void fingerprints(void **state)
{
    (void)state;
    static const char text[] = "Nobody inspects the spammish repetition";
    assert_true(hash("", 0) == 0xEF46DB3751D8E999u); /* published values of XXH64 */
    assert_true(hash("abc", 9) == 0x44BC2CF5AD770999u);
    for (size_t cut = 0; cut <= sizeof text; cut++) assert_true(hash(text, cut) == 0xFBCEA83C8A378BF1u);
    assert_true(fingerprint("digits") == fingerprint("digits"));
    static const char *const different[] = { "digits", "digits,levels=18", "digits,limit=1796", "digits,split=train", "digits,split=valid",
                                             "digits,split=test", "toy:moons", "toy:moons,n=9999", "toy:rings" };
    for (size_t i = 0; i < sizeof different / sizeof *different; i++)
        for (size_t j = 0; j < i; j++) assert_true(fingerprint(different[i]) != fingerprint(different[j]));
    assert_true(fingerprint("tests/data/files/small.csv,weight=class") != fingerprint("tests/data/files/small.csv,label=class"));
    weir_dataset *w = opened(c, "tests/data/files/small.csv,weight=w,label=class");
    uint64_t before = weir_dataset_fingerprint(w);
    w->store->weights[11] += 1;
    uint64_t weighed = weir_dataset_fingerprint(w);
    w->store->weights[11] -= 1;
    w->store->labels[0] += 1;
    assert_true(before != weighed && before != weir_dataset_fingerprint(w) && weighed != weir_dataset_fingerprint(w));
    weir_dataset_free(w);
    float x[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, y[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    weir_dataset *a = weir_dataset_from_f32(c, x, 4, 2), *b = weir_dataset_from_f32(c, x, 2, 4);
    y[7] = nextafterf(8, 9);
    weir_dataset *e = weir_dataset_from_f32(c, y, 4, 2);
    assert_true(weir_dataset_fingerprint(a) != weir_dataset_fingerprint(b));
    assert_true(weir_dataset_fingerprint(a) != weir_dataset_fingerprint(e));
    weir_dataset_free(a);
    weir_dataset_free(b);
    weir_dataset_free(e);
}

static void from_array(void **state)
{
    (void)state;
    static const float x[] = { 1, 2 };
    static const struct { const float *x; int64_t n, dim; } bad[] = { { NULL, 1, 2 }, { x, 0, 2 }, { x, 1, 0 }, { x, -1, 2 },
                                                                       { x, INT64_MAX / 4, 4 }, { x, INT64_MAX, INT64_MAX } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_true(weir_dataset_from_f32(c, bad[i].x, bad[i].n, bad[i].dim)->object.nil);
        weir_status expected = bad[i].n > 1 ? WEIR_ERROR_MEMORY : WEIR_ERROR_ARGUMENT;
        assert_int_equal(weir_status_of(c), expected);
        weir_clear(c);
    }
    float y[24];
    for (int i = 0; i < 24; i++) y[i] = (float)i;
    weir_dataset *d = weir_dataset_from_f32(c, y, 12, 2);
    y[0] = 99; /* it was copied */
    weir_dataset *v = weir_dataset_split(d, "valid");
    assert_int_equal(weir_dataset_samples(v), 2);
    assert_true(weir_dataset_split(d, "test")->object.nil);
    assert_non_null(strstr(weir_message(c), "split=test"));
    weir_clear(c);
    weir_scope s = weir_scope_begin(c);
    assert_true(((const float *)weir_data(weir_batch_x(weir_dataset_batch(d, 0, 1))))[0] == 0);
    weir_scope_end(s);
    weir_dataset_free(v);
    weir_dataset_free(d);
}

static void double_precision(void **state)
{
    (void)state;
    weir_dataset *d = opened(c, "tests/data/files/small.csv");
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_batch_x(weir_dataset_batch(d, 0, 12));
    assert_int_equal(weir_dtype_of(x), WEIR_F64);
    assert_true(((const double *)weir_data(x))[4] == 0.5);
    weir_scope_end(s);
    weir_dataset_free(d);
    d = opened(c, "digits"); /* what does not come in doubles can be had in them */
    weir__dataset_set_real(d, WEIR_F64);
    s = weir_scope_begin(c);
    assert_int_equal(weir_dtype_of(weir_batch_x(weir_dataset_batch(d, 0, 12))), WEIR_F64);
    weir_scope_end(s);
    weir_dataset_free(d);
}

static void wrapped(void **state)
{
    (void)state;
    weir_scope s = weir_scope_begin(c);
    const int64_t shape[] = { 2, 3 }, ids[] = { 7, 4 };
    const double weights[] = { 1, 0.5 }, bad[] = { 1, NAN };
    weir_tensor *x = weir_zeros(c, WEIR_F32, 2, shape);
    weir_batch *b = weir_batch_wrap(c, x, NULL, NULL, NULL);
    assert_ptr_equal(weir_batch_x(b), x);
    assert_int_equal(weir_batch_ids(b)[1], 1);
    assert_null(weir_batch_weights(b));
    assert_null(weir_batch_condition(b));
    weir_condition *k = weir_condition_with(weir_condition_new(c), "context", x);
    b = weir_batch_wrap(c, x, ids, weights, k);
    assert_int_equal(weir_batch_ids(b)[0], 7);
    assert_true(weir_batch_weights(b)[1] == 0.5);
    assert_true(weir_batch_ids(b) != ids && weir_batch_weights(b) != weights);
    assert_ptr_equal(weir_batch_condition(b), k);
    assert_int_equal(weir_batch_size(weir_batch_wrap(c, x, ids, bad, NULL)), 0);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_RANGE);
    weir_clear(c);
    weir_tensor *scalar = weir_scalar(c, WEIR_F32, 1);
    assert_int_equal(weir_batch_size(weir_batch_wrap(c, scalar, NULL, NULL, NULL)), 0);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_SHAPE);
    weir_clear(c);
    k = weir_condition_with(weir_condition_new(c), "context", weir_zeros(c, WEIR_F32, 1, shape + 1));
    assert_int_equal(weir_batch_size(weir_batch_wrap(c, x, NULL, NULL, k)), 0);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_SHAPE);
    weir_clear(c);
    k = weir_condition_with(k, "context", scalar);
    weir_clear(c);
    assert_int_equal(weir_batch_size(weir_batch_wrap(c, x, NULL, NULL, k)), 0);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_ARGUMENT);
    weir_clear(c);
    assert_int_equal(weir_batch_size(weir_batch_wrap(c, NULL, NULL, NULL, NULL)), 0);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_ARGUMENT);
    weir_clear(c);
    weir_scope_end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cover),        TEST(rule), TEST(rule_of_many),       TEST(limit),
        TEST(a_part_of_a_sorted_file_is_like_the_whole), TEST(limits_of_old_runs_take_the_beginning),
        TEST(digits),       TEST(batch_range), TEST(statistics),
        TEST(fingerprints), TEST(from_array), TEST(double_precision),
        TEST(wrapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
