/* test_decoded.c - images of a folder that are decoded when they are read: the values, statistics
 * and fingerprint of those that are all in memory, whatever may stay there; a file that is broken,
 * or is not as it was, is one line that names it. */
#include <sys/stat.h>
#include "fixture.h"

enum { IMAGES = 40, SIDE = 24, CHANNELS = 3, DIM = SIDE * SIDE * CHANNELS };

static char folder[128];

/* Image i: noise, or what does not compress less */
static size_t encode(weir_ctx *with, int64_t i, weir__bytes *b)
{
    unsigned char pixels[DIM];
    for (int j = 0; j < DIM; j++)
        pixels[j] = (unsigned char)(256 * weir__uniform(7, (uint64_t)i, (uint64_t)j));
    assert_int_equal(weir__png_encode(with, pixels, SIDE, SIDE, CHANNELS, b), WEIR_OK);
    return b->size;
}

static void image_path(int i, char path[160])
{
    snprintf(path, 160, "%s/%c/%02d.png", folder, i % 2 ? 'b' : 'a', i);
}

static void put_bytes(const char *path, const void *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* File `name` of image i's pixels; cut: so many bytes less. */
static void put_image(int name, int64_t i, size_t cut)
{
    char path[160];
    weir__bytes b;
    size_t n = encode(c, i, &b);
    image_path(name, path);
    put_bytes(path, b.data, n - cut);
    weir__free(c, b.data);
}

static void put_folder(void)
{
    char path[160];
    snprintf(folder, sizeof folder, "%s/images", scratch_folder());
    mkdir(folder, 0755);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%c", folder, 'a' + i);
        mkdir(path, 0755);
    }
    for (int i = 0; i < IMAGES; i++) put_image(i, i, 0);
}

static weir_ctx *open_limited(int64_t bytes, int threads)
{
    weir_open_opts o = weir_open_defaults();
    o.file_bytes = bytes;
    o.threads = threads;
    weir_ctx *with = weir_open_with(&o);
    assert_ok(with);
    return with;
}

static weir_dataset *open_folder(weir_ctx *with, const char *options)
{
    char spec[300];
    snprintf(spec, sizeof spec, "%s%s", folder, options);
    return opened(with, spec);
}

/* Batches of samples in random order, of a size that has no regard for windows */
static void same_batches(weir_dataset *a, weir_dataset *b)
{
    int64_t rows[IMAGES * 2];
    for (int round = 0; round < 12; round++) {
        int64_t n = 1 + (int64_t)(2 * IMAGES * weir__uniform(1, (uint64_t)round, 0));
        for (int64_t i = 0; i < n; i++)
            rows[i] = (int64_t)((double)a->n * weir__uniform(2, (uint64_t)round, (uint64_t)i));
        weir_scope s = weir_scope_begin(a->object.ctx), t = weir_scope_begin(b->object.ctx);
        weir_tensor *x = weir_batch_x(weir__dataset_gather(a, rows, 0, n));
        weir_tensor *y = weir_batch_x(weir__dataset_gather(b, rows, 0, n));
        assert_ok(a->object.ctx);
        assert_int_equal(x->dtype, y->dtype);
        assert_memory_equal(weir_data(x), weir_data(y),
                            (size_t)x->numel * weir_dtype_size(x->dtype));
        weir_scope_end(t);
        weir_scope_end(s);
    }
}

static void same_sets(weir_dataset *a, weir_dataset *b, bool fingerprint_first)
{
    double mean[2][DIM], std[2][DIM];
    assert_int_equal(a->n, b->n);
    if (!fingerprint_first) same_batches(a, b);
    assert_true(weir_dataset_fingerprint(a) == weir_dataset_fingerprint(b));
    for (int64_t i = 0; i < a->n; i++)
        assert_int_equal(weir_dataset_label(a, i), weir_dataset_label(b, i));
    assert_int_equal(weir_dataset_statistics(a, mean[0], std[0]), WEIR_OK);
    assert_int_equal(weir_dataset_statistics(b, mean[1], std[1]), WEIR_OK);
    assert_memory_equal(mean[0], mean[1], sizeof mean[0]);
    assert_memory_equal(std[0], std[1], sizeof std[0]);
    same_batches(a, b);
}

static void as_in_memory(void **state)
{
    (void)state;
    static const char *const options[] = { "",        ",split=valid", ",limit=11,split=train",
                                           ",bits=3", ",levels=0",    ",standardize=robust" };
    static const int64_t bytes[] = { DIM, 2 * DIM, 5 * DIM, 17 * DIM, IMAGES * DIM, 0 };
    for (size_t o = 0; o < sizeof options / sizeof *options; o++)
        for (size_t k = 0; k < sizeof bytes / sizeof *bytes; k++) {
            char own[80];
            weir_ctx *with = open_limited(bytes[k], k % 2 ? 3 : 1);
            snprintf(own, sizeof own, "%s,map=no", options[o]);
            weir_dataset *a = open_folder(with, options[o]), *b = open_folder(c, own);
            assert_non_null(a->store->decoded);
            assert_null(b->store->decoded);
            assert_int_equal(a->store->decoded->decodes, 0);
            same_sets(a, b, o % 2);
            weir_dataset_free(a);
            weir_dataset_free(b);
            weir_close(with);
        }
}

/* What came first stays and is decoded once; the rest is each time; the bound holds. */
static void memory_is_bounded(void **state)
{
    (void)state;
    for (int64_t fit = 1; fit <= IMAGES; fit += 13) {
        weir_ctx *with = open_limited(fit * DIM, 1);
        weir_dataset *d = open_folder(with, "");
        const weir__decoded *k = d->store->decoded;
        assert_true(k->room == IMAGES || k->room + k->window_rows <= fit || k->room == 0);
        int64_t before = weir_memory(with).live_bytes, decodes = 0;
        for (int round = 0; round < 3; round++) {
            weir_dataset_fingerprint(d);
            decodes += round == 0 ? IMAGES : IMAGES - k->kept;
            assert_int_equal(k->decodes, decodes);
            assert_int_equal(k->kept, k->room);
        }
        assert_true(weir_memory(with).live_bytes - before <= 2 * (fit + 1) * DIM + 1024);
        weir_dataset_free(d);
        weir_close(with);
    }
}

/* The n first samples read; expects the error of one of them. */
static void read_fails(weir_dataset *d, weir_status status, const char *part)
{
    weir_ctx *with = d->object.ctx;
    for (int again = 0; again < 2; again++) {
        weir_scope s = weir_scope_begin(with);
        weir_batch *b = weir_dataset_batch(d, 0, d->n);
        assert_true(weir_batch_is_nil(b));
        weir_scope_end(s);
        if (!strstr(weir_message(with), "/a/06.png: ")) fail_msg("%s", weir_message(with));
        assert_fails(with, status, part);
        weir_dataset_fingerprint(d);
        assert_fails(with, status, part);
        double mean[DIM], std[DIM];
        assert_int_not_equal(weir_dataset_statistics(d, mean, std), WEIR_OK);
        assert_fails(with, status, part);
    }
}

/* `change` between opening and reading; samples that are kept by then are still what they were. */
static void changed(int64_t bytes, int threads, void (*change)(const char *path),
                    weir_status status, const char *part)
{
    char path[160];
    image_path(6, path); /* sample 3 */
    weir_ctx *with = open_limited(bytes, threads);
    weir_dataset *d = open_folder(with, "");
    change(path);
    read_fails(d, status, part);
    put_image(6, 6, 0);
    weir_dataset_free(d);
    weir_close(with);
}

static void cut(const char *path) { assert_int_equal(truncate(path, 60), 0); }
static void gone(const char *path) { assert_int_equal(unlink(path), 0); }

/* Of another size: the time of two writes may be the same. */
static void other(const char *path)
{
    char longer[300];
    weir__bytes b;
    size_t n = encode(c, 99, &b);
    put_bytes(path, b.data, n);
    weir__free(c, b.data);
    snprintf(longer, sizeof longer, "printf x >> '%s'", path);
    assert_int_equal(system(longer), 0);
}

static void files_must_stay(void **state)
{
    (void)state;
    for (int64_t bytes = DIM; bytes < 2 * IMAGES * DIM; bytes += IMAGES * DIM)
        for (int threads = 1; threads < 4; threads += 2) {
            changed(bytes, threads, cut, WEIR_ERROR_IO, "was written to since it was opened");
            changed(bytes, threads, gone, WEIR_ERROR_IO, "cannot be opened: No such file");
            changed(bytes, threads, other, WEIR_ERROR_IO, "was written to since it was opened");
        }
    weir_dataset *d = open_folder(c, "");
    uint64_t hash = weir_dataset_fingerprint(d);
    put_image(6, 77, 0);
    assert_true(weir_dataset_fingerprint(d) == hash); /* all are in memory by now */
    put_image(6, 6, 0);
    weir_dataset_free(d);
}

/* The header is whole, and what follows it not. */
static void broken_behind_the_header(void **state)
{
    (void)state;
    put_image(6, 6, 40);
    for (int64_t bytes = DIM; bytes < 2 * IMAGES * DIM; bytes += IMAGES * DIM)
        for (int threads = 1; threads < 4; threads += 2) {
            weir_ctx *with = open_limited(bytes, threads);
            weir_dataset *d = open_folder(with, "");
            read_fails(d, WEIR_ERROR_FORMAT, "expected a PNG file: ends early");
            weir_dataset_free(d);
            weir_close(with);
        }
    char spec[160];
    snprintf(spec, sizeof spec, "%s,map=no", folder);
    refused(c, WEIR_ERROR_FORMAT, spec, (const char *const[]){ "/a/06.png: ", "ends early", NULL });
    put_image(6, 6, 0);
}

static void levels_are_looked_at(void **state)
{
    (void)state;
    weir_dataset *d = open_folder(c, ",levels=7");
    weir_dataset_fingerprint(d);
    assert_fails(c, WEIR_ERROR_VALUE, "expected an integer in [0, 7) (levels), found");
    weir_dataset_free(d);
}

static void work(weir_ctx *with)
{
    double mean[DIM], std[DIM];
    char spec[200];
    snprintf(spec, sizeof spec, "%s,bits=5,limit=12", folder);
    weir_dataset *d = weir_dataset_open(with, spec);
    if (weir_ok(with)) d->store->decoded->room = 5;
    if (weir_ok(with)) weir_dataset_fingerprint(d);
    if (weir_ok(with)) weir_dataset_statistics(d, mean, std);
    weir_scope s = weir_scope_begin(with);
    weir_dataset_batch(d, 0, 12);
    weir_scope_end(s);
    if (weir_ok(with)) weir__store_own(with, d->store);
    weir_dataset_free(d);
}

static void every_allocation(void **state)
{
    (void)state;
    test_every_allocation(work);
}

static int setup(void **state)
{
    (void)state;
    c = weir_open(1);
    put_folder();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    remove_scratch();
    weir_close(c);
    return 0;
}

int main(void)
{
    CASES(cmocka_unit_test(as_in_memory), cmocka_unit_test(memory_is_bounded),
          cmocka_unit_test(files_must_stay), cmocka_unit_test(broken_behind_the_header),
          cmocka_unit_test(levels_are_looked_at), cmocka_unit_test(every_allocation));
#ifdef WEIR_HAVE_PNG
    return cmocka_run_group_tests(cases, setup, teardown);
#else
    (void)cases;
    (void)setup;
    (void)teardown;
    return 0;
#endif
}
