/* assignments.c - what one layer says, "key=value key=value", and setting it: rows are chosen
 * first, the outer ones before those within them, then every other value in order. */
#include <string.h>
#include "base/value.h"

static const char blank[] = " \t\n\r";

void weir__assignments_free(weir__assignments *a)
{
    for (int64_t i = 0; i < a->n; i++) weir__free(a->c, a->at[i].key);
    weir__free(a->c, a->at);
    a->at = NULL;
    a->n = a->cap = 0;
}

/* -- reading ----------------------------------------------------------------------------------- */
/* "above.key" */
static const char *full_key(const weir__assignments *a, const char *key, char *full, size_t bytes)
{
    size_t used = 0;
    if (a->above && a->above[0]) weir__append(full, bytes, &used, "%s.", a->above);
    weir__append(full, bytes, &used, "%s", key);
    return full;
}

static char *add_room(weir__assignments *a, const char *key, size_t key_bytes, size_t value_bytes)
{
    if (key_bytes == 0 || key_bytes >= WEIR__KEY_MAX) {
        weir_fail(a->c, WEIR_ERROR_NAME, "%s: key %.*s: expected one of 1 to %d bytes", a->where,
                  (int)(key_bytes < 60 ? key_bytes : 60), key, WEIR__KEY_MAX - 1);
        return NULL;
    }
    if (!weir__grow(a->c, &a->at, &a->cap, a->n + 1, sizeof *a->at)) return NULL;
    char *room = weir__alloc(a->c, key_bytes + value_bytes + 2);
    if (!room) return NULL;
    memcpy(room, key, key_bytes);
    room[key_bytes] = 0;
    a->at[a->n++] = (weir__assignment){ .key = room, .value = room + key_bytes + 1 };
    return room + key_bytes + 1;
}

static weir_status add_part(weir__assignments *a, const char *key, size_t key_bytes,
                            const char *value, size_t value_bytes)
{
    char *to = add_room(a, key, key_bytes, value_bytes);
    if (!to) return weir_status_of(a->c);
    memcpy(to, value, value_bytes);
    to[value_bytes] = 0;
    return WEIR_OK;
}

weir_status weir__assignments_add(weir__assignments *a, const char *key, size_t key_bytes,
                                  const char *value)
{
    return add_part(a, key, key_bytes, value, strlen(value));
}

/* The length of a value that begins `text`: up to a blank outside quotes. -1: a quote is not
 * closed. */
static int64_t value_length(const char *text)
{
    bool inside = false;
    const char *p = text;
    for (; *p && (inside || !strchr(blank, *p)); p++) {
        if (*p == '"') inside = !inside;
        if (inside && *p == '\\' && p[1]) p++;
    }
    return inside ? -1 : p - text;
}

/* Whether one pair of quotes holds all of it: "a b", and not "a","b". */
static bool is_quoted(const char *value, size_t n)
{
    if (n < 2 || value[0] != '"') return false;
    for (size_t i = 1; i < n; i++) {
        if (value[i] == '\\') i++;
        else if (value[i] == '"') return i == n - 1;
    }
    return false;
}

static weir_status add_value(weir__assignments *a, const char *key, size_t key_bytes,
                             const char *value, size_t n)
{
    if (!is_quoted(value, n)) return add_part(a, key, key_bytes, value, n);
    char *to = add_room(a, key, key_bytes, n);
    if (!to) return weir_status_of(a->c);
    for (size_t i = 1; i < n - 1; i++) {
        if (value[i] == '\\') i++;
        *to++ = value[i];
    }
    *to = 0;
    return WEIR_OK;
}

weir_status weir__assignments_text(weir__assignments *a, const char *text)
{
    for (const char *p = text ? text : ""; *(p += strspn(p, blank));) {
        size_t key = strcspn(p, "= \t\n\r");
        if (key == 0 || p[key] != '=')
            return weir_fail(a->c, WEIR_ERROR_ARGUMENT,
                             "%s: options \"%.60s\": expected name=value name=value", a->where, p);
        int64_t value = value_length(p + key + 1);
        if (value < 0)
            return weir_fail(a->c, WEIR_ERROR_ARGUMENT,
                             "%s: options \"%.60s\": expected a closing quote", a->where, p);
        weir_status status = add_value(a, p, key, p + key + 1, (size_t)value);
        if (status != WEIR_OK) return status;
        p += key + 1 + value;
    }
    return WEIR_OK;
}

weir_status weir__assignments_setting(weir__assignments *a, const char *text)
{
    const char *equal = strchr(text, '=');
    if (!equal)
        return weir_fail(a->c, WEIR_ERROR_ARGUMENT, "%s: setting %.80s: expected key=value",
                         a->where, text);
    return add_value(a, text, (size_t)(equal - text), equal + 1, strlen(equal + 1));
}

/* -- setting ----------------------------------------------------------------------------------- */
/* The rows a key leads through: "net" and "net.name" 0, "net.block.name" 1. */
static int key_depth(const char *key)
{
    size_t n = strlen(key);
    int depth = n > 5 && strcmp(key + n - 5, ".name") == 0 ? -1 : 0;
    for (; *key; key++) depth += *key == '.';
    return depth;
}

static int deepest(const weir__assignments *a)
{
    int most = 0;
    for (int64_t i = 0; i < a->n; i++) {
        int depth = key_depth(a->at[i].key);
        if (depth > most) most = depth;
    }
    return most;
}

/* From the chosen row `k`, or from `row` and `opts` where that is NULL. */
typedef struct target {
    weir_choice *k;
    const weir_row *row;
    void *opts;
} target;

static bool assignments_look(const target *t, const char *key, weir__place *p)
{
    return t->k ? weir__place_find_within(t->k, key, p) : weir__place_find(t->row, t->opts, key, p);
}

static weir_status set_one(const weir__assignments *a, const weir__assignment *one,
                           const weir__place *p)
{
    char full[WEIR__KEY_MAX];
    weir__site s = { a->c, a->where, full_key(a, one->key, full, sizeof full) };
    return weir__place_set(&s, p, one->value);
}

static weir_status assignments_choose_rows(const weir__assignments *a, const target *t)
{
    weir__place p;
    for (int depth = 0, most = deepest(a); depth <= most; depth++)
        for (int64_t i = 0; i < a->n; i++) {
            if (key_depth(a->at[i].key) != depth || !assignments_look(t, a->at[i].key, &p))
                continue;
            if (!weir__place_is_row(&p)) continue;
            weir_status status = set_one(a, &a->at[i], &p);
            if (status != WEIR_OK) return status;
        }
    return WEIR_OK;
}

static weir_status set_values(const weir__assignments *a, const target *t)
{
    weir__place p;
    for (int64_t i = 0; i < a->n; i++) {
        char full[WEIR__KEY_MAX];
        weir_status status = WEIR_OK;
        bool found = assignments_look(t, a->at[i].key, &p);
        weir__site s = { a->c, a->where, full_key(a, a->at[i].key, full, sizeof full) };
        if (!found && !(p.retired && a->file)) status = weir__place_unknown(&s, &p);
        if (found && !weir__place_is_row(&p)) status = weir__place_set(&s, &p, a->at[i].value);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status assignments_apply(const weir__assignments *a, const target *t)
{
    weir_status status = assignments_choose_rows(a, t);
    return status == WEIR_OK ? set_values(a, t) : status;
}

weir_status weir__assignments_apply(const weir__assignments *a, const weir_row *row, void *opts)
{
    target t = { .row = row, .opts = opts };
    return assignments_apply(a, &t);
}

weir_status weir__assignments_within(const weir__assignments *a, weir_choice *k)
{
    target t = { .k = k };
    return assignments_apply(a, &t);
}
