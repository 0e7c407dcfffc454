/* nested.c - rows that a row's options choose: a model has "net.name", "net.hidden", .., and the network it names gets those that it knows. */
#include <string.h>
#include "models/models.h"

/* "hidden" of "net.hidden" for the prefix "net"; NULL: another's, or the name */
static const char *within(const char *prefix, const char *name)
{
    size_t n = strlen(prefix);
    return strncmp(name, prefix, n) == 0 && name[n] == '.' && strcmp(name + n + 1, "name") != 0 ? name + n + 1 : NULL;
}

/* What the row has no use for must have been left alone. */
static weir_status refuse_changed(weir_ctx *c, const weir_row *owner, const weir_option *o, const char *value, const void *defaults, const weir_row *row)
{
    char usual[1024];
    weir_option_text(o, defaults, usual, sizeof usual);
    if (strcmp(usual, value) == 0) return WEIR_OK;
    return weir_fail(c, WEIR_ERROR_RANGE, "%s: %s=%.60s: expected %.60s, %s has no such option", owner->name, o->name, value, usual, row->name);
}

static weir_status pass_on(weir_ctx *c, const weir_row *owner, const void *opts, const void *defaults, const char *prefix, weir__nested *n)
{
    for (const weir_option *o = owner->options; o && o->name; o++) {
        char value[1024];
        const char *name = within(prefix, o->name);
        if (!name) continue;
        weir_option_text(o, opts, value, sizeof value);
        if (weir__option_named(n->row, name)) weir_option_set(c, n->row, n->options, name, value);
        else if (defaults) refuse_changed(c, owner, o, value, defaults, n->row);
        if (!weir_ok(c)) return weir_status_of(c);
    }
    return WEIR_OK;
}

bool weir__nested_open(weir_ctx *c, const weir_row *owner, const void *opts, const char *kind, const char *name, const char *prefix, bool strict, weir__nested *n)
{
    *n = (weir__nested){ .row = weir_row_find(c, kind, name) };
    void *defaults = n->row && strict ? weir__options_new(c, owner) : NULL;
    if (weir_ok(c) && n->row) n->options = weir__options_new(c, n->row);
    if (n->options) pass_on(c, owner, opts, defaults, prefix, n);
    weir__options_delete(c, owner, defaults);
    if (weir_ok(c) && n->options) return true;
    weir__nested_close(c, n);
    return false;
}

void weir__nested_close(weir_ctx *c, weir__nested *n)
{
    if (n->row) weir__options_delete(c, n->row, n->options);
    *n = (weir__nested){ 0 };
}

bool weir__nested_set(weir_ctx *c, weir__nested *n, const char *name, const char *value)
{
    return !weir__option_named(n->row, name) || weir_option_set(c, n->row, n->options, name, value) == WEIR_OK;
}
