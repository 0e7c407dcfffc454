/* JSON read and written by us, against jansson's own in the C locale; and the same under other locales. */
#include "io_test.h"
#include <math.h>
#include "comma.h"

static uint64_t draws;
static uint64_t draw(uint64_t below) { return (weir__hash_mix(7, draws++) >> 20) % below; }

static json_t *random_text(void)
{
    static const char *const words[] = { "", "a", "0.5", "1e5,", "\"q\"", "back\\slash\\", "line\nbreak\t\r\b\f", "\x01\x1f\x7f", "\xc3\xa9 \xe2\x88\x92", "[1.5]", "/" };
    return json_string(words[draw(sizeof words / sizeof *words)]);
}

static json_t *random_real(void)
{
    static const double some[] = { 0, -0.0, 1, 0.1, -2.5e-300, 1e20, 1e-5, 123456789.25, 5e-324, 1.7976931348623157e308, 0.30000000000000004, -1e15 };
    return json_real(draw(2) ? some[draw(sizeof some / sizeof *some)] : (double)draw(1u << 30) / 977);
}

static json_t *random_value(int depth)
{
    json_t *v;
    switch (draw(depth ? 8 : 2)) {
    case 0:
        v = json_object();
        for (uint64_t n = draw(5), i = 0; i < n; i++) {
            char key[24];
            snprintf(key, sizeof key, i % 2 ? "k%d" : "\"%d.5\\", (int)i);
            json_object_set_new(v, key, depth < 4 ? random_value(depth + 1) : random_real());
        }
        return v;
    case 1:
        v = json_array();
        for (uint64_t n = draw(5), i = 0; i < n; i++) json_array_append_new(v, depth < 4 ? random_value(depth + 1) : random_real());
        return v;
    case 2: return random_text();
    case 3: return json_integer((json_int_t)draw(1u << 20) - (1 << 19));
    case 4: return draw(2) ? json_boolean(draw(2)) : json_null();
    default: return random_real();
    }
}

static const size_t layouts[] = { JSON_COMPACT, 0, JSON_INDENT(2), JSON_INDENT(4) | JSON_COMPACT };

/* `text`, read and written in every layout, is `expected`. */
static void same_texts(weir_ctx *c, const json_t *v, char *const expected[4])
{
    for (int i = 0; i < 4; i++) {
        json_error_t why;
        char *text = weir__json_text(v, layouts[i] | JSON_REAL_PRECISION(17));
        assert_string_equal(text, expected[i]);
        weir__json_text_free(text);
        json_t *back = weir__json_parse(c, expected[i], strlen(expected[i]), &why);
        if (!back || !json_equal(back, v)) fail_msg("%s: %s", expected[i], back ? "reads back otherwise" : why.text);
        json_decref(back);
        text = weir__json_text(v, layouts[i]); /* the fewest digits */
        back = weir__json_parse(c, text, strlen(text), &why);
        assert_true(back && json_equal(back, v) && strlen(text) <= strlen(expected[i]));
        json_decref(back);
        weir__json_text_free(text);
    }
}

static void as_jansson_does(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    bool locales = locale_make();
    for (int round = 0; round < 300; round++) {
        json_t *v = random_value(0);
        char *expected[4];
        for (int i = 0; i < 4; i++) expected[i] = json_dumps(v, layouts[i] | JSON_REAL_PRECISION(17));
        same_texts(c, v, expected);
        for (int i = 0; locales && i < LOCALES; i++) {
            locale_enter(locale_names[i]);
            same_texts(c, v, expected);
            locale_leave();
        }
        for (int i = 0; i < 4; i++) free(expected[i]);
        json_decref(v);
    }
    expect_ok(c);
    close_ctx(c);
}

/* Texts with a byte changed, lost or doubled: read by both, to the same, or refused by both at the same place. */
static void refuses_what_jansson_refuses(void **state)
{
    (void)state;
    static const char whole[] = "{\"a\": [1.5, -2e3, 0.25e-1, {\"b\\\"\": 1, \"1.5\": -0.0}],\n\"c\": 12345678901234567890123.5, \"d\": \"x,1.5\"}";
    static const char bytes[] = " \"\\{}[],:.eE+-0159x\n";
    weir_ctx *c = open_ctx();
    int read = 0, refused = 0;
    for (size_t at = 0; at < sizeof whole - 1; at++)
        for (size_t b = 0; b < sizeof bytes + 1; b++) {
            char text[sizeof whole + 1];
            memcpy(text, whole, sizeof whole);
            if (b < sizeof bytes - 1) text[at] = bytes[b];
            else if (b == sizeof bytes - 1) memmove(text + at, whole + at + 1, sizeof whole - at - 1);
            else memmove(text + at + 1, whole + at, sizeof whole - at);
            json_error_t ours, theirs;
            json_t *x = weir__json_parse(c, text, strlen(text), &ours), *y = json_loadb(text, strlen(text), JSON_REJECT_DUPLICATES, &theirs);
            if (!x != !y || (x && !json_equal(x, y))) fail_msg("%s: %s", text, x ? "read" : ours.text);
            bool overflow = !y && json_error_code(&theirs) == json_error_numeric_overflow; /* told by us once the rest is whole */
            if (!x && !overflow && (ours.line != theirs.line || json_error_code(&ours) != json_error_code(&theirs))) fail_msg("%s: %s: expected %s", text, ours.text, theirs.text);
            read += x != NULL, refused += x == NULL;
            json_decref(x);
            json_decref(y);
        }
    assert_true(read > 500 && refused > 500);
    expect_ok(c);
    close_ctx(c);
}

static void refuse(weir_ctx *c, const char *text, const char *message)
{
    assert_null(weir__json_read(c, "c.json", text, strlen(text)));
    expect(c, WEIR_ERROR_FORMAT, message);
}

static void numbers(void **state)
{
    (void)state;
    weir_ctx *c = open_ctx();
    refuse(c, "[1,\n 2, 1e999, 3]", "c.json: line 2, column 9: expected JSON: real number overflow near '1e999'");
    refuse(c, "[0,5.]", "c.json: line 1, column 5: expected JSON: invalid token near '5.'");
    refuse(c, "[123456789012345678901]", "c.json: line 1, column 22: expected JSON: too big integer");
    json_t *v = json_pack("[f, f]", 1.0, 0.1);
    json_array_append_new(v, json_integer(3));
    char *text = weir__json_text(v, JSON_COMPACT);
    assert_string_equal(text, "[1.0,0.1,3]");
    weir__json_text_free(text);
    json_decref(v);
    close_ctx(c);
}

/* No memory of the context's for the copy, and none of jansson's for a real: the status of memory, and nothing left behind. */
static int64_t left_of_jansson;
static void *take(size_t bytes) { return left_of_jansson-- > 0 ? malloc(bytes) : NULL; }

static void memory_may_end(void **state)
{
    (void)state;
    static const char text[] = "[0.5, {\"a\": 0.25, \"b\": [1, 2.5]}]";
    allocator a;
    weir_ctx *c = open_counted(&a);
    a.left = 0;
    assert_null(weir__json_read(c, "c.json", text, sizeof text - 1));
    assert_int_equal(weir_status_of(c), WEIR_ERROR_MEMORY);
    weir_clear(c);
    a.left = -1;
    json_set_alloc_funcs(take, free);
    int refused = 0;
    for (int64_t n = 0;; n++) {
        left_of_jansson = n;
        json_t *v = weir__json_read(c, "c.json", text, sizeof text - 1);
        if (v) {
            json_decref(v);
            break;
        }
        if (weir_status_of(c) != WEIR_ERROR_MEMORY) fail_msg("allocation %d: %s", (int)n, weir_message(c));
        weir_clear(c);
        refused++;
    }
    json_set_alloc_funcs(malloc, free);
    assert_true(refused > 5);
    close_ctx(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_jansson_does), cmocka_unit_test(refuses_what_jansson_refuses), cmocka_unit_test(numbers), cmocka_unit_test(memory_may_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
