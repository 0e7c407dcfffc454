/* options.c - options are fields declared in their owner's row; defaults are text read by the same
 * parser as a user's value. */
#include <string.h>
#include "base/value.h"

const weir_option *weir__option_named(const weir_row *row, const char *name)
{
    for (const weir_option *o = row->options; o && o->name; o++)
        if (strcmp(o->name, name) == 0) return o;
    return NULL;
}

static void *field_of(const weir_option *o, void *opts) { return (char *)opts + o->offset; }
static const void *const_field_of(const weir_option *o, const void *opts)
{
    return (const char *)opts + o->offset;
}

void *weir__option_value(const weir_row *row, void *options, const char *name,
                         weir_option_type type)
{
    const weir_option *o = weir__option_named(row, name);
    return o && o->type == type ? field_of(o, options) : NULL;
}

/* -- the struct's size ----------------------------------------------------------------------- */
/* A struct without a size has no options, but where the row is one of no options at all. */
static bool options_begin_with_size(const weir_row *row)
{
    return row->options_size >= sizeof(size_t);
}

bool weir__option_is_in(const weir_row *row, const void *opts, const weir_option *o)
{
    size_t size = row->options_size;
    if (options_begin_with_size(row)) memcpy(&size, opts, sizeof size);
    return o->offset <= size && size - o->offset >= weir__value_bytes(o->type);
}

static bool options_fit(const weir__site *s, const weir_row *row, const void *opts)
{
    char who[WEIR__KEY_MAX];
    size_t used = 0;
    if (!options_begin_with_size(row)) return true;
    weir__append(who, sizeof who, &used, "%s: %s%soptions", s->where, s->key,
                 s->key[0] ? ": " : "");
    return weir__sized_fits(s->c, who, "them from their defaults function", opts,
                            row->options_size);
}

/* -- making and freeing ---------------------------------------------------------------------- */
static weir_status options_default_one(const weir__site *s, const weir_option *o, void *opts)
{
    bool none = weir__is_row_option(o) && o->def[0] == 0;
    return none ? WEIR_OK : weir__value_set(s, o, field_of(o, opts), o->def);
}

weir_status weir_options_defaults(weir_ctx *c, const weir_row *row, void *opts)
{
    WEIR__AS_FOUND;
    if (!c || !row || !opts)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "options_defaults: NULL: expected a row and options");
    if (row->options_size < sizeof(size_t)) return WEIR_OK;
    memset(opts, 0, row->options_size);
    memcpy(opts, &row->options_size, sizeof(size_t));
    for (const weir_option *o = row->options; o && o->name; o++) {
        weir__site s = { c, row->name, o->name };
        weir_status status = options_default_one(&s, o, opts);
        if (status == WEIR_OK) continue;
        weir_options_free(c, row, opts);
        return status;
    }
    return WEIR_OK;
}

void weir_options_free(weir_ctx *c, const weir_row *row, void *opts)
{
    WEIR__AS_FOUND;
    if (!c || !row || !opts) return;
    for (const weir_option *o = row->options; o && o->name; o++)
        if (weir__option_is_in(row, opts, o)) weir__value_free(c, o, field_of(o, opts));
}

/* What `from` does not reach is as by default. */
static weir_status options_copy_one(weir_ctx *c, const weir_row *row, const weir_option *o,
                                    void *to, const void *from)
{
    weir__site s = { c, row->name, o->name };
    if (weir__option_is_in(row, from, o))
        return weir__value_copy(c, o, field_of(o, to), const_field_of(o, from));
    return options_default_one(&s, o, to);
}

weir_status weir_options_copy(weir_ctx *c, const weir_row *row, void *to, const void *from)
{
    WEIR__AS_FOUND;
    if (!c || !row || !to || !from)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "options_copy: NULL: expected a row and two structs");
    weir__site s = { c, row->name, "" };
    if (!options_fit(&s, row, from)) return weir_status_of(c);
    memset(to, 0, row->options_size);
    if (options_begin_with_size(row))
        weir__sized_read(c, row->name, "", from, to, row->options_size);
    for (const weir_option *o = row->options; o && o->name; o++)
        weir__value_forget(o, field_of(o, to));
    for (const weir_option *o = row->options; o && o->name; o++) {
        weir_status status = options_copy_one(c, row, o, to, from);
        if (status == WEIR_OK) continue;
        weir_options_free(c, row, to);
        return status;
    }
    return WEIR_OK;
}

void *weir__options_new(weir_ctx *c, const weir_row *row)
{
    size_t bytes = row->options_size;
    void *opts = weir__alloc0(c, bytes > sizeof(size_t) ? bytes : sizeof(size_t));
    if (opts && weir_options_defaults(c, row, opts) == WEIR_OK) return opts;
    weir__free(c, opts);
    return NULL;
}

void *weir__options_clone(weir_ctx *c, const weir_row *row, const void *from)
{
    size_t bytes = row->options_size;
    void *opts = weir__alloc0(c, bytes > sizeof(size_t) ? bytes : sizeof(size_t));
    if (opts && weir_options_copy(c, row, opts, from) == WEIR_OK) return opts;
    weir__free(c, opts);
    return NULL;
}

const void *weir__options_whole(weir_ctx *c, const weir_row *row, const void *opts, void **made)
{
    size_t size = row->options_size;
    *made = NULL;
    if (options_begin_with_size(row)) memcpy(&size, opts, sizeof size);
    if (size == row->options_size) return opts;
    *made = weir__options_clone(c, row, opts);
    return *made;
}

void weir__options_delete(weir_ctx *c, const weir_row *row, void *opts)
{
    weir_options_free(c, row, opts);
    weir__free(c, opts);
}

/* -- setting --------------------------------------------------------------------------------- */
weir_status weir_option_set(weir_ctx *c, const weir_row *row, void *opts, const char *name,
                            const char *value)
{
    WEIR__AS_FOUND;
    weir__place p;
    if (!c || !row || !opts || !name || !value)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "option_set: NULL: expected a row, options, a name and a value");
    weir__site s = { c, row->name, name };
    if (!weir__place_find(row, opts, name, &p)) return weir__place_unknown(&s, &p);
    return weir__place_set(&s, &p, value);
}

weir_status weir_options_parse(weir_ctx *c, const weir_row *row, void *opts, const char *text)
{
    WEIR__AS_FOUND;
    if (!c || !row || !opts)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "options_parse: NULL: expected a row and options");
    weir__assignments a = { .c = c, .where = row->name };
    weir_status status = weir__assignments_text(&a, text);
    if (status == WEIR_OK) status = weir__assignments_apply(&a, row, opts);
    weir__assignments_free(&a);
    return status;
}

/* -- checking -------------------------------------------------------------------------------- */
weir_status weir__options_check_at(const weir__site *s, const weir_row *row, const void *opts)
{
    if (!options_fit(s, row, opts)) return weir_status_of(s->c);
    for (const weir_option *o = row->options; o && o->name; o++) {
        if (!weir__option_is_in(row, opts, o)) continue;
        char key[WEIR__KEY_MAX];
        size_t used = 0;
        weir__append(key, sizeof key, &used, "%s%s%s", s->key, s->key[0] ? "." : "", o->name);
        weir__site inner = { s->c, s->where, key };
        weir_status status = weir__value_check(&inner, o, const_field_of(o, opts));
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

weir_status weir_options_check(weir_ctx *c, const weir_row *row, const void *opts)
{
    WEIR__AS_FOUND;
    if (!c || !row || !opts)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "options_check: NULL: expected a row and options");
    weir__site s = { c, row->name, "" };
    return weir__options_check_at(&s, row, opts);
}

/* -- going through all ----------------------------------------------------------------------- */
typedef struct walk {
    weir__each_fn fn;
    void *user;
    bool stopped;
    char key[WEIR__KEY_MAX];
} walk;

/* Appends ".name" at `at`; the new end, or 0 where it does not fit. */
static size_t walk_key(walk *w, size_t at, const char *name)
{
    size_t used = at;
    weir__append(w->key, sizeof w->key, &used, "%s%s", at ? "." : "", name);
    if (used < sizeof w->key) return used;
    w->stopped = true;
    return 0;
}

static void walk_row(walk *w, size_t at, const weir_row *row, const void *opts,
                     const weir_choice *k);

static void walk_list(walk *w, size_t at, const weir_choices *list)
{
    for (int64_t i = 0; i < list->n && !w->stopped; i++) {
        char number[24];
        size_t used = 0;
        weir__append(number, sizeof number, &used, "%lld", (long long)i);
        size_t end = walk_key(w, at, number);
        if (end) walk_row(w, end, list->at[i].row, list->at[i].options, &list->at[i]);
    }
}

/* `field` NULL: the struct does not reach it. */
static void walk_option(walk *w, size_t at, const weir_option *o, const void *field)
{
    const weir_choice *k = field;
    size_t end = walk_key(w, at, o->name);
    if (!end) return;
    if (!w->fn(w->user, w->key, o, field)) w->stopped = true;
    if (!field) return;
    if (o->type == WEIR_OPTION_ROW && k->row && !w->stopped)
        walk_row(w, end, k->row, k->options, k);
    if (o->type == WEIR_OPTION_ROWS) walk_list(w, end, field);
}

static void walk_row(walk *w, size_t at, const weir_row *row, const void *opts,
                     const weir_choice *k)
{
    for (const weir_option *o = row->options; o && o->name && !w->stopped; o++) {
        bool in = weir__option_is_in(row, opts, o);
        if (k && weir__is_left_to_owner(k, o)) continue;
        walk_option(w, at, o, in ? const_field_of(o, opts) : NULL);
    }
}

bool weir__options_each(const weir_row *row, const void *opts, weir__each_fn fn, void *user)
{
    walk w = { .fn = fn, .user = user };
    walk_row(&w, 0, row, opts, NULL);
    return !w.stopped;
}

/* -- as text --------------------------------------------------------------------------------- */
/* Of rows the names alone: their options follow under keys of their own. NULL: the default. */
static void options_put_value(weir__out *out, const weir_option *o, const void *field)
{
    const weir_choice *k = field;
    if (!field) weir__out_text(out, o->def);
    else if (o->type == WEIR_OPTION_ROWS) weir__choices_names(out, field);
    else if (o->type != WEIR_OPTION_ROW) weir__value_text(out, o, field);
    else if (k->row) weir__out_text(out, weir__row_short_name(k->row));
}

typedef struct lines {
    weir__out *out;
    const char *before; /* every key */
} lines;

static bool options_put_line(void *user, const char *key, const weir_option *o, const void *field)
{
    lines *l = user;
    weir__out scan = { 0 };
    options_put_value(&scan, o, field);
    if (l->out->used > 0) weir__out_text(l->out, l->before);
    weir__out_text(l->out, key);
    weir__out_char(l->out, '=');
    if (scan.odd) weir__out_char(l->out, '"');
    l->out->quoted = scan.odd;
    options_put_value(l->out, o, field);
    l->out->quoted = false;
    if (scan.odd) weir__out_char(l->out, '"');
    return true;
}

void weir__options_out(weir__out *out, const weir_choice *k, const char *before)
{
    lines l = { out, before };
    walk w = { .fn = options_put_line, .user = &l };
    walk_row(&w, 0, k->row, k->options, k);
}

int64_t weir_options_text(const weir_row *row, const void *opts, char *buffer, size_t bytes)
{
    WEIR__AS_FOUND;
    weir__out out = { .buffer = buffer, .bytes = buffer ? bytes : 0 };
    lines l = { &out, " " };
    bool whole = row && opts && weir__options_each(row, opts, options_put_line, &l);
    weir__out_end(&out);
    return whole ? (int64_t)out.used : -1;
}

int weir_option_text(const weir_option *o, const void *opts, char *buffer, size_t bytes)
{
    WEIR__AS_FOUND;
    weir__out out = { .buffer = buffer, .bytes = buffer ? bytes : 0 };
    size_t size = 0; /* where there is none, no one can be told */
    if (o && opts) memcpy(&size, opts, sizeof size);
    bool in = o && o->offset <= size && size - o->offset >= weir__value_bytes(o->type);
    if (in) weir__value_text(&out, o, const_field_of(o, opts));
    else if (size > 0) weir__out_text(&out, o->def);
    weir__out_end(&out);
    return (int)out.used;
}

/* -- two structs ----------------------------------------------------------------------------- */
typedef struct comparison {
    const weir_row *row;
    void *other;
    char *key, *here, *there; /* of a weir__difference */
} comparison;

static void short_text(const weir_option *o, const void *field, char *text)
{
    weir__out out = { .buffer = text, .bytes = sizeof((weir__difference *)0)->a };
    options_put_value(&out, o, field);
    weir__out_end(&out);
}

static bool same_there(void *user, const char *key, const weir_option *o, const void *field)
{
    comparison *k = user;
    weir__place p;
    size_t used = 0;
    bool found = weir__place_find(k->row, k->other, key, &p) && p.option == o;
    const void *there = found ? const_field_of(o, p.options) : NULL;
    if (found && field && weir__value_equal(o, field, there)) return true;
    weir__append(k->key, sizeof((weir__difference *)0)->key, &used, "%s", key);
    short_text(o, field, k->here);
    if (found) short_text(o, there, k->there);
    return false;
}

bool weir__options_differ(const weir_row *row, const void *a, const void *b, weir__difference *d)
{
    *d = (weir__difference){ "", "", "" };
    comparison forth = { row, (void *)(uintptr_t)b, d->key, d->a, d->b };
    comparison back = { row, (void *)(uintptr_t)a, d->key, d->b, d->a };
    return !weir__options_each(row, a, same_there, &forth)
           || !weir__options_each(row, b, same_there, &back);
}

weir_status weir__option_convey(weir_ctx *c, const weir_row *from_row, const weir_option *from,
                                const void *from_opts, const weir_row *to_row,
                                const weir_option *to, void *to_opts)
{
    char text[WEIR__KEY_MAX];
    weir__site s = { c, to_row->name, to->name };
    int n = weir_option_text(from, from_opts, text, sizeof text);
    if (n < (int)sizeof text) return weir__value_set(&s, to, field_of(to, to_opts), text);
    return weir_fail(c, WEIR_ERROR_RANGE, "%s: %s: expected a shorter value for %s", from_row->name,
                     from->name, to_row->name);
}
