/* linear.c - x w^T + b, with relu fused on request: what most training time is spent in.
 *
 * First-order backward calls the kernels, and writes the gradient of a leaf weight where it lives
 * instead of making a tensor to add. While gradients are themselves recorded it is written in plain
 * ops. */
#include <string.h>
#include "ops/ops.h"

typedef struct linear {
    bool relu;
} linear;

bool weir__linear_infer(weir_call *k)
{
    const weir_tensor *x = k->in[0], *w = k->in[1], *b = k->n_in > 2 ? k->in[2] : NULL;
    if (!weir_dtype_is_real(x->dtype) || w->dtype != x->dtype || (b && b->dtype != x->dtype))
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "%s with %s: expected one type, f32 or f64",
                              weir_dtype_name(x->dtype), weir_dtype_name(w->dtype));
    if (x->ndim < 1 || w->ndim != 2 || x->shape[x->ndim - 1] != w->shape[1])
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected x [.., in] and w [out, in]");
    if (b && (b->ndim != 1 || b->shape[0] != w->shape[0]))
        return weir_call_fail(k, WEIR_ERROR_SHAPE, "expected b [out]");
    k->spec[0] = weir__spec_of(x);
    k->spec[0].shape[x->ndim - 1] = w->shape[0];
    return true;
}

static void linear_multiply(weir_ctx *c, weir_dtype t, const weir__gemm *g)
{
    void *scratch = weir__alloc(c, c->kern->gemm_scratch[t](g, c->threads));
    if (scratch) c->kern->gemm[t](g, scratch, c->threads);
    weir__free(c, scratch);
}

static int64_t linear_rows_of(const weir_tensor *x)
{
    return x->shape[x->ndim - 1] ? x->numel / x->shape[x->ndim - 1]
                                 : weir__numel_of(x->ndim - 1, x->shape);
}
/* Elements from one row to the next; readable() made it even. */
static int64_t linear_row_stride(const weir_tensor *x)
{
    return x->ndim > 1 && x->shape[x->ndim - 2] > 1 ? x->strides[x->ndim - 2]
                                                    : x->shape[x->ndim - 1];
}

void weir__linear_forward(weir_ctx *c, const weir__linear_rows *l, weir_tensor *w, weir_tensor *b,
                          void *y, bool relu)
{
    weir__gemm g = { .m = l->rows,
                     .n = w->shape[0],
                     .k = w->shape[1],
                     .a = l->x,
                     .a_row = l->x_row,
                     .a_col = 1,
                     .b = weir__ptr(w),
                     .b_row = w->strides[1],
                     .b_col = w->strides[0],
                     .c = y,
                     .c_row = w->shape[0],
                     .bias = b ? weir__ptr(b) : NULL,
                     .relu = relu };
    linear_multiply(c, w->dtype, &g);
}

void weir__linear_product(weir_call *k, bool relu)
{
    weir_tensor *x = k->in[0], *y = k->out[0];
    if (y->numel == 0) return;
    weir__linear_rows l = { .rows = linear_rows_of(y),
                            .x = weir__ptr(x),
                            .x_row = linear_row_stride(x) };
    weir__linear_forward(k->ctx, &l, k->in[1], k->n_in > 2 ? k->in[2] : NULL, weir__ptr(y), relu);
}

static void linear_forward(weir_call *k)
{
    weir__linear_product(k, ((const linear *)k->attr)->relu);
}

/* -- backward: plain ops, any order ------------------------------------------------------------ */
static weir_tensor *linear_matrix_of(weir_tensor *x) /* [.., n] -> [rows, n] */
{
    return weir_is_nil(x)
               ? x
               : weir_reshape(x, 2, (const int64_t[]){ linear_rows_of(x), x->shape[x->ndim - 1] });
}

static void backward_in_ops(weir_vjp *v, weir_tensor *g)
{
    weir_tensor *rows = linear_matrix_of(g);
    const weir_spec *x = weir_vjp_in_spec(v, 0);
    if (weir_vjp_needs(v, 0))
        weir_vjp_set(v, 0, weir_reshape(weir_matmul(rows, weir_vjp_in(v, 1)), x->ndim, x->shape));
    if (weir_vjp_needs(v, 1))
        weir_vjp_set(v, 1,
                     weir_matmul(weir_transpose(rows, 0, 1), linear_matrix_of(weir_vjp_in(v, 0))));
    if (v->n_in > 2 && weir_vjp_needs(v, 2))
        weir_vjp_set(v, 2, weir_sum_axes(rows, 1, (const int[]){ 0 }, false));
}

/* -- backward: kernels ------------------------------------------------------------------------- */
void weir__linear_input_gradient(weir_ctx *c, const weir__linear_rows *l, weir_tensor *w, void *dx,
                                 const void *mask, const void *scale) /* dx = g w */
{
    weir__gemm m = { .m = l->rows,
                     .n = w->shape[1],
                     .k = w->shape[0],
                     .a = l->g,
                     .a_row = w->shape[0],
                     .a_col = 1,
                     .b = weir__ptr(w),
                     .b_row = w->strides[0],
                     .b_col = w->strides[1],
                     .c = dx,
                     .c_row = w->shape[1],
                     .mask = mask,
                     .mask_row = w->shape[1],
                     .scale = scale,
                     .scale_row = w->shape[1] };
    linear_multiply(c, w->dtype, &m);
}

/* Where the gradient of input i is to be written or added: where a leaf keeps it, or a tensor
 * `made` of its own; NULL after an error. */
static void *linear_place_of(weir_vjp *v, int i, bool *accumulate, weir_tensor **made)
{
    *accumulate = false;
    *made = NULL;
    void *place = weir__vjp_into(v, i, accumulate);
    if (place || v->ctx->status != WEIR_OK) return place;
    weir_tensor *t = weir__tensor_new(v->ctx, weir_vjp_in_spec(v, i));
    if (t->object.nil) return NULL;
    *made = t;
    return weir__ptr(t);
}

static void weight_gradient(weir_vjp *v, const weir__linear_rows *l, int i) /* dw = g^T x */
{
    const weir_spec *w = weir_vjp_in_spec(v, i);
    weir_tensor *made;
    weir__gemm m = { .m = w->shape[0],
                     .n = w->shape[1],
                     .k = l->rows,
                     .a = l->g,
                     .a_row = 1,
                     .a_col = w->shape[0],
                     .b = l->x,
                     .b_row = l->x_row,
                     .b_col = 1,
                     .c_row = w->shape[1] };
    m.c = linear_place_of(v, i, &m.accumulate, &made);
    if (!m.c) return;
    linear_multiply(v->ctx, w->dtype, &m);
    if (made) weir_vjp_set(v, i, made);
}

static void linear_bias_gradient(weir_vjp *v, const weir__linear_rows *l,
                                 int i) /* db = sum of g's rows */
{
    const weir_spec *b = weir_vjp_in_spec(v, i);
    weir_tensor *made;
    bool accumulate;
    void *place = linear_place_of(v, i, &accumulate, &made);
    if (!place) return;
    v->ctx->kern->column_sum[b->dtype](l->rows, b->shape[0], place, l->g, b->shape[0], accumulate);
    if (made) weir_vjp_set(v, i, made);
}

void weir__linear_parameter_gradients(weir_vjp *v, const weir__linear_rows *l, int w, int b)
{
    if (weir_vjp_needs(v, w) && l->x) weight_gradient(v, l, w);
    if (b >= 0 && weir_vjp_needs(v, b)) linear_bias_gradient(v, l, b);
}

void weir__linear_gradients(weir_vjp *v, weir_tensor *g)
{
    if (weir__vjp_recording(v) || weir_numel(g) == 0) {
        backward_in_ops(v, g);
        return;
    }
    g = weir_contiguous(g);
    if (weir_is_nil(g)) return;
    weir__linear_rows l = { .rows = linear_rows_of(g), .g = weir__ptr(g) };
    if (weir_vjp_needs(v, 0)) {
        weir_tensor *w = weir_vjp_in(v, 1), *dx = weir__tensor_new(v->ctx, weir_vjp_in_spec(v, 0));
        if (dx->object.nil || weir_is_nil(w)) return;
        weir__linear_input_gradient(v->ctx, &l, w, weir__ptr(dx), NULL, NULL);
        weir_vjp_set(v, 0, dx);
    }
    weir_tensor *x = weir_vjp_needs(v, 1) ? weir_vjp_in(v, 0) : NULL;
    if (x && weir_is_nil(x)) return;
    if (x) {
        l.x = weir__ptr(x);
        l.x_row = linear_row_stride(x);
    }
    weir__linear_parameter_gradients(v, &l, 1, v->n_in > 2 ? 2 : -1);
}

static void linear_backward(weir_vjp *v)
{
    weir_tensor *g = v->gout[0];
    if (((const linear *)v->attr)->relu) g = weir__relu_backward(g, weir_vjp_out(v, 0));
    weir__linear_gradients(v, g);
}

/* -- the row and its calls --------------------------------------------------------------------- */
static weir_tensor *linear_reference(weir_tensor *const *in, int n_in, const void *attr)
{
    weir_spec s = weir__spec_of(in[0]);
    s.shape[s.ndim - 1] = in[1]->shape[0];
    weir_tensor *y = weir_reshape(weir_matmul(linear_matrix_of(in[0]), weir_transpose(in[1], 0, 1)),
                                  s.ndim, s.shape);
    if (n_in > 2) y = weir_add(y, in[2]);
    return ((const linear *)attr)->relu ? weir_relu(y) : y;
}

static weir_tensor *call_bias(weir_tensor **x) { return weir_linear(x[0], x[1], x[2]); }
static weir_tensor *linear_call_plain(weir_tensor **x) { return weir_linear(x[0], x[1], NULL); }
static weir_tensor *linear_call_relu(weir_tensor **x) { return weir_linear_relu(x[0], x[1], x[2]); }
static const weir_op_case cases[] = {
    { "3,4 5,4 5", call_bias },        { "3,4 5,4", linear_call_plain },
    { "3,4 5,4 5", linear_call_relu }, { "2,3,4 1,4 1", call_bias },
    { "4 3,4 3", linear_call_relu },   { "0,4 3,4 3", call_bias },
    { "1,1 1,1 1", linear_call_relu }, { NULL, NULL }
};
const weir_op weir__op_linear = {
    .row = WEIR_OP_ROW("op.linear", "x w^T + b, and relu of it on request"),
    .n_in = -2,
    .most_in = 3,
    .n_out = 1,
    .save_in = 3,
    .save_out = 1,
    .attr_size = sizeof(linear),
    .infer = weir__linear_infer,
    .forward = linear_forward,
    .backward = linear_backward,
    .reference = linear_reference,
    .cases = cases,
};

/* Rows must lie one after the other at an even distance, elements side by side. */
weir_tensor *weir__linear_readable(weir_tensor *x)
{
    if (weir_is_nil(x) || x->contiguous) return x;
    bool fine = x->ndim == 2 && x->strides[1] == 1;
    return fine ? x : weir_contiguous(x);
}

weir_tensor *weir__linear_apply(const weir_op *op, weir_tensor *x, weir_tensor *w, weir_tensor *b,
                                const void *attr)
{
    if (!weir_is_nil(w) && w->ndim == 2 && w->strides[0] != 1 && w->strides[1] != 1)
        w = weir_contiguous(w);
    if (b && !weir_is_nil(b)) b = weir_contiguous(b);
    return weir_apply(op, b ? 3 : 2, WEIR__IN(weir__linear_readable(x), w, b), attr);
}

weir_tensor *weir_linear(weir_tensor *x, weir_tensor *w, weir_tensor *b)
{
    return weir__linear_apply(&weir__op_linear, x, w, b, &(linear){ false });
}
weir_tensor *weir_linear_relu(weir_tensor *x, weir_tensor *w, weir_tensor *b)
{
    return weir__linear_apply(&weir__op_linear, x, w, b, &(linear){ true });
}
