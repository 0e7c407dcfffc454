/* triangular.c - systems with a triangular matrix. Transposed views of it are read in place. */
#include <string.h>
#include "ops/ops.h"

typedef struct kind {
    bool upper, left, unit;
} kind;

static bool triangular_infer(weir_call *k)
{
    const kind *how = k->attr;
    const weir_tensor *a = k->in[0], *b = k->in[1];
    if (!weir_dtype_is_real(a->dtype) || a->dtype != b->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type, f32 or f64",
                              weir_dtype_name(a->dtype), weir_dtype_name(b->dtype));
    if (a->ndim < 2 || b->ndim < 2 || a->shape[a->ndim - 1] != a->shape[a->ndim - 2]
        || a->shape[a->ndim - 1] != b->shape[b->ndim - (how->left ? 2 : 1)])
        return weir_call_fail(k, WEIR_ERROR_SHAPE,
                              how->left ? "expected [.., n, n] and [.., n, k]"
                                        : "expected [.., n, n] and [.., k, n]");
    weir_spec *s = &k->spec[0];
    s->dtype = a->dtype;
    s->ndim = a->ndim - 2;
    memcpy(s->shape, a->shape, sizeof s->shape);
    if (!weir__broadcast(&s->ndim, s->shape, b->ndim - 2, b->shape))
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected leading extents that are equal or 1");
    s->shape[s->ndim++] = b->shape[b->ndim - 2];
    s->shape[s->ndim++] = b->shape[b->ndim - 1];
    return true;
}

/* The address of matrix number `at` of y's leading axes, in a broadcast to them. */
static char *triangular_matrix(const weir_tensor *a, const weir_tensor *y, int64_t at)
{
    int64_t offset = 0;
    int pad = y->ndim - a->ndim;
    for (int i = y->ndim - 3; i >= 0; at /= y->shape[i--])
        if (i >= pad && a->shape[i - pad] != 1) offset += at % y->shape[i] * a->strides[i - pad];
    return (char *)weir__ptr(a) + offset * (int64_t)weir_dtype_size(a->dtype);
}

static void triangular_forward(weir_call *k)
{
    const kind *how = k->attr;
    weir_tensor *a = k->in[0], *y = k->out[0];
    if (y->numel == 0) return;
    weir__loop copy = weir__loop_of(y, 2, WEIR__IN(y, k->in[1]));
    weir__loop_copy(k->ctx->kern, weir_dtype_size(y->dtype), &copy, k->ctx->threads);
    int64_t count = weir__numel_of(y->ndim - 2, y->shape), each = y->numel / count;
    weir__triangle *t = weir__alloc_n(k->ctx, count, sizeof *t + sizeof(void *));
    if (!t) return;
    void **x = (void **)(void *)(t + count);
    for (int64_t i = 0; i < count; i++) {
        t[i] = (weir__triangle){ y->shape[y->ndim - 2],
                                 y->shape[y->ndim - 1],
                                 triangular_matrix(a, y, i),
                                 a->strides[a->ndim - 2],
                                 a->strides[a->ndim - 1],
                                 how->upper,
                                 how->left,
                                 how->unit };
        x[i] = (char *)weir__ptr(y) + i * each * (int64_t)weir_dtype_size(y->dtype);
    }
    weir__loop_triangles(k->ctx->kern, (weir__real)y->dtype, count, t, x, k->ctx->threads);
    weir__free(k->ctx, t);
}

/* Left: gb = a^-T g and ga = -gb x^T; right: gb = g a^-T and ga = -x^T gb; of ga the triangle that
 * was read. */
static void triangular_backward(weir_vjp *v)
{
    const kind *how = v->attr;
    weir_tensor *at = weir__matrix_transpose(weir_vjp_in(v, 0));
    weir_tensor *xt = weir__matrix_transpose(weir_vjp_out(v, 0));
    weir_tensor *gb = weir_solve_triangular(at, v->gout[0], !how->upper, how->left, how->unit);
    if (weir_vjp_needs(v, 1)) weir_vjp_set(v, 1, gb);
    if (!weir_vjp_needs(v, 0)) return;
    weir_tensor *ga = weir_neg(how->left ? weir_matmul(gb, xt) : weir_matmul(xt, gb));
    int64_t off = how->unit ? 1 : 0;
    weir_vjp_set(v, 0, how->upper ? weir_triu(ga, off) : weir_tril(ga, -off));
}

static weir_tensor *flipped(weir_tensor *x)
{
    return weir_ndim(x) < 2 ? x : weir__matrix_transpose(x);
}
static weir_tensor *call_lower(weir_tensor **x)
{
    return weir_solve_triangular(weir__matrix_steady(x[0]), x[1], false, true, false);
}
static weir_tensor *call_upper(weir_tensor **x)
{
    return weir_solve_triangular(weir__matrix_steady(x[0]), x[1], true, true, false);
}
static weir_tensor *call_unit(weir_tensor **x)
{
    return weir_solve_triangular(flipped(x[0]), x[1], false, true, true);
}
static weir_tensor *triangular_call_right(weir_tensor **x)
{
    return weir_solve_triangular(weir__matrix_steady(x[0]), x[1], true, false, false);
}
static weir_tensor *call_right_lower(weir_tensor **x)
{
    return weir_solve_triangular(flipped(weir__matrix_steady(x[0])), x[1], false, false, false);
}
static weir_tensor *call_right_unit(weir_tensor **x)
{
    return weir_solve_triangular(x[0], x[1], true, false, true);
}
static const weir_op_case cases[] = {
    { "3,3 3,2", call_lower },       { "2,4,4 4,1", call_upper },
    { "3,3 2,3,5", call_unit },      { "2,1,3,3 4,2,3", triangular_call_right },
    { "3,3 2,3", call_right_lower }, { "2,4,4 2,3,4", call_right_unit },
    { "1,1 1,1", call_lower },       { "0,0 0,3", call_upper },
    { "2,3,3 2,3,0", call_lower },   { NULL, NULL }
};
const weir_op weir__op_solve_triangular = {
    .row = WEIR_OP_ROW("op.solve_triangular", "x of a x = b or x a = b, a triangular"),
    .n_in = 2,
    .n_out = 1,
    .save_in = 1,
    .save_out = 1,
    .attr_size = sizeof(kind),
    .infer = triangular_infer,
    .forward = triangular_forward,
    .backward = triangular_backward,
    .cases = cases
};

weir_tensor *weir_solve_triangular(weir_tensor *a, weir_tensor *b, bool upper, bool left, bool unit)
{
    return weir_apply(&weir__op_solve_triangular, 2, WEIR__IN(a, b), &(kind){ upper, left, unit });
}
