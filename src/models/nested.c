/* nested.c - the sampler of one request, from the model's own choice and what the request says. */
#include <string.h>
#include "base/value.h"
#include "models/models.h"

/* Whether a value is not the row's default, which `plain` has. */
static bool choice_changed(const weir_option *o, const void *options, const void *plain)
{
    char text[1024], other[1024];
    int n = weir_option_text(o, options, text, sizeof text);
    weir_option_text(o, plain, other, sizeof other);
    return n >= (int)sizeof text || strcmp(text, other) != 0;
}

/* A method that chooses its steps goes on to where its owner's has fixed ones. */
static bool choice_adapts(const weir_row *row, const weir_option *o)
{
    bool steps = strncmp(row->name, "sampler.", 8) == 0 && strcmp(o->name, "steps") == 0;
    return steps && weir_sampler_steps((const weir_sampler_row *)row, NULL) == 0;
}

/* Of what both rows know, under one name and of one type, what was changed: the first row's
 * defaults are not the second's. Steps that were chosen for a method with fixed ones are none of
 * one that chooses them. */
static weir_status choice_carry_changes(weir_ctx *c, const weir_choice *from, const void *plain,
                                        const weir_choice *to)
{
    weir_status status = WEIR_OK;
    for (const weir_option *o = to->row->options; status == WEIR_OK && o && o->name; o++) {
        const weir_option *same = weir__option_named(from->row, o->name);
        if (!same || same->type != o->type) continue;
        if (!choice_changed(same, from->options, plain)) continue;
        if (choice_adapts(to->row, o) && !choice_adapts(from->row, same)) continue;
        status = weir__option_convey(c, from->row, same, from->options, to->row, o, to->options);
    }
    return status;
}

static weir_status choice_carry(weir_ctx *c, const weir_choice *from, const weir_choice *to)
{
    void *plain = weir__options_new(c, from->row);
    if (!plain) return weir_status_of(c);
    weir_status status = choice_carry_changes(c, from, plain, to);
    weir__options_delete(c, from->row, plain);
    return status;
}

bool weir__sampler_open(weir_ctx *c, const weir_row *owner, const weir_choice *own,
                        const char *text, weir_choice *k)
{
    static const weir_option solver = {
        .name = "solver", .type = WEIR_OPTION_ROW, .def = "", .choices = "sampler"
    };
    const weir__site s = { c, owner->name, "solver" };
    *k = (weir_choice){ 0 };
    if (!text) return weir__choice_copy(c, k, own) == WEIR_OK;
    char name[WEIR__NAME_MAX];
    size_t used = 0;
    text += strspn(text, " ");
    weir__append(name, sizeof name, &used, "%.*s", (int)strcspn(text, " "), text);
    if (!name[0])
        weir_fail(c, WEIR_ERROR_NAME,
                  "%s: solver: an empty text: expected one that `weir list sampler` shows",
                  owner->name);
    bool good = name[0] && weir__choice_read(&s, &solver, k, name) == WEIR_OK
                && choice_carry(c, own, k) == WEIR_OK
                && weir__choice_read(&s, &solver, k, text) == WEIR_OK;
    if (!good) weir__choice_clear(c, k);
    return good;
}

void weir__sampler_close(weir_ctx *c, weir_choice *k) { weir__choice_clear(c, k); }
