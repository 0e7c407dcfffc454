/* class_prior.c - the shares of a model's classes in data, by weight. */
#include "train/train.h"
#include "weir/classify.h"

static weir_status prior_count(weir_model *m, weir_dataset *d, double *prior)
{
    weir_ctx *c = m->object.ctx;
    enum { ROWS = 1024 };
    double sum = 0;
    for (int64_t k = 0; k < m->classes; k++) prior[k] = 0;
    for (int64_t i = 0; i < weir_dataset_samples(d); i++) {
        int64_t label = weir_dataset_label(d, i);
        double w = weir__dataset_weight(d, i);
        if (label < 0 || label >= m->classes) continue;
        prior[label] += w;
        sum += w;
    }
    if (!(sum > 0))
        return weir_fail(c, WEIR_ERROR_VALUE,
                         "data_class_prior: %.200s: no sample of a known class: expected some",
                         weir_dataset_spec(d));
    for (int64_t k = 0; k < m->classes; k++) {
        if (prior[k] < 0)
            return weir_fail(c, WEIR_ERROR_VALUE,
                             "data_class_prior: %.200s: weights of class %lld sum to %g: expected "
                             "0 or more",
                             weir_dataset_spec(d), (long long)k, prior[k]);
        prior[k] /= sum;
    }
    return WEIR_OK;
}

weir_status weir_data_class_prior(weir_model *m, weir_dataset *d, double *prior)
{
    WEIR__AS_FOUND;
    static const char who[] = "data_class_prior";
    if (!weir__data_usable(m, d, who)) return weir_status_of(m ? weir__ctx_of(m) : weir__ctx_of(d));
    weir_ctx *c = m->object.ctx;
    if (!prior) return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected room", who);
    if (m->classes == 0)
        return weir_fail(c, WEIR_ERROR_UNSUPPORTED, "%s: %s: expected a model made with classes",
                         who, m->row->row.name);
    if (weir_model_match_classes(m, d) != WEIR_OK) return weir_status_of(c);
    return prior_count(m, d, prior);
}
