/* test_parts.c - arrays that stay in their files, one or several: the same values, splits,
 * statistics and fingerprint as in memory; what changes a store changes no file; a file that is
 * written to meanwhile is an error. */
#include <fcntl.h>
#include <sys/stat.h>
#include "fixture.h"

enum {
    ROWS = 90,
    DIM = 3,
    WIDE = 64, /* values of an image at most */
    FILE_BYTES = 128 + ROWS * DIM * 8
};

/* The bytes of an npy file of `rows` rows; how many. */
static size_t npy_bytes(unsigned char file[FILE_BYTES], const char *descr, int rows, int dim,
                        const void *values, size_t each)
{
    memset(file, ' ', 128);
    memcpy(file, "\x93NUMPY\x01\x00\x76\x00", 10);
    int n = snprintf((char *)file + 10, 118, "{'descr': '%s', 'fortran_order': False, ", descr);
    n += snprintf((char *)file + 10 + n, 60, "'shape': (%d, %d), }", rows, dim);
    file[10 + n] = ' ';
    file[127] = '\n';
    memcpy(file + 128, values, (size_t)(rows * dim) * each);
    return 128 + (size_t)(rows * dim) * each;
}

static void write_npy(char path[128], const char *name, const char *descr, int rows, int dim,
                      const void *values, size_t each)
{
    unsigned char file[FILE_BYTES];
    size_t n = npy_bytes(file, descr, rows, dim, values, each);
    scratch_file(path, name, file, n, false);
}

/* f32 of the whole set, with a class in the last column */
static float values[ROWS * DIM];
static void fill(void)
{
    for (int i = 0; i < ROWS * DIM; i++)
        values[i] = (float)(i % DIM == DIM - 1 ? i % 7 : weir__normal(3, 0, (uint64_t)i));
}

/* The set in one file, and in three whose names are in no order of bytes. */
static void write_set(char whole[128], char pattern[128])
{
    char path[128];
    fill();
    write_npy(whole, "whole.npy", "<f4", ROWS, DIM, values, 4);
    write_npy(path, "part-10.npy", "<f4", 20, DIM, values + 70 * DIM, 4);
    write_npy(path, "part-2.npy", "<f4", 30, DIM, values + 40 * DIM, 4);
    write_npy(path, "part-01.npy", "<f4", 40, DIM, values, 4);
    snprintf(pattern, 128, "%s/part-*.npy", scratch_folder());
}

static void check_equal(weir_dataset *a, weir_dataset *b)
{
    double mean[2][WIDE], std[2][WIDE];
    assert_int_equal(weir_dataset_samples(a), weir_dataset_samples(b));
    assert_true(weir_dataset_fingerprint(a) == weir_dataset_fingerprint(b));
    int64_t n = weir_dataset_samples(a), dim = weir_dataset_dim(a);
    assert_int_equal(dim, weir_dataset_dim(b));
    assert_int_equal(weir_dataset_statistics(a, mean[0], std[0]), WEIR_OK);
    assert_int_equal(weir_dataset_statistics(b, mean[1], std[1]), WEIR_OK);
    assert_memory_equal(mean[0], mean[1], (size_t)dim * sizeof(double));
    assert_memory_equal(std[0], std[1], (size_t)dim * sizeof(double));
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_batch_x(weir_dataset_batch(a, 0, n));
    weir_tensor *y = weir_batch_x(weir_dataset_batch(b, 0, n));
    assert_int_equal(x->dtype, y->dtype);
    assert_memory_equal(weir__ptr(x), weir__ptr(y), (size_t)x->numel * weir_dtype_size(x->dtype));
    for (int64_t i = 0; i < n; i++)
        assert_int_equal(weir_dataset_label(a, i), weir_dataset_label(b, i));
    weir_scope_end(s);
}

/* By the SPEC of a pattern and of the whole, with these options behind each. */
static void check_options(const char *pattern, const char *whole, const char *options, bool stays)
{
    char spec[2][300];
    snprintf(spec[0], sizeof spec[0], "%s%s", pattern, options);
    snprintf(spec[1], sizeof spec[1], "%s,map=no%s", whole, options);
    weir_dataset *a = opened(c, spec[0]), *b = opened(c, spec[1]);
    assert_int_equal(b->store->n_parts, 0);
    assert_true((a->store->n_parts > 0) == stays);
    check_equal(a, b);
    weir_dataset_free(a);
    weir_dataset_free(b);
}

static void one_file(void **state)
{
    (void)state;
    char path[128], other[128];
    double wide[ROWS * DIM];
    unsigned char bytes[ROWS * DIM];
    fill();
    for (int i = 0; i < ROWS * DIM; i++) {
        wide[i] = values[i] / 3;
        bytes[i] = (unsigned char)(i * 37);
    }
    write_npy(path, "f4.npy", "<f4", ROWS, DIM, values, 4);
    check_options(path, path, "", true);
    check_options(path, path, ",split=valid", true);
    check_options(path, path, ",limit=11", true);
    write_npy(path, "f8.npy", "<f8", ROWS, DIM, wide, 8);
    check_options(path, path, "", true);
    write_npy(path, "u1.npy", "|u1", ROWS, DIM, bytes, 1);
    check_options(path, path, "", true);
    check_options(path, path, ",bits=3", false);
    write_npy(path, "big.npy", ">f4", ROWS, DIM, values, 4); /* to be turned round */
    check_options(path, path, "", false);
    check_options("tests/data/files/small-idx3-ubyte", "tests/data/files/small-idx3-ubyte",
                  ",labels=tests/data/files/small-labels-idx1-ubyte", true);
    if (!CAN_PACK) return;
    unsigned char file[FILE_BYTES];
    size_t n = npy_bytes(file, "<f4", ROWS, DIM, values, 4);
    scratch_file(other, "f4.npy.gz", file, n, true);
    write_npy(path, "f4.npy", "<f4", ROWS, DIM, values, 4);
    check_options(other, path, "", true); /* in the bytes that were unpacked */
}

static void several_files(void **state)
{
    (void)state;
    char whole[128], pattern[128], labels[128], spec[300];
    write_set(whole, pattern);
    weir_dataset *d = opened(c, pattern);
    assert_int_equal(d->store->n_parts, 3);
    for (int i = 0; i < 3; i++) assert_non_null(d->store->parts[i].map.data);
    weir_dataset_free(d);
    check_options(pattern, whole, "", true);
    check_options(pattern, whole, ",split=train,valid=0.2", true);
    check_options(pattern, whole, ",valid=last:25,split=valid", true);
    check_options(pattern, whole, ",limit=50", true);
    check_options(pattern, whole, ",label=3", false);
    check_options(pattern, whole, ",skip=2", false);
    check_options(pattern, whole, ",standardize=robust", true);
    int64_t classes[ROWS];
    for (int i = 0; i < ROWS; i++) classes[i] = i % 5;
    write_npy(labels, "class-1.npy", "<i8", 60, 1, classes, 8);
    write_npy(labels, "class-2.npy", "<i8", 30, 1, classes + 60, 8);
    snprintf(spec, sizeof spec, ",labels=%s/class-?.npy", scratch_folder());
    check_options(pattern, whole, spec, true);
    snprintf(spec, sizeof spec, ",conditions=%s/class-?.npy", scratch_folder());
    check_options(pattern, whole, spec, true);
}

/* A row with NaN in the second of three files. */
static void rows_dropped(void **state)
{
    (void)state;
    char whole[128], pattern[128], path[128];
    write_set(whole, pattern);
    values[45 * DIM + 1] = NAN;
    write_npy(whole, "whole.npy", "<f4", ROWS, DIM, values, 4);
    write_npy(path, "part-2.npy", "<f4", 30, DIM, values + 40 * DIM, 4);
    weir_ctx *fixture = c;
    c = weir_open(1); /* which keeps the warnings */
    check_options(pattern, whole, ",na=drop", false);
    weir_close(c);
    c = fixture;
}

static void write_fields(char path[128], const char *name, const char *second, int rows,
                         const float *from)
{
    unsigned char file[FILE_BYTES];
    npy_bytes(file, "<f4", rows, 2, from, 4);
    memset(file + 10, ' ', 117);
    int n = snprintf((char *)file + 10, 118, "{'descr': [('a', '<f4'), ('%s', '<f4')], ", second);
    n += snprintf((char *)file + 10 + n, 70, "'fortran_order': False, 'shape': (%d,), }", rows);
    file[10 + n] = ' ';
    scratch_file(path, name, file, 128 + (size_t)rows * 8, false);
}

/* Structured arrays stay where they are, too; all have the fields of the first. */
static void fields(void **state)
{
    (void)state;
    char path[128], whole[128], pattern[128];
    fill();
    write_fields(whole, "fields.npy", "b", 60, values);
    write_fields(path, "field-1.npy", "b", 20, values);
    write_fields(path, "field-2.npy", "b", 40, values + 40);
    snprintf(pattern, sizeof pattern, "%s/field-*.npy", scratch_folder());
    check_options(pattern, whole, "", true);
    check_options(pattern, whole, ",skip=a", false);
    write_fields(path, "field-2.npy", "c", 40, values + 40);
    REFUSED(c, WEIR_ERROR_SHAPE, pattern, "field-2.npy: other names of fields", "field-1.npy");
}

static void unlike(void **state)
{
    (void)state;
    char whole[128], pattern[128], path[128];
    write_set(whole, pattern);
    write_npy(path, "part-3.npy", "<f4", 10, 2, values, 4);
    REFUSED(c, WEIR_ERROR_SHAPE, pattern, "part-3.npy: samples of f32 [2]: expected f32 [3]",
            "part-01.npy");
    write_npy(path, "part-3.npy", "<f8", 5, DIM, values, 8);
    REFUSED(c, WEIR_ERROR_SHAPE, pattern, "part-3.npy: samples of f64 [3]: expected f32 [3]");
    text_file(path, "part-3.npy", "1,2,3\n");
    REFUSED(c, WEIR_ERROR_FORMAT, pattern, "part-3.npy", "npy");
    assert_int_equal(unlink(path), 0);
    text_file(path, "table-1.csv", "1,2,3\n");
    snprintf(pattern, 128, "%s/table-*", scratch_folder());
    REFUSED(c, WEIR_ERROR_FORMAT, pattern,
            "table-1.csv: one of several files: expected npy or IDX");
    snprintf(pattern, 128, "%s/none-*", scratch_folder());
    REFUSED(c, WEIR_ERROR_IO, pattern, "none-*: no such file");
}

/* -- files that change ------------------------------------------------------------------------- */
static void check_changed(weir_dataset *d)
{
    double mean[DIM], std[DIM];
    weir_scope s = weir_scope_begin(c);
    assert_true(weir_batch_is_nil(weir_dataset_batch(d, 0, 8)));
    weir_scope_end(s);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_IO);
    assert_non_null(strstr(weir_message(c), "was written to since it was opened"));
    weir_clear(c);
    assert_int_equal(weir_dataset_statistics(d, mean, std), WEIR_ERROR_IO);
    weir_clear(c);
    assert_true(weir_dataset_fingerprint(d) == 0);
    assert_int_equal(weir_status_of(c), WEIR_ERROR_IO);
    weir_clear(c);
}

static void set_time(const char *path, int64_t seconds)
{
    const struct timespec times[2] = { { .tv_sec = seconds }, { .tv_sec = seconds } };
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void changed(void **state)
{
    (void)state;
    char whole[128], pattern[128], path[128], other[128];
    write_set(whole, pattern);
    snprintf(path, sizeof path, "%s/part-2.npy", scratch_folder());
    weir_dataset *d = opened(c, pattern);
    assert_int_equal(truncate(path, 200), 0); /* what is touched then is a signal */
    check_changed(d);
    weir_dataset_free(d);
    write_npy(path, "part-2.npy", "<f4", 30, DIM, values + 40 * DIM, 4);
    set_time(path, 1000);
    d = opened(c, pattern);
    write_npy(path, "part-2.npy", "<f4", 30, DIM, values, 4); /* others of the same size */
    check_changed(d);
    set_time(path, 1000);
    weir_dataset_free(d);
    write_npy(path, "part-2.npy", "<f4", 30, DIM, values + 40 * DIM, 4);
    d = opened(c, pattern);
    write_npy(other, "new", "<f4", 30, DIM, values, 4);
    assert_int_equal(rename(other, path), 0); /* another file: the one that is mapped stays */
    weir_dataset *whole_set = opened(c, whole);
    check_equal(d, whole_set);
    assert_int_equal(unlink(path), 0);
    check_equal(d, whole_set);
    weir_dataset_free(whole_set);
    weir_dataset_free(d);
}

/* -- memory ------------------------------------------------------------------------------------ */
static char memory_spec[300];

static void use(weir_ctx *k)
{
    double mean[DIM], std[DIM];
    weir_dataset *d = weir_dataset_open(k, memory_spec);
    weir_dataset_statistics(d, mean, std);
    weir_dataset_fingerprint(d);
    weir_scope s = weir_scope_begin(k);
    weir_dataset_batch(d, 0, 4);
    weir_scope_end(s);
    weir_dataset_free(d);
}

static void every_allocation(void **state)
{
    (void)state;
    static const char *const options[] = { "", ",label=3", ",na=drop", ",map=no" };
    char whole[128], pattern[128];
    write_set(whole, pattern);
    for (int i = 0; i < 4; i++) {
        snprintf(memory_spec, sizeof memory_spec, "%s%s", pattern, options[i]);
        test_every_allocation(use);
    }
    snprintf(memory_spec, sizeof memory_spec, "%s,conditions=%s", pattern, pattern);
    test_every_allocation(use);
}

/* A file of 64 MB costs none. */
static void costs_nothing(void **state)
{
    (void)state;
    enum { LONG_ROWS = 1 << 20, LONG_DIM = 64 };
    unsigned char head[FILE_BYTES];
    char path[128];
    npy_bytes(head, "|u1", LONG_ROWS, LONG_DIM, values, 0);
    scratch_file(path, "long.npy", head, 128, false);
    assert_int_equal(truncate(path, 128 + (off_t)LONG_ROWS * LONG_DIM), 0); /* of zeros */
    int64_t before = weir_memory(c).live_bytes;
    weir_dataset *d = opened(c, path);
    assert_int_equal(weir_dataset_samples(d), LONG_ROWS);
    weir_scope s = weir_scope_begin(c);
    assert_int_equal(weir_batch_size(weir_dataset_batch(d, LONG_ROWS - 8, 8)), 8);
    weir_scope_end(s);
    weir_memory_info m = weir_memory(c);
    assert_true(m.peak_bytes - before < (int64_t)2 * LONG_ROWS); /* a byte a row: the splits */
    weir_dataset_free(d);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_file), TEST(several_files), TEST(rows_dropped),  TEST(unlike),
        TEST(fields),   TEST(changed),       TEST(costs_nothing), TEST(every_allocation),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_scratch();
    return failed;
}
