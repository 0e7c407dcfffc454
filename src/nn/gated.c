/* gated.c - nn.GLU and its kin: a f(b) of the halves of an axis, without parameters. */
#include <stddef.h>
#include "nn/nn.h"

typedef struct glu_opts {
    size_t size;
    int64_t dim;
    int32_t f;
} glu_opts;

static const weir_option glu_options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(glu_opts, dim), "-1", -WEIR_RANK_MAX, WEIR_RANK_MAX - 1,
      NULL, "the axis; negative from the end" },
    { "f", WEIR_OPTION_CHOICE, offsetof(glu_opts, f), "sigmoid", 0, 0,
      "sigmoid|tanh|silu|gelu|gelu_tanh|quick_gelu", "of the second half" },
    { 0 },
};

static void glu_create(weir_module *m, const void *options)
{
    *(glu_opts *)weir_module_state(m) = *(const glu_opts *)options;
}

static weir_tensor *gated_glu_forward(weir_module *m, weir_tensor *x)
{
    static const weir_act f[] = { WEIR_ACT_SIGMOID, WEIR_ACT_TANH,      WEIR_ACT_SILU,
                                  WEIR_ACT_GELU,    WEIR_ACT_GELU_TANH, WEIR_ACT_QUICK_GELU };
    const glu_opts *o = weir_module_state(m);
    return weir_gated(x, (int)o->dim, f[o->f]);
}

const weir_module_row weir__row_glu = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.glu",
        .doc = "a f(b) of the halves of an axis: GLU, GEGLU (f=gelu), SwiGLU (f=silu)",
        .options = glu_options,
        .options_size = sizeof(glu_opts),
        .test = "f=silu",
    },
    .state_size = sizeof(glu_opts),
    .create = glu_create,
    .forward = gated_glu_forward,
    .input = "3,6",
};
