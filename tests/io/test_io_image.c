/* PNG, JPEG, folders of them, and sheets. */
#include "io_test.h"
#include <sys/stat.h>

typedef weir_status (*read_fn)(weir_ctx *, const char *, const void *, size_t, weir__array *);

/* Every pixel within `tolerance` of the fixture's .npy. */
static void compare(const char *name, read_fn read_image, int tolerance)
{
    weir_ctx *c = open_ctx();
    char expected_name[200];
    size_t n, m;
    weir__array a, b;
    snprintf(expected_name, sizeof expected_name, "%s.npy", name);
    unsigned char *file = load_exact(fixture(name), &n), *npy = load_exact(fixture(expected_name), &m);
    (void)read_image(c, name, file, n, &a);
    expect_ok(c);
    (void)weir__npy_read(c, expected_name, npy, m, &b);
    expect_ok(c);
    bool deep = a.dtype == WEIR_I32; /* 257 times the fixture's bytes */
    assert_true(deep || a.dtype == WEIR_U8);
    assert_int_equal(a.levels, deep ? 65536 : 256);
    assert_int_equal(deep, strcmp(name, "grey16.png") == 0);
    assert_int_equal(a.ndim, 3);
    for (int i = 0; i < 3; i++) assert_int_equal(a.shape[i], b.shape[i]);
    for (int64_t i = 0; i < weir__array_numel(&a); i++)
    {
        int found = deep ? ((int32_t *)a.data)[i] : ((unsigned char *)a.data)[i];
        int expected = ((unsigned char *)b.data)[i] * (deep ? 257 : 1);
        if (abs(found - expected) > tolerance) fail_msg("%s: value %d: %d, expected %d", name, (int)i, found, expected);
    }
    weir__array_free(c, &a);
    weir__array_free(c, &b);
    free(file);
    free(npy);
    close_ctx(c);
}

#ifdef WEIR_HAVE_PNG
static void reads_png(void **state)
{
    (void)state;
    static const char *const names[] = { "grey.png", "rgb.png", "rgba.png", "la.png", "bit.png", "grey16.png", "palette.png", "interlaced.png" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) compare(names[i], weir__png_read, 0);
}

static void refuse_png(weir_ctx *c, const char *name, size_t cut, int64_t flip, const char *message)
{
    size_t n;
    weir__array a;
    unsigned char *p = load_exact(fixture(name), &n);
    if (flip >= 0) p[flip] ^= 1;
    assert_int_equal(weir__png_read(c, name, p, n - cut, &a), WEIR_ERROR_FORMAT);
    assert_null(a.data);
    expect(c, WEIR_ERROR_FORMAT, message);
    free(p);
}

static void refuses_png(void **state)
{
    (void)state;
    allocator count;
    weir_ctx *c = open_counted(&count);
    weir__array a;
    refuse_png(c, "grey.png", 0, 0, "grey.png: byte 0: expected a PNG signature");
    refuse_png(c, "grey.png", 0, 30, "grey.png: byte 33: expected a PNG file: IHDR: CRC error");
    refuse_png(c, "grey.png", 20, -1, "grey.png: byte 59: expected a PNG file: ends early");
    refuse_png(c, "huge.png", 0, -1, "huge.png: header: expected a file that can hold its 16000 x 16000 pixels, found 65 bytes");
    assert_true(count.largest < 100000);
    static const unsigned char wide[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1\0\0\0\0\0\1\x08\0\0\0\0\x3b\x3d\xdd\xa2\0\0\0\0IDAT\x35\xaf\x06\x1e";
    assert_int_equal(weir__png_read(c, "wide.png", wide, sizeof wide - 1, &a), WEIR_ERROR_FORMAT);
    weir_clear(c);
    close_ctx(c);
}

static void encodes_png(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    unsigned char pixels[4 * 3 * 3];
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (unsigned char)(i * 7);
    for (int channels = 1; channels <= 3; channels += 2) {
        weir__bytes b;
        weir__array a;
        assert_int_equal(weir__png_encode(c, pixels, 4, 3, channels, &b), WEIR_OK);
        assert_true(weir__png_is(b.data, b.size));
        assert_int_equal(weir__png_read(c, "x", b.data, b.size, &a), WEIR_OK);
        assert_int_equal(a.shape[0] * 100 + a.shape[1] * 10 + a.shape[2], 430 + channels);
        assert_memory_equal(a.data, pixels, 12 * (size_t)channels);
        weir__array_free(c, &a);
        weir__free(c, b.data);
    }
    weir__bytes b;
    assert_int_equal(weir__png_encode(c, pixels, 4, 3, 2, &b), WEIR_ERROR_SHAPE);
    expect(c, WEIR_ERROR_SHAPE, "png: 2 channels: expected 1 or 3");
    assert_int_equal(weir__png_encode(c, pixels, 0, 3, 1, &b), WEIR_ERROR_SHAPE);
    expect(c, WEIR_ERROR_SHAPE, "png: 3 x 0 pixels: expected sides of 1 to 65500 and at most 268435456 pixels");
    close_ctx(c);
}

static void draws_a_grid(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    const float x[3 * 2] = { 0, 1, 0.5f, -3, 9, 0 }; /* three images of 1 x 2 */
    weir__bytes b;
    weir__array a;
    assert_int_equal(weir__png_grid(c, x, 3, 1, 1, 2, 0, 2, &b), WEIR_OK);
    assert_int_equal(weir__png_read(c, "x", b.data, b.size, &a), WEIR_OK);
    assert_int_equal(a.shape[0], 2 + 2 * (2 + 2)); /* two rows of scale 2, gaps of 2 */
    assert_int_equal(a.shape[1], 2 + 2 * (4 + 2));
    const unsigned char *p = a.data;
    int64_t w = a.shape[1];
    assert_int_equal(p[0], 255);
    assert_int_equal(p[2 * w + 2], 0);
    assert_int_equal(p[3 * w + 3], 0);
    assert_int_equal(p[2 * w + 4], 255);
    assert_int_equal(p[2 * w + 8], 128);
    assert_int_equal(p[2 * w + 10], 0);   /* -3 */
    assert_int_equal(p[6 * w + 2], 255);  /* 9 */
    assert_int_equal(p[6 * w + 4], 0);
    assert_int_equal(p[6 * w + 10], 255); /* no fourth image */
    weir__array_free(c, &a);
    weir__free(c, b.data);
    assert_int_equal(weir__png_grid(c, x, 2, 3, 1, 1, 2, 1, &b), WEIR_OK); /* colours are planes */
    assert_int_equal(weir__png_read(c, "x", b.data, b.size, &a), WEIR_OK);
    assert_memory_equal((unsigned char *)a.data + (2 * a.shape[1] + 2) * 3, ((unsigned char[]){ 0, 255, 128 }), 3);
    weir__array_free(c, &a);
    weir__free(c, b.data);
    assert_int_equal(weir__png_grid(c, x, 0, 1, 1, 2, 0, 0, &b), WEIR_ERROR_RANGE);
    expect(c, WEIR_ERROR_RANGE, "image grid: 0 images of 1 x 2: expected at least one, and a sheet of at most 32768 pixels a side");
    assert_int_equal(weir__png_grid(c, x, INT64_MAX, 1, INT64_MAX, 2, 0, 0, &b), WEIR_ERROR_RANGE);
    weir_clear(c);
    assert_int_equal(weir__png_grid(c, x, 1, 2, 1, 2, 0, 0, &b), WEIR_ERROR_SHAPE);
    expect(c, WEIR_ERROR_SHAPE, "image grid: 2 channels: expected 1 or 3");
    close_ctx(c);
}

static void put_png(weir_ctx *c, const char *path, unsigned char first, int64_t h, int channels)
{
    unsigned char pixels[64];
    weir__bytes b;
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (unsigned char)(first + i);
    assert_int_equal(weir__png_encode(c, pixels, h, 3, channels, &b), WEIR_OK);
    assert_int_equal(weir__file_write(c, path, b.data, b.size), WEIR_OK);
    weir__free(c, b.data);
}

static void reads_flat_folders(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    const char *folder = make_folder();
    weir__array a;
    char message[1200];
    assert_int_equal(read_folder(c, folder, &a), WEIR_ERROR_FORMAT);
    snprintf(message, sizeof message, "%s: expected PNG or JPEG files, here or in sub-folders, found none", folder);
    expect(c, WEIR_ERROR_FORMAT, message);
    put_png(c, in_folder(folder, "b.png"), 100, 2, 3);
    put_png(c, in_folder(folder, "a.PNG"), 10, 2, 3);
    put_png(c, in_folder(folder, ".hidden.png"), 0, 2, 3);
    write_text(in_folder(folder, "notes.txt"), "x", 1);
    assert_int_equal(read_folder(c, folder, &a), WEIR_OK);
    assert_int_equal(a.ndim, 4);
    assert_int_equal(a.shape[0] * 1000 + a.shape[1] * 100 + a.shape[2] * 10 + a.shape[3], 2323);
    assert_int_equal(a.n_labels, 0);
    assert_null(a.labels);
    assert_int_equal(a.levels, 256);
    const unsigned char *p = a.data;
    assert_int_equal(p[0], 10); /* a before b, red plane first */
    assert_int_equal(p[1], 13);
    assert_int_equal(p[6], 11);
    assert_int_equal(p[18], 100);
    weir__array_free(c, &a);
    put_png(c, in_folder(folder, "c.png"), 0, 3, 1);
    assert_int_equal(read_folder(c, folder, &a), WEIR_ERROR_FORMAT);
    snprintf(message, sizeof message, "%s/c.png: expected 3 x 2 pixels with 3 channels as the first image, found 3 x 3 with 1", folder);
    expect(c, WEIR_ERROR_FORMAT, message);
    write_text(in_folder(folder, "c.png"), "GIF89a", 6);
    assert_int_equal(read_folder(c, folder, &a), WEIR_ERROR_FORMAT);
    snprintf(message, sizeof message, "%s/c.png: byte 0: expected a PNG or JPEG signature", folder);
    expect(c, WEIR_ERROR_FORMAT, message);
    assert_int_equal(read_folder(c, "no/such", &a), WEIR_ERROR_IO);
    expect(c, WEIR_ERROR_IO, "no/such: cannot be opened: No such file or directory: expected a folder that can be read");
    remove_folder(folder);
    close_ctx(c);
}

static void reads_labelled_folders(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    const char *folder = make_folder();
    weir__array a;
    char message[1200];
    assert_int_equal(mkdir(in_folder(folder, "dog"), 0755), 0);
    assert_int_equal(mkdir(in_folder(folder, "cat"), 0755), 0);
    put_png(c, in_folder(folder, "dog/1.png"), 50, 1, 1);
    put_png(c, in_folder(folder, "cat/2.png"), 20, 1, 1);
    put_png(c, in_folder(folder, "cat/1.png"), 10, 1, 1);
    assert_int_equal(read_folder(c, folder, &a), WEIR_OK);
    assert_int_equal(a.n_labels, 3);
    assert_memory_equal(a.labels, ((int32_t[]){ 0, 0, 1 }), 12);
    assert_memory_equal(a.data, ((unsigned char[]){ 10, 11, 12, 20, 21, 22, 50, 51, 52 }), 9);
    weir__array_free(c, &a);
    put_png(c, in_folder(folder, "stray.png"), 10, 1, 1);
    assert_int_equal(read_folder(c, folder, &a), WEIR_ERROR_FORMAT);
    snprintf(message, sizeof message, "%s: expected images either here or in sub-folders, found both", folder);
    expect(c, WEIR_ERROR_FORMAT, message);
    remove_folder(folder);
    close_ctx(c);
}
#endif

#ifdef WEIR_HAVE_JPEG
static void reads_jpeg(void **state)
{
    (void)state;
    compare("grey.jpg", weir__jpeg_read, 1); /* decoders may differ by one level */
    compare("rgb.jpg", weir__jpeg_read, 3);
    compare("progressive.jpg", weir__jpeg_read, 3);
}

static void refuses_jpeg(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    weir__array a;
    size_t n;
    unsigned char *p = load_exact(fixture("cmyk.jpg"), &n);
    assert_int_equal(weir__jpeg_read(c, "cmyk.jpg", p, n, &a), WEIR_ERROR_FORMAT);
    assert_non_null(strstr(weir_message(c), "expected a JPEG file: not grey or of three colours"));
    weir_clear(c);
    free(p);
    p = load_exact(fixture("rgb.jpg"), &n);
    assert_int_equal(weir__jpeg_read(c, "rgb.jpg", p, n - 2, &a), WEIR_ERROR_FORMAT);
    char message[200];
    snprintf(message, sizeof message, "rgb.jpg: byte %zu: expected a JPEG file: Premature end of input file", n - 2);
    expect(c, WEIR_ERROR_FORMAT, message);
    unsigned char *cut = malloc(n - 20); /* libjpeg would make up the rest, with a warning */
    memcpy(cut, p, n - 22);
    memcpy(cut + n - 22, "\xff\xd9", 2);
    assert_int_equal(weir__jpeg_read(c, "rgb.jpg", cut, n - 20, &a), WEIR_ERROR_FORMAT);
    assert_non_null(strstr(weir_message(c), "expected a JPEG file: Corrupt JPEG data: premature end"));
    weir_clear(c);
    free(cut);
    for (size_t i = 0; i + 8 < n; i++) /* the frame header: 16384 x 16383 pixels */
        if (p[i] == 0xff && (p[i + 1] == 0xc0 || p[i + 1] == 0xc2)) memcpy(p + i + 5, "\x40\x00\x3f\xff", 4);
    assert_int_equal(weir__jpeg_read(c, "rgb.jpg", p, n, &a), WEIR_ERROR_FORMAT);
    snprintf(message, sizeof message, "rgb.jpg: header: expected a file that can hold its 16383 x 16384 pixels, found %zu bytes", n);
    expect(c, WEIR_ERROR_FORMAT, message);
    p[0] = 0;
    assert_int_equal(weir__jpeg_read(c, "rgb.jpg", p, n, &a), WEIR_ERROR_FORMAT);
    expect(c, WEIR_ERROR_FORMAT, "rgb.jpg: byte 0: expected a JPEG signature");
    free(p);
    close_ctx(c);
}
#endif

static void says_what_is_missing(void **state)
{
    (void)state;
#if defined(WEIR_HAVE_PNG) && defined(WEIR_HAVE_JPEG)
    skip();
#else
    weir_ctx *c = open_ctx();
    weir__array a;
    if (weir__png_read(c, "x.png", "", 0, &a) == WEIR_ERROR_UNSUPPORTED)
        expect(c, WEIR_ERROR_UNSUPPORTED, "x.png: libpng is not in this build: expected a build with it");
    weir_clear(c);
    if (weir__jpeg_read(c, "x.jpg", "", 0, &a) == WEIR_ERROR_UNSUPPORTED)
        expect(c, WEIR_ERROR_UNSUPPORTED, "x.jpg: libjpeg is not in this build: expected a build with it");
    weir_clear(c);
    close_ctx(c);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef WEIR_HAVE_PNG
        cmocka_unit_test(reads_png),          cmocka_unit_test(refuses_png),           cmocka_unit_test(encodes_png),
        cmocka_unit_test(draws_a_grid),       cmocka_unit_test(reads_flat_folders),    cmocka_unit_test(reads_labelled_folders),
#endif
#ifdef WEIR_HAVE_JPEG
        cmocka_unit_test(reads_jpeg),         cmocka_unit_test(refuses_jpeg),
#endif
        cmocka_unit_test(says_what_is_missing),
    };
    (void)compare;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
