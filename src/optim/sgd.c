/* sgd.c - stochastic gradient descent with momentum, in PyTorch's form:
 *     g += wd p;  b = momentum b + (1 - dampening) g (the optimizer's first step: b = g);  p -= lr
 * (nesterov ? g + momentum b : b) */
#include <stddef.h>
#include "optim/optim.h"

typedef weir_sgd_opts opts;

static const weir_option options[] = {
    { "lr", WEIR_OPTION_REAL, offsetof(opts, lr), "1e-3", 0, 1e3, NULL, "learning rate" },
    { "momentum", WEIR_OPTION_REAL, offsetof(opts, momentum), "0", 0, 1, NULL,
      "of the running direction" },
    { "dampening", WEIR_OPTION_REAL, offsetof(opts, dampening), "0", 0, 1, NULL,
      "of what a gradient adds to it" },
    { "weight_decay", WEIR_OPTION_REAL, offsetof(opts, weight_decay), "0", 0, 1e3, NULL,
      "pull towards 0" },
    { "nesterov", WEIR_OPTION_BOOL, offsetof(opts, nesterov), "no", 0, 1, NULL,
      "look ahead along the running direction" },
    { 0 },
};

void weir_sgd_defaults_sized(weir_sgd_opts *o, size_t size)
{
    const weir_sgd_opts whole = { .size = sizeof whole, .lr = 1e-3 };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

static int sgd_n_states(const void *o) { return ((const opts *)o)->momentum != 0; }

static void sgd_range(const weir__isa *k, weir__real t, int64_t n, void *p, const void *g,
                      void *const *state, const void *options_, const weir__optim_now *now)
{
    const opts *o = options_;
    weir__sgd s = { .lr = now->lr,
                    .momentum = o->momentum,
                    .dampening = o->dampening,
                    .weight_decay = o->weight_decay,
                    .g_scale = now->g_scale,
                    .nesterov = o->nesterov,
                    .first = now->step == 1 };
    k->sgd[t](n, p, g, state[0], &s);
}

const weir__optim_row weir__optimizer_sgd = {
    .row = {
        .size = sizeof(weir__optim_row),
        .version = 1,
        .name = "optimizer.sgd",
        .doc = "gradient descent with momentum",
        .options = options,
        .options_size = sizeof(opts),
        .test = "lr=1e-2 momentum=0.9",
    },
    .states = { "momentum_buffer" },
    .n_states = sgd_n_states,
    .range = sgd_range,
};
