/* ops.h - the inside of the ops room: the list of rows and what its files share. */
#ifndef WEIR_OPS_INTERNAL_H
#define WEIR_OPS_INTERNAL_H
#include "grad/grad.h"
#include "kern/kern.h"
#include "weir/condition.h"
#include "weir/ops.h"

/* Every op, in the order of the listing: op.add is weir__op_add, and so on. */
#define WEIR__OP_LIST(F) \
    F(add) F(sub) F(mul) F(div) F(floor_divide) F(remainder) F(maximum) F(minimum) F(affine) \
    F(neg) F(abs) F(sign) F(square) F(sqrt) F(reciprocal) F(exp) F(expm1) F(log) F(log1p) \
    F(rsqrt) F(erf) F(sin) F(cos) F(atan) F(tanh) F(sigmoid) F(softplus) F(relu) F(silu) \
    F(gelu) F(gelu_tanh) F(quick_gelu) F(glu) F(logsigmoid) F(leaky_relu) F(elu) F(clamp) F(pow) \
    F(pow_scalar) F(floor) F(relu_backward) F(tanh_backward) F(sigmoid_backward) F(eq) F(ne) \
    F(lt) F(le) F(gt) F(ge) F(where) F(sum) F(amax) F(softmax) F(log_softmax) F(logsumexp) \
    F(cumsum) F(matmul) F(linear) F(linear_act) F(mlp) F(view) F(permute) F(expand) F(slice) \
    F(split) F(contiguous) F(slice_scatter) F(cat) F(interleave) F(index_select) F(index_add) \
    F(cast) F(rand) F(randn) F(flip) F(roll) F(pad) F(pad_edge) F(pad_edge_add) F(gather) \
    F(scatter) F(scatter_add) F(masked_fill) F(searchsorted) F(argmax) F(embedding) F(dropout) \
    F(layer_norm) F(rms_norm) F(group_norm) F(group_norm_silu) F(batch_norm) F(batch_norm_eval) \
    F(scaled_dot_product_attention) F(conv2d) F(conv2d_input) F(conv2d_weight) F(max_pool2d) \
    F(pool_gather) F(pool_scatter) F(avg_pool2d) F(avg_pool2d_input) F(upsample_nearest2d) \
    F(upsample_nearest2d_input) F(upsample_bilinear2d) F(upsample_bilinear2d_input) \
    F(channels_last) F(det) F(slogdet) F(cofactor) F(inverse) F(lu) F(solve) F(cholesky) F(qr) \
    F(solve_triangular) F(modulate) F(gate) F(rotary) F(rq_spline) F(square_error) \
    F(checkpoint)
#define F(n) extern const weir_op weir__op_##n;
WEIR__OP_LIST(F)
#undef F

extern const weir_row *const weir__op_rows[];
extern const int64_t weir__op_row_count;
extern const struct weir__grad_hooks weir__grad_hooks_ops;

#define WEIR__IN(...) \
    (weir_tensor *[]) { __VA_ARGS__ }
static inline weir_tensor *weir__apply1(const weir_op *op, weir_tensor *x, const void *attr)
{
    return weir_apply(op, 1, &x, attr);
}
static inline weir_tensor *weir__apply2(const weir_op *op, weir_tensor *a, weir_tensor *b)
{
    return weir_apply(op, 2, WEIR__IN(a, b), NULL);
}

/* The nil to return for a bad handle. */
static inline weir_tensor *weir__nil_of(const weir_tensor *x)
{
    return weir__nil(weir_ctx_of(x), WEIR__TENSOR);
}

/* Loop over `like`'s shape with operand i = x[i], broadcast to it. */
weir__loop weir__loop_of(const weir_tensor *like, int n, weir_tensor *const *x);
weir__operand weir__operand_of(const weir_tensor *x, const weir_tensor *like);
/* out = x, element by element, any strides, same type. */
void weir__copy_into(weir_ctx *c, const weir__operand *out, const weir_tensor *x);
/* axis from the end made positive; -1 after the error is set. */
int weir__axis(weir_tensor *x, const char *op, int axis);
/* An i64 index side by side in memory, for an op on x: copied, where it must be, to the younger
 * context, which may be a worker's. */
weir_tensor *weir__dense_index(weir_tensor *index, const weir_tensor *x);
/* x, of a context above c, as a tensor of c: the same memory, with gradients where x wants them. */
weir_tensor *weir__view_in(weir_ctx *c, weir_tensor *x);
/* False, after an error and nil in what there is, when either place for a result of op(x) is NULL.
 */
bool weir__has_room(weir_tensor *x, const char *op, weir_tensor **a, weir_tensor **b);
/* False, after an error, unless there is a list of n >= 0 numbers for op(x). */
bool weir__has_list(weir_tensor *x, const char *op, int n, const void *list);
/* -x for a composition called `op`, which the error names where x is no number. */
/* x, dense in logical order or channels-last */
weir_tensor *weir__dense(weir_tensor *x);
static inline bool weir__is_whole(weir_dtype t) { return t == WEIR_I64 || t == WEIR_BOOL; }
weir_tensor *weir__negated(weir_tensor *x, const char *op);
/* scale times the sum of (x - y)^2 over each sample, [B]; x and y of one shape. */
weir_tensor *weir__square_errors(weir_tensor *x, weir_tensor *y, double scale);
weir_tensor *weir__relu_backward(weir_tensor *g, weir_tensor *y);
/* -- condition.c ------------------------------------------------------------------------------- */
/* Samples [from, to) of x, without its history, as a view in c, which is x's context or below it.
 */
weir_tensor *weir__samples_view(weir_ctx *c, const weir_tensor *x, int64_t from, int64_t to);
/* Samples [from, to) of every tensor, as views; the samples `samples[0]`, `samples[1]`, .. copied,
 * with their history. NULL of NULL. */
weir_condition *weir__condition_slice(weir_ctx *c, const weir_condition *k, int64_t from,
                                      int64_t to);
weir_condition *weir__condition_gather(weir_ctx *c, const weir_condition *k, int64_t n,
                                       const int64_t *samples);
weir__object *weir__condition_nil_new(weir_ctx *c);
extern weir__object weir__orphan_condition;
/* The system's LAPACK, loaded when first asked for; NULL after the error is set. */
const weir__lapack *weir__lapack_of(weir_ctx *c);
/* A function of each matrix of in[0] [.., m, n], dense, into out[0] and, where there are two,
 * out[1]. */
void weir__each_matrix(weir_call *k, weir__matrix f);
/* The same of dense a into y and, unless it is NULL, z. */
void weir__matrices_into(weir_ctx *c, weir__matrix f, const weir_tensor *a, weir_tensor *y,
                         weir_tensor *z);
/* Checks for infer: in[0] is floating and [.., n, n], or [.., m, n]. */
bool weir__infer_square(weir_call *k);
bool weir__infer_matrix(weir_call *k);
/* Two of one type, f32, f64, i64 or, where that is so, bool, broadcast together. */
bool weir__infer_numbers(weir_call *k, bool booleans);
weir_tensor *weir__matrix_transpose(weir_tensor *x); /* of the last two axes */
/* For test inputs: square matrices with 3 added to the diagonal, so that they are far from
 * singular; anything else as it is. */
weir_tensor *weir__matrix_steady(weir_tensor *x);
/* The gradient of a function of one saved input, gout f'(x), in one pass of a kernel; for backwards
 * while nothing is recorded. */
weir_tensor *weir__slope_of(weir_vjp *v, weir__slope f, const double *p);

/* -- pad.c: places before and after along each axis */
typedef struct weir__margins {
    int64_t before[WEIR_RANK_MAX], after[WEIR_RANK_MAX];
} weir__margins;
/* Those of pairs for the last axis, the one before it, ..; false after an error. */
bool weir__read_margins(weir_tensor *x, const char *name, int n_axes, const int64_t *pads,
                        weir__margins *m);

/* -- linear.c, for ops that are a linear layer and more: inputs x, w and, unless there is none, b
 * -- */
bool weir__linear_infer(weir_call *k);
/* image.c: of images to others of these extents; attributes begin with them */
typedef struct weir__resized {
    int64_t to[2];
} weir__resized;
bool weir__resize_infer(weir_call *k);
void weir__linear_product(weir_call *k, bool relu); /* out[0] = x w^T + b, and relu of it */
void weir__linear_gradients(weir_vjp *v, weir_tensor *g); /* from g, the gradient of x w^T + b */
/* The same by pointers: rows of x, x_row elements apart, and of g, dense. */
typedef struct weir__linear_rows {
    int64_t rows;
    const void *x;
    int64_t x_row;
    const void *g;
} weir__linear_rows;
void weir__linear_forward(weir_ctx *c, const weir__linear_rows *l, weir_tensor *w, weir_tensor *b,
                          void *y, bool relu); /* b may be NULL */
/* dx = g w, then 0 where mask is not positive, or times scale: the gradient of the activation that
 * made x. Either may be NULL. */
void weir__linear_input_gradient(weir_ctx *c, const weir__linear_rows *l, weir_tensor *w, void *dx,
                                 const void *mask, const void *scale);
/* Gradients of inputs w and b (-1: none), where they are needed. x may be NULL where w's is not. */
void weir__linear_parameter_gradients(weir_vjp *v, const weir__linear_rows *l, int w, int b);
/* x, or a copy whose rows the kernel can read */
weir_tensor *weir__linear_readable(weir_tensor *x);
/* -- linear_act.c: f of y in place, and its slope in d unless that is NULL */
void weir__activate(weir_ctx *c, weir_dtype t, weir__both f, int64_t n, void *y, void *d);
/* f(x w^T + b) and its slope there, in one pass; nil after an error. False: f has no such pass, and
 * nothing was done. */
bool weir__linear_act_slope(weir_tensor *x, weir_tensor *w, weir_tensor *b, weir_act f,
                            weir_tensor *out[2]);
/* Applies such an op; copies what the kernel cannot read where it lies. */
weir_tensor *weir__linear_apply(const weir_op *op, weir_tensor *x, weir_tensor *w, weir_tensor *b,
                                const void *attr);
/* -- mlp.c ------------------------------------------------------------------------------------- */
enum { WEIR__MLP_LAYERS = 16 };
typedef struct weir__mlp_net {
    int n; /* layers */
    weir_tensor *w[WEIR__MLP_LAYERS], *b[WEIR__MLP_LAYERS]; /* [out, in] dense; [out] */
    weir__unary f[WEIR__MLP_LAYERS]; /* copy: none */
} weir__mlp_net;
/* Whether the kernel of a whole network pays: the weights stay in the caches. Says nothing of x. */
bool weir__mlp_small(const weir__mlp_net *net);
/* The first layer that a gradient is wanted of; -1: of x; n: of none, or nothing is recorded. */
int weir__mlp_lowest(const weir_tensor *x, const weir__mlp_net *net);
/* The network of x [rows, in]; values and gradients have the bits of weir_linear_act layer by
 * layer. */
weir_tensor *weir__mlp_apply(weir_tensor *x, const weir__mlp_net *net);

/* The backward of a fused op by its reference, differentiable while recording. The row saves every
 * input. */
void weir__vjp_by_reference(weir_vjp *v);
/* May code that runs in c write a buffer? Its own context may, and of the shards of a step the
 * first. */
bool weir__may_track(const weir_ctx *c, const weir_tensor *buffer);

#endif
