/* given.c - options of a chosen row that its chooser gives: the element type, the number of
 * columns. What nobody said takes the chooser's value of the same name, or what the chooser's code
 * works out. */
#include <string.h>
#include "base/value.h"

bool weir__is_given(const weir_row *row, const weir_option *o)
{
    size_t n = strlen(o->name);
    for (const char *p = row->given; p && *p;) {
        size_t word = strcspn(p, "|");
        if (word == n && memcmp(p, o->name, n) == 0) return true;
        p += word + (p[word] == '|');
    }
    return false;
}

/* Given, and not said: then it is not this row's to print, to compare or to keep. */
bool weir__is_left_to_owner(const weir_choice *k, const weir_option *o)
{
    int64_t i = o - k->row->options;
    return weir__is_given(k->row, o) && i < 64 && !(k->said >> i & 1);
}

bool weir__choice_said(const weir_choice *k, const weir_option *o)
{
    return weir__is_given(k->row, o) && !weir__is_left_to_owner(k, o);
}

void weir__choice_say(weir_choice *k, const weir_option *o)
{
    int64_t i = o - k->row->options;
    if (weir__is_given(k->row, o) && i < 64) k->said |= (uint64_t)1 << i;
}

static weir_status choice_inherit(weir_ctx *c, const weir_row *owner, const void *opts,
                                  weir_choice *k)
{
    for (const weir_option *o = k->row->options; o && o->name; o++) {
        const weir_option *above = weir__option_named(owner, o->name);
        if (!above || above->type != o->type || !weir__is_left_to_owner(k, o)) continue;
        weir_status status = weir__option_convey(c, owner, above, opts, k->row, o, k->options);
        if (status != WEIR_OK) return status;
    }
    return weir__options_settle(c, k->row, k->options);
}

bool weir__options_choose_rows(const weir_row *row)
{
    for (const weir_option *o = row->options; o && o->name; o++)
        if (weir__is_row_option(o)) return true;
    return false;
}

weir_status weir__options_settle(weir_ctx *c, const weir_row *row, void *opts)
{
    weir_status status = WEIR_OK;
    for (const weir_option *o = row->options; o && o->name && status == WEIR_OK; o++) {
        void *field = (char *)opts + o->offset;
        weir_choice *one = o->type == WEIR_OPTION_ROW ? field : NULL;
        weir_choices *list = o->type == WEIR_OPTION_ROWS ? field : NULL;
        if (one && one->row) status = choice_inherit(c, row, opts, one);
        for (int64_t i = 0; list && i < list->n && status == WEIR_OK; i++)
            status = choice_inherit(c, row, opts, &list->at[i]);
    }
    return status;
}

weir_status weir__choice_give(weir_ctx *c, const weir_row *owner, const char *option,
                              weir_choice *k, const char *name, const char *value)
{
    char key[WEIR__KEY_MAX];
    size_t used = 0;
    const weir_option *o = k->row ? weir__option_named(k->row, name) : NULL;
    if (!o) return WEIR_OK;
    weir__append(key, sizeof key, &used, "%s.%s", option, name);
    weir__site s = { c, owner->name, key };
    void *field = (char *)k->options + o->offset;
    if (weir__is_left_to_owner(k, o)) return weir__value_set(&s, o, field, value);
    char said[128];
    weir_option_text(o, k->options, said, sizeof said);
    if (strcmp(said, value) == 0) return WEIR_OK;
    return weir_fail(c, WEIR_ERROR_RANGE, "%s: %s=%.60s: expected %.60s", owner->name, key, said,
                     value);
}
