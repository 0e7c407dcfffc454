/* norm.c - running the kernels of a normalisation, forward and first-order backward. Statistics are
 * an output of the op, kept for backward: two doubles for what shares them. Gradients that are
 * themselves recorded go through the reference. */
#include <math.h>
#include <string.h>
#include "ops/norm.h"

/* -- views of x -------------------------------------------------------------------------------- */
weir__norm weir__norm_trailing(const weir_spec *x, const weir__norm_attr *a)
{
    int lead = x->ndim - a->axes;
    return (weir__norm){ .batch = weir__numel_of(lead, x->shape),
                         .channels = weir__numel_of(a->axes, x->shape + lead),
                         .run = 1,
                         .groups = 1,
                         .last = true,
                         .centred = true,
                         .eps = a->eps };
}

weir__norm weir__norm_channels(const weir_spec *x, const weir__norm_attr *a)
{
    return (weir__norm){ .batch = x->shape[0],
                         .channels = x->shape[1],
                         .run = weir__numel_of(x->ndim - 2, x->shape + 2),
                         .groups = a->groups,
                         .centred = true,
                         .silu = a->silu,
                         .eps = a->eps };
}

/* Places or channels side by side, as x lies */
static void order_of(weir__norm *o, const weir_tensor *x)
{
    o->last = o->run == 1 || (!x->contiguous && weir_is_channels_last(x));
}

/* -- shapes ------------------------------------------------------------------------------------ */
static bool parameter_fits(const weir_tensor *x, const weir_tensor *w, const weir__norm_attr *a)
{
    if (a->axes == 0) return w->ndim == 1 && w->shape[0] == x->shape[1];
    return w->ndim == a->axes
           && memcmp(w->shape, x->shape + x->ndim - a->axes, (size_t)a->axes * sizeof *w->shape)
                  == 0;
}

bool weir__norm_infer(weir_call *k, weir__norm_layout *layout)
{
    const weir__norm_attr *a = k->attr;
    const weir_tensor *x = k->in[0];
    if (!weir_infer_same(k)) return false;
    if (a->axes && (a->axes < 0 || a->axes > x->ndim))
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected 1 to %d axes to normalise", x->ndim);
    if (!a->axes && x->ndim < 2)
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected [batch, channels, ..]");
    if (!(a->eps >= 0) || isinf(a->eps))
        return weir_call_fail(k, WEIR_ERROR_RANGE, "eps %g: expected 0 or more", a->eps);
    for (int i = 1; i < k->n_in; i++) {
        if (k->in[i]->dtype != x->dtype)
            return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type",
                                  weir_dtype_name(x->dtype), weir_dtype_name(k->in[i]->dtype));
        if (!parameter_fits(x, k->in[i], a))
            return weir_call_fail(k, WEIR_ERROR_SHAPE,
                                  a->axes ? "expected a weight and a bias of the last axes"
                                          : "expected a weight and a bias [channels]");
    }
    if (a->groups > 0 && (x->shape[1] % a->groups != 0))
        return weir_call_fail(k, WEIR_ERROR_SHAPE,
                              "%lld groups: expected a divisor of the channels",
                              (long long)a->groups);
    weir__norm o = layout(&k->spec[0], a);
    int64_t shared = o.groups ? weir__size_times(o.batch, o.groups) : o.channels;
    k->spec[1] = weir__spec(WEIR_F64, 2, (const int64_t[]){ shared, 2 });
    return true;
}

/* -- forward ----------------------------------------------------------------------------------- */
void weir__norm_operands(weir_call *k, weir__norm *o, int first)
{
    const weir__norm_attr *a = k->attr;
    if (a->weight) o->w = weir__ptr(k->in[first]);
    if (a->bias) o->b = weir__ptr(k->in[first + a->weight]);
    order_of(o, k->in[0]);
    o->x = weir__ptr(k->in[0]);
    o->y = weir__ptr(k->out[0]);
}

void weir__norm_op_forward(weir_call *k, weir__norm_layout *layout)
{
    weir__norm o = layout(&k->spec[0], k->attr);
    o.stats = weir__ptr(k->out[1]);
    weir__norm_operands(k, &o, 1);
    if (k->out[0]->numel > 0)
        weir__norm_forward(k->ctx->kern, (weir__real)k->out[0]->dtype, &o, k->ctx->threads);
    else memset(o.stats, 0, (size_t)k->out[1]->numel * sizeof *o.stats);
}

/* -- backward ---------------------------------------------------------------------------------- */
static void norm_add_to(weir_dtype t, void *y, const double *sums,
                        int64_t n) /* every second of sums */
{
    for (int64_t i = 0; i < n; i++)
        if (t == WEIR_F64) ((double *)y)[i] += sums[2 * i];
        else ((float *)y)[i] += (float)sums[2 * i];
}

/* The gradient of input i: every second of sums, written where a leaf's lives. */
static void give(weir_vjp *v, int i, const double *sums, int64_t n)
{
    const weir_spec *s = weir_vjp_in_spec(v, i);
    bool accumulate = false;
    weir_tensor *made = NULL;
    void *place = weir__vjp_into(v, i, &accumulate);
    if (!place && weir_ok(v->ctx)) {
        made = weir__tensor_new(v->ctx, s);
        place = made->object.nil ? NULL : weir__ptr(made);
    }
    if (!place) return;
    if (accumulate) norm_add_to(s->dtype, place, sums, n);
    else weir__convert_strided(s->dtype, place, 1, WEIR_F64, sums, 2, n);
    if (made) weir_vjp_set(v, i, made);
}

/* sums, then what they are made of */
static bool open_sums(weir_ctx *c, weir__norm *o)
{
    bool parts = weir__norm_has_parts(o);
    int64_t items = weir__size_times(o->batch,
                                     parts ? o->channels : 2); /* 3 numbers fit 4 halves */
    int64_t all = weir__size_times(weir__size_plus(o->channels, items), 2);
    o->sums = weir__alloc_n(c, all, sizeof *o->sums);
    if (!o->sums) return false;
    if (parts) o->parts = o->sums + 2 * o->channels;
    else if (o->groups) o->scales = o->sums + 2 * o->channels;
    return true;
}

static void by_kernels(weir_vjp *v, weir__norm *o, const weir_tensor *x)
{
    const weir__norm_attr *a = v->attr;
    weir_ctx *c = v->ctx;
    int w = a->weight ? 1 : 0;
    int b = a->bias ? 1 + a->weight : 0;
    bool need_w = w && weir_vjp_needs(v, w);
    bool need_b = b && weir_vjp_needs(v, b);
    bool need_x = weir_vjp_needs(v, 0);
    bool sums = need_w || need_b || (need_x && !o->groups);
    weir_tensor *d = need_x || o->silu ? weir__tensor_like(c, x) : NULL;
    if ((d && d->object.nil) || !open_sums(c, o)) return;
    if (d) o->y = weir__ptr(d);
    int64_t room = weir__norm_room((weir__real)x->dtype, o, c->threads);
    o->blocks = room > 0 ? weir__alloc(c, (size_t)room) : NULL;
    weir__norm_backward(c->kern, (weir__real)x->dtype, o, sums, need_x, c->threads);
    if (need_w) give(v, w, o->sums + 1, o->channels);
    if (need_b) give(v, b, o->sums, o->channels);
    if (need_x) weir_vjp_set(v, 0, d);
    weir__free(c, o->blocks);
    weir__free(c, o->sums);
}

/* g in the order of x */
static weir_tensor *beside_x(weir_tensor *g, const weir_tensor *x)
{
    return x->contiguous ? weir_contiguous(g) : weir_channels_last(g);
}

void weir__norm_op_backward(weir_vjp *v, weir__norm_layout *layout)
{
    const weir__norm_attr *a = v->attr;
    if (weir__vjp_recording(v) || weir_numel(v->gout[0]) == 0) {
        weir__vjp_by_reference(v);
        return;
    }
    weir_tensor *x = weir_vjp_in(v, 0);
    weir_tensor *stats = weir_vjp_out(v, 1);
    weir_tensor *w = a->weight ? weir_vjp_in(v, 1) : NULL;
    weir_tensor *b = a->bias && a->silu ? weir_vjp_in(v, 1 + a->weight) : NULL;
    if (!weir_ok(v->ctx)) return;
    weir_tensor *g = beside_x(v->gout[0], x);
    if (!weir_ok(v->ctx)) return;
    weir__norm o = layout(weir_vjp_in_spec(v, 0), a);
    order_of(&o, x);
    o.x = weir__ptr(x);
    o.g = weir__ptr(g);
    o.stats = weir__ptr(stats);
    o.w = w ? weir__ptr(w) : NULL;
    o.b = b ? weir__ptr(b) : NULL;
    by_kernels(v, &o, x);
}

/* -- plain ops --------------------------------------------------------------------------------- */
static weir_tensor *beside(weir_tensor *h, weir_tensor *w, const weir__norm_attr *a)
{
    int64_t shape[WEIR_RANK_MAX] = { 1, weir_numel(w), 1, 1, 1, 1, 1, 1 };
    return a->axes ? w : weir_reshape(w, weir_ndim(h), shape);
}

weir_tensor *weir__norm_affine(weir_tensor *h, weir_tensor *const *wb, const weir__norm_attr *a)
{
    if (a->weight) h = weir_mul(h, beside(h, wb[0], a));
    if (a->bias) h = weir_add(h, beside(h, wb[a->weight], a));
    return a->silu ? weir_silu(h) : h;
}

weir_tensor *weir__norm_plain(weir_tensor *x, int n_axes, const int *axes, bool centred, double eps)
{
    weir_tensor *d = centred ? weir_sub(x, weir_mean_axes(x, n_axes, axes, true)) : x;
    return weir_mul(
        d, weir_rsqrt(weir_affine(weir_mean_axes(weir_square(d), n_axes, axes, true), 1, eps)));
}

weir_tensor *weir__norm_apply_op(const weir_op *op, weir_tensor *x, weir_tensor *w, weir_tensor *b,
                                 weir__norm_attr a, weir_tensor **out)
{
    weir_tensor *in[3] = { a.axes ? weir_contiguous(x) : weir__dense(x) };
    weir_tensor *made[WEIR_OUT_MAX];
    int n = 1;
    if (w) in[n++] = weir_contiguous(w);
    if (b) in[n++] = weir_contiguous(b);
    a.weight = w != NULL;
    a.bias = b != NULL;
    weir_apply_multi(op, n, in, &a, made);
    if (out) *out = made[1];
    return made[0];
}
