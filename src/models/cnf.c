/* cnf.c - a continuous normalizing flow trained by likelihood (Chen et al. 2018; Grathwohl et al.
 * 2019): dx/dt = u(x, t) carries the data at t = 0 to N(0, I) at t = 1, and
 *
 *     loss of a sample = -log p(x) + kinetic int |u|^2 dt + jacobian int |e^T du/dx|^2 dt
 *
 * by a solve with fixed steps that is recorded (solve_recorded.c), e its Rademacher probe, one for
 * the whole of it. The two penalties keep trajectories straight, and so steps few (Finlay et al.
 * 2020). With adjoint=yes gradients are those of the ODE instead (solve_adjoint.c), and the steps
 * may be the solver's choice. The density that is scored afterwards is that of a solver of its own.
 */
#include <string.h>
#include "models/path_model.h"
#include "models/recorded.h"

typedef struct cnf_opts {
    weir__model_opts common;
    weir_choice net, solver, sampler, log_prob;
    int64_t probes, train_probes;
    double kinetic, jacobian;
    bool adjoint;
} cnf_opts;

static const weir_option options[] = {
    WEIR__MODEL_OPTIONS,
    { "net", WEIR_OPTION_ROW, offsetof(cnf_opts, net),
      "mlp hidden=64,64,64 activation=silu time=raw", 0, 0, "network",
      "network that is the velocity; smooth" },
    { "solver", WEIR_OPTION_ROW, offsetof(cnf_opts, solver), "rk4 steps=6", 0, 0, "sampler",
      "solver of the loss, with fixed steps; of its own choice, as dopri5 rtol=1e-4, by "
      "adjoint=yes "
      "alone" },
    { "adjoint", WEIR_OPTION_BOOL, offsetof(cnf_opts, adjoint), "no", 0, 0, NULL,
      "gradients by the continuous adjoint, in memory that does not grow with the steps; no: those "
      "of the steps" },
    { "probes", WEIR_OPTION_INT, offsetof(cnf_opts, train_probes), "-1", -1, 1e6, NULL,
      "of the trace in the loss; 0: the exact trace; -1: exact up to 4 values, 1 above" },
    { "kinetic", WEIR_OPTION_REAL, offsetof(cnf_opts, kinetic), "0.01", 0, 1e6, NULL,
      "weight of int |u|^2 dt" },
    { "jacobian", WEIR_OPTION_REAL, offsetof(cnf_opts, jacobian), "0.01", 0, 1e6, NULL,
      "weight of int |e^T du/dx|^2 dt" },
    { "sampler", WEIR_OPTION_ROW, offsetof(cnf_opts, sampler), "dopri5", 0, 0, "sampler",
      "draws samples unless another is asked for" },
    { "log_prob", WEIR_OPTION_ROW, offsetof(cnf_opts, log_prob), "dopri5", 0, 0, "sampler",
      "solver that carries data to noise for their log-density" },
    { "log_prob.probes", WEIR_OPTION_INT, offsetof(cnf_opts, probes), "-1", -1, 1e6, NULL,
      "of its trace unless others are asked for; 0: the exact trace, as always up to 4 values; "
      "-1: exact up to 128 values, 2 above" },
    { 0 },
};

typedef struct cnf_state {
    weir__field field;
    const weir_tableau *method;
} cnf_state;

static const weir_preset presets[] = {
    { "auto",
      "optimizer=adam optimizer.lr=2e-3 schedule=cosine ema=0.999 model.standardize=yes batch=256 "
      "steps=2000 valid_every=250 valid_rows=500",
      "tables of a few columns: minutes", NULL },
    { 0 },
};

/* -- making ------------------------------------------------------------------------------------ */
static weir_module *cnf_create(weir_model *m, const void *unused)
{
    cnf_opts *o = m->options;
    weir_ctx *c = m->object.ctx;
    cnf_state *s = m->state;
    const weir__gift gifts[] = { { "in", m->dim }, { "out", m->dim } };
    const weir_sampler_row *solver = (const weir_sampler_row *)o->solver.row;
    (void)unused;
    s->method = weir_ode_method(strchr(solver->row.name, '.') + 1);
    bool adapts = weir_sampler_steps(solver, o->solver.options) == 0;
    if (!s->method || (adapts && !o->adjoint)) {
        weir_fail(c, WEIR_ERROR_RANGE,
                  "%s: solver=%s: expected euler, midpoint, heun, rk4, or dopri5 with steps, or "
                  "adjoint=yes",
                  m->row->row.name, solver->row.name);
        return weir__nil(c, WEIR__MODULE);
    }
    if (!weir__likelihood_by(c, (const weir_sampler_row *)o->log_prob.row))
        return weir__nil(c, WEIR__MODULE);
    weir_module *root = weir_module_from_row(c, &weir__row_group, NULL);
    weir_module *net = weir__choice_module(c, &m->row->row, "net", &o->net, 2, gifts);
    s->field = (weir__field){
        .ctx = c,
        .net = weir_module_add(root, "net", net),
        .path = &weir__path_fm,
        .prediction = &weir__prediction_velocity,
        .dtype = m->dtype,
        .ndim = m->ndim,
        .shape = m->shape,
        .dim = m->dim,
    };
    return root;
}

/* -- training ---------------------------------------------------------------------------------- */
static weir_tensor *cnf_probes(const weir_model *m, weir_ctx *c, int64_t n)
{
    const cnf_opts *o = m->options;
    int64_t k = o->train_probes >= 0 ? o->train_probes : m->dim > 4;
    return k > 0 ? weir__rademacher(c, m, n, k) : NULL;
}

/* By the steps. */
static weir__recorded cnf_recorded(weir_model *m, weir_tensor *y, weir_batch *b,
                                   weir_tensor *probes)
{
    const cnf_state *s = m->state;
    const cnf_opts *o = m->options;
    weir__field f = s->field;
    f.ctx = y->object.ctx; /* a worker's, where the batch is in pieces */
    weir_tensor *nil = weir__nil(f.ctx, WEIR__TENSOR);
    int64_t n_times;
    double *times = weir__sampler_times(f.ctx, (const weir_sampler_row *)o->solver.row,
                                        o->solver.options, f.path, NULL, 0, 1, &n_times);
    if (!times) return (weir__recorded){ nil, nil, nil };
    weir__recorded r = weir__solve_recorded(&f, s->method, times, n_times, y,
                                            weir_batch_condition(b), probes);
    weir__free(f.ctx, times);
    return r;
}

static weir_tensor *cnf_loss(weir_model *m, weir_tensor *y, weir_batch *b)
{
    const cnf_state *s = m->state;
    const cnf_opts *o = m->options;
    weir_tensor *probes = cnf_probes(m, y->object.ctx, y->shape[0]);
    weir__recorded r;
    if (o->adjoint)
        r = weir__solve_adjoint(&s->field, s->method, &o->solver, y, weir_batch_condition(b),
                                probes);
    else r = cnf_recorded(m, y, b, probes);
    weir_tensor *loss = weir_neg(r.log_prob);
    if (o->kinetic > 0) loss = weir_add(loss, weir_scale(r.kinetic, o->kinetic));
    if (o->jacobian > 0) loss = weir_add(loss, weir_scale(r.jacobian, o->jacobian));
    return loss;
}

/* -- use --------------------------------------------------------------------------------------- */
static weir_tensor *cnf_sample(weir_model *m, weir_tensor *z, const weir_condition *k,
                               const weir_sample_opts *so, weir_tensor **log_det)
{
    const cnf_state *s = m->state;
    const cnf_opts *o = m->options;
    (void)log_det;
    return weir__solve_sample(m, &s->field, &o->sampler, false, z, k, so);
}

static weir_tensor *cnf_log_prob(weir_model *m, weir_tensor *y, const weir_condition *k,
                                 const weir_log_prob_opts *so, weir_log_prob_info *info)
{
    const cnf_state *s = m->state;
    const cnf_opts *o = m->options;
    return weir__solve_log_prob(m, &s->field, &o->log_prob, o->probes, y, k, so, info);
}

static weir_tensor *cnf_encode(weir_model *m, weir_tensor *y, const weir_condition *k,
                               const weir_log_prob_opts *so)
{
    const cnf_state *s = m->state;
    const cnf_opts *o = m->options;
    return weir__solve_encode(m, &s->field, &o->log_prob, y, k, so);
}

const weir_model_row weir__model_cnf = {
    .row = {
        .size = sizeof(weir_model_row),
        .version = 1,
        .name = "model.cnf",
        .doc = "a continuous normalizing flow, its velocity trained by likelihood",
        .options = options,
        .options_size = sizeof(cnf_opts),
        .test = "dim=3 net.hidden=8 solver.steps=2",
        .given = WEIR__MODEL_GIVEN,
    },
    .log_prob_kind = WEIR_LOG_PROB_ESTIMATE,
    .presets = presets,
    .state_size = sizeof(cnf_state),
    .create = cnf_create,
    .loss = cnf_loss,
    .log_prob = cnf_log_prob,
    .noise = weir__path_model_noise,
    .sample = cnf_sample,
    .encode = cnf_encode,
};
