/* join.c - joining tensors: along an axis, or in turn along the last one. */
#include <string.h>
#include "ops/ops.h"

/* -- cat --------------------------------------------------------------------------------------- */
typedef struct along {
    int axis;
} along;

static bool cat_infer(weir_call *k)
{
    int axis = ((const along *)k->attr)->axis;
    k->spec[0] = weir__spec_of(k->in[0]);
    for (int i = 1; i < k->n_in; i++) {
        const weir_tensor *x = k->in[i];
        bool fits = x->ndim == k->spec[0].ndim;
        for (int d = 0; fits && d < x->ndim; d++)
            fits = d == axis || x->shape[d] == k->spec[0].shape[d];
        if (!fits)
            return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected equal extents but along axis %d",
                                  axis);
        if (x->dtype != k->spec[0].dtype)
            return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type",
                                  weir_dtype_name(k->spec[0].dtype), weir_dtype_name(x->dtype));
        k->spec[0].shape[axis] += x->shape[axis];
    }
    return true;
}

/* Where all lie in one order, and parts of rows are many and long enough for a call each, y is
 * written from its beginning to its end. */
static bool cat_rows(weir_call *k, int axis)
{
    enum { MOST = 8, ROWS = 64, BYTES = 64 };
    static const int channels_last[] = { 0, 2, 3, 1 };
    const weir_tensor *y = k->out[0];
    weir__joined parts[MOST];
    int64_t rows = 1;
    int at = 0, order[WEIR_RANK_MAX];
    if (k->n_in > MOST || (!y->contiguous && !weir_is_channels_last(y))) return false;
    for (int d = 0; d < y->ndim; d++) order[d] = y->contiguous ? d : channels_last[d];
    for (; order[at] != axis; at++) rows *= y->shape[order[at]];
    for (int i = 0; i < k->n_in; i++) {
        const weir_tensor *x = k->in[i];
        bool same = y->contiguous ? x->contiguous : weir_is_channels_last(x);
        size_t bytes = weir_dtype_size(x->dtype);
        for (int d = at; d < y->ndim; d++) bytes *= (size_t)x->shape[order[d]];
        if (!same || bytes < BYTES) return false;
        parts[i] = (weir__joined){ weir__ptr(x), bytes };
    }
    if (rows < ROWS) return false;
    weir__join_rows(k->n_in, parts, rows, weir__ptr(y), k->ctx->threads);
    return true;
}

static void cat_forward(weir_call *k)
{
    int axis = ((const along *)k->attr)->axis;
    weir_tensor *y = k->out[0];
    if (cat_rows(k, axis)) return;
    weir__operand place = weir__operand_of(y, y);
    for (int i = 0; i < k->n_in; i++) {
        weir__copy_into(k->ctx, &place, k->in[i]);
        place.data = (char *)place.data
                     + k->in[i]->shape[axis] * y->strides[axis]
                           * (int64_t)weir_dtype_size(y->dtype);
    }
}

static void cat_backward(weir_vjp *v)
{
    int axis = ((const along *)v->attr)->axis;
    int64_t at = 0;
    for (int i = 0; i < v->n_in; i++) {
        int64_t n = weir_vjp_in_spec(v, i)->shape[axis];
        if (weir_vjp_needs(v, i)) weir_vjp_set(v, i, weir_slice(v->gout[0], axis, at, at + n, 1));
        at += n;
    }
}

static weir_tensor *call_cat2(weir_tensor **x) { return weir_cat(2, x, 1); }
static weir_tensor *call_cat3(weir_tensor **x) { return weir_cat(3, x, -1); }
static const weir_op_case cat_cases[] = {
    { "3,4 3,2", call_cat2 }, { "2,1,3 2,2,3", call_cat2 }, { "2 3 0", call_cat3 }, { NULL, NULL }
};
const weir_op weir__op_cat = { .row = WEIR_OP_ROW("op.cat", "tensors joined along an axis"),
                               .n_in = -1,
                               .n_out = 1,
                               .attr_size = sizeof(along),
                               .infer = cat_infer,
                               .forward = cat_forward,
                               .backward = cat_backward,
                               .cases = cat_cases,
                               .order = WEIR_ORDER_KEEP };

weir_tensor *weir_cat(int n, weir_tensor *const *x, int axis)
{
    if (n < 1 || !x) return weir__nil(NULL, WEIR__TENSOR);
    if ((axis = weir__axis(x[0], "cat", axis)) < 0) return weir__nil_of(x[0]);
    return weir_apply(&weir__op_cat, n, x, &(along){ axis });
}

/* -- interleave -------------------------------------------------------------------------------- */
static bool interleave_infer(weir_call *k)
{
    const weir_tensor *a = k->in[0], *b = k->in[1];
    int last = a->ndim - 1;
    bool fits = a->ndim == b->ndim && last >= 0;
    for (int i = 0; fits && i < last; i++) fits = a->shape[i] == b->shape[i];
    if (!fits || a->shape[last] - b->shape[last] < 0 || a->shape[last] - b->shape[last] > 1)
        return weir_call_fail(
            k, WEIR_ERROR_SHAPE,
            "expected equal extents, the first one longer by at most 1 along the last axis");
    if (a->dtype != b->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type",
                              weir_dtype_name(a->dtype), weir_dtype_name(b->dtype));
    k->spec[0] = weir__spec_of(a);
    k->spec[0].shape[last] += b->shape[last];
    return true;
}

static void interleave_forward(weir_call *k)
{
    weir_tensor *y = k->out[0];
    weir__operand place = weir__operand_of(y, y);
    place.stride[y->ndim - 1] = 2;
    weir__copy_into(k->ctx, &place, k->in[0]);
    place.data = (char *)place.data + weir_dtype_size(y->dtype);
    weir__copy_into(k->ctx, &place, k->in[1]);
}

static void interleave_backward(weir_vjp *v)
{
    if (weir_vjp_needs(v, 0)) weir_vjp_set(v, 0, weir_slice(v->gout[0], -1, 0, INT64_MAX, 2));
    if (weir_vjp_needs(v, 1)) weir_vjp_set(v, 1, weir_slice(v->gout[0], -1, 1, INT64_MAX, 2));
}

static weir_tensor *call_interleave(weir_tensor **x) { return weir_interleave(x[0], x[1]); }
static const weir_op_case interleave_cases[] = { { "3,4 3,4", call_interleave },
                                                 { "3 2", call_interleave },
                                                 { "2,2,3 2,2,3", call_interleave },
                                                 { NULL, NULL } };
const weir_op weir__op_interleave = {
    .row = WEIR_OP_ROW("op.interleave", "elements of a and b in turn along the last axis"),
    .n_in = 2,
    .n_out = 1,
    .infer = interleave_infer,
    .forward = interleave_forward,
    .backward = interleave_backward,
    .cases = interleave_cases
};
weir_tensor *weir_interleave(weir_tensor *even, weir_tensor *odd)
{
    return weir__apply2(&weir__op_interleave, even, odd);
}
