/* safetensors: files of the reference implementation, round trips, deterministic bytes, every refusal. */
#include "io_test.h"

static void reads_the_reference(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    weir__weights w;
    assert_int_equal(weir__safetensors_load(c, fixture("six.safetensors"), &w), WEIR_OK);
    assert_int_equal(w.n, 6);
    assert_string_equal(json_string_value(json_object_get(w.metadata, "name")), "six");
    const weir__weight *x = weir__weights_find(&w, "layer.weight");
    assert_non_null(x);
    assert_int_equal(x->dtype, WEIR_F32);
    assert_int_equal(x->ndim, 2);
    assert_int_equal(x->shape[0] * 10 + x->shape[1], 34);
    float f[12];
    memcpy(f, x->data, sizeof f);
    for (int i = 0; i < 12; i++) assert_true(f[i] == (float)i);
    double b[2];
    memcpy(b, weir__weights_find(&w, "layer.bias")->data, sizeof b);
    assert_true(b[0] == 1.5 && b[1] == -2.5);
    int64_t steps;
    memcpy(&steps, weir__weights_find(&w, "steps")->data, sizeof steps);
    assert_int_equal(steps, 7);
    assert_int_equal(weir__weights_find(&w, "steps")->ndim, 0);
    assert_int_equal(weir__weights_find(&w, "mask")->dtype, WEIR_BOOL);
    assert_int_equal(weir__weights_find(&w, "half")->dtype, WEIR_F16);
    assert_int_equal(weir__weights_find(&w, "none")->bytes, 0);
    assert_null(weir__weights_find(&w, "layer"));
    weir__weights_free(c, &w);
    assert_int_equal(weir__safetensors_load(c, fixture("i16.safetensors"), &w), WEIR_ERROR_FORMAT);
    assert_non_null(strstr(weir_message(c), "i16.safetensors: tensor \"x\": expected a dtype F64 F32 F16 BF16 I64 I32 U8 or BOOL, found \"I16\""));
    weir_clear(c);
    close_ctx(c);
}

static const float three[] = { 1, 2, 3 };
static const double one[] = { 4 };
static const weir__weight two_weights[] = {
    { "a.w", WEIR_F32, 1, { 3 }, three, 12, NULL, NULL },
    { "b", WEIR_F64, 0, { 0 }, one, 8, NULL, NULL },
};

static void writes(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    const char *folder = make_folder(), *path = in_folder(folder, "a.safetensors");
    static const char head[] = "{\"__metadata__\":{\"z\":\"10\",\"a\":\"2\"},\"a.w\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]},"
                               "\"b\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[12,20]}}";
    json_t *metadata = json_pack("{s:s, s:s}", "z", "10", "a", "2");
    weir__bytes b;
    assert_int_equal(weir__safetensors_encode(c, two_weights, 2, metadata, &b), WEIR_OK);
    size_t padded = (sizeof head - 1 + 7) / 8 * 8;
    assert_int_equal(b.size, 8 + padded + 20);
    assert_int_equal(b.data[0], padded);
    assert_memory_equal(b.data + 8, head, sizeof head - 1);
    assert_memory_equal(b.data + 8 + padded, three, 12);
    assert_memory_equal(b.data + 8 + padded + 12, one, 8);
    assert_int_equal(weir__safetensors_save(c, path, two_weights, 2, metadata), WEIR_OK);
    size_t n;
    unsigned char *saved = load_exact(path, &n);
    assert_int_equal(n, b.size);
    assert_memory_equal(saved, b.data, n);
    free(saved);
    weir__weights w;
    assert_int_equal(weir__safetensors_read(c, "x", b, &w), WEIR_OK); /* takes b */
    assert_int_equal(w.n, 2);
    assert_true(json_equal(w.metadata, metadata));
    assert_string_equal(w.at[0].name, "a.w");
    weir__weights_free(c, &w);
    assert_int_equal(weir__safetensors_encode(c, NULL, 0, NULL, &b), WEIR_OK);
    assert_int_equal(weir__safetensors_read(c, "x", b, &w), WEIR_OK);
    assert_true(json_is_object(w.metadata));
    weir__weights_free(c, &w);
    json_decref(metadata);
    remove_folder(folder);
    close_ctx(c);
}

static void refuse_write(weir__weight w, const char *message)
{
    weir_ctx *c = open_ctx();
    weir__weight both[] = { two_weights[0], w };
    weir__bytes b;
    assert_int_equal(weir__safetensors_encode(c, both, 2, NULL, &b), WEIR_ERROR_ARGUMENT);
    assert_null(b.data);
    expect(c, WEIR_ERROR_ARGUMENT, message);
    close_ctx(c);
}

static void refuses_to_write(void **state)
{
    (void)state;
    weir__weight w = two_weights[1];
    refuse_write(two_weights[0], "safetensors: tensor \"a.w\": expected each name once");
    memset(w.name, 'x', sizeof w.name);
    refuse_write(w, "safetensors: tensor \"(too long)\": expected a name of at most 255 bytes");
    strcpy(w.name, "__metadata__");
    refuse_write(w, "safetensors: tensor \"__metadata__\": expected another name");
    strcpy(w.name, "\xff");
    refuse_write(w, "safetensors: tensor \"?\": expected a name in UTF-8");
    strcpy(w.name, "n");
    w.bytes = 7;
    refuse_write(w, "safetensors: tensor \"n\": expected as many bytes as its shape and dtype say");
    w.ndim = 9;
    refuse_write(w, "safetensors: tensor \"n\": expected a shape of rank 0 to 8");
    weir_ctx *c = open_ctx();
    weir__bytes b;
    json_t *metadata = json_pack("{s:i}", "k", 1);
    assert_int_equal(weir__safetensors_encode(c, NULL, 0, metadata, &b), WEIR_ERROR_ARGUMENT);
    expect(c, WEIR_ERROR_ARGUMENT, "safetensors: __metadata__, \"k\": expected a string");
    json_decref(metadata);
    close_ctx(c);
}

/* A file with this header and `n` zero bytes of data. */
static void refuse(const char *header, size_t n, const char *message)
{
    weir_ctx *c = open_ctx();
    size_t h = strlen(header);
    weir__bytes file = { weir__alloc0(c, 8 + h + n + 1), 8 + h + n };
    weir__weights w;
    file.data[0] = (unsigned char)h;
    file.data[1] = (unsigned char)(h >> 8);
    memcpy(file.data + 8, header, h);
    if (message) {
        assert_int_equal(weir__safetensors_read(c, "w", file, &w), WEIR_ERROR_FORMAT);
        expect(c, WEIR_ERROR_FORMAT, message);
        weir__free(c, file.data); /* still the caller's */
    } else {
        (void)weir__safetensors_read(c, "w", file, &w);
        expect_ok(c);
        weir__weights_free(c, &w);
    }
    close_ctx(c);
}

#define T(dtype, shape, from, to) "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" #from "," #to "]}"

static void refuses_to_read(void **state)
{
    (void)state;
    refuse("{\"a\":" T("F32", "[2]", 0, 8) ",\"b\":" T("U8", "[0]", 8, 8) ",\"c\":" T("BF16", "[1]", 8, 10) "}   ", 10, NULL);
    refuse("{\"b\":" T("F32", "[1]", 4, 8) ",\"a\":" T("F32", "[1]", 0, 4) "}", 8, NULL); /* any order in the header */
    refuse("{", 0, "w: line 1, column 1: expected JSON: string or '}' expected near end of file");
    refuse("[]", 0, "w: byte 8: expected a JSON object");
    refuse("{\"a\":1}", 0, "w: tensor \"a\": expected an object with dtype, shape and data_offsets");
    refuse("{\"a\":" T("F31", "[1]", 0, 4) "}", 4, "w: tensor \"a\": expected a dtype F64 F32 F16 BF16 I64 I32 U8 or BOOL, found \"F31\"");
    refuse("{\"a\":{\"dtype\":1}}", 4, "w: tensor \"a\": expected a dtype in a string");
    refuse("{\"a\":" T("F32", "[-1]", 0, 4) "}", 4, "w: tensor \"a\": expected extents that are integers, 0 or more");
    refuse("{\"a\":" T("F32", "[1.0]", 0, 4) "}", 4, "w: tensor \"a\": expected extents that are integers, 0 or more");
    refuse("{\"a\":" T("F32", "[1,1,1,1,1,1,1,1,1]", 0, 4) "}", 4, "w: tensor \"a\": expected a shape of at most 8 extents");
    refuse("{\"a\":" T("F32", "[1]", 0, 8) "}", 8, "w: tensor \"a\": expected 4 bytes for its shape and dtype, found 8");
    refuse("{\"a\":" T("F32", "[4611686018427387904,4]", 0, 0) "}", 0, "w: tensor \"a\": expected a shape whose product fits 60 bits");
    refuse("{\"a\":" T("F32", "[1]", 0, 4) "}", 3, "w: tensor \"a\": expected data_offsets in order within the 3 bytes of data, found [0, 4]");
    refuse("{\"a\":" T("F32", "[1]", 4, 0) "}", 4, "w: tensor \"a\": expected data_offsets in order within the 4 bytes of data, found [4, 0]");
    refuse("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "w: tensor \"a\": expected data_offsets of two integers");
    refuse("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":1}}", 0, "w: tensor \"a\": expected dtype, shape and data_offsets only");
    refuse("{\"a\":" T("F32", "[1]", 4, 8) "}", 8, "w: tensor \"a\": expected its data at offset 0 (no holes, no overlaps), found 4");
    refuse("{\"a\":" T("F32", "[2]", 0, 8) ",\"b\":" T("F32", "[1]", 4, 8) "}", 8,
           "w: tensor \"b\": expected its data at offset 8 (no holes, no overlaps), found 4");
    refuse("{\"a\":" T("F32", "[1]", 0, 4) "}", 6, "w: byte 66: expected the end, found 2 more bytes");
    refuse("{\"a\":" T("F32", "[1]", 0, 4) ",\"a\":" T("F32", "[1]", 0, 4) "}", 4, "w: line 1, column 57: expected JSON: duplicate object key near '\"a\"'");
    refuse("{\"__metadata__\":[]}", 0, "w: __metadata__: expected an object of strings");
    refuse("{\"__metadata__\":{\"k\":1}}", 0, "w: __metadata__, \"k\": expected a string");
}

static void long_names_and_lengths(void **state)
{
    (void)state;
    char header[700], name[300];
    memset(name, 'n', sizeof name);
    snprintf(header, sizeof header, "{\"%.256s\":" T("U8", "[0]", 0, 0) "}", name);
    refuse(header, 0, "w: tensor \"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn...\": expected a name of at most 255 bytes");
    snprintf(header, sizeof header, "{\"%.255s\":" T("U8", "[0]", 0, 0) "}", name);
    refuse(header, 0, NULL);
    weir_ctx *c = open_ctx();
    weir__weights w;
    unsigned char huge[16] = { 0, 0, 0, 0, 0, 0, 0, 0x10 };
    assert_int_equal(weir__safetensors_read(c, "w", (weir__bytes){ huge, 16 }, &w), WEIR_ERROR_FORMAT);
    expect(c, WEIR_ERROR_FORMAT, "w: byte 0: expected a header length that fits the file's 16 bytes (and 100000000), found 1152921504606846976");
    assert_int_equal(weir__safetensors_read(c, "w", (weir__bytes){ huge, 7 }, &w), WEIR_ERROR_FORMAT);
    weir_clear(c);
    close_ctx(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_reference), cmocka_unit_test(writes), cmocka_unit_test(refuses_to_write),
        cmocka_unit_test(refuses_to_read),     cmocka_unit_test(long_names_and_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
