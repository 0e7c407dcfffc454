/* glow.c - Glow (Kingma, Dhariwal 2018): flows of images over several scales. A scale is
 *
 *     squeeze, `depth` times (actnorm, permutation, coupling), split
 *
 * where squeeze makes 2 x 2 blocks of places channels, permutation is an invertible 1 x 1
 * convolution, the coupling keeps the first half of the channels, and split sets half of them aside
 * as latent variables with a prior that it learns of the other half, which goes on to the next
 * scale. The last scale has no split; its prior is the base. Integers come in as (v + u) / levels -
 * 1/2. Of classes, couplings, priors and the base are conditional. */
#include <stddef.h>
#include "models/image_flow.h"

typedef struct opts {
    weir__model_opts common;
    int64_t scales, depth;
    weir_choice permutation, coupling, net, base;
    int32_t input;
    double alpha;
} opts;

static const weir_option options[] = {
    WEIR__MODEL_OPTIONS,
    { "scales", WEIR_OPTION_INT, offsetof(opts, scales), "0", 0, 16, NULL,
      "how often height and width are halved; 0: as often as they can be, three times at most" },
    { "depth", WEIR_OPTION_INT, offsetof(opts, depth), "8", 1, 1024, NULL, "steps of a scale" },
    { "permutation", WEIR_OPTION_ROW, offsetof(opts, permutation), "conv1x1", 0, 0, "bijection",
      "of channels, in every step, such as permutation kind=reverse" },
    { "coupling", WEIR_OPTION_ROW, offsetof(opts, coupling), "affine_coupling scale=sigmoid", 0, 0,
      "bijection", "of channels, in every step; its net is the model's" },
    { "net", WEIR_OPTION_ROW, offsetof(opts, net), "conv", 0, 0, "network",
      "of the half of the channels that a coupling keeps" },
    { "base", WEIR_OPTION_ROW, offsetof(opts, base), "diagonal", 0, 0, "base",
      "prior of the last scale, and of what is standardised by the others'" },
    { "input", WEIR_OPTION_CHOICE, offsetof(opts, input), "auto", 0, 0, WEIR__INPUT_CHOICES,
      WEIR__INPUT_DOC("centre") },
    { "alpha", WEIR_OPTION_REAL, offsetof(opts, alpha), "0.05", 0, 0.4, NULL, "of input=logit" },
    { 0 },
};

/* -- presets ------------------------------------------------------------------------------------
 */
#define COMMON "optimizer=adam schedule=cosine schedule.warmup=100 model.standardize=no"
#define PICTURES "model.input=logit model.net.edge=no optimizer.lr=2e-3 batch=64 "

static const char *glow_choose(const weir_data_facts *f)
{
    if (f->ndim == 1 && f->dim == 64)
        return PICTURES "model.shape=1,8,8 model.net.width=48 model.depth=6 steps=800 ema=0.99";
    if (f->ndim == 1 && f->dim == 784)
        return PICTURES "model.shape=1,28,28 model.net.width=64 steps=3000 ema=0.998";
    if (f->dim <= 1024) return PICTURES "model.net.width=64 steps=3000 ema=0.998";
    return PICTURES "model.net.width=96 steps=5000 ema=0.998";
}

static const weir_preset presets[] = {
    { "auto", COMMON, "width, depth and steps by the size of the pictures", glow_choose },
    /* openai/glow, README and train.py, with adam in place of its adamax; shifts of 10 % are left
       out */
    { "paper",
      "model.scales=3 model.depth=32 model.net.width=512 model.standardize=no "
      "optimizer=adam optimizer.lr=1e-3 schedule=constant schedule.warmup=7800 batch=64 ema=0.999",
      "as the authors train on CIFAR-10", NULL },
    { 0 },
};

/* -- making ---------------------------------------------------------------------------------------
 */
static void glow_add_step(weir_model *m, weir_module *scale, int64_t channels)
{
    opts *o = m->options;
    weir_ctx *c = weir_model_ctx(m);
    const weir_row *row = &m->row->row;
    const weir__gift gift = { "dim", channels };
    const weir__coupling_site site = { .dim = channels, .partition = "half" };
    weir_choice coupling = weir__flow_coupling_with(m, &o->coupling, &o->net);
    weir__flow_add_sized(scale, "actnorm", channels, m->dtype);
    weir__flow_add(scale, weir__choice_module(c, row, "permutation", &o->permutation, 1, &gift));
    weir__flow_add_coupling(m, scale, &coupling, &site);
    weir__options_delete(c, coupling.row, coupling.options);
}

/* Of pictures of a shape, and the scales below it. */
static weir_module *glow_scale(weir_model *m, const int64_t shape[3], int64_t scales)
{
    const opts *o = m->options;
    weir_ctx *c = weir_model_ctx(m);
    weir_module *scale = weir__compose_new(c);
    weir__split_opts split = {
        .shape = { 4 * shape[0], shape[1] / 2, shape[2] / 2 },
        .prior = true,
        .dtype = m->dtype,
        .classes = o->common.classes,
        .context = o->common.context,
    };
    const int64_t kept[] = { 2 * shape[0], split.shape[1], split.shape[2] };
    weir__flow_add_row(scale, "squeeze", "");
    for (int64_t i = 0; i < o->depth && weir_ok(c); i++) glow_add_step(m, scale, split.shape[0]);
    if (scales == 1) weir__flow_add_flatten(scale, split.shape);
    else if (weir_ok(c))
        weir__flow_add(scale, weir__split_new(c, &split, glow_scale(m, kept, scales - 1)));
    return scale;
}

static weir_module *glow_create(weir_model *m, const void *unused)
{
    opts *o = m->options;
    weir_ctx *c = weir_model_ctx(m);
    weir__flow_state *s = weir_model_state(m);
    weir_module *root = weir_module_from_row(c, &weir__row_group, NULL);
    s->flow = weir_module_add(root, "flow", weir__compose_new(c));
    if (m->ndim != 3) {
        weir_fail(c, WEIR_ERROR_SHAPE, "model.glow: shape: expected channels,height,width");
        return root;
    }
    int64_t scales = o->scales > 0 ? o->scales : weir__flow_halvings(m->shape, 3);
    if (scales == 0) scales = 1; /* which then says what is wrong */
    if (!weir__flow_halves(m, scales)) return root;
    weir__flow_add_input(m, s->flow, (weir__flow_input)o->input, WEIR__INPUT_CENTRE, o->alpha);
    if (weir_ok(c)) weir__flow_add(s->flow, glow_scale(m, m->shape, scales));
    weir_module *base = weir__choice_module(c, &m->row->row, "base", &o->base, 0, NULL);
    s->base = weir_module_add(root, "base", base);
    return root;
}

const weir_model_row weir__model_glow = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.glow",
        .doc = "Glow: multi-scale flow of images with 1 x 1 convolutions; exact",
        .options = options,
        .options_size = sizeof(opts),
        .test = "shape=1,4,4 depth=1 net.width=4",
        .given = WEIR__MODEL_GIVEN,
    },
    .log_prob_kind = WEIR_LOG_PROB_EXACT,
    .presets = presets,
    .state_size = sizeof(weir__flow_state),
    .create = glow_create,
    .log_prob = weir__flow_log_prob,
    .noise = weir__flow_noise,
    .noise_log_prob = weir__flow_noise_log_prob,
    .sample = weir__flow_sample,
};
