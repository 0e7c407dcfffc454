/* gather.c - elements picked by an index that has the result's shape; elements put there; and the
 * adjoint, which adds in the order of the index. */
#include <string.h>
#include "ops/ops.h"

typedef struct along {
    int axis;
} along;

/* in[1]: dense i64 of the rank of in[0], no longer than it but along the axis. */
static bool gather_check(weir_call *k)
{
    const weir_tensor *x = k->in[0], *index = k->in[1];
    int axis = ((const along *)k->attr)->axis;
    if (index->dtype != WEIR_I64)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "index of %s: expected i64",
                              weir_dtype_name(index->dtype));
    bool fits = index->ndim == x->ndim;
    for (int i = 0; fits && i < x->ndim; i++) fits = i == axis || index->shape[i] <= x->shape[i];
    if (!fits)
        return weir_call_fail(
            k, WEIR_ERROR_SHAPE,
            "expected an index of the same rank, no longer than the first but along axis %d", axis);
    const int64_t *at = weir__ptr(index);
    for (int64_t i = 0; i < index->numel; i++)
        if (at[i] < 0 || at[i] >= x->shape[axis])
            return weir_call_fail(k, WEIR_ERROR_RANGE, "index %lld at %lld: expected 0 to %lld",
                                  (long long)at[i], (long long)i, (long long)x->shape[axis] - 1);
    return true;
}

/* The loop over the index, with operand `moved` standing still along the axis; returns the step
 * that the index makes there. */
static int64_t gather_loop_over(weir__loop *l, const weir_tensor *index, int axis, int moved,
                                const weir_tensor *a, const weir_tensor *b)
{
    const weir_tensor *x[] = { a, b, index };
    l->ndim = index->ndim;
    memcpy(l->shape, index->shape, sizeof l->shape);
    for (int i = 0; i < 3; i++) {
        l->x[i].data = weir__ptr(x[i]);
        memcpy(l->x[i].stride, x[i]->strides, sizeof x[i]->strides);
    }
    int64_t step = x[moved]->strides[axis];
    l->x[moved].stride[axis] = 0;
    return step;
}

/* -- gather ------------------------------------------------------------------------------------ */
static bool gather_infer(weir_call *k)
{
    k->spec[0] = weir__spec_of(k->in[1]);
    k->spec[0].dtype = k->in[0]->dtype;
    return gather_check(k);
}

static void gather_forward(weir_call *k)
{
    weir__loop l;
    int64_t step = gather_loop_over(&l, k->in[1], ((const along *)k->attr)->axis, 1, k->out[0],
                                    k->in[0]);
    weir__loop_gather(weir_dtype_size(k->out[0]->dtype), &l, step);
}

static void gather_backward(weir_vjp *v)
{
    const weir_spec *x = weir_vjp_in_spec(v, 0);
    weir_tensor *none = weir_expand(weir_scalar(v->ctx, x->dtype, 0), x->ndim, x->shape);
    weir_vjp_set(
        v, 0,
        weir_scatter_add(none, ((const along *)v->attr)->axis, weir_vjp_in(v, 1), v->gout[0]));
}

static weir_tensor *call_gather0(weir_tensor **x) { return weir_gather(x[0], 0, x[1]); }
static weir_tensor *call_gather1(weir_tensor **x) { return weir_gather(x[0], 1, x[1]); }
static const weir_op_case gather_cases[] = { { "4,3 i6,3<4", call_gather0 },
                                             { "3,5 i2,7<5", call_gather1 },
                                             { "2,3,4 i2,2,3<3", call_gather1 },
                                             { "5 i3<5", call_gather0 },
                                             { "3,4 i0,4<3", call_gather0 },
                                             { "0,2 i0,5<2", call_gather1 },
                                             { NULL, NULL } };
const weir_op weir__op_gather = {
    .row = WEIR_OP_ROW("op.gather",
                       "elements picked along an axis by an index of the result's shape"),
    .n_in = 2,
    .n_out = 1,
    .save_in = 2,
    .attr_size = sizeof(along),
    .infer = gather_infer,
    .forward = gather_forward,
    .backward = gather_backward,
    .cases = gather_cases
};

weir_tensor *weir_gather(weir_tensor *x, int axis, weir_tensor *index)
{
    if (!weir__given("gather", 2, WEIR__IN(x, index))) return weir__nil_of(x ? x : index);
    if ((axis = weir__axis(x, "gather", axis)) < 0) return weir__nil_of(x);
    return weir_apply(&weir__op_gather, 2, WEIR__IN(x, weir__dense_index(index, x)),
                      &(along){ axis });
}

/* -- scatter, scatter_add: x, index and what is put or added, of the index's shape ------------- */
static bool gather_scatter_infer(weir_call *k)
{
    const weir_tensor *index = k->in[1], *from = k->in[2];
    if (!weir_infer_same(k)) return false;
    if (from->dtype != k->spec[0].dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type",
                              weir_dtype_name(k->spec[0].dtype), weir_dtype_name(from->dtype));
    if (!weir__same_shape(index, from))
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected the third no smaller than the index");
    return gather_check(k);
}

/* The loop that comes after out is a copy of the first. */
static int64_t scatter_loop(weir_call *k, weir__loop *l)
{
    weir__operand place = weir__operand_of(k->out[0], k->out[0]);
    weir__copy_into(k->ctx, &place, k->in[0]);
    return gather_loop_over(l, k->in[1], ((const along *)k->attr)->axis, 0, k->out[0], k->in[2]);
}

static void scatter_add_forward(weir_call *k)
{
    weir__loop l;
    int64_t step = scatter_loop(k, &l);
    weir__loop_scatter_add((weir__real)k->out[0]->dtype, &l, step);
}

static void scatter_add_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, v->gout[0]);
    if (weir_vjp_needs(v, 2))
        weir_vjp_set(v, 2,
                     weir_gather(v->gout[0], ((const along *)v->attr)->axis, weir_vjp_in(v, 1)));
}

static weir_tensor *gather_call_add0(weir_tensor **x)
{
    return weir_scatter_add(x[0], 0, x[1], x[2]);
}
static weir_tensor *gather_call_add1(weir_tensor **x)
{
    return weir_scatter_add(x[0], -1, x[1], x[2]);
}
static const weir_op_case scatter_add_cases[] = { { "4,3 i6,3<4 6,3", gather_call_add0 },
                                                  { "3,5 i2,7<5 2,7", gather_call_add1 },
                                                  { "3,5 i2,3<5 4,6", gather_call_add1 },
                                                  { "5 i3<5 3", gather_call_add0 },
                                                  { "3,4 i0,4<3 0,4", gather_call_add0 },
                                                  { "2,0 i2,0<1 2,3", gather_call_add1 },
                                                  { NULL, NULL } };
const weir_op weir__op_scatter_add = {
    .row = WEIR_OP_ROW("op.scatter_add",
                       "x with elements added at an index along an axis, repeated ones in order"),
    .n_in = 3,
    .n_out = 1,
    .save_in = 2,
    .attr_size = sizeof(along),
    .infer = gather_scatter_infer,
    .forward = scatter_add_forward,
    .backward = scatter_add_backward,
    .cases = scatter_add_cases
};

/* op of x and the two of `rest`, index and elements; what the index does not reach is left out. */
static weir_tensor *scattered(const weir_op *op, const char *name, weir_tensor *x, int axis,
                              weir_tensor *const *rest)
{
    weir_tensor *index = rest[0], *from = rest[1];
    if (!weir__given(name, 3, WEIR__IN(x, index, from))) return weir__nil_of(x ? x : index);
    if ((axis = weir__axis(x, name, axis)) < 0) return weir__nil_of(x);
    for (int i = 0; !weir_is_nil(index) && i < weir_ndim(from) && weir_ndim(from) == index->ndim;
         i++)
        if (weir_dim(from, i) > index->shape[i]) from = weir_slice(from, i, 0, index->shape[i], 1);
    return weir_apply(op, 3, WEIR__IN(x, weir__dense_index(index, x), from), &(along){ axis });
}

weir_tensor *weir_scatter_add(weir_tensor *x, int axis, weir_tensor *index, weir_tensor *from)
{
    return scattered(&weir__op_scatter_add, "scatter_add", x, axis, WEIR__IN(index, from));
}

/* -- scatter ----------------------------------------------------------------------------------- */
static void gather_scatter_forward(weir_call *k)
{
    weir__loop l;
    int64_t step = scatter_loop(k, &l);
    weir__loop_scatter(weir_dtype_size(k->out[0]->dtype), &l, step);
}

/* Where an element of `from` is still there in the result, and not one that came after it: its
 * number is. */
static weir_tensor *stayed(weir_vjp *v, int axis, weir_tensor *index)
{
    const weir_spec *x = weir_vjp_in_spec(v, 0);
    weir_tensor *number = weir_reshape(weir_arange(v->ctx, WEIR_F64, weir_numel(index)),
                                       weir_ndim(index), weir_shape(index));
    weir_tensor *none = weir_expand(weir_scalar(v->ctx, WEIR_F64, 0), x->ndim, x->shape);
    weir_tensor *last = weir_gather(weir_scatter(none, axis, index, number), axis, index);
    return weir_eq(last, number);
}

static void gather_scatter_backward(weir_vjp *v)
{
    int axis = ((const along *)v->attr)->axis;
    weir_tensor *g = v->gout[0], *index = weir_vjp_in(v, 1);
    weir_tensor *zero = weir_scalar(v->ctx, g->dtype, 0);
    if (weir_is_nil(index)) return;
    if (weir_vjp_needs(v, 0)) {
        weir_tensor *none = weir_expand(zero, weir_ndim(index), weir_shape(index));
        weir_vjp_set(v, 0, weir_scatter(g, axis, index, none));
    }
    if (weir_vjp_needs(v, 2))
        weir_vjp_set(v, 2, weir_where(stayed(v, axis, index), weir_gather(g, axis, index), zero));
}

static weir_tensor *call_scatter0(weir_tensor **x) { return weir_scatter(x[0], 0, x[1], x[2]); }
static weir_tensor *call_scatter1(weir_tensor **x) { return weir_scatter(x[0], -1, x[1], x[2]); }
static const weir_op_case scatter_cases[] = {
    { "4,3 i6,3<4 6,3", call_scatter0 },
    { "3,5 i2,7<5 2,7", call_scatter1 },
    { "3,5 i2,3<5 4,6", call_scatter1 },
    { "5 i3<5 3", call_scatter0 },
    { "3,4 i0,4<3 0,4", call_scatter0 },
    { "2,0 i2,0<1 2,3", call_scatter1 },
    { NULL, NULL },
};
const weir_op weir__op_scatter = {
    .row = WEIR_OP_ROW("op.scatter",
                       "x with elements put at an index along an axis, the last one staying"),
    .n_in = 3,
    .n_out = 1,
    .save_in = 2,
    .attr_size = sizeof(along),
    .infer = gather_scatter_infer,
    .forward = gather_scatter_forward,
    .backward = gather_scatter_backward,
    .cases = scatter_cases,
};

weir_tensor *weir_scatter(weir_tensor *x, int axis, weir_tensor *index, weir_tensor *from)
{
    return scattered(&weir__op_scatter, "scatter", x, axis, WEIR__IN(index, from));
}
