/* Text on its way into a page: escaping, base64, numbers. */
#define _GNU_SOURCE
#include "plot_test.h"
#include "comma.h"

static void assert_text(weir_ctx *c, const char *in, const char *out)
{
    weir__page p = { .c = c };
    weir__put_text(&p, in);
    weir__put(&p, ".");
    assert_int_equal(p.n, (int64_t)strlen(out) + 1);
    assert_memory_equal(p.at, out, strlen(out));
    weir__free(c, p.at);
}

static void escaping(void **state)
{
    assert_text(*state, "a < b && c > \"d\" 'e'", "a &lt; b &amp;&amp; c &gt; &quot;d&quot; &#39;e&#39;");
    assert_text(*state, "\u00b5 \u2212 \U0001f600\n", "\u00b5 \u2212 \U0001f600\n");
    assert_text(*state, NULL, "");
    assert_text(*state, "\x01\x7f", "\ufffd\ufffd");
    assert_text(*state, "\xc0\x80", "\ufffd\ufffd");          /* over-long 0 */
    assert_text(*state, "\xe0\x82\xa9", "\ufffd\ufffd\ufffd"); /* over-long copyright sign */
    assert_text(*state, "\xed\xa0\x80", "\ufffd\ufffd\ufffd"); /* a surrogate */
    assert_text(*state, "\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"); /* beyond Unicode */
    assert_text(*state, "\xe2\x88", "\ufffd\ufffd");          /* cut short */
}

static void base64(void **state) /* RFC 4648, section 10 */
{
    static const char *const vectors[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
                                              { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" }, { "\xff\xfe\xfd\xfc", "//79/A==" } };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        weir__page p = { .c = *state };
        weir__put_base64(&p, vectors[i][0], strlen(vectors[i][0]));
        assert_string_equal(p.at, vectors[i][1]);
        weir__free(*state, p.at);
    }
}

static void numbers(void **state)
{
    char b[WEIR__NUMBER];
    (void)state;
    assert_string_equal(weir__number(b, 1234, 0), "1234");
    assert_string_equal(weir__number(b, 12345, 0), "12\u202f345");
    assert_string_equal(weir__number(b, -1234567.891, 2), "\u22121\u202f234\u202f567.89");
    assert_string_equal(weir__number(b, -0.0001, 2), "0.00");
    assert_string_equal(weir__number(b, 0, 0), "0");
    assert_string_equal(weir__number(b, NAN, 3), "\u2013");
    assert_string_equal(weir__number(b, -INFINITY, 3), "\u2212\u221e");
    assert_string_equal(weir__number(b, 1e300, 1), "1.0e+300");
    assert_string_equal(weir__number(b, -1e-20, 30), "0.000000000000");
}

static void assert_at(weir_ctx *c, double v, const char *text)
{
    weir__page p = { .c = c };
    weir__put_at(&p, v);
    assert_string_equal(p.at, text);
    weir__free(c, p.at);
}

static void coordinates(void **state)
{
    assert_at(*state, 1.5, "1.5");
    assert_at(*state, 100, "100");
    assert_at(*state, -0.001, "0");
    assert_at(*state, NAN, "0");
    assert_at(*state, 2.0 / 3, "0.67");
    assert_at(*state, INFINITY, "0");
}

/* A host program's locale is not ours. */
static void locales(void **state)
{
    char b[WEIR__NUMBER];
    if (!locale_make()) skip();
    for (int i = 0; i < LOCALES; i++) {
        locale_enter(locale_names[i]);
        assert_string_equal(weir__number(b, 12.5, 1), "12.5");
        assert_at(*state, 12.5, "12.5");
        locale_leave();
    }
}

int main(void)
{
    CASES(CASE(escaping), CASE(base64), CASE(numbers), CASE(coordinates), CASE(locales));
    return cmocka_run_group_tests(cases, NULL, NULL);
}
