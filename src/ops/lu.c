/* lu.c - P L U of a matrix. L and U are one tensor to the row, L below the diagonal, without its
 * ones; P is a second result, and constant. */
#include "ops/ops.h"

static bool lu_infer(weir_call *k)
{
    if (!weir__infer_matrix(k)) return false;
    const weir_tensor *a = k->in[0];
    k->spec[1] = k->spec[0];
    k->spec[1].shape[a->ndim - 1] = a->shape[a->ndim - 2];
    return true;
}

static void lu_forward(weir_call *k) { weir__each_matrix(k, WEIR__M_lu); }

/* Lines and columns [from, to) and [first, last) of each matrix */
static weir_tensor *lu_part(weir_tensor *x, int64_t from, int64_t to, int64_t first, int64_t last)
{
    return weir_slice(weir_slice(x, -2, from, to, 1), -1, first, last, 1);
}

/* L [.., m, k] with its ones, of the compact factors */
static weir_tensor *lu_lower(weir_tensor *lu)
{
    int64_t m = weir_dim(lu, -2), n = weir_dim(lu, -1), k = m < n ? m : n;
    weir_tensor *one = weir_eye(weir_ctx_of(lu), weir_dtype_of(lu), m);
    return weir_add(weir_tril(lu_part(lu, 0, m, 0, k), -1), weir_slice(one, -1, 0, k, 1));
}

/* L^-T and what stands behind it: of square factors, of which one triangle is read */
static weir_tensor *lu_behind(weir_tensor *lu, weir_tensor *b)
{
    return weir_solve_triangular(weir__matrix_transpose(lu), b, true, true, true);
}
static weir_tensor *lu_before(weir_tensor *b, weir_tensor *lu) /* b U^-T */
{
    return weir_solve_triangular(weir__matrix_transpose(lu), b, false, false, false);
}

/* Of square b = P^T a: L^-T (tril(L^T gL, -1) + triu(gU U^T)) U^-T, g = gL below the diagonal and
 * gU from it on (de Hoog, Anderssen & Lukas 2011). */
static weir_tensor *lu_square(weir_tensor *lu, weir_tensor *g)
{
    weir_tensor *gl = weir_matmul(weir__matrix_transpose(lu_lower(lu)), weir_tril(g, -1));
    weir_tensor *gu = weir_matmul(weir_triu(g, 0), weir__matrix_transpose(weir_triu(lu, 0)));
    return lu_before(lu_behind(lu, weir_add(weir_tril(gl, -1), weir_triu(gu, 0))), lu);
}

/* Wide [b1 | b2] = L [U1 | U2]: gb2 = L^-T gU2, and L gets -gb2 U2^T besides. */
static weir_tensor *lu_wide(weir_tensor *lu, weir_tensor *g, int64_t m, int64_t n)
{
    weir_tensor *gb2 = lu_behind(lu_part(lu, 0, m, 0, m), lu_part(g, 0, m, m, n));
    weir_tensor *u2 = lu_part(lu, 0, m, m, n);
    weir_tensor *gl = weir_tril(weir_matmul(gb2, weir__matrix_transpose(u2)), -1);
    weir_tensor *gb1 = lu_square(lu_part(lu, 0, m, 0, m), weir_sub(lu_part(g, 0, m, 0, m), gl));
    return weir_cat(2, WEIR__IN(gb1, gb2), -1);
}

/* Tall [b1 ; b2] = [L1 ; L2] U: gb2 = gL2 U^-T, and U gets -L2^T gb2 besides. */
static weir_tensor *lu_tall(weir_tensor *lu, weir_tensor *g, int64_t m, int64_t n)
{
    weir_tensor *gb2 = lu_before(lu_part(g, n, m, 0, n), lu_part(lu, 0, n, 0, n));
    weir_tensor *l2 = lu_part(lu, n, m, 0, n);
    weir_tensor *gu = weir_triu(weir_matmul(weir__matrix_transpose(l2), gb2), 0);
    weir_tensor *gb1 = lu_square(lu_part(lu, 0, n, 0, n), weir_sub(lu_part(g, 0, n, 0, n), gu));
    return weir_cat(2, WEIR__IN(gb1, gb2), -2);
}

static void lu_backward(weir_vjp *v)
{
    weir_tensor *lu = weir_vjp_out(v, 0), *p = weir_vjp_out(v, 1), *g = v->gout[0];
    if (!g || weir_is_nil(lu)) return;
    int64_t m = weir_dim(lu, -2), n = weir_dim(lu, -1);
    weir_tensor *gb = NULL;
    if (m == n) gb = lu_square(lu, g);
    else gb = m < n ? lu_wide(lu, g, m, n) : lu_tall(lu, g, m, n);
    weir_vjp_set(v, 0, weir_matmul(weir_detach(p), gb));
}

static weir_tensor *call_lu(weir_tensor **x) /* L beside U^T */
{
    weir_tensor *p, *l, *u;
    weir_lu(x[0], &p, &l, &u);
    return weir_cat(2, WEIR__IN(l, weir__matrix_transpose(u)), -2);
}
static const weir_op_case lu_cases[] = {
    { "3,3", call_lu },   { "2,5,3", call_lu }, { "2,2,2,4", call_lu }, { "1,1", call_lu },
    { "4,1", call_lu },   { "1,4", call_lu },   { "2,0,3", call_lu },   { "2,3,0", call_lu },
    { "0,3,2", call_lu }, { NULL, NULL },
};
const weir_op weir__op_lu = {
    .row = WEIR_OP_ROW("op.lu", "a permutation times triangles, P L U, of each matrix"),
    .n_in = 1,
    .n_out = 2,
    .save_out = 3,
    .infer = lu_infer,
    .forward = lu_forward,
    .backward = lu_backward,
    .cases = lu_cases,
};

void weir_lu(weir_tensor *a, weir_tensor **p, weir_tensor **l, weir_tensor **u)
{
    weir_tensor *out[WEIR_OUT_MAX];
    if (u) *u = weir__nil_of(a);
    if (!u && l) *l = weir__nil_of(a);
    if (!weir__has_room(a, "lu", p, u ? l : NULL)) return;
    weir_apply_multi(&weir__op_lu, 1, WEIR__IN(weir_contiguous(a)), NULL, out);
    *p = *l = *u = weir__nil_of(a);
    if (weir_is_nil(out[0])) return;
    int64_t m = weir_dim(a, -2), n = weir_dim(a, -1), k = m < n ? m : n;
    *p = weir_detach(out[1]);
    *l = lu_lower(out[0]);
    *u = weir_triu(lu_part(out[0], 0, k, 0, n), 0);
}
