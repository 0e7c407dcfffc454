/* searchsorted.c - where numbers stand among sorted ones, by bisection. */
#include "ops/ops.h"

typedef struct side {
    bool right;
} side;

/* in[0] sorted [.., n], in[1] values [.., m], leading axes equal; or sorted [n] for all values. */
static bool searchsorted_infer(weir_call *k)
{
    const weir_tensor *sorted = k->in[0], *x = k->in[1];
    if (!weir_infer_same(k)) return false;
    if (x->dtype != sorted->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type",
                              weir_dtype_name(sorted->dtype), weir_dtype_name(x->dtype));
    bool fits = sorted->ndim == 1 || (sorted->ndim > 1 && sorted->ndim == x->ndim);
    for (int i = 0; fits && sorted->ndim > 1 && i < x->ndim - 1; i++)
        fits = sorted->shape[i] == x->shape[i];
    if (!fits)
        return weir_call_fail(k, WEIR_ERROR_SHAPE,
                              "expected one sorted line, or as many as the second has");
    k->spec[0] = weir__spec_of(x);
    k->spec[0].dtype = WEIR_I64;
    return true;
}

static void searchsorted_forward(weir_call *k)
{
    const weir_tensor *sorted = k->in[0], *x = k->in[1], *y = k->out[0];
    bool lines = sorted->ndim > 1;
    weir__search s = {
        .rows = lines ? weir__numel_of(x->ndim - 1, x->shape) : 1,
        .n = sorted->shape[sorted->ndim - 1],
        .m = lines ? x->shape[x->ndim - 1] : x->numel,
        .right = ((const side *)k->attr)->right,
        .sorted = weir__ptr(sorted),
        .x = weir__ptr(x),
        .y = weir__ptr(y),
    };
    weir__loop_search((weir__real)x->dtype, &s, k->ctx->threads);
}

static weir_tensor *rising(weir_tensor *x)
{
    bool sums = weir_ndim(x) > 0 && weir_dtype_is_real(weir_dtype_of(x));
    return sums ? weir_cumsum(weir_abs(x), -1) : x;
}
static weir_tensor *searchsorted_call_left(weir_tensor **x)
{
    return weir_searchsorted(rising(x[0]), x[1], false);
}
static weir_tensor *searchsorted_call_right(weir_tensor **x)
{
    return weir_searchsorted(rising(x[0]), x[1], true);
}
static const weir_op_case cases[] = {
    { "5 3,4", searchsorted_call_left },
    { "2,5 2,3", searchsorted_call_right },
    { "2,3,4 2,3,1", searchsorted_call_left },
    { "0 3", searchsorted_call_right },
    { "4 .", searchsorted_call_right },
    { "2,3 2,0", searchsorted_call_left },
    { NULL, NULL },
};
const weir_op weir__op_searchsorted = {
    .row = WEIR_OP_ROW("op.searchsorted", "where numbers would stand in sorted lines"),
    .n_in = 2,
    .n_out = 1,
    .attr_size = sizeof(side),
    .infer = searchsorted_infer,
    .forward = searchsorted_forward,
    .no_gradient = "its values are places",
    .cases = cases,
};

weir_tensor *weir_searchsorted(weir_tensor *sorted, weir_tensor *x, bool right)
{
    if (!weir__given("searchsorted", 2, WEIR__IN(sorted, x)))
        return weir__nil_of(sorted ? sorted : x);
    return weir_apply(
        &weir__op_searchsorted, 2,
        WEIR__IN(weir_contiguous(weir_detach(sorted)), weir_contiguous(weir_detach(x))),
        &(side){ right });
}
