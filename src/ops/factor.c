/* factor.c - Cholesky and QR. Backward: Murray 2016, "Differentiation of the Cholesky
 * decomposition", and Walter, Lehmann & Lamour 2012. */
#include "ops/ops.h"

/* -- cholesky ---------------------------------------------------------------------------------- */
static void cholesky_forward(weir_call *k) { weir__each_matrix(k, WEIR__M_cholesky); }

/* L^-T S L^-1 with S the symmetric matrix whose lower triangle is half of L^T g's, the diagonal
 * included */
static void cholesky_backward(weir_vjp *v)
{
    weir_tensor *l = weir_vjp_out(v, 0);
    weir_tensor *lt = weir__matrix_transpose(l);
    weir_tensor *p = weir_matmul(lt, v->gout[0]);
    weir_tensor *s = weir_scale(weir_add(weir_tril(p, 0), weir__matrix_transpose(weir_tril(p, -1))),
                                0.5);
    weir_vjp_set(v, 0,
                 weir_solve_triangular(l, weir_solve_triangular(lt, s, true, true, false), false,
                                       false, false));
}

static weir_tensor *call_cholesky(weir_tensor **x) /* of x x^T + 1 */
{
    if (weir_ndim(x[0]) < 2 || !weir_dtype_is_real(weir_dtype_of(x[0]))) return weir_cholesky(x[0]);
    weir_tensor *square = weir_matmul(x[0], weir__matrix_transpose(x[0]));
    return weir_cholesky(
        weir_add(square, weir_eye(weir_ctx_of(x[0]), weir_dtype_of(x[0]), weir_dim(x[0], -2))));
}
static const weir_op_case cholesky_cases[] = {
    { "3,3", call_cholesky },   { "2,2,4,5", call_cholesky }, { "1,2", call_cholesky },
    { "2,0,0", call_cholesky }, { "0,3,3", call_cholesky },   { NULL, NULL }
};
const weir_op weir__op_cholesky = {
    .row = WEIR_OP_ROW("op.cholesky", "lower triangular L of each positive definite L L^T"),
    .n_in = 1,
    .n_out = 1,
    .save_out = 1,
    .infer = weir__infer_square,
    .forward = cholesky_forward,
    .backward = cholesky_backward,
    .cases = cholesky_cases
};
weir_tensor *weir_cholesky(weir_tensor *a)
{
    return weir__apply1(&weir__op_cholesky, weir_contiguous(a), NULL);
}

/* -- qr ---------------------------------------------------------------------------------------- */
static bool qr_infer(weir_call *k)
{
    if (!weir__infer_matrix(k)) return false;
    const weir_tensor *a = k->in[0];
    int64_t m = a->shape[a->ndim - 2], n = a->shape[a->ndim - 1];
    k->spec[1] = k->spec[0];
    k->spec[0].shape[a->ndim - 1] = k->spec[1].shape[a->ndim - 2] = m < n ? m : n;
    return true;
}

static void qr_forward(weir_call *k) { weir__each_matrix(k, WEIR__M_qr); }

/* Of the square or tall a = Q R: (gQ + Q S) R^-T, S symmetric with the upper triangle of gR R^T -
 * Q^T gQ */
static weir_tensor *tall_gradient(weir_tensor *q, weir_tensor *r, weir_tensor *gq, weir_tensor *gr)
{
    weir_tensor *rt = weir__matrix_transpose(r);
    weir_tensor *p = weir_sub(weir_matmul(gr, rt), weir_matmul(weir__matrix_transpose(q), gq));
    weir_tensor *s = weir_add(weir_triu(p, 0), weir__matrix_transpose(weir_triu(p, 1)));
    return weir_solve_triangular(rt, weir_add(gq, weir_matmul(q, s)), false, false, false);
}

/* A wide a is [X | Y] with X = Q U square and R = [U | V], V = Q^T Y: gY = Q gV, and Q gets Y gV^T
 * besides. */
static void qr_backward(weir_vjp *v)
{
    weir_tensor *q = weir_vjp_out(v, 0), *r = weir_vjp_out(v, 1);
    if (weir_is_nil(q) || weir_is_nil(r)) return;
    weir_tensor *gq = v->gout[0] ? v->gout[0] : weir_zeros_like(q);
    weir_tensor *gr = v->gout[1] ? v->gout[1] : weir_zeros_like(r);
    int64_t m = q->shape[q->ndim - 2], n = r->shape[r->ndim - 1];
    if (m >= n) {
        weir_vjp_set(v, 0, tall_gradient(q, r, gq, gr));
        return;
    }
    weir_tensor *gv = weir_slice(gr, -1, m, n, 1);
    weir_tensor *y = weir_matmul(q, weir_slice(r, -1, m, n, 1));
    gq = weir_add(gq, weir_matmul(y, weir__matrix_transpose(gv)));
    weir_tensor *left = tall_gradient(q, weir_slice(r, -1, 0, m, 1), gq,
                                      weir_slice(gr, -1, 0, m, 1));
    weir_vjp_set(v, 0, weir_cat(2, WEIR__IN(left, weir_matmul(q, gv)), -1));
}

static weir_tensor *call_qr(weir_tensor **x) /* Q above R, or beside it where that is wide */
{
    weir_tensor *q, *r;
    weir_qr(x[0], &q, &r);
    return weir_cat(2, WEIR__IN(q, r), weir_dim(x[0], -2) >= weir_dim(x[0], -1) ? -2 : -1);
}
static const weir_op_case qr_cases[] = { { "3,3", call_qr },     { "2,5,3", call_qr },
                                         { "2,2,2,4", call_qr }, { "1,1", call_qr },
                                         { "4,1", call_qr },     { "1,4", call_qr },
                                         { "2,0,3", call_qr },   { "2,3,0", call_qr },
                                         { "0,3,2", call_qr },   { NULL, NULL } };
const weir_op weir__op_qr = {
    .row = WEIR_OP_ROW("op.qr", "orthonormal columns times an upper triangle, for each matrix"),
    .n_in = 1,
    .n_out = 2,
    .save_out = 3,
    .infer = qr_infer,
    .forward = qr_forward,
    .backward = qr_backward,
    .cases = qr_cases
};
void weir_qr(weir_tensor *a, weir_tensor **q, weir_tensor **r)
{
    weir_tensor *out[WEIR_OUT_MAX];
    if (!weir__has_room(a, "qr", q, r)) return;
    weir_apply_multi(&weir__op_qr, 1, WEIR__IN(weir_contiguous(a)), NULL, out);
    *q = out[0];
    *r = out[1];
}
