/* config.c - options of a row as JSON and back, through the same texts that a user types. */
#include <string.h>
#include "models/models.h"

static json_t *ints_json(const weir_ints *list)
{
    json_t *a = json_array();
    for (int64_t i = 0; a && i < list->n; i++)
        if (json_array_append_new(a, json_integer(list->at[i])) != 0) json_decref(a), a = NULL;
    return a;
}

static json_t *value_json(const weir_option *o, const void *options)
{
    const void *field = (const char *)options + o->offset;
    char text[WEIR_TEXT_MAX];
    switch (o->type) {
    case WEIR_OPTION_INT: return json_integer(*(const int64_t *)field);
    case WEIR_OPTION_REAL: return json_real(*(const double *)field);
    case WEIR_OPTION_BOOL: return json_boolean(*(const bool *)field);
    case WEIR_OPTION_INTS: return ints_json(field);
    case WEIR_OPTION_CHOICE:
    case WEIR_OPTION_TEXT: break;
    }
    weir_option_text(o, options, text, sizeof text);
    return json_string(text);
}

json_t *weir__options_to_json(weir_ctx *c, const weir_row *row, const void *options)
{
    json_t *object = json_object();
    bool good = object != NULL;
    for (const weir_option *o = row->options; good && o && o->name; o++) good = json_object_set_new(object, o->name, value_json(o, options)) == 0;
    if (good) return object;
    json_decref(object);
    weir_fail(c, WEIR_ERROR_MEMORY, "%s: options as JSON: expected more free memory and text in UTF-8", row->name);
    return NULL;
}

/* The text a user would type; false for what no option is. */
static bool json_text(const json_t *value, char *text, size_t bytes)
{
    size_t used = 0;
    text[0] = 0;
    if (json_is_string(value)) weir__append(text, bytes, &used, "%s", json_string_value(value));
    else if (json_is_integer(value)) weir__append(text, bytes, &used, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value)) weir__append(text, bytes, &used, "%.17g", json_real_value(value));
    else if (json_is_boolean(value)) weir__append(text, bytes, &used, json_is_true(value) ? "yes" : "no");
    else if (json_is_array(value))
        for (size_t i = 0; i < json_array_size(value); i++) {
            const json_t *e = json_array_get(value, i);
            if (!json_is_integer(e)) return false;
            weir__append(text, bytes, &used, i ? ",%lld" : "%lld", (long long)json_integer_value(e));
        }
    else return false;
    return used < bytes;
}

weir_status weir__options_from_json(weir_ctx *c, const weir_row *row, void *options, const json_t *object, const char *where, const char *skip)
{
    const char *key;
    json_t *value;
    if (!json_is_object(object)) return weir_fail(c, WEIR_ERROR_FORMAT, "%s: options of %s: expected a JSON object", where, row->name);
    json_object_foreach((json_t *)(uintptr_t)object, key, value) {
        char text[1024];
        if (skip && strcmp(key, skip) == 0) continue;
        if (!json_text(value, text, sizeof text))
            return weir_fail(c, WEIR_ERROR_FORMAT, "%s: %s: %.100s: expected a number, a text, true, false or a list of integers", where, row->name, key);
        if (weir_option_set(c, row, options, key, text) != WEIR_OK) return weir_status_of(c);
    }
    return WEIR_OK;
}
