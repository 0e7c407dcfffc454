/* field.c - a network as a predictor: samples of double on the host go in and out, the network
 * computes in its own type and says what it was trained to say. Nothing is recorded, and everything
 * made on the way is returned. */
#include <string.h>
#include "diffusion/diffusion.h"
#include "ops/ops.h"

weir_tensor *weir__field_tensor(const weir__field *f, int64_t n, const double *x, int64_t stride)
{
    int64_t shape[WEIR_RANK_MAX] = { n };
    for (int i = 0; i < f->ndim; i++) shape[i + 1] = f->shape[i];
    weir_tensor *y = weir_empty(f->ctx, f->dtype, f->ndim + 1, shape);
    int64_t size = weir__size_times(n, f->dim);
    double *dense = stride == f->dim ? NULL : weir__alloc_n(f->ctx, size, sizeof *dense);
    for (int64_t i = 0; dense && i < n; i++)
        memcpy(dense + i * f->dim, x + i * stride, (size_t)f->dim * sizeof *dense);
    if (weir_ok(f->ctx))
        weir__convert(f->dtype, weir__ptr(y), WEIR_F64, dense ? dense : x, n * f->dim);
    weir__free(f->ctx, dense);
    return weir_ok(f->ctx) ? y : weir__nil(f->ctx, WEIR__TENSOR);
}

weir_tensor *weir__field_times(const weir__field *f, int64_t n, const double *t)
{
    weir_tensor *y = weir_empty(f->ctx, f->dtype, 1, &n);
    if (!weir_is_nil(y)) weir__convert(f->dtype, weir__ptr(y), WEIR_F64, t, n);
    return y;
}

weir_condition *weir__field_condition(const weir__field *f, int64_t n, const int64_t *rows)
{
    return weir__condition_gather(f->ctx, f->condition, n, rows);
}

static weir_status field_run(const weir__field *f, int64_t n, const int64_t *samples,
                             const double *t, const double *x, double *y)
{
    weir_scope s = weir_scope_begin_no_grad(f->ctx);
    weir_tensor *in = weir__field_tensor(f, n, x, f->dim), *at = weir__field_times(f, n, t);
    weir_tensor *out = weir_network_at(f->net, in, at, weir__field_condition(f, n, samples));
    weir_status status = weir_status_of(f->ctx);
    if (!weir_is_nil(out)) status = weir_copy_to_f64(out, y, n * f->dim);
    weir_scope_end(s);
    return status;
}

weir_status weir__field_predict(void *field, const weir_prediction_row *want, int64_t n,
                                const int64_t *samples, const double *t, const double *x,
                                double *out)
{
    const weir__field *f = field;
    weir_status status = field_run(f, n, samples, t, x, out);
    if (status != WEIR_OK) return status;
    return weir_prediction_convert(f->ctx, f->path, f->path_options, f->prediction, want, n, f->dim,
                                   t, x, out);
}
