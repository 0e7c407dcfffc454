/* shape.c - arithmetic of shapes and strides. */
#include <string.h>
#include "tensor/tensor.h"

weir_spec weir__spec(weir_dtype t, int ndim, const int64_t *shape)
{
    weir_spec s = { .dtype = t, .ndim = ndim };
    for (int i = 0; i < ndim && i < WEIR_RANK_MAX; i++) s.shape[i] = shape[i];
    return s;
}

weir_spec weir__spec_of(const weir_tensor *t) { return weir__spec(t->dtype, t->ndim, t->shape); }

int64_t weir__numel_of(int ndim, const int64_t *shape)
{
    int64_t n = 1;
    for (int i = 0; i < ndim; i++) n = weir__size_times(n, shape[i]);
    return n;
}

bool weir__spec_check(weir_ctx *c, const char *what, weir_dtype t, int ndim, const int64_t *shape)
{
    if (weir_dtype_size(t) == 0) {
        weir_fail(c, WEIR_ERROR_DTYPE, "%s: dtype %d: expected one of weir_dtype", what, (int)t);
        return false;
    }
    if (ndim < 0 || ndim > WEIR_RANK_MAX) {
        weir_fail(c, WEIR_ERROR_SHAPE, "%s: rank %d: expected 0 to %d extents", what, ndim,
                  WEIR_RANK_MAX);
        return false;
    }
    if (ndim > 0 && !shape) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected a shape of %d extents", what, ndim);
        return false;
    }
    int64_t n = 1; /* an extent of 0 counts as 1: strides are made of the others */
    for (int i = 0; i < ndim; i++) {
        if (shape[i] < 0) {
            weir_fail(c, WEIR_ERROR_SHAPE, "%s: extent %lld: expected 0 or more", what,
                      (long long)shape[i]);
            return false;
        }
        n = weir__size_times(n, shape[i] > 0 ? shape[i] : 1);
    }
    if (n <= (int64_t)1 << 46) return true;
    char text[256];
    size_t used = 0;
    weir__append_shape(text, sizeof text, &used, ndim, shape);
    weir_fail(c, WEIR_ERROR_MEMORY, "%s: %s: more than 2^46 elements: expected fewer", what, text);
    return false;
}

bool weir__given(const char *who, int n, weir_tensor *const *x)
{
    const weir_tensor *some = NULL;
    bool all = true;
    for (int i = 0; i < n; i++) {
        all = all && x[i];
        if (x[i]) some = x[i];
    }
    if (!all) weir_fail(weir_ctx_of(some), WEIR_ERROR_ARGUMENT, "%s: NULL: expected tensors", who);
    return all;
}

void weir__dense_strides(int ndim, const int64_t *shape, int64_t *strides)
{
    int64_t step = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        strides[i] = step;
        step = weir__size_times(step, shape[i]); /* of a shape that is refused later, too */
    }
}

void weir__channels_last_strides(const int64_t shape[4], int64_t strides[4])
{
    strides[1] = 1;
    strides[3] = shape[1];
    strides[2] = shape[3] * strides[3];
    strides[0] = shape[2] * strides[2];
}

bool weir__is_dense(int ndim, const int64_t *shape, const int64_t *strides)
{
    int64_t step = 1;
    for (int i = ndim - 1; i >= 0; i--) {
        if (shape[i] == 0) return true;
        if (shape[i] != 1 && strides[i] != step) return false;
        step *= shape[i];
    }
    return true;
}

bool weir__same_shape(const weir_tensor *a, const weir_tensor *b)
{
    if (a->ndim != b->ndim) return false;
    for (int i = 0; i < a->ndim; i++)
        if (a->shape[i] != b->shape[i]) return false;
    return true;
}

bool weir__broadcast(int *ndim, int64_t *shape, int ndim_b, const int64_t *shape_b)
{
    int n = *ndim > ndim_b ? *ndim : ndim_b;
    int64_t out[WEIR_RANK_MAX];
    for (int i = 0; i < n; i++) {
        int64_t a = i < n - *ndim ? 1 : shape[i - (n - *ndim)];
        int64_t b = i < n - ndim_b ? 1 : shape_b[i - (n - ndim_b)];
        if (a != b && a != 1 && b != 1) return false;
        out[i] = a == 1 ? b : a;
    }
    memcpy(shape, out, (size_t)n * sizeof *out);
    *ndim = n;
    return true;
}

void weir__broadcast_strides(const weir_tensor *t, int ndim, const int64_t *shape, int64_t *strides)
{
    int pad = ndim - t->ndim;
    for (int i = 0; i < ndim; i++)
        strides[i] = i < pad || (t->shape[i - pad] == 1 && shape[i] != 1) ? 0 : t->strides[i - pad];
}

void weir__append_shapes(char *buffer, size_t bytes, size_t *used, int n, weir_tensor *const *x)
{
    for (int i = 0; i < n; i++) {
        if (i) weir__append(buffer, bytes, used, i == n - 1 ? " and " : ", ");
        weir__append_shape(buffer, bytes, used, x[i]->ndim, x[i]->shape);
    }
}
