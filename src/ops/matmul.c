/* matmul.c - batched matrix products. Transposed views are read in place; row i of a result depends
 * on row i of `a` alone. */
#include <string.h>
#include "ops/ops.h"

static bool matmul_infer(weir_call *k)
{
    const weir_tensor *a = k->in[0], *b = k->in[1];
    if (!weir_dtype_is_real(a->dtype) || a->dtype != b->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type, f32 or f64",
                              weir_dtype_name(a->dtype), weir_dtype_name(b->dtype));
    if (a->ndim < 2 || b->ndim < 2)
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected [.., m, k] and [.., k, n]");
    if (a->shape[a->ndim - 1] != b->shape[b->ndim - 2])
        return weir_call_fail(k, WEIR_ERROR_SHAPE,
                              "expected equal inner extents, [.., m, k] and [.., k, n]");
    weir_spec *s = &k->spec[0];
    s->dtype = a->dtype;
    s->ndim = a->ndim - 2;
    memcpy(s->shape, a->shape, sizeof s->shape);
    if (!weir__broadcast(&s->ndim, s->shape, b->ndim - 2, b->shape))
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected leading extents that are equal or 1");
    s->shape[s->ndim++] = a->shape[a->ndim - 2];
    s->shape[s->ndim++] = b->shape[b->ndim - 1];
    return true;
}

/* The address of matrix number `at` of the output's leading axes, in x broadcast to them. */
static char *matmul_matrix(const weir_tensor *x, const weir_tensor *y, int64_t at)
{
    int lead = y->ndim - 2, pad = y->ndim - x->ndim;
    int64_t offset = 0;
    for (int i = lead - 1; i >= 0; i--) {
        int64_t index = at % y->shape[i];
        at /= y->shape[i];
        if (i >= pad && x->shape[i - pad] != 1) offset += index * x->strides[i - pad];
    }
    return (char *)weir__ptr(x) + offset * (int64_t)weir_dtype_size(x->dtype);
}

static void matmul_forward(weir_call *k)
{
    weir_tensor *a = k->in[0], *b = k->in[1], *y = k->out[0];
    weir_ctx *c = k->ctx;
    weir__gemm g = { .m = y->shape[y->ndim - 2],
                     .n = y->shape[y->ndim - 1],
                     .k = a->shape[a->ndim - 1] };
    if (y->numel == 0) return;
    g.a_row = a->strides[a->ndim - 2];
    g.a_col = a->strides[a->ndim - 1];
    g.b_row = b->strides[b->ndim - 2];
    g.b_col = b->strides[b->ndim - 1];
    g.c_row = g.n;
    void *scratch = weir__alloc(c, c->kern->gemm_scratch[y->dtype](&g, c->threads));
    if (!scratch) return;
    for (int64_t i = 0; i < y->numel / (g.m * g.n); i++) {
        g.a = matmul_matrix(a, y, i);
        g.b = matmul_matrix(b, y, i);
        g.c = matmul_matrix(y, y, i);
        c->kern->gemm[y->dtype](&g, scratch, c->threads);
    }
    weir__free(c, scratch);
}

static void matmul_backward(weir_vjp *v)
{
    if (weir_vjp_needs(v, 0))
        weir_vjp_set(v, 0, weir_matmul(v->gout[0], weir_transpose(weir_vjp_in(v, 1), -1, -2)));
    if (weir_vjp_needs(v, 1))
        weir_vjp_set(v, 1, weir_matmul(weir_transpose(weir_vjp_in(v, 0), -1, -2), v->gout[0]));
}

static weir_tensor *matmul_call(weir_tensor **x) { return weir_matmul(x[0], x[1]); }
static const weir_op_case cases[] = { { "3,4 4,5", matmul_call },
                                      { "2,3,4 4,2", matmul_call },
                                      { "2,1,3,2 3,2,4", matmul_call },
                                      { "1,1 1,1", matmul_call },
                                      { "0,3 3,2", matmul_call },
                                      { "2,0 0,3", matmul_call },
                                      { NULL, NULL } };
const weir_op weir__op_matmul = { .row = WEIR_OP_ROW("op.matmul",
                                                     "matrix product, leading axes broadcast"),
                                  .n_in = 2,
                                  .n_out = 1,
                                  .save_in = 3,
                                  .infer = matmul_infer,
                                  .forward = matmul_forward,
                                  .backward = matmul_backward,
                                  .cases = cases };

/* The product reads any row stride but wants one of the two inner strides to be 1. */
static weir_tensor *matmul_readable(weir_tensor *x)
{
    if (weir_is_nil(x) || x->ndim < 2) return x;
    return x->strides[x->ndim - 1] == 1 || x->strides[x->ndim - 2] == 1 ? x : weir_contiguous(x);
}

weir_tensor *weir_matmul(weir_tensor *a, weir_tensor *b)
{
    return weir__apply2(&weir__op_matmul, matmul_readable(a), matmul_readable(b));
}
