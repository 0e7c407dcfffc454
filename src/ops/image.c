/* image.c - images channels-last, and made larger. */
#include "ops/ops.h"

/* -- channels_last ----------------------------------------------------------------------------- */
static bool last_infer(weir_call *k)
{
    k->spec[0] = weir__spec_of(k->in[0]);
    return k->in[0]->ndim == 4
           || weir_call_fail(k, WEIR_ERROR_SHAPE, "expected rank 4, [N, C, H, W]");
}

static void last_forward(weir_call *k)
{
    weir__operand place = weir__operand_of(k->out[0], k->out[0]);
    weir__copy_into(k->ctx, &place, k->in[0]);
}

static void last_backward(weir_vjp *v) { weir_vjp_set(v, 0, v->gout[0]); }
static weir_tensor *image_call_last(weir_tensor **x) { return weir_channels_last(x[0]); }
static const weir_op_case last_cases[] = { { "2,3,4,2", image_call_last },
                                           { "0,3,2,2", image_call_last },
                                           { "2,1,3,3", image_call_last },
                                           { NULL, NULL } };
const weir_op weir__op_channels_last = { .row = WEIR_OP_ROW("op.channels_last",
                                                            "a copy that lies channels-last"),
                                         .n_in = 1,
                                         .n_out = 1,
                                         .infer = last_infer,
                                         .forward = last_forward,
                                         .backward = last_backward,
                                         .cases = last_cases,
                                         .order = WEIR_ORDER_CHANNELS_LAST };

weir_tensor *weir_channels_last(weir_tensor *x)
{
    if (weir_is_nil(x)) return weir__nil_of(x);
    return weir_is_channels_last(x) ? x : weir__apply1(&weir__op_channels_last, x, NULL);
}

/* -- upsample_nearest2d ------------------------------------------------------------------------ */
bool weir__resize_infer(weir_call *k)
{
    const weir_tensor *x = k->in[0];
    const int64_t *to = ((const weir__resized *)k->attr)->to;
    if (!weir_dtype_is_real(x->dtype))
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s: expected f32 or f64",
                              weir_dtype_name(x->dtype));
    if (x->ndim != 4 || x->shape[2] < 1 || x->shape[3] < 1 || to[0] < 1 || to[1] < 1
        || to[0] > INT32_MAX || to[1] > INT32_MAX)
        return weir_call_fail(k, WEIR_ERROR_SHAPE,
                              "to %lld x %lld: expected [N, C, H, W] and extents of at least 1",
                              (long long)to[0], (long long)to[1]);
    k->spec[0] = weir__spec_of(x);
    k->spec[0].shape[2] = to[0];
    k->spec[0].shape[3] = to[1];
    return true;
}

static weir__windows sizes(const weir_tensor *small, const weir_tensor *large)
{
    return (weir__windows){ .n = small->shape[0],
                            .h = small->shape[2],
                            .w = small->shape[3],
                            .c = small->shape[1],
                            .out_h = large->shape[2],
                            .out_w = large->shape[3] };
}

static void image_upsample_forward(weir_call *k)
{
    weir__windows p = sizes(k->in[0], k->out[0]);
    k->ctx->kern->upsample[k->out[0]->dtype](&p, weir__ptr(k->in[0]), weir__ptr(k->out[0]),
                                             k->ctx->threads);
}

static void upsample_input_forward(weir_call *k)
{
    weir__windows p = sizes(k->out[0], k->in[0]);
    k->ctx->kern->upsample_input[k->out[0]->dtype](&p, weir__ptr(k->in[0]), weir__ptr(k->out[0]),
                                                   k->ctx->threads);
}

static weir_tensor *scaled(const weir_op *op, weir_tensor *x, int64_t h, int64_t w)
{
    return weir__apply1(op, weir_ndim(x) == 4 ? weir_channels_last(x) : x,
                        &(weir__resized){ { h, w } });
}

weir_tensor *weir_upsample_nearest2d(weir_tensor *x, int64_t height, int64_t width)
{
    return scaled(&weir__op_upsample_nearest2d, x, height, width);
}

static void upsample_backward(weir_vjp *v)
{
    const int64_t *x = weir_vjp_in_spec(v, 0)->shape;
    weir_vjp_set(v, 0, scaled(&weir__op_upsample_nearest2d_input, v->gout[0], x[2], x[3]));
}

static void upsample_input_backward(weir_vjp *v)
{
    const int64_t *g = weir_vjp_in_spec(v, 0)->shape;
    weir_vjp_set(v, 0, weir_upsample_nearest2d(v->gout[0], g[2], g[3]));
}

static weir_tensor *image_call_twice(weir_tensor **x)
{
    return weir_upsample_nearest2d(x[0], 4, 6);
}
static weir_tensor *image_call_uneven(weir_tensor **x)
{
    return weir_upsample_nearest2d(x[0], 5, 2);
}
static weir_tensor *image_call_back(weir_tensor **x)
{
    return scaled(&weir__op_upsample_nearest2d_input, x[0], 2, 3);
}
static const weir_op_case upsample_cases[] = { { "2,3,2,3", image_call_twice },
                                               { "1,2,3,3", image_call_uneven },
                                               { "0,2,2,3", image_call_twice },
                                               { "1,1,1,1", image_call_twice },
                                               { NULL, NULL } };
static const weir_op_case upsample_input_cases[] = { { "2,3,4,6", image_call_back },
                                                     { "1,2,5,3", image_call_back },
                                                     { "0,2,4,6", image_call_back },
                                                     { NULL, NULL } };
const weir_op weir__op_upsample_nearest2d = {
    .row = WEIR_OP_ROW("op.upsample_nearest2d", "each place takes the nearest one's value"),
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(weir__resized),
    .infer = weir__resize_infer,
    .forward = image_upsample_forward,
    .backward = upsample_backward,
    .cases = upsample_cases,
    .order = WEIR_ORDER_CHANNELS_LAST
};
const weir_op weir__op_upsample_nearest2d_input = {
    .row = WEIR_OP_ROW("op.upsample_nearest2d_input", "the gradient of upsample_nearest2d"),
    .n_in = 1,
    .n_out = 1,
    .attr_size = sizeof(weir__resized),
    .infer = weir__resize_infer,
    .forward = upsample_input_forward,
    .backward = upsample_input_backward,
    .cases = upsample_input_cases,
    .order = WEIR_ORDER_CHANNELS_LAST
};
