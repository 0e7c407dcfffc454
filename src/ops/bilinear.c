/* bilinear.c - images resized with straight lines between places, and the gradient of that. Each is
 * the other's adjoint. */
#include <math.h>
#include "ops/ops.h"

typedef struct bilinear_attr {
    weir__resized image;
    double ratio[2]; /* places of the smaller index's image for one of the resized */
    bool align_corners;
} bilinear_attr;

/* Place i of `out` lies `share` of the way from place `low` of `in` to the next. */
static void bilinear_places(const bilinear_attr *a, int axis, int64_t in, int64_t out, int64_t *low,
                            double *share)
{
    for (int64_t i = 0; i < out; i++) {
        double at = a->align_corners ? (double)i * a->ratio[axis]
                                     : ((double)i + 0.5) * a->ratio[axis] - 0.5;
        double in_range = fmin(fmax(at, 0), (double)(in - 1));
        low[i] = (int64_t)in_range;
        share[i] = in_range - (double)low[i];
    }
}

/* `small` is resized to `large`, forward or back. */
static void bilinear_run(weir_call *k, const weir_tensor *small, const weir_tensor *large)
{
    const bilinear_attr *a = k->attr;
    const int64_t *h = small->shape + 2, *to = large->shape + 2;
    weir__real t = (weir__real)small->dtype;
    int64_t *low = weir__alloc_n(k->ctx, to[0] + to[1], sizeof *low + sizeof(double));
    if (!low) return;
    double *share = (double *)(void *)(low + to[0] + to[1]);
    weir__bilinear b = {
        .p = { .n = small->shape[0],
               .c = small->shape[1],
               .h = h[0],
               .w = h[1],
               .out_h = to[0],
               .out_w = to[1] },
        .low = { low, low + to[0] },
        .share = { share, share + to[0] },
    };
    for (int i = 0; i < 2; i++)
        bilinear_places(a, i, h[i], to[i], low + i * to[0], share + i * to[0]);
    const weir__isa *isa = k->ctx->kern;
    (k->out[0] == large ? isa->bilinear : isa->bilinear_input)[t](
        &b, weir__ptr(k->in[0]), weir__ptr(k->out[0]), k->ctx->threads);
    weir__free(k->ctx, low);
}

static void bilinear_forward(weir_call *k)
{
    if (k->out[0]->numel > 0) bilinear_run(k, k->in[0], k->out[0]);
}
static void bilinear_input_forward(weir_call *k)
{
    if (k->out[0]->numel > 0) bilinear_run(k, k->out[0], k->in[0]);
}

static weir_tensor *bilinear_apply(const weir_op *op, weir_tensor *x, const bilinear_attr *a)
{
    return weir__apply1(op, weir_ndim(x) == 4 ? weir_channels_last(x) : x, a);
}

static void bilinear_turn(weir_vjp *v, const weir_op *op)
{
    bilinear_attr a = *(const bilinear_attr *)v->attr;
    const int64_t *x = weir_vjp_in_spec(v, 0)->shape;
    a.image.to[0] = x[2];
    a.image.to[1] = x[3];
    weir_vjp_set(v, 0, bilinear_apply(op, v->gout[0], &a));
}
static void bilinear_backward(weir_vjp *v)
{
    bilinear_turn(v, &weir__op_upsample_bilinear2d_input);
}
static void bilinear_input_backward(weir_vjp *v)
{
    bilinear_turn(v, &weir__op_upsample_bilinear2d);
}

static double bilinear_ratio(int64_t in, int64_t out, bool align_corners)
{
    if (!align_corners) return (double)in / (double)(out > 0 ? out : 1);
    return out > 1 ? (double)(in - 1) / (double)(out - 1) : 0;
}

weir_tensor *weir_upsample_bilinear2d(weir_tensor *x, int64_t height, int64_t width,
                                      bool align_corners)
{
    WEIR__AS_FOUND;
    bilinear_attr a = { .image.to = { height, width }, .align_corners = align_corners };
    if (weir_is_nil(x)) return weir__nil_of(x);
    for (int i = 0; i < 2 && x->ndim == 4; i++)
        a.ratio[i] = bilinear_ratio(x->shape[2 + i], a.image.to[i], align_corners);
    return bilinear_apply(&weir__op_upsample_bilinear2d, x, &a);
}

weir_tensor *weir_upsample_bilinear2d_by(weir_tensor *x, double scale_height, double scale_width,
                                         bool align_corners)
{
    WEIR__AS_FOUND;
    const double scale[2] = { scale_height, scale_width };
    bilinear_attr a = { .align_corners = align_corners };
    if (weir_is_nil(x)) return weir__nil_of(x);
    for (int i = 0; i < 2 && x->ndim == 4; i++) {
        double to = (double)x->shape[2 + i] * scale[i];
        a.image.to[i] = to >= 1 && to <= INT32_MAX ? (int64_t)to : 0;
        a.ratio[i] = align_corners ? bilinear_ratio(x->shape[2 + i], a.image.to[i], true)
                                   : 1 / scale[i];
    }
    return bilinear_apply(&weir__op_upsample_bilinear2d, x, &a);
}

static weir_tensor *bilinear_call_twice(weir_tensor **x)
{
    return weir_upsample_bilinear2d(x[0], 4, 6, false);
}
static weir_tensor *call_aligned(weir_tensor **x)
{
    return weir_upsample_bilinear2d(x[0], 5, 2, true);
}
static weir_tensor *call_by(weir_tensor **x)
{
    return weir_upsample_bilinear2d_by(x[0], 1.7, 0.6, false);
}
static weir_tensor *bilinear_call_back(weir_tensor **x)
{
    return bilinear_apply(&weir__op_upsample_bilinear2d_input, x[0],
                          &(bilinear_attr){ { { 2, 3 } }, { 0.5, 0.5 }, false });
}
static const weir_op_case bilinear_cases[] = {
    { "2,3,2,3", bilinear_call_twice },
    { "1,2,3,3", call_aligned },
    { "0,2,2,3", bilinear_call_twice },
    { "1,1,1,1", call_aligned },
    { "1,2,3,4", call_by },
    { NULL, NULL },
};
static const weir_op_case bilinear_input_cases[] = { { "2,3,4,6", bilinear_call_back },
                                                     { "1,2,5,3", bilinear_call_back },
                                                     { "0,2,4,6", bilinear_call_back },
                                                     { NULL, NULL } };
const weir_op weir__op_upsample_bilinear2d = {
    .row = WEIR_OP_ROW("op.upsample_bilinear2d", "an image resized by straight lines"),
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(bilinear_attr),
    .infer = weir__resize_infer,
    .forward = bilinear_forward,
    .backward = bilinear_backward,
    .cases = bilinear_cases,
    .order = WEIR_ORDER_CHANNELS_LAST,
};
const weir_op weir__op_upsample_bilinear2d_input = {
    .row = WEIR_OP_ROW("op.upsample_bilinear2d_input", "the gradient of upsample_bilinear2d"),
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(bilinear_attr),
    .infer = weir__resize_infer,
    .forward = bilinear_input_forward,
    .backward = bilinear_input_backward,
    .cases = bilinear_input_cases,
    .order = WEIR_ORDER_CHANNELS_LAST,
};
