/* layer_norm.c - layer normalisation (Ba, Kiros & Hinton 2016) and RMS normalisation (Zhang &
 * Sennrich 2019) over the last axes. */
#include "ops/norm.h"

static weir__norm rms_layout(const weir_spec *x, const weir__norm_attr *a)
{
    weir__norm o = weir__norm_trailing(x, a);
    o.centred = false;
    return o;
}

static weir_tensor *layer_norm_plain(weir_tensor *const *in, const weir__norm_attr *a, bool centred)
{
    int axes[WEIR_RANK_MAX];
    for (int i = 0; i < a->axes; i++) axes[i] = i - a->axes;
    return weir__norm_affine(weir__norm_plain(in[0], a->axes, axes, centred, a->eps), in + 1, a);
}

/* -- layer_norm -------------------------------------------------------------------------------- */
static bool layer_infer(weir_call *k) { return weir__norm_infer(k, weir__norm_trailing); }
static void layer_forward(weir_call *k) { weir__norm_op_forward(k, weir__norm_trailing); }
static void layer_backward(weir_vjp *v) { weir__norm_op_backward(v, weir__norm_trailing); }
static weir_tensor *layer_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    (void)n_in;
    return layer_norm_plain(in, attr, true);
}
static weir_tensor *layer_bare(weir_tensor **x)
{
    return weir_layer_norm(x[0], 1, NULL, NULL, 0.1);
}
static weir_tensor *layer_weight(weir_tensor **x)
{
    return weir_layer_norm(x[0], 1, x[1], NULL, 0.1);
}
static weir_tensor *layer_bias(weir_tensor **x)
{
    return weir_layer_norm(x[0], 1, NULL, x[1], 0.1);
}
static weir_tensor *layer_both(weir_tensor **x)
{
    return weir_layer_norm(x[0], 1, x[1], x[2], 0.1);
}
static weir_tensor *layer_two(weir_tensor **x) { return weir_layer_norm(x[0], 2, x[1], x[2], 0.1); }
static const weir_op_case layer_cases[] = {
    { "3,5", layer_bare },          { "2,3,4 4", layer_weight },
    { "3,4 4", layer_bias },        { "3,19 19 19", layer_both },
    { "2,3,4 3,4 3,4", layer_two }, { "3,1 1 1", layer_both },
    { "4 4 4", layer_both },        { "0,4 4 4", layer_both },
    { "2,0 0 0", layer_both },      { NULL, NULL }
};
const weir_op weir__op_layer_norm = {
    .row = WEIR_OP_ROW("op.layer_norm",
                       "h w + b, h = (x - mean) / sqrt(variance + eps) over the last axes"),
    .n_in = -1,
    .most_in = 3,
    .n_out = 2,
    .save_in = ~0u,
    .save_out = 2,
    .attr_size = sizeof(weir__norm_attr),
    .infer = layer_infer,
    .forward = layer_forward,
    .backward = layer_backward,
    .reference = layer_plain,
    .cases = layer_cases
};

weir_tensor *weir_layer_norm(weir_tensor *x, int axes, weir_tensor *w, weir_tensor *b, double eps)
{
    return weir__norm_apply_op(&weir__op_layer_norm, x, w, b,
                               (weir__norm_attr){ .axes = axes > 0 ? axes : -1, .eps = eps }, NULL);
}

/* -- rms_norm ---------------------------------------------------------------------------------- */
static bool rms_infer(weir_call *k) { return weir__norm_infer(k, rms_layout); }
static void rms_forward(weir_call *k) { weir__norm_op_forward(k, rms_layout); }
static void rms_backward(weir_vjp *v) { weir__norm_op_backward(v, rms_layout); }
static weir_tensor *rms_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    (void)n_in;
    return layer_norm_plain(in, attr, false);
}
static weir_tensor *rms_bare(weir_tensor **x) { return weir_rms_norm(x[0], 1, NULL, 0.1); }
static weir_tensor *rms_weight(weir_tensor **x) { return weir_rms_norm(x[0], 1, x[1], 0.1); }
static weir_tensor *rms_two(weir_tensor **x) { return weir_rms_norm(x[0], 2, x[1], 0.1); }
static const weir_op_case rms_cases[] = { { "3,5", rms_bare },      { "3,19 19", rms_weight },
                                          { "2,3,4 3,4", rms_two }, { "3,1 1", rms_weight },
                                          { "0,4 4", rms_weight },  { NULL, NULL } };
const weir_op weir__op_rms_norm = {
    .row = WEIR_OP_ROW("op.rms_norm", "x w / sqrt(mean(x^2) + eps) over the last axes"),
    .n_in = -1,
    .most_in = 2,
    .n_out = 2,
    .save_in = ~0u,
    .save_out = 2,
    .attr_size = sizeof(weir__norm_attr),
    .infer = rms_infer,
    .forward = rms_forward,
    .backward = rms_backward,
    .reference = rms_plain,
    .cases = rms_cases
};

weir_tensor *weir_rms_norm(weir_tensor *x, int axes, weir_tensor *w, double eps)
{
    return weir__norm_apply_op(&weir__op_rms_norm, x, w, NULL,
                               (weir__norm_attr){ .axes = axes > 0 ? axes : -1, .eps = eps }, NULL);
}
