/* realnvp.c - RealNVP: real-valued non-volume preserving transformations (Dinh, Sohl-Dickstein,
 * Bengio 2017). Of vectors, affine couplings that keep one part of the columns and then the other.
 * Of images, over several scales, each of which is
 *
 *     three couplings of a checkerboard, squeeze, three of halves of the channels, unsqueeze,
 *
 * and sets the places of odd parity of every 2 x 2 block aside as latent variables; the last scale
 * is four couplings of a checkerboard. Behind every coupling, but in the last scale, what it gives
 * is normalised. Integers of images come in through a logit. */
#include <stddef.h>
#include "models/image_flow.h"

typedef enum norm { NO_NORM, ACTNORM, BATCH_NORM } norm;

typedef struct opts {
    weir__model_opts common;
    int64_t couplings, scales;
    weir_choice coupling, image_net, base;
    int32_t norm, input;
    double alpha;
    bool prior;
} opts;

static const weir_option options[] = {
    WEIR__MODEL_OPTIONS,
    { "couplings", WEIR_OPTION_INT, offsetof(opts, couplings), "0", 0, 256, NULL,
      "of vectors; of images: of a checkerboard, and of channels, in each scale; 0: 8, 3" },
    { "scales", WEIR_OPTION_INT, offsetof(opts, scales), "0", 0, 16, NULL,
      "of images; each but the last halves height and width; 0: as many as they have, 3 at most" },
    { "coupling", WEIR_OPTION_ROW, offsetof(opts, coupling), "affine_coupling", 0, 0, "bijection",
      "what is repeated" },
    { "image_net", WEIR_OPTION_ROW, offsetof(opts, image_net), "conv_resnet", 0, 0, "network",
      "of couplings of images, in place of coupling.net" },
    { "norm", WEIR_OPTION_CHOICE, offsetof(opts, norm), "actnorm", 0, 0, "none|actnorm|batch_norm",
      "behind a coupling" },
    { "base", WEIR_OPTION_ROW, offsetof(opts, base), "normal", 0, 0, "base", "base distribution" },
    { "input", WEIR_OPTION_CHOICE, offsetof(opts, input), "auto", 0, 0, WEIR__INPUT_CHOICES,
      WEIR__INPUT_DOC("logit") },
    { "alpha", WEIR_OPTION_REAL, offsetof(opts, alpha), "0.05", 0, 0.4, NULL, "of input=logit" },
    { "prior", WEIR_OPTION_BOOL, offsetof(opts, prior), "no", 0, 1, NULL,
      "what a scale sets aside has a mean and deviation that are learned, given the others" },
    { 0 },
};

/* -- presets --------------------------------------------------------------------------------------
 */
#define COMMON "optimizer=adam schedule=cosine schedule.warmup=100"
#define TABLE "model.standardize=yes "
#define PICTURES \
    "model.standardize=no model.image_net.width=24 model.image_net.blocks=1 optimizer.lr=2e-3 " \
    "batch=64 "

static const char *realnvp_picture(const weir_data_facts *f)
{
    if (f->ndim == 1 && f->dim == 64) return PICTURES "model.shape=1,8,8 steps=800 ema=0.99";
    if (f->ndim == 1 && f->dim == 784) return PICTURES "model.shape=1,28,28 steps=3000 ema=0.998";
    return PICTURES "steps=4000 ema=0.998";
}

static bool realnvp_is_picture(const weir_data_facts *f)
{
    bool flat = f->ndim == 1 && f->levels >= 16 && (f->dim == 64 || f->dim == 784);
    return flat || f->ndim == 3;
}

/* Few samples: couplings whose networks are linear maps. */
static const char *realnvp_choose(const weir_data_facts *f)
{
    if (realnvp_is_picture(f)) return realnvp_picture(f);
    if (weir__few_samples(f))
        return TABLE "model.couplings=4 model.coupling.net.hidden= optimizer.lr=1e-3 batch=128 "
                     "steps=2000 ema=0.99";
    if (f->n_effective < 2000) return TABLE "optimizer.lr=5e-4 batch=128 steps=2000 ema=0.99";
    return TABLE "optimizer.lr=1e-3 batch=256 steps=5000 ema=0.999";
}

static const weir_preset presets[] = {
    { "auto", COMMON, "networks and steps by the data", realnvp_choose },
    /* section 4.1 for CIFAR-10; weight normalisation and its L2 are left out */
    { "paper",
      "model.standardize=no model.scales=2 model.image_net.width=64 model.image_net.blocks=8 "
      "model.image_net.skip=yes model.image_net.norm=batch_norm model.norm=batch_norm "
      "optimizer=adam optimizer.lr=1e-3 schedule=constant batch=64",
      "as the paper says of CIFAR-10", NULL },
    { 0 },
};

/* -- making ---------------------------------------------------------------------------------------
 */
static void realnvp_add_norm(weir_model *m, weir_module *to, int64_t dim)
{
    const opts *o = m->options;
    if (o->norm == ACTNORM) weir__flow_add_sized(to, "actnorm", dim, m->dtype);
    if (o->norm == BATCH_NORM) weir__flow_add_sized(to, "bijection.batch_norm", dim, m->dtype);
}

/* n couplings that keep one part, then the other, and so on. */
static void realnvp_add_couplings(weir_model *m, weir_module *to, int64_t dim,
                                  const char *partition, int64_t n)
{
    const opts *o = m->options;
    weir_ctx *c = weir_model_ctx(m);
    const weir_choice *net = m->ndim == 3 ? &o->image_net : NULL;
    weir_choice coupling = weir__flow_coupling_with(m, &o->coupling, net);
    for (int64_t i = 0; i < n && weir_ok(c); i++) {
        const weir__coupling_site site = { dim, partition, i % 2 };
        weir__flow_add_coupling(m, to, &coupling, &site);
        realnvp_add_norm(m, to, dim);
    }
    weir__options_delete(c, coupling.row, coupling.options);
}

static weir_module *realnvp_scale(weir_model *m, const int64_t shape[3], int64_t scales)
{
    const opts *o = m->options;
    weir_ctx *c = weir_model_ctx(m);
    int64_t couplings = o->couplings > 0 ? o->couplings : 3;
    weir_module *scale = weir__compose_new(c);
    weir__split_opts split = {
        .shape = { 4 * shape[0], shape[1] / 2, shape[2] / 2 },
        .prior = o->prior,
        .dtype = m->dtype,
        .classes = o->common.classes,
        .context = o->common.context,
    };
    const int64_t kept[] = { 2 * shape[0], split.shape[1], split.shape[2] };
    realnvp_add_couplings(m, scale, shape[0], "checkerboard", couplings + (scales == 1));
    if (scales == 1) {
        weir__flow_add_flatten(scale, shape);
        return scale;
    }
    weir__flow_add_row(scale, "squeeze", "");
    realnvp_add_couplings(m, scale, split.shape[0], "half", couplings);
    weir__flow_add_row(scale, "inverse", "of=squeeze");
    weir__flow_add_row(scale, "squeeze", "flavour=ordered");
    if (weir_ok(c))
        weir__flow_add(scale, weir__split_new(c, &split, realnvp_scale(m, kept, scales - 1)));
    return scale;
}

static void realnvp_add_picture(weir_model *m, weir_module *flow)
{
    const opts *o = m->options;
    int64_t scales = o->scales > 0 ? o->scales : 1 + weir__flow_halvings(m->shape, 2);
    if (!weir__flow_halves(m, scales - 1)) return;
    weir_module *scale = realnvp_scale(m, m->shape, scales);
    weir__flow_add(flow, scale);
}

static void realnvp_add_vector(weir_model *m, weir_module *flow)
{
    const opts *o = m->options;
    if (m->dim < 2) {
        weir_fail(weir_model_ctx(m), WEIR_ERROR_RANGE,
                  "model.realnvp: dim=%lld: expected 2 or more", (long long)m->dim);
        return;
    }
    realnvp_add_couplings(m, flow, m->dim, NULL, o->couplings > 0 ? o->couplings : 8);
}

static weir_module *realnvp_create(weir_model *m, const void *unused)
{
    opts *o = m->options;
    weir_ctx *c = weir_model_ctx(m);
    weir__flow_state *s = weir_model_state(m);
    weir_module *root = weir_module_from_row(c, &weir__row_group, NULL);
    s->flow = weir_module_add(root, "flow", weir__compose_new(c));
    s->flat = m->ndim != 3;
    weir__flow_add_input(m, s->flow, (weir__flow_input)o->input, WEIR__INPUT_LOGIT, o->alpha);
    if (weir_ok(c) && s->flat) realnvp_add_vector(m, s->flow);
    else if (weir_ok(c)) realnvp_add_picture(m, s->flow);
    weir_module *base = weir__choice_module(c, &m->row->row, "base", &o->base, 0, NULL);
    s->base = weir_module_add(root, "base", base);
    return root;
}

const weir_model_row weir__model_realnvp = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.realnvp",
        .doc = "RealNVP: affine couplings of vectors, or of images over several scales; exact",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=3 couplings=2 coupling.net.hidden=8",
        .given = WEIR__MODEL_GIVEN,
    },
    .log_prob_kind = WEIR_LOG_PROB_EXACT,
    .presets = presets,
    .state_size = sizeof(weir__flow_state),
    .create = realnvp_create,
    .log_prob = weir__flow_log_prob,
    .noise = weir__flow_noise,
    .noise_log_prob = weir__flow_noise_log_prob,
    .sample = weir__flow_sample,
};
