/* solve.c - systems a x = b by LU. The factors are results, kept for backward. */
#include "ops/ops.h"

static bool solve_infer(weir_call *k)
{
    const weir_tensor *a = k->in[0], *b = k->in[1];
    if (!weir__infer_square(k)) return false;
    k->spec[1] = k->spec[2] = k->spec[0];
    if (b->dtype != a->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type",
                              weir_dtype_name(a->dtype), weir_dtype_name(b->dtype));
    if (b->ndim < 2 || b->shape[b->ndim - 2] != a->shape[a->ndim - 1])
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected [.., n, n] and [.., n, k]");
    weir_spec *s = &k->spec[0];
    s->ndim -= 2;
    if (!weir__broadcast(&s->ndim, s->shape, b->ndim - 2, b->shape))
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected leading extents that are equal or 1");
    s->shape[s->ndim++] = b->shape[b->ndim - 2];
    s->shape[s->ndim++] = b->shape[b->ndim - 1];
    return true;
}

static weir_tensor *solve_lower(weir_tensor *lu, weir_tensor *b) /* L^-1 b */
{
    return weir_solve_triangular(lu, b, false, true, true);
}
static weir_tensor *solve_upper(weir_tensor *lu, weir_tensor *b) /* U^-1 b */
{
    return weir_solve_triangular(lu, b, true, true, false);
}

static void solve_forward(weir_call *k)
{
    weir_tensor *lu = k->out[1], *p = k->out[2];
    weir__matrices_into(k->ctx, WEIR__M_lu, k->in[0], lu, p);
    if (!weir_ok(k->ctx)) return;
    weir_scope s = weir_scope_begin_no_grad(k->ctx);
    weir_tensor *b = weir_matmul(weir__matrix_transpose(p), weir_detach(k->in[1]));
    weir_copy_(weir_detach(k->out[0]), solve_upper(lu, solve_lower(lu, b)));
    weir_scope_end(s);
}

/* a^-T g = P L^-T U^-T g */
static weir_tensor *solve_transposed(weir_vjp *v)
{
    weir_tensor *lu = weir__matrix_transpose(weir_vjp_out(v, 1));
    weir_tensor *h = weir_solve_triangular(lu, v->gout[0], false, true, false);
    return weir_matmul(weir_vjp_out(v, 2), weir_solve_triangular(lu, h, true, true, true));
}

/* gb = a^-T g and ga = -gb x^T. The factors have no history, so what is recorded factors anew. */
static void solve_backward(weir_vjp *v)
{
    if (!v->gout[0]) return;
    weir_tensor *gb = weir__vjp_recording(v)
                          ? weir_solve(weir__matrix_transpose(weir_vjp_in(v, 0)), v->gout[0], true)
                          : solve_transposed(v);
    if (weir_vjp_needs(v, 1)) weir_vjp_set(v, 1, gb);
    if (weir_vjp_needs(v, 0))
        weir_vjp_set(v, 0, weir_neg(weir_matmul(gb, weir__matrix_transpose(weir_vjp_out(v, 0)))));
}

static weir_tensor *solve_call_left(weir_tensor **x)
{
    return weir_solve(weir__matrix_steady(x[0]), x[1], true);
}
static weir_tensor *solve_call_right(weir_tensor **x)
{
    return weir_solve(weir__matrix_steady(x[0]), x[1], false);
}
static const weir_op_case solve_cases[] = {
    { "3,3 3,2", solve_call_left },   { "2,4,4 4,1", solve_call_left },
    { "3,3 2,3,5", solve_call_left }, { "2,1,3,3 4,2,3", solve_call_right },
    { "3,3 2,3", solve_call_right },  { "1,1 1,1", solve_call_left },
    { "0,0 0,3", solve_call_left },   { "2,3,3 2,3,0", solve_call_left },
    { "0,3,3 3,2", solve_call_left }, { NULL, NULL },
};
const weir_op weir__op_solve = {
    .row = WEIR_OP_ROW("op.solve", "x of a x = b, or of x a = b"),
    .n_in = 2,
    .n_out = 3,
    .save_in = 1,
    .save_out = 7,
    .infer = solve_infer,
    .forward = solve_forward,
    .backward = solve_backward,
    .cases = solve_cases,
};

weir_tensor *weir_solve(weir_tensor *a, weir_tensor *b, bool left)
{
    weir_tensor *out[WEIR_OUT_MAX];
    bool matrices = weir_ndim(a) >= 2 && weir_ndim(b) >= 2; /* else infer says what is wrong */
    if (!left && matrices) {
        weir_tensor *x = weir_solve(weir__matrix_transpose(a), weir__matrix_transpose(b), true);
        return weir_is_nil(x) ? x : weir__matrix_transpose(x);
    }
    weir_apply_multi(&weir__op_solve, 2, WEIR__IN(weir_contiguous(a), b), NULL, out);
    return out[0];
}
