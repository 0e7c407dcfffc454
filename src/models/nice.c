/* nice.c - NICE: non-linear independent components estimation (Dinh, Krueger, Bengio, 2015).
 *
 *     z = S(c_K(.. c_1(tile(y)))),   log p(y) = log p_base(z) + sum s
 *
 * tile puts even columns before odd ones (left out for partition=half); coupling c_k keeps the
 * first half of the columns and shifts the second by a perceptron of the first when k is even, the
 * other way when k is odd; S multiplies by exp(s).
 *
 * The authors' code (laurent-dinh/nice) instead reverses all columns after each coupling and always
 * shifts the second half. For an even number of columns that is the same family and the same start:
 * reversing swaps the halves (so "always the second" alternates here) and turns their inner order
 * round, which only renames inputs and outputs of networks whose weights start independent and
 * equally distributed, and elements of s, which start equal. The density of the initial model is
 * therefore the same in distribution. */
#include <stddef.h>
#include "models/models.h"

typedef struct opts {
    weir__model_opts common;
    int64_t couplings;
    weir_ints hidden;
    int32_t partition, init;
    weir_choice base;
    bool scale;
    double bound;
} opts;

static const weir_option options[] = {
    WEIR__MODEL_OPTIONS,
    { "couplings", WEIR_OPTION_INT, offsetof(opts, couplings), "4", 0, 64, NULL,
      "additive couplings" },
    { "hidden", WEIR_OPTION_INTS, offsetof(opts, hidden), "1000,1000,1000,1000,1000", 1, 1 << 16,
      NULL, "widths of the hidden layers of a coupling's network" },
    { "partition", WEIR_OPTION_CHOICE, offsetof(opts, partition), "odd_even", 0, 0,
      WEIR__PARTITION_CHOICES, "how columns are cut in two" },
    { "base", WEIR_OPTION_ROW, offsetof(opts, base), "logistic", 0, 0, "base",
      "base distribution" },
    { "scale", WEIR_OPTION_BOOL, offsetof(opts, scale), "yes", 0, 1, NULL,
      "a learned diagonal scaling at the end" },
    { "init", WEIR_OPTION_CHOICE, offsetof(opts, init), "uniform", 0, 0, "pytorch|uniform",
      "uniform: weights on +-bound, biases 0; pytorch: all on +-1/sqrt(in)" },
    { "bound", WEIR_OPTION_REAL, offsetof(opts, bound), "0.01", 0, 1e3, NULL, "of init=uniform" },
    { 0 },
};

#define ARCHITECTURE \
    "model.couplings=4 model.hidden=1000,1000,1000,1000,1000 model.partition=odd_even " \
    "model.base=logistic model.init=uniform model.bound=0.01"

/* -- the default: by the number and the shape of the data ------------------------------------ */
#define COMMON \
    "optimizer=adam schedule=cosine model.standardize=yes model.base=logistic model.init=pytorch"

/* Additive couplings without hidden layers, a diagonal scaling and a logistic base hold about what
 * a Gaussian of full covariance does, with heavier tails: hard to beat where samples are few. */
#define LINEAR "model.couplings=4 model.hidden= optimizer.lr=3e-3 batch=128 steps=3000 ema=0.99"

/* Pictures come in one hidden layer and many couplings where they are small, in two and four where
 * there are many samples of many values. */
static const char *nice_picture(const weir_data_facts *f)
{
    if (f->dim > 4096)
        return "model.couplings=4 model.hidden=256,256 optimizer.lr=3e-3 schedule.warmup=50 "
               "batch=128 steps=2000 ema=0.998";
    if (f->dim > 256)
        return "model.couplings=4 model.hidden=512,512 optimizer.lr=3e-3 schedule.warmup=50 "
               "batch=128 steps=4000 ema=0.998";
    if (f->n_effective > 10000)
        return "model.couplings=8 model.hidden=256 optimizer.lr=2e-3 batch=128 steps=4000 "
               "ema=0.998";
    return "model.couplings=8 model.hidden=256 optimizer.lr=2e-3 batch=128 steps=1500 ema=0.995";
}

static const char *nice_table(const weir_data_facts *f)
{
    double per = weir__samples_per_values(f);
    if (per < 100)
        return "model.couplings=6 model.hidden=16,16 optimizer.lr=3e-3 batch=128 steps=3000 "
               "ema=0.99";
    if (per < 1000)
        return "model.couplings=6 model.hidden=32,32 optimizer.lr=3e-3 batch=128 steps=4000 "
               "ema=0.99";
    return "model.couplings=8 model.hidden=64,64 optimizer.lr=3e-3 batch=256 steps=6000 ema=0.995";
}

static const char *nice_choose(const weir_data_facts *f)
{
    if (weir__few_samples(f)) return LINEAR;
    return weir__looks_like_pictures(f) ? nice_picture(f) : nice_table(f);
}

static const weir_preset presets[] = {
    { "auto", COMMON, "couplings, widths and steps by the number of samples and their values",
      nice_choose },
    /* exp/nice_mnist.yaml and learning_rule.py; momentum sets in at epoch 6 of 250 updates */
    { "released",
      ARCHITECTURE " optimizer=rmsprop optimizer.lr=1e-3 optimizer.alpha=0.95 optimizer.floor=1e-2 "
                   "optimizer.momentum=0.5 optimizer.momentum_from=1500 "
                   "schedule=nice schedule.decay=1.0005 schedule.floor=1e-4 batch=200",
      "as the authors' released code trains on MNIST", NULL },
    /* section 5.1: AdaM with step 1e-3, momentum 0.9, beta2 = 0.01 in the old convention, which is
       0.99 now, epsilon 1e-4 */
    { "paper",
      ARCHITECTURE " optimizer=adam optimizer.lr=1e-3 optimizer.beta1=0.9 optimizer.beta2=0.99 "
                   "optimizer.eps=1e-4 schedule=constant batch=200",
      "as the paper says (its batch size it does not: the code's)", NULL },
    { 0 },
};

static weir_module *nice_net(weir_model *m, const opts *o, int64_t in, int64_t out)
{
    weir__mlp_opts n = {
        .size = sizeof n,
        .in = in,
        .out = out,
        .hidden = o->hidden,
        .init = o->init,
        .bound = o->bound,
        .dtype = o->common.dtype,
        .classes = weir_model_class_lines(m),
        .context = o->common.context,
    };
    return weir_module_from_row(m->object.ctx, &weir__row_mlp, &n);
}

static weir_module *nice_couplings(weir_model *m, const opts *o, int64_t dim)
{
    weir_ctx *c = m->object.ctx;
    weir_module *all = weir__compose_new(c);
    int64_t first = (dim + 1) / 2;
    for (int64_t i = 0; i < o->couplings && weir_ok(c); i++) {
        int64_t kept = i % 2 ? dim - first : first;
        char name[24];
        size_t used = 0;
        weir__append(name, sizeof name, &used, "%lld", (long long)i);
        weir_module_add(
            all, name,
            weir__coupling_new(c, dim, WEIR__HALF, (int)(i % 2), nice_net(m, o, kept, dim - kept)));
    }
    return all;
}

static weir_module *nice_create(weir_model *m, const void *unused)
{
    opts *o = m->options;
    weir_ctx *c = weir_model_ctx(m);
    weir__flow_state *s = weir_model_state(m);
    s->flat = true;
    int64_t dim = weir_model_dim(m);
    (void)unused;
    if (dim < 2) {
        weir_fail(c, WEIR_ERROR_RANGE, "model.nice: dim=%lld: expected 2 or more", (long long)dim);
        return weir__nil(c, WEIR__MODULE);
    }
    weir_module *root = weir_module_from_row(c, &weir__row_group, NULL),
                *flow = weir__compose_new(c);
    s->flow = weir_module_add(root, "flow", flow);
    if (o->partition == WEIR__ODD_EVEN) weir_module_add(s->flow, "tile", weir__tile_new(c));
    weir_module_add(s->flow, "couplings", nice_couplings(m, o, dim));
    if (o->scale) weir_module_add(s->flow, "scale", weir__scale_new(c, dim, m->dtype));
    s->base = weir_module_add(root, "base",
                              weir__choice_module(c, &m->row->row, "base", &o->base, 0, NULL));
    return root;
}

const weir_model_row weir__model_nice = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.nice",
        .doc = "NICE: additive couplings and a diagonal scaling; exact",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=3 couplings=3 hidden=8,8",
        .given = WEIR__MODEL_GIVEN,
    },
    .log_prob_kind = WEIR_LOG_PROB_EXACT,
    .presets = presets,
    .state_size = sizeof(weir__flow_state),
    .create = nice_create,
    .log_prob = weir__flow_log_prob,
    .noise = weir__flow_noise,
    .noise_log_prob = weir__flow_noise_log_prob,
    .sample = weir__flow_sample,
};
