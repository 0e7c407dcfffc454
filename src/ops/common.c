/* common.c - what the files of this room share. */
#include <string.h>
#include "ops/ops.h"

weir__operand weir__operand_of(const weir_tensor *x, const weir_tensor *like)
{
    weir__operand o = { .data = weir__ptr(x) };
    weir__broadcast_strides(x, like->ndim, like->shape, o.stride);
    return o;
}

weir__loop weir__loop_of(const weir_tensor *like, int n, weir_tensor *const *x)
{
    weir__loop l;
    l.ndim = like->ndim;
    for (int i = 0; i < like->ndim; i++) l.shape[i] = like->shape[i];
    for (int i = 0; i < n; i++) l.x[i] = weir__operand_of(x[i], like);
    return l;
}

void weir__copy_into(weir_ctx *c, const weir__operand *out, const weir_tensor *x)
{
    weir__loop l = { .ndim = x->ndim };
    memcpy(l.shape, x->shape, sizeof l.shape);
    l.x[0] = *out;
    l.x[1].data = weir__ptr(x);
    memcpy(l.x[1].stride, x->strides, sizeof x->strides);
    weir__loop_copy(c->kern, weir_dtype_size(x->dtype), &l, c->threads);
}

int weir__axis(weir_tensor *x, const char *op, int axis)
{
    if (weir_is_nil(x)) return -1;
    int a = axis < 0 ? axis + x->ndim : axis;
    if (a >= 0 && a < x->ndim) return a;
    weir_fail(x->object.ctx, WEIR_ERROR_SHAPE,
              "%s: axis %d of a tensor of rank %d: expected one of its axes", op, axis, x->ndim);
    return -1;
}

bool weir__has_room(weir_tensor *x, const char *op, weir_tensor **a, weir_tensor **b)
{
    if (a && b) return true;
    if (a) *a = weir__nil_of(x);
    if (b) *b = weir__nil_of(x);
    weir_fail(weir_ctx_of(x), WEIR_ERROR_ARGUMENT, "%s: NULL: expected places for two results", op);
    return false;
}

bool weir__has_list(weir_tensor *x, const char *op, int n, const void *list)
{
    if (n >= 0 && (n == 0 || list)) return true;
    weir_fail(weir_ctx_of(x), WEIR_ERROR_ARGUMENT,
              "%s: %s list of %d: expected one of so many numbers", op, list ? "a" : "NULL, a", n);
    return false;
}

weir_tensor *weir__dense(weir_tensor *x)
{
    return weir_is_nil(x) || weir_is_channels_last(x) ? x : weir_contiguous(x);
}

weir_tensor *weir__negated(weir_tensor *x, const char *op)
{
    if (weir_is_nil(x) || weir_dtype_is_real(x->dtype)) return weir_neg(x);
    char text[128];
    size_t used = 0;
    weir__append_shape(text, sizeof text, &used, x->ndim, x->shape);
    weir_fail(x->object.ctx, WEIR_ERROR_DTYPE, "%s: %s: %s: expected f32, f64, i64 or bool", op,
              text, weir_dtype_name(x->dtype));
    return weir__nil_of(x);
}

weir_tensor *weir__dense_index(weir_tensor *index, const weir_tensor *x)
{
    if (weir_is_nil(index) || weir_is_nil(x) || index->contiguous || index->dtype != WEIR_I64)
        return index;
    weir_ctx *c = weir__younger(x->object.ctx, index->object.ctx);
    weir_tensor *y = c ? weir_empty(c, WEIR_I64, index->ndim, index->shape)
                       : index; /* of two contexts: apply says so */
    if (c && !y->object.nil) weir_copy_to_i64(index, weir__ptr(y), index->numel);
    return y;
}
