/* json_read.c - JSON read by jansson, its reals by us, for jansson's go through the locale.
 *
 * jansson sees every real cut to the integer in front of its point, with blanks for the
 * rest: 1.25e3 as "1     ", so that what it says of lines stays right. The tree it gives then holds
 * as many numbers as the text, in the same order (its objects keep theirs, and a key stands once):
 * one walk over both puts the reals in. */
#include <math.h>
#include <string.h>
#include "io/internal.h"

/* A number of the text: n bytes, `whole` of them in front of the point or the exponent; an integer
 * where the two are equal. */
typedef struct number {
    const char *text;
    size_t n, whole;
} number;

typedef struct numbers {
    const char *begin, *at, *end;
    json_error_t *error;
} numbers;

enum { WHOLE_MAX = 18 }; /* digits that a 64-bit integer always holds */

static const char *numbers_skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9') p++;
    return p;
}

/* Behind the text that begins with the quote at p. */
static const char *numbers_skip_text(const char *p, const char *end)
{
    for (p++; p < end && *p != '"'; p++) p += *p == '\\';
    return p < end ? p + 1 : end;
}

/* Behind ".5" or "e+5" at p, or p itself where that is none. */
static const char *numbers_skip_part(const char *p, const char *end, bool fraction)
{
    const char *digits = p + 1;
    if (p == end || (fraction ? *p != '.' : *p != 'e' && *p != 'E')) return p;
    if (!fraction && digits < end && (*digits == '+' || *digits == '-')) digits++;
    const char *last = numbers_skip_digits(digits, end);
    return last > digits ? last : p;
}

/* The number at p by JSON's grammar, as much of it as is one; n = 0: none. */
static number numbers_one(const char *p, const char *end)
{
    const char *first = p + (*p == '-');
    const char *whole = numbers_skip_digits(first, end);
    if (whole == first) return (number){ 0 };
    const char *last = numbers_skip_part(whole, end, true);
    if (last == whole && last < end && *last == '.')
        return (number){ p, (size_t)(whole - p), (size_t)(whole - p) };
    last = numbers_skip_part(last, end, false);
    return (number){ p, (size_t)(last - p), (size_t)(whole - p) };
}

/* The next one outside texts; n = 0: there is none. */
static number numbers_next(numbers *s)
{
    while (s->at < s->end) {
        number found = { 0 };
        if (*s->at == '"') {
            s->at = numbers_skip_text(s->at, s->end);
            continue;
        }
        found = numbers_one(s->at, s->end);
        s->at += found.n ? found.n : 1;
        if (found.n) return found;
    }
    return (number){ 0 };
}

static bool numbers_is_real(number x) { return x.whole < x.n; }

/* -- what jansson sees ------------------------------------------------------------------------- */
static bool numbers_any_real(const char *text, size_t n)
{
    numbers s = { text, text, text + n, NULL };
    number x;
    while ((x = numbers_next(&s)).n)
        if (numbers_is_real(x)) return true;
    return false;
}

static void numbers_blank(char *copy, const char *text, size_t n)
{
    numbers s = { text, text, text + n, NULL };
    number x;
    memcpy(copy, text, n);
    while ((x = numbers_next(&s)).n) {
        size_t keep = x.whole < WHOLE_MAX ? x.whole : WHOLE_MAX;
        if (numbers_is_real(x)) memset(copy + (x.text - text) + keep, ' ', x.n - keep);
    }
}

/* -- what it is given back --------------------------------------------------------------------- */
static json_t *numbers_refuse(numbers *s, number x)
{
    char quoted[WEIR__QUOTE];
    json_error_t *e = s->error;
    e->line = 1;
    e->column = 0;
    for (const char *p = s->begin; p < x.text + x.n; p++) {
        e->column++;
        if (*p != '\n') continue;
        e->line++;
        e->column = 0;
    }
    weir__format(e->text, sizeof e->text - 1, "real number overflow near '%s'",
                 weir__quote(x.text, x.n, quoted));
    return NULL;
}

/* The next number of the text, which v stands for: v once more or a real in its place; NULL: the
 * error is set. */
static json_t *numbers_take(numbers *s, json_t *v)
{
    double value;
    number x = numbers_next(s);
    if (!numbers_is_real(x)) return json_incref(v);
    if (!weir__parse_number(x.text, x.n, &value) || !isfinite(value)) return numbers_refuse(s, x);
    json_t *real = json_real(value);
    if (!real) *s->error->text = 0; /* no memory */
    return real;
}

static bool numbers_put(numbers *s, json_t *v);

/* `v`, or what takes its place, with all within; NULL: the error is set. */
static json_t *numbers_value(numbers *s, json_t *v)
{
    if (json_is_integer(v)) return numbers_take(s, v);
    return numbers_put(s, v) ? json_incref(v) : NULL;
}

/* Into an array or an object; anything else holds none. */
static bool numbers_put(numbers *s, json_t *v)
{
    for (size_t i = 0; i < json_array_size(v); i++) {
        json_t *element = numbers_value(s, json_array_get(v, i));
        if (!element || json_array_set_new(v, i, element) != 0) return false;
    }
    for (void *i = json_object_iter(v); i; i = json_object_iter_next(v, i)) {
        json_t *member = numbers_value(s, json_object_iter_value(i));
        if (!member || json_object_iter_set_new(v, i, member) != 0) return false;
    }
    return true;
}

json_t *weir__json_parse(weir_ctx *c, const void *data, size_t size, json_error_t *error)
{
    const char *text = size ? data : "";
    memset(error, 0, sizeof *error);
    if (!numbers_any_real(text, size)) return json_loadb(text, size, JSON_REJECT_DUPLICATES, error);
    char *copy = weir__alloc(c, size);
    if (!copy) return NULL;
    numbers_blank(copy, text, size);
    json_t *value = json_loadb(copy, size, JSON_REJECT_DUPLICATES, error);
    weir__free(c, copy);
    numbers s = { text, text, text + size, error };
    if (!value || numbers_put(&s, value)) return value;
    json_decref(value);
    return NULL;
}
