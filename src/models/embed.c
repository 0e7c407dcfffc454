/* embed.c - the network that a model's context goes through before its layers see it: with embed=
 * they are conditioned on e(k), `out` values that are learned with the model, in place of the
 * context k itself. One network for all layers, as amortised inference wants of a long context
 * (Cranmer, Brehmer, Louppe 2020). The null condition goes through it too. */
#include "base/value.h"
#include "ops/ops.h"
#include "models/models.h"

enum { EMBED_VALUES = 16 }; /* unless `out` is said */

static weir_choice *embed_choice(const weir_model *m)
{
    weir_choice *k = weir__option_value(&m->row->row, m->options, "embed", WEIR_OPTION_ROW);
    return k && k->row ? k : NULL;
}

static bool embed_give(weir_model *m, weir_choice *k, const char *name, int64_t value)
{
    char text[24];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "%lld", (long long)value);
    return weir__choice_give(m->object.ctx, &m->row->row, "embed", k, name, text) == WEIR_OK;
}

/* The network's `out`, which nobody may have said. */
static int64_t embed_values(weir_model *m, weir_choice *k)
{
    const weir_option *out = weir__option_named(k->row, "out");
    const int64_t *value = weir__option_value(k->row, k->options, "out", WEIR_OPTION_INT);
    if (weir__is_left_to_owner(k, out) && !embed_give(m, k, "out", EMBED_VALUES)) return 0;
    return *value;
}

bool weir__model_plan_embed(weir_model *m)
{
    weir_choice *k = embed_choice(m);
    weir_ctx *c = m->object.ctx;
    m->seen_context = m->context;
    if (!k) return true;
    if (m->context == 0)
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: embed=%s: expected a model with a context",
                  m->row->row.name, k->row->name);
    else if (!weir__option_named(k->row, "in") || !weir__option_named(k->row, "out"))
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "%s: embed=%s: expected a network of in= and out=", m->row->row.name,
                  k->row->name);
    else m->seen_context = embed_values(m, k);
    return weir_ok(c);
}

weir_status weir__model_add_embed(weir_model *m)
{
    weir_choice *k = embed_choice(m);
    weir_ctx *c = m->object.ctx;
    if (!k || !weir_ok(c)) return weir_status_of(c);
    if (!embed_give(m, k, "in", m->context) || !embed_give(m, k, "classes", 0)
        || !embed_give(m, k, "context", 0))
        return weir_status_of(c);
    weir_module *own = weir__choice_module(c, &m->row->row, "embed", k, 0, NULL);
    m->embed = weir_module_add(m->module, "embed", own);
    return weir_status_of(c);
}

const weir_condition *weir__model_condition_embedded(const weir_model *m, weir_ctx *c,
                                                     const weir_condition *k)
{
    weir_tensor *t = m->embed ? weir_condition_get(k, "context") : NULL;
    if (!t || weir_is_nil(t)) return k;
    if (weir_ctx_of(t) != c) t = weir__samples_view(c, t, 0, t->shape[0]);
    if (!weir__module_layout(m->module)) return weir__nil(c, WEIR__CONDITION); /* seals it */
    t = weir_network_at(m->embed, weir_flatten(t), NULL, NULL);
    return weir_condition_with(k, "context", t);
}
