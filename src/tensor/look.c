/* look.c - accessors. On nil, and on what is used after its scope: rank 0, extent 0, NaN, an
 * empty buffer. */
#include <math.h>
#include <string.h>
#include "tensor/tensor.h"

static const weir_tensor *some(const weir_tensor *x)
{
    return x && weir__lives(x, "tensor") ? x : &weir__orphan_tensor;
}

weir_ctx *weir_ctx_of(const weir_tensor *x) { return weir__ctx_of(x); }
bool weir_is_nil(const weir_tensor *x) { return some(x)->object.nil; }
weir_dtype weir_dtype_of(const weir_tensor *x) { return some(x)->dtype; }
int weir_ndim(const weir_tensor *x) { return some(x)->ndim; }
const int64_t *weir_shape(const weir_tensor *x) { return some(x)->shape; }
const int64_t *weir_strides(const weir_tensor *x) { return some(x)->strides; }
int64_t weir_numel(const weir_tensor *x) { return some(x)->numel; }
bool weir_is_channels_last(const weir_tensor *x)
{
    x = some(x);
    if (x->ndim != 4) return false;
    const int64_t *n = x->shape, *s = x->strides;
    return weir__is_dense(4, (const int64_t[]){ n[0], n[2], n[3], n[1] },
                          (const int64_t[]){ s[0], s[2], s[3], s[1] });
}

bool weir_is_contiguous(const weir_tensor *x) { return some(x)->contiguous; }

int64_t weir_dim(const weir_tensor *x, int axis)
{
    x = some(x);
    if (axis < 0) axis += x->ndim;
    return axis >= 0 && axis < x->ndim ? x->shape[axis] : 0;
}

bool weir__is_laid_out(const weir_tensor *x) { return x->numel == 0 || x->storage->bytes > 0; }

bool weir__laid_out(weir_ctx *c, const weir_tensor *x, const char *who)
{
    if (weir__is_laid_out(x)) return true;
    weir_fail(c, WEIR_ERROR_STATE,
              "%s: a parameter whose module has not been used: expected weir_module_forward, "
              "weir_module_flat or an optimizer before it",
              who);
    return false;
}

double weir__element(const weir_tensor *t, const int64_t *index)
{
    int64_t at = t->offset;
    for (int i = 0; i < t->ndim; i++) at += index[i] * t->strides[i];
    double v;
    weir__convert(WEIR_F64, &v, t->dtype,
                  (const char *)t->storage->data + at * (int64_t)weir_dtype_size(t->dtype), 1);
    return v;
}

double weir_get(const weir_tensor *x, const int64_t *index)
{
    WEIR__AS_FOUND;
    x = some(x);
    if (x->object.nil || (x->ndim > 0 && !index)) return NAN;
    for (int i = 0; i < x->ndim; i++)
        if (index[i] < 0 || index[i] >= x->shape[i]) return NAN;
    return weir__laid_out(x->object.ctx, x, "get") ? weir__element(x, index) : NAN;
}

double weir_item(const weir_tensor *x)
{
    WEIR__AS_FOUND;
    static const int64_t zeros[WEIR_RANK_MAX];
    x = some(x);
    if (!x->object.nil && !weir__laid_out(x->object.ctx, x, "item")) return NAN;
    if (!x->object.nil && x->numel == 1) return weir__element(x, zeros);
    if (!x->object.nil) {
        char shape[128];
        size_t used = 0;
        weir__append_shape(shape, sizeof shape, &used, x->ndim, x->shape);
        weir_fail(x->object.ctx, WEIR_ERROR_SHAPE, "item: %s: expected one element", shape);
    }
    return NAN;
}

static const char empty_buffer[64];

const void *weir_data(const weir_tensor *x)
{
    x = some(x);
    if (!x->storage) return empty_buffer;
    return weir__laid_out(x->object.ctx, x, "data") ? weir__ptr(x) : NULL;
}

void *weir_data_mut(weir_tensor *x)
{
    WEIR__AS_FOUND;
    if (weir_is_nil(x) || !x->storage) return NULL;
    if (!weir__laid_out(x->object.ctx, x, "data_mut")) return NULL;
    if (!weir__storage_may_change(x->object.ctx, x->storage, "data_mut")) return NULL;
    weir__storage *s = x->storage;
    if (weir__region_refuses(s->ctx, "data_mut", WEIR__REGION_CHANGE)) {
        char *copy = weir__region_copy(s->ctx, s->data, s->bytes);
        return copy ? copy + x->offset * (int64_t)weir_dtype_size(x->dtype) : NULL;
    }
    weir__storage_changed(s, "data_mut");
    return weir__ptr(x);
}

/* Converts in logical order, one innermost row at a time. */
static weir_status copy_to(const weir_tensor *x, weir_dtype t, void *out, int64_t n)
{
    weir_ctx *c = weir_ctx_of(x);
    x = some(x);
    if (x->object.nil) return weir_ok(c) ? WEIR_ERROR_ARGUMENT : weir_status_of(c);
    const char *name = weir_dtype_name(t);
    if (n != x->numel)
        return weir_fail(x->object.ctx, WEIR_ERROR_SHAPE,
                         "copy_to_%s: room for %lld elements: expected %lld", name, (long long)n,
                         (long long)x->numel);
    if (!out && n > 0)
        return weir_fail(x->object.ctx, WEIR_ERROR_ARGUMENT, "copy_to_%s: NULL: expected room",
                         name);
    if (!weir__laid_out(x->object.ctx, x, "copy_to")) return WEIR_ERROR_STATE;
    if (x->contiguous) {
        weir__convert(t, out, x->dtype, weir__ptr(x), n);
        return WEIR_OK;
    }
    int last = x->ndim - 1;
    int64_t row = last >= 0 ? x->shape[last] : 1;
    int64_t stride = last >= 0 ? x->strides[last] : 1;
    int64_t index[WEIR_RANK_MAX] = { 0 };
    size_t from = weir_dtype_size(x->dtype), to = weir_dtype_size(t);
    for (int64_t done = 0; done < n; done += row) {
        int64_t at = x->offset;
        for (int i = 0; i < last; i++) at += index[i] * x->strides[i];
        weir__convert_strided(t, (char *)out + done * (int64_t)to, 1, x->dtype,
                              (const char *)x->storage->data + at * (int64_t)from, stride, row);
        for (int i = last - 1; i >= 0 && ++index[i] == x->shape[i]; i--) index[i] = 0;
    }
    return WEIR_OK;
}

weir_status weir_copy_to_f32(const weir_tensor *x, float *out, int64_t n)
{
    WEIR__AS_FOUND;
    return copy_to(x, WEIR_F32, out, n);
}
weir_status weir_copy_to_f64(const weir_tensor *x, double *out, int64_t n)
{
    WEIR__AS_FOUND;
    return copy_to(x, WEIR_F64, out, n);
}
weir_status weir_copy_to_i64(const weir_tensor *x, int64_t *out, int64_t n)
{
    WEIR__AS_FOUND;
    return copy_to(x, WEIR_I64, out, n);
}
