/* rmsprop.c - RMSProp (Tieleman, Hinton 2012) in PyTorch's form, and with the denominator of the
 * NICE authors' code: g += wd p;  s = alpha s + (1 - alpha) g^2;  d = floor > 0 ? max(sqrt s,
 * floor) : sqrt s + eps b = momentum b + g / d;  p -= lr b `momentum_from` is the authors'
 * MomentumAdjustor: no momentum before that step (theirs jumps from 0 to 0.5 at epoch 6). Their
 * velocity holds lr g / d of each step's own lr; PyTorch's takes the present lr for all of it: the
 * two agree while lr stands still, and to 5e-4 of a step under their decay. */
#include <stddef.h>
#include "optim/optim.h"

typedef weir_rmsprop_opts opts;

static const weir_option options[] = {
    { "lr", WEIR_OPTION_REAL, offsetof(opts, lr), "1e-2", 0, 1e3, NULL, "learning rate" },
    { "alpha", WEIR_OPTION_REAL, offsetof(opts, alpha), "0.99", 0, 1, NULL,
      "decay of the mean of squared gradients" },
    { "eps", WEIR_OPTION_REAL, offsetof(opts, eps), "1e-8", 0, 1e3, NULL,
      "added to the root, where floor is 0" },
    { "weight_decay", WEIR_OPTION_REAL, offsetof(opts, weight_decay), "0", 0, 1e3, NULL,
      "pull towards 0" },
    { "momentum", WEIR_OPTION_REAL, offsetof(opts, momentum), "0", 0, 1, NULL,
      "of the running direction" },
    { "floor", WEIR_OPTION_REAL, offsetof(opts, floor), "0", 0, 1e3, NULL,
      "above 0: the root is at least this, and eps is not used" },
    { "momentum_from", WEIR_OPTION_INT, offsetof(opts, momentum_from), "0", 0, 1e15, NULL,
      "updates made without momentum first" },
    { 0 },
};

void weir_rmsprop_defaults_sized(weir_rmsprop_opts *o, size_t size)
{
    const opts whole = { .size = sizeof whole, .lr = 1e-2, .alpha = 0.99, .eps = 1e-8 };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

static int rmsprop_n_states(const void *o) { return 1 + (((const opts *)o)->momentum != 0); }

static void rmsprop_range(const weir__isa *k, weir__real t, int64_t n, void *p, const void *g,
                          void *const *state, const void *options_, const weir__optim_now *now)
{
    const opts *o = options_;
    weir__rmsprop r = { .lr = now->lr,
                        .alpha = o->alpha,
                        .eps = o->eps,
                        .floor = o->floor,
                        .weight_decay = o->weight_decay,
                        .momentum = now->step > o->momentum_from ? o->momentum : 0,
                        .g_scale = now->g_scale };
    k->rmsprop[t](n, p, g, state[0], state[1], &r);
}

const weir__optim_row weir__optimizer_rmsprop = {
    .row = {
        .size = sizeof(weir__optim_row),
        .version = 1,
        .name = "optimizer.rmsprop",
        .doc = "gradients over the root of their mean square",
        .options = options,
        .options_size = sizeof(opts),
        .test = "lr=1e-2 momentum=0.5",
    },
    .states = { "square_avg", "momentum_buffer" },
    .n_states = rmsprop_n_states,
    .range = rmsprop_range,
};
