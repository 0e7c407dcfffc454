/* conv2d.c - convolution and its two gradients, three rows: each one's backward is made of the
 * other two, since <g, conv(x, w)> = <conv_input(g, w), x> = <conv_weight(x, g), w>. First-order
 * backward writes a leaf weight's gradient where it lives. */
#include <string.h>
#include "ops/ops.h"

typedef struct conv {
    weir_conv2d_opts o;
    int64_t extent[2];
} conv; /* extent: of the image (conv2d_input) or the kernel (conv2d_weight) */

static const weir_conv2d_opts conv2d_whole = {
    .size = sizeof(weir_conv2d_opts), .stride = { 1, 1 }, .dilation = { 1, 1 }, .groups = 1
};

void weir_conv2d_defaults_sized(weir_conv2d_opts *o, size_t size)
{
    weir__sized_defaults(o, size, &conv2d_whole, sizeof conv2d_whole);
}

/* -- shapes ------------------------------------------------------------------------------------ */
enum { MOST = 1 << 20 };

static bool steps_fit(const weir_conv2d_opts *o, int i)
{
    return o->stride[i] >= 1 && o->padding[i] >= 0 && o->dilation[i] >= 1 && o->stride[i] <= MOST
           && o->padding[i] <= MOST && o->dilation[i] <= MOST;
}
static bool after_fits(const weir_conv2d_opts *o, int i)
{
    return o->padding_after[i] >= -o->padding[i] && o->padding_after[i] <= MOST;
}

static bool check_options(weir_call *k, const weir_conv2d_opts *o)
{
    for (int i = 0; i < 2; i++)
        if (!steps_fit(o, i))
            return weir_call_fail(k, WEIR_ERROR_RANGE,
                                  "stride %lld, padding %lld, dilation %lld: expected at least 1, "
                                  "0 and 1, at most %d",
                                  (long long)o->stride[i], (long long)o->padding[i],
                                  (long long)o->dilation[i], (int)MOST);
    for (int i = 0; i < 2; i++)
        if (!after_fits(o, i))
            return weir_call_fail(k, WEIR_ERROR_RANGE,
                                  "padding %lld and %lld more after: expected 0 or more in all, at "
                                  "most %d",
                                  (long long)o->padding[i], (long long)o->padding_after[i],
                                  (int)MOST);
    return o->groups >= 1
           || weir_call_fail(k, WEIR_ERROR_RANGE, "%lld groups: expected 1 or more",
                             (long long)o->groups);
}

/* Extents that the caller gives: so large as an axis may be, so that sums with padding fit. */
static bool check_extent(weir_call *k, const int64_t extent[2])
{
    const int64_t most = (int64_t)1 << 46;
    for (int i = 0; i < 2; i++)
        if (extent[i] < 0 || extent[i] > most)
            return weir_call_fail(k, WEIR_ERROR_RANGE, "extents %lld and %lld: expected 0 to 2^46",
                                  (long long)extent[0], (long long)extent[1]);
    return true;
}

static bool check_tensors(weir_call *k, const char *expected)
{
    const weir_tensor *a = k->in[0], *b = k->in[1];
    if (!weir_dtype_is_real(a->dtype) || a->dtype != b->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type, f32 or f64",
                              weir_dtype_name(a->dtype), weir_dtype_name(b->dtype));
    return (a->ndim == 4 && b->ndim == 4)
           || weir_call_fail(k, WEIR_ERROR_SHAPE, "expected %s", expected);
}

/* Fills v from the shapes of image and kernel; the output's extents follow. */
static bool conv2d_measure(weir_call *k, const int64_t x[4], const int64_t w[4], weir__conv *v)
{
    const weir_conv2d_opts *o = &((const conv *)k->attr)->o;
    *v = (weir__conv){ .n = x[0],
                       .h = x[2],
                       .w = x[3],
                       .c = x[1],
                       .o = w[0],
                       .kernel = { w[2], w[3] },
                       .groups = o->groups };
    memcpy(v->stride, o->stride, sizeof v->stride);
    memcpy(v->pad, o->padding, sizeof v->pad);
    memcpy(v->dilation, o->dilation, sizeof v->dilation);
    if (x[1] % o->groups != 0 || w[0] % o->groups != 0 || w[1] != x[1] / o->groups)
        return weir_call_fail(k, WEIR_ERROR_SHAPE,
                              "%lld groups, %lld channels to %lld: expected whole groups and "
                              "weights [%lld, channels / groups, ..]",
                              (long long)o->groups, (long long)x[1], (long long)w[0],
                              (long long)w[0]);
    int64_t out[2];
    for (int i = 0; i < 2; i++) {
        int64_t room = x[2 + i] + 2 * o->padding[i] + o->padding_after[i];
        if (w[2 + i] < 1 || room < 1
            || (w[2 + i] > 1 && w[2 + i] - 1 > (room - 1) / o->dilation[i]))
            return weir_call_fail(k, WEIR_ERROR_SHAPE,
                                  "kernel %lld, dilation %lld in %lld places, padding included: "
                                  "expected a kernel that fits",
                                  (long long)w[2 + i], (long long)o->dilation[i], (long long)room);
        out[i] = (room - o->dilation[i] * (w[2 + i] - 1) - 1) / o->stride[i] + 1;
    }
    v->out_h = out[0];
    v->out_w = out[1];
    return true;
}

static bool check_gradient(weir_call *k, const weir_tensor *g, const weir__conv *v)
{
    if (g->shape[0] == v->n && g->shape[1] == v->o && g->shape[2] == v->out_h
        && g->shape[3] == v->out_w)
        return true;
    return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected a gradient [%lld, %lld, %lld, %lld]",
                          (long long)v->n, (long long)v->o, (long long)v->out_h,
                          (long long)v->out_w);
}

static weir_spec conv2d_spec4(weir_dtype t, int64_t a, int64_t b, int64_t c, int64_t d)
{
    return weir__spec(t, 4, (const int64_t[]){ a, b, c, d });
}

/* -- running ----------------------------------------------------------------------------------- */
static void *scratch_for(weir_ctx *c, const weir__conv *v, weir_dtype t, weir__conv_pass pass)
{
    return weir__alloc(c, c->kern->conv_scratch[t](v, pass, c->threads));
}

static bool forward_infer(weir_call *k)
{
    weir__conv v;
    const weir_tensor *x = k->in[0], *w = k->in[1], *b = k->n_in > 2 ? k->in[2] : NULL;
    if (!check_tensors(k, "x [N, C, H, W] and w [O, C / groups, P, Q]")
        || !check_options(k, &((const conv *)k->attr)->o)
        || !conv2d_measure(k, x->shape, w->shape, &v))
        return false;
    if (b && b->dtype != x->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type",
                              weir_dtype_name(x->dtype), weir_dtype_name(b->dtype));
    if (b && (b->ndim != 1 || b->shape[0] != v.o))
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected b [%lld]", (long long)v.o);
    k->spec[0] = conv2d_spec4(x->dtype, v.n, v.o, v.out_h, v.out_w);
    return true;
}

static void conv2d_forward(weir_call *k)
{
    weir__conv v;
    weir_tensor *x = k->in[0], *w = k->in[1], *y = k->out[0];
    if (y->numel == 0 || !conv2d_measure(k, x->shape, w->shape, &v)) return;
    void *scratch = scratch_for(k->ctx, &v, y->dtype, WEIR__CONV_FORWARD);
    if (scratch)
        k->ctx->kern->conv_forward[y->dtype](&v, weir__ptr(x), weir__ptr(w),
                                             k->n_in > 2 ? weir__ptr(k->in[2]) : NULL, weir__ptr(y),
                                             scratch, k->ctx->threads);
    weir__free(k->ctx, scratch);
}

static bool input_infer(weir_call *k)
{
    const conv *a = k->attr;
    const weir_tensor *g = k->in[0], *w = k->in[1];
    weir__conv v;
    if (!check_tensors(k, "g [N, O, H', W'] and w [O, C / groups, P, Q]")
        || !check_options(k, &a->o))
        return false;
    if (!check_extent(k, a->extent)) return false;
    int64_t channels = weir__size_times(w->shape[1], a->o.groups);
    const int64_t x[4] = { g->shape[0], channels, a->extent[0], a->extent[1] };
    k->spec[0] = conv2d_spec4(g->dtype, x[0], x[1], x[2], x[3]);
    return conv2d_measure(k, x, w->shape, &v) && check_gradient(k, g, &v);
}

static void input_forward(weir_call *k)
{
    weir__conv v;
    weir_tensor *g = k->in[0], *w = k->in[1], *dx = k->out[0];
    if (dx->numel == 0 || !conv2d_measure(k, dx->shape, w->shape, &v)) return;
    void *scratch = scratch_for(k->ctx, &v, dx->dtype, WEIR__CONV_INPUT);
    if (scratch)
        k->ctx->kern->conv_input[dx->dtype](&v, weir__ptr(g), weir__ptr(w), weir__ptr(dx), scratch,
                                            k->ctx->threads);
    weir__free(k->ctx, scratch);
}

static bool weight_infer(weir_call *k)
{
    const conv *a = k->attr;
    const weir_tensor *x = k->in[0], *g = k->in[1];
    weir__conv v;
    if (!check_tensors(k, "x [N, C, H, W] and g [N, O, H', W']") || !check_options(k, &a->o))
        return false;
    if (!check_extent(k, a->extent)) return false;
    k->spec[0] = conv2d_spec4(x->dtype, g->shape[1], x->shape[1] / a->o.groups, a->extent[0],
                              a->extent[1]);
    return conv2d_measure(k, x->shape, k->spec[0].shape, &v) && check_gradient(k, g, &v);
}

static void weight_into(weir_ctx *c, const weir__conv *v, const weir_tensor *x,
                        const weir_tensor *g, void *dw, bool accumulate)
{
    void *scratch = scratch_for(c, v, x->dtype, WEIR__CONV_WEIGHT);
    if (scratch)
        c->kern->conv_weight[x->dtype](v, weir__ptr(x), weir__ptr(g), dw, accumulate, scratch,
                                       c->threads);
    weir__free(c, scratch);
}

static void weight_forward(weir_call *k)
{
    weir__conv v;
    weir_tensor *dw = k->out[0];
    if (dw->numel > 0 && conv2d_measure(k, k->in[0]->shape, dw->shape, &v))
        weight_into(k->ctx, &v, k->in[0], k->in[1], weir__ptr(dw), false);
}

/* -- gradients --------------------------------------------------------------------------------- */
static const weir_conv2d_opts *conv2d_opts_of(const weir_vjp *v)
{
    return &((const conv *)v->attr)->o;
}

/* The gradient of a leaf weight, written or added where it lives; false: that cannot be. */
static bool weight_in_place(weir_vjp *v, weir_tensor *g)
{
    const weir_conv2d_opts *o = conv2d_opts_of(v);
    const weir_spec *w = weir_vjp_in_spec(v, 1);
    weir_tensor *x = weir_vjp_in(v, 0);
    bool accumulate;
    if (weir_is_nil(x) || weir_is_nil(g)) return true;
    void *place = weir__vjp_into(v, 1, &accumulate);
    if (!place) return v->ctx->status != WEIR_OK;
    weir__conv s = { .n = x->shape[0],
                     .h = x->shape[2],
                     .w = x->shape[3],
                     .c = x->shape[1],
                     .out_h = g->shape[2],
                     .out_w = g->shape[3],
                     .o = g->shape[1],
                     .kernel = { w->shape[2], w->shape[3] },
                     .groups = o->groups };
    memcpy(s.stride, o->stride, sizeof s.stride);
    memcpy(s.pad, o->padding, sizeof s.pad);
    memcpy(s.dilation, o->dilation, sizeof s.dilation);
    weight_into(v->ctx, &s, x, g, place, accumulate);
    return true;
}

static void conv2d_bias_gradient(weir_vjp *v,
                                 weir_tensor *g) /* db = sum of g over all but channels */
{
    bool accumulate;
    if (weir_is_nil(g)) return;
    void *place = weir__vjp_into(v, 2, &accumulate);
    if (place)
        v->ctx->kern->column_sum[g->dtype](g->numel / (g->shape[1] + (g->shape[1] == 0)),
                                           g->shape[1], place, weir__ptr(g), g->shape[1],
                                           accumulate);
    else if (v->ctx->status == WEIR_OK)
        weir_vjp_set(v, 2, weir_sum_axes(g, 3, (const int[]){ 0, 2, 3 }, false));
}

static void conv2d_backward(weir_vjp *v)
{
    weir_tensor *g = weir_channels_last(v->gout[0]);
    const weir_spec *x = weir_vjp_in_spec(v, 0), *w = weir_vjp_in_spec(v, 1);
    if (weir_vjp_needs(v, 0))
        weir_vjp_set(
            v, 0,
            weir_conv2d_input(g, weir_vjp_in(v, 1), x->shape[2], x->shape[3], conv2d_opts_of(v)));
    if (weir_vjp_needs(v, 1) && !weight_in_place(v, g))
        weir_vjp_set(v, 1,
                     weir_conv2d_weight(weir_vjp_in(v, 0), g, w->shape + 2, conv2d_opts_of(v)));
    if (v->n_in > 2 && weir_vjp_needs(v, 2)) conv2d_bias_gradient(v, g);
}

static void input_backward(weir_vjp *v)
{
    weir_tensor *u = weir_channels_last(v->gout[0]);
    if (weir_vjp_needs(v, 0))
        weir_vjp_set(v, 0, weir_conv2d(u, weir_vjp_in(v, 1), NULL, conv2d_opts_of(v)));
    if (weir_vjp_needs(v, 1))
        weir_vjp_set(v, 1,
                     weir_conv2d_weight(u, weir_vjp_in(v, 0), weir_vjp_in_spec(v, 1)->shape + 2,
                                        conv2d_opts_of(v)));
}

static void weight_backward(weir_vjp *v)
{
    const weir_spec *x = weir_vjp_in_spec(v, 0);
    if (weir_vjp_needs(v, 0))
        weir_vjp_set(v, 0,
                     weir_conv2d_input(weir_vjp_in(v, 1), v->gout[0], x->shape[2], x->shape[3],
                                       conv2d_opts_of(v)));
    if (weir_vjp_needs(v, 1))
        weir_vjp_set(v, 1, weir_conv2d(weir_vjp_in(v, 0), v->gout[0], NULL, conv2d_opts_of(v)));
}

/* -- rows and calls ---------------------------------------------------------------------------- */
static const weir_conv2d_opts *conv2d_padded(void)
{
    static const weir_conv2d_opts o = { sizeof o, { 1, 1 }, { 1, 1 }, { 1, 1 }, 1, { 0 } };
    return &o;
}
static const weir_conv2d_opts *strided(void)
{
    static const weir_conv2d_opts o = { sizeof o, { 2, 1 }, { 0, 1 }, { 1, 2 }, 1, { 0 } };
    return &o;
}
static const weir_conv2d_opts *grouped(void)
{
    static const weir_conv2d_opts o = { sizeof o, { 2, 2 }, { 1, 1 }, { 1, 1 }, 2, { 0 } };
    return &o;
}
static const weir_conv2d_opts *uneven(void)
{
    static const weir_conv2d_opts o = { sizeof o, { 2, 1 }, { 0, 2 }, { 1, 1 }, 1, { 1, -1 } };
    return &o;
}
static weir_tensor *conv2d_call_uneven(weir_tensor **x)
{
    return weir_conv2d(x[0], x[1], NULL, uneven());
}
static weir_tensor *call_input_uneven(weir_tensor **x)
{
    return weir_conv2d_input(x[0], x[1], 4, 3, uneven());
}
static weir_tensor *call_weight_uneven(weir_tensor **x)
{
    return weir_conv2d_weight(x[0], x[1], (const int64_t[]){ 3, 2 }, uneven());
}
static const weir_conv2d_opts *below(void)
{
    static const weir_conv2d_opts o = { sizeof o, { 1, 1 }, { 0 }, { 1, 1 }, 1, { 1, 0 } };
    return &o;
}
static weir_tensor *call_below(weir_tensor **x) { return weir_conv2d(x[0], x[1], NULL, below()); }
static weir_tensor *conv2d_call_plain(weir_tensor **x)
{
    return weir_conv2d(x[0], x[1], NULL, NULL);
}
static weir_tensor *call_padded(weir_tensor **x)
{
    return weir_conv2d(x[0], x[1], x[2], conv2d_padded());
}
static weir_tensor *call_strided(weir_tensor **x)
{
    return weir_conv2d(x[0], x[1], x[2], strided());
}
static weir_tensor *call_grouped(weir_tensor **x)
{
    return weir_conv2d(x[0], x[1], x[2], grouped());
}
static weir_tensor *call_input(weir_tensor **x)
{
    return weir_conv2d_input(x[0], x[1], 4, 3, conv2d_padded());
}
static weir_tensor *call_input_strided(weir_tensor **x)
{
    return weir_conv2d_input(x[0], x[1], 5, 4, strided());
}
static weir_tensor *call_input_grouped(weir_tensor **x)
{
    return weir_conv2d_input(x[0], x[1], 4, 3, grouped());
}
static weir_tensor *conv2d_call_weight(weir_tensor **x)
{
    return weir_conv2d_weight(x[0], x[1], (const int64_t[]){ 3, 2 }, conv2d_padded());
}
static weir_tensor *call_weight_strided(weir_tensor **x)
{
    return weir_conv2d_weight(x[0], x[1], (const int64_t[]){ 2, 2 }, strided());
}
static weir_tensor *call_weight_grouped(weir_tensor **x)
{
    return weir_conv2d_weight(x[0], x[1], (const int64_t[]){ 3, 3 }, grouped());
}

static const weir_op_case cases[] = { { "2,2,4,3 3,2,3,2 3", call_padded },
                                      { "2,2,5,4 3,2,2,2 3", call_strided },
                                      { "1,4,4,3 2,2,3,3 2", call_grouped },
                                      { "2,3,2,2 2,3,1,1", conv2d_call_plain },
                                      { "0,2,3,3 3,2,3,3 3", call_padded },
                                      { "1,1,1,1 1,1,1,1", conv2d_call_plain },
                                      { "2,2,4,3 3,2,3,2", conv2d_call_uneven },
                                      { "2,2,3,3 3,2,1,1", call_below },
                                      { NULL, NULL } };
static const weir_op_case input_cases[] = {
    { "2,3,4,4 3,2,3,2", call_input },         { "1,3,2,4 3,2,2,2", call_input_strided },
    { "1,2,2,2 2,2,3,3", call_input_grouped }, { "0,3,4,4 3,2,3,2", call_input },
    { "2,3,2,5 3,2,3,2", call_input_uneven },  { NULL, NULL }
};
static const weir_op_case weight_cases[] = {
    { "2,2,4,3 2,3,4,4", conv2d_call_weight },  { "1,2,5,4 1,3,2,4", call_weight_strided },
    { "1,4,4,3 1,2,2,2", call_weight_grouped }, { "0,2,4,3 0,3,4,4", conv2d_call_weight },
    { "2,2,4,3 2,3,2,5", call_weight_uneven },  { NULL, NULL }
};
const weir_op weir__op_conv2d = {
    .row = WEIR_OP_ROW("op.conv2d",
                       "two-dimensional convolution of [N, C, H, W] with [O, C / groups, P, Q]"),
    .n_in = -2,
    .most_in = 3,
    .n_out = 1,
    .save_in = 3,
    .attr_size = sizeof(conv),
    .infer = forward_infer,
    .forward = conv2d_forward,
    .backward = conv2d_backward,
    .cases = cases,
    .order = WEIR_ORDER_CHANNELS_LAST
};
const weir_op weir__op_conv2d_input = {
    .row = WEIR_OP_ROW("op.conv2d_input",
                       "the gradient of conv2d for its input: a transposed convolution"),
    .n_in = 2,
    .n_out = 1,
    .save_in = 3,
    .attr_size = sizeof(conv),
    .infer = input_infer,
    .forward = input_forward,
    .backward = input_backward,
    .cases = input_cases,
    .order = WEIR_ORDER_CHANNELS_LAST
};
const weir_op weir__op_conv2d_weight = {
    .row = WEIR_OP_ROW("op.conv2d_weight", "the gradient of conv2d for its weights"),
    .n_in = 2,
    .n_out = 1,
    .save_in = 3,
    .attr_size = sizeof(conv),
    .infer = weight_infer,
    .forward = weight_forward,
    .backward = weight_backward,
    .cases = weight_cases
};

/* Images channels-last, weights dense; what is not of rank 4 passes, for infer to refuse. */
static weir_tensor *conv2d_image(weir_tensor *x)
{
    return weir_ndim(x) == 4 ? weir_channels_last(x) : x;
}

static weir_tensor *conv2d_apply(const weir_op *op, weir_tensor *a, weir_tensor *b,
                                 weir_tensor *bias, const weir_conv2d_opts *o, int64_t h, int64_t w)
{
    conv k = { .o = conv2d_whole, .extent = { h, w } };
    weir_ctx *c = weir_ctx_of(weir_is_nil(a) ? b : a);
    if (!weir__sized_read(c, "conv2d: options", "them from weir_conv2d_defaults", o, &k.o,
                          sizeof k.o))
        return weir__nil_of(a);
    return weir_apply(op, bias ? 3 : 2, WEIR__IN(a, b, bias), &k);
}

weir_tensor *weir_conv2d(weir_tensor *x, weir_tensor *w, weir_tensor *b, const weir_conv2d_opts *o)
{
    return conv2d_apply(&weir__op_conv2d, conv2d_image(x), weir_contiguous(w),
                        b ? weir_contiguous(b) : NULL, o, 0, 0);
}

weir_tensor *weir_conv2d_input(weir_tensor *g, weir_tensor *w, int64_t height, int64_t width,
                               const weir_conv2d_opts *o)
{
    return conv2d_apply(&weir__op_conv2d_input, conv2d_image(g), weir_contiguous(w), NULL, o,
                        height, width);
}

weir_tensor *weir_conv2d_weight(weir_tensor *x, weir_tensor *g, const int64_t kernel[2],
                                const weir_conv2d_opts *o)
{
    weir_tensor *any = x ? x : g;
    if (!weir__has_list(any, "conv2d_weight", 2, kernel)) return weir__nil_of(any);
    return conv2d_apply(&weir__op_conv2d_weight, conv2d_image(x), conv2d_image(g), NULL, o,
                        kernel[0], kernel[1]);
}

/* -- transposed -------------------------------------------------------------------------------- */
/* What a transposed convolution of `in` places gives; 0 where there is no such extent. Options that
 * conv2d_input refuses are left to it. */
static int64_t transposed_extent(const weir_conv2d_opts *o, int axis, int64_t in, int64_t kernel,
                                 int64_t more)
{
    const int64_t most = (int64_t)1 << 46;
    if (!steps_fit(o, axis) || !after_fits(o, axis)) return 1;
    bool sane = in > 0 && kernel > 0 && more >= 0 && in < most / o->stride[axis]
                && kernel < most / o->dilation[axis] && more < most;
    if (!sane || (more >= o->stride[axis] && more >= o->dilation[axis])) return 0;
    int64_t whole = (in - 1) * o->stride[axis] + o->dilation[axis] * (kernel - 1) + 1 + more;
    int64_t cut = 2 * o->padding[axis] + o->padding_after[axis];
    return whole > cut ? whole - cut : 0;
}

static weir_tensor *transposed_biased(weir_tensor *y, weir_tensor *b)
{
    if (!b || weir_is_nil(y)) return y;
    if (weir_ndim(b) != 1 || weir_dim(b, 0) != y->shape[1]) {
        weir_fail(y->object.ctx, WEIR_ERROR_SHAPE, "conv_transpose2d: bias: expected b [%lld]",
                  (long long)y->shape[1]);
        return weir__nil_of(y);
    }
    return weir_add(y, weir_reshape(b, 3, (const int64_t[]){ y->shape[1], 1, 1 }));
}

weir_tensor *weir_conv_transpose2d(weir_tensor *x, weir_tensor *w, weir_tensor *b,
                                   const weir_conv2d_opts *o, const int64_t *more)
{
    weir_conv2d_opts k = conv2d_whole;
    if (!weir__given("conv_transpose2d", b ? 3 : 2, WEIR__IN(x, w, b)) || weir_is_nil(x)
        || weir_is_nil(w) || (b && weir_is_nil(b)))
        return weir__nil_of(x ? x : w);
    weir_ctx *c = x->object.ctx;
    if (!weir__sized_read(c, "conv_transpose2d: options", "them from weir_conv2d_defaults", o, &k,
                          sizeof k))
        return weir__nil_of(x);
    int64_t to[2] = { 0, 0 };
    for (int i = 0; i < 2 && x->ndim == 4 && w->ndim == 4; i++)
        to[i] = transposed_extent(&k, i, x->shape[2 + i], w->shape[2 + i], more ? more[i] : 0);
    if (to[0] < 1 || to[1] < 1) {
        char text[160];
        size_t used = 0;
        weir__append_shapes(text, sizeof text, &used, 2, WEIR__IN(x, w));
        weir_fail(c, WEIR_ERROR_SHAPE,
                  "conv_transpose2d: %s: expected x [N, C, H, W], w [C, O / groups, P, Q] and less "
                  "more than stride or dilation",
                  text);
        return weir__nil_of(x);
    }
    return transposed_biased(weir_conv2d_input(x, w, to[0], to[1], &k), b);
}
