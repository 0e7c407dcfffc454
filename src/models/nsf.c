/* nsf.c - neural spline flows by couplings (Durkan, Bekasov, Murray, Papamakarios 2019):
 *
 *     z = c_K(m_K(.. c_1(m_1(y)))),
 *
 * c_k a coupling of rational-quadratic splines that maps the second half of the columns for odd k
 * and the first for even k, m_k a random permutation and a linear map by its LU factors (mix=lu),
 * the permutation alone, or nothing. */
#include <stddef.h>
#include "models/models.h"

typedef enum mix { NONE, PERMUTATION, LU } mix;

typedef struct opts {
    weir__model_opts common;
    int64_t layers;
    weir__spline_opts spline;
    int32_t partition, mix;
    weir_choice net, base;
} opts;

static const weir_option options[] = {
    WEIR__MODEL_OPTIONS,
    { "layers", WEIR_OPTION_INT, offsetof(opts, layers), "6", 0, 1024, NULL, "couplings" },
    { "mix", WEIR_OPTION_CHOICE, offsetof(opts, mix), "lu", 0, 0, "none|permutation|lu",
      "before each coupling: a random permutation; that and a linear map, LU" },
    { "partition", WEIR_OPTION_CHOICE, offsetof(opts, partition), "odd_even", 0, 0,
      WEIR__PARTITION_CHOICES, "how columns are cut in two" },
    { "net", WEIR_OPTION_ROW, offsetof(opts, net), "residual_mlp width=64 blocks=2 zero=yes", 0, 0,
      "network", "of the columns that a coupling keeps: the splines of the others" },
    WEIR__SPLINE_OPTIONS(offsetof(opts, spline)),
    { "base", WEIR_OPTION_ROW, offsetof(opts, base), "normal", 0, 0, "base", "base distribution" },
    { 0 },
};

/* -- the default: by the number and the shape of the data -------------------------------------- */
static const char *nsf_choose(const weir_data_facts *f)
{
    double per = weir__samples_per_values(f);
    if (per < 5)
        return "model.layers=2 model.bins=4 model.net.width=16 model.net.blocks=1 "
               "optimizer.lr=1e-3 batch=128 steps=1500 ema=0.99";
    if (per < 25)
        return "model.layers=2 model.bins=4 model.net.width=16 model.net.blocks=1 "
               "optimizer.lr=3e-3 batch=128 steps=1500 ema=0.99";
    if (per < 100)
        return "model.layers=4 model.bins=4 model.net.width=32 model.net.blocks=1 "
               "optimizer.lr=1e-3 batch=128 steps=3000 ema=0.99";
    if (per < 1000)
        return "model.layers=4 model.net.width=32 model.net.blocks=1 optimizer.lr=2e-3 batch=256 "
               "steps=4000 ema=0.99";
    return "model.layers=6 model.net.width=64 model.net.blocks=1 optimizer.lr=2e-3 batch=256 "
           "steps=6000 ema=0.995";
}

static const weir_preset presets[] = {
    { "auto", "optimizer=adam schedule=cosine model.standardize=yes model.bound=4",
      "couplings, widths, bins and steps by the number of samples and their values", nsf_choose },
    /* appendix B.1: tail bound 3, 8 bins, residual nets of 2 blocks, Adam 5e-4 with cosine */
    { "paper",
      "model.layers=10 model.bins=8 model.bound=3 model.net.width=256 model.net.blocks=2 "
      "model.mix=lu optimizer=adam optimizer.lr=5e-4 schedule=cosine batch=512 steps=400000",
      "as the paper trains on GAS, but for dropout of 0.1", NULL },
    { 0 },
};

/* -- making ------------------------------------------------------------------------------------ */
static void nsf_add_mix(weir_module *all, const opts *o, int64_t dim)
{
    weir_ctx *c = weir_module_ctx(all);
    char text[64];
    size_t used = 0;
    weir__append(text, sizeof text, &used, "dim=%lld", (long long)dim);
    if (o->mix != NONE) weir__compose_add(all, weir_module_new(c, "bijection.permutation", text));
    weir__append(text, sizeof text, &used, " dtype=%s", o->common.dtype ? "f64" : "f32");
    if (o->mix == LU) weir__compose_add(all, weir_module_new(c, "bijection.lu_linear", text));
}

static weir_module *nsf_coupling(weir_ctx *c, const opts *o, int64_t dim, int64_t parity)
{
    const weir__spline_coupling_opts s = {
        .coupling = {
            .size = sizeof s,
            .dim = dim,
            .parity = parity,
            .classes = o->common.classes,
            .context = o->common.context,
            .partition = o->partition,
            .dtype = o->common.dtype,
            .net = o->net,
        },
        .spline = o->spline,
    };
    return weir_module_from_row(c, &weir__row_spline_coupling, &s);
}

static weir_module *nsf_flow(weir_ctx *c, const opts *o, int64_t dim)
{
    weir_module *all = weir__compose_new(c);
    for (int64_t i = 0; i < o->layers && weir_ok(c); i++) {
        nsf_add_mix(all, o, dim);
        weir__compose_add(all, nsf_coupling(c, o, dim, i % 2));
    }
    return all;
}

/* Standardised data have other periods and bounds. */
static bool nsf_domain_fits(weir_ctx *c, const opts *o)
{
    if (o->spline.domain == 0 || !o->common.standardize) return true;
    weir_fail(c, WEIR_ERROR_RANGE,
              "model.nsf: standardize=yes with a domain of its own: expected standardize=no, and a "
              "base such as uniform");
    return false;
}

static weir_module *nsf_create(weir_model *m, const void *unused)
{
    opts *o = m->options;
    weir_ctx *c = weir_model_ctx(m);
    weir__flow_state *s = weir_model_state(m);
    int64_t dim = weir_model_dim(m);
    s->flat = true;
    if (dim < 2) {
        weir_fail(c, WEIR_ERROR_RANGE, "model.nsf: dim=%lld: expected 2 or more", (long long)dim);
        return weir__nil(c, WEIR__MODULE);
    }
    if (!nsf_domain_fits(c, o)) return weir__nil(c, WEIR__MODULE);
    weir_module *root = weir_module_from_row(c, &weir__row_group, NULL);
    s->flow = weir_module_add(root, "flow", nsf_flow(c, o, dim));
    s->base = weir_module_add(root, "base",
                              weir__choice_module(c, &m->row->row, "base", &o->base, 0, NULL));
    return root;
}

const weir_model_row weir__model_nsf = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.nsf",
        .doc = "neural spline flow: couplings of rational-quadratic splines; exact",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=3 layers=2 bins=4 net.width=8 net.blocks=1",
        .given = WEIR__MODEL_GIVEN,
    },
    .log_prob_kind = WEIR_LOG_PROB_EXACT,
    .presets = presets,
    .state_size = sizeof(weir__flow_state),
    .create = nsf_create,
    .log_prob = weir__flow_log_prob,
    .noise = weir__flow_noise,
    .noise_log_prob = weir__flow_noise_log_prob,
    .sample = weir__flow_sample,
};
