/* rectified_flow.c - rectified flow, also called conditional flow matching with independent coupling (Liu, Gong, Liu 2022; Lipman et al.
 * 2022; Albergo, Vanden-Eijnden 2022). A network predicts the velocity of
 *
 *     x_t = (1 - t) x_0 + t eps,    loss of a sample = mean over its elements of (u(x_t, t) - (eps - x_0))^2
 *
 * whose minimum is u(x, t) = E[eps - x_0 | x_t = x]. dx/dt = u carries noise at t = 1 to data at t = 0, and data to noise with their
 * density (src/diffusion/likelihood.c). t and eps belong to the sample's id. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "diffusion/diffusion.h"
#include "models/models.h"

/* Values a sample: up to ALWAYS_EXACT the exact trace costs no more than an estimate worth having; it costs one product a value, so that above
 * EXACT_UP_TO a model estimates it unless told otherwise. */
enum { ALWAYS_EXACT = 4, EXACT_UP_TO = 128, PROBES = 2 };

typedef struct opts {
    size_t size;
    int64_t dim, levels;
    weir_ints shape;
    bool standardize;
    int32_t dtype;
    char *path, *time_density, *net, *sampler, *score;
    double time_mean, time_std;
    weir_ints hidden;
    int32_t activation, time;
    int64_t frequencies;
    int64_t sampler_steps, sampler_max_steps, score_steps, score_max_steps, score_probes;
    double sampler_shift, sampler_rtol, sampler_atol, score_rtol, score_atol;
} opts;

#define TOLERANCES(prefix, of) \
    { prefix ".rtol", WEIR_OPTION_REAL, offsetof(opts, of##_rtol), "1e-5", 0, 1, NULL, "relative tolerance of an adaptive one" }, \
    { prefix ".atol", WEIR_OPTION_REAL, offsetof(opts, of##_atol), "1e-5", 0, 1e3, NULL, "absolute tolerance of an adaptive one" }, \
    { prefix ".max_steps", WEIR_OPTION_INT, offsetof(opts, of##_max_steps), "10000", 1, 1e9, NULL, "a row may try, of an adaptive one" }

static const weir_option options[] = {
    { "dim", WEIR_OPTION_INT, offsetof(opts, dim), "0", 0, 1 << 24, NULL, "values a sample; 0: the product of shape" },
    { "shape", WEIR_OPTION_INTS, offsetof(opts, shape), "", 1, 1 << 24, NULL, "of a sample, such as 1,28,28; empty: dim" },
    { "levels", WEIR_OPTION_INT, offsetof(opts, levels), "0", 0, 1 << 24, NULL, "data are integers 0 .. levels-1; 0: continuous" },
    { "standardize", WEIR_OPTION_BOOL, offsetof(opts, standardize), "no", 0, 1, NULL, "the model holds mean and deviation of the data" },
    { "dtype", WEIR_OPTION_CHOICE, offsetof(opts, dtype), "f32", 0, 0, WEIR__DTYPE_CHOICES, "element type" },
    { "path.name", WEIR_OPTION_TEXT, offsetof(opts, path), "fm", 0, 0, NULL, "path from data to noise" },
    { "time_density.name", WEIR_OPTION_TEXT, offsetof(opts, time_density), "uniform", 0, 0, NULL, "law of the times that training sees" },
    { "time_density.mean", WEIR_OPTION_REAL, offsetof(opts, time_mean), "0", -20, 20, NULL, "of logit t, for logit_normal" },
    { "time_density.std", WEIR_OPTION_REAL, offsetof(opts, time_std), "1", 1e-3, 20, NULL, "deviation of logit t, for logit_normal" },
    { "net.name", WEIR_OPTION_TEXT, offsetof(opts, net), "mlp", 0, 0, NULL, "network that predicts the velocity" },
    { "net.hidden", WEIR_OPTION_INTS, offsetof(opts, hidden), "64,64,64", 1, 1 << 16, NULL, "widths of its hidden layers" },
    { "net.activation", WEIR_OPTION_CHOICE, offsetof(opts, activation), "silu", 0, 0, WEIR__MLP_ACTIVATIONS, "after every hidden layer" },
    { "net.time", WEIR_OPTION_CHOICE, offsetof(opts, time), "raw", 0, 0, WEIR__MLP_TIMES, "how the network sees t" },
    { "net.frequencies", WEIR_OPTION_INT, offsetof(opts, frequencies), "8", 1, 1 << 12, NULL, "of net.time=fourier and sinusoidal" },
    { "sampler.name", WEIR_OPTION_TEXT, offsetof(opts, sampler), "dopri5", 0, 0, NULL, "draws samples unless another is asked for" },
    { "sampler.steps", WEIR_OPTION_INT, offsetof(opts, sampler_steps), "0", 0, 1e6, NULL, "of it; 0: its own number" },
    { "sampler.shift", WEIR_OPTION_REAL, offsetof(opts, sampler_shift), "1", 1e-3, 1e3, NULL, "of its times, where their number is fixed; above 1: more at the noise" },
    TOLERANCES("sampler", sampler),
    { "score.name", WEIR_OPTION_TEXT, offsetof(opts, score), "dopri5", 0, 0, NULL, "sampler that carries data to noise for their log-density" },
    { "score.steps", WEIR_OPTION_INT, offsetof(opts, score_steps), "0", 0, 1e6, NULL, "of it; 0: its own number" },
    TOLERANCES("score", score),
    { "score.probes", WEIR_OPTION_INT, offsetof(opts, score_probes), "-1", -1, 1e6, NULL,
      "probes of the trace unless others are asked for; 0: the exact trace, as always up to 4 values; -1: exact up to 128 values, 2 above" },
    { 0 },
};

typedef struct state {
    weir_module *net;
    weir__field field;
    weir__nested path, time_density;
} state;

static const weir_preset presets[] = {
    { "toy", "optimizer=adam optimizer.lr=2e-3 schedule=cosine ema=0.999 batch=256 steps=20000 valid_every=1000 valid_rows=1000",
      "densities of a few dimensions: a minute" },
    { "pictures", "optimizer=adam optimizer.lr=1.5e-3 schedule=cosine ema=0.999 batch=256 steps=10000 valid_every=1000 valid_rows=250 "
                  "model.net.hidden=384,384,384 model.net.time=fourier model.score.probes=4",
      "small pictures, such as 8 x 8 digits: a few minutes; held-out rows are scored by 4 probes" },
    { 0 },
};

/* -- making ---------------------------------------------------------------------------------------------------------------------------- */
static weir_module *make_net(weir_ctx *c, const weir_row *row, const opts *o, int64_t dim)
{
    weir__nested n;
    char columns[24];
    weir_module *net = weir__nil(c, WEIR__MODULE);
    snprintf(columns, sizeof columns, "%lld", (long long)dim);
    if (!weir__nested_open(c, row, o, "network", o->net, "net", true, &n)) return net;
    if (weir__nested_set(c, &n, "in", columns) && weir__nested_set(c, &n, "out", columns) && weir__nested_set(c, &n, "dtype", o->dtype ? "f64" : "f32"))
        net = weir_module_from_row(c, (const weir_module_row *)n.row, n.options);
    weir__nested_close(c, &n);
    return net;
}

static bool make_rows(weir_ctx *c, const weir_row *row, const opts *o, state *s)
{
    return weir__nested_open(c, row, o, "path", o->path, "path", true, &s->path)
           && weir__nested_open(c, row, o, "time_density", o->time_density, "time_density", true, &s->time_density)
           && weir_row_find(c, "sampler", o->sampler) && weir_row_find(c, "sampler", o->score);
}

static weir_module *create(weir_model *m, const void *options_)
{
    const opts *o = options_;
    weir_ctx *c = m->object.ctx;
    state *s = m->state;
    weir_module *root = weir_module_from_row(c, &weir__row_group, NULL);
    s->net = weir_module_add(root, "net", make_net(c, &m->row->row, o, m->dim));
    s->field = (weir__field){ .ctx = c, .net = s->net, .dtype = m->dtype, .ndim = m->ndim, .shape = m->shape, .dim = m->dim };
    if (weir_ok(c) && make_rows(c, &m->row->row, o, s)) return root;
    weir_module_free(root);
    return weir__nil(c, WEIR__MODULE);
}

static void destroy(weir_model *m)
{
    state *s = m->state;
    weir__nested_close(m->object.ctx, &s->path);
    weir__nested_close(m->object.ctx, &s->time_density);
}

static const weir_path_row *path_of(const state *s) { return (const weir_path_row *)s->path.row; }

/* -- training ------------------------------------------------------------------------------------------------------------------------------- */
static weir_tensor *loss(weir_model *m, weir_tensor *y, weir_batch *b)
{
    const state *s = m->state;
    const weir_time_density_row *times = (const weir_time_density_row *)s->time_density.row;
    weir_ctx *c = y->object.ctx; /* a worker's, where the batch is in pieces */
    weir_tensor *x, *target, *eps = weir_randn(c, m->dtype, y->ndim, y->shape), *t = times->draw(c, m->dtype, y->shape[0], s->time_density.options);
    weir__path_mix(path_of(s), s->path.options, y, eps, t, &x, &target);
    weir_tensor *u = weir_network_at(s->net, x, t, weir_batch_condition(b));
    return weir_scale(weir_sum_samples(weir_square(weir_sub(u, target))), 1 / (double)m->dim);
}

/* -- sampling --------------------------------------------------------------------------------------------------------------------------------- */
static weir_tensor *noise(weir_model *m, int64_t n, const weir_condition *k, double temperature, weir_tensor **log_q)
{
    weir_tensor *z = weir_randn(m->object.ctx, m->dtype, 2, (const int64_t[]){ n, m->dim });
    return temperature == 1 ? z : weir_scale(z, temperature);
}


static void set_steps(weir__nested *sampler, int64_t steps)
{
    if (steps > 0) ((weir_sampler_opts *)sampler->options)->steps = steps;
}

/* The solve of n rows at x, which are scaled noise, to data; the path, where one is wanted, goes to the model's request. */
static bool solve(weir_model *m, const weir__nested *sampler, int64_t n, const weir_condition *k, double *x, weir_row_report *report)
{
    const state *s = m->state;
    weir_ctx *c = m->object.ctx;
    const weir_sampler_row *row = (const weir_sampler_row *)sampler->row;
    int64_t steps = ((const weir_sampler_opts *)sampler->options)->steps;
    weir__field field = s->field;
    field.condition = k;
    weir_ode p = { .ctx = c, .n = n, .dim = m->dim, .x = x, .f = weir__field_velocity, .user = &field, .report = report };
    path_of(s)->interval(s->path.options, &p.t1, &p.t0);
    double scale = path_of(s)->at(s->path.options, p.t0).b;
    for (int64_t i = 0; i < n * m->dim; i++) x[i] *= scale;
    int64_t states = weir__size_times(weir__size_plus(steps, 1), weir__size_times(n, m->dim));
    if (m->path.to) p.path = weir__alloc_n(c, states, sizeof *p.path);
    if (m->path.to && !p.path) return false;
    bool good = row->run(&p, sampler->options) == WEIR_OK;
    if (good && p.path) weir__model_put_path(m, p.path, n);
    weir__free(c, p.path);
    return good;
}

static weir_tensor *sample(weir_model *m, weir_tensor *z, const weir_condition *k, const weir_sample_opts *o, weir_tensor **log_det)
{
    const state *s = m->state;
    const opts *own = m->options;
    weir_ctx *c = m->object.ctx;
    weir__nested sampler;
    int64_t n = z->shape[0];
    weir_tensor *y = weir__nil(c, WEIR__TENSOR);
    if (!weir__nested_open(c, &m->row->row, own, "sampler", o->solver ? o->solver : own->sampler, "sampler", false, &sampler)) return y;
    set_steps(&sampler, o->steps);
    double *x = weir__alloc_n(c, weir__size_times(n, m->dim), sizeof *x);
    if (x && weir_copy_to_f64(z, x, n * m->dim) == WEIR_OK && solve(m, &sampler, n, k, x, o->report)) y = weir__field_tensor(&s->field, n, x, m->dim);
    weir__free(c, x);
    weir__nested_close(c, &sampler);
    return y;
}

/* -- scoring ------------------------------------------------------------------------------------------------------------------------------------ */
/* [n, k, dim] of +-1, by sample id */
static weir_tensor *rademacher(weir_ctx *c, const weir_model *m, int64_t n, int64_t k)
{
    weir_tensor *u = weir_rand(c, m->dtype, 3, (const int64_t[]){ n, k, m->dim });
    return weir_where(weir_lt(u, weir_scalar(c, m->dtype, 0.5)), weir_scalar(c, m->dtype, -1), weir_scalar(c, m->dtype, 1));
}

typedef struct scored { double *x, *log_p, *error; weir_row_report *report; } scored; /* [n, dim], [n], [n], [n] */

static bool score(weir_model *m, weir_tensor *y, const weir_condition *k, weir__likelihood *l, scored *r)
{
    const state *s = m->state;
    const opts *o = m->options;
    weir_ctx *c = y->object.ctx;
    weir__field field = s->field;
    weir__nested sampler;
    if (!weir__nested_open(c, &m->row->row, o, "sampler", o->score, "score", false, &sampler)) return false;
    field.ctx = c;
    field.condition = k;
    l->field = &field, l->sampler = (const weir_sampler_row *)sampler.row, l->sampler_options = sampler.options;
    path_of(s)->interval(s->path.options, &l->lo, &l->hi);
    l->sigma = path_of(s)->at(s->path.options, l->hi).b;
    int64_t n = y->shape[0];
    if (weir_copy_to_f64(y, r->x, n * m->dim) == WEIR_OK) weir__likelihood_run(l, n, r->x, r->log_p, r->error, r->report);
    weir__nested_close(c, &sampler);
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
    if (k < 0) k = ((const opts *)m->options)->score_probes;
    if (k < 0) k = m->dim > EXACT_UP_TO ? PROBES : 0;
    return m->dim > ALWAYS_EXACT ? k : 0;
}

static weir_tensor *log_prob(weir_model *m, weir_tensor *y, const weir_condition *cond, const weir_score_opts *so, weir_score_info *info)
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
        r.log_p = r.x + n * m->dim, r.error = r.log_p + n;
        if (score(m, y, cond, &l, &r)) result = weir_cast(weir_from_f64(c, r.log_p, 1, &n), m->dtype);
        if (weir_ok(c) && info) tell(&l, n, &r, info);
    }
    weir__free(c, r.x);
    weir__free(c, r.report);
    return result;
}

const weir_model_row weir__model_rectified_flow = {
    .row = { .size = sizeof(weir_model_row), .version = 1, .name = "model.rectified-flow", .doc = "straight paths from data to noise, and the velocity that a network learns of them",
             .options = options, .options_size = sizeof(opts), .test = "dim=3 net.hidden=8,8" },
    .score_kind = WEIR_SCORE_ESTIMATE,
    .presets = presets,
    .state_size = sizeof(state),
    .create = create,
    .destroy = destroy,
    .loss = loss,
    .log_prob = log_prob,
    .noise = noise,
    .sample = sample,
    .by_rows = true,
    .no_gradient = "a solve is not recorded",
};
