/* sequential.c - children one after the other; and a group, which only holds them. */
#include "nn/nn.h"
#include "ops/ops.h"

/* -- a network at once ------------------------------------------------------------------------- */
/* The children as one network; false where they are anything but linear layers with activations, or
 * too many. */
static bool network_of(weir_module *m, weir__mlp_net *net)
{
    static const weir__unary functions[] = { WEIR__U_copy,    WEIR__U_relu,     WEIR__U_tanh,
                                             WEIR__U_sigmoid, WEIR__U_softplus, WEIR__U_silu,
                                             WEIR__U_gelu };
    net->n = 0;
    for (int64_t i = 0; i < m->n_children; net->n++) {
        weir_module *layer = m->children[i++];
        weir_act f = i < m->n_children ? weir__activation_of(m->children[i]) : WEIR_ACT_NONE;
        if (layer->row != &weir__row_linear || net->n == WEIR__MLP_LAYERS
            || !weir__linear_parameters(layer, &net->w[net->n], &net->b[net->n]))
            return false;
        net->f[net->n] = functions[f];
        i += f != WEIR_ACT_NONE;
    }
    return net->n > 1;
}

static bool sequential_fits(const weir__mlp_net *net, const weir_tensor *x)
{
    bool fine = x->ndim == 2 && x->shape[1] == net->w[0]->shape[1] && x->dtype == net->w[0]->dtype;
    for (int i = 1; i < net->n; i++)
        fine = fine && net->w[i]->shape[1] == net->w[i - 1]->shape[0]
               && net->w[i]->dtype == x->dtype;
    return fine;
}

/* The activation after child i that one pass takes along with it; none: the child goes alone. */
static weir_act sequential_joined(const weir_module *m, int64_t i)
{
    const weir_module_row *row = m->children[i]->row;
    if (i + 1 == m->n_children) return WEIR_ACT_NONE;
    weir_act f = weir__activation_of(m->children[i + 1]);
    if (row == &weir__row_linear) return f;
    return row == &weir__row_group_norm && f == WEIR_ACT_SILU ? f : WEIR_ACT_NONE;
}

/* Linear layers and the activations between them are one op, unless nothing is recorded and they
 * are large: the same numbers, fewer passes. What does not fit, and the hunt after a NaN, goes
 * layer by layer, for the layers' names stand in the messages. */
weir_tensor *weir__sequential_forward(weir_module *m, weir_tensor *x)
{
    weir_ctx *c = weir_ctx_of(x);
    weir__mlp_net net;
    if (!weir_is_nil(x) && !c->modes.hunting && network_of(m, &net) && sequential_fits(&net, x)
        && (weir__mlp_lowest(x, &net) < net.n || weir__mlp_small(&net)))
        return weir__mlp_apply(x, &net);
    for (int64_t i = 0; i < m->n_children; i++) {
        weir_module *layer = m->children[i];
        weir_act f = sequential_joined(m, i);
        weir_tensor *y;
        if (f == WEIR_ACT_NONE) y = weir_module_forward(layer, x);
        else if (layer->row == &weir__row_linear) y = weir__linear_act_forward(layer, x, f);
        else y = weir__group_norm_silu(layer, x);
        weir__tensor_consumed(x, y);
        x = y;
        i += f != WEIR_ACT_NONE;
    }
    return x;
}

const weir_module_row weir__row_sequential = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.sequential",
        .doc = "children one after the other, in the order added",
        .options_size = sizeof(size_t),
        .test = "",
    },
    .forward = weir__sequential_forward,
};

const weir_module_row weir__row_module_list = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.module_list",
        .doc = "children by number, for a parent that runs them its own way",
        .options_size = sizeof(size_t),
        .test = "",
    },
};

const weir_module_row weir__row_group = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.group",
        .doc = "holds children under their names; cannot be run itself",
        .options_size = sizeof(size_t),
        .test = "",
    },
    .torch = weir__torch_group,
};
