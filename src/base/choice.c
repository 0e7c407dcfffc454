/* choice.c - options that choose rows: one row and its options, or a list of them. Naming the row
 * that is chosen already keeps its options; naming another begins with that one's defaults. */
#include <string.h>
#include "base/value.h"

bool weir__is_row_option(const weir_option *o)
{
    return o->type == WEIR_OPTION_ROW || o->type == WEIR_OPTION_ROWS;
}

/* -- one row ----------------------------------------------------------------------------------- */
/* The first word of a ROW's text into `name`; what follows it, or NULL where the word is too long.
 */
static const char *choice_name(const char *text, char *name, size_t bytes)
{
    static const char blank[] = " \t\n\r";
    text += strspn(text, blank);
    size_t n = strcspn(text, blank);
    if (n >= bytes) return NULL;
    memcpy(name, text, n);
    name[n] = 0;
    return text + n;
}

static weir_status choice_unknown(const weir__site *s, const weir_option *o, const char *name)
{
    const char *kind = o->choices, *near = weir__row_nearest(s->c, kind, name);
    return weir_fail(s->c, WEIR_ERROR_NAME,
                     "%s: %s: unknown %s: %.100s: expected one that `weir list %s` shows%s%s",
                     s->where, s->key, kind, name, kind, near ? ", perhaps " : "",
                     near ? near : "");
}

static weir_status choice_set_text(const weir__site *s, weir_choice *k, const char *text)
{
    weir__assignments a = { .c = s->c, .where = s->where, .above = s->key };
    weir_status status = weir__assignments_text(&a, text);
    if (status == WEIR_OK) status = weir__assignments_within(&a, k);
    weir__assignments_free(&a);
    return status;
}

/* The option's default, where it names this row. */
static weir_status choice_set_default(const weir__site *s, const weir_option *o, weir_choice *k)
{
    char name[WEIR__NAME_MAX];
    const char *rest = choice_name(o->def, name, sizeof name);
    if (!rest || weir__row_named(s->c, o->choices, name) != k->row) return WEIR_OK;
    return choice_set_text(s, k, rest);
}

static weir_status choice_take(const weir__site *s, const weir_option *o, weir_choice *k,
                               const weir_row *row)
{
    weir_choice fresh = { .row = row };
    if (k->row == row) return WEIR_OK;
    fresh.options = weir__options_new(s->c, row);
    if (!fresh.options) return WEIR_ERROR_MEMORY;
    weir_status status = o->type == WEIR_OPTION_ROW ? choice_set_default(s, o, &fresh) : WEIR_OK;
    if (status != WEIR_OK) {
        weir__choice_clear(s->c, &fresh);
        return status;
    }
    weir__choice_clear(s->c, k);
    *k = fresh;
    return WEIR_OK;
}

static weir_status choice_take_named(const weir__site *s, const weir_option *o, weir_choice *k,
                                     const char *name)
{
    const weir_row *row = weir__row_named(s->c, o->choices, name);
    return row ? choice_take(s, o, k, row) : choice_unknown(s, o, name);
}

weir_status weir__choice_read(const weir__site *s, const weir_option *o, weir_choice *k,
                              const char *text)
{
    char name[WEIR__NAME_MAX];
    const char *rest = choice_name(text, name, sizeof name);
    if (!rest) return weir__value_bad(s, o, text);
    bool none = name[0] == 0 && o->type == WEIR_OPTION_ROW && o->def[0] == 0;
    if (none) {
        weir__choice_clear(s->c, k);
        return WEIR_OK;
    }
    weir_status status = choice_take_named(s, o, k, name);
    return status == WEIR_OK ? choice_set_text(s, k, rest) : status;
}

weir_status weir__choice_check(const weir__site *s, const weir_option *o, const weir_choice *k)
{
    if (!k->row && o->type == WEIR_OPTION_ROW && o->def[0] == 0) return WEIR_OK;
    if (!k->row || !weir__row_is_of(k->row, o->choices) || (k->row->options && !k->options))
        return weir_fail(
            s->c, WEIR_ERROR_ARGUMENT,
            "%s: %s: expected a row of kind %s and its options, as weir_choice_set does", s->where,
            s->key, o->choices);
    return k->options ? weir__options_check_at(s, k->row, k->options) : WEIR_OK;
}

weir_status weir__choice_copy(weir_ctx *c, weir_choice *to, const weir_choice *from)
{
    *to = (weir_choice){ 0 };
    if (!from->row) return WEIR_OK;
    if (!from->options) {
        to->options = weir__options_new(c, from->row);
    } else {
        size_t bytes = from->row->options_size;
        to->options = weir__alloc0(c, bytes > sizeof(size_t) ? bytes : sizeof(size_t));
        bool good = to->options
                    && weir_options_copy(c, from->row, to->options, from->options) == WEIR_OK;
        if (!good) {
            weir__free(c, to->options);
            to->options = NULL;
        }
    }
    if (!to->options) return WEIR_ERROR_MEMORY;
    to->row = from->row;
    to->said = from->said;
    return WEIR_OK;
}

void weir__choice_clear(weir_ctx *c, weir_choice *k)
{
    if (k->row) weir__options_delete(c, k->row, k->options);
    *k = (weir_choice){ 0 };
}

void weir__choice_text(weir__out *out, const weir_choice *k)
{
    if (!k->row) return;
    weir__out_text(out, weir__row_short_name(k->row));
    weir__options_out(out, k, " ");
}

/* -- a list of them ---------------------------------------------------------------------------- */
weir_status weir__choices_grow(weir_ctx *c, weir_choices *list, int64_t n)
{
    if (n <= list->n) return WEIR_OK;
    weir_choice *at = weir__alloc0_n(c, n, sizeof *at);
    if (!at) return WEIR_ERROR_MEMORY;
    if (list->n > 0) memcpy(at, list->at, (size_t)list->n * sizeof *at);
    weir__free(c, list->at);
    list->at = at;
    list->n = n;
    return WEIR_OK;
}

static void choices_cut(weir_ctx *c, weir_choices *list, int64_t n)
{
    for (int64_t i = n; i < list->n; i++) weir__choice_clear(c, &list->at[i]);
    if (n < list->n) list->n = n;
}

void weir__choices_clear(weir_ctx *c, weir_choices *list)
{
    choices_cut(c, list, 0);
    weir__free(c, list->at);
    *list = (weir_choices){ 0 };
}

weir_status weir__choices_copy(weir_ctx *c, weir_choices *to, const weir_choices *from)
{
    *to = (weir_choices){ 0 };
    weir_status status = weir__choices_grow(c, to, from->n);
    for (int64_t i = 0; i < from->n && status == WEIR_OK; i++)
        status = weir__choice_copy(c, &to->at[i], &from->at[i]);
    if (status != WEIR_OK) weir__choices_clear(c, to);
    return status;
}

weir_status weir__choices_check(const weir__site *s, const weir_option *o, const weir_choices *list)
{
    if (list->n < 0 || (list->n > 0 && !list->at))
        return weir_fail(s->c, WEIR_ERROR_ARGUMENT, "%s: %s: expected a list of rows", s->where,
                         s->key);
    for (int64_t i = 0; i < list->n; i++) {
        char key[WEIR__KEY_MAX];
        size_t used = 0;
        weir__append(key, sizeof key, &used, "%s.%lld", s->key, (long long)i);
        weir__site inner = { s->c, s->where, key };
        weir_status status = weir__choice_check(&inner, o, &list->at[i]);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

bool weir__choices_alike(const weir_choices *a, const weir_choices *b)
{
    bool alike = a->n == b->n;
    for (int64_t i = 0; alike && i < a->n; i++) alike = a->at[i].row == b->at[i].row;
    return alike;
}

/* Element by element, so that rows that stay keep their options. */
static weir_status choices_take(const weir__site *s, const weir_option *o, weir_choices *list,
                                const char *names, char *name)
{
    int64_t count = 0;
    for (const char *p = names; *p; count++) {
        p = weir__word_read(p, name);
        bool bad = !p || !*name || (*p == ',' && p[1] == 0);
        if (bad) return weir__value_bad(s, o, names);
        if (weir__choices_grow(s->c, list, count + 1) != WEIR_OK) return WEIR_ERROR_MEMORY;
        weir_status status = choice_take_named(s, o, &list->at[count], name);
        if (status != WEIR_OK) return status;
        p += *p == ',';
    }
    choices_cut(s->c, list, count);
    return WEIR_OK;
}

/* What `all` says below "I." goes to element I. */
static weir_status choices_set_element(const weir__site *s, weir_choice *k, int64_t i,
                                       const weir__assignments *all, int64_t *used)
{
    char key[WEIR__KEY_MAX], number[24];
    size_t n = 0, digits = 0;
    weir__append(key, sizeof key, &n, "%s.%lld", s->key, (long long)i);
    weir__append(number, sizeof number, &digits, "%lld.", (long long)i);
    weir__assignments own = { .c = s->c, .where = s->where, .above = key };
    weir_status status = WEIR_OK;
    for (int64_t j = 0; j < all->n && status == WEIR_OK; j++) {
        const char *full = all->at[j].key;
        if (strncmp(full, number, digits) != 0) continue;
        status = weir__assignments_add(&own, full + digits, strlen(full + digits),
                                       all->at[j].value);
        ++*used;
    }
    if (status == WEIR_OK) status = weir__assignments_within(&own, k);
    weir__assignments_free(&own);
    return status;
}

/* `text` follows the names in `whole`. */
static weir_status choices_set_text(const weir__site *s, const weir_option *o, weir_choices *list,
                                    const char *whole, const char *text)
{
    weir__assignments all = { .c = s->c, .where = s->where, .above = s->key };
    int64_t used = 0;
    weir_status status = weir__assignments_text(&all, text);
    for (int64_t i = 0; i < list->n && status == WEIR_OK; i++)
        status = choices_set_element(s, &list->at[i], i, &all, &used);
    if (status == WEIR_OK && used < all.n) status = weir__value_bad(s, o, whole);
    weir__assignments_free(&all);
    return status;
}

weir_status weir__choices_read(const weir__site *s, const weir_option *o, weir_choices *list,
                               const char *text)
{
    size_t n = strcspn(text, " \t\n\r");
    char *names = weir__alloc_n(s->c, 2, n + 1); /* the second for one name */
    if (!names) return WEIR_ERROR_MEMORY;
    memcpy(names, text, n);
    names[n] = 0;
    weir_status status = choices_take(s, o, list, names, names + n + 1);
    weir__free(s->c, names);
    return status == WEIR_OK ? choices_set_text(s, o, list, text, text + n) : status;
}

void weir__choices_names(weir__out *out, const weir_choices *list)
{
    for (int64_t i = 0; i < list->n; i++) {
        if (i > 0) weir__out_char(out, ',');
        weir__out_text(out, weir__row_short_name(list->at[i].row));
    }
}

void weir__choices_text(weir__out *out, const weir_choices *list)
{
    weir__choices_names(out, list);
    for (int64_t i = 0; i < list->n; i++) {
        char before[32];
        size_t used = 0;
        weir__append(before, sizeof before, &used, " %lld.", (long long)i);
        weir__options_out(out, &list->at[i], before);
    }
}
