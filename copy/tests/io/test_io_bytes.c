/* gzip, IDX, JSON and events: the formats with few words. */
#include "io_test.h"
#include <sys/stat.h>

#ifdef WEIR_HAVE_ZLIB
static void gunzips(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    size_t n;
    weir__bytes b;
    unsigned char *gz = load_exact(fixture("two.gz"), &n);
    assert_true(weir__gzip_is(gz, n));
    assert_false(weir__gzip_is(gz, 1));
    assert_int_equal(weir__gunzip(c, "two.gz", gz, n, 12, &b), WEIR_OK);
    assert_int_equal(b.size, 12);
    assert_string_equal((char *)b.data, "a,b\n1,2\n3,4\n");
    weir__free(c, b.data);
    assert_int_equal(weir__gunzip(c, "two.gz", gz, n, 11, &b), WEIR_ERROR_FORMAT);
    char message[200];
    snprintf(message, sizeof message, "two.gz: gzip, byte %zu: expected at most 11 bytes when unpacked", n);
    expect(c, WEIR_ERROR_FORMAT, message);
    assert_int_equal(weir__gunzip(c, "two.gz", gz, n - 1, 100, &b), WEIR_ERROR_FORMAT);
    snprintf(message, sizeof message, "two.gz: gzip, byte %zu: expected more data, found the end", n - 1);
    expect(c, WEIR_ERROR_FORMAT, message);
    gz[n - 5] ^= 1; /* the checksum */
    assert_int_equal(weir__gunzip(c, "two.gz", gz, n, 100, &b), WEIR_ERROR_FORMAT);
    assert_non_null(strstr(weir_message(c), "incorrect data check"));
    weir_clear(c);
    assert_int_equal(weir__gunzip(c, "x", "\x1f\x8c", 2, 100, &b), WEIR_ERROR_FORMAT);
    expect(c, WEIR_ERROR_FORMAT, "x: gzip, byte 0: expected the bytes 1f 8b");
    free(gz);
    close_ctx(c);
}

static void gunzip_is_bounded(void **state)
{
    (void)state;
    allocator a;
    weir_ctx *c = open_counted(&a);
    size_t n;
    weir__bytes b;
    unsigned char *gz = load_exact(fixture("zeros.gz"), &n), *more = malloc(n + 4);
    assert_int_equal(weir__gunzip(c, "zeros.gz", gz, n, SIZE_MAX, &b), WEIR_OK);
    assert_int_equal(b.size, 100000);
    for (size_t i = 0; i <= b.size; i++) assert_int_equal(b.data[i], 0);
    weir__free(c, b.data);
    weir_memory_trim(c);
    a.largest = 0;
    assert_int_equal(weir__gunzip(c, "zeros.gz", gz, n, 1000, &b), WEIR_ERROR_FORMAT);
    assert_true(a.largest < 64 * 1024); /* zlib's window, and no more of ours than was allowed */
    weir_clear(c);
    memcpy(more, gz, n);
    memcpy(more + n, "junk", 4);
    assert_int_equal(weir__gunzip(c, "zeros.gz", more, n + 4, SIZE_MAX, &b), WEIR_ERROR_FORMAT);
    char message[200];
    snprintf(message, sizeof message, "zeros.gz: gzip, byte %zu: expected the end or another member, found other bytes", n);
    expect(c, WEIR_ERROR_FORMAT, message);
    free(gz);
    free(more);
    close_ctx(c);
}

#else
static void gunzips(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    weir__bytes b;
    assert_int_equal(weir__gunzip(c, "x", "", 0, 100, &b), WEIR_ERROR_UNSUPPORTED);
    expect(c, WEIR_ERROR_UNSUPPORTED, "x: zlib is not in this build: expected a build with it");
    close_ctx(c);
}
static void gunzip_is_bounded(void **state) { (void)state; skip(); }
#endif

static void reads_idx(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    weir__array a;
    size_t n;
    unsigned char *p = load_exact(fixture("u1.idx"), &n);
    assert_true(weir__idx_is(p, n));
    assert_int_equal(weir__idx_read(c, "u1.idx", p, n, &a), WEIR_OK);
    assert_int_equal(a.dtype, WEIR_U8);
    assert_int_equal(a.levels, 256);
    assert_int_equal(a.ndim, 3);
    assert_int_equal(a.shape[0] * 100 + a.shape[1] * 10 + a.shape[2], 223);
    for (int i = 0; i < 12; i++) assert_int_equal(((unsigned char *)a.data)[i], i);
    weir__array_free(c, &a);
    assert_int_equal(weir__idx_read(c, "u1.idx", p, n - 1, &a), WEIR_ERROR_FORMAT);
    expect(c, WEIR_ERROR_FORMAT, "u1.idx: byte 16: expected 12 bytes of data, found 11");
    assert_int_equal(weir__idx_read(c, "u1.idx", p, 10, &a), WEIR_ERROR_FORMAT);
    expect(c, WEIR_ERROR_FORMAT, "u1.idx: byte 10: ends early: expected an IDX header of 16 bytes");
    assert_int_equal(weir__idx_read(c, "u1.idx", "\0\0\x08\x01\0\0\0\x01" "ab", 10, &a), WEIR_ERROR_FORMAT);
    expect(c, WEIR_ERROR_FORMAT, "u1.idx: byte 8: expected 1 bytes of data, found 2");
    p[2] = 7;
    assert_int_equal(weir__idx_read(c, "u1.idx", p, n, &a), WEIR_ERROR_FORMAT);
    expect(c, WEIR_ERROR_FORMAT, "u1.idx: byte 0: expected an IDX header (0, 0, element type 8 9 b c d e, rank 1 to 8)");
    p[2] = 8;
    memset(p + 4, 255, 12);
    assert_int_equal(weir__idx_read(c, "u1.idx", p, n, &a), WEIR_ERROR_FORMAT);
    expect(c, WEIR_ERROR_FORMAT, "u1.idx: byte 4: expected extents whose product fits 60 bits");
    free(p);
    p = load_exact(fixture("f4.idx"), &n);
    assert_int_equal(weir__idx_read(c, "f4.idx", p, n, &a), WEIR_OK);
    assert_int_equal(a.dtype, WEIR_F32);
    assert_int_equal(a.levels, 0);
    assert_memory_equal(a.data, ((float[]){ 0.5f, -1, 2 }), 12);
    weir__array_free(c, &a);
    free(p);
    close_ctx(c);
}

static void refuse_json(weir_ctx *c, const char *text, const char *message)
{
    assert_null(weir__json_read(c, "c.json", text, strlen(text)));
    expect(c, WEIR_ERROR_FORMAT, message);
}

static void json(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    const char *folder = make_folder(), *path = in_folder(folder, "c.json");
    static const char text[] = "{\n  \"b\": 0.1,\n  \"a\": [\n    1,\n    -2.5e-300,\n    \"\xc3\xa9\"\n  ],\n  \"c\": 1.0\n}\n";
    json_t *v = weir__json_read(c, "c.json", text, sizeof text - 1);
    expect_ok(c);
    assert_int_equal(weir__json_save(c, path, v), WEIR_OK);
    size_t n;
    unsigned char *saved = load_exact(path, &n);
    assert_int_equal(n, sizeof text - 1);
    assert_memory_equal(saved, text, n);
    json_t *back = weir__json_load(c, path);
    assert_true(json_equal(back, v));
    json_decref(back);
    json_object_set_new(v, "b", json_real(0.1 + 0.2)); /* needs 17 digits */
    assert_int_equal(weir__json_save(c, path, v), WEIR_OK);
    back = weir__json_load(c, path);
    assert_true(json_equal(back, v));
    json_decref(back);
    json_decref(v);
    free(saved);
    refuse_json(c, "{\"a\": 1,\n \"a\": 2}", "c.json: line 2, column 4: expected JSON: duplicate object key near '\"a\"'");
    refuse_json(c, "{\"a\": }", "c.json: line 1, column 7: expected JSON: unexpected token near '}'");
    refuse_json(c, "{} x", "c.json: line 1, column 4: expected JSON: end of file expected near 'x'");
    refuse_json(c, "{\"a\": \"\xff\"}", "c.json: line 1, column 7: expected JSON: unable to decode byte 0xff near '\"'");
    refuse_json(c, "", "c.json: line 1, column 0: expected JSON: '[' or '{' expected near end of file");
    char *deep = malloc(100000);
    memset(deep, '[', 100000);
    assert_null(weir__json_read(c, "c.json", deep, 100000));
    assert_int_equal(weir_status_of(c), WEIR_ERROR_FORMAT);
    assert_non_null(strstr(weir_message(c), "maximum parsing depth reached"));
    weir_clear(c);
    free(deep);
    assert_null(weir__json_load(c, "no/such.json"));
    expect(c, WEIR_ERROR_IO, "no/such.json: cannot be opened: No such file or directory: expected a file that can be read");
    remove_folder(folder);
    close_ctx(c);
}

static void crc32c(void **state)
{
    (void)state;
    assert_int_equal(weir__crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(weir__crc32c("", 0), 0);
}

#ifdef WEIR_HAVE_PROTOBUF
static uint32_t little32(const unsigned char *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24; }

static uint32_t masked(const unsigned char *p, size_t n)
{
    uint32_t crc = weir__crc32c(p, n);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

/* Checks the framing; returns the number of records. */
static int count_records(const unsigned char *p, size_t n)
{
    int records = 0;
    for (size_t at = 0; at < n; records++) {
        size_t length = little32(p + at);
        assert_int_equal(little32(p + at + 4), 0);
        assert_int_equal(little32(p + at + 8), masked(p + at, 8));
        assert_true(at + 16 + length <= n);
        assert_int_equal(little32(p + at + 12 + length), masked(p + at + 12, length));
        at += 16 + length;
    }
    return records;
}

static void events(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    const char *folder = make_folder(), *path = in_folder(folder, "events");
    /* what every TensorBoard file of version 2 begins with, at time 1.5 */
    static const unsigned char first[] = { 24, 0, 0, 0, 0, 0, 0, 0, 0xa3, 0x7f, 0x4b, 0x22, 9, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0x1a, 13,
        'b', 'r', 'a', 'i', 'n', '.', 'E', 'v', 'e', 'n', 't', ':', '2' };
    weir__events *e = weir__events_open(c, path, 1.5, 0);
    expect_ok(c);
    int64_t start = weir__events_bytes(e);
    assert_int_equal(start, 40);
    assert_int_equal(weir__events_scalar(e, "loss", 3, 2.5, 0), WEIR_OK);
    int64_t kept = weir__events_bytes(e);
    assert_int_equal(weir__events_scalar(e, "loss", 4, 2.5, 7), WEIR_OK);
    assert_int_equal(weir__events_sync(e), WEIR_OK);
    weir__events_close(e);
    size_t n;
    unsigned char *p = load_exact(path, &n);
    assert_memory_equal(p, first, sizeof first);
    assert_int_equal(count_records(p, n), 3);
    static const unsigned char zero[] = { 9, 0, 0, 0, 0, 0, 0, 4, 0x40, 0x10, 3, 0x2a, 13, 0x0a, 11, 0x0a, 4, 'l', 'o', 's', 's', 0x15, 0, 0, 0, 0 };
    assert_int_equal(little32(p + start), sizeof zero);
    assert_memory_equal(p + start + 12, zero, sizeof zero); /* a value of 0 is written */
    free(p);
    e = weir__events_open(c, path, 9, kept); /* as after a resume */
    assert_int_equal(weir__events_bytes(e), kept);
    assert_int_equal(weir__events_scalar(e, "v", 5, 3, -1), WEIR_OK);
    int64_t end = weir__events_bytes(e);
    weir__events_close(e);
    p = load_exact(path, &n);
    assert_int_equal(n, end);
    assert_int_equal(count_records(p, n), 3);
    free(p);
    assert_null(weir__events_open(c, path, 9, end + 1));
    char message[1200];
    snprintf(message, sizeof message, "%s: %lld bytes: expected at least the %lld to go on after", path, (long long)end, (long long)end + 1);
    expect(c, WEIR_ERROR_FORMAT, message);
    assert_null(weir__events_open(c, "/dev/full", 9, 0));
    expect(c, WEIR_ERROR_IO, "/dev/full: cannot be written: No space left on device: expected a place that can be written");
    assert_null(weir__events_open(c, "no/such", 9, 0));
    expect(c, WEIR_ERROR_IO, "no/such: cannot be opened for writing: No such file or directory: expected a place that can be written");
    weir__events_close(NULL);
    remove_folder(folder);
    close_ctx(c);
}
#else
static void events(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    assert_null(weir__events_open(c, "x", 0, 0));
    expect(c, WEIR_ERROR_UNSUPPORTED, "x: protobuf-c is not in this build: expected a build with it");
    close_ctx(c);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gunzips), cmocka_unit_test(gunzip_is_bounded), cmocka_unit_test(reads_idx), cmocka_unit_test(json),
        cmocka_unit_test(crc32c),  cmocka_unit_test(events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
