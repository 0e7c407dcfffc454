/* config.c - options of a row as JSON and back. JSON is read as the assignments that a user would
 * type,
 * {"net": {"name": "mlp", "hidden": [64, 64]}} as net=mlp net.hidden=64,64, and by their parser. */
#include <math.h>
#include <string.h>
#include "base/value.h"
#include "models/models.h"

/* -- to JSON --------------------------------------------------------------------------------- */
static json_t *ints_json(const weir_ints *list)
{
    json_t *a = json_array();
    bool good = a != NULL;
    for (int64_t i = 0; good && i < list->n; i++)
        good = json_array_append_new(a, json_integer(list->at[i])) == 0;
    if (good) return a;
    json_decref(a);
    return NULL;
}

static json_t *real_json(double v)
{
    if (isfinite(v)) return json_real(v);
    return json_string(v > 0 ? "inf" : "-inf"); /* no option is NaN */
}

static json_t *reals_json(const weir_reals *list)
{
    json_t *a = json_array();
    bool good = a != NULL;
    for (int64_t i = 0; good && i < list->n; i++)
        good = json_array_append_new(a, real_json(list->at[i])) == 0;
    if (good) return a;
    json_decref(a);
    return NULL;
}

static json_t *config_words_json(const weir_words *list)
{
    json_t *a = json_array();
    bool good = a != NULL;
    for (int64_t i = 0; good && i < list->n; i++)
        good = json_array_append_new(a, json_string(list->at[i])) == 0;
    if (good) return a;
    json_decref(a);
    return NULL;
}

static json_t *config_row_json(const weir_row *row)
{
    json_t *o = json_object();
    if (o && json_object_set_new(o, "name", json_string(weir__row_short_name(row))) == 0) return o;
    json_decref(o);
    return NULL;
}

static json_t *rows_json(const weir_choices *list)
{
    json_t *a = json_array();
    bool good = a != NULL;
    for (int64_t i = 0; good && i < list->n; i++)
        good = json_array_append_new(a, config_row_json(list->at[i].row)) == 0;
    if (good) return a;
    json_decref(a);
    return NULL;
}

static json_t *word_json(const weir_option *o, const void *field)
{
    char text[128];
    weir__out out = { .buffer = text, .bytes = sizeof text };
    weir__value_text(&out, o, field);
    weir__out_end(&out);
    return json_string(text);
}

static json_t *int_json(const weir_option *o, const int64_t *v)
{
    return weir__int_is_word(o, *v) ? word_json(o, v) : json_integer(*v);
}

static json_t *value_json(const weir_option *o, const void *field)
{
    const char *text;
    switch (o->type) {
    case WEIR_OPTION_INT: return int_json(o, field);
    case WEIR_OPTION_REAL: return real_json(*(const double *)field);
    case WEIR_OPTION_BOOL: return json_boolean(*(const bool *)field);
    case WEIR_OPTION_CHOICE: return word_json(o, field);
    case WEIR_OPTION_INTS: return ints_json(field);
    case WEIR_OPTION_REALS: return reals_json(field);
    case WEIR_OPTION_WORDS: return config_words_json(field);
    case WEIR_OPTION_ROW: return config_row_json(((const weir_choice *)field)->row);
    case WEIR_OPTION_ROWS: return rows_json(field);
    case WEIR_OPTION_TEXT: break;
    }
    text = *(char *const *)field;
    return json_string(text ? text : "");
}

/* The member `name` of n bytes; an object made for it where there is none. Element of an array. */
static json_t *child_json(json_t *at, const char *name, size_t n)
{
    char word[WEIR__KEY_MAX];
    int64_t index;
    memcpy(word, name, n);
    word[n] = 0;
    if (json_is_array(at))
        return weir__parse_int(word, &index) ? json_array_get(at, (size_t)index) : NULL;
    json_t *child = json_object_get(at, word);
    if (child) return child;
    child = json_object();
    return json_object_set_new(at, word, child) == 0 ? child : NULL;
}

static bool put_json(void *user, const char *key, const weir_option *o, const void *field)
{
    json_t *at = user;
    const char *point;
    bool none = o->type == WEIR_OPTION_ROW && !((const weir_choice *)field)->row;
    if (none) return true;
    for (; at && (point = strchr(key, '.')); key = point + 1)
        at = child_json(at, key, (size_t)(point - key));
    return at && json_object_set_new(at, key, value_json(o, field)) == 0;
}

json_t *weir__options_to_json(weir_ctx *c, const weir_row *row, const void *options)
{
    json_t *object = json_object();
    if (object && weir__options_each(row, options, put_json, object)) return object;
    json_decref(object);
    weir_fail(c, WEIR_ERROR_MEMORY,
              "%s: options as JSON: expected more free memory and text in UTF-8", row->name);
    return NULL;
}

/* -- from JSON ------------------------------------------------------------------------------- */
static weir_status add_member(weir__assignments *a, const char *key, const json_t *v);

static weir_status bad_json(const weir__assignments *a, const char *key)
{
    return weir_fail(
        a->c, WEIR_ERROR_FORMAT,
        "%s: %.100s: expected a number, a text, true, false, an object, or a list of numbers, "
        "of texts or of objects with names",
        a->where, key);
}

static void number_out(weir__out *out, const json_t *v)
{
    if (json_is_integer(v)) weir__int_text(out, json_integer_value(v));
    else weir__real_text(out, json_real_value(v));
}

/* In quotes, so that "8" is a word and no number. */
static void quoted_out(weir__out *out, const char *text)
{
    weir__out_char(out, '"');
    out->quoted = true;
    weir__out_text(out, text);
    out->quoted = false;
    weir__out_char(out, '"');
}

static const char *name_of(const json_t *v)
{
    return json_string_value(json_is_object(v) ? json_object_get(v, "name") : v);
}

/* "1,2.5" or "\"a\",\"b\"", of objects their names; false for what is no list of one kind. */
static bool list_out(weir__out *out, const json_t *list)
{
    size_t n = json_array_size(list);
    bool numbers = json_is_number(json_array_get(list, 0));
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);
        const char *name = name_of(v);
        if (numbers ? !json_is_number(v) : !name) return false;
        if (i > 0) weir__out_char(out, ',');
        if (numbers) number_out(out, v);
        else quoted_out(out, name);
    }
    return true;
}

static weir_status add_list(weir__assignments *a, const char *key, const json_t *list)
{
    weir__out out = { 0 };
    if (!list_out(&out, list)) return bad_json(a, key);
    out = (weir__out){ .bytes = out.used + 1 };
    out.buffer = weir__alloc(a->c, out.bytes);
    if (!out.buffer) return weir_status_of(a->c);
    list_out(&out, list);
    weir__out_end(&out);
    weir_status status = weir__assignments_add(a, key, strlen(key), out.buffer);
    weir__free(a->c, out.buffer);
    return status;
}

static weir_status add_below(weir__assignments *a, const char *key, const char *name,
                             const json_t *v)
{
    char full[WEIR__KEY_MAX + 1];
    size_t used = 0;
    weir__append(full, sizeof full, &used, "%s%s%s", key, key[0] ? "." : "", name);
    return add_member(a, full, v); /* one too long is refused there */
}

static weir_status add_object(weir__assignments *a, const char *key, const json_t *object,
                              const char *const *skip)
{
    const char *name;
    json_t *v;
    weir_status status = WEIR_OK;
    json_object_foreach ((json_t *)(uintptr_t)object, name, v) {
        bool skipped = false;
        for (const char *const *s = skip; s && *s; s++) skipped |= strcmp(*s, name) == 0;
        if (!skipped && !*name) status = bad_json(a, "\"\"");
        else if (!skipped) status = add_below(a, key, name, v);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* What the objects of a list say beside their names. */
static weir_status add_elements(weir__assignments *a, const char *key, const json_t *list)
{
    static const char *const names[] = { "name", NULL };
    for (size_t i = 0; i < json_array_size(list); i++) {
        char full[WEIR__KEY_MAX + 1];
        size_t used = 0;
        const json_t *v = json_array_get(list, i);
        weir__append(full, sizeof full, &used, "%s.%lld", key, (long long)i);
        weir_status status = json_is_object(v) ? add_object(a, full, v, names) : WEIR_OK;
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status config_add_text(weir__assignments *a, const char *key, const char *text)
{
    return weir__assignments_add(a, key, strlen(key), text);
}

static weir_status add_number(weir__assignments *a, const char *key, const json_t *v)
{
    char text[64];
    weir__out out = { .buffer = text, .bytes = sizeof text };
    number_out(&out, v);
    weir__out_end(&out);
    return config_add_text(a, key, text);
}

static weir_status add_member(weir__assignments *a, const char *key, const json_t *v)
{
    if (json_is_object(v)) return add_object(a, key, v, NULL);
    if (json_is_string(v)) return config_add_text(a, key, json_string_value(v));
    if (json_is_number(v)) return add_number(a, key, v);
    if (json_is_boolean(v)) return config_add_text(a, key, json_is_true(v) ? "yes" : "no");
    if (!json_is_array(v)) return bad_json(a, key);
    weir_status status = add_list(a, key, v);
    return status == WEIR_OK ? add_elements(a, key, v) : status;
}

weir_status weir__assignments_json(weir__assignments *a, const json_t *object,
                                   const char *const *skip)
{
    if (!json_is_object(object))
        return weir_fail(a->c, WEIR_ERROR_FORMAT, "%s: expected a JSON object", a->where);
    a->file = true;
    return add_object(a, "", object, skip);
}

weir_status weir__options_from_json(weir_ctx *c, const weir_row *row, void *options,
                                    const json_t *object, const char *where)
{
    static const char *const names[] = { "name", NULL };
    char full[256];
    size_t used = 0;
    weir__append(full, sizeof full, &used, "%.180s: %.60s", where, row->name);
    weir__assignments a = { .c = c, .where = full };
    weir_status status = weir__assignments_json(&a, object, names);
    if (status == WEIR_OK) status = weir__assignments_apply(&a, row, options);
    weir__assignments_free(&a);
    return status;
}
