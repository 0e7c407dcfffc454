/* choice_set.c - choosing a row from C, by a struct of its options. */
#include "base/value.h"

/* What a struct says of the options that its chooser would give: all that are not at their
 * defaults. */
static weir_status say_changed(weir_ctx *c, weir_choice *k)
{
    weir_choice plain = { .row = k->row, .options = weir__options_new(c, k->row) };
    if (!plain.options) return WEIR_ERROR_MEMORY;
    for (const weir_option *o = k->row->options; o && o->name; o++) {
        const void *usual = (const char *)plain.options + o->offset;
        if (!weir__value_equal(o, usual, (const char *)k->options + o->offset))
            weir__choice_say(k, o);
    }
    weir__options_delete(c, k->row, plain.options);
    return WEIR_OK;
}

/* A copy of what is asked for, checked. */
static weir_status copy_chosen(const weir__site *s, const weir_option *o, const weir_choice *from,
                               weir_choice *to)
{
    weir_status status = WEIR_OK;
    if (from->options || !from->row) status = weir__choice_check(s, o, from);
    if (status == WEIR_OK) status = weir__choice_copy(s->c, to, from);
    if (status == WEIR_OK && from->options) status = say_changed(s->c, to);
    if (status == WEIR_OK)
        status = weir__choice_check(s, o, to); /* its kind, where all is default */
    if (status != WEIR_OK) weir__choice_clear(s->c, to);
    return status;
}

static weir_status put_chosen(const weir__site *s, const weir__place *p, weir_choice *k)
{
    void *field = (char *)p->options + p->option->offset;
    weir_choices *list = field;
    if (p->index < 0) {
        weir__choice_clear(s->c, field);
        *(weir_choice *)field = *k;
        return WEIR_OK;
    }
    weir_status status = weir__choices_grow(s->c, list, p->index + 1);
    if (status != WEIR_OK) return status;
    weir__choice_clear(s->c, &list->at[p->index]);
    list->at[p->index] = *k;
    return WEIR_OK;
}

weir_status weir_choice_set(weir_ctx *c, const weir_row *row, void *opts, const char *name,
                            const weir_row *chosen, const void *options)
{
    WEIR__AS_FOUND;
    weir__place p;
    if (!c || !row || !opts || !name || !chosen)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "choice_set: NULL: expected a row, options, a name and a row to choose");
    weir__site s = { c, row->name, name };
    weir_choice from = { .row = chosen, .options = (void *)(uintptr_t)options }, to = { 0 };
    if (!weir__place_find(row, opts, name, &p)) return weir__place_unknown(&s, &p);
    if (!weir__place_is_row(&p) || (p.option->type == WEIR_OPTION_ROWS && p.index < 0))
        return weir_fail(
            c, WEIR_ERROR_ARGUMENT,
            "%s: %s: expected an option that chooses a row, or an element of a list of them",
            row->name, name);
    weir_status status = copy_chosen(&s, p.option, &from, &to);
    if (status == WEIR_OK) status = put_chosen(&s, &p, &to);
    if (status != WEIR_OK) weir__choice_clear(c, &to);
    return status;
}
