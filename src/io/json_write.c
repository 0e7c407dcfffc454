/* json_write.c - JSON as text, laid out as jansson lays it out; not by jansson, whose reals go
 * through the locale and who may drop what it has no memory for. Written twice: once to count, once
 * into the text. */
#include <math.h>
#include <string.h>
#include "io/internal.h"

typedef struct sheet {
    char *text; /* NULL: only counts */
    size_t n;
    size_t flags; /* jansson's: JSON_INDENT, JSON_COMPACT, JSON_REAL_PRECISION */
    bool bad;     /* holds what is no JSON */
} sheet;

static void sheet_put(sheet *s, const char *bytes, size_t n)
{
    if (s->text) memcpy(s->text + s->n, bytes, n);
    s->n += n;
}

static void sheet_text(sheet *s, const char *text) { sheet_put(s, text, strlen(text)); }

/* Behind a bracket that opens (first) or a comma: a line of its own, or a blank. */
static void sheet_break(sheet *s, int depth, bool comma)
{
    size_t indent = s->flags & JSON_MAX_INDENT;
    if (comma) sheet_text(s, ",");
    if (indent) {
        sheet_text(s, "\n");
        for (size_t i = 0; i < indent * (size_t)depth; i++) sheet_text(s, " ");
    } else if (comma && !(s->flags & JSON_COMPACT)) {
        sheet_text(s, " ");
    }
}

/* -- scalars ----------------------------------------------------------------------------------- */
static void sheet_escape(sheet *s, unsigned char byte)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *at = byte ? strchr(plain, byte) : NULL;
    char text[8];
    if (at) weir__format(text, sizeof text, "\\%c", letters[at - plain]);
    else weir__format(text, sizeof text, "\\u%04X", (unsigned)byte);
    sheet_text(s, text);
}

static void sheet_string(sheet *s, const char *text, size_t n)
{
    size_t done = 0;
    sheet_text(s, "\"");
    for (size_t i = 0; i < n; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
        sheet_put(s, text + done, i - done);
        sheet_escape(s, byte);
        done = i + 1;
    }
    sheet_put(s, text + done, n - done);
    sheet_text(s, "\"");
}

/* 1e+05 and 1e-05 as 1e5 and 1e-5; 1 as 1.0, so that it is read as a real. */
static void sheet_real(sheet *s, double v)
{
    char text[64];
    int digits = (int)(s->flags >> 11 & 31);
    if (!isfinite(v)) s->bad = true;
    if (digits) weir__format(text, sizeof text, "%.*g", digits, v);
    else weir__format_f64(v, text);
    size_t whole = strcspn(text, "e");
    sheet_put(s, text, whole);
    if (!text[whole] && !strchr(text, '.')) sheet_text(s, ".0");
    if (!text[whole]) return;
    const char *exponent = text + whole + 1;
    sheet_text(s, *exponent == '-' ? "e-" : "e");
    sheet_text(s, exponent + strspn(exponent, "+-0"));
}

/* -- values ------------------------------------------------------------------------------------ */
static void sheet_value(sheet *s, const json_t *v, int depth);

static void sheet_array(sheet *s, const json_t *v, int depth)
{
    size_t n = json_array_size(v);
    sheet_text(s, "[");
    for (size_t i = 0; i < n; i++) {
        sheet_break(s, depth + 1, i > 0);
        sheet_value(s, json_array_get(v, i), depth + 1);
    }
    if (n) sheet_break(s, depth, false);
    sheet_text(s, "]");
}

static void sheet_object(sheet *s, const json_t *v, int depth)
{
    const char *key;
    json_t *member;
    bool any = false;
    sheet_text(s, "{");
    json_object_foreach ((json_t *)(uintptr_t)v, key, member) {
        sheet_break(s, depth + 1, any);
        sheet_string(s, key, strlen(key));
        sheet_text(s, s->flags & JSON_COMPACT ? ":" : ": ");
        sheet_value(s, member, depth + 1);
        any = true;
    }
    if (any) sheet_break(s, depth, false);
    sheet_text(s, "}");
}

static void sheet_value(sheet *s, const json_t *v, int depth)
{
    char text[32];
    if (!v) {
        s->bad = true;
        return;
    }
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        sheet_object(s, v, depth);
        break;
    case JSON_ARRAY:
        sheet_array(s, v, depth);
        break;
    case JSON_STRING:
        sheet_string(s, json_string_value(v), json_string_length(v));
        break;
    case JSON_REAL:
        sheet_real(s, json_real_value(v));
        break;
    case JSON_INTEGER:
        weir__format(text, sizeof text, "%lld", (long long)json_integer_value(v));
        sheet_text(s, text);
        break;
    case JSON_TRUE:
        sheet_text(s, "true");
        break;
    case JSON_FALSE:
        sheet_text(s, "false");
        break;
    case JSON_NULL:
        sheet_text(s, "null");
        break;
    }
}

char *weir__json_text(const json_t *value, size_t flags)
{
    json_malloc_t take;
    json_free_t give;
    json_get_alloc_funcs(&take, &give);
    sheet count = { .flags = flags };
    sheet_value(&count, value, 0);
    if (count.bad) return NULL;
    sheet s = { .text = take(count.n + 1), .flags = flags };
    if (!s.text) return NULL;
    sheet_value(&s, value, 0);
    s.text[s.n] = 0;
    return s.text;
}

void weir__json_text_free(char *text)
{
    json_malloc_t take;
    json_free_t give;
    json_get_alloc_funcs(&take, &give);
    if (text) give(text);
}
