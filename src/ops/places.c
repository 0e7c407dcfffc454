/* places.c - what depends on where an element is: one-hot rows and triangles, from constant masks.
 */
#include "ops/ops.h"

weir_tensor *weir_one_hot(weir_tensor *index, weir_dtype t, int64_t classes)
{
    if (weir_is_nil(index)) return weir__nil_of(index);
    weir_ctx *c = index->object.ctx;
    int64_t shape[WEIR_RANK_MAX];
    if (index->dtype != WEIR_I64) {
        weir_fail(c, WEIR_ERROR_DTYPE, "one_hot: %s: expected i64", weir_dtype_name(index->dtype));
        return weir__nil_of(index);
    }
    if (index->ndim == WEIR_RANK_MAX) {
        weir_fail(c, WEIR_ERROR_SHAPE, "one_hot: rank %d: expected %d at most", index->ndim,
                  WEIR_RANK_MAX - 1);
        return weir__nil_of(index);
    }
    for (int i = 0; i < index->ndim; i++) shape[i] = index->shape[i];
    shape[index->ndim] = classes;
    index = weir_contiguous(index);
    weir_tensor *y = weir_zeros(c, t, weir_ndim(index) + 1, shape);
    if (weir_is_nil(index) || y->object.nil) return weir__nil_of(y);
    const int64_t *at = weir__ptr(index);
    double one = 1;
    for (int64_t i = 0; i < index->numel; i++) {
        if (at[i] < 0 || at[i] >= classes) {
            weir_fail(c, WEIR_ERROR_RANGE, "one_hot: index %lld at %lld: expected 0 to %lld",
                      (long long)at[i], (long long)i, (long long)classes - 1);
            return weir__nil_of(y);
        }
        weir__convert(t, (char *)weir__ptr(y) + (i * classes + at[i]) * (int64_t)weir_dtype_size(t),
                      WEIR_F64, &one, 1);
    }
    return y;
}

/* x where column - row is at most k (lower) or at least k, else 0 */
static weir_tensor *triangle(weir_tensor *x, int64_t k, bool lower, const char *name)
{
    if (weir_is_nil(x)) return weir__nil_of(x);
    weir_ctx *c = x->object.ctx;
    if (x->ndim < 2) {
        weir_fail(c, WEIR_ERROR_SHAPE, "%s: rank %d: expected [.., n, m]", name, x->ndim);
        return weir__nil_of(x);
    }
    if (!weir_dtype_is_real(x->dtype)) {
        weir_fail(c, WEIR_ERROR_DTYPE, "%s: %s: expected f32 or f64", name,
                  weir_dtype_name(x->dtype));
        return weir__nil_of(x);
    }
    int64_t n = x->shape[x->ndim - 2], m = x->shape[x->ndim - 1];
    weir_tensor *mask = weir_empty(c, WEIR_BOOL, 2, (const int64_t[]){ n, m });
    if (mask->object.nil) return mask;
    uint8_t *in = weir__ptr(mask);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) in[i * m + j] = lower ? j - i <= k : j - i >= k;
    return weir_where(mask, x, weir_scalar(c, x->dtype, 0));
}

weir_tensor *weir_tril(weir_tensor *x, int64_t k) { return triangle(x, k, true, "tril"); }
weir_tensor *weir_triu(weir_tensor *x, int64_t k) { return triangle(x, k, false, "triu"); }
