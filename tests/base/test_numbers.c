/* Decimal numbers and text: the shortest that reads back, against the C library digit by digit; and neither heeds a locale. */
#define _GNU_SOURCE
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include "test.h"
#include "comma.h"
#include "base/base.h"

static double of_bits(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static float float_of_bits(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Significant digits of a text. */
static int digits_of(const char *text)
{
    int n = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (n == 0 && *text == '0')) continue;
        zeros = *text == '0' ? zeros + 1 : 0;
        n++;
    }
    return n - zeros;
}

/* Whether the decimal of so many digits below, at or above v reads back, by the C library. */
static bool reads_back_with(double v, bool is_float, int digits)
{
    char text[64], near[64];
    snprintf(text, sizeof text, "%.*e", digits - 1, v);
    long long whole = 0;
    for (char *p = text; *p != 'e'; p++)
        if (*p != '.' && *p != '-') whole = whole * 10 + (*p - '0');
    for (int step = -1; step <= 1; step++) {
        snprintf(near, sizeof near, "%s%llde%d", v < 0 ? "-" : "", whole + step, atoi(strchr(text, 'e') + 1) - (digits - 1));
        if (is_float ? strtof(near, NULL) == (float)v : strtod(near, NULL) == v) return true;
    }
    return false;
}

static void check_f64(double v)
{
    char text[WEIR__REAL_TEXT], theirs[64];
    double back;
    int n = weir__format_f64(v, text), digits = digits_of(text);
    assert_int_equal(n, strlen(text));
    if (digits > 17 || strtod(text, NULL) != v || !weir__parse_number(text, (size_t)n, &back) || memcmp(&back, &v, sizeof v) != 0) fail_msg("%a: \"%s\" reads back otherwise", v, text);
    if (digits > 1 && reads_back_with(v, false, digits - 1)) fail_msg("%a: \"%s\": expected fewer digits", v, text);
    snprintf(theirs, sizeof theirs, "%.*g", digits < 15 ? 15 : digits, v);
    if (fabs(v) >= DBL_MIN && (digits <= 15 || digits == 17) && strcmp(text, theirs) != 0) fail_msg("%a: \"%s\": expected \"%s\"", v, text, theirs);
    weir__format_option(v, text);
    assert_true(strtod(text, NULL) == v && digits_of(text) == digits);
}

static void check_f32(float v)
{
    char text[WEIR__REAL_TEXT];
    double back;
    int n = weir__format_f32(v, text), digits = digits_of(text);
    if (strtof(text, NULL) != v || !weir__parse_number(text, (size_t)n, &back) || (float)back != v) fail_msg("%a: \"%s\" reads back otherwise", (double)v, text);
    if (digits > 1 && reads_back_with((double)v, true, digits - 1)) fail_msg("%a: \"%s\": expected fewer digits", (double)v, text);
}

static void the_shortest_that_reads_back(void **state)
{
    (void)state;
    for (int e = -1074; e < 1024; e++)
        for (int side = -1; side <= 1; side++) check_f64(side < 0 ? nextafter(ldexp(1, e), 0) : side ? nextafter(ldexp(1, e), INFINITY) : ldexp(-1, e));
    for (int e = -149; e < 128; e++)
        for (int side = -1; side <= 1; side++) check_f32(side < 0 ? nextafterf(ldexpf(1, e), 0) : side ? nextafterf(ldexpf(1, e), INFINITY) : ldexpf(-1, e));
    for (int e = -323; e <= 308; e++) {
        char text[16];
        snprintf(text, sizeof text, "1e%d", e);
        check_f64(strtod(text, NULL));
        check_f64(nextafter(strtod(text, NULL), 0));
        check_f32((float)strtod(text, NULL));
        for (int digits = 1; digits < 17; digits++) check_f64(strtod(text, NULL) * (1 - 0.3 * pow(10, -digits))); /* where digits carry */
    }
    for (uint64_t i = 0; i < 40000; i++) {
        uint64_t r = weir__hash_mix(1, i);
        double any = of_bits(r);
        float any_float = float_of_bits((uint32_t)r);
        if (isfinite(any)) check_f64(any);
        if (isfinite(any_float)) check_f32(any_float);
        check_f64((double)(int64_t)r / 9e15);
        check_f64((double)(r % 1000003) / pow(10, (double)(r % 9)));
        check_f32((float)(r % 1000003) / 1024);
        check_f32((float)(int64_t)r * 1e-12f);
    }
}

static void assert_text(double v, const char *f64, const char *f32, const char *option)
{
    char text[WEIR__REAL_TEXT];
    assert_int_equal(weir__format_f64(v, text), strlen(f64));
    assert_string_equal(text, f64);
    weir__format_f32((float)v, text);
    assert_string_equal(text, f32);
    weir__format_option(v, text);
    assert_string_equal(text, option);
}

static void layout(void **state)
{
    (void)state;
    assert_text(0, "0", "0", "0");
    assert_text(-0.0, "-0", "-0", "-0");
    assert_text(0.1, "0.1", "0.1", "0.1");
    assert_text(-12.5, "-12.5", "-12.5", "-12.5");
    assert_text(100, "100", "100", "100");
    assert_text(1e6, "1000000", "1e+06", "1e+06");
    assert_text(1234567, "1234567", "1234567", "1234567");
    assert_text(1e15, "1e+15", "1e+15", "1e+15");
    assert_text(1e-4, "0.0001", "0.0001", "0.0001");
    assert_text(1.5e-5, "1.5e-05", "1.5e-05", "1.5e-05");
    assert_text(2.5e-300, "2.5e-300", "0", "2.5e-300");
    assert_text(NAN, "nan", "nan", "nan");
    assert_text(-NAN, "nan", "nan", "nan");
    assert_text(-INFINITY, "-inf", "-inf", "-inf");
    assert_text(5e-324, "5e-324", "0", "5e-324");             /* not 4.94065645841247e-324 */
    assert_text(0.1 + 0.2, "0.30000000000000004", "0.3", "0.30000000000000004");
    assert_text(ldexp(1, -44), "5.684341886080802e-14", "5.684342e-14", "5.684341886080802e-14"); /* 17 digits are nearer, 16 suffice */
}

static void assert_parse(const char *text, double expected)
{
    double v;
    if (!weir__parse_number(text, strlen(text), &v)) fail_msg("\"%s\": expected a number", text);
    if (v != expected && !(isnan(v) && isnan(expected))) fail_msg("\"%s\": %a, expected %a", text, v, expected);
}

static void parses(void **state)
{
    (void)state;
    assert_parse("nan", NAN);
    assert_parse("-NaN", NAN);
    assert_parse("+Infinity", INFINITY);
    assert_parse("-INF", -INFINITY);
    assert_parse("1e400", INFINITY);
    assert_parse("1e999999999999999999", INFINITY);
    assert_parse("-1e-999999999999999999", 0);
    assert_parse("000000000000000000000000000000.5", 0.5);
    assert_parse("2.4703282292062327208e-324", 0);      /* just below half of the least double */
    assert_parse("2.4703282292062328e-324", 5e-324);    /* just above it */
    assert_parse("9007199254740993", 9007199254740992); /* halfway: to even */
    assert_parse("9007199254740993.00000000000000000000000000000000000000001", 9007199254740994);
    char *text = malloc(5001);
    memset(text, '0', 5000);
    memcpy(text, "9007199254740993.", 17);
    text[4999] = '1', text[5000] = 0; /* a digit far behind decides */
    assert_parse(text, 9007199254740994);
    text[4999] = '0';
    assert_parse(text, 9007199254740992);
    memset(text, '0', 5000);
    text[1] = '.', memcpy(text + 4000, "125e3998", 9); /* 0.000..0125e3998 with 3998 zeros */
    assert_parse(text, 0.125);
    memset(text, '7', 5000), memcpy(text + 4994, "e-4993", 7);
    assert_parse(text, 7.777777777777777777777);
    free(text);
    const char *const bad[] = { "", "+", "-", ".", "e5", "1e", "1e+", "--1", "1 ", " 1", "1,5", "0x10", "infinit", "nan(1)", "in", "1_0", "\xd9\xab" "5", "1\xd9\xab" "5" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double v;
        if (weir__parse_number(bad[i], strlen(bad[i]), &v)) fail_msg("\"%s\": expected no number, got %g", bad[i], v);
    }
}

static void integers(void **state)
{
    (void)state;
    static const struct { const char *text; int64_t v; } good[] = {
        { "0", 0 }, { "-0", 0 }, { "+7", 7 }, { "9223372036854775807", INT64_MAX }, { "-9223372036854775808", INT64_MIN }, { "1e4", 10000 },
        { "-2.5e1", -25 }, { "0000000000000000000000012", 12 },
    };
    static const char *const bad[] = { "", "-", "+-1", "1.5", "9223372036854775808", "-9223372036854775809", "1e30", "nan", "0x1", " 1", "1 ", "1.000", "1,000" };
    int64_t v;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        if (!weir__parse_int(good[i].text, &v)) fail_msg("\"%s\": expected an integer", good[i].text);
        assert_true(v == good[i].v);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (weir__parse_int(bad[i], &v) && strcmp(bad[i], "1.000") != 0) fail_msg("\"%s\": expected no integer, got %" PRId64, bad[i], v);
}

/* -- locales ---------------------------------------------------------------------------------------------------------------- */
static void say_number(weir_ctx *c)
{
    char text[WEIR__REAL_TEXT], longer[96], *end;
    size_t used = 0;
    double v;
    weir__format(longer, sizeof longer, "%.2f %g %a %'d", 1234567.5, 0.5, 0.75, 1234567);
    assert_string_equal(longer, "1234567.50 0.5 0x1.8p-1 1234567");
    weir__append(longer, sizeof longer, &used, "%.1e", 12.5);
    assert_string_equal(longer, "1.2e+01");
    weir__format_f64(0.25, text);
    assert_string_equal(text, "0.25");
    weir__format_f64(2.5e-300, text); /* by the C library */
    assert_string_equal(text, "2.5e-300");
    assert_parse("1.5e-300", 1.5e-300);
    assert_parse("0.5", 0.5);
    assert_true(weir__strtod("0.5", &end) == 0.5 && *end == 0);
    assert_false(weir__parse_number("1,5", 3, &v));
    assert_false(weir__parse_number("1\xd9\xab" "5", 4, &v));
    weir_fail(c, WEIR_ERROR_RANGE, "x: %g: expected less", 0.5);
    assert_string_equal(weir_message(c), "x: 0.5: expected less");
    weir_clear(c);
    assert_string_equal(weir__error_text(ENOENT), "No such file or directory");
}

static void locales_change_nothing(void **state)
{
    say_number(*state);
    if (!locale_make()) skip();
    for (int i = 0; i < LOCALES; i++) {
        locale_enter(locale_names[i]);
        say_number(*state);
        assert_true(strtod("0.5", NULL) == 0); /* the host's own is as it was */
        locale_leave();
    }
}

static atomic_bool enough;

static void *change_locales(void *user)
{
    for (int i = 0; !atomic_load(&enough); i++) setlocale(LC_ALL, i % 3 < 2 ? locale_names[i % 3] : "C");
    return user;
}

/* setlocale is of the process: another thread may call it at any time. */
static void locales_may_change_meanwhile(void **state)
{
    if (!locale_make()) skip();
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, change_locales, NULL), 0);
    for (int i = 0; i < 20000; i++) say_number(*state);
    atomic_store(&enough, true);
    pthread_join(other, NULL);
    locale_leave();
}

/* A program may have set a locale for one thread alone: it has it back after every call. */
static void a_thread_keeps_its_own(void **state)
{
    if (!locale_make()) skip();
    locale_enter(locale_names[0]);
    locale_t comma = duplocale(LC_GLOBAL_LOCALE);
    locale_leave();
    assert_true(comma != (locale_t)0);
    locale_t before = uselocale(comma);
    say_number(*state);
    assert_true(uselocale((locale_t)0) == comma);
    char text[8];
    snprintf(text, sizeof text, "%.1f", 0.5);
    assert_string_equal(text, "0,5");
    uselocale(before);
    freelocale(comma);
}

int main(void)
{
    CASES(CASE(the_shortest_that_reads_back), CASE(layout), CASE(parses), CASE(integers), CASE(locales_change_nothing), CASE(locales_may_change_meanwhile),
          CASE(a_thread_keeps_its_own));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
