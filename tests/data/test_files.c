/* Data from files: npy, CSV, IDX, folders of images; labels, weights, levels; what bad ones say. */
#include <sys/stat.h>
#include "fixture.h"

/* The first element of a row as a batch gives it. */
static double first_of(weir_dataset *d, int64_t row)
{
    weir_scope s = weir_scope_begin(c);
    weir_tensor *x = weir_batch_x(weir_dataset_batch(d, row, 1));
    const int64_t at[WEIR_RANK_MAX] = { 0 };
    double v = weir_get(x, at);
    weir_scope_end(s);
    return v;
}

static void check_shape(weir_dataset *d, int64_t rows, int ndim, const int64_t *expected)
{
    const int64_t *shape;
    assert_int_equal(weir_dataset_samples(d), rows);
    assert_int_equal(weir_dataset_shape(d, &shape), ndim);
    assert_memory_equal(shape, expected, (size_t)ndim * sizeof *shape);
}

static void write_npy(char path[128], const char *name, const char *descr, const char *shape, const void *data, size_t size)
{
    unsigned char file[1024] = { 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0 };
    int n = snprintf((char *)file + 10, 119, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
    memset(file + 10 + n, ' ', (size_t)(117 - n));
    file[127] = '\n';
    assert_true(size <= sizeof file - 128);
    memcpy(file + 128, data, size);
    scratch_file(path, name, file, 128 + size, false);
}

static void npy(void **state)
{
    (void)state;
    char path[128], spec[600];
    weir_dataset *d = opened(c, "tests/data/files/small.npy");
    check_shape(d, 8, 1, (const int64_t[]){ 3 });
    assert_true(first_of(d, 3) == 2.25);
    assert_int_equal(weir_dataset_levels(d), 0);
    assert_int_equal(weir_dataset_label(d, 0), -1);
    assert_int_equal(d->store->dtype, WEIR_F32);
    weir_dataset_free(d);
    const unsigned char bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    write_npy(path, "u1.npy", "|u1", "(3, 2, 2)", bytes, 12);
    d = opened(c, path);
    check_shape(d, 3, 2, (const int64_t[]){ 2, 2 });
    assert_int_equal(d->store->dtype, WEIR_U8); /* kept as read */
    assert_int_equal(weir_dataset_levels(d), 256); /* bytes are integers, as in IDX and PNG */
    weir_dataset_free(d);
    snprintf(spec, sizeof spec, "%s,levels=0", path);
    d = opened(c, spec);
    assert_int_equal(weir_dataset_levels(d), 0); /* continuous where it is said */
    weir_dataset_free(d);
    snprintf(spec, sizeof spec, "%s,levels=13", path);
    d = opened(c, spec);
    assert_int_equal(weir_dataset_levels(d), 13);
    weir_dataset_free(d);
    snprintf(spec, sizeof spec, "%s,levels=12", path);
    REFUSED(c, WEIR_ERROR_VALUE, spec, "sample 2, column 4: expected an integer in [0, 12)", "found 12");
    snprintf(spec, sizeof spec, "%s,label=1", path);
    REFUSED(c, WEIR_ERROR_SHAPE, spec, "expected a table, found 3 axes");
    const double list[] = { 0.5, 1.5, 2.5 };
    write_npy(path, "list.npy", "<f8", "(3,)", list, sizeof list);
    d = opened(c, path);
    check_shape(d, 3, 1, (const int64_t[]){ 1 });
    assert_true(first_of(d, 2) == 2.5);
    weir_dataset_free(d);
    write_npy(path, "none.npy", "<f8", "(0, 3)", list, 0);
    REFUSED(c, WEIR_ERROR_SHAPE, path, "at least one sample");
    write_npy(path, "scalar.npy", "<f8", "()", list, 8);
    REFUSED(c, WEIR_ERROR_SHAPE, path, "array of samples");
    write_npy(path, "columns.npy", "<f8", "(1, 3)", list, 24);
    snprintf(spec, sizeof spec, "%s,label=3", path);
    REFUSED(c, WEIR_ERROR_VALUE, spec, "sample 0, column 3: expected a label", "2.5");
}

static void csv_columns(void **state)
{
    (void)state;
    weir_dataset *d = opened(c, "tests/data/files/small.csv,label=class,weight=4");
    check_shape(d, 12, 1, (const int64_t[]){ 2 });
    for (int64_t i = 0; i < 12; i++) {
        assert_int_equal(weir_dataset_label(d, i), i % 3);
        assert_true(d->store->weights[i] == 1 + (double)(i % 2));
        assert_true(first_of(d, i) == 0.5 * (double)i);
    }
    weir_dataset_free(d);
    d = opened(c, "tests/data/files/small.csv,label=3,valid=last:2,split=valid");
    check_shape(d, 2, 1, (const int64_t[]){ 3 });
    assert_int_equal(weir_dataset_label(d, 1), 2);
    weir_dataset_free(d);
    REFUSED(c, WEIR_ERROR_NAME, "tests/data/files/small.csv,label=clas", "label=clas", "from 1 to 4", "perhaps class");
    REFUSED(c, WEIR_ERROR_NAME, "tests/data/files/small.csv,label=0", "label=0");
    REFUSED(c, WEIR_ERROR_NAME, "tests/data/files/small.csv,weight=5", "weight=5");
    REFUSED(c, WEIR_ERROR_VALUE, "tests/data/files/small.csv,label=x", "sample 1, column 1: expected a label", "0.5");
    REFUSED(c, WEIR_ERROR_VALUE, "tests/data/files/small.csv,weight=y", "sample 1, column 2: expected a weight", "-1");
    REFUSED(c, WEIR_ERROR_ARGUMENT, "tests/data/files/small.csv,weight=w,label=4", "two columns");
    REFUSED(c, WEIR_ERROR_ARGUMENT, "tests/data/files/small.csv,label=class,labels=tests/data/files/small.npy", "one of them");
    REFUSED(c, WEIR_ERROR_ARGUMENT, "tests/data/files/small.csv,split=test", "small.csv", "split=test", "no test split");
}

static void csv_more(void **state)
{
    (void)state;
    char path[128], spec[300];
    text_file(path, "zero.csv", "1,0\n2,0\n3,0\n");
    snprintf(spec, sizeof spec, "%s,weight=2", path);
    REFUSED(c, WEIR_ERROR_VALUE, spec, "weight", "more than 0");
    snprintf(spec, sizeof spec, "%s,weight=2,label=1", path);
    REFUSED(c, WEIR_ERROR_SHAPE, spec, "no column left");
    text_file(path, "sum.csv", "1,1e308\n2,1\n3,1e308\n");
    snprintf(spec, sizeof spec, "%s,weight=2", path);
    REFUSED(c, WEIR_ERROR_VALUE, spec, "sample 2, column 2: expected a finite sum of weights");
    text_file(path, "weight.csv", "1,1\n2,nan\n");
    snprintf(spec, sizeof spec, "%s,weight=2", path);
    REFUSED(c, WEIR_ERROR_VALUE, spec, "sample 1, column 2", "weight", "nan");
    text_file(path, "text.csv", "1,2\n3,x\n");
    REFUSED(c, WEIR_ERROR_FORMAT, path, "line 2, column 2");
    text_file(path, "odd.bin", "hello");
    REFUSED(c, WEIR_ERROR_FORMAT, path, "odd.bin", "expected npy");
    text_file(path, "broken.npy", "hello");
    REFUSED(c, WEIR_ERROR_FORMAT, path, "broken.npy");
    snprintf(spec, sizeof spec, "%s/none", scratch_folder());
    REFUSED(c, WEIR_ERROR_IO, spec, "none", "No such file");
    text_file(path, "broken.png", "hello");
    REFUSED(c, WEIR_ERROR_FORMAT, path, "broken.png", "expected a PNG or JPEG signature");
}

/* NaN: scoring reads such rows, training refuses them and names row and column. */
static void not_a_number(void **state)
{
    (void)state;
    char path[128], spec[300];
    text_file(path, "nan.csv", "0,1,2\n3,4,5\n6,7,nan\n0,-inf,3\n");
    weir_dataset *d = opened(c, path);
    assert_int_equal(weir_dataset_samples(d), 4);
    assert_int_equal(weir__dataset_check_finite(d, WEIR_F32), WEIR_ERROR_VALUE);
    assert_non_null(strstr(weir_message(c), "nan.csv: sample 2, column 3: expected a finite number, found nan"));
    weir_clear(c);
    weir_dataset_free(d);
    snprintf(spec, sizeof spec, "%s,label=1,valid=last:2,split=train", path);
    d = opened(c, spec);
    assert_int_equal(weir__dataset_check_finite(d, WEIR_F32), WEIR_OK);
    weir_dataset_free(d);
    snprintf(spec, sizeof spec, "%s,label=1,valid=last:1,split=valid", path);
    d = opened(c, spec); /* columns and rows are the file's, whatever was taken out */
    assert_int_equal(weir__dataset_check_finite(d, WEIR_F32), WEIR_ERROR_VALUE);
    assert_non_null(strstr(weir_message(c), "sample 3, column 2: expected a finite number, found -inf"));
    weir_clear(c);
    weir_dataset_free(d);
    snprintf(spec, sizeof spec, "%s/five.csv,label=4,weight=2", scratch_folder());
    text_file(path, "five.csv", "1,1,3,0,5\n1,1,3,0,nan\n1,1,inf,0,5\n");
    d = opened(c, spec);
    for (int64_t j = 0; j < 3; j++) assert_int_equal(weir__store_column(d->store, j), 2 * j + 1);
    assert_int_equal(weir__dataset_check_finite(d, WEIR_F32), WEIR_ERROR_VALUE);
    assert_non_null(strstr(weir_message(c), "sample 1, column 5"));
    weir_clear(c);
    weir_dataset_free(d);
    text_file(path, "nan.csv", "0,1,2\n3,4,5\n6,7,nan\n0,-inf,3\n");
    snprintf(spec, sizeof spec, "%s,levels=8", path);
    d = opened(c, spec);
    assert_true(isnan(weir__store_value(d->store, 2, 2)));
    weir_dataset_free(d);
    text_file(path, "large.csv", "0,1\n3,1e300\n");
    d = opened(c, path); /* finite, but not as floats */
    assert_int_equal(weir__dataset_check_finite(d, WEIR_F32), WEIR_ERROR_VALUE);
    assert_non_null(strstr(weir_message(c), "sample 1, column 2: expected a finite number of f32, found 1e+300"));
    weir_clear(c);
    assert_int_equal(weir__dataset_check_finite(d, WEIR_F64), WEIR_OK);
    weir_dataset_free(d);
    d = opened(c, "digits");
    assert_int_equal(weir__dataset_check_finite(d, WEIR_F32), WEIR_OK);
    weir_dataset_free(d);
}

/* Forty thousand rows of 8 columns, gzipped, with a header. */
static void big_csv_gz(void **state)
{
    (void)state;
    enum { ROWS = 40000, COLUMNS = 8 };
    if (!CAN_PACK) skip();
    char path[128], spec[300];
    char *text = malloc((size_t)ROWS * COLUMNS * 8 + 100), *p = text;
    p += sprintf(p, "a,b,c,d,e,f,g,class\n");
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++) p += sprintf(p, j < 7 ? "%d.%d," : "%d\n", (i * 31 + j) % 1000, j);
    scratch_file(path, "big.csv.gz", text, (size_t)(p - text), true);
    free(text);
    snprintf(spec, sizeof spec, "%s,label=class,split=train", path);
    weir_dataset *d = opened(c, spec);
    check_shape(d, 33333, 1, (const int64_t[]){ 7 });
    for (int64_t i = 0; i < 33333; i += 1111) {
        assert_true(first_of(d, i) == (double)(d->ids[i] * 31 % 1000));
        assert_int_equal(weir_dataset_label(d, i), (d->ids[i] * 31 + 7) % 1000);
    }
    weir_dataset_free(d);
}

static void put32(unsigned char *p, unsigned v)
{
    for (int i = 0; i < 4; i++) p[i] = (unsigned char)(v >> (24 - 8 * i));
}

/* A file as MNIST ships it, 6000 images of 28x28, gzipped and not, told by content. */
static void idx(void **state)
{
    (void)state;
    enum { IMAGES = 6000, PIXELS = 784 };
    char path[128], labels[128], spec[400];
    unsigned char *file = malloc(16 + IMAGES * PIXELS), class[8 + IMAGES];
    put32(file, 0x803), put32(file + 4, IMAGES), put32(file + 8, 28), put32(file + 12, 28);
    for (int i = 0; i < IMAGES * PIXELS; i++) file[16 + i] = (unsigned char)(i * 7 + i / PIXELS);
    put32(class, 0x801), put32(class + 4, IMAGES);
    for (int i = 0; i < IMAGES; i++) class[8 + i] = (unsigned char)(i % 10);
    scratch_file(labels, "labels", class, sizeof class, CAN_PACK);
    for (int packed = 0; packed <= CAN_PACK; packed++) {
        scratch_file(path, packed ? "images.gz" : "images", file, 16 + IMAGES * PIXELS, packed);
        snprintf(spec, sizeof spec, "%s,labels=%s,split=train", path, labels);
        weir_dataset *d = opened(c, spec);
        check_shape(d, 5000, 3, (const int64_t[]){ 1, 28, 28 });
        assert_int_equal(weir_dataset_dim(d), 784);
        assert_int_equal(weir_dataset_levels(d), 256);
        assert_int_equal(d->store->dtype, WEIR_U8);
        weir_scope s = weir_scope_begin(c);
        weir_batch *b = weir_dataset_batch(d, 4000, 2);
        int64_t id = weir_batch_ids(b)[1];
        const float *x = weir_data(weir_batch_x(b));
        assert_int_equal(weir_ndim(weir_batch_x(b)), 4);
        for (int j = 0; j < PIXELS; j++) assert_true(x[PIXELS + j] == file[16 + id * PIXELS + j]);
        assert_int_equal(weir_dataset_label(d, 4001), id % 10);
        weir_scope_end(s);
        weir_dataset_free(d);
    }
    scratch_file(path, "cut", file, 5000, false);
    REFUSED(c, WEIR_ERROR_FORMAT, path, "cut");
    scratch_file(path, "few", class, 1000, false);
    snprintf(spec, sizeof spec, "%s/images,labels=%s", scratch_folder(), path);
    REFUSED(c, WEIR_ERROR_FORMAT, spec, "few");
    put32(class + 4, 992);
    scratch_file(path, "few", class, 1000, false);
    REFUSED(c, WEIR_ERROR_SHAPE, spec, "few", "expected 6000 labels");
    snprintf(spec, sizeof spec, "%s/images,levels=200", scratch_folder());
    REFUSED(c, WEIR_ERROR_VALUE, spec, "[0, 200)");
    snprintf(spec, sizeof spec, "%s/images,labels=digits", scratch_folder());
    REFUSED(c, WEIR_ERROR_FORMAT, spec, "digits", "file of labels");
    snprintf(spec, sizeof spec, "%s/images,labels=none.csv", scratch_folder());
    REFUSED(c, WEIR_ERROR_IO, spec, "none.csv");
    free(file);
}

static void folder(void **state)
{
    (void)state;
#ifndef WEIR_HAVE_PNG
    skip();
#endif
    weir_dataset *d = opened(c, "tests/data/files/images");
    check_shape(d, 5, 3, (const int64_t[]){ 1, 3, 4 });
    assert_int_equal(weir_dataset_levels(d), 256);
    for (int64_t i = 0; i < 5; i++) {
        assert_true(first_of(d, i) == 40.0 * (double)i);
        assert_int_equal(weir_dataset_label(d, i), i >= 3);
    }
    weir_dataset_free(d);
    d = opened(c, "tests/data/files/images/b");
    assert_int_equal(weir_dataset_samples(d), 2);
    assert_int_equal(weir_dataset_label(d, 0), -1);
    weir_dataset_free(d);
    REFUSED(c, WEIR_ERROR_ARGUMENT, "tests/data/files/images,split=test", "images: split=test", "no test split");
}

/* -- no memory ------------------------------------------------------------------------------------------------------------------------------ */

static const char *spec_in_use;

/* Opens, splits, loads and looks; with the memory for it all of that works. */
static void use(weir_ctx *k)
{
    double mean[64], std[64];
    weir_dataset *d = weir_dataset_open(k, spec_in_use), *t = weir_dataset_split(d, "train");
    weir_loader *l = weir_loader_new(t, "batch=4");
    weir_scope s = weir_scope_begin(k);
    weir_batch *b = weir_loader_next(l);
    weir_batch *w = weir_batch_wrap(k, weir_batch_x(b), weir_batch_ids(b), weir_batch_weights(b), NULL);
    weir_dataset_statistics(t, mean, std);
    if (weir_ok(k)) assert_int_equal(weir_batch_size(w), 4);
    weir_scope_end(s);
    weir_loader_free(l);
    weir_dataset_free(t);
    weir_dataset_free(d);
}

static int64_t fill_zero(void *user, int64_t step, float *x, int64_t *ids, double *weights)
{
    (void)user, (void)ids, (void)weights;
    memset(x, 0, 6 * sizeof *x);
    return 3 - step; /* a whole batch and a shorter one */
}

static void use_stream(weir_ctx *k)
{
    weir_loader *l = weir_loader_from_callback(k, fill_zero, NULL, 2, "batch=3");
    weir_scope s = weir_scope_begin(k);
    weir_batch *b = weir_loader_next(l);
    b = weir_loader_next(l);
    if (weir_ok(k)) assert_int_equal(weir_batch_size(b), 2);
    weir_scope_end(s);
    weir_loader_free(l);
}

static void use_array(weir_ctx *k)
{
    static const float x[20];
    weir_loader *l = weir_loader_from_array(k, x, 10, 2, "batch=3");
    weir_scope s = weir_scope_begin(k);
    weir_loader_next(l);
    weir_scope_end(s);
    weir_loader_free(l);
}

static void every_allocation_failed(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "toy:gmm3,n=50", "digits,limit=30", "tests/data/files/small.npy", "tests/data/files/small.csv,label=class,weight=w",
        "tests/data/files/small-idx3-ubyte,labels=tests/data/files/small-labels-idx1-ubyte",
#ifdef WEIR_HAVE_PNG
        "tests/data/files/images,valid=last:1",
#endif
    };
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        spec_in_use = specs[i];
        test_every_allocation(use);
    }
    test_every_allocation(use_stream);
    test_every_allocation(use_array);
}

/* Opening `path` under a limit of 2^20 bytes is refused by it, and is not under one of 2^28. */
static void check_claim(const char *path)
{
    for (int lifted = 0; lifted < 2; lifted++) {
        weir_open_opts o = weir_open_defaults();
        o.file_bytes = (int64_t)1 << (lifted ? 28 : 20);
        weir_ctx *k = weir_open_with(&o);
        weir_dataset *d = weir_dataset_open(k, path);
        weir_memory_info m;
        weir_memory_sized(k, &m, sizeof m);
        assert_true(lifted || m.peak_bytes < 3 << 20);
        assert_int_equal(weir_status_of(k), lifted ? WEIR_OK : WEIR_ERROR_MEMORY);
        assert_true(lifted || strstr(weir_message(k), "wants more than 1048576 bytes of memory"));
        assert_true(lifted || strstr(weir_message(k), "WEIR_FILE_BYTES=N"));
        weir_dataset_free(d);
        weir_close(k);
    }
}

/* Small files that claim much: text and words that were packed, a picture of one colour. */
static void claims(void **state)
{
    (void)state;
    char path[128], spec[200];
    enum { LINES = 200000 };
    static char text[4 * LINES];
    for (int i = 0; i < LINES; i++) memcpy(text + 4 * i, "1,2\n", 4);
    if (CAN_PACK) check_claim(scratch_file(path, "claim.csv.gz", text, sizeof text, true));
    for (int i = 0; i < LINES; i++) text[4 * i] = 'a';
    if (CAN_PACK) scratch_file(path, "words.csv.gz", text, sizeof text, true);
    snprintf(spec, sizeof spec, "%s,label=1", path);
    if (CAN_PACK) check_claim(spec);
    weir_ctx *k = weir_open(1);
    unsigned char *pixels = calloc(1500 * 1500, 3);
    weir__bytes png;
    if (weir__png_encode(k, pixels, 1500, 1500, 3, &png) == WEIR_OK) {
        snprintf(path, sizeof path, "%s/claim", scratch_folder());
        assert_int_equal(mkdir(path, 0700), 0);
        scratch_file(path, "claim/a.png", png.data, png.size, false);
        assert_true(png.size < 1 << 16);
        weir__free(k, png.data);
        *strrchr(path, '/') = 0;
        check_claim(path);
    }
    free(pixels);
    weir_close(k);
}

static int clean(void **state) { (void)state; remove_scratch(); return 0; }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(npy),        TEST(csv_columns), TEST(csv_more), TEST(not_a_number),
        TEST(big_csv_gz), TEST(idx),         TEST(folder),   TEST(every_allocation_failed),
        TEST(claims),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
