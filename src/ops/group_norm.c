/* group_norm.c - group normalisation (Wu & He 2018): statistics of a sample over a group of
 * channels and all places. */
#include "ops/norm.h"

static bool group_norm_infer(weir_call *k)
{
    if (((const weir__norm_attr *)k->attr)->groups < 1)
        return weir_call_fail(k, WEIR_ERROR_RANGE, "%lld groups: expected at least one",
                              (long long)((const weir__norm_attr *)k->attr)->groups);
    return weir__norm_infer(k, weir__norm_channels);
}

static void group_norm_forward(weir_call *k) { weir__norm_op_forward(k, weir__norm_channels); }
static void group_norm_backward(weir_vjp *v) { weir__norm_op_backward(v, weir__norm_channels); }

static weir_tensor *group_norm_plain(weir_tensor *const *in, int n_in, const void *attr)
{
    const weir__norm_attr *a = attr;
    weir_tensor *x = in[0];
    int64_t size = a->groups && x->shape[0] ? x->numel / (a->groups * x->shape[0]) : 0;
    weir_tensor *rows = weir_reshape(x, 3, (const int64_t[]){ x->shape[0], a->groups, size });
    weir_tensor *h = weir__norm_plain(rows, 1, (const int[]){ 2 }, true, a->eps);
    (void)n_in;
    return weir__norm_affine(weir_reshape(h, x->ndim, x->shape), in + 1, a);
}

static weir_tensor *call_one(weir_tensor **x) { return weir_group_norm(x[0], 1, NULL, NULL, 0.1); }
static weir_tensor *group_norm_call_two(weir_tensor **x)
{
    return weir_group_norm(x[0], 2, x[1], x[2], 0.1);
}
static weir_tensor *group_norm_call_weight(weir_tensor **x)
{
    return weir_group_norm(x[0], 3, x[1], NULL, 0.1);
}
static const weir_op_case cases[] = { { "2,3", call_one },
                                      { "3,6 6 6", group_norm_call_two },
                                      { "2,4,5 4 4", group_norm_call_two },
                                      { "2,6,2,3 6", group_norm_call_weight },
                                      { "2,4,1,17 4 4", group_norm_call_two },
                                      { "0,4,2 4 4", group_norm_call_two },
                                      { NULL, NULL } };
const weir_op weir__op_group_norm = {
    .row = WEIR_OP_ROW("op.group_norm",
                       "h w + b by channel, h normalised over groups of channels of a sample"),
    .n_in = -1,
    .most_in = 3,
    .n_out = 2,
    .save_in = ~0u,
    .save_out = 2,
    .attr_size = sizeof(weir__norm_attr),
    .order = WEIR_ORDER_KEEP,
    .infer = group_norm_infer,
    .forward = group_norm_forward,
    .backward = group_norm_backward,
    .reference = group_norm_plain,
    .cases = cases
};

weir_tensor *weir_group_norm(weir_tensor *x, int64_t groups, weir_tensor *w, weir_tensor *b,
                             double eps)
{
    return weir__norm_apply_op(&weir__op_group_norm, x, w, b,
                               (weir__norm_attr){ .groups = groups, .eps = eps }, NULL);
}

/* -- with SiLU -------------------------------------------------------------------------------- */
static weir_tensor *call_silu(weir_tensor **x)
{
    return weir_group_norm_silu(x[0], 2, x[1], x[2], 0.1);
}
static weir_tensor *call_silu_bare(weir_tensor **x)
{
    return weir_group_norm_silu(x[0], 1, NULL, NULL, 0.1);
}
static const weir_op_case silu_cases[] = {
    { "2,4,2,3 4 4", call_silu }, { "3,6 6 6", call_silu }, { "2,5", call_silu_bare },
    { "0,4,2 4 4", call_silu },   { NULL, NULL },
};
const weir_op weir__op_group_norm_silu = {
    .row = WEIR_OP_ROW("op.group_norm_silu", "silu of group_norm, in one pass"),
    .n_in = -1,
    .most_in = 3,
    .n_out = 2,
    .save_in = ~0u,
    .save_out = 2,
    .attr_size = sizeof(weir__norm_attr),
    .order = WEIR_ORDER_KEEP,
    .infer = group_norm_infer,
    .forward = group_norm_forward,
    .backward = group_norm_backward,
    .reference = group_norm_plain,
    .cases = silu_cases,
};

weir_tensor *weir_group_norm_silu(weir_tensor *x, int64_t groups, weir_tensor *w, weir_tensor *b,
                                  double eps)
{
    return weir__norm_apply_op(&weir__op_group_norm_silu, x, w, b,
                               (weir__norm_attr){ .groups = groups, .eps = eps, .silu = true },
                               NULL);
}
