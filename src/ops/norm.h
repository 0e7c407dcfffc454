/* norm.h - what the normalisations share: norm.c runs the kernels for each row's view of x as
 * [batch, channels, run]. */
#ifndef WEIR_OPS_NORM_H
#define WEIR_OPS_NORM_H
#include "ops/ops.h"

/* Inputs are x, then w and b where there are any. w and b have the shape of the last `axes` axes,
 * or are [channels] of axis 1 (axes 0). */
typedef struct weir__norm_attr {
    int axes;
    int64_t groups;
    double eps;
    bool weight, bias;
    bool silu; /* of h w + b */
} weir__norm_attr;

/* How a row sees x: batch, channels, run, groups, centred. */
typedef weir__norm weir__norm_layout(const weir_spec *x, const weir__norm_attr *a);
weir__norm weir__norm_trailing(
    const weir_spec *x,
    const weir__norm_attr *a); /* one group of the last axes: layer and RMS norm */
weir__norm weir__norm_channels(const weir_spec *x,
                               const weir__norm_attr *a); /* x [B, C, ..] in `groups` */

/* out[0] like x, out[1] the statistics, f64. */
bool weir__norm_infer(weir_call *k, weir__norm_layout *layout);
void weir__norm_op_forward(weir_call *k, weir__norm_layout *layout);
void weir__norm_op_backward(weir_vjp *v, weir__norm_layout *layout);
/* Fills x and y and their order, and w and b from the inputs from `first` on. */
void weir__norm_operands(weir_call *k, weir__norm *o, int first);

/* For references: w and b as shapes that broadcast with x. f(h w + b). */
weir_tensor *weir__norm_affine(weir_tensor *h, weir_tensor *const *wb, const weir__norm_attr *a);
/* h of x over axes, in plain ops. */
weir_tensor *weir__norm_plain(weir_tensor *x, int n_axes, const int *axes, bool centred,
                              double eps);
/* Dense inputs and one apply. */
weir_tensor *weir__norm_apply_op(const weir_op *op, weir_tensor *x, weir_tensor *w, weir_tensor *b,
                                 weir__norm_attr a, weir_tensor **out);

#endif
