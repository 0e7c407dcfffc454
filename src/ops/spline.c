/* spline.c - monotone rational-quadratic splines (Durkan et al. 2019), formulas in
 * kern/isa/spline.inc: a kernel forward and one for first-order gradients. While gradients are
 * themselves recorded the same in plain ops, below, is differentiated. The op gives value and
 * log-slope side by side,
 * [.., 2]. */
#include <math.h>
#include "ops/ops.h"
#include "weir/spline.h"

typedef struct spline_attr {
    weir_rq_spline_opts o;
    bool inverse;
} spline_attr;

static int64_t spline_params(const weir_rq_spline_opts *o)
{
    switch (o->ends) {
    case WEIR_SPLINE_LINEAR: return 3 * o->bins - 1;
    case WEIR_SPLINE_FREE: return 3 * o->bins + 1;
    case WEIR_SPLINE_CIRCLE: return 3 * o->bins;
    }
    return 0;
}

static bool spline_options_fit(weir_call *k, const weir_rq_spline_opts *a)
{
    if (a->bins < 2 || a->bins > WEIR__SPLINE_BINS)
        return weir_call_fail(k, WEIR_ERROR_RANGE, "%lld bins: expected 2 to %d",
                              (long long)a->bins, WEIR__SPLINE_BINS);
    if (!(a->low < a->high) || !isfinite(a->high - a->low))
        return weir_call_fail(k, WEIR_ERROR_RANGE, "from %g to %g: expected low below high", a->low,
                              a->high);
    bool width = a->min_width >= 1e-5 && (double)a->bins * a->min_width < 1;
    bool height = a->min_height >= 1e-5 && (double)a->bins * a->min_height < 1;
    bool slope = a->min_slope >= 1e-5 && a->min_slope < 1;
    if (width && height && slope) return true;
    return weir_call_fail(k, WEIR_ERROR_RANGE,
                          "smallest width %g, height %g, slope %g: expected 1e-5 or more, of %lld "
                          "bins less than 1 together, and a slope below 1",
                          a->min_width, a->min_height, a->min_slope, (long long)a->bins);
}

static bool spline_infer(weir_call *k)
{
    const weir_rq_spline_opts *a = &((const spline_attr *)k->attr)->o;
    const weir_tensor *x = k->in[0], *h = k->in[1];
    if (!weir_infer_same(k) || !spline_options_fit(k, a)) return false;
    if (h->dtype != x->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type",
                              weir_dtype_name(x->dtype), weir_dtype_name(h->dtype));
    weir_spec want = weir__spec_of(x), have = weir__spec_of(h);
    bool room = want.ndim < WEIR_RANK_MAX;
    if (room) want.shape[want.ndim++] = spline_params(a);
    for (int i = 0; room && i < want.ndim; i++)
        room = have.ndim == want.ndim && have.shape[i] == want.shape[i];
    if (!room)
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected x [..] and parameters [.., %lld]",
                              (long long)spline_params(a));
    k->spec[0] = want;
    k->spec[0].shape[want.ndim - 1] = 2;
    return true;
}

static weir__spline spline_problem(const spline_attr *attr, const weir_tensor *x,
                                   const weir_tensor *h)
{
    const weir_rq_spline_opts *a = &attr->o;
    return (weir__spline){
        .n = x->numel,
        .bins = a->bins,
        .params = spline_params(a),
        .ends = (weir__spline_ends)a->ends,
        .inverse = attr->inverse,
        .low = a->low,
        .high = a->high,
        .min_width = a->min_width,
        .min_height = a->min_height,
        .min_slope = a->min_slope,
        .x = weir__ptr(x),
        .h = weir__ptr(h),
    };
}

static void spline_forward(weir_call *k)
{
    weir__spline s = spline_problem(k->attr, k->in[0], k->in[1]);
    s.y = weir__ptr(k->out[0]);
    weir__spline_forward(k->ctx->kern, (weir__real)k->in[0]->dtype, &s, k->ctx->threads);
}

static void spline_backward(weir_vjp *v)
{
    if (weir__vjp_recording(v)) {
        weir__vjp_by_reference(v);
        return;
    }
    weir_tensor *g = weir_contiguous(v->gout[0]), *in[2], *to[2];
    for (int i = 0; i < 2; i++) {
        in[i] = weir_vjp_in(v, i);
        to[i] = weir__tensor_new(v->ctx, weir_vjp_in_spec(v, i));
    }
    if (weir_is_nil(g) || weir_is_nil(in[0]) || weir_is_nil(in[1]) || !weir_ok(v->ctx)) return;
    weir__spline s = spline_problem(v->attr, in[0], in[1]);
    s.g = weir__ptr(g);
    s.gx = weir__ptr(to[0]);
    s.gh = weir__ptr(to[1]);
    weir__spline_backward(v->ctx->kern, (weir__real)g->dtype, &s, v->ctx->threads);
    for (int i = 0; i < 2; i++) weir_vjp_set(v, i, to[i]);
}

/* -- in plain ops ------------------------------------------------------------------------------ */
/* Places from .. from + n - 1 of the last axis. */
static weir_tensor *spline_part(weir_tensor *x, int64_t from, int64_t n)
{
    return weir_slice(x, -1, from, from + n, 1);
}

/* Knots [.., bins + 1] from low to high, exactly there at both ends. */
static weir_tensor *spline_knots(const weir_rq_spline_opts *a, weir_tensor *h, double least)
{
    double range = a->high - a->low, free = range * (1 - (double)a->bins * least);
    weir_tensor *sizes = weir_affine(weir_softmax(h, -1), free, range * least);
    weir_tensor *sums = spline_part(weir_cumsum(sizes, -1), 0, a->bins - 1);
    weir_tensor *inner = weir_pad(weir_affine(sums, 1, a->low), 1, (const int64_t[]){ 1, 0 },
                                  a->low);
    return weir_pad(inner, 1, (const int64_t[]){ 0, 1 }, a->high);
}

/* Slopes [.., bins + 1] at the knots. */
static weir_tensor *spline_slopes(const weir_rq_spline_opts *a, weir_tensor *h)
{
    double offset = log(expm1(1 - a->min_slope));
    if (a->ends == WEIR_SPLINE_LINEAR) h = weir_pad(h, 1, (const int64_t[]){ 1, 1 }, 0);
    if (a->ends == WEIR_SPLINE_CIRCLE) h = weir_cat(2, WEIR__IN(h, spline_part(h, 0, 1)), -1);
    return weir_affine(weir_softplus(weir_affine(h, 1, offset)), 1, a->min_slope);
}

/* How many of the inner knots are at or below v [.., 1]: the bin, i64 [.., 1]. */
static weir_tensor *spline_bin(const weir_rq_spline_opts *a, weir_tensor *v, weir_tensor *knots)
{
    weir_tensor *below = weir_cast(weir_ge(v, spline_part(weir_detach(knots), 1, a->bins - 1)),
                                   WEIR_F32);
    return weir_cast(weir_sum_axes(below, 1, (const int[]){ -1 }, true), WEIR_I64);
}

typedef struct spline_at { /* [.., 1] each, as in the kernel */
    weir_tensor *left, *width, *low, *height, *d0, *d1, *s;
} spline_at;

static spline_at spline_find(const weir_rq_spline_opts *a, weir_tensor *v, weir_tensor *h,
                             bool inverse)
{
    int64_t k = a->bins;
    weir_tensor *x = spline_knots(a, spline_part(h, 0, k), a->min_width);
    weir_tensor *y = spline_knots(a, spline_part(h, k, k), a->min_height);
    weir_tensor *d = spline_slopes(a, spline_part(h, 2 * k, spline_params(a) - 2 * k));
    weir_tensor *bin = spline_bin(a, v, inverse ? y : x);
    weir_tensor *next = weir_cast(weir_affine(weir_cast(bin, WEIR_F64), 1, 1), WEIR_I64);
    spline_at at = {
        .left = weir_gather(x, -1, bin),
        .low = weir_gather(y, -1, bin),
        .d0 = weir_gather(d, -1, bin),
        .d1 = weir_gather(d, -1, next),
    };
    at.width = weir_sub(weir_gather(x, -1, next), at.left);
    at.height = weir_sub(weir_gather(y, -1, next), at.low);
    at.s = weir_div(at.height, at.width);
    return at;
}

static weir_tensor *spline_bend(const spline_at *at)
{
    return weir_sub(weir_add(at->d0, at->d1), weir_scale(at->s, 2));
}

/* xi of the inverse: the root of a quadratic that has no difference of near numbers */
static weir_tensor *spline_solve(const spline_at *at, weir_tensor *v)
{
    weir_tensor *place = weir_div(weir_sub(v, at->low), at->height);
    weir_tensor *b = weir_sub(at->d0, weir_mul(place, spline_bend(at))), *a = weir_sub(at->s, b);
    weir_tensor *c = weir_mul(at->s, place);
    weir_tensor *root = weir_sqrt(
        weir_relu(weir_add(weir_square(b), weir_scale(weir_mul(a, c), 4))));
    weir_tensor *falls = weir_lt(b, weir_zeros_like(b));
    weir_tensor *one = weir_full_like(b, 1);
    weir_tensor *near = weir_div(weir_scale(c, 2), weir_where(falls, one, weir_add(b, root)));
    weir_tensor *far = weir_div(weir_sub(root, b), weir_where(falls, weir_scale(a, 2), one));
    return weir_where(falls, far, near);
}

/* v, value and log-slope [.., 1] of the bin */
static weir_tensor *spline_value(const spline_at *at, weir_tensor *v, bool inverse)
{
    weir_tensor *xi = inverse ? spline_solve(at, v) : weir_div(weir_sub(v, at->left), at->width);
    weir_tensor *rest = weir_affine(xi, -1, 1), *q = weir_mul(xi, rest);
    weir_tensor *d1 = weir_mul(at->d1, weir_square(xi)), *s = weir_mul(at->s, weir_square(xi));
    weir_tensor *d0 = weir_mul(at->d0, weir_square(rest));
    weir_tensor *bottom = weir_add(at->s, weir_mul(spline_bend(at), q));
    weir_tensor *middle = weir_add(weir_add(d1, d0), weir_scale(weir_mul(at->s, q), 2));
    weir_tensor *f = weir_div(weir_add(s, weir_mul(at->d0, q)), bottom);
    weir_tensor *log_slope = weir_add(weir_log(middle),
                                      weir_scale(weir_log(weir_div(at->s, bottom)), 2));
    weir_tensor *y = weir_add(at->low, weir_mul(at->height, f));
    if (inverse) y = weir_add(at->left, weir_mul(at->width, xi));
    return weir_cat(2, WEIR__IN(y, inverse ? weir_neg(log_slope) : log_slope), -1);
}

static weir_tensor *spline_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    bool back = ((const spline_attr *)attr)->inverse;
    const weir_rq_spline_opts *a = &((const spline_attr *)attr)->o;
    double range = a->high - a->low;
    weir_tensor *x = weir_unsqueeze(in[0], -1), *turns = weir_zeros_like(x);
    (void)n_in;
    if (a->ends == WEIR_SPLINE_CIRCLE)
        turns = weir_scale(weir_floor(weir_affine(weir_detach(x), 1 / range, -a->low / range)),
                           range);
    weir_tensor *v = weir_clamp(weir_sub(x, turns), a->low, a->high);
    spline_at at = spline_find(a, v, in[1], back);
    weir_tensor *inside = spline_value(&at, v, back);
    if (a->ends == WEIR_SPLINE_CIRCLE)
        return weir_add(inside, weir_cat(2, WEIR__IN(turns, weir_zeros_like(turns)), -1));
    weir_tensor *same = weir_eq(weir_detach(x), weir_clamp(weir_detach(x), a->low, a->high));
    weir_tensor *outside = weir_cat(2, WEIR__IN(x, weir_zeros_like(x)), -1);
    return weir_where(same, inside, outside);
}

/* -- calls ---------------------------------------------------------------------------------------
 */
static const weir_rq_spline_opts spline_whole = {
    .size = sizeof(weir_rq_spline_opts),
    .bins = 8,
    .low = -3,
    .high = 3,
    .min_width = 1e-3,
    .min_height = 1e-3,
    .min_slope = 1e-3,
    .ends = WEIR_SPLINE_LINEAR,
};

void weir_rq_spline_defaults_sized(weir_rq_spline_opts *o, size_t size)
{
    weir__sized_defaults(o, size, &spline_whole, sizeof spline_whole);
}

static bool spline_read(weir_ctx *c, const weir_rq_spline_opts *o, weir_rq_spline_opts *whole)
{
    *whole = spline_whole;
    return weir__sized_read(c, "rq_spline: options", "them from weir_rq_spline_defaults", o, whole,
                            sizeof *whole);
}

int64_t weir_rq_spline_params(const weir_rq_spline_opts *o)
{
    weir_rq_spline_opts whole;
    return spline_read(NULL, o, &whole) ? spline_params(&whole) : 0;
}

/* [.., 2]: value and log-slope */
static weir_tensor *spline_both(weir_tensor *x, weir_tensor *h, const weir_rq_spline_opts *o,
                                bool inverse)
{
    spline_attr a = { .inverse = inverse };
    if (!spline_read(weir_ctx_of(weir_is_nil(x) ? h : x), o, &a.o)) return weir__nil_of(x);
    return weir_apply(&weir__op_rq_spline, 2, WEIR__IN(weir_contiguous(x), weir_contiguous(h)), &a);
}

weir_tensor *weir_rq_spline(weir_tensor *x, weir_tensor *h, const weir_rq_spline_opts *o,
                            bool inverse, weir_tensor **log_slope)
{
    if (!weir__given("rq_spline", 2, WEIR__IN(x, h))) return weir__nil_of(x ? x : h);
    weir_tensor *both = spline_both(x, h, o, inverse);
    if (log_slope) *log_slope = weir_select(both, -1, 1);
    return weir_select(both, -1, 0);
}

/* -- the row -------------------------------------------------------------------------------------
 */
static weir_tensor *spline_case(weir_tensor **in, weir_spline_ends ends, bool inverse)
{
    weir_rq_spline_opts o = weir_rq_spline_defaults();
    o.bins = 4;
    o.low = -1.5;
    o.high = 1.25;
    o.ends = ends;
    return spline_both(in[0], in[1], &o, inverse);
}
static weir_tensor *spline_line(weir_tensor **in)
{
    return spline_case(in, WEIR_SPLINE_LINEAR, false);
}
static weir_tensor *spline_line_back(weir_tensor **in)
{
    return spline_case(in, WEIR_SPLINE_LINEAR, true);
}
static weir_tensor *spline_cube(weir_tensor **in)
{
    return spline_case(in, WEIR_SPLINE_FREE, false);
}
static weir_tensor *spline_cube_back(weir_tensor **in)
{
    return spline_case(in, WEIR_SPLINE_FREE, true);
}
static weir_tensor *spline_circle(weir_tensor **in)
{
    return spline_case(in, WEIR_SPLINE_CIRCLE, false);
}
static weir_tensor *spline_circle_back(weir_tensor **in)
{
    return spline_case(in, WEIR_SPLINE_CIRCLE, true);
}
static const weir_op_case spline_cases[] = {
    { "5,4 5,4,11", spline_line }, { "5,4 5,4,11", spline_line_back },
    { "3,2 3,2,13", spline_cube }, { "3,2 3,2,13", spline_cube_back },
    { "17 17,12", spline_circle }, { "17 17,12", spline_circle_back },
    { "0,2 0,2,11", spline_line }, { NULL, NULL },
};

const weir_op weir__op_rq_spline = {
    .row = WEIR_OP_ROW("op.rq_spline", "monotone rational-quadratic spline: value and log-slope"),
    .n_in = 2,
    .n_out = 1,
    .save_in = 3,
    .attr_size = sizeof(spline_attr),
    .infer = spline_infer,
    .forward = spline_forward,
    .backward = spline_backward,
    .reference = spline_plain,
    .cases = spline_cases,
};
