/* print.c - tensors as text, long axes abbreviated as NumPy does. */
#include <stdlib.h>
#include "tensor/tensor.h"

enum { EDGE = 3 };
typedef struct text {
    char *buffer;
    size_t bytes, used;
} text;

static void put_element(text *o, const weir_tensor *t, const int64_t *index)
{
    int64_t whole, at = t->offset;
    for (int i = 0; i < t->ndim; i++) at += index[i] * t->strides[i];
    if (t->dtype == WEIR_BOOL || t->dtype == WEIR_I64 || t->dtype == WEIR_I32
        || t->dtype == WEIR_U8) {
        weir__convert(WEIR_I64, &whole, t->dtype,
                      (const char *)t->storage->data + at * (int64_t)weir_dtype_size(t->dtype), 1);
        if (t->dtype == WEIR_BOOL)
            weir__append(o->buffer, o->bytes, &o->used, whole ? "true" : "false");
        else weir__append(o->buffer, o->bytes, &o->used, "%lld", (long long)whole);
        return;
    }
    weir__append(o->buffer, o->bytes, &o->used, t->dtype == WEIR_F64 ? "%.8g" : "%.6g",
                 weir__element(t, index));
}

static void put_axis(text *o, const weir_tensor *t, int axis, int64_t *index)
{
    if (axis == t->ndim) {
        put_element(o, t, index);
        return;
    }
    weir__append(o->buffer, o->bytes, &o->used, "[");
    int64_t n = t->shape[axis];
    for (int64_t i = 0; i < n; i++) {
        if (i > 0)
            weir__append(o->buffer, o->bytes, &o->used, axis == t->ndim - 1 ? ", " : ",\n%*s",
                         axis + 1, "");
        if (i == EDGE && n > 2 * EDGE + 1) {
            weir__append(o->buffer, o->bytes, &o->used, axis == t->ndim - 1 ? "..., " : "...,\n%*s",
                         axis + 1, "");
            i = n - EDGE;
        }
        index[axis] = i;
        put_axis(o, t, axis + 1, index);
    }
    weir__append(o->buffer, o->bytes, &o->used, "]");
}

int weir_format(const weir_tensor *x, char *buffer, size_t bytes)
{
    WEIR__AS_FOUND;
    if (!buffer) bytes = 0;
    text o = { buffer, bytes, 0 };
    int64_t index[WEIR_RANK_MAX] = { 0 };
    if (weir_is_nil(x)) {
        weir__append(buffer, bytes, &o.used, "nil");
        return (int)o.used;
    }
    if (weir__is_laid_out(x)) put_axis(&o, x, 0, index);
    else weir__append(buffer, bytes, &o.used, "not laid out");
    weir__append(buffer, bytes, &o.used, "  %s ", weir_dtype_name(x->dtype));
    weir__append_shape(buffer, bytes, &o.used, x->ndim, x->shape);
    return (int)o.used;
}

void weir_print(const weir_tensor *x, FILE *out)
{
    WEIR__AS_FOUND;
    weir_ctx *c = weir_ctx_of(x);
    if (!out) {
        weir_fail(c, WEIR_ERROR_ARGUMENT, "print: NULL: expected a file");
        return;
    }
    int n = weir_format(x, NULL, 0);
    char *buffer = weir__alloc_n(c, (int64_t)n + 1, 1);
    if (!buffer) return;
    weir_format(x, buffer, (size_t)n + 1);
    fprintf(out, "%s\n", buffer);
    weir__free(c, buffer);
}
