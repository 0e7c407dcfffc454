/* Every reader against every prefix of its files, every bit of them flipped, and memory that ends at every allocation in turn. A
 * reader may accept or refuse; it may not crash, read past the end, leak, or refuse in more or less than one line. */
#include "io_test.h"
#include "formats.h"

static const struct { const char *file; void (*read)(weir_ctx *, const void *, size_t); } table[] = {
    { "f4.npy", read_npy }, { "f8_big.npy", read_npy }, { "f8_fortran.npy", read_npy }, { "i2_big.npy", read_npy }, { "u8_exact.npy", read_npy },
    { "bool.npy", read_npy }, { "scalar.npy", read_npy }, { "v3.npy", read_npy }, { "u1.idx", read_idx }, { "f4.idx", read_idx },
    { "two.gz", read_gzip }, { "zeros.gz", read_gzip }, { "six.safetensors", read_safetensors },
    { "grey.png", read_png }, { "rgba.png", read_png }, { "palette.png", read_png }, { "interlaced.png", read_png }, { "grey16.png", read_png },
    { "grey.jpg", read_jpeg }, { "rgb.jpg", read_jpeg }, { "progressive.jpg", read_jpeg }, { "small.csv", read_csv }, { "small.json", read_json },
};
enum { FILES = sizeof table / sizeof *table };

/* One line that names the source: `in: ...: expected ...`. */
static void check_outcome(weir_ctx *c, const char *file)
{
    const char *m = weir_message(c);
    if (weir_ok(c)) return;
    bool named = strncmp(m, "in: ", 4) == 0 || weir_status_of(c) == WEIR_ERROR_MEMORY;
    if (!named || strchr(m, '\n') || !strstr(m, "expected")) fail_msg("%s: not a message: %s", file, m);
    weir_clear(c);
}

static void prefixes(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    for (int f = 0; f < FILES; f++) {
        size_t n;
        unsigned char *whole = load_exact(fixture(table[f].file), &n);
        for (size_t k = 0; k <= n; k++) {
            unsigned char *part = malloc(k ? k : 1);
            memcpy(part, whole, k);
            table[f].read(c, part, k);
            if (k == n && weir_status_of(c) != WEIR_ERROR_UNSUPPORTED) expect_ok(c);
            check_outcome(c, table[f].file);
            free(part);
        }
        free(whole);
    }
    close_ctx(c);
}

static void bit_flips(void **state)
{
    (void)state;
    allocator count;
    weir_ctx *c = open_counted(&count);
    for (int f = 0; f < FILES; f++) {
        size_t n;
        unsigned char *p = load_exact(fixture(table[f].file), &n);
        for (size_t bit = 0; bit < 8 * n; bit++) {
            p[bit / 8] ^= (unsigned char)(1u << bit % 8);
            count.largest = 0;
            table[f].read(c, p, n);
            if (count.largest > 1 << 21) fail_msg("%s, bit %zu: %lld bytes at once", table[f].file, bit, (long long)count.largest);
            check_outcome(c, table[f].file);
            p[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
        free(p);
    }
    close_ctx(c);
}

static void every_allocation_fails(void **state)
{
    (void)state;
    for (int f = 0; f < FILES; f++) {
        size_t n;
        unsigned char *p = load_exact(fixture(table[f].file), &n);
        bool done = false;
        for (int64_t k = 0; !done; k++) {
            allocator count;
            weir_ctx *c = open_counted(&count);
            count.left = k;
            table[f].read(c, p, n);
            done = weir_ok(c) || weir_status_of(c) == WEIR_ERROR_UNSUPPORTED;
            if (!done) assert_int_equal(weir_status_of(c), WEIR_ERROR_MEMORY);
            check_outcome(c, table[f].file);
            close_ctx(c);
            assert_int_equal(count.live, 0);
            assert_true(k < 1000);
        }
        free(p);
    }
}

/* Writers, and readers of files, in the same way. */
static void use_files(weir_ctx *c, const char *folder)
{
    const float x[6] = { 0 };
    weir__array a = { .dtype = WEIR_F32, .ndim = 2, .shape = { 2, 3 }, .data = (void *)(uintptr_t)x };
    weir__weight w = { "w", WEIR_F32, 2, { 2, 3 }, x, sizeof x, NULL, NULL };
    weir__bytes b;
    weir__array back;
    (void)weir__npy_write(c, in_folder(folder, "a.npy"), &a);
    (void)weir__csv_write(c, in_folder(folder, "a.csv"), &a, NULL);
    (void)weir__safetensors_save(c, in_folder(folder, "a.safetensors"), &w, 1, NULL);
    (void)weir__safetensors_encode(c, &w, 1, NULL, &b);
    weir__free(c, b.data);
    if (weir__png_grid(c, x, 2, 1, 1, 3, 0, 0, &b) == WEIR_OK) (void)weir__file_write(c, in_folder(folder, "a.png"), b.data, b.size);
    weir__free(c, b.data);
    if (read_folder(c, folder, &back) == WEIR_OK) weir__array_free(c, &back);
    weir__events *e = weir__events_open(c, in_folder(folder, "events"), 1, 0);
    if (e) (void)weir__events_scalar(e, "a tag that is longer than the first record was: the buffer has to grow, so this is long", 1, 2, 3);
    weir__events_close(e);
}

static void every_allocation_of_writers_fails(void **state)
{
    (void)state;
#if defined(WEIR_HAVE_PNG) && defined(WEIR_HAVE_PROTOBUF)
    bool done = false;
    for (int64_t k = 0; !done; k++) {
        allocator count;
        weir_ctx *c = open_counted(&count);
        const char *folder = make_folder();
        count.left = k;
        use_files(c, folder);
        done = weir_ok(c);
        if (!done) assert_int_equal(weir_status_of(c), WEIR_ERROR_MEMORY);
        DIR *d = opendir(folder);
        for (struct dirent *entry; (entry = readdir(d));) assert_null(strstr(entry->d_name, ".tmp"));
        closedir(d);
        remove_folder(folder);
        weir_clear(c);
        close_ctx(c);
        assert_int_equal(count.live, 0);
        assert_true(k < 1000);
    }
#else
    (void)use_files;
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefixes),
        cmocka_unit_test(bit_flips),
        cmocka_unit_test(every_allocation_fails),
        cmocka_unit_test(every_allocation_of_writers_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
