/* residual_mlp.c - a residual perceptron, the conditioner of neural spline flows (nflows'
 * ResidualNet; He et al. 2016):
 *
 *     h = W x + b,   h = h + W'' f(W' f(h)) for each block,   y = W h + b.
 *
 * With classes= and context= the columns of the condition stand behind those of x; with gate=yes
 * what each block adds is also times sigmoid of a linear map of them, as in nflows. */
#include <stddef.h>
#include "models/models.h"

typedef struct opts {
    size_t size;
    int64_t in, out, width, blocks, classes, context;
    int32_t activation, dtype;
    bool gate, zero;
} opts;

typedef struct state {
    weir__condition_use use;
    weir_act activation;
    int64_t layers; /* of x; behind them gates, one a block, where there are any */
} state;

static const weir_option options[] = {
    { "in", WEIR_OPTION_INT, offsetof(opts, in), "2", 1, 1 << 24, NULL, "columns of the input" },
    { "out", WEIR_OPTION_INT, offsetof(opts, out), "2", 1, 1 << 24, NULL, "columns of the output" },
    { "width", WEIR_OPTION_INT, offsetof(opts, width), "64", 1, 1 << 16, NULL,
      "of the hidden layers" },
    { "blocks", WEIR_OPTION_INT, offsetof(opts, blocks), "2", 0, 1 << 10, NULL,
      "of two layers each" },
    { "activation", WEIR_OPTION_CHOICE, offsetof(opts, activation), "relu", 0, 0,
      WEIR__MLP_ACTIVATIONS, "before each layer of a block" },
    { "gate", WEIR_OPTION_BOOL, offsetof(opts, gate), "no", 0, 1, NULL,
      "of a condition: what a block adds is times sigmoid of a linear map of it" },
    { "zero", WEIR_OPTION_BOOL, offsetof(opts, zero), "no", 0, 1, NULL,
      "the last layer starts at 0, so that the output does" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES,
      "element type of the parameters" },
    WEIR__OPTIONS_CONDITION(opts, ", which joins the input, a class as a one-hot vector"),
    { 0 },
};

static void residual_mlp_add(weir_module *m, const opts *o, int64_t in, int64_t out, bool zero)
{
    char name[24];
    size_t used = 0;
    weir__append(name, sizeof name, &used, "%lld", (long long)weir_module_child_count(m));
    const weir__linear_opts l = {
        .size = sizeof l,
        .in = in,
        .out = out,
        .bias = true,
        .init = zero ? WEIR__LINEAR_UNIFORM : WEIR__LINEAR_PYTORCH,
        .dtype = o->dtype,
    };
    weir_module_add(m, name, weir_module_from_row(weir_module_ctx(m), &weir__row_linear, &l));
}

/* The linear maps of the condition, as wide as a block. */
static void residual_mlp_add_gates(weir_module *m, const opts *o)
{
    const state *s = weir_module_state(m);
    const weir__linear_opts l = {
        .size = sizeof l,
        .in = weir__condition_width(s->use),
        .out = o->width,
        .bias = true,
        .init = WEIR__LINEAR_PYTORCH,
        .dtype = o->dtype,
    };
    for (int64_t i = 0; i < o->blocks && weir_ok(weir_module_ctx(m)); i++) {
        char name[24];
        size_t used = 0;
        weir__append(name, sizeof name, &used, "gate%lld", (long long)i);
        weir_module_add(m, name, weir_module_from_row(weir_module_ctx(m), &weir__row_linear, &l));
    }
}

static void residual_mlp_create(weir_module *m, const void *options_)
{
    static const weir_act activations[] = { WEIR_ACT_RELU,     WEIR_ACT_TANH, WEIR_ACT_SIGMOID,
                                            WEIR_ACT_SOFTPLUS, WEIR_ACT_SILU, WEIR_ACT_GELU };
    const opts *o = options_;
    state *s = weir_module_state(m);
    *s = (state){
        .use = { .classes = o->classes, .context = o->context },
        .activation = activations[o->activation],
    };
    residual_mlp_add(m, o, o->in + weir__condition_width(s->use), o->width, false);
    for (int64_t i = 0; i < 2 * o->blocks && weir_ok(weir_module_ctx(m)); i++)
        residual_mlp_add(m, o, o->width, o->width, false);
    residual_mlp_add(m, o, o->width, o->out, o->zero);
    s->layers = weir_module_child_count(m);
    if (o->gate && weir__condition_width(s->use) > 0) residual_mlp_add_gates(m, o);
}

static weir_tensor *residual_mlp_active(const state *s, weir_tensor *h)
{
    switch (s->activation) {
    case WEIR_ACT_TANH: return weir_tanh(h);
    case WEIR_ACT_SIGMOID: return weir_sigmoid(h);
    case WEIR_ACT_SOFTPLUS: return weir_softplus(h);
    case WEIR_ACT_SILU: return weir_silu(h);
    case WEIR_ACT_GELU: return weir_gelu(h);
    default: return weir_relu(h);
    }
}

/* What the block of two layers adds to h. */
static weir_tensor *residual_mlp_block(const state *s, weir_module *const *layer, weir_tensor *h)
{
    h = residual_mlp_active(s, h);
    h = weir__tensor_consumed(h, weir__linear_act_forward(layer[0], h, s->activation));
    return weir__tensor_consumed(h, weir_module_forward(layer[1], h));
}

/* The same behind the block's gate. */
static weir_tensor *residual_mlp_gated(weir_module *gate, weir_tensor *h, weir_tensor *columns)
{
    weir_tensor *open = weir_module_forward(gate, columns);
    open = weir__tensor_consumed(open, weir_sigmoid(open));
    return weir__tensor_consumed(h, weir__tensor_consumed(open, weir_mul(h, open)));
}

static weir_tensor *residual_mlp_at(weir_module *m, weir_tensor *x, weir_tensor *t,
                                    const weir_condition *k)
{
    const state *s = weir_module_state(m);
    weir_module **layer = m->children, **last = layer + s->layers - 1;
    weir_module **gate = last + 1, **end = m->children + m->n_children;
    weir_tensor *columns = NULL;
    if (t) {
        weir_fail(x->object.ctx, WEIR_ERROR_STATE, "%s: a time: expected none", m->row->row.name);
        return weir__nil(x->object.ctx, WEIR__TENSOR);
    }
    if (weir__condition_width(s->use) > 0) {
        columns = weir__condition_columns(m, x, k, s->use);
        x = weir_cat(2, (weir_tensor *const[]){ x, columns }, 1);
    }
    weir_tensor *h = weir_module_forward(*layer++, x);
    for (; layer < last; layer += 2) {
        weir_tensor *more = residual_mlp_block(s, layer, h);
        if (gate < end) more = residual_mlp_gated(*gate++, more, columns);
        h = weir__tensor_consumed(h, weir__tensor_consumed(more, weir_add(h, more)));
    }
    return weir_module_forward(*last, h);
}

static weir_tensor *residual_mlp_forward(weir_module *m, weir_tensor *x)
{
    return residual_mlp_at(m, x, NULL, NULL);
}

const weir_module_row weir__row_residual_mlp = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "network.residual_mlp",
        .doc = "linear layers in residual blocks of two",
        .options = options,
        .options_size = sizeof(opts),
        .test = "in=3 out=2 width=8",
        .given = "in|out|dtype|classes|context",
    },
    .state_size = sizeof(state),
    .create = residual_mlp_create,
    .forward = residual_mlp_forward,
    .at = residual_mlp_at,
    .torch = weir__torch_residual_mlp,
};
