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

/* Values a sample: up to ALWAYS_EXACT the exact trace costs no more than an estimate worth having;
 * it costs one product a value, so that above EXACT_UP_TO a model estimates it unless told
 * otherwise. */
enum { ALWAYS_EXACT = 4, EXACT_UP_TO = 128, PROBES = 2 };

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

static const weir_preset presets[] = {
    { "toy",
      "optimizer=adam optimizer.lr=2e-3 schedule=cosine ema=0.999 batch=256 steps=20000 "
      "valid_every=1000 valid_rows=1000",
      "densities of a few dimensions: a minute" },
    { "pictures",
      "optimizer=adam optimizer.lr=1.5e-3 schedule=cosine ema=0.999 batch=256 steps=10000 "
      "valid_every=1000 valid_rows=250 "
      "model.net.hidden=384,384,384 model.net.time=fourier model.log_prob.probes=4",
      "small pictures, such as 8 x 8 digits: a few minutes; held-out rows are scored by 4 probes" },
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
/* [n, k, dim] of +-1, by sample id */
static weir_tensor *rademacher(weir_ctx *c, const weir_model *m, int64_t n, int64_t k)
{
    weir_tensor *u = weir_rand(c, m->dtype, 3, (const int64_t[]){ n, k, m->dim });
    return weir_where(weir_lt(u, weir_scalar(c, m->dtype, 0.5)), weir_scalar(c, m->dtype, -1),
                      weir_scalar(c, m->dtype, 1));
}

typedef struct scored {
    double *x, *log_p, *error;
    weir_row_report *report;
} scored; /* [n, dim], [n], [n], [n] */

static bool score(weir_model *m, weir_tensor *y, const weir_condition *k, weir__likelihood *l,
                  scored *r)
{
    const state *s = m->state;
    const opts *o = m->options;
    weir_ctx *c = y->object.ctx;
    weir__field field = s->field;
    field.ctx = c;
    field.condition = k;
    l->field = &field;
    l->sampler = (const weir_sampler_row *)o->log_prob.row;
    l->sampler_options = o->log_prob.options;
    path_of(o)->interval(o->path.options, &l->lo, &l->hi);
    int64_t n = y->shape[0];
    if (weir_copy_to_f64(y, r->x, n * m->dim) == WEIR_OK)
        weir__likelihood_run(l, n, r->x, r->log_p, r->error, r->report);
    return weir_ok(c);
}

static void tell(const weir__likelihood *l, int64_t n, const scored *r, weir_score_info *info)
{
    double evaluations = 0;
    int64_t n_out = 0;
    for (int64_t i = 0; i < n; i++) {
        evaluations += (double)r->report[i].evaluations / (double)n;
        if (info->stderr_of) info->stderr_of[i] = r->error[i];
        if (info->report) info->report[i] = r->report[i];
        n_out += r->report[i].end == WEIR_ROW_OUT_OF_STEPS;
    }
    info->kind = l->probes ? WEIR_SCORE_ESTIMATE : WEIR_SCORE_EXACT;
    info->probes = l->probes ? l->probes->shape[1] : 0;
    info->evaluations = evaluations;
    info->n_out_of_steps = n_out;
}

/* 0: the exact trace */
static int64_t probes_for(const weir_model *m, const weir_score_opts *so)
{
    int64_t k = so ? so->probes : -1;
    if (k < 0) k = ((const opts *)m->options)->probes;
    if (k < 0) k = m->dim > EXACT_UP_TO ? PROBES : 0;
    return m->dim > ALWAYS_EXACT ? k : 0;
}

static weir_tensor *log_prob(weir_model *m, weir_tensor *y, const weir_condition *cond,
                             const weir_score_opts *so, weir_score_info *info)
{
    weir_ctx *c = y->object.ctx;
    int64_t n = y->shape[0], k = probes_for(m, so);
    weir__likelihood l = { 0 };
    weir_tensor *result = weir__nil(c, WEIR__TENSOR);
    if (k > 0 && weir_is_nil(l.probes = rademacher(c, m, n, k))) return result;
    scored r = { 0 };
    r.x = weir__alloc_n(c, weir__size_times(n, m->dim + 2), sizeof *r.x);
    r.report = weir__alloc0_n(c, n, sizeof *r.report);
    if (r.x && r.report) {
        r.log_p = r.x + n * m->dim;
        r.error = r.log_p + n;
        if (score(m, y, cond, &l, &r))
            result = weir_cast(weir_from_f64(c, r.log_p, 1, &n), m->dtype);
        if (weir_ok(c) && info) tell(&l, n, &r, info);
    }
    weir__free(c, r.x);
    weir__free(c, r.report);
    return result;
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
    .by_rows = true,
    .no_gradient = "a solve is not recorded",
};
