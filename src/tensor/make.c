/* make.c - constructors. */
#include <math.h>
#include <string.h>
#include "tensor/tensor.h"

/* For the constructor `who`, which messages name. */
static weir_tensor *make_empty(weir_ctx *c, const char *who, weir_dtype t, int ndim,
                               const int64_t *shape)
{
    if (!weir_ok(c) || weir__region_refuses(c, who, WEIR__REGION_MAKE))
        return weir__nil(c, WEIR__TENSOR);
    if (!weir__spec_check(c, who, t, ndim, shape)) return weir__nil(c, WEIR__TENSOR);
    weir_spec spec = weir__spec(t, ndim, shape);
    return weir__tensor_new(c, &spec);
}

static weir_tensor *make_filled(weir_tensor *x, double value)
{
    if (!x->object.nil)
        weir__convert_strided(x->dtype, x->storage->data, 1, WEIR_F64, &value, 0, x->numel);
    return x;
}

weir_tensor *weir_empty(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape)
{
    WEIR__AS_FOUND;
    return make_empty(c, "empty", t, ndim, shape);
}

weir_tensor *weir_zeros(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape)
{
    WEIR__AS_FOUND;
    weir_tensor *x = make_empty(c, "zeros", t, ndim, shape);
    if (!x->object.nil) memset(x->storage->data, 0, x->storage->bytes);
    return x;
}

weir_tensor *weir_full(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape, double value)
{
    WEIR__AS_FOUND;
    return make_filled(make_empty(c, "full", t, ndim, shape), value);
}

weir_tensor *weir_ones(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape)
{
    WEIR__AS_FOUND;
    return make_filled(make_empty(c, "ones", t, ndim, shape), 1);
}

weir_tensor *weir_scalar(weir_ctx *c, weir_dtype t, double value)
{
    WEIR__AS_FOUND;
    return weir_full(c, t, 0, NULL, value);
}

weir_tensor *weir_arange(weir_ctx *c, weir_dtype t, int64_t n)
{
    WEIR__AS_FOUND;
    weir_tensor *x = weir_empty(c, t, 1, &n);
    if (x->object.nil) return x;
    for (int64_t i = 0; i < n; i++)
        weir__convert(t, (char *)x->storage->data + i * (int64_t)weir_dtype_size(t), WEIR_I64, &i,
                      1);
    return x;
}

/* Element i of n is value(i): written through a double, so exact below 2^53. */
static weir_tensor *filled(weir_ctx *c, weir_dtype t, int64_t n,
                           double (*value)(int64_t i, int64_t n, const double *p), const double *p)
{
    weir_tensor *x = weir_empty(c, t, 1, &n);
    if (x->object.nil) return x;
    for (int64_t i = 0; i < n; i++) {
        double v = value(i, n, p);
        weir__convert(t, (char *)x->storage->data + i * (int64_t)weir_dtype_size(t), WEIR_F64, &v,
                      1);
    }
    return x;
}

static double stepped(int64_t i, int64_t n, const double *p)
{
    (void)n;
    return p[0] + (double)i * p[1];
}
static double spaced(int64_t i, int64_t n,
                     const double *p) /* from the nearer end, so that both are exact */
{
    double step = n > 1 ? (p[1] - p[0]) / (double)(n - 1) : 0;
    return i < n / 2 || n == 1 ? p[0] + (double)i * step : p[1] - (double)(n - 1 - i) * step;
}

weir_tensor *weir_range(weir_ctx *c, weir_dtype t, double start, double stop, double step)
{
    WEIR__AS_FOUND;
    double n = ceil((stop - start) / step);
    if (!(n <= 0x1p46) || step == 0) {
        weir_fail(c, WEIR_ERROR_RANGE,
                  "range: %g to %g by %g: expected a finite number of elements", start, stop, step);
        return weir__nil(c, WEIR__TENSOR);
    }
    return filled(c, t, n > 0 ? (int64_t)n : 0, stepped, (const double[]){ start, step });
}

weir_tensor *weir_linspace(weir_ctx *c, weir_dtype t, double first, double last, int64_t n)
{
    WEIR__AS_FOUND;
    return filled(c, t, n, spaced, (const double[]){ first, last });
}

weir_tensor *weir_eye(weir_ctx *c, weir_dtype t, int64_t n)
{
    WEIR__AS_FOUND;
    weir_tensor *x = weir_zeros(c, t, 2, (const int64_t[]){ n, n });
    double one = 1;
    if (!x->object.nil) weir__convert_strided(t, x->storage->data, n + 1, WEIR_F64, &one, 0, n);
    return x;
}

static weir_tensor *from_host(weir_ctx *c, weir_dtype t, const void *values, int ndim,
                              const int64_t *shape)
{
    char who[16];
    snprintf(who, sizeof who, "from_%s", weir_dtype_name(t));
    weir_tensor *x = make_empty(c, who, t, ndim, shape);
    if (x->object.nil) return x;
    if (!values && x->numel > 0) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected values", who);
        return weir__nil(c, WEIR__TENSOR);
    }
    if (x->numel > 0) memcpy(x->storage->data, values, x->storage->bytes);
    return x;
}

weir_tensor *weir_from_f32(weir_ctx *c, const float *v, int ndim, const int64_t *shape)
{
    WEIR__AS_FOUND;
    return from_host(c, WEIR_F32, v, ndim, shape);
}
weir_tensor *weir_from_f64(weir_ctx *c, const double *v, int ndim, const int64_t *shape)
{
    WEIR__AS_FOUND;
    return from_host(c, WEIR_F64, v, ndim, shape);
}
weir_tensor *weir_from_i64(weir_ctx *c, const int64_t *v, int ndim, const int64_t *shape)
{
    WEIR__AS_FOUND;
    return from_host(c, WEIR_I64, v, ndim, shape);
}

weir_tensor *weir_full_like(weir_tensor *x, double value)
{
    WEIR__AS_FOUND;
    if (weir_is_nil(x)) return weir__nil(weir_ctx_of(x), WEIR__TENSOR);
    return weir_full(x->object.ctx, x->dtype, x->ndim, x->shape, value);
}

weir_tensor *weir_zeros_like(weir_tensor *x)
{
    WEIR__AS_FOUND;
    return weir_full_like(x, 0);
}

weir_tensor *weir_tensor_wrap(weir_ctx *c, weir_dtype t, void *data, int ndim, const int64_t *shape,
                              const int64_t *strides, void (*release)(void *, void *), void *user)
{
    WEIR__AS_FOUND;
    if (!weir_ok(c) || !weir__spec_check(c, "tensor_wrap", t, ndim, shape))
        return weir__nil(c, WEIR__TENSOR);
    if (!data && weir__numel_of(ndim, shape) > 0) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "tensor_wrap: NULL: expected memory");
        return weir__nil(c, WEIR__TENSOR);
    }
    weir__storage *s = weir__storage_new(c, 0);
    if (!s) return weir__nil(c, WEIR__TENSOR);
    s->data = data;
    s->inline_data = false;
    s->bytes = (size_t)weir__numel_of(ndim, shape) * weir_dtype_size(t);
    weir_spec spec = weir__spec(t, ndim, shape);
    weir_tensor *x = weir__tensor_view(c, s, &spec, strides, 0);
    if (!x->object.nil) {
        s->release = release;
        s->user = user;
    } /* on failure the memory stays the caller's */
    weir__storage_unref(c, s); /* the view holds it now */
    return x;
}
