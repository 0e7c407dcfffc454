/* test_columns.c - tables as people have them: what is left out, what is warned of, and statistics
 * that single rows do not move. */
#include <math.h>
#include "fixture.h"

enum { ROWS = 600 };

static char said[4][400]; /* warnings, in order */
static int n_said;

static void hear(void *user, const char *line)
{
    (void)user;
    if (strncmp(line, "warning: ", 9) == 0 && n_said < 4)
        snprintf(said[n_said++], 400, "%s", line + 9);
}

static weir_ctx *open_hearing(void)
{
    weir_open_opts o = weir_open_defaults();
    o.log = hear;
    n_said = 0;
    return weir_open_with(&o);
}

/* A table of ROWS rows whose columns a row of the case gives */
typedef double (*column_fn)(int i);
static double normal(int i) { return weir__normal(1, 0, (uint64_t)i); }
static double other(int i) { return weir__normal(2, 0, (uint64_t)i); }
static double constant(int i) { return (void)i, 2.5; }
static double binary(int i) { return weir__uniform(3, 0, (uint64_t)i) < 0.4; }
static double three(int i) { return 0.5 + (double)(i % 3); }
static double mostly(int i) { return i % 10 ? 0.25 : normal(i); }
static double counts(int i) { return floor(40 * weir__uniform(4, 0, (uint64_t)i)); }
static double far_off(int i) { return i == 17 ? 1e6 : normal(i); }
static double heavy(int i) { return normal(i) * exp(other(i)); }

static void table(char path[128], column_fn a, column_fn b)
{
    char text[ROWS * 64];
    size_t used = 0;
    for (int i = 0; i < ROWS; i++)
        weir__append(text, sizeof text, &used, "%.17g,%.17g\n", a(i), b(i));
    text_file(path, "table.csv", text);
}

static void columns_without_a_bound(void **state)
{
    (void)state;
    static const struct {
        column_fn a, b;
        const char *expected;
    } cases[] = {
        { normal, other, NULL },
        { heavy, normal, NULL },
        { normal, constant, "column 2 is 2.5 in every sample" },
        { constant, constant, "column 1 (and 1 more) is 2.5 in every sample" },
        { binary, normal, "column 1 holds integers, 0 to 1: " },
        { normal, counts, "column 2 holds integers, 0 to 39: " },
        { normal, three, "column 2 has 3 values alone" },
        { mostly, normal, "column 1 is 0.25 in 90 % of the samples" },
        { normal, normal, "column 1 and column 2 are equal in every sample" },
    };
    char path[128];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        table(path, cases[i].a, cases[i].b);
        weir_ctx *k = open_hearing();
        weir_dataset *d = opened(k, path);
        assert_int_equal(weir__dataset_warn_columns(d, NULL, true), WEIR_OK);
        if (n_said != (cases[i].expected != NULL))
            fail_msg("case %zu: %d warnings, %s", i, n_said, said[0]);
        if (cases[i].expected && !strstr(said[0], cases[i].expected))
            fail_msg("case %zu: %s", i, said[0]);
        weir_dataset_free(d);
        weir_close(k);
    }
}

/* They are such however many values they take, but for numbers so large that their type has no
 * others. */
static void integers_of_any_range(void **state)
{
    static const char *const types[] = { "<i8", "<i4", "<f8", "<f8" };
    (void)state;
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        unsigned char file[128 + 8 * ROWS] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0 };
        char path[128];
        size_t width = t == 1 ? 4 : 8;
        int n = snprintf((char *)file + 10, 118,
                         "{'descr': '%s', 'fortran_order': False, 'shape': (%d, 1), }", types[t],
                         ROWS);
        memset(file + 10 + n, ' ', (size_t)(117 - n));
        file[127] = '\n';
        for (int i = 0; i < ROWS; i++) {
            int64_t whole = (int64_t)i * 7919 % 100003;
            int32_t half = (int32_t)whole;
            double real = (double)whole * (t == 3 ? 0x1p53 : 1);
            const void *const values[] = { &whole, &half, &real, &real };
            memcpy(file + 128 + width * (size_t)i, values[t], width);
        }
        scratch_file(path, "wide.npy", file, 128 + width * ROWS, false);
        weir_ctx *k = open_hearing();
        weir_dataset *d = opened(k, path);
        assert_int_equal(weir__dataset_warn_columns(d, NULL, true), WEIR_OK);
        assert_int_equal(n_said, t < 3);
        if (t < 3) assert_non_null(strstr(said[0], "column 1 holds integers, 0 to "));
        weir_dataset_free(d);
        weir_close(k);
    }
}

/* Integers that are said to be such have noise, and one class is what a column of it is for. */
static void what_is_said_is_not_warned_of(void **state)
{
    (void)state;
    char path[128], spec[200];
    weir_ctx *k = open_hearing();
    table(path, binary, counts);
    snprintf(spec, sizeof spec, "%s,levels=40", path);
    weir_dataset *d = opened(k, spec);
    weir__dataset_warn_columns(d, NULL, true);
    weir_dataset_free(d);
    table(path, binary, normal);
    snprintf(spec, sizeof spec, "%s,label=1", path);
    d = opened(k, spec);
    weir__dataset_warn_columns(d, NULL, true);
    weir_dataset_free(d);
    assert_int_equal(n_said, 0);
    weir_close(k);
}

static void a_value_far_away(void **state)
{
    (void)state;
    char path[128], spec[200];
    double mean[2], std[2];
    table(path, other, far_off);
    weir_ctx *k = open_hearing();
    weir_dataset *d = opened(k, path);
    weir__dataset_warn_columns(d, NULL, false);
    assert_int_equal(n_said, 1); /* nothing is standardized */
    assert_non_null(strstr(said[0], "single values decide the loss and held-out means"));
    n_said = 0;
    weir__dataset_warn_columns(d, NULL, true);
    assert_int_equal(n_said, 1);
    assert_non_null(
        strstr(said[0], "sample 17, column 2: 1000000, where half of the samples lie within 0.6"));
    assert_int_equal(weir_dataset_statistics(d, mean, std), WEIR_OK);
    assert_true(std[1] > 1e4);
    weir_dataset_free(d);
    n_said = 0;
    snprintf(spec, sizeof spec, "%s,standardize=robust", path);
    d = opened(k, spec);
    assert_true(weir_dataset_standardize(d));
    weir__dataset_warn_columns(d, NULL, true);
    assert_int_equal(n_said, 1); /* of the loss, no more of what it standardizes by */
    assert_non_null(strstr(said[0], "single values decide the loss and held-out means"));
    assert_int_equal(weir_dataset_statistics(d, mean, std), WEIR_OK);
    for (int j = 0; j < 2; j++) assert_true(fabs(mean[j]) < 0.15 && fabs(std[j] - 1) < 0.15);
    weir_dataset_free(d);
    weir_close(k);
}

/* Weights count as rows: 3 of value 1 and one of value 9 have the median 1. */
static void quantiles_by_weight(void **state)
{
    (void)state;
    char path[128], spec[200];
    double median[1], spread[1];
    text_file(path, "weighed.csv", "1,3\n9,1\n-50,0\n");
    snprintf(spec, sizeof spec, "%s,weight=2", path);
    weir_dataset *d = opened(c, spec);
    assert_int_equal(weir__dataset_robust(d, median, spread), WEIR_OK);
    assert_true(median[0] == 1);
    assert_true(spread[0] == 0);
    weir_dataset_free(d);
    text_file(path, "weighed.csv", "1,1\n2,1\n3,1\n4,1\n");
    d = opened(c, spec);
    assert_int_equal(weir__dataset_robust(d, median, spread), WEIR_OK);
    assert_true(median[0] == 2);
    assert_true(fabs(spread[0] - 2 / 1.3489795003921634) < 1e-15);
    weir_dataset_free(d);
}

static void tables_of_pandas(void **state)
{
    (void)state;
    char path[128], spec[200];
    weir_ctx *k = open_hearing();
    text_file(path, "index.csv", ",a,b\n0,0.5,1.5\n1,2.5,3.5\n");
    weir_dataset *d = opened(k, path);
    assert_int_equal(weir_dataset_dim(d), 2);
    assert_int_equal(n_said, 1);
    assert_non_null(strstr(said[0], "column 1 has no name and counts the samples: it is left out"));
    assert_string_equal(weir_dataset_name(d, WEIR_NAMES_COLUMN, 0), "a");
    weir_dataset_free(d);
    n_said = 0;
    text_file(path, "names.csv", ",a,b\n0,0.5,1.5\n2,2.5,3.5\n");
    d = opened(k, path);
    assert_int_equal(weir_dataset_dim(d), 3); /* it does not count */
    assert_int_equal(n_said, 0);
    weir_dataset_free(d);
    text_file(path, "counted.csv", "0,1\n0.5,1.5\n");
    d = opened(k, path);
    assert_int_equal(weir_dataset_samples(d), 1);
    assert_int_equal(n_said, 1);
    weir_dataset_free(d);
    snprintf(spec, sizeof spec, "%s,header=no", path);
    d = opened(k, spec);
    assert_int_equal(weir_dataset_samples(d), 2);
    weir_dataset_free(d);
    weir_close(k);
}

static void names_of_files(void **state)
{
    (void)state;
    char path[128], spec[200];
    text_file(path, "a,b.CSV", "1,2\n3,4\n");
    snprintf(spec, sizeof spec, "\"%s\",valid=0.5", path);
    weir_dataset *d = opened(c, spec);
    assert_int_equal(weir_dataset_samples(d), 2);
    weir_dataset_free(d);
    REFUSED(c, WEIR_ERROR_IO, path, "a file name with a comma stands in quotes");
    scratch_file(path, "z.npz", "PK\3\4abc", 7, false);
    REFUSED(c, WEIR_ERROR_FORMAT, path, "an archive", "numpy.save");
    REFUSED(c, WEIR_ERROR_ARGUMENT, "\"open", "expected digits");
}

#ifdef WEIR_HAVE_PNG
static void other_files_of_a_folder(void **state)
{
    (void)state;
    char path[128], command[600];
    weir_ctx *k = open_hearing();
    snprintf(path, sizeof path, "%s/pictures", scratch_folder());
    snprintf(command, sizeof command,
             "cp -r tests/data/files/images '%s' && touch '%s/a/z.bmp' '%s/a/b.gif'", path, path,
             path);
    assert_int_equal(system(command), 0);
    weir_dataset *d = opened(k, path);
    assert_int_equal(n_said, 1);
    assert_non_null(strstr(said[0], "2 files of other kinds were passed over, first "));
    assert_non_null(strstr(said[0], "/a/b.gif"));
    weir_dataset_free(d);
    weir_close(k);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(columns_without_a_bound),
        TEST(integers_of_any_range),
        TEST(what_is_said_is_not_warned_of),
        TEST(a_value_far_away),
        TEST(quantiles_by_weight),
        TEST(tables_of_pandas),
        TEST(names_of_files),
#ifdef WEIR_HAVE_PNG
        TEST(other_files_of_a_folder),
#endif
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_scratch();
    return failed;
}
