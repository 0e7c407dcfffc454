/* activation.c - functions of one element as modules, without parameters. */
#include "nn/nn.h"

static weir_tensor *relu(weir_module *m, weir_tensor *x) { return (void)m, weir_relu(x); }
static weir_tensor *tanh_(weir_module *m, weir_tensor *x) { return (void)m, weir_tanh(x); }
static weir_tensor *sigmoid(weir_module *m, weir_tensor *x) { return (void)m, weir_sigmoid(x); }
static weir_tensor *softplus(weir_module *m, weir_tensor *x) { return (void)m, weir_softplus(x); }

#define ACTIVATION_ROW(public_name, one_line) \
    { .size = sizeof(weir_module_row), .version = 1, .name = public_name, .doc = one_line, .options_size = sizeof(size_t), .test = "" }

const weir_module_row weir__row_relu = { .row = ACTIVATION_ROW("module.relu", "max(x, 0)"), .forward = relu };
const weir_module_row weir__row_tanh = { .row = ACTIVATION_ROW("module.tanh", "tanh x"), .forward = tanh_ };
const weir_module_row weir__row_sigmoid = { .row = ACTIVATION_ROW("module.sigmoid", "1 / (1 + exp(-x))"), .forward = sigmoid };
const weir_module_row weir__row_softplus = { .row = ACTIVATION_ROW("module.softplus", "log(1 + exp(x))"), .forward = softplus };
