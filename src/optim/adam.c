/* adam.c - Adam (Kingma, Ba 2015) and AdamW (Loshchilov, Hutter 2019), in PyTorch's form:
 *     g += wd p (adam) or p -= lr wd p (adamw);  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
 *     p -= lr/(1 - b1^t) m / (sqrt(v)/sqrt(1 - b2^t) + eps)
 * t counts the optimizer's steps: a parameter that sat out the first ones is corrected as the
 * others are (PyTorch counts each). */
#include <math.h>
#include <stddef.h>
#include "optim/optim.h"

typedef weir_adam_opts opts;

#define ADAM_OPTIONS(decay) \
    { "lr", WEIR_OPTION_REAL, offsetof(opts, lr), "1e-3", 0, 1e3, NULL, "learning rate" }, \
        { "beta1", \
          WEIR_OPTION_REAL, \
          offsetof(opts, beta1), \
          "0.9", \
          0, \
          0.9999999, \
          NULL, \
          "decay of the mean of gradients" }, \
        { "beta2", \
          WEIR_OPTION_REAL, \
          offsetof(opts, beta2), \
          "0.999", \
          0, \
          0.9999999, \
          NULL, \
          "decay of the mean of squared gradients" }, \
    { "eps", WEIR_OPTION_REAL, offsetof(opts, eps), "1e-8", 0, 1e3, NULL, \
      "added to the root of the second moment" }, \
        { "weight_decay", WEIR_OPTION_REAL, offsetof(opts, weight_decay), decay, 0, 1e3, \
          NULL,           "pull towards 0" }, \
        { 0 }

static const weir_option adam_options[] = { ADAM_OPTIONS("0") };
static const weir_option adamw_options[] = { ADAM_OPTIONS("0.01") };

static weir_adam_opts adam_whole(double weight_decay)
{
    return (weir_adam_opts){
        .size = sizeof(weir_adam_opts),
        .lr = 1e-3,
        .beta1 = 0.9,
        .beta2 = 0.999,
        .eps = 1e-8,
        .weight_decay = weight_decay,
    };
}

void weir_adam_defaults_sized(weir_adam_opts *o, size_t size)
{
    const weir_adam_opts whole = adam_whole(0);
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

void weir_adamw_defaults_sized(weir_adamw_opts *o, size_t size)
{
    const weir_adamw_opts whole = adam_whole(0.01);
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

static int two(const void *o)
{
    (void)o;
    return 2;
}

static void adam_range(bool decoupled, const weir__isa *k, weir__real t, int64_t n, void *p,
                       const void *g, void *const *state, const opts *o, const weir__optim_now *now)
{
    weir__adam a = { .lr = now->lr,
                     .beta1 = o->beta1,
                     .beta2 = o->beta2,
                     .eps = o->eps,
                     .weight_decay = o->weight_decay,
                     .decay1 = 1 - pow(o->beta1, (double)now->step),
                     .decay2 = 1 - pow(o->beta2, (double)now->step),
                     .decoupled = decoupled,
                     .g_scale = now->g_scale };
    k->adam[t](n, p, g, state[0], state[1], &a);
}

static void adam(const weir__isa *k, weir__real t, int64_t n, void *p, const void *g,
                 void *const *state, const void *o, const weir__optim_now *now)
{
    adam_range(false, k, t, n, p, g, state, o, now);
}

static void adamw(const weir__isa *k, weir__real t, int64_t n, void *p, const void *g,
                  void *const *state, const void *o, const weir__optim_now *now)
{
    adam_range(true, k, t, n, p, g, state, o, now);
}

const weir__optim_row weir__optimizer_adam = {
    .row = {
        .size = sizeof(weir__optim_row),
        .version = 1,
        .name = "optimizer.adam",
        .doc = "Adam; weight decay is part of the gradient",
        .options = adam_options,
        .options_size = sizeof(opts),
        .test = "lr=1e-2",
    },
    .states = { "exp_avg", "exp_avg_sq" },
    .n_states = two,
    .range = adam,
};

const weir__optim_row weir__optimizer_adamw = {
    .row = {
        .size = sizeof(weir__optim_row),
        .version = 1,
        .name = "optimizer.adamw",
        .doc = "Adam with weight decay apart from the gradient",
        .options = adamw_options,
        .options_size = sizeof(opts),
        .test = "lr=1e-2",
    },
    .states = { "exp_avg", "exp_avg_sq" },
    .n_states = two,
    .range = adamw,
};
