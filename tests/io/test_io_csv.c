/* CSV, and the numbers in it. */
#include "io_test.h"
#include <math.h>
#include <time.h>

static weir__csv read_text(weir_ctx *c, const char *text)
{
    size_t n = strlen(text);
    char *exact = malloc(n ? n : 1);
    weir__csv csv;
    memcpy(exact, text, n);
    (void)weir__csv_read(c, "t.csv", exact, n, NULL, &csv);
    free(exact);
    return csv;
}

static void accept(const char *text, int64_t rows, int64_t columns, const double *values, const char *const *header)
{
    weir_ctx *c = open_ctx();
    weir__csv csv = read_text(c, text);
    expect_ok(c);
    assert_int_equal(csv.rows, rows);
    assert_int_equal(csv.columns, columns);
    for (int64_t i = 0; i < rows * columns; i++) assert_true(csv.values[i] == values[i] || (isnan(csv.values[i]) && isnan(values[i])));
    assert_true((header != NULL) == (csv.header != NULL));
    for (int64_t i = 0; header && i < columns; i++) assert_string_equal(csv.header[i], header[i]);
    weir__csv_free(c, &csv);
    close_ctx(c);
}

static void accepts(void **state)
{
    (void)state;
    const double v[] = { 1, 2, 3, 4 }, special[] = { NAN, INFINITY, -INFINITY, -0.5 };
    const char *const ab[] = { "a", "b" }, *const odd[] = { "a, \"b\"", "two\nlines" }, *const gap[] = { "", "b" };
    accept("1,2\n3,4\n", 2, 2, v, NULL);
    accept("1,2\n3,4", 2, 2, v, NULL);
    accept("1;2\r\n3;4\r\n", 2, 2, v, NULL);
    accept("1\t2\n3\t4\r", 2, 2, v, NULL);
    accept("\xef\xbb\xbf" "a,b\n1,2\n3,4\n", 2, 2, v, ab);
    accept("# made by hand\n\n a , b \n# between\n 1 , 2 \n\n\"3\",\"4\" \n  \n", 2, 2, v, ab);
    accept("\"a, \"\"b\"\"\",\"two\nlines\"\n1,2\n3,4\n", 2, 2, v, odd);
    accept(",b\n1,2\n3,4\n", 2, 2, v, gap);
    accept("1\n2\n3\n4\n", 4, 1, v, NULL);
    accept("nan,inf\n-Infinity,-.5e+0\n", 2, 2, special, NULL);
    accept("+1,2.\n3e0,0.4E1\n", 2, 2, v, NULL);
    accept("1,2,3,4", 1, 4, v, NULL);
    accept("1 2\n3   4\n", 2, 2, v, NULL);
    accept(" 1  2 \r\n 3 4\n", 2, 2, v, NULL);
    accept("a b\n1 2\n3 4\n", 2, 2, v, ab);
    accept("1,0;2,\n3;4e0\n", 2, 2, v, NULL);
    accept("a\tb\n1,0\t2\n3\t4,0\n", 2, 2, v, ab);
    const char *const counted[] = { "0", "1" }, *const one[] = { "a b" };
    accept("0,1\n1.0,2\n3,4\n", 2, 2, v, counted);
    accept("0,1\n2,3\n", 2, 2, (const double[]){ 0, 1, 2, 3 }, NULL);
    accept("a b\n1\n2\n3\n4\n", 4, 1, v, one);
}

static void a_header_or_none_as_told(void **state)
{
    (void)state;
    static const char text[] = "0,1\n2.5,3\n";
    for (int told = WEIR__CSV_HEADER_AUTO; told <= WEIR__CSV_HEADER_NO; told++) {
        weir_ctx *c = open_ctx();
        weir__csv csv;
        weir__csv_form form = { .header = (weir__csv_header)told };
        assert_int_equal(weir__csv_read(c, "t.csv", text, strlen(text), &form, &csv), WEIR_OK);
        assert_int_equal(csv.rows, told == WEIR__CSV_HEADER_NO ? 2 : 1);
        assert_int_equal(csv.header != NULL, told != WEIR__CSV_HEADER_NO);
        weir__csv_free(c, &csv);
        close_ctx(c);
    }
}

static void refuse(const char *text, const char *message)
{
    weir_ctx *c = open_ctx();
    weir__csv csv = read_text(c, text);
    assert_null(csv.values);
    expect(c, WEIR_ERROR_FORMAT, message);
    close_ctx(c);
}

static void refuses(void **state)
{
    (void)state;
    refuse("", "t.csv: line 1: expected at least one line of numbers");
    refuse("# only\n\n", "t.csv: line 3: expected at least one line of numbers");
    refuse("a,b\n", "t.csv: line 2: expected lines of numbers under the header");
    refuse("1,2\n3,x\n", "t.csv: line 2, column 2: expected a number (label= or skip= takes a column of words), found \"x\"");
    refuse("a,b\n# c\n\n1,2\r\n3,4 5\n", "t.csv: line 5, column 2: expected a number, found \"4 5\"");
    refuse("1,2,x\n", "t.csv: line 1, column 3: expected a number (label= or skip= takes a column of words), found \"x\"");
    refuse("1,2\n3,\n", "t.csv: line 2, column 2: expected a number (na=drop leaves such lines out), found an empty field");
    refuse("1,2\n3\n", "t.csv: line 2: expected 2 columns, found 1");
    refuse("1,2\n3,4,5\n", "t.csv: line 2: expected 2 columns, found more than 2");
    refuse("1,2\n\"3,4\n", "t.csv: line 2, column 1: expected a closing '\"', found \"3,4?\"");
    refuse("1,2\n\"3\"4,5\n", "t.csv: line 2, column 1: expected a delimiter after '\"', found \"4\"");
    refuse("\"a\nb\",c\n1,x\n", "t.csv: line 3, column 2: expected a number (label= or skip= takes a column of words), found \"x\"");
    refuse("1,2\n0x10,3\n", "t.csv: line 2, column 1: expected a number, found \"0x10\"");
    refuse("1,2\n1e,3\n", "t.csv: line 2, column 1: expected a number, found \"1e\"");
    refuse("1,2\n.,3\n", "t.csv: line 2, column 1: expected a number, found \".\"");
    refuse("1,2\n--1,3\n", "t.csv: line 2, column 1: expected a number, found \"--1\"");
    refuse("1,2\n\xff\x01zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz,3\n",
           "t.csv: line 2, column 1: expected a number, found \"??zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz...\"");
    refuse("a;b\n1,5;2\n1.5;2\n", "t.csv: line 3, column 1: expected a number, found \"1.5\"");
    refuse("a;b\n1.234,5;2\n", "t.csv: line 2, column 1: expected a number, found \"1.234,5\"");
    refuse("a\n0,35\n", "t.csv: line 2: expected 1 column, found more than 1 (decimal commas are read where ; or tabs part columns)");
    refuse("1 2\n3\n", "t.csv: line 2: expected 2 columns, found 1");
    refuse("\xff\xfe" "1", "t.csv: byte 0: expected UTF-8, found UTF-16");
}

/* One column may hold words: all of its fields are words when one is no number. */
static void words_of(const char *text, const char *column, int64_t n, const char *const *words)
{
    weir_ctx *c = open_ctx();
    weir__csv csv;
    assert_int_equal(weir__csv_read(c, "t.csv", text, strlen(text), &(weir__csv_form){ .word_column = column }, &csv), WEIR_OK);
    assert_int_equal(csv.words.n, n);
    for (int64_t i = 0; i < n; i++) assert_string_equal(csv.words.at[i], words[i]);
    weir__csv_free(c, &csv);
    close_ctx(c);
}

static void refuse_words(const char *text, const char *column, const char *message)
{
    weir_ctx *c = open_ctx();
    weir__csv csv;
    (void)weir__csv_read(c, "t.csv", text, strlen(text), &(weir__csv_form){ .word_column = column }, &csv);
    assert_null(csv.values);
    expect(c, WEIR_ERROR_FORMAT, message);
    close_ctx(c);
}

static void a_column_of_words(void **state)
{
    (void)state;
    const char *const ab[] = { "x", "y" }, *const mixed[] = { "1", "a, \"b\"" };
    words_of("a,b\n1,x\n2,y\n", "b", 2, ab);
    words_of("a,b\n1, x \n2,\"y\"\n", "2", 2, ab);
    words_of("1,x\n2,y\n", "2", 2, ab);
    words_of("1,1\n2,\"a, \"\"b\"\"\"\n", "2", 2, mixed);
    words_of("k\nx\ny\n", "1", 2, ab);
    words_of("a,b\n1,3\n2,4\n", "b", 0, NULL); /* numbers */
    words_of("a,b\n1,3\n2,4\n", "c", 0, NULL); /* not there */
}

static void bad_words(void **state)
{
    (void)state;
    refuse_words("a,b\n1,x\n2,\n", "b", "t.csv: line 3, column 2: expected a number or a word without NUL bytes, found an empty field");
    refuse_words("a,b\n1,x\nz,y\n", "b", "t.csv: line 3, column 1: expected a number (label= or skip= takes a column of words), found \"z\"");
    refuse_words("a,b\n1,x\n2,y\n", "a", "t.csv: line 2, column 2: expected a number (label= or skip= takes a column of words), found \"x\"");
    refuse_words("a,b\n1,x\n2,y\n", "3", "t.csv: line 2, column 2: expected a number (label= or skip= takes a column of words), found \"x\"");
}

/* A million delimiters on one line and a million lines must not be multiplied. */
static void refuses_before_allocating(void **state)
{
    (void)state;
    enum { N = 1 << 20 };
    allocator a;
    weir_ctx *c = open_counted(&a);
    char *text = malloc(2 * N);
    weir__csv csv;
    memset(text, ',', N);
    memset(text + N, '\n', N);
    memcpy(text, "1", 1);
    assert_int_equal(weir__csv_read(c, "t.csv", text, 2 * N, NULL, &csv), WEIR_ERROR_FORMAT);
    assert_true(a.largest < 100 * N);
    expect(c, WEIR_ERROR_FORMAT, "t.csv: line 1, column 2: expected a number (na=drop leaves such lines out), found an empty field");
    free(text);
    close_ctx(c);
}

static void number(const char *text)
{
    double ours, theirs = strtod(text, NULL);
    assert_true(weir__parse_number(text, strlen(text), &ours));
    if (memcmp(&ours, &theirs, sizeof ours) != 0) fail_msg("%s: %a, expected %a", text, ours, theirs);
}

static void numbers_are_correctly_rounded(void **state)
{
    (void)state;
    static const char *const hard[] = { "0", "-0", "0.0e99", "9007199254740993", "9007199254740992", "9007199254740995", "18446744073709551615",
        "9999999999999999999", "1e22", "1e23", "1e27", "1e28", "123456789012345678e-27", "1e-27", "1e-28", "4.9e-324", "2.2250738585072011e-308", "1e400",
        "1e-400", "1.7976931348623157e308", "0.1", "0.30000000000000004", "000000000000000000000000001.5", "1.00000000000000000000000000000000001",
        "1000000000000000000000000000000000000", "9007199254740993e-20", "4503599627370496.5", "4503599627370497.5", "1e999999999999", "1e-999999999999" };
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) number(hard[i]);
    uint64_t key = 7;
    for (uint64_t i = 0; i < 300000; i++) {
        uint64_t bits = weir__hash_mix(key, i);
        char text[64];
        double d;
        memcpy(&d, &bits, sizeof d);
        if (isfinite(d)) snprintf(text, sizeof text, "%.17g", d), number(text);
        snprintf(text, sizeof text, "%.17g", (double)(int64_t)bits / 9e18), number(text);
        snprintf(text, sizeof text, "%llue%d", (unsigned long long)(bits >> (i % 40)), (int)(i % 60) - 30), number(text);
    }
}

/* Doubles, and the points half-way between two, printed in full: where rounding is hardest. */
static void halfway_points(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t m = ((uint64_t)1 << 53 | weir__hash_mix(3, i) >> 11) * 2 + 1;
        char text[64];
        snprintf(text, sizeof text, "%llu", (unsigned long long)m);
        number(text);
        snprintf(text, sizeof text, "%llu", (unsigned long long)(m + 1));
        number(text);
        snprintf(text, sizeof text, "%llu.%d", (unsigned long long)(m >> 3), (int)(m & 1) * 5); /* x.5 with 52 bits before */
        number(text);
    }
}

static void formats_round_trip(void **state)
{
    (void)state;
    char text[WEIR__REAL_TEXT];
    assert_int_equal(weir__format_f64(0.1, text), 3);
    assert_string_equal(text, "0.1");
    weir__format_f32(0.1f, text);
    assert_string_equal(text, "0.1");
    weir__format_f64(-HUGE_VAL, text);
    assert_string_equal(text, "-inf");
    weir__format_f64(-NAN, text);
    assert_string_equal(text, "nan");
    for (uint64_t i = 0; i < 100000; i++) {
        uint64_t bits = weir__hash_mix(11, i);
        double d, back;
        float f;
        memcpy(&d, &bits, sizeof d);
        memcpy(&f, &bits, sizeof f);
        if (!isfinite(d) || !isfinite(f)) continue;
        assert_true(weir__parse_number(text, (size_t)weir__format_f64(d, text), &back) && back == d);
        weir__format_f32(f, text);
        assert_true(strtof(text, NULL) == f);
    }
}

static void writes(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    const char *folder = make_folder(), *path = in_folder(folder, "a.csv");
    const char *const header[] = { "plain", "a \"b\", c" };
    double d[] = { 0.1, NAN, -1e300, 3 };
    weir__array a = { .dtype = WEIR_F64, .ndim = 2, .shape = { 2, 2 }, .data = d };
    assert_int_equal(weir__csv_write(c, path, &a, header), WEIR_OK);
    size_t n;
    unsigned char *text = load_exact(path, &n);
    static const char expected[] = "plain,\"a \"\"b\"\", c\"\n0.1,nan\n-1e+300,3\n";
    assert_int_equal(n, sizeof expected - 1);
    assert_memory_equal(text, expected, n);
    weir__csv csv;
    assert_int_equal(weir__csv_read(c, path, text, n, NULL, &csv), WEIR_OK);
    assert_string_equal(csv.header[1], header[1]);
    assert_true(csv.values[2] == d[2]);
    weir__csv_free(c, &csv);
    free(text);
    const struct { weir_dtype dtype; const void *data; const char *text; } kinds[] = {
        { WEIR_F32, &(float){ 0.1f }, "0.1\n" }, { WEIR_I64, &(int64_t){ INT64_MIN }, "-9223372036854775808\n" }, { WEIR_I32, &(int32_t){ -5 }, "-5\n" },
        { WEIR_U8, &(uint8_t){ 255 }, "255\n" }, { WEIR_BOOL, &(uint8_t){ 1 }, "1\n" }, { WEIR_BF16, &(uint16_t){ 0x3fc0 }, "1.5\n" }, { WEIR_F16, &(uint16_t){ 0x3e00 }, "1.5\n" },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        weir__array one = { .dtype = kinds[i].dtype, .ndim = 1, .shape = { 1 }, .data = (void *)(uintptr_t)kinds[i].data };
        assert_int_equal(weir__csv_write(c, path, &one, NULL), WEIR_OK);
        text = load_exact(path, &n);
        assert_int_equal(n, strlen(kinds[i].text));
        assert_memory_equal(text, kinds[i].text, n);
        free(text);
    }
    a.ndim = 3;
    assert_int_equal(weir__csv_write(c, "a.csv", &a, NULL), WEIR_ERROR_SHAPE);
    expect(c, WEIR_ERROR_SHAPE, "a.csv: rank 3: expected an array of rank 1 or 2 for CSV");
    remove_folder(folder);
    close_ctx(c);
}

/* Wide enough to hold under a sanitizer; the plain build reads 1e7 values in about a second. */
static void reads_fast(void **state)
{
    (void)state;
    enum { N = 1000000 };
    char *text = malloc((size_t)N * 20);
    size_t n = 0;
    for (uint64_t i = 0; i < N; i++) {
        n += (size_t)snprintf(text + n, 24, "%.15g", (double)(weir__hash_mix(1, i) >> 11) / 9e15);
        text[n++] = i % 10 == 9 ? '\n' : ',';
    }
    weir_ctx *c = open_ctx();
    weir__csv csv;
    clock_t start = clock();
    assert_int_equal(weir__csv_read(c, "t.csv", text, n, NULL, &csv), WEIR_OK);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    print_message("%d values, %zu bytes: %.3f s\n", N, n, seconds);
    assert_true(seconds < 5);
    weir__csv_free(c, &csv);
    free(text);
    close_ctx(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),          cmocka_unit_test(refuses), cmocka_unit_test(a_header_or_none_as_told),           cmocka_unit_test(refuses_before_allocating),
        cmocka_unit_test(numbers_are_correctly_rounded), cmocka_unit_test(halfway_points), cmocka_unit_test(formats_round_trip),
        cmocka_unit_test(writes),           cmocka_unit_test(reads_fast),        cmocka_unit_test(a_column_of_words),
        cmocka_unit_test(bad_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
