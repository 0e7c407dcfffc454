/* options.c - options are fields declared in their owner's row; defaults are text read by the same parser as a user's value. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/base.h"

const weir_option *weir__option_named(const weir_row *row, const char *name)
{
    for (const weir_option *o = row->options; o && o->name; o++)
        if (strcmp(o->name, name) == 0) return o;
    return NULL;
}

void *weir__option_value(const weir_row *row, void *options, const char *name, weir_option_type type)
{
    const weir_option *o = weir__option_named(row, name);
    return o && o->type == type ? (char *)options + o->offset : NULL;
}

static weir_status unknown(weir_ctx *c, const weir_row *row, const char *name)
{
    const char *best = NULL;
    int distance = 64;
    for (const weir_option *o = row->options; o && o->name; o++) {
        int d = weir__edit_distance(name, o->name);
        if (d < distance) best = o->name, distance = d;
    }
    if (best && distance <= (int)strlen(name) / 2 + 1)
        return weir_fail(c, WEIR_ERROR_NAME, "%s: unknown option %.100s: expected perhaps %s", row->name, name, best);
    return weir_fail(c, WEIR_ERROR_NAME, "%s: unknown option %.100s: expected one that `weir list --json` shows", row->name, name);
}

static weir_status bad_value(weir_ctx *c, const weir_row *row, const weir_option *o, const char *value)
{
    static const char *const expected[] = { "an integer", "a number", "yes or no", "", "text", "integers separated by commas" };
    if (o->type == WEIR_OPTION_CHOICE)
        return weir_fail(c, WEIR_ERROR_RANGE, "%s: %s=%.100s: expected one of %s", row->name, o->name, value, o->choices);
    if (o->type == WEIR_OPTION_TEXT)
        return weir_fail(c, WEIR_ERROR_RANGE, "%s: %s: expected text of at most %d bytes", row->name, o->name, WEIR_TEXT_MAX - 1);
    return weir_fail(c, WEIR_ERROR_RANGE, "%s: %s=%.100s: expected %s", row->name, o->name, value, expected[o->type]);
}

static weir_status out_of_range(weir_ctx *c, const weir_row *row, const weir_option *o, const char *value)
{
    return weir_fail(c, WEIR_ERROR_RANGE, "%s: %s=%.100s: expected a value within [%.16g, %.16g]", row->name, o->name, value, o->min, o->max);
}

static int choice_index(const char *choices, const char *value)
{
    size_t n = strlen(value);
    int index = 0;
    for (const char *p = choices; p && *p; index++) {
        size_t word = strcspn(p, "|");
        if (word == n && memcmp(p, value, n) == 0) return index;
        p += word + (p[word] == '|');
    }
    return -1;
}

static weir_status set_ints(weir_ctx *c, const weir_row *row, const weir_option *o, weir_ints *out, const char *value)
{
    weir_ints list = { 0 };
    for (const char *p = value; *p;) {
        char word[32];
        size_t n = strcspn(p, ",");
        int64_t v;
        if (n == 0 || n >= sizeof word || list.n == WEIR_INTS_MAX) return bad_value(c, row, o, value);
        memcpy(word, p, n);
        word[n] = 0;
        if (!weir__parse_int(word, &v)) return bad_value(c, row, o, value);
        if ((double)v < o->min || (double)v > o->max) return out_of_range(c, row, o, value);
        list.at[list.n++] = v;
        p += n;
        if (*p == ',' && *++p == 0) return bad_value(c, row, o, value);
    }
    *out = list;
    return WEIR_OK;
}

static weir_status set_number(weir_ctx *c, const weir_row *row, const weir_option *o, void *field, const char *value)
{
    if (o->type == WEIR_OPTION_INT) {
        int64_t v;
        if (!weir__parse_int(value, &v)) return bad_value(c, row, o, value);
        if ((double)v < o->min || (double)v > o->max) return out_of_range(c, row, o, value);
        memcpy(field, &v, sizeof v);
        return WEIR_OK;
    }
    double v;
    if (!weir__parse_real(value, &v)) return bad_value(c, row, o, value);
    if (!(v >= o->min && v <= o->max)) return out_of_range(c, row, o, value); /* NaN too */
    memcpy(field, &v, sizeof v);
    return WEIR_OK;
}

static weir_status set_option(weir_ctx *c, const weir_row *row, const weir_option *o, void *opts, const char *value)
{
    void *field = (char *)opts + o->offset;
    bool yes;
    int32_t choice;
    switch (o->type) {
    case WEIR_OPTION_INT:
    case WEIR_OPTION_REAL:
        return set_number(c, row, o, field, value);
    case WEIR_OPTION_BOOL:
        if (!weir__parse_bool(value, &yes)) return bad_value(c, row, o, value);
        memcpy(field, &yes, sizeof yes);
        return WEIR_OK;
    case WEIR_OPTION_CHOICE:
        if ((choice = choice_index(o->choices, value)) < 0) return bad_value(c, row, o, value);
        memcpy(field, &choice, sizeof choice);
        return WEIR_OK;
    case WEIR_OPTION_TEXT:
        if (strlen(value) >= WEIR_TEXT_MAX) return bad_value(c, row, o, value);
        memset(field, 0, WEIR_TEXT_MAX);
        memcpy(field, value, strlen(value));
        return WEIR_OK;
    case WEIR_OPTION_INTS:
        return set_ints(c, row, o, field, value);
    }
    return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %s: expected a known option type", row->name, o->name);
}

weir_status weir_option_set(weir_ctx *c, const weir_row *row, void *opts, const char *name, const char *value)
{
    if (!c || !row || !opts || !name || !value) return weir_fail(c, WEIR_ERROR_ARGUMENT, "option_set: NULL: expected a row, options, a name and a value");
    const weir_option *o = weir__option_named(row, name);
    return o ? set_option(c, row, o, opts, value) : unknown(c, row, name);
}

weir_status weir_options_defaults(weir_ctx *c, const weir_row *row, void *opts)
{
    if (!c || !row || !opts) return weir_fail(c, WEIR_ERROR_ARGUMENT, "options_defaults: NULL: expected a row and options");
    if (row->options_size < sizeof(size_t)) return WEIR_OK;
    memset(opts, 0, row->options_size);
    memcpy(opts, &row->options_size, sizeof(size_t));
    for (const weir_option *o = row->options; o && o->name; o++)
        if (set_option(c, row, o, opts, o->def) != WEIR_OK) return weir_status_of(c);
    return WEIR_OK;
}

weir_status weir_options_parse(weir_ctx *c, const weir_row *row, void *opts, const char *text)
{
    enum { NAME_MAX_ = 64 };
    static const char blank[] = " \t\n\r";
    for (const char *p = text ? text : ""; *(p += strspn(p, blank));) {
        char name[NAME_MAX_], value[WEIR_TEXT_MAX];
        size_t n = strcspn(p, "= \t\n\r");
        if (n == 0 || n >= sizeof name || p[n] != '=')
            return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: options \"%.60s\": expected name=value name=value", row ? row->name : "?", p);
        memcpy(name, p, n);
        name[n] = 0;
        p += n + 1;
        n = strcspn(p, blank);
        if (n >= sizeof value) return weir_fail(c, WEIR_ERROR_RANGE, "%s: %s: expected a value of at most %d bytes", row->name, name, WEIR_TEXT_MAX - 1);
        memcpy(value, p, n);
        value[n] = 0;
        p += n;
        if (weir_option_set(c, row, opts, name, value) != WEIR_OK) return weir_status_of(c);
    }
    return WEIR_OK;
}

static int real_text(double v, char *buffer, size_t bytes)
{
    int n = 0;
    for (int digits = 6; digits <= 17; digits++) { /* the shortest that reads back to the same bits */
        double back;
        n = snprintf(buffer, bytes, "%.*g", digits, v);
        if (weir__parse_real(buffer, &back) && back == v) break;
    }
    return n;
}

static int choice_text(const weir_option *o, int32_t index, char *buffer, size_t bytes)
{
    const char *p = o->choices;
    while (index-- > 0) p += strcspn(p, "|") + 1;
    return snprintf(buffer, bytes, "%.*s", (int)strcspn(p, "|"), p);
}

static int ints_text(const weir_ints *list, char *buffer, size_t bytes)
{
    size_t used = 0;
    if (bytes > 0) buffer[0] = 0;
    for (int64_t i = 0; i < list->n; i++) weir__append(buffer, bytes, &used, i ? ",%" PRId64 : "%" PRId64, list->at[i]);
    return (int)used;
}

int weir_option_text(const weir_option *o, const void *opts, char *buffer, size_t bytes)
{
    const void *field = (const char *)opts + o->offset;
    switch (o->type) {
    case WEIR_OPTION_INT:
        return snprintf(buffer, bytes, "%" PRId64, *(const int64_t *)field);
    case WEIR_OPTION_REAL:
        return real_text(*(const double *)field, buffer, bytes);
    case WEIR_OPTION_BOOL:
        return snprintf(buffer, bytes, "%s", *(const bool *)field ? "yes" : "no");
    case WEIR_OPTION_CHOICE:
        return choice_text(o, *(const int32_t *)field, buffer, bytes);
    case WEIR_OPTION_TEXT:
        return snprintf(buffer, bytes, "%s", (const char *)field);
    case WEIR_OPTION_INTS:
        return ints_text(field, buffer, bytes);
    }
    return 0;
}

static bool choice_fits(const weir_option *o, const void *field)
{
    int32_t index, n = 1;
    memcpy(&index, field, sizeof index);
    for (const char *p = o->choices; *p; p++) n += *p == '|';
    return index >= 0 && index < n;
}

/* By the parser that reads text, so that both accept the same values. */
static weir_status check_option(weir_ctx *c, const weir_row *row, const weir_option *o, const void *opts, void *scratch)
{
    const void *field = (const char *)opts + o->offset;
    char text[WEIR_TEXT_MAX + WEIR_INTS_MAX * 24];
    if (o->type == WEIR_OPTION_CHOICE && !choice_fits(o, field)) return weir_fail(c, WEIR_ERROR_RANGE, "%s: %s: expected one of %s", row->name, o->name, o->choices);
    if (o->type == WEIR_OPTION_TEXT && !memchr(field, 0, WEIR_TEXT_MAX)) return bad_value(c, row, o, "");
    if (o->type == WEIR_OPTION_INTS && (((const weir_ints *)field)->n < 0 || ((const weir_ints *)field)->n > WEIR_INTS_MAX)) return bad_value(c, row, o, "a list");
    weir_option_text(o, opts, text, sizeof text);
    return set_option(c, row, o, scratch, text);
}

weir_status weir_options_check(weir_ctx *c, const weir_row *row, const void *opts)
{
    if (!c || !row || !opts) return weir_fail(c, WEIR_ERROR_ARGUMENT, "options_check: NULL: expected a row and options");
    size_t size;
    memcpy(&size, opts, sizeof size);
    if (size != row->options_size)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: options of size %zu: expected %zu, from its defaults function", row->name, size, row->options_size);
    void *scratch = weir__alloc(c, row->options_size);
    for (const weir_option *o = row->options; scratch && o && o->name; o++)
        if (check_option(c, row, o, opts, scratch) != WEIR_OK) break;
    weir__free(c, scratch);
    return weir_status_of(c);
}
