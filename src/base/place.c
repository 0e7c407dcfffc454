/* place.c - what a key names: "net.block.heads" leads from an option of the outermost row through
 * the rows that are chosen there to one option of the last. Old names are read as new ones on the
 * way. */
#include <string.h>
#include "base/value.h"

/* -- finding --------------------------------------------------------------------------------- */
/* The tail of `key` below the name of n bytes: "" is the name itself, NULL another. */
static const char *place_below(const char *key, const char *name, size_t n)
{
    if (strncmp(key, name, n) != 0 || (key[n] != '.' && key[n] != 0)) return NULL;
    return key + n;
}

/* Of the row's renamed options the one that p->rest follows: "old=new", `new` in *to, n bytes. */
static const char *place_renamed(const weir__place *p, const char **to, size_t *n)
{
    for (const char *q = p->row->renamed; q && *q; q += *n + (q[*n] == ' ')) {
        size_t old = strcspn(q, "=");
        const char *tail = place_below(p->rest, q, old);
        q += old + 1;
        *to = q;
        *n = strcspn(q, " ");
        if (tail) return tail;
    }
    return NULL;
}

/* Replaces one old name; false where there is none to replace. */
static bool place_rename(weir__place *p)
{
    const char *to;
    size_t n;
    const char *tail = place_renamed(p, &to, &n);
    if (tail && n == 0) p->retired = true;
    if (!tail || n == 0) return false;
    size_t before = (size_t)(p->rest - p->key), after = strlen(tail) + 1;
    if (before + n + after > sizeof p->key) return false;
    memmove(p->rest + n, tail, after);
    memcpy(p->rest, to, n);
    return true;
}

/* The ROW or ROWS whose name begins the key, the longest such; what follows its point in *tail. */
static const weir_option *place_head(const weir__place *p, char **tail)
{
    const weir_option *best = NULL;
    size_t longest = 0;
    for (const weir_option *o = p->row->options; o && o->name; o++) {
        size_t n = strlen(o->name);
        if (!weir__is_row_option(o) || n < longest) continue;
        if (strncmp(p->rest, o->name, n) != 0 || p->rest[n] != '.') continue;
        best = o;
        longest = n;
        *tail = p->rest + n + 1;
    }
    return best;
}

static bool place_enter(weir__place *p, const weir_option *o, weir_choice *k, char *tail)
{
    if (!k->row) {
        p->empty = o;
        return false;
    }
    p->row = k->row;
    p->options = k->options;
    p->choice = k;
    p->rest = tail;
    return true;
}

/* "3" or "3.tail": the index, or -1; what follows in *end. */
static int64_t place_index(char *tail, char **end)
{
    int64_t index = 0;
    size_t digits = strspn(tail, "0123456789");
    if (digits == 0 || digits > 9) return -1;
    for (size_t i = 0; i < digits; i++) index = 10 * index + (tail[i] - '0');
    *end = tail + digits;
    return **end == 0 || **end == '.' ? index : -1;
}

static bool place_element(weir__place *p, const weir_option *o, weir_choices *list, char *tail)
{
    char *end;
    int64_t index = place_index(tail, &end);
    bool whole = index >= 0 && (*end == 0 || strcmp(end, ".name") == 0);
    if (whole && index <= list->n) {
        p->option = o;
        p->index = index;
        return false;
    }
    if (index >= 0 && index < list->n) return place_enter(p, o, &list->at[index], end + 1);
    p->empty = o;
    return false;
}

/* One row further; false at the end, found or not. */
static bool place_step(weir__place *p)
{
    char *tail = NULL;
    for (int renamed = 0; renamed < 4 && place_rename(p); renamed++) continue;
    const weir_option *o = weir__option_named(p->row, p->rest);
    bool found = o != NULL;
    if (!found) o = place_head(p, &tail);
    if (!o) return false;
    if (!weir__option_is_in(p->row, p->options, o)) p->beyond = o;
    if (found && !p->beyond) p->option = o;
    if (found || p->beyond) return false;
    void *field = (char *)p->options + o->offset;
    if (o->type == WEIR_OPTION_ROWS) return place_element(p, o, field, tail);
    if (strcmp(tail, "name") != 0) return place_enter(p, o, field, tail);
    p->option = o;
    return false;
}

static bool place_look(const char *key, weir__place *p)
{
    size_t n = strlen(key);
    p->index = -1;
    p->rest = p->key;
    if (n >= sizeof p->key) return false;
    memcpy(p->key, key, n + 1);
    while (place_step(p)) continue;
    return p->option != NULL;
}

bool weir__place_find(const weir_row *row, void *options, const char *key, weir__place *p)
{
    *p = (weir__place){ .row = row, .options = options };
    return place_look(key, p);
}

bool weir__place_find_within(weir_choice *k, const char *key, weir__place *p)
{
    *p = (weir__place){ .row = k->row, .options = k->options, .choice = k };
    return place_look(key, p);
}

bool weir__place_is_row(const weir__place *p)
{
    return p->option && weir__is_row_option(p->option);
}

/* -- setting --------------------------------------------------------------------------------- */
weir_status weir__place_set(const weir__site *s, const weir__place *p, const char *value)
{
    void *field = (char *)p->options + p->option->offset;
    weir_choices *list = field;
    if (p->index < 0) {
        weir_status status = weir__value_set(s, p->option, field, value);
        if (status == WEIR_OK && p->choice) weir__choice_say(p->choice, p->option);
        return status;
    }
    int64_t had = list->n;
    if (weir__choices_grow(s->c, list, p->index + 1) != WEIR_OK) return WEIR_ERROR_MEMORY;
    weir_status status = weir__choice_read(s, p->option, &list->at[p->index], value);
    if (!list->at[p->index].row) list->n = had; /* not even begun */
    return status;
}

/* -- errors ---------------------------------------------------------------------------------- */
weir__near weir__near_to(const char *name)
{
    return (weir__near){ .name = name, .distance = (int)strlen(name) / 2 + 2 };
}

void weir__near_offer(weir__near *n, const char *key, int distance)
{
    size_t used = 0;
    if (distance >= n->distance) return;
    n->distance = distance;
    weir__append(n->best, sizeof n->best, &used, "%s", key);
}

/* As near as all of it, or but for one letter as its last part. */
static bool place_near(void *user, const char *key, const weir_option *o, const void *field)
{
    weir__near *n = user;
    const char *point = strrchr(key, '.');
    int whole = weir__edit_distance(n->name, key);
    int last = point ? weir__edit_distance(n->name, point + 1) + 1 : whole;
    (void)o;
    (void)field;
    weir__near_offer(n, key, whole < last ? whole : last);
    return true;
}

static weir_status place_beyond(const weir__site *s, const weir__place *p)
{
    return weir_fail(s->c, WEIR_ERROR_ARGUMENT,
                     "%s: %s: not in a struct of size %zu: expected one of size %zu", s->where,
                     s->key, *(const size_t *)p->options, p->row->options_size);
}

static weir_status place_empty(const weir__site *s, const weir__place *p)
{
    const weir_option *o = p->empty;
    const weir_choices *list = (const void *)((const char *)p->options + o->offset);
    if (o->type == WEIR_OPTION_ROWS)
        return weir_fail(
            s->c, WEIR_ERROR_NAME,
            "%s: unknown option %.100s: expected an index below %lld, there are so many %s; "
            "%s.%lld=NAME adds one",
            s->where, s->key, (long long)list->n, o->name, o->name, (long long)list->n);
    return weir_fail(
        s->c, WEIR_ERROR_NAME,
        "%s: unknown option %.100s: expected %s=NAME with it, one that `weir list %s` shows",
        s->where, s->key, o->name, o->choices);
}

weir_status weir__place_unknown(const weir__site *s, const weir__place *p)
{
    size_t n = strlen(p->rest), before = strlen(s->key) - (n < strlen(s->key) ? n : strlen(s->key));
    weir__near near = weir__near_to(p->rest);
    if (p->empty) return place_empty(s, p);
    if (p->beyond) return place_beyond(s, p);
    weir__options_each(p->row, p->options, place_near, &near);
    if (near.best[0])
        return weir_fail(s->c, WEIR_ERROR_NAME,
                         "%s: unknown option %.100s: expected perhaps %.*s%s", s->where, s->key,
                         p->choice ? (int)before : 0, s->key, near.best);
    if (!p->choice)
        return weir_fail(s->c, WEIR_ERROR_NAME,
                         "%s: unknown option %.100s: expected one that `weir list --json` shows",
                         s->where, s->key);
    if (!p->row->options)
        return weir_fail(s->c, WEIR_ERROR_NAME,
                         "%s: unknown option %.100s: expected none, %s has no options", s->where,
                         s->key, p->row->name);
    return weir_fail(s->c, WEIR_ERROR_NAME, "%s: unknown option %.100s: expected one of %s",
                     s->where, s->key, p->row->name);
}
