/* activation.c - functions of one element as modules, without parameters, under PyTorch's names and
 * options. */
#include <stddef.h>
#include "nn/nn.h"

#define PLAIN(n) \
    static weir_tensor *n##_of(weir_module *m, weir_tensor *x) { return (void)m, weir_##n(x); }
PLAIN(relu)
PLAIN(tanh)
PLAIN(sigmoid)
PLAIN(softplus)
PLAIN(silu)
PLAIN(selu)
PLAIN(logsigmoid)
PLAIN(quick_gelu)

/* One number of the row's option, kept in the module's state. */
typedef struct number_opts {
    size_t size;
    double value;
} number_opts;
static void create_number(weir_module *m, const void *options)
{
    *(double *)weir_module_state(m) = ((const number_opts *)options)->value;
}
static weir_tensor *leaky_relu(weir_module *m, weir_tensor *x)
{
    return weir_leaky_relu(x, *(double *)weir_module_state(m));
}
static weir_tensor *elu(weir_module *m, weir_tensor *x)
{
    return weir_elu(x, *(double *)weir_module_state(m));
}

typedef struct gelu_opts {
    size_t size;
    int32_t approximate;
} gelu_opts;
static void create_gelu(weir_module *m, const void *options)
{
    *(int32_t *)weir_module_state(m) = ((const gelu_opts *)options)->approximate;
}
static weir_tensor *gelu(weir_module *m, weir_tensor *x)
{
    return *(int32_t *)weir_module_state(m) ? weir_gelu_tanh(x) : weir_gelu(x);
}

static const weir_option leaky_options[] = { { "negative_slope", WEIR_OPTION_REAL,
                                               offsetof(number_opts, value), "0.01", -1e3, 1e3,
                                               NULL, "slope below 0" },
                                             { 0 } };
static const weir_option elu_options[] = { { "alpha", WEIR_OPTION_REAL,
                                             offsetof(number_opts, value), "1", 0, 1e3, NULL,
                                             "minus the limit at -infinity" },
                                           { 0 } };
static const weir_option gelu_options[] = {
    { "approximate", WEIR_OPTION_CHOICE, offsetof(gelu_opts, approximate), "none", 0, 0,
      "none|tanh", "none: by erf; tanh: Hendrycks & Gimpel's formula" },
    { 0 },
};

#define ACTIVATION_TORCH(name, of_x) \
    .torch = "class " name "(Module):\n    def forward(self, x):\n        return " of_x "\n"
#define ACTIVATION_ROW(public_name, one_line) \
    { .size = sizeof(weir_module_row), \
      .version = 1, \
      .name = public_name, \
      .doc = one_line, \
      .options_size = sizeof(size_t), \
      .test = "" }

const weir_module_row weir__row_relu = { .row = ACTIVATION_ROW("module.relu", "max(x, 0)"),
                                         .forward = relu_of,
                                         ACTIVATION_TORCH("Relu", "x.relu()") };
const weir_module_row weir__row_tanh = { .row = ACTIVATION_ROW("module.tanh", "tanh x"),
                                         .forward = tanh_of,
                                         ACTIVATION_TORCH("Tanh", "x.tanh()") };
const weir_module_row weir__row_sigmoid = { .row = ACTIVATION_ROW("module.sigmoid",
                                                                  "1 / (1 + exp(-x))"),
                                            .forward = sigmoid_of,
                                            ACTIVATION_TORCH("Sigmoid", "x.sigmoid()") };
const weir_module_row weir__row_softplus = { .row = ACTIVATION_ROW("module.softplus",
                                                                   "log(1 + exp(x))"),
                                             .forward = softplus_of,
                                             ACTIVATION_TORCH("Softplus", "softplus(x)") };
const weir_module_row weir__row_silu = { .row = ACTIVATION_ROW("module.silu", "x sigmoid(x)"),
                                         .forward = silu_of,
                                         ACTIVATION_TORCH("Silu", "nn.functional.silu(x)") };
const weir_module_row weir__row_selu = {
    .row = ACTIVATION_ROW("module.selu", "scaled elu, self-normalising (Klambauer et al. 2017)"),
    .forward = selu_of,
    ACTIVATION_TORCH("Selu", "nn.functional.selu(x)")
};
const weir_module_row weir__row_logsigmoid = {
    .row = ACTIVATION_ROW("module.logsigmoid", "-log(1 + exp(-x))"),
    .forward = logsigmoid_of,
    ACTIVATION_TORCH("Logsigmoid", "nn.functional.logsigmoid(x)")
};

const weir_module_row weir__row_quick_gelu = {
    .row = ACTIVATION_ROW("module.quick_gelu", "x sigmoid(1.702 x), as in CLIP"),
    .forward = quick_gelu_of,
    ACTIVATION_TORCH("QuickGelu", "x * (1.702 * x).sigmoid()")
};

#define WITH_OPTIONS(public_name, one_line, options_, type, test_) \
    { .size = sizeof(weir_module_row), \
      .version = 1, \
      .name = public_name, \
      .doc = one_line, \
      .options = options_, \
      .options_size = sizeof(type), \
      .test = test_ }
const weir_module_row weir__row_leaky_relu = {
    .row = WITH_OPTIONS("module.leaky_relu", "x above 0, a small slope below", leaky_options,
                        number_opts, "negative_slope=0.1"),
    .state_size = sizeof(double),
    .create = create_number,
    .forward = leaky_relu,
    ACTIVATION_TORCH("LeakyRelu", "nn.functional.leaky_relu(x, self.negative_slope)"),
};
const weir_module_row weir__row_elu = {
    .row = WITH_OPTIONS("module.elu", "x above 0, alpha (exp(x) - 1) below", elu_options,
                        number_opts, "alpha=0.5"),
    .state_size = sizeof(double),
    .create = create_number,
    .forward = elu,
    ACTIVATION_TORCH("Elu", "nn.functional.elu(x, self.alpha)"),
};
const weir_module_row weir__row_gelu = {
    .row = WITH_OPTIONS("module.gelu", "x Phi(x), Phi the normal distribution function",
                        gelu_options, gelu_opts, "approximate=tanh"),
    .state_size = sizeof(int32_t),
    .create = create_gelu,
    .forward = gelu,
    ACTIVATION_TORCH("Gelu", "nn.functional.gelu(x, approximate=self.approximate)"),
};

weir_act weir__activation_of(const weir_module *m)
{
    static const struct {
        const weir_module_row *row;
        weir_act f;
    } known[] = {
        { &weir__row_relu, WEIR_ACT_RELU },
        { &weir__row_tanh, WEIR_ACT_TANH },
        { &weir__row_sigmoid, WEIR_ACT_SIGMOID },
        { &weir__row_softplus, WEIR_ACT_SOFTPLUS },
        { &weir__row_silu, WEIR_ACT_SILU },
        { &weir__row_gelu, WEIR_ACT_GELU },
        { &weir__row_quick_gelu, WEIR_ACT_QUICK_GELU },
    };
    if (m->row == &weir__row_gelu && *(const int32_t *)m->state) return WEIR_ACT_GELU_TANH;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (m->row == known[i].row) return known[i].f;
    return WEIR_ACT_NONE;
}
