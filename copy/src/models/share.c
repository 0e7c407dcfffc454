/* share.c - one copy of the weights for many contexts: a tree of the same shape, laid over the values of the model it is a share of. */
#include <string.h>
#include "models/models.h"

static weir_status copy_buffers(weir_model *to, weir_model *from)
{
    for (int64_t i = 0; i < weir_module_state_count(to->module); i++) {
        bool is_buffer;
        weir_tensor *t = weir_module_state_at(to->module, i, NULL, &is_buffer), *f = weir_module_state_at(from->module, i, NULL, NULL);
        if (is_buffer) memcpy(weir__ptr(t), weir__ptr(f), (size_t)t->numel * weir_dtype_size(t->dtype));
    }
    return weir__model_refresh_std(to);
}

weir_model *weir_model_share(weir_ctx *c, weir_model *m)
{
    if (!weir_ok(c)) return weir__nil(c, WEIR__MODEL);
    if (!m || m->object.nil || !weir_ok(m->object.ctx))
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "model_share: NULL, nil or failed: expected a model that works"), weir__nil(c, WEIR__MODEL);
    weir_model *s = weir__model_from_options(c, m->row, m->options);
    if (s->object.nil) return s;
    memcpy(s->weights, m->weights, sizeof s->weights);
    if (weir__module_borrow(s->module, m->module) == WEIR_OK && copy_buffers(s, m) == WEIR_OK) {
        weir_module_train(s->module, false);
        return s;
    }
    weir_model_free(s);
    return weir__nil(c, WEIR__MODEL);
}
