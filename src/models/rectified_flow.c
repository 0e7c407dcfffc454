/* rectified_flow.c - rectified flow, also called conditional flow matching with independent
 * coupling (Liu, Gong, Liu 2022; Lipman et al. 2022; Albergo, Vanden-Eijnden 2022). A network
 * predicts the velocity of
 *
 *     x_t = (1 - t) x_0 + t eps,
 *     loss of a sample = mean over its elements of (u(x_t, t) - (eps - x_0))^2
 *
 * whose minimum is u(x, t) = E[eps - x_0 | x_t = x]. dx/dt = u carries noise at t = 1 to data at
 * t = 0, and data to noise with their density (src/diffusion/likelihood.c). t and eps belong to the
 * sample's id. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "diffusion/diffusion.h"
#include "models/models.h"

typedef struct opts {
    weir__model_opts common;
    weir_choice path, time_density, net, sampler, log_prob;
    int64_t probes;
} opts;

static const weir_option options[] = {
    WEIR__MODEL_OPTIONS,
    { "path", WEIR_OPTION_ROW, offsetof(opts, path), "fm", 0, 0, "path",
      "path from data to noise" },
    { "time_density", WEIR_OPTION_ROW, offsetof(opts, time_density), "uniform", 0, 0,
      "time_density", "distribution of training times" },
    { "net", WEIR_OPTION_ROW, offsetof(opts, net), "mlp hidden=64,64,64 activation=silu time=raw",
      0, 0, "network", "network that predicts the velocity" },
    { "sampler", WEIR_OPTION_ROW, offsetof(opts, sampler), "dopri5", 0, 0, "sampler",
      "draws samples unless another is asked for" },
    { "log_prob", WEIR_OPTION_ROW, offsetof(opts, log_prob), "dopri5", 0, 0, "sampler",
      "sampler that carries data to noise for their log-density" },
    { "log_prob.probes", WEIR_OPTION_INT, offsetof(opts, probes), "-1", -1, 1e6, NULL,
      "of the trace unless others are asked for; 0: the exact trace, as always up to 4 values; "
      "-1: exact up to 128 values, 2 above" },
    { 0 },
};
/* Files of before wrote every option of every network, density and sampler, also where another was
 * chosen. */
#define RENAMED                                                                                    \
    "score=log_prob time_density.mean= time_density.std= net.hidden= net.activation= net.time= "   \
    "net.frequencies= sampler.steps= sampler.shift= sampler.rtol= sampler.atol= "                  \
    "sampler.max_steps= log_prob.steps= log_prob.rtol= log_prob.atol= log_prob.max_steps="

typedef struct state {
    weir_module *net;
    weir__field field;
} state;

/* -- presets --------------------------------------------------------------------------------- */
enum { FEW_VALUES = 4, SMALL_PICTURE = 128 };

/* A held-out log-density is a solve, whose trace grows with the values: samples and probes are few
 * where those are many. */
static const char *rectified_flow_picture(const weir_data_facts *f)
{
    if (f->dim > SMALL_PICTURE)
        return "model.net.hidden=512,512,512 model.net.time=fourier model.log_prob.probes=2 "
               "optimizer.lr=1e-3 batch=128 steps=6000 valid_every=2000 valid_rows=100";
    return "model.net.hidden=256,256,256 model.net.time=fourier model.log_prob.probes=4 "
           "optimizer.lr=2e-3 batch=256 steps=6000 valid_every=1000 valid_rows=250";
}

static const char *rectified_flow_table(const weir_data_facts *f)
{
    bool wide = f->dim > 16; /* its exact trace is dear */
    if (wide && f->n_effective < 2000)
        return "model.net.hidden=64,64,64 model.log_prob.probes=4 optimizer.lr=1e-3 batch=128 "
               "steps=3000 valid_every=250 valid_rows=250";
    if (wide)
        return "model.net.hidden=128,128,128 model.log_prob.probes=4 optimizer.lr=1e-3 batch=256 "
               "steps=6000 valid_every=1000 valid_rows=250";
    if (f->n_effective < 2000)
        return "model.net.hidden=64,64,64 optimizer.lr=1e-3 batch=128 steps=3000 valid_every=250 "
               "valid_rows=500";
    if (f->dim <= FEW_VALUES)
        return "model.net.hidden=64,64,64 optimizer.lr=2e-3 batch=256 steps=20000 valid_every=1000 "
               "valid_rows=1000";
    return "model.net.hidden=128,128,128 optimizer.lr=1e-3 batch=256 steps=6000 valid_every=500 "
           "valid_rows=500";
}

static const char *rectified_flow_choose(const weir_data_facts *f)
{
    return weir__looks_like_pictures(f) ? rectified_flow_picture(f) : rectified_flow_table(f);
}

static const weir_preset presets[] = {
    { "auto", "optimizer=adam schedule=cosine ema=0.999 model.standardize=yes",
      "widths and steps by the number of samples and their values", rectified_flow_choose },
    { "toy",
      "optimizer=adam optimizer.lr=2e-3 schedule=cosine ema=0.999 batch=256 steps=20000 "
      "valid_every=1000 valid_rows=1000",
      "densities of a few dimensions: a minute", NULL },
    { "pictures",
      "optimizer=adam optimizer.lr=1.5e-3 schedule=cosine ema=0.999 batch=256 steps=10000 "
      "valid_every=1000 valid_rows=250 "
      "model.net.hidden=384,384,384 model.net.time=fourier model.log_prob.probes=4",
      "small pictures, such as 8 x 8 digits: a few minutes; held-out rows are scored by 4 probes",
      NULL },
    { 0 },
};

/* -- making ---------------------------------------------------------------------------------- */
static const weir_path_row *path_of(const opts *o) { return (const weir_path_row *)o->path.row; }

static weir_module *create(weir_model *m, const void *unused)
{
    opts *o = m->options;
    weir_ctx *c = m->object.ctx;
    state *s = m->state;
    const weir__gift gifts[] = { { "in", m->dim }, { "out", m->dim } };
    (void)unused;
    if (!weir__likelihood_by(c, (const weir_sampler_row *)o->log_prob.row))
        return weir__nil(c, WEIR__MODULE);
    weir_module *root = weir_module_from_row(c, &weir__row_group, NULL);
    s->net = weir_module_add(root, "net",
                             weir__choice_module(c, &m->row->row, "net", &o->net, 2, gifts));
    s->field = (weir__field){
        .ctx = c,
        .net = s->net,
        .path = path_of(o),
        .path_options = o->path.options,
        .prediction = &weir__prediction_velocity,
        .dtype = m->dtype,
        .ndim = m->ndim,
        .shape = m->shape,
        .dim = m->dim,
    };
    return root;
}

/* -- training -------------------------------------------------------------------------------- */
static weir_tensor *loss(weir_model *m, weir_tensor *y, weir_batch *b)
{
    const state *s = m->state;
    const opts *o = m->options;
    const weir_time_density_row *times = (const weir_time_density_row *)o->time_density.row;
    weir_ctx *c = y->object.ctx; /* a worker's, where the batch is in pieces */
    weir_tensor *x, *target, *eps = weir_randn(c, m->dtype, y->ndim, y->shape),
                             *t = times->draw(c, m->dtype, y->shape[0], o->time_density.options);
    t = weir__hook_gave(c, times->row.name, "draw", t);
    weir__path_mix(path_of(o), o->path.options, y, eps, t, &x, &target);
    weir_tensor *u = weir_network_at(s->net, x, t, weir_batch_condition(b));
    return weir_scale(weir_sum_samples(weir_square(weir_sub(u, target))), 1 / (double)m->dim);
}

/* -- sampling -------------------------------------------------------------------------------- */
static weir_tensor *noise(weir_model *m, int64_t n, const weir_condition *k, double temperature,
                          weir_tensor **log_q)
{
    weir_tensor *z = weir_randn(m->object.ctx, m->dtype, 2, (const int64_t[]){ n, m->dim });
    return temperature == 1 ? z : weir_scale(z, temperature);
}

static weir_tensor *sample(weir_model *m, weir_tensor *z, const weir_condition *k,
                           const weir_sample_opts *o, weir_tensor **log_det)
{
    const state *s = m->state;
    const opts *own = m->options;
    return weir__solve_sample(m, &s->field, &own->sampler, z, k, o);
}

/* -- scoring --------------------------------------------------------------------------------- */
static weir_tensor *log_prob(weir_model *m, weir_tensor *y, const weir_condition *k,
                             const weir_score_opts *so, weir_score_info *info)
{
    const state *s = m->state;
    const opts *o = m->options;
    return weir__solve_log_prob(m, &s->field, &o->log_prob, o->probes, y, k, so, info);
}

const weir_model_row weir__model_rectified_flow = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.rectified-flow",
        .doc = "straight paths from data to noise, and the velocity that a network learns of them",
        .options = options,
        .options_size = sizeof(opts),
        .test = "dim=3 net.hidden=8,8",
        .renamed = RENAMED,
        .given = WEIR__MODEL_GIVEN,
    },
    .score_kind = WEIR_SCORE_ESTIMATE,
    .presets = presets,
    .state_size = sizeof(state),
    .create = create,
    .loss = loss,
    .log_prob = log_prob,
    .noise = noise,
    .sample = sample,
    .no_gradient = "a solve is not recorded",
};
