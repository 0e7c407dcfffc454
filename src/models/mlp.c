/* mlp.c - a multi-layer perceptron: linear layers with an activation between them, none at the end. Children are numbered as in
 * nn.Sequential(Linear, Activation, Linear, ..), so the parameters are 0.weight, 0.bias, 2.weight, .. */
#include <stddef.h>
#include "models/models.h"

static const weir_option options[] = {
    { "in", WEIR_OPTION_INT, offsetof(weir__mlp_opts, in), "2", 1, 1 << 24, NULL, "columns of the input" },
    { "out", WEIR_OPTION_INT, offsetof(weir__mlp_opts, out), "2", 1, 1 << 24, NULL, "columns of the output" },
    { "hidden", WEIR_OPTION_INTS, offsetof(weir__mlp_opts, hidden), "64,64", 1, 1 << 16, NULL, "widths of the hidden layers" },
    { "activation", WEIR_OPTION_CHOICE, offsetof(weir__mlp_opts, activation), "relu", 0, 0, "relu|tanh|sigmoid|softplus|silu|gelu", "after every hidden layer" },
    { "init", WEIR_OPTION_CHOICE, offsetof(weir__mlp_opts, init), "pytorch", 0, 0, "pytorch|uniform",
      "pytorch: weights and biases uniform on +-1/sqrt(in); uniform: weights on +-bound, biases 0" },
    { "bound", WEIR_OPTION_REAL, offsetof(weir__mlp_opts, bound), "0.01", 0, 1e3, NULL, "of init=uniform" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(weir__mlp_opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES, "element type of the parameters" },
    { 0 },
};

static void add(weir_module *m, weir_module *child)
{
    char name[24];
    size_t used = 0;
    weir__append(name, sizeof name, &used, "%lld", (long long)weir_module_child_count(m));
    weir_module_add(m, name, child);
}

static void create(weir_module *m, const void *options_)
{
    static const weir_module_row *const activations[] = { &weir__row_relu, &weir__row_tanh, &weir__row_sigmoid, &weir__row_softplus,
                                                        &weir__row_silu, &weir__row_gelu };
    const weir__mlp_opts *o = options_;
    weir_ctx *c = weir_module_ctx(m);
    int64_t in = o->in;
    for (int64_t i = 0; i <= o->hidden.n; i++) {
        int64_t out = i < o->hidden.n ? o->hidden.at[i] : o->out;
        weir__linear_opts l = { .size = sizeof l, .in = in, .out = out, .bias = true, .init = o->init, .bound = o->bound, .dtype = o->dtype };
        add(m, weir_module_from_row(c, &weir__row_linear, &l));
        if (i < o->hidden.n) add(m, weir_module_from_row(c, activations[o->activation], NULL));
        in = out;
    }
}

const weir_module_row weir__row_mlp = {
    .row = { .size = sizeof(weir_module_row), .version = 1, .name = "network.mlp", .doc = "linear layers with an activation between them",
             .options = options, .options_size = sizeof(weir__mlp_opts), .test = "in=3 out=2 hidden=8,8" },
    .create = create,
    .forward = weir__sequential_forward,
};
