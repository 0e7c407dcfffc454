/* reduce.c - sums, means, extremes and variances. The order of a sum depends on the reduced extents
 * alone, so a row of a batch sums as it does alone. */
#include <math.h>
#include "ops/ops.h"

typedef struct reduce {
    bool over[WEIR_RANK_MAX];
    bool keep;
    bool least; /* amin of i64 and bool, which have no negatives */
} reduce;

static bool infer_as(weir_call *k, weir_dtype t)
{
    const reduce *r = k->attr;
    const weir_tensor *x = k->in[0];
    weir_spec *s = &k->spec[0];
    s->dtype = t;
    s->ndim = 0;
    for (int i = 0; i < x->ndim; i++)
        if (!r->over[i] || r->keep) s->shape[s->ndim++] = r->over[i] ? 1 : x->shape[i];
    return true;
}

static bool reduce_infer(weir_call *k)
{
    weir_dtype t = k->in[0]->dtype;
    return (weir_dtype_is_real(t)
            || weir_call_fail(k, WEIR_ERROR_DTYPE, "%s: expected f32 or f64", weir_dtype_name(t)))
           && infer_as(k, t);
}

static bool sum_infer(weir_call *k)
{
    return weir__is_whole(k->in[0]->dtype) ? infer_as(k, WEIR_I64) : reduce_infer(k);
}

static weir__loop reduce_loop_over(weir_call *k)
{
    const reduce *r = k->attr;
    weir_tensor *x = k->in[0], *y = k->out[0];
    weir__loop l = weir__loop_of(x, 2, WEIR__IN(x, x));
    l.x[0].data = weir__ptr(y);
    for (int i = 0, j = 0; i < x->ndim; i++) {
        l.x[0].stride[i] = r->over[i] ? 0 : y->strides[j];
        if (!r->over[i] || r->keep) j++;
    }
    return l;
}

static void reduce_forward(weir_call *k)
{
    weir__loop l = reduce_loop_over(k);
    if (weir__is_whole(k->in[0]->dtype)) {
        weir_fill_(weir_detach(k->out[0]), 0);
        weir__loop_integer_sum((int64_t)weir_dtype_size(k->in[0]->dtype), &l);
    } else weir__loop_sum(k->ctx->kern, (weir__real)k->out[0]->dtype, &l, k->ctx->threads);
}

/* What has one element for each result, with extent 1 along the reduced axes. */
static weir_tensor *with_axes(weir_vjp *v, weir_tensor *g)
{
    const reduce *r = v->attr;
    const weir_spec *x = weir_vjp_in_spec(v, 0);
    int64_t kept[WEIR_RANK_MAX];
    for (int i = 0; i < x->ndim; i++) kept[i] = r->over[i] ? 1 : x->shape[i];
    return weir_reshape(g, x->ndim, kept);
}

static void reduce_backward(weir_vjp *v)
{
    const weir_spec *x = weir_vjp_in_spec(v, 0);
    weir_vjp_set(v, 0, weir_expand(with_axes(v, v->gout[0]), x->ndim, x->shape));
}

static weir_tensor *call_all(weir_tensor **x) { return weir_sum(x[0]); }
static weir_tensor *reduce_call_first(weir_tensor **x)
{
    return weir_sum_axes(x[0], 1, (const int[]){ 0 }, false);
}
static weir_tensor *reduce_call_last(weir_tensor **x)
{
    return weir_sum_axes(x[0], 1, (const int[]){ -1 }, true);
}
static weir_tensor *reduce_call_outer(weir_tensor **x)
{
    return weir_sum_axes(x[0], 2, (const int[]){ 0, 2 }, false);
}
static const weir_op_case cases[] = { { "3,4", call_all },
                                      { ".", call_all },
                                      { "0,3", call_all },
                                      { "3,4", reduce_call_first },
                                      { "3,4", reduce_call_last },
                                      { "2,3,4", reduce_call_outer },
                                      { "i3,4<9", reduce_call_last },
                                      { "b2,3,4", reduce_call_outer },
                                      { NULL, NULL } };
const weir_op weir__op_sum = { .row = WEIR_OP_ROW("op.sum", "sum over axes"),
                               .n_in = 1,
                               .n_out = 1,
                               .attr_size = sizeof(reduce),
                               .infer = sum_infer,
                               .forward = reduce_forward,
                               .backward = reduce_backward,
                               .cases = cases };

/* -- extremes ---------------------------------------------------------------------------------- */
static bool amax_infer(weir_call *k)
{
    for (int i = 0; i < k->in[0]->ndim; i++)
        if (((const reduce *)k->attr)->over[i] && k->in[0]->shape[i] == 0)
            return weir_call_fail(k, WEIR_ERROR_SHAPE,
                                  "axis %d is empty: expected elements to choose from", i);
    return weir__is_whole(k->in[0]->dtype) ? infer_as(k, k->in[0]->dtype) : reduce_infer(k);
}

static void amax_whole(weir_dtype t, weir_tensor *y, bool least, const weir__loop *l)
{
    double least_value = t == WEIR_BOOL ? 0 : (double)INT64_MIN;
    double largest = t == WEIR_BOOL ? 1 : (double)INT64_MAX;
    weir_fill_(weir_detach(y), least ? largest : least_value);
    weir__loop_integer_extreme(least, (int64_t)weir_dtype_size(t), l);
}

static void amax_forward(weir_call *k)
{
    weir__loop l = reduce_loop_over(k);
    weir_dtype t = k->in[0]->dtype;
    if (weir__is_whole(t)) amax_whole(t, k->out[0], ((const reduce *)k->attr)->least, &l);
    else weir__loop_max(k->ctx->kern, (weir__real)k->out[0]->dtype, &l, k->ctx->threads);
}

static void amax_backward(weir_vjp *v) /* split evenly among equals */
{
    weir_tensor *x = weir_detach(weir_vjp_in(v, 0));
    weir_tensor *best = with_axes(v, weir_detach(weir_vjp_out(v, 0)));
    weir_tensor *equal = weir_cast(weir_eq(x, best), v->gout[0]->dtype);
    reduce r = *(const reduce *)v->attr;
    weir_tensor *count = with_axes(v, weir__apply1(&weir__op_sum, equal, &r));
    weir_vjp_set(v, 0, weir_mul(equal, weir_div(with_axes(v, v->gout[0]), count)));
}

static weir_tensor *call_amax(weir_tensor **x) { return weir_amax(x[0]); }
static weir_tensor *call_amax_first(weir_tensor **x)
{
    return weir_amax_axes(x[0], 1, (const int[]){ 0 }, false);
}
static weir_tensor *call_amin_last(weir_tensor **x)
{
    return weir_amin_axes(x[0], 1, (const int[]){ -1 }, true);
}
static weir_tensor *call_amax_outer(weir_tensor **x)
{
    return weir_amax_axes(x[0], 2, (const int[]){ 0, 2 }, false);
}
static const weir_op_case amax_cases[] = { { "3,4", call_amax },
                                           { ".", call_amax },
                                           { "2,0", call_amax_first },
                                           { "3,4", call_amax_first },
                                           { "3,4", call_amin_last },
                                           { "2,3,4", call_amax_outer },
                                           { "i3,4<9", call_amin_last },
                                           { "b2,3,4", call_amax_outer },
                                           { NULL, NULL } };
const weir_op weir__op_amax = {
    .row = WEIR_OP_ROW("op.amax",
                       "the largest over axes; the gradient is split evenly among equals"),
    .n_in = 1,
    .n_out = 1,
    .save_in = 1,
    .save_out = 1,
    .attr_size = sizeof(reduce),
    .infer = amax_infer,
    .forward = amax_forward,
    .backward = amax_backward,
    .cases = amax_cases
};

/* -- calls ------------------------------------------------------------------------------------- */
static weir_tensor *over_axes(const weir_op *op, const char *name, weir_tensor *x, int n_axes,
                              const int *axes, reduce r)
{
    if (weir_is_nil(x) || !weir__has_list(x, name, n_axes, axes)) return weir__nil_of(x);
    for (int i = 0; i < n_axes; i++) {
        int a = weir__axis(x, name, axes[i]);
        if (a < 0) return weir__nil_of(x);
        if (r.over[a]) {
            weir_fail(x->object.ctx, WEIR_ERROR_ARGUMENT, "%s: axis %d twice: expected each once",
                      name, axes[i]);
            return weir__nil_of(x);
        }
        r.over[a] = true;
    }
    return weir__apply1(op, x, &r);
}

static weir_tensor *over_all(const weir_op *op, weir_tensor *x, reduce r)
{
    for (int i = 0; i < WEIR_RANK_MAX; i++) r.over[i] = true;
    return weir__apply1(op, x, &r);
}

weir_tensor *weir_sum_axes(weir_tensor *x, int n_axes, const int *axes, bool keep)
{
    return over_axes(&weir__op_sum, "sum", x, n_axes, axes, (reduce){ .keep = keep });
}
weir_tensor *weir_amax_axes(weir_tensor *x, int n_axes, const int *axes, bool keep)
{
    return over_axes(&weir__op_amax, "amax", x, n_axes, axes, (reduce){ .keep = keep });
}
weir_tensor *weir_amin_axes(weir_tensor *x, int n_axes, const int *axes, bool keep)
{
    WEIR__AS_FOUND;
    bool whole = !weir_is_nil(x) && weir__is_whole(x->dtype);
    const reduce r = { .keep = keep, .least = whole };
    if (whole) return over_axes(&weir__op_amax, "amin", x, n_axes, axes, r);
    weir_tensor *negated = weir__negated(x, "amin");
    return weir_neg(over_axes(&weir__op_amax, "amin", negated, n_axes, axes, r));
}

weir_tensor *weir_sum(weir_tensor *x) { return over_all(&weir__op_sum, x, (reduce){ 0 }); }
weir_tensor *weir_amax(weir_tensor *x) { return over_all(&weir__op_amax, x, (reduce){ 0 }); }
weir_tensor *weir_amin(weir_tensor *x)
{
    WEIR__AS_FOUND;
    if (!weir_is_nil(x) && weir__is_whole(x->dtype))
        return over_all(&weir__op_amax, x, (reduce){ .least = true });
    return weir_neg(weir_amax(weir__negated(x, "amin")));
}

weir_tensor *weir_sum_samples(weir_tensor *x)
{
    reduce r = { .keep = false };
    for (int i = 1; i < WEIR_RANK_MAX; i++) r.over[i] = true;
    return weir__apply1(&weir__op_sum, x, &r);
}

/* Means of whole numbers are no whole numbers. */
static bool mean_fits(weir_tensor *x, const char *name)
{
    if (weir_is_nil(x)) return false;
    if (!weir__is_whole(x->dtype)) return true; /* the sum looks at the others */
    weir_fail(x->object.ctx, WEIR_ERROR_DTYPE, "%s: %s: expected f32 or f64 (weir_cast converts)",
              name, weir_dtype_name(x->dtype));
    return false;
}

weir_tensor *weir_mean(weir_tensor *x)
{
    WEIR__AS_FOUND;
    if (!mean_fits(x, "mean")) return weir__nil_of(x);
    return weir_scale(weir_sum(x), x->numel > 0 ? 1.0 / (double)x->numel : NAN);
}

weir_tensor *weir_mean_axes(weir_tensor *x, int n_axes, const int *axes, bool keep)
{
    WEIR__AS_FOUND;
    if (!mean_fits(x, "mean_axes") || !weir__has_list(x, "mean_axes", n_axes, axes))
        return weir__nil_of(x);
    weir_tensor *sum = weir_sum_axes(x, n_axes, axes, keep);
    if (weir_is_nil(sum)) return sum;
    int64_t n = 1;
    for (int i = 0; i < n_axes; i++) n *= weir_dim(x, axes[i]);
    return weir_scale(sum, n > 0 ? 1.0 / (double)n : NAN);
}

weir_tensor *weir_var_axes(weir_tensor *x, int n_axes, const int *axes, int correction, bool keep)
{
    WEIR__AS_FOUND;
    if (weir_is_nil(x) || !weir__has_list(x, "var_axes", n_axes, axes)) return weir__nil_of(x);
    weir_tensor *mean = weir_mean_axes(x, n_axes, axes, true);
    if (weir_is_nil(mean)) return mean;
    int64_t n = mean->numel > 0 ? x->numel / mean->numel : 1;
    weir_tensor *sum = weir_sum_axes(weir_square(weir_sub(x, mean)), n_axes, axes, keep);
    return weir_scale(sum, n > correction ? 1.0 / (double)(n - correction) : INFINITY);
}

weir_tensor *weir_var(weir_tensor *x, int correction)
{
    WEIR__AS_FOUND;
    int axes[WEIR_RANK_MAX];
    for (int i = 0; i < WEIR_RANK_MAX; i++) axes[i] = i;
    return weir_var_axes(x, weir_ndim(x), axes, correction, false);
}

weir_tensor *weir_sum_to(weir_tensor *x, int ndim, const int64_t *shape)
{
    if (weir_is_nil(x) || !weir__has_list(x, "sum_to", ndim, shape)) return weir__nil_of(x);
    int axes[WEIR_RANK_MAX], n = 0, pad = x->ndim - ndim;
    bool fits = pad >= 0;
    for (int i = 0; fits && i < x->ndim; i++) {
        int64_t want = i < pad ? 1 : shape[i - pad];
        if (i < pad || (want == 1 && x->shape[i] != 1)) axes[n++] = i;
        else if (want != x->shape[i]) fits = false;
    }
    if (!fits) {
        char text[256];
        size_t used = 0;
        weir__append_shapes(text, sizeof text, &used, 1, &x);
        weir__append(text, sizeof text, &used, " to ");
        weir__append_shape(text, sizeof text, &used, ndim, shape);
        weir_fail(x->object.ctx, WEIR_ERROR_SHAPE,
                  "sum_to: %s: expected a shape that broadcasts to the first", text);
        return weir__nil_of(x);
    }
    return n > 0 ? weir_reshape(weir_sum_axes(x, n, axes, true), ndim, shape) : x;
}
