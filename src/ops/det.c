/* det.c - determinants, cofactors and inverses by LU. */
#include "ops/ops.h"

static bool infer_numbers(weir_call *k) /* [.., n, n] -> [..] */
{
    if (!weir__infer_square(k)) return false;
    for (int i = 0; i < k->n_out; i++) {
        k->spec[i] = weir__spec_of(k->in[0]);
        k->spec[i].ndim -= 2;
    }
    return true;
}

/* g [..] beside matrices [.., n, n] */
static weir_tensor *as_matrices(weir_tensor *g)
{
    if (weir_is_nil(g)) return g;
    int64_t shape[WEIR_RANK_MAX];
    for (int i = 0; i < g->ndim; i++) shape[i] = g->shape[i];
    shape[g->ndim] = shape[g->ndim + 1] = 1;
    return weir_reshape(g, g->ndim + 2, shape);
}

/* -- det --------------------------------------------------------------------------------------- */
static void det_forward(weir_call *k) { weir__each_matrix(k, WEIR__M_det); }
static void det_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, weir_mul(as_matrices(v->gout[0]), weir_cofactor(weir_vjp_in(v, 0))));
}
static weir_tensor *call_det(weir_tensor **x) { return weir_det(x[0]); }
static const weir_op_case det_cases[] = { { "3,3", call_det },   { "2,2,4,4", call_det },
                                          { "1,1", call_det },   { "2,0,0", call_det },
                                          { "0,3,3", call_det }, { NULL, NULL } };
const weir_op weir__op_det = { .row = WEIR_OP_ROW("op.det", "determinant of each matrix"),
                               .n_in = 1,
                               .n_out = 1,
                               .save_in = 1,
                               .infer = infer_numbers,
                               .forward = det_forward,
                               .backward = det_backward,
                               .cases = det_cases };
weir_tensor *weir_det(weir_tensor *a)
{
    return weir__apply1(&weir__op_det, weir_contiguous(a), NULL);
}

/* -- slogdet ----------------------------------------------------------------------------------- */
static void slogdet_forward(weir_call *k) { weir__each_matrix(k, WEIR__M_slogdet); }
static void slogdet_backward(weir_vjp *v) /* a^-T; the sign is constant */
{
    if (v->gout[1])
        weir_vjp_set(v, 0,
                     weir_mul(as_matrices(v->gout[1]),
                              weir__matrix_transpose(weir_inverse(weir_vjp_in(v, 0)))));
}
static weir_tensor *call_slogdet(weir_tensor **x)
{
    weir_tensor *sign, *size;
    weir_slogdet(weir__matrix_steady(x[0]), &sign, &size);
    return weir_add(sign, size);
}
static const weir_op_case slogdet_cases[] = {
    { "3,3", call_slogdet },   { "2,2,4,4", call_slogdet }, { "1,1", call_slogdet },
    { "2,0,0", call_slogdet }, { "0,3,3", call_slogdet },   { NULL, NULL }
};
const weir_op weir__op_slogdet = {
    .row = WEIR_OP_ROW("op.slogdet", "sign and logarithm of the magnitude of each determinant"),
    .n_in = 1,
    .n_out = 2,
    .save_in = 1,
    .infer = infer_numbers,
    .forward = slogdet_forward,
    .backward = slogdet_backward,
    .cases = slogdet_cases
};
void weir_slogdet(weir_tensor *a, weir_tensor **sign, weir_tensor **logabsdet)
{
    weir_tensor *out[WEIR_OUT_MAX];
    if (!weir__has_room(a, "slogdet", sign, logabsdet)) return;
    weir_apply_multi(&weir__op_slogdet, 1, WEIR__IN(weir_contiguous(a)), NULL, out);
    *sign = out[0];
    *logabsdet = out[1];
}

/* -- cofactor ---------------------------------------------------------------------------------- */
static void cofactor_forward(weir_call *k) { weir__each_matrix(k, WEIR__M_cofactor); }
static void cofactor_backward(
    weir_vjp *v) /* with C = det(a) X^T, X = a^-1: d <G, C> = <<G, X^T> C - C G^T X^T, da> */
{
    weir_tensor *g = v->gout[0];
    weir_tensor *c = weir_vjp_out(v, 0);
    weir_tensor *xt = weir__matrix_transpose(weir_inverse(weir_vjp_in(v, 0)));
    weir_tensor *size = weir_sum_axes(weir_mul(g, xt), 2, (const int[]){ -1, -2 }, true);
    weir_vjp_set(
        v, 0,
        weir_sub(weir_mul(size, c), weir_matmul(c, weir_matmul(weir__matrix_transpose(g), xt))));
}
static weir_tensor *call_cofactor(weir_tensor **x)
{
    return weir_cofactor(weir__matrix_steady(x[0]));
}
static const weir_op_case cofactor_cases[] = {
    { "3,3", call_cofactor },   { "2,4,4", call_cofactor }, { "1,1", call_cofactor },
    { "2,0,0", call_cofactor }, { "0,3,3", call_cofactor }, { NULL, NULL }
};
const weir_op weir__op_cofactor = {
    .row = WEIR_OP_ROW("op.cofactor", "cofactors of each matrix, the gradient of its determinant"),
    .n_in = 1,
    .n_out = 1,
    .save_in = 1,
    .save_out = 1,
    .infer = weir__infer_square,
    .forward = cofactor_forward,
    .backward = cofactor_backward,
    .cases = cofactor_cases
};
weir_tensor *weir_cofactor(weir_tensor *a)
{
    return weir__apply1(&weir__op_cofactor, weir_contiguous(a), NULL);
}

/* -- inverse ----------------------------------------------------------------------------------- */
static void inverse_forward(weir_call *k) { weir__each_matrix(k, WEIR__M_inverse); }
static void inverse_backward(weir_vjp *v) /* -y^T g y^T */
{
    weir_tensor *yt = weir__matrix_transpose(weir_vjp_out(v, 0));
    weir_vjp_set(v, 0, weir_neg(weir_matmul(yt, weir_matmul(v->gout[0], yt))));
}
static weir_tensor *det_call_inverse(weir_tensor **x)
{
    return weir_inverse(weir__matrix_steady(x[0]));
}
static const weir_op_case inverse_cases[] = {
    { "3,3", det_call_inverse },   { "2,2,4,4", det_call_inverse }, { "1,1", det_call_inverse },
    { "2,0,0", det_call_inverse }, { "0,3,3", det_call_inverse },   { NULL, NULL }
};
const weir_op weir__op_inverse = { .row = WEIR_OP_ROW("op.inverse", "inverse of each matrix"),
                                   .n_in = 1,
                                   .n_out = 1,
                                   .save_out = 1,
                                   .infer = weir__infer_square,
                                   .forward = inverse_forward,
                                   .backward = inverse_backward,
                                   .cases = inverse_cases };
weir_tensor *weir_inverse(weir_tensor *a)
{
    return weir__apply1(&weir__op_inverse, weir_contiguous(a), NULL);
}
