/* maf.c - masked autoregressive flows (Papamakarios, Pavlakou, Murray 2017), and inverse ones
 * (Kingma et al. 2016), whose layers are the same the other way round:
 *
 *     z = a_K(r(.. r(a_1(y)))),    maf: a_k autoregressive, r the columns reversed;
 *
 * maf takes one pass of each network for log p; a sample goes column by column, each unit of the
 * networks computed once, so that it costs about a pass too, in many small steps. iaf takes one
 * pass for a sample, and its log p of data, as its training, goes column by column. */
#include <stddef.h>
#include "flow/autoregressive.h"
#include "models/image_flow.h"

typedef enum map { AFFINE, SPLINE } map;

typedef struct opts {
    weir__model_opts common;
    int64_t layers;
    int32_t map, order, scale, input;
    double scale_bound, alpha;
    weir__spline_opts spline;
    weir_choice net, base;
} opts;

static const weir_option options[] = {
    WEIR__MODEL_OPTIONS,
    { "layers", WEIR_OPTION_INT, offsetof(opts, layers), "5", 0, 1024, NULL,
      "autoregressive maps" },
    { "order", WEIR_OPTION_CHOICE, offsetof(opts, order), "reverse", 0, 0, "random|reverse",
      "of the columns, after each map but the last" },
    { "net", WEIR_OPTION_ROW, offsetof(opts, net), "made hidden=64,64 zero=yes", 0, 0, "network",
      "whose outputs for a column see the columns before it alone" },
    { "map", WEIR_OPTION_CHOICE, offsetof(opts, map), "affine", 0, 0, "affine|spline",
      "of single columns" },
    { "scale", WEIR_OPTION_CHOICE, offsetof(opts, scale), "soft", 0, 0, "exp|sigmoid|tanh|soft",
      "how the net's output becomes a log scale (bijection.affine_autoregressive)" },
    { "scale_bound", WEIR_OPTION_REAL, offsetof(opts, scale_bound), "3", 1e-3, 100, NULL,
      "the largest log scale of scale=tanh and soft" },
    WEIR__SPLINE_OPTIONS(offsetof(opts, spline)),
    { "base", WEIR_OPTION_ROW, offsetof(opts, base), "normal", 0, 0, "base", "base distribution" },
    { "input", WEIR_OPTION_CHOICE, offsetof(opts, input), "none", 0, 0, WEIR__INPUT_CHOICES,
      "of data from 0 to 1, such as integers not standardized: less 1/2, or their logit, for which "
      "no value is many deviations from the others" },
    { "alpha", WEIR_OPTION_REAL, offsetof(opts, alpha), "0.05", 0, 0.4, NULL, "of input=logit" },
    { 0 },
};

/* -- the default: by the number and the shape of the data -------------------------------------- */
#define TABLE "model.standardize=yes optimizer.lr=1e-3 "
/* A pixel that is dark but in few samples is many deviations away there; its logit is not. */
#define PICTURES "model.standardize=no model.input=logit optimizer.lr=1e-3 batch=128 "

static const char *maf_table(const weir_data_facts *f)
{
    double per = weir__samples_per_values(f);
    if (per < 5) return TABLE "model.layers=2 model.net.hidden=16 batch=128 steps=1500 ema=0.99";
    if (per < 25)
        return TABLE "model.layers=2 model.net.hidden=16 optimizer.lr=3e-3 batch=128 steps=1500 "
                     "ema=0.99";
    if (per < 100) return TABLE "model.layers=3 model.net.hidden=32 batch=128 steps=3000 ema=0.99";
    if (per < 1000)
        return TABLE "model.layers=5 model.net.hidden=64,64 batch=256 steps=4000 ema=0.99";
    return TABLE "model.layers=5 model.net.hidden=128,128 batch=256 steps=6000 ema=0.995";
}

static bool maf_sees_pictures(const weir_data_facts *f)
{
    return weir__looks_like_pictures(f) && f->levels > 0;
}

/* A pixel says much of the next ones, which few samples teach. */
static const char *maf_choose(const weir_data_facts *f)
{
    if (!maf_sees_pictures(f)) return maf_table(f);
    if (f->dim > 128) return PICTURES "model.layers=3 model.net.hidden=512 steps=3000 ema=0.998";
    return PICTURES "model.layers=3 model.net.hidden=128 steps=2000 ema=0.99";
}

/* Its steps go column by column, at four times the price of maf's: fewer of large pictures. */
static const char *iaf_choose(const weir_data_facts *f)
{
    if (!maf_sees_pictures(f) || f->dim <= 128) return maf_choose(f);
    return PICTURES "model.layers=3 model.net.hidden=512 steps=2000 ema=0.998";
}

#define PRESETS(choose) \
    { \
        { "auto", "optimizer=adam schedule=cosine", \
          "maps, widths and steps by the number of samples and their values", choose }, \
        { 0 }, \
    }
static const weir_preset presets[] = PRESETS(maf_choose);
static const weir_preset iaf_presets[] = PRESETS(iaf_choose);

/* -- making ------------------------------------------------------------------------------------ */
static weir__autoregressive_opts maf_layer_opts(const opts *o, int64_t dim)
{
    return (weir__autoregressive_opts){
        .dim = dim,
        .classes = o->common.classes,
        .context = o->common.context,
        .dtype = o->common.dtype,
        .net = o->net,
    };
}

static weir_module *maf_layer(weir_ctx *c, const opts *o, int64_t dim)
{
    weir__affine_autoregressive_opts a = {
        .autoregressive = maf_layer_opts(o, dim),
        .affine = { .scale = o->scale, .bound = o->scale_bound },
    };
    weir__spline_autoregressive_opts s = {
        .autoregressive = maf_layer_opts(o, dim),
        .spline = o->spline,
    };
    a.autoregressive.size = sizeof a;
    s.autoregressive.size = sizeof s;
    if (o->map == AFFINE) return weir_module_from_row(c, &weir__row_affine_autoregressive, &a);
    return weir_module_from_row(c, &weir__row_spline_autoregressive, &s);
}

static weir_module *maf_flow(weir_ctx *c, const opts *o, int64_t dim)
{
    weir_module *all = weir__compose_new(c);
    char text[64];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "dim=%lld kind=%s", (long long)dim,
                 o->order ? "reverse" : "random");
    for (int64_t i = 0; i < o->layers && weir_ok(c); i++) {
        if (i > 0) weir__compose_add(all, weir_module_new(c, "bijection.permutation", text));
        weir__compose_add(all, maf_layer(c, o, dim));
    }
    return all;
}

/* The flow, behind what the data go through first */
static weir_module *maf_behind_input(weir_model *m, weir_module *flow)
{
    const opts *o = m->options;
    if (o->input == WEIR__INPUT_NONE) return flow;
    weir_module *all = weir__compose_new(weir_model_ctx(m));
    weir__flow_add_input(m, all, (weir__flow_input)o->input, WEIR__INPUT_LOGIT, o->alpha);
    weir__flow_add(all, flow);
    return all;
}

static weir_module *maf_make(weir_model *m, weir_module *flow)
{
    opts *o = m->options;
    weir_ctx *c = weir_model_ctx(m);
    weir__flow_state *s = weir_model_state(m);
    weir_module *root = weir_module_from_row(c, &weir__row_group, NULL);
    s->flat = true;
    s->flow = weir_module_add(root, "flow", maf_behind_input(m, flow));
    s->base = weir_module_add(root, "base",
                              weir__choice_module(c, &m->row->row, "base", &o->base, 0, NULL));
    return root;
}

static weir_module *maf_create(weir_model *m, const void *unused)
{
    return maf_make(m, maf_flow(weir_model_ctx(m), m->options, weir_model_dim(m)));
}

static weir_module *iaf_create(weir_model *m, const void *unused)
{
    weir_ctx *c = weir_model_ctx(m);
    return maf_make(m, weir__inverse_new(c, maf_flow(c, m->options, weir_model_dim(m))));
}

const weir_model_row weir__model_maf = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.maf",
        .doc = "masked autoregressive flow, affine or of splines: log p in one pass; exact",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=3 layers=2 net.hidden=8",
        .given = WEIR__MODEL_GIVEN,
    },
    .log_prob_kind = WEIR_LOG_PROB_EXACT,
    .presets = presets,
    .state_size = sizeof(weir__flow_state),
    .create = maf_create,
    .log_prob = weir__flow_log_prob,
    .noise = weir__flow_noise,
    .noise_log_prob = weir__flow_noise_log_prob,
    .sample = weir__flow_sample,
};

const weir_model_row weir__model_iaf = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.iaf",
        .doc = "inverse autoregressive flow, affine or of splines: samples in one pass; exact",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=3 layers=2 net.hidden=8",
        .given = WEIR__MODEL_GIVEN,
    },
    .log_prob_kind = WEIR_LOG_PROB_EXACT,
    .presets = iaf_presets,
    .state_size = sizeof(weir__flow_state),
    .create = iaf_create,
    .log_prob = weir__flow_log_prob,
    .noise = weir__flow_noise,
    .noise_log_prob = weir__flow_noise_log_prob,
    .sample = weir__flow_sample,
};
