/* npy: NumPy's own files, our files byte for byte, refusals. */
#include "io_test.h"

static weir__array read_fixture(weir_ctx *c, const char *name)
{
    size_t size;
    unsigned char *data = load_exact(fixture(name), &size);
    weir__array a;
    (void)weir__npy_read(c, name, data, size, &a);
    free(data);
    return a;
}

static double at(const weir__array *a, int64_t i)
{
    if (a->dtype == WEIR_F32) return (double)((float *)a->data)[i];
    if (a->dtype == WEIR_F64) return ((double *)a->data)[i];
    if (a->dtype == WEIR_I64) return (double)((int64_t *)a->data)[i];
    if (a->dtype == WEIR_I32) return (double)((int32_t *)a->data)[i];
    return (double)((unsigned char *)a->data)[i];
}

static void reads_numpy(void **state)
{
    (void)state;
    static const struct { const char *name; weir_dtype dtype; int ndim; int64_t shape[3]; int n; double values[4]; } table[] = {
        { "f4.npy", WEIR_F32, 2, { 3, 4 }, 4, { 0, 0.25, 0.5, 0.75 } },
        { "f8_big.npy", WEIR_F64, 2, { 3, 4 }, 4, { 0, 0.25, 0.5, 0.75 } },
        { "f8_fortran.npy", WEIR_F64, 3, { 2, 3, 4 }, 4, { 0, 1, 2, 3 } },
        { "i2_big.npy", WEIR_I64, 1, { 4 }, 4, { -32768, -1, 0, 32767 } },
        { "i1.npy", WEIR_I64, 1, { 3 }, 3, { -128, -1, 127 } },
        { "u4.npy", WEIR_I64, 1, { 2 }, 2, { 0, 4294967295.0 } },
        { "u8_fits.npy", WEIR_I64, 1, { 2 }, 2, { 0, 9223372036854775807.0 } },
        { "u8_exact.npy", WEIR_F64, 1, { 2 }, 2, { 0, 9223372036854775808.0 } },
        { "u1.npy", WEIR_U8, 1, { 6 }, 4, { 0, 1, 2, 3 } },
        { "i4.npy", WEIR_I32, 1, { 2 }, 2, { -2147483648.0, 2147483647 } },
        { "bool.npy", WEIR_BOOL, 1, { 3 }, 3, { 1, 0, 1 } },
        { "scalar.npy", WEIR_F64, 0, { 0 }, 1, { 2.5 } },
        { "empty.npy", WEIR_F32, 2, { 0, 3 }, 0, { 0 } },
        { "v2.npy", WEIR_F32, 2, { 3, 4 }, 4, { 0, 1, 2, 3 } },
        { "v3.npy", WEIR_F32, 2, { 3, 4 }, 4, { 0, 1, 2, 3 } },
    };
    weir_ctx *c = open_ctx();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        weir__array a = read_fixture(c, table[i].name);
        expect_ok(c);
        assert_int_equal(a.dtype, table[i].dtype);
        assert_int_equal(a.ndim, table[i].ndim);
        for (int d = 0; d < a.ndim; d++) assert_int_equal(a.shape[d], table[i].shape[d]);
        for (int k = 0; k < table[i].n; k++) assert_true(at(&a, k) == table[i].values[k]);
        weir__array_free(c, &a);
    }
    weir__array f = read_fixture(c, "f8_fortran.npy");
    for (int i = 0; i < 24; i++) assert_true(at(&f, i) == i);
    weir__array_free(c, &f);
    weir__array h = read_fixture(c, "f2.npy");
    assert_int_equal(h.dtype, WEIR_F16);
    assert_memory_equal(h.data, ((uint16_t[]){ 0, 0x3e00, 0xc000, 0x7c00 }), 8);
    weir__array_free(c, &h);
    weir__array l = read_fixture(c, "i8.npy");
    assert_true(((int64_t *)l.data)[0] == INT64_MIN && ((int64_t *)l.data)[1] == INT64_MAX);
    weir__array_free(c, &l);
    close_ctx(c);
}

/* What was read goes back to the very bytes NumPy wrote, where the order is C and the type one of ours. */
static void writes_as_numpy(void **state)
{
    (void)state;
    static const char *const names[] = { "f4.npy", "u1.npy", "i4.npy", "i8.npy", "bool.npy", "scalar.npy", "empty.npy", "f2.npy" };
    weir_ctx *c = open_ctx();
    const char *folder = make_folder(), *path = in_folder(folder, "a.npy");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        weir__array a = read_fixture(c, names[i]);
        assert_int_equal(weir__npy_write(c, path, &a), WEIR_OK);
        size_t n, m;
        unsigned char *ours = load_exact(path, &n), *numpys = load_exact(fixture(names[i]), &m);
        assert_int_equal(n, m);
        assert_memory_equal(ours, numpys, n);
        free(ours);
        free(numpys);
        weir__array_free(c, &a);
    }
    weir__array b = { .dtype = WEIR_BF16, .ndim = 0, .data = &(uint16_t){ 0 } };
    assert_int_equal(weir__npy_write(c, path, &b), WEIR_ERROR_DTYPE);
    char message[1100];
    snprintf(message, sizeof message, "%s: npy has no bf16: expected f16, f32 or f64", path);
    expect(c, WEIR_ERROR_DTYPE, message);
    remove_folder(folder);
    close_ctx(c);
}

static void refuses_fixtures(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    (void)read_fixture(c, "object.npy");
    expect(c, WEIR_ERROR_FORMAT, "object.npy: byte 20: expected numbers (pickled objects are not read), found \"'|O', 'fortr\"");
    (void)read_fixture(c, "struct.npy");
    expect(c, WEIR_ERROR_FORMAT, "struct.npy: byte 20: expected one element type (structured arrays are not read), found \"[('a', '<f4'\"");
    (void)read_fixture(c, "complex.npy");
    expect(c, WEIR_ERROR_FORMAT, "complex.npy: byte 20: expected an element type f2 f4 f8, i1..i8, u1..u8 or b1, found \"'<c8', 'fort\"");
    (void)read_fixture(c, "u8_beyond.npy");
    expect(c, WEIR_ERROR_DTYPE, "u8_beyond.npy: element 1: expected a u64 that fits i64 or f64 exactly, found 18446744073709551615");
    close_ctx(c);
}

/* Fields of one type are the columns of a table; every allocation fails in turn. */
static void fields_are_columns(void **state)
{
    (void)state;
    size_t size;
    unsigned char *file = load_exact(fixture("table.npy"), &size);
    weir_status status = WEIR_ERROR_MEMORY;
    for (int64_t left = 0; status == WEIR_ERROR_MEMORY; left++) {
        allocator a;
        weir_ctx *c = open_counted(&a);
        weir__array x;
        weir__npy_fields f = { 0 };
        a.left = left;
        status = weir__npy_read_table(c, "x", file, size, &x, &f);
        a.left = -1;
        if (status == WEIR_OK) {
            assert_true(x.ndim == 2 && x.shape[0] == 3 && x.shape[1] == 2 && x.dtype == WEIR_F32 && f.n == 2);
            assert_true(((float *)x.data)[1] == -2 && ((float *)x.data)[2] == 0.5f && ((float *)x.data)[5] == 8);
            assert_string_equal(f.names[0], "a");
            assert_string_equal(f.names[1], "it's b");
            assert_true(left > 3);
        } else assert_null(f.names);
        weir__npy_fields_free(c, &f);
        weir__array_free(c, &x);
        weir_clear(c);
        close_ctx(c);
    }
    assert_int_equal(status, WEIR_OK);
    free(file);
}

static void refuse_fields(const char *dict, size_t n, const char *message)
{
    unsigned char file[600] = "\x93NUMPY\x01";
    size_t d = strlen(dict);
    weir_ctx *c = open_ctx();
    weir__npy_fields f = { 0 };
    weir__array out;
    file[8] = (unsigned char)d;
    memcpy(file + 10, dict, d);
    (void)weir__npy_read_table(c, "x", file, 10 + d + n, &out, &f);
    expect(c, WEIR_ERROR_FORMAT, message);
    assert_null(f.names);
    close_ctx(c);
}

static void refuses_fields(void **state)
{
    (void)state;
    refuse_fields("{'descr': [('a', '<f4'), ('b', '<f8')], 'fortran_order': False, 'shape': (1,), }", 12, "x: byte 40: expected fields of one type, found \" '<f8')], 'f\"");
    refuse_fields("{'descr': [('a', '<f4', (2,))], 'fortran_order': False, 'shape': (1,), }", 8, "x: byte 32: expected ')', found \", (2,))], 'f\"");
    refuse_fields("{'descr': [('a\\'', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4, "x: byte 26: expected a plain name, found \"', '<f4')], \"");
    refuse_fields("{'descr': [], 'fortran_order': False, 'shape': (1,), }", 0, "x: byte 21: expected a field such as ('x', '<f4'), found \"], 'fortran_\"");
    refuse_fields("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1, 1), }", 4, "x: byte 78: expected a structured array of one axis, found \"\"");
    refuse_fields("{'descr': [('a', '<f4'), ('b', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4, "x: byte 90: expected 8 bytes of data, found 4");
}

/* A version 1.0 file with this dict and `n` zero bytes of data. */
static void refuse_dict(const char *dict, size_t n, weir_status status, const char *message)
{
    unsigned char file[600] = "\x93NUMPY\x01";
    size_t d = strlen(dict), size = 10 + d + n;
    allocator a;
    weir_ctx *c = open_counted(&a);
    file[8] = (unsigned char)d;
    memcpy(file + 10, dict, d);
    unsigned char *exact = malloc(size);
    memcpy(exact, file, size);
    a.largest = 0;
    weir__array out;
    assert_int_equal(weir__npy_read(c, "x", exact, size, &out), status);
    assert_true(a.largest < 4096);
    if (status == WEIR_OK) weir__array_free(c, &out);
    else expect(c, status, message);
    free(exact);
    close_ctx(c);
}

static void refuses_headers(void **state)
{
    (void)state;
    const weir_status bad = WEIR_ERROR_FORMAT;
    refuse_dict("{\"shape\":(1,), \"fortran_order\" : True,'descr':'=f8'}", 8, WEIR_OK, "");
    refuse_dict("{'descr': '<f8', 'fortran_order': False, 'shape': (2L, 1), }  \n", 16, WEIR_OK, "");
    refuse_dict("{'descr': '<f4', 'fortran_order': False, 'shape': (1152921504606846976,), }", 4, bad,
                "x: byte 85: expected a shape whose product fits 60 bits");
    refuse_dict("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4, 0), }", 0, bad,
                "x: byte 90: expected a shape whose product fits 60 bits");
    refuse_dict("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", 4, bad,
                "x: byte 79: expected an extent, found \"99,), }\"");
    refuse_dict("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000,), }", 4, bad,
                "x: byte 76: expected 4000000000 bytes of data, found 4");
    refuse_dict("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }", 5, bad, "x: byte 67: expected 4 bytes of data, found 5");
    refuse_dict("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", 4, bad, "x: byte 61: expected an extent, found \"-1,), }\"");
    refuse_dict("{'descr': '<f4', 'fortran_order': False, 'shape': (3), }", 12, bad, "x: byte 62: expected ',' in the shape, found \"), }\"");
    refuse_dict("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", 4, bad,
                "x: byte 77: expected a shape of at most 8 extents, found \"1), }\"");
    refuse_dict("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,), }", 4, bad, "x: byte 44: expected True or False, found \"0, 'shape': \"");
    refuse_dict("{'descr': '<f3', 'fortran_order': False, 'shape': (1,), }", 3, WEIR_ERROR_DTYPE,
                "x: elements of kind 'f', 3 bytes: expected f2 f4 f8, i1..i8, u1..u8 or b1");
    refuse_dict("{'descr': '<f4', 'shape': (1,), }", 4, bad, "x: byte 43: expected the keys descr, fortran_order and shape, found \"\"");
    refuse_dict("{'descr': '<f4', 'descr': '<f4'}", 4, bad,
                "x: byte 27: expected the keys descr, fortran_order and shape, each once, found \"'descr': '<f\"");
    refuse_dict("{'descr': '<f4', 'other': 1}", 4, bad,
                "x: byte 27: expected the keys descr, fortran_order and shape, each once, found \"'other': 1}\"");
    refuse_dict("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } x", 4, bad, "x: byte 68: expected the end of the header, found \"x\"");
    refuse_dict("{'descr': '|b1', 'fortran_order': False, 'shape': (0,), ", 0, bad, "x: byte 66: expected a quoted key, found \"\"");
    refuse_dict("", 0, bad, "x: byte 10: expected '{', found \"\"");
}

static void refuses_prefixes(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    weir__array a;
    (void)weir__npy_read(c, "x", "NUMPYNUMPY", 10, &a);
    expect(c, WEIR_ERROR_FORMAT, "x: byte 0: expected an npy header (\\x93NUMPY)");
    (void)weir__npy_read(c, "x", "\x93NUMPY\x04\x00\x00\x00", 10, &a);
    expect(c, WEIR_ERROR_FORMAT, "x: byte 6: expected npy version 1.0, 2.0 or 3.0, found 4.0");
    (void)weir__npy_read(c, "x", "\x93NUMPY\x02\x00\xff\xff\xff\xff", 12, &a);
    expect(c, WEIR_ERROR_FORMAT, "x: byte 12: ends early: expected a header of 4294967295 bytes");
    static const char nul[] = "\x93NUMPY\x01\x00\x39\x00{'descr': '<\0" "8', 'fortran_order': False, 'shape': (2,), }";
    (void)weir__npy_read(c, "x", nul, sizeof nul - 1, &a);
    expect(c, WEIR_ERROR_FORMAT, "x: byte 20: expected an element type f2 f4 f8, i1..i8, u1..u8 or b1, found \"'<?8', 'fort\"");
    static const char bools[] = "\x93NUMPY\x01\x00\x39\x00{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }\x01\x02";
    (void)weir__npy_read(c, "x", bools, sizeof bools - 1, &a);
    expect(c, WEIR_ERROR_FORMAT, "x: element 1: expected a boolean 0 or 1, found 2");
    weir_fail(c, WEIR_ERROR_SHAPE, "first");
    assert_int_equal(weir__npy_read(c, "x", "", 0, &a), WEIR_ERROR_SHAPE);
    assert_null(a.data);
    weir_clear(c);
    close_ctx(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_numpy),      cmocka_unit_test(writes_as_numpy),  cmocka_unit_test(refuses_fixtures),
        cmocka_unit_test(refuses_headers),  cmocka_unit_test(refuses_prefixes),
        cmocka_unit_test(fields_are_columns), cmocka_unit_test(refuses_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
