/* nested.c - the sampler of one request, from the model's own choice and what the request says. */
#include <string.h>
#include "base/value.h"
#include "models/models.h"

/* What both rows know, under one name and of one type. */
static weir_status choice_carry(weir_ctx *c, const weir_choice *from, const weir_choice *to)
{
    for (const weir_option *o = to->row->options; o && o->name; o++) {
        const weir_option *same = weir__option_named(from->row, o->name);
        if (!same || same->type != o->type) continue;
        weir_status status =
            weir__option_convey(c, from->row, same, from->options, to->row, o, to->options);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
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
    weir__append(name, sizeof name, &used, "%.*s", (int)strcspn(text, " "), text);
    bool good = weir__choice_read(&s, &solver, k, name) == WEIR_OK
                && choice_carry(c, own, k) == WEIR_OK
                && weir__choice_read(&s, &solver, k, text) == WEIR_OK;
    if (!good) weir__choice_clear(c, k);
    return good;
}

void weir__sampler_close(weir_ctx *c, weir_choice *k) { weir__choice_clear(c, k); }
