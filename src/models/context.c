/* context.c - what samples are conditioned on, standardised as data are:
 *     k' = (k - mean) / std,   in double, whatever the model's type; mean and std are kept in its
 *                              file. */
#include <math.h>
#include <string.h>
#include "models/models.h"

static weir_tensor *context_standardize(const weir_model *m, weir_tensor *x)
{
    weir_tensor *flat = weir_flatten(weir_cast(x, WEIR_F64));
    weir_tensor *y = weir_div(weir_sub(flat, m->context_mean), m->context_std);
    return weir_reshape(y, x->ndim, x->shape);
}

weir_tensor *weir__model_standardize_context(const weir_model *m, weir_tensor *x)
{
    if (weir_is_nil(x)) return x;
    if (m->context_mean) x = context_standardize(m, x);
    return weir_is_nil(x) || x->dtype == m->dtype ? x : weir_cast(x, m->dtype);
}

weir_status weir__model_add_context_standardize(weir_model *m)
{
    if (m->context_mean) return WEIR_OK;
    weir_module *data = m->data;
    weir_tensor *mean = weir__module_buffer_late(data, "context_mean", WEIR_F64, 1, &m->context, 0);
    weir_tensor *std = weir__module_buffer_late(data, "context_std", WEIR_F64, 1, &m->context, 1);
    if (weir_is_nil(mean) || weir_is_nil(std)) return weir_status_of(m->object.ctx);
    m->context_mean = mean;
    m->context_std = std;
    return WEIR_OK;
}

weir_status weir__model_check_context(weir_model *m)
{
    if (!m->context_mean) return WEIR_OK;
    const double *mean = weir__ptr(m->context_mean), *std = weir__ptr(m->context_std);
    weir__model_statistics_fit(m, m->context, mean, std, "data.context_mean, data.context_std");
    return weir_status_of(m->object.ctx);
}

weir_status weir_model_set_context_standardize(weir_model *m, const double *mean, const double *std)
{
    WEIR__AS_FOUND;
    static const char who[] = "model_set_context_standardize";
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = weir__ctx_of(m);
    if (!weir__model_usable(m, who)) return weir_status_of(c);
    if (m->context == 0)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: %s: expected a model with a context", who,
                         m->row->row.name);
    if (!weir__model_statistics_fit(m, m->context, mean, std, who)
        || weir__model_add_context_standardize(m) != WEIR_OK)
        return weir_status_of(c);
    memcpy(weir__ptr(m->context_mean), mean, (size_t)m->context * sizeof *mean);
    memcpy(weir__ptr(m->context_std), std, (size_t)m->context * sizeof *std);
    weir__storage_changed(m->context_mean->storage, who);
    weir__storage_changed(m->context_std->storage, who);
    return WEIR_OK;
}

int64_t weir_model_classes(const weir_model *m) { return m ? m->classes : 0; }
int64_t weir_model_context_dim(const weir_model *m) { return m ? m->context : 0; }
