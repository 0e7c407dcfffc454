/* inplace.c - the only calls that write into a tensor. They are not recorded: on history they are
 * errors, on values that a backward saved they bump the storage's version, which that backward
 * finds. */
#include <string.h>
#include "ops/ops.h"

static bool writable(weir_tensor *x, weir_tensor *from, const char *name)
{
    if (weir_is_nil(x)) return false;
    weir_ctx *c = x->object.ctx;
    if (c->status != WEIR_OK) return false;
    if (weir__region_refuses(x->storage->ctx, name, WEIR__REGION_CHANGE)) return false;
    if (from && weir_is_nil(from)) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: nil: expected a tensor", name);
        return false;
    }
    if (!weir__meets(c, from, name, "a tensor")) return false;
    if (x->node && !c->modes.no_grad) {
        weir_fail(c, WEIR_ERROR_GRAPH,
                  "%s: a result of %s with history: expected a detached tensor, or a no_grad scope",
                  name, x->node->op->row.name);
        return false;
    }
    if (!c->modes.no_grad && (x->requires_grad || (from && from->requires_grad))) {
        weir_fail(c, WEIR_ERROR_GRAPH,
                  "%s: a tensor that requires gradients: expected a no_grad scope, in-place "
                  "changes are not recorded",
                  name);
        return false;
    }
    for (int i = 0; i < x->ndim; i++)
        if (x->strides[i] == 0 && x->shape[i] > 1 && x->numel > 0) {
            weir_fail(
                c, WEIR_ERROR_ARGUMENT,
                "%s: a tensor expanded along axis %d: expected an element of memory for each place",
                name, i);
            return false;
        }
    if (!weir__laid_out(c, x, name) || (from && !weir__laid_out(c, from, name))) return false;
    if (!weir__storage_may_change(c, x->storage, name)) return false;
    if (!from) return true;
    if (from->dtype != x->dtype) {
        weir_fail(c, WEIR_ERROR_DTYPE, "%s: %s into %s: expected one type", name,
                  weir_dtype_name(from->dtype), weir_dtype_name(x->dtype));
        return false;
    }
    int ndim = x->ndim;
    int64_t shape[WEIR_RANK_MAX];
    for (int i = 0; i < ndim; i++) shape[i] = x->shape[i];
    if (weir__broadcast(&ndim, shape, from->ndim, from->shape) && ndim == x->ndim
        && weir__numel_of(ndim, shape) == x->numel)
        return true;
    char text[256];
    size_t used = 0;
    weir__append_shapes(text, sizeof text, &used, 2, WEIR__IN(x, from));
    weir_fail(c, WEIR_ERROR_SHAPE, "%s: %s: expected a second that broadcasts to the first", name,
              text);
    return false;
}

/* `from`, or a copy where it is another view of the memory that is written */
static weir_tensor *apart(const weir_tensor *x, weir_tensor *from)
{
    bool same = from->offset == x->offset && from->ndim == x->ndim
                && memcmp(from->shape, x->shape, (size_t)x->ndim * sizeof *x->shape) == 0
                && memcmp(from->strides, x->strides, (size_t)x->ndim * sizeof *x->strides) == 0;
    if (from->storage != x->storage || same) return from;
    weir_tensor *copy = weir_empty(from->object.ctx, from->dtype, from->ndim, from->shape);
    return weir_is_nil(copy) ? copy : weir_copy_(copy, from);
}

static weir_tensor *binary(weir_tensor *x, weir_tensor *y, weir__binary f, const char *name)
{
    if (!weir__given(name, 2, WEIR__IN(x, y)) || !writable(x, y, name)) return weir__nil_of(x);
    if (!weir_dtype_is_real(x->dtype)) {
        weir_fail(x->object.ctx, WEIR_ERROR_DTYPE, "%s: %s: expected f32 or f64", name,
                  weir_dtype_name(x->dtype));
        return weir__nil_of(x);
    }
    if (weir_is_nil(y = apart(x, y))) return weir__nil_of(x);
    weir__loop l = weir__loop_of(x, 3, WEIR__IN(x, x, y));
    weir__loop_binary(x->object.ctx->kern, (weir__real)x->dtype, f, &l, x->object.ctx->threads);
    weir__storage_changed(x->storage, name);
    return x;
}

weir_tensor *weir_add_(weir_tensor *x, weir_tensor *y)
{
    WEIR__AS_FOUND;
    return binary(x, y, WEIR__B_add, "add_");
}
weir_tensor *weir_mul_(weir_tensor *x, weir_tensor *y)
{
    WEIR__AS_FOUND;
    return binary(x, y, WEIR__B_mul, "mul_");
}

weir_tensor *weir_copy_(weir_tensor *x, weir_tensor *from)
{
    WEIR__AS_FOUND;
    if (!weir__given("copy_", 2, WEIR__IN(x, from)) || !writable(x, from, "copy_")
        || weir_is_nil(from = apart(x, from)))
        return weir__nil_of(x);
    weir__loop l = weir__loop_of(x, 2, WEIR__IN(x, from));
    weir__loop_copy(x->object.ctx->kern, weir_dtype_size(x->dtype), &l, x->object.ctx->threads);
    weir__storage_changed(x->storage, "copy_");
    return x;
}

weir_tensor *weir_fill_(weir_tensor *x, double value)
{
    WEIR__AS_FOUND;
    if (!writable(x, NULL, "fill_")) return weir__nil_of(x);
    double one[1];
    weir__convert(x->dtype, one, WEIR_F64, &value, 1);
    weir__loop l = weir__loop_of(x, 1, WEIR__IN(x));
    l.x[1] = (weir__operand){ .data = one };
    weir__loop_copy(x->object.ctx->kern, weir_dtype_size(x->dtype), &l, x->object.ctx->threads);
    weir__storage_changed(x->storage, "fill_");
    return x;
}
