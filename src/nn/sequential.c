/* sequential.c - children one after the other; and a group, which only holds them. */
#include "nn/nn.h"

/* A linear layer and the relu behind it are one op: the same numbers, one pass less. */
weir_tensor *weir__sequential_forward(weir_module *m, weir_tensor *x)
{
    for (int64_t i = 0; i < m->n_children; i++) {
        weir_module *layer = m->children[i], *next = i + 1 < m->n_children ? m->children[i + 1] : NULL;
        if (layer->row == &weir__row_linear && next && next->row == &weir__row_relu)
            x = weir__linear_relu_forward(layer, x), i++;
        else
            x = weir_module_forward(layer, x);
    }
    return x;
}

const weir_module_row weir__row_sequential = {
    .row = { .size = sizeof(weir_module_row), .version = 1, .name = "module.sequential", .doc = "children one after the other, in the order added",
             .options_size = sizeof(size_t), .test = "" },
    .forward = weir__sequential_forward,
};

const weir_module_row weir__row_module_list = {
    .row = { .size = sizeof(weir_module_row), .version = 1, .name = "module.module_list", .doc = "children by number, for a parent that runs them its own way",
             .options_size = sizeof(size_t), .test = "" },
};

const weir_module_row weir__row_group = {
    .row = { .size = sizeof(weir_module_row), .version = 1, .name = "module.group", .doc = "holds children under their names; cannot be run itself",
             .options_size = sizeof(size_t), .test = "" },
};
