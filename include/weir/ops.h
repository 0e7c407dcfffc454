/* weir/ops.h - what can be done with tensors. Each call is one op (a row, listed by `weir list op`)
 * or a short composition.
 *
 *     weir_tensor *x = weir_randn(c, WEIR_F32, 2, (const int64_t[]){ 5, 2 });
 *     weir_tensor *y = weir_ones(c, WEIR_F32, 2, (const int64_t[]){ 5, 3 });
 *     weir_tensor *w = weir_randn(c, WEIR_F32, 2, (const int64_t[]){ 3, 2 });
 *     weir_tensor *b = weir_zeros(c, WEIR_F32, 1, (const int64_t[]){ 3 });
 *     weir_tensor *h = weir_relu(weir_linear(x, w, b));
 *     weir_tensor *loss = weir_mean(weir_square(weir_sub(h, y)));
 *     printf("%g\n", weir_item(loss));
 *
 * This header brings the ops by subject: weir/image.h, weir/linear_algebra.h and
 * weir/transformer.h.
 *
 * Results live in the current scope of the youngest context among the inputs. Inputs broadcast as
 * in NumPy. Errors name the op and the shapes. Unless a line says otherwise every op is
 * differentiable to any order in its floating inputs. */
#ifndef WEIR_OPS_H
#define WEIR_OPS_H
#include "weir/image.h"
#include "weir/linear_algebra.h"
#include "weir/tensor.h"
#include "weir/transformer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* -- arithmetic -------------------------------------------------------------------------------- */
/* Sums, differences, products, extremes, negatives and magnitudes are also of two i64: what does
 * not fit 64 bits wraps. Of two bool a sum and maximum is `or`, a product and minimum `and`. Two
 * types never mix: weir_cast converts. */
WEIR_API weir_tensor *weir_add(weir_tensor *a, weir_tensor *b);
WEIR_API weir_tensor *weir_sub(weir_tensor *a, weir_tensor *b);
WEIR_API weir_tensor *weir_mul(weir_tensor *a, weir_tensor *b);
WEIR_API weir_tensor *weir_div(weir_tensor *a, weir_tensor *b); /* i64: an error that says so */
/* a / b of i64 rounded towards minus infinity, and a - b of that, which has b's sign: PyTorch's
 * floor_divide and remainder. A divisor 0 is an error; the least number by -1 wraps. */
WEIR_API weir_tensor *weir_floor_divide(weir_tensor *a, weir_tensor *b);
WEIR_API weir_tensor *weir_remainder(weir_tensor *a, weir_tensor *b);
/* gradient to the larger, halves where equal; NaN if either is */
WEIR_API weir_tensor *weir_maximum(weir_tensor *a, weir_tensor *b);
WEIR_API weir_tensor *weir_minimum(weir_tensor *a, weir_tensor *b);
WEIR_API weir_tensor *weir_affine(weir_tensor *x, double scale, double shift); /* scale x + shift */
WEIR_API weir_tensor *weir_scale(weir_tensor *x, double scale);
WEIR_API weir_tensor *weir_neg(weir_tensor *x);
WEIR_API weir_tensor *weir_abs(weir_tensor *x); /* gradient 0 at 0 */
WEIR_API weir_tensor *weir_sign(weir_tensor *x); /* gradient 0 everywhere */
WEIR_API weir_tensor *weir_square(weir_tensor *x);
WEIR_API weir_tensor *weir_sqrt(weir_tensor *x);
WEIR_API weir_tensor *weir_rsqrt(weir_tensor *x); /* 1 / sqrt(x) */
WEIR_API weir_tensor *weir_reciprocal(weir_tensor *x);
WEIR_API weir_tensor *weir_floor(weir_tensor *x); /* gradient 0 */
/* x within [lo, hi], lo <= hi, either may be infinite; gradient 1 inside and at the bounds, 0
 * outside; NaN stays NaN. */
WEIR_API weir_tensor *weir_clamp(weir_tensor *x, double lo, double hi);
/* a^b. 0^0 is 1; for b the gradient is 0 at a = 0 <= b and NaN where a is negative, for a it is 0
 * at b = 0. */
WEIR_API weir_tensor *weir_pow(weir_tensor *a, weir_tensor *b);
WEIR_API weir_tensor *weir_pow_scalar(weir_tensor *x, double p); /* x^p */

/* -- elementary functions ---------------------------------------------------------------------- */
WEIR_API weir_tensor *weir_exp(weir_tensor *x);
WEIR_API weir_tensor *weir_expm1(weir_tensor *x); /* exp(x) - 1, exact near 0 */
WEIR_API weir_tensor *weir_log(weir_tensor *x);
WEIR_API weir_tensor *weir_log1p(weir_tensor *x); /* log(1 + x), exact near 0 */
/* 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x */
WEIR_API weir_tensor *weir_erf(weir_tensor *x);
WEIR_API weir_tensor *weir_sin(weir_tensor *x);
WEIR_API weir_tensor *weir_cos(weir_tensor *x);
WEIR_API weir_tensor *weir_atan(weir_tensor *x); /* inverse tangent, in [-pi/2, pi/2] */
WEIR_API weir_tensor *weir_tanh(weir_tensor *x);
WEIR_API weir_tensor *weir_sigmoid(weir_tensor *x); /* 1 / (1 + exp(-x)) */
WEIR_API weir_tensor *weir_softplus(weir_tensor *x); /* log(1 + exp(x)), without overflow */
WEIR_API weir_tensor *weir_relu(weir_tensor *x); /* max(x, 0); gradient 0 at 0; NaN stays NaN */

/* -- activations; x = -inf gives NaN where x times 0 does, as in PyTorch ----------------------- */
WEIR_API weir_tensor *weir_silu(weir_tensor *x); /* x sigmoid(x) */
WEIR_API weir_tensor *weir_gelu(weir_tensor *x); /* x Phi(x) = x (1 + erf(x / sqrt(2))) / 2 */
/* x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 */
WEIR_API weir_tensor *weir_gelu_tanh(weir_tensor *x);
WEIR_API weir_tensor *weir_quick_gelu(weir_tensor *x); /* x sigmoid(1.702 x) */
WEIR_API weir_tensor *weir_logsigmoid(weir_tensor *x); /* -log(1 + exp(-x)), without overflow */
/* x > 0 ? x : slope x; gradient slope at 0 */
WEIR_API weir_tensor *weir_leaky_relu(weir_tensor *x, double slope);
/* x > 0 ? x : alpha (exp(x) - 1); gradient alpha at 0 */
WEIR_API weir_tensor *weir_elu(weir_tensor *x, double alpha);
/* 1.0507 elu(x, 1.6733): Klambauer et al. 2017, activations that normalise themselves */
WEIR_API weir_tensor *weir_selu(weir_tensor *x);

/* -- comparisons (bool, no gradient) and choice ------------------------------------------------ */
/* of f32, f64, i64 and bool, false before true */
WEIR_API weir_tensor *weir_eq(weir_tensor *a, weir_tensor *b);
WEIR_API weir_tensor *weir_ne(weir_tensor *a, weir_tensor *b);
WEIR_API weir_tensor *weir_lt(weir_tensor *a, weir_tensor *b);
WEIR_API weir_tensor *weir_le(weir_tensor *a, weir_tensor *b);
WEIR_API weir_tensor *weir_gt(weir_tensor *a, weir_tensor *b);
WEIR_API weir_tensor *weir_ge(weir_tensor *a, weir_tensor *b);
/* test ? a : b; test is bool, a and b of one type, any */
WEIR_API weir_tensor *weir_where(weir_tensor *test, weir_tensor *a, weir_tensor *b);
/* mask ? value : x; mask is bool and broadcasts to x */
WEIR_API weir_tensor *weir_masked_fill(weir_tensor *x, weir_tensor *mask, double value);

/* -- sums -------------------------------------------------------------------------------------- */
/* Of f32, blocks of 512 numbers are added in 16 lanes of f32, and the blocks in double: at most 36
 * 2^-24 of the sum of magnitudes away from the exact sum, and about 2^-24 in practice. Sums of i64,
 * which wrap, and of bool, which count, are i64. */
WEIR_API weir_tensor *weir_sum(weir_tensor *x); /* of all, 0-d */
WEIR_API weir_tensor *weir_mean(weir_tensor *x); /* of all, 0-d; NaN for an empty tensor */
/* Over the named axes (negative from the end); kept as extent 1 when `keep`. n_axes 0 sums
 * nothing. */
WEIR_API weir_tensor *weir_sum_axes(weir_tensor *x, int n_axes, const int *axes, bool keep);
WEIR_API weir_tensor *weir_mean_axes(weir_tensor *x, int n_axes, const int *axes, bool keep);
/* All axes but the first: [B, ...] -> [B]; the per-sample sum. */
WEIR_API weir_tensor *weir_sum_samples(weir_tensor *x);
/* Sums broadcast axes away until the shape is `shape` (what the gradient of a broadcast does). */
WEIR_API weir_tensor *weir_sum_to(weir_tensor *x, int ndim, const int64_t *shape);

/* -- extremes, spread and running sums along axes ---------------------------------------------- */
/* The largest (smallest) over all, or over the named axes, none of them empty; NaN if there is one.
 * The gradient is split evenly among equals, as torch.amax does. Of i64 and bool too. */
WEIR_API weir_tensor *weir_amax(weir_tensor *x);
WEIR_API weir_tensor *weir_amin(weir_tensor *x);
WEIR_API weir_tensor *weir_amax_axes(weir_tensor *x, int n_axes, const int *axes, bool keep);
WEIR_API weir_tensor *weir_amin_axes(weir_tensor *x, int n_axes, const int *axes, bool keep);
/* sum (x - mean)^2 / (n - correction) over n elements: correction 1 is the unbiased estimate
 * (PyTorch's default), 0 the plain mean. NaN or infinite where n <= correction. */
WEIR_API weir_tensor *weir_var(weir_tensor *x, int correction);
WEIR_API weir_tensor *weir_var_axes(weir_tensor *x, int n_axes, const int *axes, int correction,
                                    bool keep);
/* log sum exp(x) along an axis, without overflow; -inf where all are -inf (or there are none), +inf
 * where one is. */
WEIR_API weir_tensor *weir_logsumexp(weir_tensor *x, int axis, bool keep);
/* exp(x) / sum exp(x) along an axis, without overflow. -inf gives 0; a line all of -inf, or with
 * +inf or NaN in it, is all NaN. */
WEIR_API weir_tensor *weir_softmax(weir_tensor *x, int axis);
/* x - logsumexp(x); -inf stays -inf, NaN lines as above */
WEIR_API weir_tensor *weir_log_softmax(weir_tensor *x, int axis);
/* y[i] = x[0] + .. + x[i] along an axis, summed in double; of i64, where it wraps, and of bool,
 * where it counts, in i64 */
WEIR_API weir_tensor *weir_cumsum(weir_tensor *x, int axis);

/* -- products ---------------------------------------------------------------------------------- */
/* [.., m, k] x [.., k, n] -> [.., m, n]; leading axes broadcast; row i of the result depends on row
 * i of `a` alone, to the bit. */
WEIR_API weir_tensor *weir_matmul(weir_tensor *a, weir_tensor *b);
/* x w^T + b: x [.., in], w [out, in], b [out] or NULL -> [.., out], as PyTorch's nn.Linear. */
WEIR_API weir_tensor *weir_linear(weir_tensor *x, weir_tensor *w, weir_tensor *b);
/* relu(weir_linear(x, w, b)) in one pass. */
WEIR_API weir_tensor *weir_linear_relu(weir_tensor *x, weir_tensor *w, weir_tensor *b);
/* f(weir_linear(x, w, b)), to the bit, as one op that keeps f's slope for backward. Layers in
 * sequence use it of themselves, or are one op altogether. */
typedef enum weir_act {
    WEIR_ACT_NONE,
    WEIR_ACT_RELU,
    WEIR_ACT_TANH,
    WEIR_ACT_SIGMOID,
    WEIR_ACT_SOFTPLUS,
    WEIR_ACT_SILU,
    WEIR_ACT_GELU,
    WEIR_ACT_GELU_TANH,
    WEIR_ACT_QUICK_GELU
} weir_act;
WEIR_API weir_tensor *weir_linear_act(weir_tensor *x, weir_tensor *w, weir_tensor *b, weir_act f);
/* a f(b) of the halves a, b of x along an axis of even extent, f from WEIR_ACT_TANH on: GEGLU with
 * gelu, SwiGLU with silu (Shazeer 2020), the gate behind as in diffusers. */
WEIR_API weir_tensor *weir_gated(weir_tensor *x, int axis, weir_act f);
WEIR_API weir_tensor *weir_glu(weir_tensor *x, int axis); /* a sigmoid(b): Dauphin et al. 2017 */

/* softmax(scale q k^T + mask) v along the last two axes: q [.., L, E], k [.., S, E], v [.., S, F]
 * -> [.., L, F], leading axes (batch, heads) broadcast; scale NAN: 1 / sqrt(E). `mask` (NULL: none)
 * broadcasts to [.., L, S]: bool, true where a key is seen, or a number to add; causal: row i sees
 * keys 0 to i. A row that sees none is 0. The matrix of scores is never in memory as a whole, but
 * where gradients are themselves recorded, or are asked for the mask. */
WEIR_API weir_tensor *weir_scaled_dot_product_attention(weir_tensor *q, weir_tensor *k,
                                                        weir_tensor *v, weir_tensor *mask,
                                                        bool causal, double scale);

/* -- normalisation ----------------------------------------------------------------------------- */
/* h w + b, h = (x - mean) / sqrt(variance + eps), variance not unbiased; w, b NULL: 1, 0. Means and
 * variances take two passes, the second one over x - mean. */
/* Over the last `axes` axes of each sample, whose shape w and b have (Ba, Kiros & Hinton 2016). */
WEIR_API weir_tensor *weir_layer_norm(weir_tensor *x, int axes, weir_tensor *w, weir_tensor *b,
                                      double eps);
/* x w / sqrt(mean(x^2) + eps) over the last `axes` axes (Zhang & Sennrich 2019). */
WEIR_API weir_tensor *weir_rms_norm(weir_tensor *x, int axes, weir_tensor *w, double eps);
/* x [B, C, ..]: each sample over C / groups channels and all places; w, b [C] (Wu & He 2018). */
WEIR_API weir_tensor *weir_group_norm(weir_tensor *x, int64_t groups, weir_tensor *w,
                                      weir_tensor *b, double eps);
/* weir_silu of that, to the bit, in one pass that keeps nothing more. Modules in sequence use it of
 * themselves. */
WEIR_API weir_tensor *weir_group_norm_silu(weir_tensor *x, int64_t groups, weir_tensor *w,
                                           weir_tensor *b, double eps);
/* x [B, C, ..], w, b [C]: each channel over the batch and all places while training (so samples
 * depend on each other), else by the running mean and variance [C] (Ioffe & Szegedy 2015). Training
 * also moves the running ones, in place, by `momentum` (0 to 1) of the way to the batch's mean and
 * unbiased variance; both may be NULL: the batch's are used always. In a step of several shards
 * each shard sees its own samples, and the running statistics follow shard 0. */
WEIR_API weir_tensor *weir_batch_norm(weir_tensor *x, weir_tensor *running_mean,
                                      weir_tensor *running_var, weir_tensor *w, weir_tensor *b,
                                      bool training, double momentum, double eps);

/* -- shapes: views where strides allow --------------------------------------------------------- */
/* logical order; one extent may be -1; copies when it must */
WEIR_API weir_tensor *weir_reshape(weir_tensor *x, int ndim, const int64_t *shape);
/* the same, but fails instead of copying */
WEIR_API weir_tensor *weir_view(weir_tensor *x, int ndim, const int64_t *shape);
WEIR_API weir_tensor *weir_flatten(weir_tensor *x); /* [B, ...] -> [B, rest] */
WEIR_API weir_tensor *weir_permute(weir_tensor *x, const int *axes);
WEIR_API weir_tensor *weir_transpose(weir_tensor *x, int a, int b);
/* broadcast without a copy */
WEIR_API weir_tensor *weir_expand(weir_tensor *x, int ndim, const int64_t *shape);
/* x[start : stop : step] along an axis, Python's rules: negative counts from the end, out of range
 * is cut; step >= 1. */
WEIR_API weir_tensor *weir_slice(weir_tensor *x, int axis, int64_t start, int64_t stop,
                                 int64_t step);
WEIR_API weir_tensor *weir_contiguous(weir_tensor *x); /* itself when dense */
WEIR_API weir_tensor *weir_cat(int n, weir_tensor *const *x, int axis);
/* The tensor of shape `like` extents along axis with x in places start, start+step, ... and 0
 * elsewhere: the adjoint of slice. */
WEIR_API weir_tensor *weir_slice_scatter(weir_tensor *x, int axis, int64_t start, int64_t step,
                                         int64_t extent);
/* Interleaves along the last axis: out[.., 2i] = even[.., i], out[.., 2i+1] = odd[.., i]. */
WEIR_API weir_tensor *weir_interleave(weir_tensor *even, weir_tensor *odd);
/* index: i64, 1-d */
WEIR_API weir_tensor *weir_index_select(weir_tensor *x, int axis, weir_tensor *index);
/* zeros of extent `extent` along axis, with x added at `index`: the adjoint of index_select.
 * Repeated indices add in order. */
WEIR_API weir_tensor *weir_index_add(weir_tensor *x, int axis, weir_tensor *index, int64_t extent);
/* Elements converted, to fewer bits rounding to nearest even, once. To integers: truncated, NaN to
 * 0, wrapped where i32 or u8 are too small; to bool: whether not 0. Differentiable between f32 and
 * f64; the other types carry no gradient. */
WEIR_API weir_tensor *weir_cast(weir_tensor *x, weir_dtype t);

/* -- axes, pieces, order ----------------------------------------------------------------------- */
/* a new axis of extent 1 at `axis` of the result */
WEIR_API weir_tensor *weir_unsqueeze(weir_tensor *x, int axis);
/* without an axis of extent 1 */
WEIR_API weir_tensor *weir_squeeze(weir_tensor *x, int axis);
/* x[.., index, ..] without the axis; negative from the end */
WEIR_API weir_tensor *weir_select(weir_tensor *x, int axis, int64_t index);
/* equal shapes side by side along a new axis */
WEIR_API weir_tensor *weir_stack(int n, weir_tensor *const *x, int axis);
/* Views of n pieces along an axis, of the sizes given, which sum to its extent; false, and nil in
 * `out`, where that is not so. Their gradients are written side by side, once. */
WEIR_API bool weir_split(weir_tensor *x, int axis, int n, const int64_t *sizes, weir_tensor **out);
/* Views of at most n pieces of equal extent, the last one maybe smaller; returns how many
 * (PyTorch's rule: 5 in 4 is 2, 2, 1). The rest of out[n] is nil. */
WEIR_API int weir_chunk(weir_tensor *x, int axis, int n, weir_tensor **out);
/* reverse order along each; copies */
WEIR_API weir_tensor *weir_flip(weir_tensor *x, int n_axes, const int *axes);
/* y[(i + by) mod extent] = x[i] along each axis, as torch.roll; copies */
WEIR_API weir_tensor *weir_roll(weir_tensor *x, int n_axes, const int64_t *by, const int *axes);
/* Places before and after x, pads[0], pads[1] along the last axis, pads[2], pads[3] along the one
 * before, ..: filled with `value`, or with x mirrored without repeating the edge, or with the edge
 * repeated. Negative ones cut off. */
WEIR_API weir_tensor *weir_pad(weir_tensor *x, int n_axes, const int64_t *pads, double value);
WEIR_API weir_tensor *weir_pad_reflect(weir_tensor *x, int n_axes, const int64_t *pads);
WEIR_API weir_tensor *weir_pad_replicate(weir_tensor *x, int n_axes, const int64_t *pads);

/* -- by index: i64, within bounds (no negative ones), as in PyTorch ---------------------------- */
/* y[.., i, ..] = x[.., index[.., i, ..], ..] along an axis; y has the index's shape, which may be
 * shorter than x along the others. */
WEIR_API weir_tensor *weir_gather(weir_tensor *x, int axis, weir_tensor *index);
/* x with from[.., i, ..] added at [.., index[.., i, ..], ..]: the adjoint of gather. Repeated
 * places add in order; `from` is no smaller than the index, and what the index does not reach is
 * left out. */
WEIR_API weir_tensor *weir_scatter_add(weir_tensor *x, int axis, weir_tensor *index,
                                       weir_tensor *from);
/* The same, but put there: of repeated places the last one stays, and the others' gradient is 0. */
WEIR_API weir_tensor *weir_scatter(weir_tensor *x, int axis, weir_tensor *index, weir_tensor *from);
/* For each x the number of sorted values below it, or with `right` not above it: i64. sorted [..,
 * n] rises along its last axis, x [.., m]; or sorted [n] for any x. NaN is above all. */
WEIR_API weir_tensor *weir_searchsorted(weir_tensor *sorted, weir_tensor *x, bool right);
/* Rows of a table [rows, width] -> [index's shape, width]. Rows of `padding_index` get no gradient;
 * negative: all do. */
WEIR_API weir_tensor *weir_embedding(weir_tensor *table, weir_tensor *index, int64_t padding_index);
/* [index's shape, classes], 1 where the last place is the index and 0 elsewhere. No gradient. */
WEIR_API weir_tensor *weir_one_hot(weir_tensor *index, weir_dtype t, int64_t classes);
/* x [.., n, m] with 0 above (below) diagonal k; 0 is the main one, positive ones lie above it. */
WEIR_API weir_tensor *weir_tril(weir_tensor *x, int64_t k);
WEIR_API weir_tensor *weir_triu(weir_tensor *x, int64_t k);
/* The first place of the largest (smallest) along an axis, i64; NaN counts as the largest, and as
 * the smallest. Of i64 and bool too, false before true. */
WEIR_API weir_tensor *weir_argmax(weir_tensor *x, int axis, bool keep);
WEIR_API weir_tensor *weir_argmin(weir_tensor *x, int axis, bool keep);
/* The values there, and the places (`index` may be NULL). The gradient goes to that one place;
 * weir_amax splits it among equals. */
WEIR_API weir_tensor *weir_max_axis(weir_tensor *x, int axis, bool keep, weir_tensor **index);
WEIR_API weir_tensor *weir_min_axis(weir_tensor *x, int axis, bool keep, weir_tensor **index);

/* -- losses, as torch.nn.functional defines them ----------------------------------------------- */
/* a value each; over all, 0-d */
typedef enum weir_reduction { WEIR_REDUCE_NONE, WEIR_REDUCE_MEAN, WEIR_REDUCE_SUM } weir_reduction;
/* Of two tensors of one shape (no broadcasting: it hides mistakes). The mean of nothing is NaN. */
/* (x - y)^2 */
WEIR_API weir_tensor *weir_mse_loss(weir_tensor *x, weir_tensor *y, weir_reduction r);
WEIR_API weir_tensor *weir_l1_loss(weir_tensor *x, weir_tensor *y, weir_reduction r); /* |x - y| */
/* With d = x - y: d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2). */
WEIR_API weir_tensor *weir_huber_loss(weir_tensor *x, weir_tensor *y, double delta,
                                      weir_reduction r);
/* huber_loss / beta; l1_loss for 0 */
WEIR_API weir_tensor *weir_smooth_l1_loss(weir_tensor *x, weir_tensor *y, double beta,
                                          weir_reduction r);
/* - w y log s(x) - (1 - y) log(1 - s(x)) of logits x and probabilities y, s the sigmoid, without
 * overflow; w = pos_weight (which broadcasts), 1 where NULL. */
WEIR_API weir_tensor *weir_bce_with_logits(weir_tensor *x, weir_tensor *y, weir_tensor *pos_weight,
                                           weir_reduction r);

typedef struct weir_cross_entropy_opts {
    size_t size;
    weir_reduction reduction; /* mean: sum over the places' weights */
    weir_tensor *weight; /* [classes] or NULL: 1 */
    /* e in [0, 1]: the class's share is 1 - e, and e / classes for each */
    double label_smoothing;
    int64_t ignore_index; /* such places give 0 and do not count; -100 */
} weir_cross_entropy_opts;
/* mean, no weights, 0, -100 */
WEIR_API void weir_cross_entropy_defaults_sized(weir_cross_entropy_opts *o, size_t size);
WEIR_DEFAULTS(weir_cross_entropy_opts, weir_cross_entropy_defaults)
/* - w log softmax(x)[class]: x [N, classes, ..] and i64 classes [N, ..], or [classes] and [].
 * Options NULL: the defaults. The mean is NaN where no place counts. */
WEIR_API weir_tensor *weir_cross_entropy(weir_tensor *x, weir_tensor *target,
                                         const weir_cross_entropy_opts *options);
/* of log-probabilities */
WEIR_API weir_tensor *weir_nll_loss(weir_tensor *log_p, weir_tensor *target,
                                    const weir_cross_entropy_opts *options);

/* -- random draws ------------------------------------------------------------------------------ */
/* Axis 0 is samples: element bits depend on (seed, stream, step, draw, sample id, place in the
 * sample) alone. */
/* uniform on [0, 1) */
WEIR_API weir_tensor *weir_rand(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape);
/* standard normal */
WEIR_API weir_tensor *weir_randn(weir_ctx *c, weir_dtype t, int ndim, const int64_t *shape);
/* While training, each element of x is 0 with probability p and x / (1 - p) otherwise (axis 0
 * samples, as above); else x itself. */
WEIR_API weir_tensor *weir_dropout(weir_tensor *x, double p, bool training);

#ifdef __cplusplus
}
#endif
#endif
