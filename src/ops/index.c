/* index.c - rows picked by an index, and the adjoint, which adds in the order of the index. */
#include <string.h>
#include "ops/ops.h"

typedef struct along {
    int axis;
    int64_t extent;
} along;

static bool check_index(weir_call *k, int64_t bound)
{
    const weir_tensor *index = k->in[1];
    if (index->dtype != WEIR_I64)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "index of %s: expected i64",
                              weir_dtype_name(index->dtype));
    if (index->ndim != 1) return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected an index of rank 1");
    const int64_t *at = weir__ptr(index);
    for (int64_t i = 0; i < index->numel; i++)
        if (at[i] < 0 || at[i] >= bound)
            return weir_call_fail(k, WEIR_ERROR_RANGE, "index %lld at %lld: expected 0 to %lld",
                                  (long long)at[i], (long long)i, (long long)bound - 1);
    return true;
}

/* The loop over n places along the axis. */
static weir__loop index_places(const weir_tensor *y, int64_t at_y, const weir_tensor *x,
                               int64_t at_x, int axis, int64_t n)
{
    weir__loop l = { .ndim = y->ndim };
    int64_t size = (int64_t)weir_dtype_size(y->dtype);
    memcpy(l.shape, y->shape, sizeof l.shape);
    l.shape[axis] = n;
    memcpy(l.x[0].stride, y->strides, sizeof y->strides);
    memcpy(l.x[1].stride, x->strides, sizeof x->strides);
    l.x[0].data = (char *)weir__ptr(y) + at_y * y->strides[axis] * size;
    l.x[1].data = (char *)weir__ptr(x) + at_x * x->strides[axis] * size;
    return l;
}

/* How many of the n - i places from i on the index names one after the other */
static int64_t run_from(const int64_t *at, int64_t i, int64_t n)
{
    int64_t run = 1;
    while (i + run < n && at[i + run] == at[i] + run) run++;
    return run;
}

static bool side_by_side(const weir_call *k, int axis)
{
    return k->in[0]->strides[axis] == 1 && k->out[0]->strides[axis] == 1;
}

/* -- index_select ------------------------------------------------------------------------------ */
static bool select_infer(weir_call *k)
{
    int axis = ((const along *)k->attr)->axis;
    k->spec[0] = weir__spec_of(k->in[0]);
    k->spec[0].shape[axis] = k->in[1]->numel;
    return check_index(k, k->in[0]->shape[axis]);
}

/* Side by side in memory, places are picked one by one from each line. */
static void select_within(weir_call *k, int axis)
{
    weir_tensor *x = k->in[0], *y = k->out[0];
    weir__loop l = weir__loop_of(y, 2, WEIR__IN(y, y));
    memcpy(l.x[1].stride, x->strides, sizeof x->strides);
    l.x[1].data = weir__ptr(x);
    l.x[1].stride[axis] = 0;
    l.x[2] = (weir__operand){ .data = weir__ptr(k->in[1]) };
    l.x[2].stride[axis] = 1;
    weir__loop_gather(weir_dtype_size(y->dtype), &l, x->strides[axis]);
}

static bool select_lines(weir_call *k, int axis)
{
    weir__pick p = { k->in[1]->numel, k->in[0]->shape[axis], weir__ptr(k->in[1]) };
    weir__loop l = index_places(k->out[0], 0, k->in[0], 0, axis, 1);
    return weir__loop_pick(k->ctx->kern, weir_dtype_size(k->out[0]->dtype), &l, &p,
                           k->ctx->threads);
}

/* Places of arrays in logical order are blocks of memory. */
static void select_blocks(weir_call *k, int axis)
{
    weir_tensor *x = k->in[0];
    weir__pick p = { k->in[1]->numel, x->shape[axis], weir__ptr(k->in[1]) };
    int64_t rows = weir__numel_of(axis, x->shape);
    int64_t block = weir__numel_of(x->ndim - axis - 1, x->shape + axis + 1);
    weir__pick_blocks(&p, rows, (size_t)block * weir_dtype_size(x->dtype), weir__ptr(k->out[0]),
                      weir__ptr(x), k->ctx->threads);
}

static void select_forward(weir_call *k)
{
    int axis = ((const along *)k->attr)->axis;
    const int64_t *at = weir__ptr(k->in[1]);
    if (side_by_side(k, axis) && select_lines(k, axis)) return;
    if (k->out[0]->strides[axis] == 1) {
        select_within(k, axis);
        return;
    }
    if (k->in[0]->contiguous && k->out[0]->contiguous) {
        select_blocks(k, axis);
        return;
    }
    for (int64_t i = 0, n; i < k->in[1]->numel; i += n) {
        n = run_from(at, i, k->in[1]->numel);
        weir__loop l = index_places(k->out[0], i, k->in[0], at[i], axis, n);
        weir__loop_copy(k->ctx->kern, weir_dtype_size(k->out[0]->dtype), &l, k->ctx->threads);
    }
}

static void select_backward(weir_vjp *v)
{
    int axis = ((const along *)v->attr)->axis;
    weir_vjp_set(
        v, 0,
        weir_index_add(v->gout[0], axis, weir_vjp_in(v, 1), weir_vjp_in_spec(v, 0)->shape[axis]));
}

static weir_tensor *call_select0(weir_tensor **x) { return weir_index_select(x[0], 0, x[1]); }
static weir_tensor *call_select1(weir_tensor **x) { return weir_index_select(x[0], 1, x[1]); }
static const weir_op_case select_cases[] = { { "4,3 i6<4", call_select0 },
                                             { "2,5,2 i3<5", call_select1 },
                                             { "5,9 i7<9", call_select1 },
                                             { "4 i0<4", call_select0 },
                                             { "1,3 i2<1", call_select0 },
                                             { "4,3 i0<4", call_select0 },
                                             { "2,5,0 i3<5", call_select1 },
                                             { NULL, NULL } };
const weir_op weir__op_index_select = {
    .row = WEIR_OP_ROW("op.index_select", "places along an axis picked by an index"),
    .n_in = 2,
    .n_out = 1,
    .save_in = 2,
    .attr_size = sizeof(along),
    .infer = select_infer,
    .forward = select_forward,
    .backward = select_backward,
    .cases = select_cases,
    .order = WEIR_ORDER_KEEP
};

weir_tensor *weir_index_select(weir_tensor *x, int axis, weir_tensor *index)
{
    if (!weir__given("index_select", 2, WEIR__IN(x, index))) return weir__nil_of(x ? x : index);
    if ((axis = weir__axis(x, "index_select", axis)) < 0) return weir__nil_of(x);
    return weir_apply(&weir__op_index_select, 2, WEIR__IN(x, weir__dense_index(index, x)),
                      &(along){ .axis = axis });
}

/* -- index_add --------------------------------------------------------------------------------- */
static bool index_add_infer(weir_call *k)
{
    const along *a = k->attr;
    if (!weir_infer_same(k)) return false;
    if (k->in[1]->numel != k->in[0]->shape[a->axis])
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected an index for each place along axis %d",
                              a->axis);
    if (a->extent < 0)
        return weir_call_fail(k, WEIR_ERROR_RANGE, "extent %lld: expected 0 or more",
                              (long long)a->extent);
    k->spec[0].shape[a->axis] = a->extent;
    return check_index(k, a->extent);
}

static bool add_lines(weir_call *k, int axis)
{
    weir__pick p = { k->in[1]->numel, k->out[0]->shape[axis], weir__ptr(k->in[1]) };
    weir__loop l = index_places(k->out[0], 0, k->in[0], 0, axis, 1);
    return weir__loop_pick_add(k->ctx->kern, (weir__real)k->out[0]->dtype, &l, &p, k->ctx->threads);
}

static void index_add_forward(weir_call *k)
{
    int axis = ((const along *)k->attr)->axis;
    weir_tensor *y = k->out[0];
    const int64_t *at = weir__ptr(k->in[1]);
    if (side_by_side(k, axis) && add_lines(k, axis)) return;
    memset(weir__ptr(y), 0, (size_t)y->numel * weir_dtype_size(y->dtype));
    for (int64_t i = 0, n; i < k->in[1]->numel; i += n) {
        n = run_from(at, i, k->in[1]->numel);
        weir__loop l = index_places(y, at[i], k->in[0], i, axis, n);
        l.x[2] = l.x[1];
        l.x[1] = l.x[0];
        weir__loop_binary(k->ctx->kern, (weir__real)y->dtype, WEIR__B_add, &l, k->ctx->threads);
    }
}

static void index_add_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0,
                 weir_index_select(v->gout[0], ((const along *)v->attr)->axis, weir_vjp_in(v, 1)));
}

static weir_tensor *index_call_add0(weir_tensor **x) { return weir_index_add(x[0], 0, x[1], 5); }
static weir_tensor *index_call_add1(weir_tensor **x) { return weir_index_add(x[0], 1, x[1], 4); }
static const weir_op_case add_cases[] = { { "6,3 i6<5", index_call_add0 },
                                          { "2,3 i3<4", index_call_add1 },
                                          { "5,7 i7<4", index_call_add1 },
                                          { NULL, NULL } };
const weir_op weir__op_index_add = {
    .row = WEIR_OP_ROW("op.index_add", "zeros with places of x added at an index along an axis"),
    .n_in = 2,
    .n_out = 1,
    .save_in = 2,
    .attr_size = sizeof(along),
    .infer = index_add_infer,
    .forward = index_add_forward,
    .backward = index_add_backward,
    .cases = add_cases,
    .order = WEIR_ORDER_KEEP
};

weir_tensor *weir_index_add(weir_tensor *x, int axis, weir_tensor *index, int64_t extent)
{
    if (!weir__given("index_add", 2, WEIR__IN(x, index))) return weir__nil_of(x ? x : index);
    if ((axis = weir__axis(x, "index_add", axis)) < 0) return weir__nil_of(x);
    return weir_apply(&weir__op_index_add, 2, WEIR__IN(x, weir__dense_index(index, x)),
                      &(along){ axis, extent });
}
