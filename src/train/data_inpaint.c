/* data_inpaint.c - values filled in of the samples of a data set, under its conditions. */
#include "train/train.h"
#include "weir/latent.h"

weir_status weir_data_inpaint(weir_model *m, weir_dataset *d, const weir_condition *k,
                              const double *x, const bool *known, const weir_inpaint_opts *o,
                              double *out, double *log_prob)
{
    WEIR__AS_FOUND;
    static const char who[] = "data_inpaint";
    weir_inpaint_opts own = weir_inpaint_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    if (!weir__data_usable(m, d, who)) return weir_status_of(m ? weir__ctx_of(m) : weir__ctx_of(d));
    weir_ctx *c = m->object.ctx;
    int64_t n = weir_dataset_samples(d);
    if (!weir__sized_read(c, "data_inpaint: options", "them from weir_inpaint_defaults", o, &own,
                          sizeof own)
        || !weir__log_prob_read(c, own.how, &how))
        return weir_status_of(c);
    if (!x || !known || !out)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "%s: NULL: expected samples, what is known of them and room", who);
    if (how.condition)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "%s: condition in the options: expected it beside them", who);
    if (weir__data_fits(m, d, k, n, who) != WEIR_OK) return weir_status_of(c);
    weir_scope s = weir_scope_begin(c);
    weir_batch *b = weir__data_batch_under(c, weir_dataset_batch(d, 0, n), k, n, 0, NULL);
    how.condition = weir__data_condition_of(m, b);
    own.how = &how;
    weir_status status = weir_status_of(c);
    if (status == WEIR_OK)
        status = weir_model_inpaint_into_f64(m, x, known, n, &own, out, log_prob);
    weir_scope_end(s);
    return status;
}
