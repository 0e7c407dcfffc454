/* slice.c - slices along an axis, their adjoint, and dense copies. */
#include <string.h>
#include "ops/ops.h"

typedef struct range {
    int axis;
    int64_t start, step, extent;
} range; /* extent: of the slice (slice) or of the whole (slice_scatter) */

static bool slice_infer(weir_call *k)
{
    const range *r = k->attr;
    const weir_tensor *x = k->in[0];
    k->spec[0] = weir__spec_of(x);
    memcpy(k->strides, x->strides, sizeof k->strides);
    k->spec[0].shape[r->axis] = r->extent;
    k->strides[r->axis] *= r->step;
    k->offset = x->offset + r->start * x->strides[r->axis];
    return true;
}

static void slice_backward(weir_vjp *v)
{
    const range *r = v->attr;
    weir_vjp_set(v, 0,
                 weir_slice_scatter(v->gout[0], r->axis, r->start, r->step,
                                    weir_vjp_in_spec(v, 0)->shape[r->axis]));
}

static weir_tensor *call_middle(weir_tensor **x) { return weir_slice(x[0], 1, 1, -1, 1); }
static weir_tensor *call_even(weir_tensor **x) { return weir_slice(x[0], -1, 0, INT64_MAX, 2); }
static weir_tensor *slice_call_none(weir_tensor **x) { return weir_slice(x[0], 0, 2, 2, 1); }
static const weir_op_case slice_cases[] = { { "3,4", call_middle },
                                            { "3,5", call_even },
                                            { "4", slice_call_none },
                                            { "2,3,4", call_middle },
                                            { NULL, NULL } };
const weir_op weir__op_slice = { .row = WEIR_OP_ROW("op.slice",
                                                    "x[start : stop : step] along an axis"),
                                 .n_in = 1,
                                 .n_out = 1,
                                 .attr_size = sizeof(range),
                                 .view = true,
                                 .infer = slice_infer,
                                 .backward = slice_backward,
                                 .cases = slice_cases };

weir_tensor *weir_slice(weir_tensor *x, int axis, int64_t start, int64_t stop, int64_t step)
{
    if ((axis = weir__axis(x, "slice", axis)) < 0) return weir__nil_of(x);
    if (step < 1) {
        weir_fail(x->object.ctx, WEIR_ERROR_ARGUMENT, "slice: step %lld: expected 1 or more",
                  (long long)step);
        return weir__nil_of(x);
    }
    int64_t n = x->shape[axis];
    if (start < 0) start = start + n > 0 ? start + n : 0;
    if (stop < 0) stop = stop + n > 0 ? stop + n : 0;
    if (stop > n) stop = n;
    if (start > stop) start = stop;
    range r = { .axis = axis,
                .start = start,
                .step = step,
                .extent = stop > start ? 1 + (stop - start - 1) / step : 0 };
    if (r.extent < 2) r.step = 1; /* no second place: a stride of so many elements need not fit */
    return weir__apply1(&weir__op_slice, x, &r);
}

/* -- slice_scatter ----------------------------------------------------------------------------- */
static bool slice_scatter_infer(weir_call *k)
{
    const range *r = k->attr;
    k->spec[0] = weir__spec_of(k->in[0]);
    int64_t n = k->in[0]->shape[r->axis];
    if (r->start < 0 || r->step < 1
        || (n > 0 && (r->start >= r->extent || n - 1 > (r->extent - 1 - r->start) / r->step)))
        return weir_call_fail(k, WEIR_ERROR_SHAPE,
                              "start %lld, step %lld into extent %lld: expected room for all",
                              (long long)r->start, (long long)r->step, (long long)r->extent);
    k->spec[0].shape[r->axis] = r->extent;
    return true;
}

static void slice_scatter_forward(weir_call *k)
{
    const range *r = k->attr;
    weir_tensor *y = k->out[0];
    memset(weir__ptr(y), 0, (size_t)y->numel * weir_dtype_size(y->dtype));
    weir__operand place = { .data = (char *)weir__ptr(y)
                                    + r->start * y->strides[r->axis]
                                          * (int64_t)weir_dtype_size(y->dtype) };
    memcpy(place.stride, y->strides, sizeof place.stride);
    place.stride[r->axis] *= r->step;
    weir__copy_into(k->ctx, &place, k->in[0]);
}

static void slice_scatter_backward(weir_vjp *v)
{
    const range *r = v->attr;
    int64_t n = weir_vjp_in_spec(v, 0)->shape[r->axis];
    weir_vjp_set(v, 0,
                 weir_slice(v->gout[0], r->axis, r->start,
                            n > 0 ? r->start + (n - 1) * r->step + 1 : r->start, r->step));
}

static weir_tensor *slice_call_scatter(weir_tensor **x)
{
    return weir_slice_scatter(x[0], 1, 1, 2, 9);
}
static const weir_op_case scatter_cases[] = { { "3,4", slice_call_scatter },
                                              { "2,3,2", slice_call_scatter },
                                              { "2,0", slice_call_scatter },
                                              { NULL, NULL } };
const weir_op weir__op_slice_scatter = {
    .row = WEIR_OP_ROW("op.slice_scatter",
                       "zeros with x at start, start + step, ... along an axis"),
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(range),
    .infer = slice_scatter_infer,
    .forward = slice_scatter_forward,
    .backward = slice_scatter_backward,
    .cases = scatter_cases,
    .order = WEIR_ORDER_KEEP
};

weir_tensor *weir_slice_scatter(weir_tensor *x, int axis, int64_t start, int64_t step,
                                int64_t extent)
{
    if ((axis = weir__axis(x, "slice_scatter", axis)) < 0) return weir__nil_of(x);
    range r = { .axis = axis, .start = start, .step = step, .extent = extent };
    if (x->shape[axis] < 2 && step > 1) r.step = 1;
    if (x->shape[axis] == 0 && start > 0) r.start = 0; /* nothing is put there */
    return weir__apply1(&weir__op_slice_scatter, x, &r);
}

/* -- contiguous -------------------------------------------------------------------------------- */
static bool copy_infer(weir_call *k)
{
    k->spec[0] = weir__spec_of(k->in[0]);
    return true;
}

static void copy_forward(weir_call *k)
{
    weir__operand place = weir__operand_of(k->out[0], k->out[0]);
    weir__copy_into(k->ctx, &place, k->in[0]);
}

static void copy_backward(weir_vjp *v) { weir_vjp_set(v, 0, v->gout[0]); }
static weir_tensor *call_contiguous(weir_tensor **x)
{
    return weir_contiguous(weir_transpose(x[0], 0, 1));
}
static const weir_op_case copy_cases[] = { { "3,4", call_contiguous },
                                           { "2,3,4", call_contiguous },
                                           { NULL, NULL } };
const weir_op weir__op_contiguous = { .row = WEIR_OP_ROW("op.contiguous",
                                                         "a dense copy in logical order"),
                                      .n_in = 1,
                                      .n_out = 1,
                                      .infer = copy_infer,
                                      .forward = copy_forward,
                                      .backward = copy_backward,
                                      .cases = copy_cases };

weir_tensor *weir_contiguous(weir_tensor *x)
{
    if (weir_is_nil(x)) return weir__nil_of(x);
    return x->contiguous ? x : weir__apply1(&weir__op_contiguous, x, NULL);
}
