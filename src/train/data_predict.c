/* data_predict.c - what a continuous model says of the samples of a data set, under its
 * conditions. */
#include "train/train.h"
#include "weir/continuous.h"

/* x [n, dim] of the batch, all at t. */
static weir_status predict_batch(weir_model *m, const weir_batch *b, int64_t n, double t,
                                 const weir_predict_opts *o, double *out)
{
    weir_ctx *c = m->object.ctx;
    double *x = weir__alloc_n(c, weir__size_times(n, m->dim), sizeof *x);
    double *times = weir__alloc_n(c, n, sizeof *times);
    if (x && times) weir_copy_to_f64(weir_batch_x(b), x, n * m->dim);
    for (int64_t i = 0; times && i < n; i++) times[i] = t;
    weir_status s = weir_status_of(c);
    if (s == WEIR_OK) s = weir_model_predict_into_f64(m, x, times, n, o, out);
    weir__free(c, times);
    weir__free(c, x);
    return s;
}

weir_status weir_data_predict(weir_model *m, weir_dataset *d, double t, const weir_predict_opts *o,
                              double *out)
{
    WEIR__AS_FOUND;
    static const char who[] = "data_predict";
    weir_predict_opts own = weir_predict_defaults();
    if (!weir__data_usable(m, d, who)) return weir_status_of(m ? weir__ctx_of(m) : weir__ctx_of(d));
    weir_ctx *c = m->object.ctx;
    int64_t n = weir_dataset_samples(d);
    if (!out)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected room for what is said", who);
    if (!weir__sized_read(c, "data_predict: options", "them from weir_predict_defaults", o, &own,
                          sizeof own)
        || weir__data_fits(m, d, own.condition, n, who) != WEIR_OK)
        return weir_status_of(c);
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_batch *b = weir_dataset_batch(d, 0, n);
    b = weir__data_batch_under(c, b, own.condition, n, 0, NULL);
    own.condition = weir__data_condition_of(m, b);
    weir_status status = weir_status_of(c);
    if (status == WEIR_OK) status = predict_batch(m, b, n, t, &own, out);
    weir_scope_end(s);
    return status;
}
