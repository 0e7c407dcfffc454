/* Samples into files: what stands in them is what the library draws; pictures; what is refused. */
#define _GNU_SOURCE
#include "killed.h"

enum { N = 20 };

static void numbers_in_files(void **state)
{
    (void)state;
    weir_ctx *c = weir_open(1);
    weir_model *m = weir_model_new(c, "nice", "shape=4,4 levels=17 hidden=8 couplings=2");
    weir_sample_opts o = weir_sample_defaults();
    weir_sample_file_info info = { .size = sizeof info };
    float x[N * 16];
    size_t size;
    o.seed = 3;
    o.use_seed = true;
    assert_int_equal(weir_model_sample_into(m, N, &o, x), WEIR_OK);
    assert_int_equal(weir_model_sample_to_file(m, N, &o, "drawn.npy", &info), WEIR_OK);
    assert_true(info.n == N && info.n_not_finite == 0 && info.n_unfinished == 0);
    char *file = read_whole(".", "drawn.npy", &size);
    weir__array a;
    assert_int_equal(weir__npy_read(c, "drawn.npy", (unsigned char *)file, size, &a), WEIR_OK);
    assert_true(a.dtype == WEIR_F32 && a.ndim == 3 && a.shape[0] == N && a.shape[1] == 4 && a.shape[2] == 4);
    assert_memory_equal(a.data, x, sizeof x);
    weir__array_free(c, &a);
    free(file);
    assert_int_equal(weir_model_sample_to_file(m, N, &o, "drawn.csv", NULL), WEIR_OK);
    file = read_whole(".", "drawn.csv", &size);
    char *at = file;
    for (int i = 0; i < N * 16; i++) {
        assert_true(strtod(at, &at) == x[i]);
        assert_int_equal(*at++, i % 16 == 15 ? '\n' : ',');
    }
    assert_int_equal(*at, 0);
    free(file);
    weir_model_free(m);
    weir_close(c);
}

/* Doubles where floats would round away what distinguishes samples; and the next call goes on. */
static void doubles_and_the_next(void **state)
{
    (void)state;
    weir_ctx *c = weir_open(1);
    weir_model *m = weir_model_new(c, "nice", "dim=2 dtype=f64 hidden=4 couplings=2");
    double x[2 * N * 2];
    size_t size;
    weir_sample_opts o = weir_sample_defaults();
    o.first = 0;
    assert_int_equal(weir_model_sample_into_f64(m, 2 * N, &o, x), WEIR_OK);
    for (int k = 0; k < 2; k++) {
        weir__array a;
        assert_int_equal(weir_model_sample_to_file(m, N, NULL, "drawn.npy", NULL), WEIR_OK);
        char *file = read_whole(".", "drawn.npy", &size);
        assert_int_equal(weir__npy_read(c, "drawn.npy", (unsigned char *)file, size, &a), WEIR_OK);
        assert_true(a.dtype == WEIR_F64);
        assert_memory_equal(a.data, x + k * N * 2, sizeof x / 2);
        weir__array_free(c, &a);
        free(file);
    }
    weir_model_free(m);
    weir_close(c);
}

/* Which samples are images: one answer, of the file, of the page and of whoever asks. */
static void images(void **state)
{
    (void)state;
    static const struct { const char *options; int64_t channels, h, w; } known[] = {
        { "shape=3,8,6", 3, 8, 6 },  { "shape=1,8,6", 1, 8, 6 },       { "shape=5,7", 1, 5, 7 },           { "dim=16 levels=17", 1, 4, 4 },
        { "dim=64", 1, 8, 8 },       { "dim=16", 0, 0, 0 },            { "dim=9 levels=17", 0, 0, 0 },     { "shape=2,8,8", 0, 0, 0 },
        { "shape=1,64", 0, 0, 0 },   { "dim=66 levels=17", 0, 0, 0 },  { "shape=2,2,4,4", 0, 0, 0 },       { "dim=2", 0, 0, 0 },
    };
    weir_ctx *c = weir_open(1);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char options[80];
        int64_t channels = 0, h = 0, w = 0;
        snprintf(options, sizeof options, "%s hidden=4 couplings=2", known[i].options);
        weir_model *m = weir_model_new(c, "nice", options);
        assert_ok(c);
        bool is = weir_model_image_shape(m, &channels, &h, &w);
        if (is != (known[i].h > 0) || channels != known[i].channels || h != known[i].h || w != known[i].w)
            fail_msg("%s: %d %lld %lld %lld", options, is, (long long)channels, (long long)h, (long long)w);
        assert_int_equal(weir_model_image_shape(m, NULL, NULL, NULL), is);
        weir_model_free(m);
    }
    assert_false(weir_model_image_shape(NULL, NULL, NULL, NULL));
    weir_close(c);
}

static void pictures(void **state)
{
    (void)state;
    weir_ctx *c = weir_open(1);
    if (!strstr(weir_build_features(), "png")) skip();
    static const char *const options[] = { "dim=64 levels=17 hidden=8 couplings=2", "dim=2 hidden=8 couplings=2" };
    for (int i = 0; i < 2; i++) {
        size_t size;
        weir_model *m = weir_model_new(c, "nice", options[i]);
        assert_int_equal(weir_model_sample_to_file(m, 9, NULL, "drawn.png", NULL), WEIR_OK);
        char *file = read_whole(".", "drawn.png", &size);
        assert_memory_equal(file, "\x89PNG", 4);
        free(file);
        weir_model_free(m);
    }
    weir_close(c);
}

static int no_more(void *user, int64_t done, int64_t n)
{
    (void)user;
    return done < n;
}

static void refuse(weir_model *m, int64_t n, const weir_sample_opts *o, const char *file, weir_status status, const char *part)
{
    unlink("never.npy");
    assert_true(weir_model_sample_to_file(m, n, o, file, NULL) != WEIR_OK);
    assert_fails(weir_model_ctx(m), status, part);
    assert_int_equal(access("never.npy", F_OK), -1);
}

static void refusals(void **state)
{
    (void)state;
    weir_ctx *c = normed_open(1);
    weir_model *m = weir_model_new(c, "nice", "dim=4 hidden=4 couplings=2"), *silent = weir_model_new(c, "normed", "");
    weir_sample_opts o = weir_sample_defaults();
    assert_int_equal(weir_model_sample_to_file(NULL, 1, NULL, "never.npy", NULL), WEIR_ERROR_ARGUMENT);
    refuse(m, 1, NULL, NULL, WEIR_ERROR_ARGUMENT, "model_sample_to_file: NULL");
    refuse(m, 1, NULL, "never.txt", WEIR_ERROR_ARGUMENT, ".npy, .csv or .png");
    refuse(m, 1, NULL, ".npy", WEIR_ERROR_ARGUMENT, ".npy, .csv or .png");
    refuse(m, 0, NULL, "never.npy", WEIR_ERROR_RANGE, "expected 1 or more");
    refuse(m, INT64_MAX / 4, NULL, "never.npy", WEIR_ERROR_MEMORY, "expected fewer");
    refuse(m, 1, NULL, "never.png", WEIR_ERROR_ARGUMENT, "4 values are no picture");
    refuse(m, 1, NULL, "no/such/folder/x.npy", WEIR_ERROR_IO, "no/such/folder");
    refuse(silent, 1, NULL, "never.npy", WEIR_ERROR_UNSUPPORTED, "no samples");
    o.size--;
    refuse(m, 1, &o, "never.npy", WEIR_ERROR_ARGUMENT, "weir_sample_defaults");
    o = weir_sample_defaults();
    o.temperature = -1;
    refuse(m, 1, &o, "never.npy", WEIR_ERROR_RANGE, "temperature");
    o = weir_sample_defaults();
    o.batch = 5;
    o.on_step = no_more;
    assert_int_equal(weir_model_sample_to_file(m, N, &o, "never.npy", NULL), WEIR_STOPPED);
    assert_true(weir_ok(c) && access("never.npy", F_OK) == -1);
    weir_model_free(silent);
    weir_model_free(m);
    weir_close(c);
}

static void draw_digits(weir_ctx *c)
{
    weir_model *m = weir_model_new(c, "nice", "dim=16 levels=17 hidden=4 couplings=2");
    weir_status s = weir_model_sample_to_file(m, 5, NULL, "drawn.csv", NULL);
    if (s == WEIR_OK) assert_ok(c);
    weir_model_free(m);
}

static void every_allocation(void **state)
{
    (void)state;
    test_every_allocation(draw_digits);
}

int main(void)
{
    CASES(cmocka_unit_test(numbers_in_files), cmocka_unit_test(doubles_and_the_next), cmocka_unit_test(images), cmocka_unit_test(pictures),
          cmocka_unit_test(refusals), cmocka_unit_test(every_allocation));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
