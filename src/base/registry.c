/* registry.c - finding rows by name: the built-in lists that src/weir.c joined, then those
 * registered with the context. */
#include <string.h>
#include "base/base.h"

static const weir__kind_table *table_of(const weir_ctx *c, const char *kind)
{
    for (int64_t i = 0; i < c->n_tables; i++)
        if (strcmp(c->tables[i].kind, kind) == 0) return &c->tables[i];
    return NULL;
}

bool weir__row_is_of(const weir_row *row, const char *kind)
{
    size_t n = strlen(kind);
    return strncmp(row->name, kind, n) == 0 && row->name[n] == '.';
}

int64_t weir_kind_count(const weir_ctx *c) { return c ? c->n_tables : 0; }

const char *weir_kind_at(const weir_ctx *c, int64_t index)
{
    return c && index >= 0 && index < c->n_tables ? c->tables[index].kind : NULL;
}

int64_t weir_row_count(const weir_ctx *c, const char *kind)
{
    const weir__kind_table *t = c && kind ? table_of(c, kind) : NULL;
    if (!t) return 0;
    int64_t n = t->n;
    for (const weir__registered *r = c->registered; r; r = r->next)
        n += weir__row_is_of(r->row, kind);
    return n;
}

const weir_row *weir_row_at(const weir_ctx *c, const char *kind, int64_t index)
{
    const weir__kind_table *t = c && kind ? table_of(c, kind) : NULL;
    if (!t || index < 0) return NULL;
    if (index < t->n) return t->rows[index];
    int64_t later = weir_row_count(c, kind) - 1 - index; /* the list is newest first */
    for (const weir__registered *r = c->registered; r && later >= 0; r = r->next)
        if (weir__row_is_of(r->row, kind) && later-- == 0) return r->row;
    return NULL;
}

const char *weir__row_short_name(const weir_row *row)
{
    const char *dot = strchr(row->name, '.');
    return dot ? dot + 1 : row->name;
}

/* Whether "a|b|c" has the word. */
static bool row_was(const weir_row *row, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = row->was; p && *p;) {
        size_t word = strcspn(p, "|");
        if (word == n && memcmp(p, name, n) == 0) return true;
        p += word + (p[word] == '|');
    }
    return false;
}

/* Names of today go before those of yesterday. */
const weir_row *weir__row_named(const weir_ctx *c, const char *kind, const char *name)
{
    size_t n = strlen(kind);
    const weir_row *old = NULL;
    if (strncmp(name, kind, n) == 0 && name[n] == '.') name += n + 1;
    for (int64_t i = 0; i < weir_row_count(c, kind); i++) {
        const weir_row *row = weir_row_at(c, kind, i);
        if (strcmp(weir__row_short_name(row), name) == 0) return row;
        if (!old && row_was(row, name)) old = row;
    }
    return old;
}

const char *weir__row_nearest(const weir_ctx *c, const char *kind, const char *name)
{
    const char *best = NULL;
    int distance = (int)strlen(name) / 2 + 1;
    for (int64_t i = 0; i < weir_row_count(c, kind); i++) {
        const char *candidate = weir__row_short_name(weir_row_at(c, kind, i));
        int d = weir__edit_distance(name, candidate);
        if (d > distance || (best && d == distance)) continue;
        best = candidate;
        distance = d;
    }
    return best;
}

const weir_row *weir_row_find(weir_ctx *c, const char *kind, const char *name)
{
    WEIR__AS_FOUND;
    if (!c || !kind || !name) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "row_find: NULL: expected a kind and a name");
        return NULL;
    }
    const weir_row *row = weir__row_named(c, kind, name);
    if (row) return row;
    const char *near = weir__row_nearest(c, kind, name);
    if (near)
        weir_fail(c, WEIR_ERROR_NAME,
                  "unknown %s: %.100s: expected one that `weir list %s` shows, perhaps %s", kind,
                  name, kind, near);
    else
        weir_fail(c, WEIR_ERROR_NAME, "unknown %s: %.100s: expected one that `weir list %s` shows",
                  kind, name, kind);
    return NULL;
}

weir_status weir_row_register(weir_ctx *c, const weir_row *row)
{
    WEIR__AS_FOUND;
    if (!c) return weir_fail(c, WEIR_ERROR_ARGUMENT, "row_register: NULL: expected a context");
    row = weir__row_look(c, "row_register", NULL, row);
    if (!row) return weir_status_of(c);
    char kind[WEIR__NAME_MAX];
    size_t used = 0;
    weir__append(kind, sizeof kind, &used, "%.*s", (int)strcspn(row->name, "."), row->name);
    if (weir__row_named(c, kind, row->name))
        return weir_fail(c, WEIR_ERROR_NAME, "row_register: %s: expected a name not taken",
                         row->name);
    weir__registered *r = weir__alloc(c, sizeof *r);
    if (!r) return c->status;
    *r = (weir__registered){ .next = c->registered, .row = row };
    c->registered = r;
    return WEIR_OK;
}
