/* path_model.c - models that are a network on a path from data to noise. A network says y of
 *
 *     x_t = a(t) x_0 + b(t) eps,
 *     loss of a sample = w(t) mean over its elements of (y(x_t, t) - what y is of x_0 and eps)^2
 *
 * whose minimum is y(x, t) = E[y | x_t = x], whatever w and the distribution of t are. In any form
 * it decides the velocity u of dx/dt = u, which carries noise at t = 1 to data at t = 0, and data
 * to noise with their density (src/diffusion/likelihood.c). t and eps belong to the sample's id. */
#include <math.h>
#include <string.h>
#include "models/path_model.h"
#include "ops/ops.h"

/* -- presets --------------------------------------------------------------------------------- */
enum { FEW_VALUES = 4, SMALL_PICTURE = 128, SMALL_SIDE = 8 };

/* Whether the samples have a height and a width that a U-Net may halve. */
static bool path_model_has_sides(const weir_data_facts *f)
{
    return (f->ndim == 2 || f->ndim == 3) && f->shape[f->ndim - 1] >= SMALL_SIDE
           && f->shape[f->ndim - 2] >= SMALL_SIDE;
}

/* A held-out log-density is a solve, whose trace grows with the values: samples and probes are few
 * where those are many. */
static const char *path_model_picture(const weir_data_facts *f)
{
    if (f->dim > SMALL_PICTURE && path_model_has_sides(f))
        return WEIR__PATH_PICTURES
               "model.net=unet model.net.channels=8,16,32 model.log_prob.probes=1 "
               "optimizer.lr=2e-3 batch=64 steps=2000 ema=0.998 valid_every=1000 valid_rows=16";
    if (f->dim > SMALL_PICTURE)
        return "model.net.hidden=512,512,512 model.net.time=fourier model.log_prob.probes=2 "
               "optimizer.lr=1e-3 batch=128 steps=6000 valid_every=2000 valid_rows=100";
    return "model.net.hidden=256,256,256 model.net.time=fourier model.log_prob.probes=4 "
           "optimizer.lr=2e-3 batch=256 steps=6000 valid_every=1000 valid_rows=250";
}

static const char *path_model_table(const weir_data_facts *f)
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

const char *weir__path_model_choose(const weir_data_facts *f)
{
    return weir__looks_like_pictures(f) ? path_model_picture(f) : path_model_table(f);
}

/* -- making ---------------------------------------------------------------------------------- */
/* What a network of pictures sees: samples of shape channels,height,width as they are; of
 * height,width as one channel; those that are flat as a square. False, after an error: neither. */
static bool path_model_picture_shape(weir_model *m, int64_t shape[3])
{
    int64_t side = (int64_t)floor(sqrt((double)m->dim) + 0.5);
    bool square = m->ndim == 1 && side * side == m->dim;
    for (int i = 0; i < 3; i++) shape[i] = square ? side : 1;
    if (square) shape[0] = 1;
    for (int i = 1; i <= m->ndim && i <= 3 && !square; i++) shape[3 - i] = m->shape[m->ndim - i];
    if (square || m->ndim == 2 || m->ndim == 3) return true;
    weir_fail(m->object.ctx, WEIR_ERROR_SHAPE,
              "%s: net of pictures, of %lld values a sample: expected "
              "shape=channels,height,width, or a square number of values",
              m->row->row.name, (long long)m->dim);
    return false;
}

/* Whether it is one of pictures, or stands around one. */
static bool path_model_sees_pictures(const weir_choice *net)
{
    if (net->row == &weir__row_retarget.row)
        net = &((const weir__retarget_opts *)net->options)->net;
    return ((const weir_module_row *)net->row)->pictures;
}

/* The network, of samples as they are or, where it is one of pictures, of their channels. */
static weir_module *path_model_net(weir_model *m)
{
    weir__path_opts *o = m->options;
    weir_ctx *c = m->object.ctx;
    const weir_row *row = &m->row->row;
    int64_t *shape = ((weir__path_state *)m->state)->picture;
    const weir__gift vector[] = { { "in", m->dim }, { "out", m->dim } };
    if (!path_model_sees_pictures(&o->net))
        return weir__choice_module(c, row, "net", &o->net, 2, vector);
    if (!path_model_picture_shape(m, shape)) return weir__nil(c, WEIR__MODULE);
    const weir__gift picture[] = {
        { "in", shape[0] }, { "out", shape[0] }, { "height", shape[1] }, { "width", shape[2] }
    };
    return weir__choice_module(c, row, "net", &o->net, 4, picture);
}

double weir__path_bridge(const weir_model *m)
{
    if (m->row->sample != weir__path_model_sample) return 0;
    const weir_choice *coupling = &((const weir__path_opts *)m->options)->coupling;
    const weir_coupling_row *row = (const weir_coupling_row *)coupling->row;
    return row->bridge ? row->bridge(coupling->options) : 0;
}

bool weir__path_refuses(weir_model *m, const char *what)
{
    if (weir__source_refuses(m, what)) return true;
    if (!(weir__path_bridge(m) > 0)) return false;
    weir_fail(m->object.ctx, WEIR_ERROR_UNSUPPORTED,
              "%s: %s: %s: expected a coupling without a Brownian bridge", m->row->row.name,
              ((const weir__path_opts *)m->options)->coupling.row->name, what);
    return true;
}

/* A bridge is one between lines of path.fm, and known by its velocity alone. */
static bool path_model_bridge_fits(weir_model *m)
{
    const weir__path_opts *o = m->options;
    if (!(weir__path_bridge(m) > 0)) return true;
    weir_path_point p = ((const weir_path_row *)o->path.row)->at(o->path.options, 0);
    bool lines = o->path.row == &weir__path_fm.row && p.b == 0;
    if (lines && o->prediction.row == &weir__prediction_velocity.row && o->input_scale == 0)
        return true;
    weir_fail(m->object.ctx, WEIR_ERROR_UNSUPPORTED,
              "%s: %s: expected path=fm with sigma_min=0, prediction=velocity and input_scale=0",
              m->row->row.name, o->coupling.row->name);
    return false;
}

weir_module *weir__path_model_create(weir_model *m, const void *unused)
{
    weir__path_opts *o = m->options;
    weir_ctx *c = m->object.ctx;
    weir__path_state *s = m->state;
    (void)unused;
    if (!weir__likelihood_by(c, (const weir_sampler_row *)o->log_prob.row)
        || !weir__source_path_fits(m) || !path_model_bridge_fits(m))
        return weir__nil(c, WEIR__MODULE);
    weir_module *root = weir_module_from_row(c, &weir__row_group, NULL);
    s->net = weir_module_add(root, "net", path_model_net(m));
    s->field = (weir__field){
        .ctx = c,
        .net = s->net,
        .path = (const weir_path_row *)o->path.row,
        .path_options = o->path.options,
        .prediction = (const weir_prediction_row *)o->prediction.row,
        .prediction_options = o->prediction.options,
        .label = o->label,
        .sigma_data = o->input_scale,
        .dtype = m->dtype,
        .ndim = s->picture[0] ? 3 : m->ndim,
        .shape = s->picture[0] ? s->picture : m->shape,
        .dim = m->dim,
    };
    if (o->net.row == &weir__row_retarget.row)
        weir__retarget_range(&((const weir__retarget_opts *)o->net.options)->old,
                             &s->field.sigma_low, &s->field.sigma_high);
    return root;
}

const weir__field *weir__model_field(weir_model *m, const char *who)
{
    if (m->row->sample == weir__path_model_sample)
        return &((const weir__path_state *)m->state)->field;
    weir_fail(m->object.ctx, WEIR_ERROR_UNSUPPORTED,
              "%s: %s: expected a continuous model, which has a path, such as rectified-flow", who,
              m->row->row.name);
    return NULL;
}

/* -- training -------------------------------------------------------------------------------- */
/* y [B, shape..] in the shape that the network sees. */
static weir_tensor *path_model_seen(const weir__field *f, weir_tensor *y)
{
    int64_t shape[WEIR_RANK_MAX] = { y->shape[0] };
    memcpy(shape + 1, f->shape, (size_t)f->ndim * sizeof *shape);
    return weir_reshape(y, f->ndim + 1, shape);
}

/* The noise of each sample of y, which becomes what the network sees: of pairs that were prepared
 * theirs, else noise or samples of the source, coupled. */
static weir_tensor *path_model_pair(weir_model *m, weir_tensor **y, weir_batch *b)
{
    const weir__path_state *s = m->state;
    const weir__path_opts *o = m->options;
    const weir_condition *prepared = weir_batch_prepared(b);
    const weir_coupling_row *coupling = (const weir_coupling_row *)o->coupling.row;
    weir_tensor *source = prepared ? weir_condition_get(prepared, WEIR__SOURCE) : NULL;
    bool paired = prepared && weir_is_nil(source);
    *y = path_model_seen(&s->field, paired ? weir_condition_get(prepared, WEIR__REFLOW_DATA) : *y);
    if (paired) return path_model_seen(&s->field, weir_condition_get(prepared, WEIR__REFLOW_NOISE));
    weir_tensor *eps = prepared ? path_model_seen(&s->field, source)
                                : weir_randn((*y)->object.ctx, m->dtype, (*y)->ndim, (*y)->shape);
    return weir__coupled(coupling, o->coupling.options, *y, eps, weir_batch_weights(b),
                         weir_batch_condition(b));
}

weir_tensor *weir__path_model_loss(weir_model *m, weir_tensor *y, weir_batch *b)
{
    const weir__path_state *s = m->state;
    const weir__path_opts *o = m->options;
    weir_ctx *c = y->object.ctx; /* a worker's, where the batch is in pieces */
    const weir_time_density_row *times = (const weir_time_density_row *)o->time_density.row;
    weir_tensor *eps = path_model_pair(m, &y, b);
    weir_tensor *t = weir__field_draw_times(&s->field, c, times, o->time_density.options,
                                            y->shape[0]);
    weir__pairs p;
    const weir_loss_weight_row *weight = (const weir_loss_weight_row *)o->weight.row;
    if (!weir__field_pairs(&s->field, weight, o->weight.options, y, eps, t, &p)) return p.x;
    double bridge = weir__path_bridge(m);
    if (bridge > 0 && !weir__field_bridge(t, bridge, &p)) return p.x;
    weir_tensor *said = weir_network_at(s->net, p.x, p.label, weir_batch_condition(b));
    weir_tensor *error = weir__square_errors(said, p.target, 1 / (double)m->dim);
    return p.weight ? weir_mul(error, p.weight) : error;
}

/* -- sampling -------------------------------------------------------------------------------- */
weir_tensor *weir__path_model_noise(weir_model *m, int64_t n, const weir_condition *k,
                                    double temperature, weir_tensor **log_q)
{
    (void)log_q;
    if (weir__source_of(m)) {
        if (temperature != 1 && weir__source_refuses(m, "a temperature other than 1"))
            return weir__nil(m->object.ctx, WEIR__TENSOR);
        weir_tensor *x = weir__source_draw(m, n, k);
        return weir_is_nil(x) ? x : weir_reshape(x, 2, (const int64_t[]){ n, m->dim });
    }
    weir_tensor *z = weir_randn(m->object.ctx, m->dtype, 2, (const int64_t[]){ n, m->dim });
    return temperature == 1 ? z : weir_scale(z, temperature);
}

/* The model's sampler where that is a method for ODEs, else that of its log-densities. */
static const weir_choice *path_model_ode(const weir_model *m)
{
    const weir__path_opts *own = m->options;
    bool is_ode = ((const weir_sampler_row *)own->sampler.row)->solve != NULL;
    return is_ode ? &own->sampler : &own->log_prob;
}

weir_tensor *weir__path_model_carry(weir_model *m, weir_tensor *z, const weir_condition *k,
                                    const weir_sample_opts *o)
{
    const weir__path_state *s = m->state;
    return weir__solve_sample(m, &s->field, path_model_ode(m), true, z, k, o);
}

/* Noise that was given is what some data are on the path, or stands for it: the ODE leads from it,
 * whatever the sampler draws on its way, and as it is unless the caller says how. */
weir_tensor *weir__path_model_sample(weir_model *m, weir_tensor *z, const weir_condition *k,
                                     const weir_sample_opts *o, weir_tensor **log_det)
{
    const weir__path_state *s = m->state;
    const weir__path_opts *own = m->options;
    (void)log_det;
    bool given = o->noise || o->noise_f64;
    if (given && !o->solver) return weir__path_model_carry(m, z, k, o);
    const weir_choice *sampler = given ? path_model_ode(m) : &own->sampler;
    return weir__solve_sample(m, &s->field, sampler, false, z, k, o);
}

/* -- log-densities and codes ----------------------------------------------------------------- */
weir_tensor *weir__path_model_log_prob(weir_model *m, weir_tensor *y, const weir_condition *k,
                                       const weir_log_prob_opts *so, weir_log_prob_info *info)
{
    const weir__path_state *s = m->state;
    const weir__path_opts *o = m->options;
    if (weir__source_refuses(m, "a log-density")) return weir__nil(y->object.ctx, WEIR__TENSOR);
    if (so && so->bound == WEIR_BOUND_VARIATIONAL && weir__path_refuses(m, "the bound"))
        return weir__nil(y->object.ctx, WEIR__TENSOR);
    if (so && so->bound == WEIR_BOUND_VARIATIONAL)
        return weir__variational_bound(m, &s->field, y, k, so, info);
    return weir__solve_log_prob(m, &s->field, &o->log_prob, o->probes, y, k, so, info);
}

weir_tensor *weir__path_model_encode(weir_model *m, weir_tensor *y, const weir_condition *k,
                                     const weir_log_prob_opts *so)
{
    const weir__path_state *s = m->state;
    const weir__path_opts *o = m->options;
    return weir__solve_encode(m, &s->field, &o->log_prob, y, k, so);
}
