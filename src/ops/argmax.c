/* argmax.c - where along an axis the largest is, and the values there: the gradient goes to that
 * one place, as in PyTorch's max(dim). */
#include <string.h>
#include "ops/ops.h"

typedef struct along {
    int axis;
    bool least; /* of i64 and bool, which have no negatives */
} along;

static bool argmax_infer(weir_call *k)
{
    int axis = ((const along *)k->attr)->axis;
    k->spec[0] = weir__spec_of(k->in[0]);
    if (!weir__is_whole(k->in[0]->dtype) && !weir_infer_same(k)) return false;
    k->spec[0].dtype = WEIR_I64;
    k->spec[0].shape[axis] = 1;
    return k->in[0]->shape[axis] > 0
           || weir_call_fail(k, WEIR_ERROR_SHAPE,
                             "axis %d is empty: expected elements to choose from", axis);
}

static void argmax_forward(weir_call *k)
{
    int axis = ((const along *)k->attr)->axis;
    const weir_tensor *x = k->in[0], *y = k->out[0];
    weir__loop l = { .ndim = y->ndim, .x = { { .data = weir__ptr(y) }, { .data = weir__ptr(x) } } };
    memcpy(l.shape, y->shape, sizeof l.shape);
    memcpy(l.x[0].stride, y->strides, sizeof y->strides);
    memcpy(l.x[1].stride, x->strides, sizeof x->strides);
    if (weir__is_whole(x->dtype))
        weir__loop_integer_argmax(((const along *)k->attr)->least,
                                  (int64_t)weir_dtype_size(x->dtype), &l, x->shape[axis],
                                  x->strides[axis]);
    else weir__loop_argmax((weir__real)x->dtype, &l, x->shape[axis], x->strides[axis]);
}

static weir_tensor *argmax_call_first(weir_tensor **x) { return weir_argmax(x[0], 0, false); }
static weir_tensor *argmax_call_last(weir_tensor **x) { return weir_argmax(x[0], -1, true); }
static const weir_op_case cases[] = { { "3,4", argmax_call_first },  { "3,4", argmax_call_last },
                                      { "5", argmax_call_first },    { "2,3,4", argmax_call_last },
                                      { "3,0", argmax_call_first },  { "i3,4<3", argmax_call_last },
                                      { "b3,4", argmax_call_first }, { NULL, NULL } };
const weir_op weir__op_argmax = { .row = WEIR_OP_ROW(
                                      "op.argmax", "the first place of the largest along an axis"),
                                  .n_in = 1,
                                  .n_out = 1,
                                  .attr_size = sizeof(along),
                                  .infer = argmax_infer,
                                  .forward = argmax_forward,
                                  .no_gradient = "its values are places",
                                  .cases = cases };

static weir_tensor *argmax_places(weir_tensor *x, int axis, bool least)
{
    return weir__apply1(&weir__op_argmax, x, &(along){ axis, least });
}
static weir_tensor *argmax_shaped(weir_tensor *y, int axis, bool keep)
{
    return keep ? y : weir_squeeze(y, axis);
}

weir_tensor *weir_argmax(weir_tensor *x, int axis, bool keep)
{
    if ((axis = weir__axis(x, "argmax", axis)) < 0) return weir__nil_of(x);
    return argmax_shaped(argmax_places(x, axis, false), axis, keep);
}

weir_tensor *weir_argmin(weir_tensor *x, int axis, bool keep)
{
    if ((axis = weir__axis(x, "argmin", axis)) < 0) return weir__nil_of(x);
    if (weir__is_whole(x->dtype)) return argmax_shaped(argmax_places(x, axis, true), axis, keep);
    weir_tensor *negated = weir__negated(weir_detach(x), "argmin");
    return argmax_shaped(argmax_places(negated, axis, false), axis, keep);
}

static weir_tensor *values(weir_tensor *x, int axis, bool keep, weir_tensor *at,
                           weir_tensor **index)
{
    if (index) *index = argmax_shaped(at, axis, keep);
    return argmax_shaped(weir_gather(x, axis, at), axis, keep);
}

weir_tensor *weir_max_axis(weir_tensor *x, int axis, bool keep, weir_tensor **index)
{
    if (index) *index = weir__nil_of(x);
    if ((axis = weir__axis(x, "max_axis", axis)) < 0) return weir__nil_of(x);
    return values(x, axis, keep, weir_argmax(x, axis, true), index);
}

weir_tensor *weir_min_axis(weir_tensor *x, int axis, bool keep, weir_tensor **index)
{
    if (index) *index = weir__nil_of(x);
    if ((axis = weir__axis(x, "min_axis", axis)) < 0) return weir__nil_of(x);
    return values(x, axis, keep, weir_argmin(x, axis, true), index);
}
