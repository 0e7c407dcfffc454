/* dropout.c - nn.Dropout: while training, elements are dropped by draws that belong to their
 * sample. */
#include <stddef.h>
#include "nn/nn.h"

typedef struct dropout_opts {
    size_t size;
    double p;
} dropout_opts;
static const weir_option options[] = { { "p", WEIR_OPTION_REAL, offsetof(dropout_opts, p), "0.5", 0,
                                         1, NULL, "probability of an element to be dropped" },
                                       { 0 } };

static void dropout_create(weir_module *m, const void *opts)
{
    *(double *)weir_module_state(m) = ((const dropout_opts *)opts)->p;
}
static weir_tensor *dropout_forward(weir_module *m, weir_tensor *x)
{
    return weir_dropout(x, *(const double *)weir_module_state(m), weir_module_training(m));
}

const weir_module_row weir__row_dropout = {
    .row = {
        .size = sizeof(weir_module_row),
        .version = 1,
        .name = "module.dropout",
        .doc = "while training 0 with probability p, else x / (1 - p); outside it x",
        .options = options,
        .options_size = sizeof(dropout_opts),
        .test = "p=0.25",
    },
    .state_size = sizeof(double), .create = dropout_create, .forward = dropout_forward,
};
