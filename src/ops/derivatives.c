/* derivatives.c - Jacobians and their products, from weir_grad alone. */
#include <limits.h>
#include "ops/ops.h"

static bool all_fine(weir_ctx *c, const char *who, int n, weir_tensor *const *x)
{
    for (int i = 0; i < n; i++)
        if (weir_is_nil(x[i])) {
            weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: nil: expected tensors", who);
            return false;
        }
    return c->status == WEIR_OK;
}

/* -- forward products -------------------------------------------------------------------------- */
/* g(u) = J^T u is linear in u, so its own vector-Jacobian product with v is (J^T)^T v = J v. */
static void forward_product(weir_ctx *c, int n_out, weir_tensor *const *y, int n_in,
                            weir_tensor *const *x, weir_tensor *const *tangents, bool create,
                            weir_tensor **u, weir_tensor **g, weir_tensor **v, weir_tensor **jv)
{
    for (int o = 0; o < n_out; o++) u[o] = weir_set_requires_grad(weir_zeros_like(y[o]), true);
    if (weir_grad(n_out, y, n_in, x, u, true, true, g) != WEIR_OK) return;
    int n = 0;
    for (int i = 0; i < n_in; i++)
        if (!weir_is_nil(g[i]) && g[i]->requires_grad) {
            g[n] = g[i];
            v[n++] = tangents[i];
        }
    if (n > 0) weir_grad(n, g, n_out, u, v, create, create, jv);
    for (int o = 0; o < n_out && c->status == WEIR_OK; o++)
        if (weir_is_nil(jv[o])) jv[o] = weir_zeros_like(y[o]); /* does not depend on the inputs */
}

weir_status weir_jvp(int n_out, weir_tensor *const *y, int n_in, weir_tensor *const *x,
                     weir_tensor *const *tangents, bool create_graph, weir_tensor **jv)
{
    WEIR__AS_FOUND;
    weir_ctx *c = weir__lists_context(n_out, y, n_in, x);
    for (int o = 0; jv && o < n_out; o++) jv[o] = weir__nil(c, WEIR__TENSOR);
    if (n_out < 1 || n_in < 1 || !y || !x || !tangents || !jv)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "jvp: NULL or none: expected outputs, inputs, a tangent for "
                         "each, and room for products");
    if (!all_fine(c, "jvp", n_out, y) || !all_fine(c, "jvp", n_in, x)
        || !all_fine(c, "jvp", n_in, tangents))
        return c->status;
    for (int i = 0; i < n_in; i++)
        if (!weir__same_shape(x[i], tangents[i]) || x[i]->dtype != tangents[i]->dtype)
            return weir_fail(c, WEIR_ERROR_SHAPE,
                             "jvp: tangent %d: expected the shape and type of its input", i);
    weir_tensor **space = weir__alloc_n(c, n_out + 2 * (int64_t)n_in + 1, sizeof *space);
    if (!space) return c->status;
    forward_product(c, n_out, y, n_in, x, tangents, create_graph, space, space + n_out,
                    space + n_out + n_in, jv);
    weir__free(c, space);
    return c->status;
}

/* -- whole Jacobians --------------------------------------------------------------------------- */
/* Row k: the gradient of element k, [1, numel of x]. */
static weir_tensor *jacobian_row(weir_tensor *y, weir_tensor *x, int64_t k, bool create)
{
    weir_ctx *c = y->object.ctx;
    weir_scope s = weir_scope_begin(c);
    weir_tensor *unit = weir_zeros(c, y->dtype, 1, (const int64_t[]){ y->numel }), *row;
    if (!weir_is_nil(unit)) weir_fill_(weir_slice(unit, 0, k, k + 1, 1), 1);
    unit = weir_reshape(unit, y->ndim, y->shape);
    weir_grad(1, &y, 1, &x, &unit, create, true, &row);
    if (c->status == WEIR_OK && weir_is_nil(row)) row = weir_zeros_like(x);
    row = weir_reshape(row, 2, (const int64_t[]){ 1, x->numel });
    weir__scope_end_keeping(s, 1, (void *const *)&row);
    return row;
}

weir_tensor *weir_jacobian(weir_tensor *y, weir_tensor *x, bool create_graph)
{
    WEIR__AS_FOUND;
    weir_ctx *c = weir_ctx_of(y ? y : x);
    weir_tensor *nil = weir__nil(c, WEIR__TENSOR), *both[] = { y, x };
    if (!all_fine(c, "jacobian", 2, both)) return nil;
    if (y->ndim + x->ndim > WEIR_RANK_MAX) {
        weir_fail(c, WEIR_ERROR_SHAPE, "jacobian: rank %d + %d: expected at most %d together",
                  y->ndim, x->ndim, WEIR_RANK_MAX);
        return nil;
    }
    int64_t shape[WEIR_RANK_MAX];
    for (int i = 0; i < y->ndim; i++) shape[i] = y->shape[i];
    for (int i = 0; i < x->ndim; i++) shape[y->ndim + i] = x->shape[i];
    if (y->numel == 0 || x->numel == 0) return weir_zeros(c, y->dtype, y->ndim + x->ndim, shape);
    if (y->numel > INT_MAX) {
        weir_fail(c, WEIR_ERROR_MEMORY, "jacobian: %lld rows: expected at most %d",
                  (long long)y->numel, INT_MAX);
        return nil;
    }
    weir_tensor **rows = weir__alloc_n(c, y->numel, sizeof *rows);
    if (!rows) return nil;
    weir_scope s = weir_scope_begin(c);
    for (int64_t k = 0; k < y->numel; k++) rows[k] = jacobian_row(y, x, k, create_graph);
    weir_tensor *j = weir_reshape(weir_cat((int)y->numel, rows, 0), y->ndim + x->ndim, shape);
    weir__scope_end_keeping(s, 1, (void *const *)&j);
    weir__free(c, rows);
    return j;
}

weir_tensor *weir_hessian(weir_tensor *scalar, weir_tensor *x, bool create_graph)
{
    WEIR__AS_FOUND;
    weir_ctx *c = weir_ctx_of(scalar ? scalar : x);
    weir_tensor *g, *nil = weir__nil(c, WEIR__TENSOR);
    if (!all_fine(c, "hessian", 2, WEIR__IN(scalar, x))) return nil;
    if (weir_grad(1, &scalar, 1, &x, NULL, true, true, &g) != WEIR_OK) return nil;
    if (!weir_is_nil(g) && g->requires_grad) return weir_jacobian(g, x, create_graph);
    if (2 * x->ndim > WEIR_RANK_MAX) {
        weir_fail(c, WEIR_ERROR_SHAPE, "hessian: rank %d: expected at most %d", x->ndim,
                  WEIR_RANK_MAX / 2);
        return nil;
    }
    int64_t shape[WEIR_RANK_MAX]; /* at most linear in x */
    for (int i = 0; i < x->ndim; i++) shape[i] = shape[x->ndim + i] = x->shape[i];
    return weir_zeros(c, x->dtype, 2 * x->ndim, shape);
}
