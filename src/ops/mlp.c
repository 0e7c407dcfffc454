/* mlp.c - a small network of linear layers as one op, while nothing is recorded: samples pass in panels that stay in the caches. */
#include "ops/ops.h"

typedef struct attr { int n; weir__unary f[WEIR__MLP_LAYERS]; } attr;

/* in: x, then w and b of each layer */
static bool infer(weir_call *k)
{
    const weir_tensor *x = k->in[0];
    const attr *a = k->attr;
    int64_t width = x->ndim == 2 ? x->shape[1] : -1;
    if (k->n_in != 1 + 2 * a->n) return weir_call_fail(k, WEIR_ERROR_ARGUMENT, "%d inputs: expected x, and w and b of each of %d layers", k->n_in, a->n);
    for (int i = 0; i < a->n; i++) {
        const weir_tensor *w = k->in[1 + 2 * i], *b = k->in[2 + 2 * i];
        bool fits = w->ndim == 2 && w->contiguous && w->shape[1] == width && b->ndim == 1 && b->shape[0] == w->shape[0] && b->contiguous;
        if (!fits) return weir_call_fail(k, WEIR_ERROR_SHAPE, "layer %d: expected w [out, in] after [rows, in], and b [out]", i);
        if (!weir_dtype_is_real(x->dtype) || w->dtype != x->dtype || b->dtype != x->dtype)
            return weir_call_fail(k, WEIR_ERROR_DTYPE, "layer %d: expected one type, f32 or f64", i);
        width = w->shape[0];
    }
    k->spec[0] = weir__spec(x->dtype, 2, (const int64_t[]){ x->shape[0], width });
    return true;
}

static void forward(weir_call *k)
{
    const attr *a = k->attr;
    weir_tensor *x = k->in[0], *y = k->out[0];
    weir_ctx *c = k->ctx;
    weir__mlp_layer layers[WEIR__MLP_LAYERS];
    for (int i = 0; i < a->n; i++) {
        weir_tensor *w = k->in[1 + 2 * i];
        layers[i] = (weir__mlp_layer){ .in = w->shape[1], .out = w->shape[0], .w = weir__ptr(w), .b = weir__ptr(k->in[2 + 2 * i]), .f = a->f[i] };
    }
    weir__mlp m = { .rows = x->shape[0], .n = a->n, .layers = layers, .x = weir__ptr(x), .x_row = x->shape[0] > 1 ? x->strides[0] : x->shape[1], .y = weir__ptr(y) };
    void *scratch = weir__alloc(c, c->kern->mlp_scratch[x->dtype](&m, c->threads));
    if (scratch) c->kern->mlp[x->dtype](&m, scratch, c->threads);
    weir__free(c, scratch);
}

static weir_tensor *call_three(weir_tensor **x)
{
    weir__mlp_net net = { .n = 3, .w = { x[1], x[3], x[5] }, .b = { x[2], x[4], x[6] }, .f = { WEIR__U_silu, WEIR__U_relu, WEIR__U_copy } };
    return weir__mlp_apply(x[0], &net);
}
static const weir_op_case cases[] = { { "3,4 5,4 5 19,5 19 2,19 2", call_three }, { "35,3 17,3 17 1,17 1 3,1 3", call_three }, { "0,2 3,2 3 2,3 2 1,2 1", call_three },
                                      { NULL, NULL } };
const weir_op weir__op_mlp = { .row = WEIR_OP_ROW("op.mlp", "linear layers and activations of a small network, one after the other"), .n_in = -3, .n_out = 1,
                               .attr_size = sizeof(attr), .infer = infer, .forward = forward,
                               .no_gradient = "it runs where nothing is recorded; layer by layer otherwise", .cases = cases };

bool weir__mlp_small(const weir__mlp_net *net)
{
    enum { WIDEST = 256, BYTES = 256 << 10 };
    int64_t bytes = 0;
    for (int i = 0; i < net->n; i++) {
        if (net->w[i]->shape[0] > WIDEST || net->w[i]->shape[1] > WIDEST) return false;
        bytes += net->w[i]->numel * (int64_t)weir_dtype_size(net->w[i]->dtype);
    }
    return bytes <= BYTES;
}

/* What a kernel can read: rows at any even distance; weights of the row's own tests may lie any way. */
static weir_tensor *readable(weir_tensor *x)
{
    if (weir_is_nil(x) || x->contiguous) return x;
    return x->ndim == 2 && x->strides[1] == 1 ? x : weir_contiguous(x);
}

weir_tensor *weir__mlp_apply(weir_tensor *x, const weir__mlp_net *net)
{
    weir_tensor *in[1 + 2 * WEIR__MLP_LAYERS] = { readable(x) };
    attr a = { .n = net->n };
    for (int i = 0; i < net->n; i++) in[1 + 2 * i] = weir_contiguous(net->w[i]), in[2 + 2 * i] = weir_contiguous(net->b[i]), a.f[i] = net->f[i];
    return weir_apply(&weir__op_mlp, 1 + 2 * net->n, in, &a);
}
