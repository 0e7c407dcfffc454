/* mlp.c - linear layers and activations, one after the other, as one op.
 *
 * While nothing is recorded a small network is one kernel: samples pass in panels that stay in the
 * caches. While gradients are recorded the layers run one by one and keep in one block what
 * backward reads: the values y of hidden layers and, but for relu, whose values tell them, the
 * slopes f'(x w^T + b), from the first layer on that needs gradients. Backward is then products
 * alone, each with the slope of the layer before it in its epilogue (Rumelhart, Hinton, Williams
 * 1986):
 *
 *     dz = dy f',   dw = dz^T x,   db = sum of dz over samples,
 *     dz of the layer before = (dz w) f'
 *
 * While gradients are themselves recorded the reference is differentiated. */
#include "ops/ops.h"

typedef struct attr {
    int n, lowest; /* layers; the first that a gradient is wanted of, -1: of x, n: of none */
    weir__unary f[WEIR__MLP_LAYERS];
} attr;

/* -- what is kept: element offsets within out[1], -1 where there is nothing -------------------- */
typedef struct kept {
    int64_t y[WEIR__MLP_LAYERS], slope[WEIR__MLP_LAYERS], elements;
} kept;

static weir__both mlp_both_of(weir__unary f)
{
    switch (f) {
#define F(n) \
    case WEIR__U_##n: return WEIR__BOTH_##n;
        WEIR__BOTH_LIST(F)
#undef F
    default: return WEIR__BOTHS;
    }
}

static bool has_slope(weir__unary f) { return f != WEIR__U_copy && f != WEIR__U_relu; }

static int64_t mlp_take(kept *k, int64_t n)
{
    enum { LINE = 16 };
    int64_t first = k->elements;
    k->elements += (n + LINE - 1) / LINE * LINE;
    return first;
}

/* widths[l]: outputs of layer l. Values that no gradient needs pass through two places in turn. */
static kept kept_of(const attr *a, int64_t rows, const int64_t *widths)
{
    kept k = { .elements = 0 };
    int64_t widest = 0, passing[2];
    for (int l = 0; l < a->lowest - 1; l++) widest = widths[l] > widest ? widths[l] : widest;
    for (int i = 0; i < 2; i++) passing[i] = mlp_take(&k, rows * widest);
    for (int l = 0; l < a->n; l++) {
        k.y[l] = l == a->n - 1       ? -1
                 : l < a->lowest - 1 ? passing[l % 2]
                                     : mlp_take(&k, rows * widths[l]);
        k.slope[l] = l >= a->lowest && has_slope(a->f[l]) ? mlp_take(&k, rows * widths[l]) : -1;
    }
    return k;
}

static void *mlp_at(weir_tensor *t, int64_t element)
{
    return element < 0 ? NULL : (char *)weir__ptr(t) + (size_t)element * weir_dtype_size(t->dtype);
}

/* -- shapes ------------------------------------------------------------------------------------ */
static bool layer_fits(weir_call *k, int l, int64_t in)
{
    const weir_tensor *x = k->in[0], *w = k->in[1 + 2 * l], *b = k->in[2 + 2 * l];
    if (w->ndim != 2 || !w->contiguous || w->shape[1] != in || b->ndim != 1
        || b->shape[0] != w->shape[0] || !b->contiguous)
        return weir_call_fail(k, WEIR_ERROR_SHAPE,
                              "layer %d: expected w [out, in] after [rows, in], and b [out]", l);
    if (!weir_dtype_is_real(x->dtype) || w->dtype != x->dtype || b->dtype != x->dtype)
        return weir_call_fail(k, WEIR_ERROR_DTYPE, "layer %d: expected one type, f32 or f64", l);
    weir__unary f = ((const attr *)k->attr)->f[l];
    if (has_slope(f) && mlp_both_of(f) == WEIR__BOTHS)
        return weir_call_fail(
            k, WEIR_ERROR_ARGUMENT,
            "layer %d: an activation without a slope of its own: expected one of weir_act", l);
    return true;
}

/* in: x, then w and b of each layer. The second output is what backward reads, empty where no
 * gradients are recorded. */
static bool mlp_infer(weir_call *k)
{
    const weir_tensor *x = k->in[0];
    const attr *a = k->attr;
    int64_t width = x->ndim == 2 ? x->shape[1] : -1, widths[WEIR__MLP_LAYERS];
    if (k->n_in != 1 + 2 * a->n)
        return weir_call_fail(k, WEIR_ERROR_ARGUMENT,
                              "%d inputs: expected x, and w and b of each of %d layers", k->n_in,
                              a->n);
    for (int l = 0; l < a->n; l++) {
        if (!layer_fits(k, l, width)) return false;
        width = widths[l] = k->in[1 + 2 * l]->shape[0];
    }
    k->spec[0] = weir__spec(x->dtype, 2, (const int64_t[]){ x->shape[0], width });
    kept o = kept_of(a, x->shape[0], widths);
    k->spec[1] = weir__spec(x->dtype, 1, (const int64_t[]){ a->lowest < a->n ? o.elements : 0 });
    return true;
}

/* -- forward ----------------------------------------------------------------------------------- */
static int64_t mlp_row_of(const weir_tensor *x)
{
    return x->shape[0] > 1 ? x->strides[0] : x->shape[1];
}

static void at_once(weir_call *k)
{
    const attr *a = k->attr;
    weir_tensor *x = k->in[0];
    weir_ctx *c = k->ctx;
    weir__mlp_layer layers[WEIR__MLP_LAYERS];
    for (int l = 0; l < a->n; l++) {
        weir_tensor *w = k->in[1 + 2 * l];
        layers[l] = (weir__mlp_layer){ .in = w->shape[1],
                                       .out = w->shape[0],
                                       .w = weir__ptr(w),
                                       .b = weir__ptr(k->in[2 + 2 * l]),
                                       .f = a->f[l] };
    }
    weir__mlp m = { .rows = x->shape[0],
                    .n = a->n,
                    .layers = layers,
                    .x = weir__ptr(x),
                    .x_row = mlp_row_of(x),
                    .y = weir__ptr(k->out[0]) };
    void *scratch = weir__alloc(c, c->kern->mlp_scratch[x->dtype](&m, c->threads));
    if (scratch) c->kern->mlp[x->dtype](&m, scratch, c->threads);
    weir__free(c, scratch);
}

static void layer_by_layer(weir_call *k)
{
    const attr *a = k->attr;
    weir_tensor *x = k->in[0], *store = k->out[1];
    int64_t widths[WEIR__MLP_LAYERS] = { 0 };
    for (int l = 0; l < a->n; l++) widths[l] = k->in[1 + 2 * l]->shape[0];
    kept o = kept_of(a, x->shape[0], widths);
    weir__linear_rows rows = { .rows = x->shape[0], .x = weir__ptr(x), .x_row = mlp_row_of(x) };
    for (int l = 0; l < a->n && k->ctx->status == WEIR_OK; l++) {
        weir_tensor *w = k->in[1 + 2 * l];
        void *y = l < a->n - 1 ? mlp_at(store, o.y[l]) : weir__ptr(k->out[0]);
        weir__linear_forward(k->ctx, &rows, w, k->in[2 + 2 * l], y, a->f[l] == WEIR__U_relu);
        if (has_slope(a->f[l]))
            weir__activate(k->ctx, x->dtype, mlp_both_of(a->f[l]), rows.rows * w->shape[0], y,
                           mlp_at(store, o.slope[l]));
        rows.x = y;
        rows.x_row = w->shape[0];
    }
}

static void mlp_forward(weir_call *k)
{
    if (((const attr *)k->attr)->lowest == ((const attr *)k->attr)->n) at_once(k);
    else layer_by_layer(k);
}

/* -- backward ---------------------------------------------------------------------------------- */
typedef struct back {
    weir_vjp *v;
    const attr *a;
    weir_tensor *x, *w[WEIR__MLP_LAYERS], *store; /* x and w only where a gradient needs them */
    int64_t width[WEIR__MLP_LAYERS + 1]; /* width[l]: inputs of layer l */
    kept o;
    int64_t rows;
    int lowest; /* layer that this backward wants a gradient of, or -1: x */
    void *dz, *other;
} back;

static int lowest_of(const weir_vjp *v)
{
    for (int i = 0; i < v->n_in; i++)
        if (weir_vjp_needs(v, i)) return i == 0 ? -1 : (i - 1) / 2;
    return v->n_in;
}

/* What is not needed is not looked at: it may have been changed since. */
static bool open_back(back *p)
{
    weir_vjp *v = p->v;
    int64_t widest = 0;
    p->store = weir_vjp_out(v, 1);
    if (weir_is_nil(p->store)) return false;
    if (weir_vjp_needs(v, 1) && weir_is_nil(p->x = weir_vjp_in(v, 0))) return false;
    for (int l = 0; l < p->a->n; l++) {
        if (l > p->lowest && weir_is_nil(p->w[l] = weir_vjp_in(v, 1 + 2 * l))) return false;
        p->width[l + 1] = weir_vjp_in_spec(v, 1 + 2 * l)->shape[0];
        widest = p->width[l + 1] > widest ? p->width[l + 1] : widest;
    }
    p->width[0] = weir_vjp_in_spec(v, 0)->shape[1];
    p->rows = weir_vjp_in_spec(v, 0)->shape[0];
    p->o = kept_of(p->a, p->rows, p->width + 1);
    int64_t elements = weir__size_times(p->rows, widest);
    p->dz = weir__alloc_n(v->ctx, elements, weir_dtype_size(p->store->dtype));
    p->other = weir__alloc_n(v->ctx, elements, weir_dtype_size(p->store->dtype));
    return p->dz && p->other;
}

/* dz of the last layer: dy f', or dy itself; NULL after an error */
static const void *begin_back(back *p, weir_tensor *dy)
{
    weir__unary f = p->a->f[p->a->n - 1];
    if (f == WEIR__U_copy) return weir__ptr(dy);
    weir_ctx *c = p->v->ctx;
    weir_tensor *y = f == WEIR__U_relu ? weir_vjp_out(p->v, 0) : NULL;
    if (y && weir_is_nil(y)) return NULL;
    weir__loop l = { .ndim = 1,
                     .shape = { dy->numel },
                     .x = { { p->dz, { 1 } },
                            { weir__ptr(dy), { 1 } },
                            { y ? weir__ptr(y) : mlp_at(p->store, p->o.slope[p->a->n - 1]),
                              { 1 } } } };
    weir__loop_binary(c->kern, (weir__real)dy->dtype, y ? WEIR__B_relu_backward : WEIR__B_mul, &l,
                      c->threads);
    return p->dz;
}

/* From dz of layer l: its parameters' gradients, and dz of the layer before it where one is wanted
 * that far */
static const void *step_back(back *p, int l, const void *dz)
{
    weir__linear_rows rows = { .rows = p->rows, .g = dz };
    if (l) {
        rows.x = mlp_at(p->store, p->o.y[l - 1]);
        rows.x_row = p->width[l];
    } else if (p->x) {
        rows.x = weir__ptr(p->x);
        rows.x_row = mlp_row_of(p->x);
    }
    weir__linear_parameter_gradients(p->v, &rows, 1 + 2 * l, 2 + 2 * l);
    if (l <= p->lowest || l == 0) return dz;
    void *next = dz == p->dz ? p->other : p->dz;
    bool relu = p->a->f[l - 1] == WEIR__U_relu;
    weir__linear_input_gradient(p->v->ctx, &rows, p->w[l], next, relu ? rows.x : NULL,
                                mlp_at(p->store, p->o.slope[l - 1]));
    return next;
}

static void mlp_input_gradient(back *p, const void *dz)
{
    weir_tensor *dx = weir__tensor_new(p->v->ctx, weir_vjp_in_spec(p->v, 0));
    if (dx->object.nil) return;
    weir__linear_input_gradient(p->v->ctx, &(weir__linear_rows){ .rows = p->rows, .g = dz },
                                p->w[0], weir__ptr(dx), NULL, NULL);
    weir_vjp_set(p->v, 0, dx);
}

static void mlp_backward(weir_vjp *v)
{
    weir_tensor *dy = v->gout[0];
    if (weir__vjp_recording(v) || weir_numel(dy) == 0) {
        weir__vjp_by_reference(v);
        return;
    }
    back p = { .v = v, .a = v->attr, .lowest = lowest_of(v) };
    dy = weir_contiguous(dy);
    const void *dz = !weir_is_nil(dy) && open_back(&p) ? begin_back(&p, dy) : NULL;
    for (int l = p.a->n - 1; dz && l >= 0 && l >= p.lowest && weir_ok(v->ctx); l--)
        dz = step_back(&p, l, dz);
    if (dz && p.lowest < 0 && weir_ok(v->ctx)) mlp_input_gradient(&p, dz);
    weir__free(v->ctx, p.dz);
    weir__free(v->ctx, p.other);
}

/* -- the row ----------------------------------------------------------------------------------- */
static weir_act act_of(weir__unary f)
{
    return f == WEIR__U_copy   ? WEIR_ACT_NONE
           : f == WEIR__U_relu ? WEIR_ACT_RELU
                               : (weir_act)(WEIR_ACT_TANH + (int)mlp_both_of(f));
}

static weir_tensor *mlp_reference(weir_tensor *const *in, int n_in, const void *attr_)
{
    const attr *a = attr_;
    weir_tensor *x = in[0];
    for (int l = 0; 2 * l + 2 < n_in; l++)
        x = weir_linear_act(x, in[1 + 2 * l], in[2 + 2 * l], act_of(a->f[l]));
    return x;
}

static weir_tensor *mlp_call(weir_tensor **x, weir__unary f, weir__unary g, weir__unary h)
{
    weir__mlp_net net = {
        .n = 3, .w = { x[1], x[3], x[5] }, .b = { x[2], x[4], x[6] }, .f = { f, g, h }
    };
    return weir__mlp_apply(x[0], &net);
}
static weir_tensor *mlp_call_plain(weir_tensor **x)
{
    return mlp_call(x, WEIR__U_silu, WEIR__U_relu, WEIR__U_copy);
}
static weir_tensor *mlp_call_relu(weir_tensor **x)
{
    return mlp_call(x, WEIR__U_relu, WEIR__U_copy, WEIR__U_relu);
}
static weir_tensor *call_smooth(weir_tensor **x)
{
    return mlp_call(x, WEIR__U_tanh, WEIR__U_gelu, WEIR__U_softplus);
}
static weir_tensor *mlp_call_sigmoid(weir_tensor **x)
{
    return mlp_call(x, WEIR__U_copy, WEIR__U_sigmoid, WEIR__U_copy);
}
static const weir_op_case cases[] = {
    { "3,4 5,4 5 19,5 19 2,19 2", mlp_call_plain }, { "35,3 17,3 17 1,17 1 3,1 3", mlp_call_relu },
    { "5,3 4,3 4 6,4 6 2,6 2", call_smooth },       { "2,1 3,1 3 2,3 2 1,2 1", mlp_call_sigmoid },
    { "0,2 3,2 3 2,3 2 1,2 1", mlp_call_plain },    { NULL, NULL }
};
const weir_op weir__op_mlp = {
    .row = WEIR_OP_ROW("op.mlp", "linear layers and activations, one after the other"),
    .n_in = -3,
    .n_out = 2,
    .save_in = ~0u,
    .save_out = 3,
    .attr_size = sizeof(attr),
    .infer = mlp_infer,
    .forward = mlp_forward,
    .backward = mlp_backward,
    .reference = mlp_reference,
    .cases = cases,
};

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

int weir__mlp_lowest(const weir_tensor *x, const weir__mlp_net *net)
{
    if (x->object.ctx->modes.no_grad) return net->n;
    if (x->requires_grad) return -1;
    for (int l = 0; l < net->n; l++)
        if (net->w[l]->requires_grad || net->b[l]->requires_grad) return l;
    return net->n;
}

weir_tensor *weir__mlp_apply(weir_tensor *x, const weir__mlp_net *net)
{
    weir_tensor *in[1 + 2 * WEIR__MLP_LAYERS] = { weir__linear_readable(x) };
    attr a = { .n = net->n, .lowest = weir_is_nil(x) ? net->n : weir__mlp_lowest(x, net) };
    for (int i = 0; i < net->n; i++) {
        in[1 + 2 * i] = weir_contiguous(net->w[i]);
        in[2 + 2 * i] = weir_contiguous(net->b[i]);
        a.f[i] = net->f[i];
    }
    return weir_apply(&weir__op_mlp, 1 + 2 * net->n, in, &a);
}
