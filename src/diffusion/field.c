/* field.c - a network as a vector field: rows of double on the host go in and out, the network computes in its own type. Nothing is
 * recorded, and everything made on the way is returned. */
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
    for (int64_t i = 0; dense && i < n; i++) memcpy(dense + i * f->dim, x + i * stride, (size_t)f->dim * sizeof *dense);
    if (weir_ok(f->ctx)) weir__convert(f->dtype, weir__ptr(y), WEIR_F64, dense ? dense : x, n * f->dim);
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

bool weir__field_velocity(void *user, int64_t n, const int64_t *rows, const double *t, const double *x, double *dx)
{
    const weir__field *f = user;
    weir_scope s = weir_scope_begin_no_grad(f->ctx);
    weir_tensor *u = weir_network_at(f->net, weir__field_tensor(f, n, x, f->dim), weir__field_times(f, n, t), weir__field_condition(f, n, rows));
    bool good = !weir_is_nil(u) && weir_copy_to_f64(u, dx, n * f->dim) == WEIR_OK;
    weir_scope_end(s);
    return good;
}
