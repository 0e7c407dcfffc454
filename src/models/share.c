/* share.c - one copy of the weights for many contexts: a tree of the same shape, laid over the
 * values of the model it is a share of. */
#include <string.h>
#include "models/models.h"

static weir_status copy_buffers(weir_model *to, weir_model *from)
{
    weir__state own = { 0 }, lent = { 0 };
    weir_ctx *c = to->object.ctx;
    if (weir__state_of(c, to->module, &own) == WEIR_OK
        && weir__state_of(c, from->module, &lent) == WEIR_OK)
        weir__state_copy_buffers(&own, &lent, "model_share");
    weir__state_free(&own);
    weir__state_free(&lent);
    return weir_ok(c) ? weir__model_check_std(to) : weir_status_of(c);
}

weir_model *weir_model_share(weir_ctx *c, weir_model *m)
{
    WEIR__AS_FOUND;
    if (!weir_ok(c)) return weir__nil(c, WEIR__MODEL);
    if (!m || !weir__lives(m, "model_share") || m->object.nil || !weir_ok(m->object.ctx)) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "model_share: NULL, nil or failed: expected a model that works");
        return weir__nil(c, WEIR__MODEL);
    }
    weir_model *s = weir__model_from_options(c, m->row, m->options);
    if (s->object.nil) return s;
    memcpy(s->weights, m->weights, sizeof s->weights);
    /* set by hand, where the row has no option for it */
    if (m->mean) weir__model_add_standardize(s);
    if (m->context_mean) weir__model_add_context_standardize(s);
    weir__model_copy_names(s, m);
    if (weir__module_borrow(s->module, m->module) == WEIR_OK) {
        weir__module_forget_options(s->module);
        s->lender = m->lender ? m->lender : m;
        s->lender->module->layout->values->lent++;
    }
    if (s->lender && copy_buffers(s, m) == WEIR_OK) {
        weir_module_train(s->module, false);
        s->sample_stream = ++s->lender->shares_made;
        return s;
    }
    weir_model_free(s);
    return weir__nil(c, WEIR__MODEL);
}
