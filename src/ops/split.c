/* split.c - axes added, dropped, cut and piled up: views, and short compositions of views and cat.
 */
#include <string.h>
#include "ops/ops.h"

weir_tensor *weir_unsqueeze(weir_tensor *x, int axis)
{
    if (weir_is_nil(x)) return weir__nil_of(x);
    int at = axis < 0 ? axis + x->ndim + 1 : axis;
    if (at < 0 || at > x->ndim || x->ndim == WEIR_RANK_MAX) {
        weir_fail(
            x->object.ctx, WEIR_ERROR_SHAPE,
            "unsqueeze: axis %d to a tensor of rank %d: expected a place for one more, at most %d",
            axis, x->ndim, WEIR_RANK_MAX);
        return weir__nil_of(x);
    }
    int64_t shape[WEIR_RANK_MAX];
    for (int i = 0; i < at; i++) shape[i] = x->shape[i];
    shape[at] = 1;
    for (int i = at; i < x->ndim; i++) shape[i + 1] = x->shape[i];
    return weir_reshape(x, x->ndim + 1, shape);
}

weir_tensor *weir_squeeze(weir_tensor *x, int axis)
{
    if ((axis = weir__axis(x, "squeeze", axis)) < 0) return weir__nil_of(x);
    int64_t shape[WEIR_RANK_MAX];
    if (x->shape[axis] != 1) {
        weir_fail(x->object.ctx, WEIR_ERROR_SHAPE, "squeeze: axis %d of extent %lld: expected 1",
                  axis, (long long)x->shape[axis]);
        return weir__nil_of(x);
    }
    for (int i = 0; i < x->ndim - 1; i++) shape[i] = x->shape[i < axis ? i : i + 1];
    return weir_reshape(x, x->ndim - 1, shape);
}

weir_tensor *weir_select(weir_tensor *x, int axis, int64_t index)
{
    if ((axis = weir__axis(x, "select", axis)) < 0) return weir__nil_of(x);
    int64_t n = x->shape[axis], at = index < 0 ? index + n : index;
    if (at < 0 || at >= n) {
        weir_fail(x->object.ctx, WEIR_ERROR_RANGE, "select: index %lld: expected %lld to %lld",
                  (long long)index, (long long)-n, (long long)n - 1);
        return weir__nil_of(x);
    }
    return weir_squeeze(weir_slice(x, axis, at, at + 1, 1), axis);
}

/* -- pieces: views of one tensor with one backward, which writes each of their gradients once ----
 */
typedef struct along {
    int axis;
} along;

/* Applied by itself, the whole as one piece. */
static bool split_infer(weir_call *k)
{
    const weir_tensor *x = k->in[0];
    k->spec[0] = weir__spec_of(x);
    memcpy(k->strides, x->strides, sizeof k->strides);
    k->offset = x->offset;
    return true;
}

/* The gradient of piece i; zeros that take no memory where nothing flows in. */
static weir_tensor *piece_gradient(const weir_vjp *v, int i)
{
    const weir_spec *s = weir__vjp_out_spec(v, i);
    weir_tensor *g = weir__vjp_gout(v, i);
    return g ? g : weir_expand(weir_scalar(v->ctx, s->dtype, 0), s->ndim, s->shape);
}

static void split_backward(weir_vjp *v)
{
    weir_tensor **parts = weir__alloc_n(v->ctx, v->n_out, sizeof *parts);
    if (!parts) return;
    for (int i = 0; i < v->n_out; i++) parts[i] = piece_gradient(v, i);
    weir_vjp_set(v, 0, weir_cat(v->n_out, parts, ((const along *)v->attr)->axis));
    weir__free(v->ctx, parts);
}

static weir_tensor *call_five(weir_tensor **x) /* the last and the third of five */
{
    weir_tensor *y[5];
    const int64_t sizes[] = { 1, 0, 2, 1, weir_dim(x[0], -1) - 4 };
    weir_split(x[0], -1, 5, sizes, y);
    return weir_cat(2, WEIR__IN(y[4], y[2]), -1);
}
static weir_tensor *call_rows(weir_tensor **x)
{
    weir_tensor *y[2];
    const int64_t sizes[] = { 1, weir_dim(x[0], 0) - 1 };
    weir_split(x[0], 0, 2, sizes, y);
    return weir_cat(3, WEIR__IN(y[1], y[0], y[1]), 0);
}
static const weir_op_case split_cases[] = {
    { "3,6", call_five }, { "4", call_five },   { "2,3,4,5", call_five },
    { "6,2", call_rows }, { "3,0", call_rows }, { NULL, NULL },
};
const weir_op weir__op_split = {
    .row = WEIR_OP_ROW("op.split", "pieces along an axis, views with one backward"),
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(along),
    .view = true,
    .infer = split_infer,
    .backward = split_backward,
    .cases = split_cases,
};

/* out[i]: size[i] places (NULL: `each`, as far as they go) after those before. Nil after an error.
 */
static bool split_cut(weir_tensor *x, int axis, int n, const int64_t *size, int64_t each,
                      weir_tensor **out)
{
    weir_tensor *whole = weir_detach(x);
    int64_t at = 0;
    for (int i = 0; i < n; i++) {
        int64_t to = at + (size ? size[i] : each);
        out[i] = weir_slice(whole, axis, at, to, 1);
        at = to;
    }
    if (weir_ok(x->object.ctx) && weir__record_views(&weir__op_split, x, &(along){ axis }, n, out))
        return true;
    for (int i = 0; i < n; i++) out[i] = weir__nil_of(x);
    return false;
}

bool weir_split(weir_tensor *x, int axis, int n, const int64_t *sizes, weir_tensor **out)
{
    if (!weir__has_list(x, "split", n, out)) return false;
    for (int i = 0; i < n; i++) out[i] = weir__nil_of(x);
    if (!weir__has_list(x, "split", n, sizes)) return false;
    if ((axis = weir__axis(x, "split", axis)) < 0) return false;
    int64_t left = x->shape[axis];
    bool fits = true;
    for (int i = 0; i < n && fits; i++) {
        fits = sizes[i] >= 0 && sizes[i] <= left;
        left -= fits ? sizes[i] : 0;
    }
    if (!fits || left != 0) {
        weir_fail(x->object.ctx, WEIR_ERROR_SHAPE,
                  "split: %d sizes along axis %d: expected sizes that sum to its extent, %lld", n,
                  axis, (long long)x->shape[axis]);
        return false;
    }
    return split_cut(x, axis, n, sizes, 0, out);
}

int weir_chunk(weir_tensor *x, int axis, int n, weir_tensor **out)
{
    if (n > 0 && !weir__has_list(x, "chunk", n, out)) return 0;
    for (int i = 0; i < n; i++) out[i] = weir__nil_of(x);
    if ((axis = weir__axis(x, "chunk", axis)) < 0) return 0;
    if (n < 1) {
        weir_fail(x->object.ctx, WEIR_ERROR_ARGUMENT, "chunk: %d pieces: expected 1 or more", n);
        return 0;
    }
    int64_t extent = x->shape[axis], size = (extent + n - 1) / n;
    int pieces = size > 0 ? (int)((extent + size - 1) / size) : n;
    return split_cut(x, axis, pieces, NULL, size, out) ? pieces : 0;
}

weir_tensor *weir_stack(int n, weir_tensor *const *x, int axis)
{
    if (n < 1 || !x || weir_is_nil(x[0])) return weir__nil_of(n < 1 || !x ? NULL : x[0]);
    weir_ctx *c = x[0]->object.ctx;
    int at = axis < 0 ? axis + x[0]->ndim + 1 : axis;
    for (int i = 1; i < n; i++) {
        if (weir_is_nil(x[i])) {
            weir_fail(c, WEIR_ERROR_ARGUMENT, "stack: nil at %d: expected a tensor", i);
            return weir__nil_of(x[0]);
        }
        if (weir__same_shape(x[0], x[i])) continue;
        char text[256];
        size_t used = 0;
        weir__append_shapes(text, sizeof text, &used, 2, WEIR__IN(x[0], x[i]));
        weir_fail(c, WEIR_ERROR_SHAPE, "stack: %s: expected equal shapes", text);
        return weir__nil_of(x[0]);
    }
    weir_tensor **parts = weir__alloc_n(c, n, sizeof *parts);
    if (!parts) return weir__nil_of(x[0]);
    for (int i = 0; i < n; i++) parts[i] = weir_unsqueeze(x[i], axis);
    weir_tensor *y = weir_is_nil(parts[0]) ? parts[0] : weir_cat(n, parts, at);
    weir__free(c, parts);
    return y;
}
