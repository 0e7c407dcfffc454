/* matrix.c - what the ops on whole matrices share: LAPACK at first use, memory, a kernel over the
 * batch. */
#include "ops/ops.h"

const weir__lapack *weir__lapack_of(weir_ctx *c)
{
    for (weir_ctx *p = c; p; p = p->parent) /* a parent waits while its children run */
        if (p->lapack) return p->lapack;
    char why[128];
    weir__lapack *l = weir__alloc(c, sizeof *l);
    if (!l) return NULL;
    if (weir__lapack_open(l, why, sizeof why)) return c->lapack = l;
    weir__free(c, l);
    weir_fail(c, WEIR_ERROR_UNSUPPORTED,
              "lapack: %s: expected liblapack.so.3 with the routines of LAPACK 3", why);
    return NULL;
}

bool weir__infer_matrix(weir_call *k)
{
    if (!weir_infer_same(k)) return false;
    const weir_tensor *a = k->in[0];
    if (a->ndim < 2) return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected [.., m, n]");
    return (a->shape[a->ndim - 1] <= INT32_MAX && a->shape[a->ndim - 2] <= INT32_MAX)
           || weir_call_fail(k, WEIR_ERROR_SHAPE, "expected extents that fit 32 bits");
}

bool weir__infer_square(weir_call *k)
{
    if (!weir__infer_matrix(k)) return false;
    const weir_tensor *a = k->in[0];
    return a->shape[a->ndim - 1] == a->shape[a->ndim - 2]
           || weir_call_fail(k, WEIR_ERROR_SHAPE, "expected square matrices, [.., n, n]");
}

void weir__each_matrix(weir_call *k, weir__matrix f)
{
    weir__matrices_into(k->ctx, f, k->in[0], k->out[0], k->n_out > 1 ? k->out[1] : NULL);
}

void weir__matrices_into(weir_ctx *c, weir__matrix f, const weir_tensor *a, weir_tensor *y,
                         weir_tensor *z)
{
    weir__real t = (weir__real)a->dtype;
    weir__matrices job = { .lapack = weir__lapack_of(c),
                           .count = weir__numel_of(a->ndim - 2, a->shape),
                           .a = weir__ptr(a),
                           .y = weir__ptr(y) };
    if (!job.lapack || job.count == 0) return;
    job.m = a->shape[a->ndim - 2];
    job.n = a->shape[a->ndim - 1];
    job.y_step = y->numel / job.count;
    if (z) {
        job.z = weir__ptr(z);
        job.z_step = z->numel / job.count;
    }
    int pieces = weir__matrix_pieces(&job, c->threads);
    size_t each = weir__matrix_scratch(c->kern, t, job.m, job.n);
    void *scratch = weir__alloc_n(c, pieces, each + 64);
    if (!scratch) return;
    weir__loop_matrices(c->kern, t, f, &job, scratch, c->threads);
    weir__free(c, scratch);
}

weir_tensor *weir__matrix_transpose(weir_tensor *x) { return weir_transpose(x, -1, -2); }

weir_tensor *weir__matrix_steady(weir_tensor *x)
{
    int64_t n = weir_dim(x, -1);
    if (weir_ndim(x) < 2 || weir_dim(x, -2) != n || !weir_dtype_is_real(weir_dtype_of(x))) return x;
    return weir_add(x, weir_scale(weir_eye(weir_ctx_of(x), weir_dtype_of(x), n), 3));
}
