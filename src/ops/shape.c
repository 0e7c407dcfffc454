/* shape.c - views: the same memory read with other extents and strides. */
#include <string.h>
#include "ops/ops.h"

typedef struct extents {
    int ndim;
    int64_t at[WEIR_RANK_MAX];
} extents;

/* -- view -------------------------------------------------------------------------------------- */
/* Strides for reading x as `shape` without a copy: each group of x's axes that lies evenly in
 * memory may be cut anew. */
static bool view_strides(const weir_tensor *x, int ndim, const int64_t *shape, int64_t *strides)
{
    if (x->contiguous || x->numel == 0) {
        weir__dense_strides(ndim, shape, strides);
        return true;
    }
    int j = ndim - 1;
    for (int i = x->ndim - 1; i >= 0;) {
        int64_t chunk = x->shape[i], base = x->strides[i];
        int top = i - 1;
        while (top >= 0
               && (x->shape[top] == 1 || x->strides[top] == base * chunk
                   || chunk == 1)) { /* merge upwards */
            if (x->shape[top] != 1) {
                if (chunk == 1) base = x->strides[top];
                chunk *= x->shape[top];
            }
            top--;
        }
        int64_t filled = 1;
        for (; j >= 0 && filled * shape[j] <= chunk && (filled < chunk || shape[j] == 1); j--) {
            strides[j] = base * filled;
            filled *= shape[j];
        }
        if (filled != chunk) return false;
        i = top;
    }
    for (; j >= 0; j--) { /* leading extents of 1 */
        if (shape[j] != 1) return false;
        strides[j] = 1;
    }
    return true;
}

static bool view_infer(weir_call *k)
{
    const extents *e = k->attr;
    k->spec[0] = weir__spec(k->in[0]->dtype, e->ndim, e->at);
    k->offset = k->in[0]->offset;
    if (weir__numel_of(e->ndim, e->at) != k->in[0]->numel) {
        char text[128];
        size_t used = 0;
        weir__append_shape(text, sizeof text, &used, e->ndim, e->at);
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "to %s: expected as many elements", text);
    }
    if (!view_strides(k->in[0], e->ndim, e->at, k->strides))
        return weir_call_fail(k, WEIR_ERROR_SHAPE,
                              "its strides allow no view: expected weir_reshape, which copies");
    return true;
}

static void view_backward(weir_vjp *v)
{
    const weir_spec *x = weir_vjp_in_spec(v, 0);
    weir_vjp_set(v, 0, weir_reshape(v->gout[0], x->ndim, x->shape));
}

static weir_tensor *call_view(weir_tensor **x)
{
    return weir_reshape(x[0], 2, (const int64_t[]){ -1, 2 });
}
static const weir_op_case view_cases[] = {
    { "3,4", call_view }, { "2,3,2", call_view }, { "6", call_view }, { NULL, NULL }
};
const weir_op weir__op_view = {
    .row = WEIR_OP_ROW("op.view", "the same elements in another shape, without a copy"),
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(extents),
    .view = true,
    .infer = view_infer,
    .backward = view_backward,
    .cases = view_cases
};

/* Fills in the one extent that may be -1. */
static bool shape_resolve(weir_tensor *x, const char *who, int ndim, const int64_t *shape,
                          extents *e)
{
    if (!weir_is_nil(x) && (ndim < 0 || ndim > WEIR_RANK_MAX))
        weir_fail(x->object.ctx, WEIR_ERROR_SHAPE, "reshape: rank %d: expected at most %d", ndim,
                  WEIR_RANK_MAX);
    if (weir_is_nil(x) || !weir_ok(x->object.ctx)) return false;
    if (!weir__has_list(x, who, ndim, shape)) return false;
    int unknown = -1;
    int64_t known = 1;
    e->ndim = ndim;
    for (int i = 0; i < ndim; i++) {
        e->at[i] = shape[i];
        if (shape[i] == -1 && unknown < 0) unknown = i;
        else if (shape[i] < 0) {
            weir_fail(x->object.ctx, WEIR_ERROR_SHAPE,
                      "reshape: extent %lld: expected 0 or more, and -1 once", (long long)shape[i]);
            return false;
        } else if (__builtin_mul_overflow(known, shape[i], &known)) {
            weir_fail(x->object.ctx, WEIR_ERROR_SHAPE,
                      "reshape: more than 2^63 elements: expected %lld", (long long)x->numel);
            return false;
        }
    }
    if (unknown < 0) return true;
    if (known == 0 || x->numel % known) {
        weir_fail(x->object.ctx, WEIR_ERROR_SHAPE,
                  "reshape: %lld elements: expected a multiple of %lld", (long long)x->numel,
                  (long long)known);
        return false;
    }
    e->at[unknown] = x->numel / known;
    return true;
}

static bool same_extents(const weir_tensor *x, const extents *e)
{
    return x->ndim == e->ndim && memcmp(x->shape, e->at, (size_t)e->ndim * sizeof *e->at) == 0;
}

weir_tensor *weir_view(weir_tensor *x, int ndim, const int64_t *shape)
{
    extents e = { 0 };
    return shape_resolve(x, "view", ndim, shape, &e) ? weir__apply1(&weir__op_view, x, &e)
                                                     : weir__nil_of(x);
}

weir_tensor *weir__view_in(weir_ctx *c, weir_tensor *x)
{
    extents e = { .ndim = x->ndim };
    memcpy(e.at, x->shape, sizeof e.at);
    return weir__apply_in(c, &weir__op_view, 1, &x, &e);
}

weir_tensor *weir_reshape(weir_tensor *x, int ndim, const int64_t *shape)
{
    extents e = { 0 };
    int64_t strides[WEIR_RANK_MAX];
    if (!shape_resolve(x, "reshape", ndim, shape, &e)) return weir__nil_of(x);
    if (same_extents(x, &e)) return x;
    if (weir__numel_of(e.ndim, e.at) == x->numel && !view_strides(x, e.ndim, e.at, strides))
        x = weir_contiguous(x);
    return weir__apply1(&weir__op_view, x, &e);
}

weir_tensor *weir_flatten(weir_tensor *x)
{
    if (weir_is_nil(x)) return weir__nil_of(x);
    if (x->ndim == 0) return weir_reshape(x, 2, (const int64_t[]){ 1, 1 });
    int64_t rest = 1;
    for (int i = 1; i < x->ndim; i++) rest *= x->shape[i];
    return weir_reshape(x, 2, (const int64_t[]){ x->shape[0], rest });
}

/* -- permute ----------------------------------------------------------------------------------- */
typedef struct order {
    int axis[WEIR_RANK_MAX];
} order;

static bool permute_infer(weir_call *k)
{
    const order *o = k->attr;
    const weir_tensor *x = k->in[0];
    bool seen[WEIR_RANK_MAX] = { false };
    k->spec[0].dtype = x->dtype;
    k->spec[0].ndim = x->ndim;
    k->offset = x->offset;
    for (int i = 0; i < x->ndim; i++) {
        int a = o->axis[i];
        if (a < 0 || a >= x->ndim || seen[a])
            return weir_call_fail(k, WEIR_ERROR_ARGUMENT, "axis %d: expected each axis once", a);
        seen[a] = true;
        k->spec[0].shape[i] = x->shape[a];
        k->strides[i] = x->strides[a];
    }
    return true;
}

static void permute_backward(weir_vjp *v)
{
    const order *o = v->attr;
    int inverse[WEIR_RANK_MAX];
    for (int i = 0; i < weir_vjp_in_spec(v, 0)->ndim; i++) inverse[o->axis[i]] = i;
    weir_vjp_set(v, 0, weir_permute(v->gout[0], inverse));
}

static weir_tensor *call_permute(weir_tensor **x)
{
    return weir_permute(x[0], (const int[]){ 2, 0, 1 });
}
static weir_tensor *call_transpose(weir_tensor **x) { return weir_transpose(x[0], 0, -1); }
static const weir_op_case permute_cases[] = {
    { "2,3,4", call_permute }, { "3,4", call_transpose }, { "0,4", call_transpose }, { NULL, NULL }
};
const weir_op weir__op_permute = { .row = WEIR_OP_ROW("op.permute", "axes in another order"),
                                   .n_in = 1,
                                   .n_out = 1,
                                   .attr_size = sizeof(order),
                                   .view = true,
                                   .infer = permute_infer,
                                   .backward = permute_backward,
                                   .cases = permute_cases };

weir_tensor *weir_permute(weir_tensor *x, const int *axes)
{
    if (weir_is_nil(x) || !weir__has_list(x, "permute", x->ndim, axes)) return weir__nil_of(x);
    order o = { { 0 } };
    for (int i = 0; i < x->ndim; i++) o.axis[i] = axes[i] < 0 ? axes[i] + x->ndim : axes[i];
    return weir__apply1(&weir__op_permute, x, &o);
}

weir_tensor *weir_transpose(weir_tensor *x, int a, int b)
{
    if ((a = weir__axis(x, "transpose", a)) < 0 || (b = weir__axis(x, "transpose", b)) < 0)
        return weir__nil_of(x);
    order o = { { 0 } };
    for (int i = 0; i < x->ndim; i++) o.axis[i] = i == a ? b : i == b ? a : i;
    return weir__apply1(&weir__op_permute, x, &o);
}

/* -- expand ------------------------------------------------------------------------------------ */
static bool expand_infer(weir_call *k)
{
    const extents *e = k->attr;
    const weir_tensor *x = k->in[0];
    weir_spec s = weir__spec(x->dtype, e->ndim, e->at);
    int64_t shape[WEIR_RANK_MAX];
    int ndim = x->ndim;
    memcpy(shape, x->shape, sizeof shape);
    if (!weir__broadcast(&ndim, shape, e->ndim, e->at) || ndim != e->ndim
        || memcmp(shape, e->at, (size_t)ndim * sizeof *shape)) {
        char text[128];
        size_t used = 0;
        weir__append_shape(text, sizeof text, &used, e->ndim, e->at);
        return weir_call_fail(k, WEIR_ERROR_SHAPE,
                              "to %s: expected extents that are equal or 1, from the last axis on",
                              text);
    }
    k->spec[0] = s;
    k->offset = x->offset;
    weir__broadcast_strides(x, e->ndim, e->at, k->strides);
    return true;
}

static void expand_backward(weir_vjp *v)
{
    weir_vjp_set(v, 0, v->gout[0]);
} /* summed back by weir_vjp_set */

static weir_tensor *call_expand(weir_tensor **x)
{
    return weir_expand(x[0], 3, (const int64_t[]){ 2, 3, 4 });
}
static const weir_op_case expand_cases[] = { { "3,1", call_expand },
                                             { ".", call_expand },
                                             { "4", call_expand },
                                             { "2,3,4", call_expand },
                                             { NULL, NULL } };
const weir_op weir__op_expand = { .row = WEIR_OP_ROW("op.expand",
                                                     "broadcast to a shape without a copy"),
                                  .n_in = 1,
                                  .n_out = 1,
                                  .attr_size = sizeof(extents),
                                  .view = true,
                                  .infer = expand_infer,
                                  .backward = expand_backward,
                                  .cases = expand_cases };

weir_tensor *weir_expand(weir_tensor *x, int ndim, const int64_t *shape)
{
    if (weir_is_nil(x)) return weir__nil_of(x);
    extents e = { .ndim = ndim };
    if (!weir__spec_check(x->object.ctx, "expand", x->dtype, ndim, shape)) return weir__nil_of(x);
    for (int i = 0; i < ndim; i++) e.at[i] = shape[i];
    return same_extents(x, &e) ? x : weir__apply1(&weir__op_expand, x, &e);
}
