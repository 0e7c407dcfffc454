/* flow.c - a flow of any bijections, listed by options, over any base:
 *
 *     weir train flow --data toy:moons --out run --set flow.parts=affine_coupling,affine_coupling
 *     --set flow.parts.1.parity=1
 *
 * The bijection gives vectors: of image data, one whose last part is flatten or split, or with
 * flat=yes any of vectors. */
#include <stddef.h>
#include "models/models.h"

typedef struct opts {
    weir__model_opts common;
    weir_choice flow, base;
    bool flat;
} opts;

static const weir_option options[] = {
    WEIR__MODEL_OPTIONS,
    { "flow", WEIR_OPTION_ROW, offsetof(opts, flow),
      "compose parts=affine_coupling,affine_coupling parts.1.parity=1 repeat=4", 0, 0, "bijection",
      "from data to noise" },
    { "base", WEIR_OPTION_ROW, offsetof(opts, base), "normal", 0, 0, "base", "base distribution" },
    { "flat", WEIR_OPTION_BOOL, offsetof(opts, flat), "no", 0, 1, NULL,
      "pictures are vectors; no: the bijections see their channels, and the last is flatten or "
      "split" },
    { 0 },
};

#define FLAT "model.flat=yes "
#define LINEAR \
    "model.flow.repeat=2 model.flow.parts.0.net.hidden= model.flow.parts.1.net.hidden= " \
    "optimizer.lr=1e-3 batch=128 steps=2000 ema=0.99"
#define SMALL "optimizer.lr=5e-4 batch=128 steps=2000 ema=0.99"
#define LARGE "optimizer.lr=1e-3 batch=256 steps=5000 ema=0.999"

/* Few samples: couplings whose networks are linear maps. The couplings are of columns. */
static const char *flow_choose(const weir_data_facts *f)
{
    bool flat = f->ndim > 1;
    if (weir__few_samples(f)) return flat ? FLAT LINEAR : LINEAR;
    if (f->n_effective < 2000) return flat ? FLAT SMALL : SMALL;
    return flat ? FLAT LARGE : LARGE;
}

static const weir_preset presets[] = {
    { "auto", "optimizer=adam schedule=cosine model.standardize=yes",
      "networks and steps by the number of samples and their values", flow_choose },
    { "table", "optimizer=adam optimizer.lr=1e-3 schedule=cosine ema=0.999 batch=256 steps=5000",
      "tables of a few columns", NULL },
    { 0 },
};

static weir_module *flow_create(weir_model *m, const void *unused)
{
    opts *o = m->options;
    weir_ctx *c = m->object.ctx;
    weir__flow_state *s = m->state;
    s->flat = m->ndim == 1 || o->flat;
    weir_module *root = weir_module_from_row(c, &weir__row_group, NULL);
    s->flow = weir_module_add(root, "flow",
                              weir__choice_module(c, &m->row->row, "flow", &o->flow, 0, NULL));
    s->base = weir_module_add(root, "base",
                              weir__choice_module(c, &m->row->row, "base", &o->base, 0, NULL));
    return root;
}

const weir_model_row weir__model_flow = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.flow",
        .doc = "bijections that options list, over a base of choice; exact",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=4 flow.repeat=1 flow.parts.0.net.hidden=8 flow.parts.1.net.hidden=8",
        .given = WEIR__MODEL_GIVEN,
    },
    .log_prob_kind = WEIR_LOG_PROB_EXACT,
    .presets = presets,
    .state_size = sizeof(weir__flow_state),
    .create = flow_create,
    .log_prob = weir__flow_log_prob,
    .noise = weir__flow_noise,
    .noise_log_prob = weir__flow_noise_log_prob,
    .sample = weir__flow_sample,
};
