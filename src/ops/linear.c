/* linear.c - x w^T + b, with relu fused on request: what most training time is spent in.
 *
 * First-order backward calls the kernels, and writes the gradient of a leaf weight where it lives instead of making a tensor to add.
 * While gradients are themselves recorded it is written in plain ops. */
#include <string.h>
#include "ops/ops.h"

typedef struct linear { bool relu; } linear;

bool weir__linear_infer(weir_call *k)
{
    const weir_tensor *x = k->in[0], *w = k->in[1], *b = k->n_in > 2 ? k->in[2] : NULL;
    if (!weir_dtype_is_real(x->dtype) || w->dtype != x->dtype || (b && b->dtype != x->dtype))
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type, f32 or f64", weir_dtype_name(x->dtype), weir_dtype_name(w->dtype));
    if (x->ndim < 1 || w->ndim != 2 || x->shape[x->ndim - 1] != w->shape[1])
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected x [.., in] and w [out, in]");
    if (b && (b->ndim != 1 || b->shape[0] != w->shape[0])) return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected b [out]");
    k->spec[0] = weir__spec_of(x);
    k->spec[0].shape[x->ndim - 1] = w->shape[0];
    return true;
}

static void multiply(weir_ctx *c, weir_dtype t, const weir__gemm *g)
{
    void *scratch = weir__alloc(c, c->kern->gemm_scratch[t](g, c->threads));
    if (scratch) c->kern->gemm[t](g, scratch, c->threads);
    weir__free(c, scratch);
}

static int64_t rows_of(const weir_tensor *x) { return x->shape[x->ndim - 1] ? x->numel / x->shape[x->ndim - 1] : weir__numel_of(x->ndim - 1, x->shape); }
/* Elements from one row to the next; readable() made it even. */
static int64_t row_stride(const weir_tensor *x) { return x->ndim > 1 && x->shape[x->ndim - 2] > 1 ? x->strides[x->ndim - 2] : x->shape[x->ndim - 1]; }

void weir__linear_product(weir_call *k, bool relu)
{
    weir_tensor *x = k->in[0], *w = k->in[1], *y = k->out[0];
    if (y->numel == 0) return;
    weir__gemm g = { .m = rows_of(y), .n = w->shape[0], .k = w->shape[1], .a = weir__ptr(x), .a_row = row_stride(x), .a_col = 1,
                     .b = weir__ptr(w), .b_row = w->strides[1], .b_col = w->strides[0], .c = weir__ptr(y), .c_row = w->shape[0],
                     .bias = k->n_in > 2 ? weir__ptr(k->in[2]) : NULL, .relu = relu };
    multiply(k->ctx, y->dtype, &g);
}

static void forward(weir_call *k) { weir__linear_product(k, ((const linear *)k->attr)->relu); }

/* -- backward: plain ops, any order ------------------------------------------------------------------------------------------------- */
static weir_tensor *matrix_of(weir_tensor *x) /* [.., n] -> [rows, n] */
{
    return weir_is_nil(x) ? x : weir_reshape(x, 2, (const int64_t[]){ rows_of(x), x->shape[x->ndim - 1] });
}

static void backward_in_ops(weir_vjp *v, weir_tensor *g)
{
    weir_tensor *rows = matrix_of(g);
    const weir_spec *x = weir_vjp_in_spec(v, 0);
    if (weir_vjp_needs(v, 0)) weir_vjp_set(v, 0, weir_reshape(weir_matmul(rows, weir_vjp_in(v, 1)), x->ndim, x->shape));
    if (weir_vjp_needs(v, 1)) weir_vjp_set(v, 1, weir_matmul(weir_transpose(rows, 0, 1), matrix_of(weir_vjp_in(v, 0))));
    if (v->n_in > 2 && weir_vjp_needs(v, 2)) weir_vjp_set(v, 2, weir_sum_axes(rows, 1, (const int[]){ 0 }, false));
}

/* -- backward: kernels --------------------------------------------------------------------------------------------------------------- */
static void input_gradient(weir_vjp *v, const weir_tensor *g) /* dx = g w */
{
    weir_ctx *c = v->ctx;
    weir_tensor *w = weir_vjp_in(v, 1), *dx = weir__tensor_new(c, weir_vjp_in_spec(v, 0));
    if (dx->object.nil || weir_is_nil(w)) return;
    weir__gemm m = { .m = rows_of(g), .n = w->shape[1], .k = w->shape[0], .a = weir__ptr(g), .a_row = w->shape[0], .a_col = 1,
                     .b = weir__ptr(w), .b_row = w->strides[0], .b_col = w->strides[1], .c = weir__ptr(dx), .c_row = w->shape[1] };
    multiply(c, dx->dtype, &m);
    weir_vjp_set(v, 0, dx);
}

static void weight_gradient(weir_vjp *v, const weir_tensor *g) /* dw = g^T x */
{
    weir_ctx *c = v->ctx;
    weir_tensor *x = weir_vjp_in(v, 0), *made = NULL;
    const weir_spec *w = weir_vjp_in_spec(v, 1);
    if (weir_is_nil(x)) return;
    weir__gemm m = { .m = w->shape[0], .n = w->shape[1], .k = rows_of(g), .a = weir__ptr(g), .a_row = 1, .a_col = w->shape[0],
                     .b = weir__ptr(x), .b_row = row_stride(x), .b_col = 1, .c_row = w->shape[1] };
    m.c = weir__vjp_into(v, 1, &m.accumulate);
    if (!m.c && c->status == WEIR_OK) {
        made = weir__tensor_new(c, w);
        m.c = made->object.nil ? NULL : weir__ptr(made);
    }
    if (!m.c) return;
    multiply(c, g->dtype, &m);
    if (made) weir_vjp_set(v, 1, made);
}

static void bias_gradient(weir_vjp *v, const weir_tensor *g) /* db = sum of g's rows */
{
    weir_ctx *c = v->ctx;
    const weir_spec *b = weir_vjp_in_spec(v, 2);
    bool accumulate = false;
    weir_tensor *made = NULL;
    void *place = weir__vjp_into(v, 2, &accumulate);
    if (!place && c->status == WEIR_OK) {
        made = weir__tensor_new(c, b);
        place = made->object.nil ? NULL : weir__ptr(made);
    }
    if (!place) return;
    c->kern->column_sum[g->dtype](rows_of(g), b->shape[0], place, weir__ptr(g), b->shape[0], accumulate);
    if (made) weir_vjp_set(v, 2, made);
}

void weir__linear_gradients(weir_vjp *v, weir_tensor *g)
{
    if (weir__vjp_recording(v) || weir_numel(g) == 0) {
        backward_in_ops(v, g);
        return;
    }
    g = weir_contiguous(g);
    if (weir_is_nil(g)) return;
    if (weir_vjp_needs(v, 0)) input_gradient(v, g);
    if (weir_vjp_needs(v, 1)) weight_gradient(v, g);
    if (v->n_in > 2 && weir_vjp_needs(v, 2)) bias_gradient(v, g);
}

static void backward(weir_vjp *v)
{
    weir_tensor *g = v->gout[0];
    if (((const linear *)v->attr)->relu) g = weir__relu_backward(g, weir_vjp_out(v, 0));
    weir__linear_gradients(v, g);
}

/* -- the row and its calls ------------------------------------------------------------------------------------------------------------- */
static weir_tensor *reference(weir_tensor *const *in, int n_in, const void *attr)
{
    weir_spec s = weir__spec_of(in[0]);
    s.shape[s.ndim - 1] = in[1]->shape[0];
    weir_tensor *y = weir_reshape(weir_matmul(matrix_of(in[0]), weir_transpose(in[1], 0, 1)), s.ndim, s.shape);
    if (n_in > 2) y = weir_add(y, in[2]);
    return ((const linear *)attr)->relu ? weir_relu(y) : y;
}

static weir_tensor *call_bias(weir_tensor **x) { return weir_linear(x[0], x[1], x[2]); }
static weir_tensor *call_plain(weir_tensor **x) { return weir_linear(x[0], x[1], NULL); }
static weir_tensor *call_relu(weir_tensor **x) { return weir_linear_relu(x[0], x[1], x[2]); }
static const weir_op_case cases[] = { { "3,4 5,4 5", call_bias }, { "3,4 5,4", call_plain }, { "3,4 5,4 5", call_relu }, { "2,3,4 1,4 1", call_bias },
                                      { "4 3,4 3", call_relu },   { "0,4 3,4 3", call_bias }, { "1,1 1,1 1", call_relu }, { NULL, NULL } };
const weir_op weir__op_linear = { .row = WEIR_OP_ROW("op.linear", "x w^T + b, and relu of it on request"), .n_in = -2, .most_in = 3, .n_out = 1, .save_in = 3, .save_out = 1,
                                  .attr_size = sizeof(linear), .infer = weir__linear_infer, .forward = forward, .backward = backward, .reference = reference, .cases = cases };

/* Rows must lie one after the other at an even distance, elements side by side. */
static weir_tensor *readable(weir_tensor *x)
{
    if (weir_is_nil(x) || x->contiguous) return x;
    bool fine = x->ndim == 2 && x->strides[1] == 1;
    return fine ? x : weir_contiguous(x);
}

weir_tensor *weir__linear_apply(const weir_op *op, weir_tensor *x, weir_tensor *w, weir_tensor *b, const void *attr)
{
    if (!weir_is_nil(w) && w->ndim == 2 && w->strides[0] != 1 && w->strides[1] != 1) w = weir_contiguous(w);
    if (b && !weir_is_nil(b)) b = weir_contiguous(b);
    return weir_apply(op, b ? 3 : 2, WEIR__IN(readable(x), w, b), attr);
}

weir_tensor *weir_linear(weir_tensor *x, weir_tensor *w, weir_tensor *b) { return weir__linear_apply(&weir__op_linear, x, w, b, &(linear){ false }); }
weir_tensor *weir_linear_relu(weir_tensor *x, weir_tensor *w, weir_tensor *b) { return weir__linear_apply(&weir__op_linear, x, w, b, &(linear){ true }); }
