/* split.c - axes added, dropped, cut and piled up: short compositions of views and cat. */
#include <string.h>
#include "ops/ops.h"

weir_tensor *weir_unsqueeze(weir_tensor *x, int axis)
{
    if (weir_is_nil(x)) return weir__nil_of(x);
    int at = axis < 0 ? axis + x->ndim + 1 : axis;
    if (at < 0 || at > x->ndim || x->ndim == WEIR_RANK_MAX)
        return weir_fail(x->object.ctx, WEIR_ERROR_SHAPE, "unsqueeze: axis %d to a tensor of rank %d: expected a place for one more, at most %d", axis, x->ndim, WEIR_RANK_MAX),
               weir__nil_of(x);
    int64_t shape[WEIR_RANK_MAX];
    for (int i = 0; i <= x->ndim; i++) shape[i] = i < at ? x->shape[i] : i == at ? 1 : x->shape[i - 1];
    return weir_reshape(x, x->ndim + 1, shape);
}

weir_tensor *weir_squeeze(weir_tensor *x, int axis)
{
    if ((axis = weir__axis(x, "squeeze", axis)) < 0) return weir__nil_of(x);
    int64_t shape[WEIR_RANK_MAX];
    if (x->shape[axis] != 1)
        return weir_fail(x->object.ctx, WEIR_ERROR_SHAPE, "squeeze: axis %d of extent %lld: expected 1", axis, (long long)x->shape[axis]), weir__nil_of(x);
    for (int i = 0; i < x->ndim - 1; i++) shape[i] = x->shape[i < axis ? i : i + 1];
    return weir_reshape(x, x->ndim - 1, shape);
}

weir_tensor *weir_select(weir_tensor *x, int axis, int64_t index)
{
    if ((axis = weir__axis(x, "select", axis)) < 0) return weir__nil_of(x);
    int64_t n = x->shape[axis], at = index < 0 ? index + n : index;
    if (at < 0 || at >= n)
        return weir_fail(x->object.ctx, WEIR_ERROR_RANGE, "select: index %lld: expected %lld to %lld", (long long)index, (long long)-n, (long long)n - 1), weir__nil_of(x);
    return weir_squeeze(weir_slice(x, axis, at, at + 1, 1), axis);
}

/* -- pieces ------------------------------------------------------------------------------------------------------------------------- */
bool weir_split(weir_tensor *x, int axis, int n, const int64_t *sizes, weir_tensor **out)
{
    if (!weir__has_list(x, "split", n, out)) return false;
    for (int i = 0; i < n; i++) out[i] = weir__nil_of(x);
    if (!weir__has_list(x, "split", n, sizes)) return false;
    if ((axis = weir__axis(x, "split", axis)) < 0) return false;
    weir_ctx *c = x->object.ctx;
    int64_t left = x->shape[axis], at = 0;
    bool fits = true;
    for (int i = 0; i < n && fits; i++) fits = sizes[i] >= 0 && sizes[i] <= left, left -= fits ? sizes[i] : 0;
    if (!fits || left != 0)
        return weir_fail(c, WEIR_ERROR_SHAPE, "split: %d sizes along axis %d: expected sizes that sum to its extent, %lld", n, axis, (long long)x->shape[axis]), false;
    for (int i = 0; i < n; at += sizes[i++]) out[i] = weir_slice(x, axis, at, at + sizes[i], 1);
    return weir_ok(c);
}

int weir_chunk(weir_tensor *x, int axis, int n, weir_tensor **out)
{
    if (n > 0 && !weir__has_list(x, "chunk", n, out)) return 0;
    for (int i = 0; i < n; i++) out[i] = weir__nil_of(x);
    if ((axis = weir__axis(x, "chunk", axis)) < 0) return 0;
    if (n < 1) return weir_fail(x->object.ctx, WEIR_ERROR_ARGUMENT, "chunk: %d pieces: expected 1 or more", n), 0;
    int64_t extent = x->shape[axis], size = (extent + n - 1) / n;
    int pieces = size > 0 ? (int)((extent + size - 1) / size) : n;
    for (int i = 0; i < pieces; i++) out[i] = weir_slice(x, axis, i * size, (i + 1) * size, 1);
    return weir_ok(x->object.ctx) ? pieces : 0;
}

weir_tensor *weir_stack(int n, weir_tensor *const *x, int axis)
{
    if (n < 1 || !x || weir_is_nil(x[0])) return weir__nil_of(n < 1 || !x ? NULL : x[0]);
    weir_ctx *c = x[0]->object.ctx;
    int at = axis < 0 ? axis + x[0]->ndim + 1 : axis;
    for (int i = 1; i < n; i++) {
        if (weir_is_nil(x[i])) return weir_fail(c, WEIR_ERROR_ARGUMENT, "stack: nil at %d: expected a tensor", i), weir__nil_of(x[0]);
        if (weir__same_shape(x[0], x[i])) continue;
        char text[256];
        size_t used = 0;
        weir__append_shapes(text, sizeof text, &used, 2, WEIR__IN(x[0], x[i]));
        return weir_fail(c, WEIR_ERROR_SHAPE, "stack: %s: expected equal shapes", text), weir__nil_of(x[0]);
    }
    weir_tensor **parts = weir__alloc_n(c, n, sizeof *parts);
    if (!parts) return weir__nil_of(x[0]);
    for (int i = 0; i < n; i++) parts[i] = weir_unsqueeze(x[i], axis);
    weir_tensor *y = weir_is_nil(parts[0]) ? parts[0] : weir_cat(n, parts, at);
    weir__free(c, parts);
    return y;
}
