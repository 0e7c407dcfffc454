/* make.c - constructors. */
#include <string.h>
#include "tensor/tensor.h"

weir_tensor *weir_empty(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape)
{
    if (!weir_ok(c) || !weir__spec_check(c, "empty", t, ndim, shape)) return weir__nil(c, WEIR__TENSOR);
    weir_spec spec = weir__spec(t, ndim, shape);
    return weir__tensor_new(c, &spec);
}

weir_tensor *weir_zeros(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape)
{
    weir_tensor *x = weir_empty(c, t, ndim, shape);
    if (!x->object.nil) memset(x->storage->data, 0, x->storage->bytes);
    return x;
}

weir_tensor *weir_full(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape, double value)
{
    weir_tensor *x = weir_empty(c, t, ndim, shape);
    if (!x->object.nil) weir__convert_strided(t, x->storage->data, 1, WEIR_F64, &value, 0, x->numel);
    return x;
}

weir_tensor *weir_ones(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape) { return weir_full(c, t, ndim, shape, 1); }
weir_tensor *weir_scalar(weir_ctx *c, weir_dtype t, double value) { return weir_full(c, t, 0, NULL, value); }

weir_tensor *weir_arange(weir_ctx *c, weir_dtype t, int64_t n)
{
    weir_tensor *x = weir_empty(c, t, 1, &n);
    if (x->object.nil) return x;
    for (int64_t i = 0; i < n; i++)
        weir__convert(t, (char *)x->storage->data + i * (int64_t)weir_dtype_size(t), WEIR_I64, &i, 1);
    return x;
}

static weir_tensor *from_host(weir_ctx *c, weir_dtype t, const void *values, int ndim, const int64_t *shape)
{
    weir_tensor *x = weir_empty(c, t, ndim, shape);
    if (x->object.nil) return x;
    if (!values && x->numel > 0) return weir_fail(c, WEIR_ERROR_ARGUMENT, "from_%s: NULL: expected values", weir_dtype_name(t)), weir__nil(c, WEIR__TENSOR);
    if (x->numel > 0) memcpy(x->storage->data, values, x->storage->bytes);
    return x;
}

weir_tensor *weir_from_f32(weir_ctx *c, const float *v, int ndim, const int64_t *shape) { return from_host(c, WEIR_F32, v, ndim, shape); }
weir_tensor *weir_from_f64(weir_ctx *c, const double *v, int ndim, const int64_t *shape) { return from_host(c, WEIR_F64, v, ndim, shape); }
weir_tensor *weir_from_i64(weir_ctx *c, const int64_t *v, int ndim, const int64_t *shape) { return from_host(c, WEIR_I64, v, ndim, shape); }

weir_tensor *weir_full_like(weir_tensor *x, double value)
{
    if (!x || x->object.nil) return weir__nil(x ? x->object.ctx : NULL, WEIR__TENSOR);
    return weir_full(x->object.ctx, x->dtype, x->ndim, x->shape, value);
}

weir_tensor *weir_zeros_like(weir_tensor *x) { return weir_full_like(x, 0); }

weir_tensor *weir_tensor_wrap(weir_ctx *c, weir_dtype t, void *data, int ndim, const int64_t *shape, const int64_t *strides,
                              void (*release)(void *, void *), void *user)
{
    if (!weir_ok(c) || !weir__spec_check(c, "tensor_wrap", t, ndim, shape)) return weir__nil(c, WEIR__TENSOR);
    if (!data && weir__numel_of(ndim, shape) > 0)
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "tensor_wrap: NULL: expected memory"), weir__nil(c, WEIR__TENSOR);
    weir__storage *s = weir__storage_new(c, 0);
    if (!s) return weir__nil(c, WEIR__TENSOR);
    s->data = data;
    s->inline_data = false;
    s->bytes = (size_t)weir__numel_of(ndim, shape) * weir_dtype_size(t);
    weir_spec spec = weir__spec(t, ndim, shape);
    weir_tensor *x = weir__tensor_view(c, s, &spec, strides, 0);
    if (!x->object.nil) s->release = release, s->user = user; /* on failure the memory stays the caller's */
    weir__storage_unref(c, s); /* the view holds it now */
    return x;
}
