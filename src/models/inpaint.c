/* inpaint.c - values filled in (weir/latent.h has the formulas): by the sampler of a model on a
 * path, else by ascent on log p with noise, whose variables are the transformed data, so that steps
 * have the model's scale. */
#include <math.h>
#include <string.h>
#include "models/path_model.h"
#include "ops/ops.h"
#include "weir/grad.h"
#include "weir/latent.h"

static const char who[] = "model_inpaint_into";
enum { ASCENT_STEPS = 1000, SAMPLER_STEPS = 50 };
#define STREAM_INPAINT "inpaint" /* step: that of the ascent */

void weir_inpaint_defaults_sized(weir_inpaint_opts *o, size_t size)
{
    const weir_inpaint_opts whole = {
        .size = sizeof whole,
        .steps = -1,
        .rate = 10,
        .delay = 100,
        .noise = 1,
        .resample = 10,
        .jump = 10,
    };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

typedef struct inpaint_job {
    weir_model *m;
    const weir_inpaint_opts *o;
    const weir_log_prob_opts *how;
    const double *x;
    const bool *known;
    int64_t n;
    double *out, *log_prob; /* the second may be NULL */
    int64_t *ids; /* of one chunk */
    double *y, *g, *e; /* [chunk, dim]: the variables, their gradients, noise */
} inpaint_job;

/* -- one chunk --------------------------------------------------------------------------------- */
static void inpaint_frame(const inpaint_job *j, int64_t n, const char *stream, int64_t step)
{
    weir_ctx *c = j->m->object.ctx;
    weir__frame_set(c, (weir__frame){
                           .stream = weir__hash_text(stream),
                           .step = (uint64_t)step,
                           .ids = j->ids,
                           .n_ids = n,
                       });
    if (j->how->use_seed) weir__seed_set(c, j->how->seed);
}

/* Transformed data stay where the model's are: of integers below their interval's end. */
static double inpaint_project(const inpaint_job *j, int64_t at, double y)
{
    const weir_model *m = j->m;
    if (m->levels == 0) return y;
    double low = 0, high = 1, levels = (double)m->levels;
    if (m->mean) {
        weir__standard by = weir__model_standard(m);
        low = -by.mean[at] / by.std[at];
        high = (levels - by.mean[at]) / by.std[at];
    }
    double top = high - (high - low) * 1e-6;
    return fmin(fmax(y, low), top);
}

/* Known values transformed; noise where there are none, or the middle of an interval. */
static weir_status inpaint_begin(const inpaint_job *j, int64_t first, int64_t n,
                                 const weir_condition *k)
{
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    weir_tensor *log_q;
    const double *x = j->x + first * m->dim;
    const bool *known = j->known + first * m->dim;
    for (int64_t i = 0; i < n * m->dim; i++) j->y[i] = known[i] ? x[i] : 0;
    weir_scope s = weir_scope_begin_no_grad(c);
    inpaint_frame(j, n, WEIR__STREAM_SCORE, 0);
    weir_tensor *t = weir_from_f64(c, j->y, 2, (const int64_t[]){ n, m->dim });
    t = weir__model_transform(m, t, weir__model_condition_seen(m, c, k), &log_q);
    if (!weir_is_nil(t)) weir_copy_to_f64(t, j->y, n * m->dim);
    inpaint_frame(j, n, STREAM_INPAINT, 0);
    t = weir_randn(c, WEIR_F64, 2, (const int64_t[]){ n, m->dim });
    if (!weir_is_nil(t)) weir_copy_to_f64(t, j->e, n * m->dim);
    for (int64_t i = 0; weir_ok(c) && i < n * m->dim; i++) {
        if (known[i]) continue;
        bool unit = m->levels > 0 && !m->mean;
        j->y[i] = inpaint_project(j, i % m->dim, unit ? 0.5 + 0.2 * j->e[i] : j->e[i]);
    }
    weir_scope_end(s);
    return weir_status_of(c);
}

/* log p [n] of the variables, and its gradients into j->g where they are wanted. */
static weir_status inpaint_log_prob(const inpaint_job *j, int64_t n, const weir_condition *k,
                                    bool wants_gradients, double *log_prob)
{
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    int64_t shape[WEIR_RANK_MAX] = { n };
    weir_tensor *g = NULL;
    memcpy(shape + 1, m->shape, (size_t)m->ndim * sizeof *shape);
    weir_scope s = weir_scope_begin(c);
    weir_tensor *y = weir_from_f64(c, j->y, m->ndim + 1, shape);
    if (m->dtype != WEIR_F64) y = weir_cast(y, m->dtype);
    y = weir_set_requires_grad(y, wants_gradients);
    weir_tensor *lp = m->row->log_prob(m, y, weir__model_condition_seen(m, c, k), j->how, NULL);
    lp = weir__hook_gave_rows(c, m->row->row.name, "log_prob", lp, n);
    if (wants_gradients && weir_ok(c)) {
        weir_tensor *total = weir_sum(lp);
        weir_grad(1, &total, 1, &y, NULL, false, true, &g);
        if (weir_ok(c)) weir_copy_to_f64(weir_contiguous(g), j->g, n * m->dim);
    }
    if (log_prob && weir_ok(c)) {
        weir_copy_to_f64(lp, log_prob, n);
        for (int64_t i = 0; i < n; i++) log_prob[i] += weir__model_log_det(m);
    }
    weir_scope_end(s);
    return weir_status_of(c);
}

/* What a sample's gradient is multiplied by: its root mean square over what is filled in is at most
 * 1; one that is not finite is passed over. */
static double inpaint_scale(int64_t dim, const bool *known, const double *g)
{
    double squares = 0;
    int64_t n = 0;
    for (int64_t j = 0; j < dim; j++) {
        if (known[j]) continue;
        squares += g[j] * g[j];
        n++;
    }
    double rms = n > 0 ? sqrt(squares / (double)n) : 0;
    if (!isfinite(rms)) return 0;
    return rms > 1 ? 1 / rms : 1;
}

static weir_status inpaint_noise(const inpaint_job *j, int64_t n, int64_t step)
{
    weir_ctx *c = j->m->object.ctx;
    weir_scope s = weir_scope_begin_no_grad(c);
    inpaint_frame(j, n, STREAM_INPAINT, step);
    weir_tensor *e = weir_randn(c, WEIR_F64, 2, (const int64_t[]){ n, j->m->dim });
    if (!weir_is_nil(e)) weir_copy_to_f64(e, j->e, n * j->m->dim);
    weir_scope_end(s);
    return weir_status_of(c);
}

static weir_status inpaint_step(const inpaint_job *j, int64_t first, int64_t n, int64_t step,
                                const weir_condition *k)
{
    int64_t dim = j->m->dim;
    const bool *known = j->known + first * dim;
    double rate = j->o->rate / (j->o->delay + (double)step);
    weir_status s = inpaint_log_prob(j, n, k, true, NULL);
    if (s == WEIR_OK) s = inpaint_noise(j, n, step);
    for (int64_t i = 0; s == WEIR_OK && i < n; i++) {
        double by = inpaint_scale(dim, known + i * dim, j->g + i * dim);
        for (int64_t at = i * dim; at < (i + 1) * dim; at++) {
            if (known[at]) continue;
            double g = by > 0 ? by * j->g[at] : 0;
            double y = j->y[at] + rate * (g + j->o->noise * j->e[at]);
            j->y[at] = inpaint_project(j, at % dim, y);
        }
    }
    return s;
}

static void inpaint_put(const inpaint_job *j, int64_t first, int64_t n)
{
    int64_t dim = j->m->dim, from = first * dim;
    weir__model_untransform(j->m, j->y, n);
    for (int64_t i = 0; i < n * dim; i++)
        j->out[from + i] = j->known[from + i] ? j->x[from + i] : j->y[i];
}

static weir_status inpaint_chunk(const inpaint_job *j, int64_t first, int64_t n)
{
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    weir_scope s = weir_scope_begin(c);
    for (int64_t i = 0; i < n; i++) j->ids[i] = first + i;
    const weir_condition *k = weir__model_condition_part(c, j->how->condition, j->n, first, n);
    k = weir__model_condition_ready(m, c, k);
    weir_status status = inpaint_begin(j, first, n, k);
    int64_t steps = j->o->steps < 0 ? ASCENT_STEPS : j->o->steps;
    for (int64_t i = 1; i <= steps && status == WEIR_OK; i++)
        status = inpaint_step(j, first, n, i, k);
    if (status == WEIR_OK && j->log_prob)
        status = inpaint_log_prob(j, n, k, false, j->log_prob + first);
    if (status == WEIR_OK) inpaint_put(j, first, n);
    weir_scope_end(s);
    return weir_status_of(c);
}

/* -- by a sampler ------------------------------------------------------------------------------ */
/* A sampler that chooses its steps has none to turn back over: ddim takes its place. */
static void inpaint_sampler(const inpaint_job *j, weir_sample_opts *o)
{
    const weir_choice *own = &((const weir__path_opts *)j->m->options)->sampler;
    o->solver = j->o->solver;
    o->steps = j->o->steps > 0 ? j->o->steps : 0;
    bool fixed = weir_sampler_steps((const weir_sampler_row *)own->row, own->options) > 0;
    if (o->solver || fixed || o->steps > 0) return;
    o->solver = "ddim grid=karras";
    o->steps = SAMPLER_STEPS;
}

static weir_status inpaint_by_sampler(const inpaint_job *j)
{
    const weir_log_prob_opts *how = j->how;
    weir_sample_start start = weir_sample_start_defaults();
    weir_sample_opts o = weir_sample_defaults();
    start.x = j->x;
    start.known = j->known;
    start.resample = j->o->resample;
    start.jump = j->o->jump;
    o.start = &start;
    o.first = 0;
    o.seed = how->seed;
    o.use_seed = how->use_seed;
    o.condition = how->condition;
    o.batch = how->batch;
    o.on_step = how->on_step;
    o.user = how->user;
    inpaint_sampler(j, &o);
    weir_status s = weir_model_sample_into_f64(j->m, j->n, &o, j->out);
    for (int64_t i = 0; s == WEIR_OK && i < j->n * j->m->dim; i++)
        if (j->known[i]) j->out[i] = j->x[i];
    if (s != WEIR_OK || !j->log_prob) return s;
    return weir_model_log_prob_into_f64(j->m, j->out, j->n, how, j->log_prob, NULL);
}

/* -- the request ------------------------------------------------------------------------------- */
static bool inpaint_take(inpaint_job *j, int64_t rows)
{
    weir_ctx *c = j->m->object.ctx;
    int64_t size = weir__size_times(rows, j->m->dim);
    j->ids = weir__alloc_n(c, rows, sizeof *j->ids);
    j->y = weir__alloc_n(c, size, sizeof *j->y);
    j->g = weir__alloc_n(c, size, sizeof *j->g);
    j->e = weir__alloc_n(c, size, sizeof *j->e);
    return j->ids && j->y && j->g && j->e;
}

static weir_status inpaint_run(inpaint_job *j)
{
    weir_ctx *c = j->m->object.ctx;
    const weir_log_prob_opts *o = j->how;
    int64_t rows = o->batch > 0 ? o->batch : WEIR__CHUNK_ROWS;
    if (rows > j->n) rows = j->n;
    weir_status s = inpaint_take(j, rows) ? WEIR_OK : weir_status_of(c);
    for (int64_t first = 0; first < j->n && s == WEIR_OK; first += rows) {
        int64_t n = j->n - first < rows ? j->n - first : rows;
        s = inpaint_chunk(j, first, n);
        if (s == WEIR_OK && o->on_step && o->on_step(o->user, first + n, j->n) != 0)
            s = WEIR_STOPPED;
    }
    weir__free(c, j->ids);
    weir__free(c, j->y);
    weir__free(c, j->g);
    weir__free(c, j->e);
    return s;
}

static bool inpaint_fits(weir_model *m, int64_t n, const weir_inpaint_opts *o,
                         const weir_condition *k)
{
    weir_ctx *c = m->object.ctx;
    bool numbers = o->steps >= -1 && o->steps <= 1000000000 && isfinite(o->rate) && o->rate > 0;
    numbers = numbers && isfinite(o->delay) && o->delay >= 0;
    if (!numbers || !isfinite(o->noise) || o->noise < 0) {
        weir_fail(c, WEIR_ERROR_RANGE,
                  "%s: options: expected steps 0 to 1e9, a rate above 0, delay and noise 0 or more",
                  who);
        return false;
    }
    if (!m->row->log_prob || m->row->no_gradient) {
        weir_fail(c, WEIR_ERROR_UNSUPPORTED,
                  "%s: %s: no gradients of log p: expected a model that has them, such as a flow",
                  who, m->row->row.name);
        return false;
    }
    return weir__model_condition_fits(m, c, k, who) && weir__model_condition_divides(c, k, n, who);
}

weir_status weir_model_inpaint_into_f64(weir_model *m, const double *x, const bool *known,
                                        int64_t n, const weir_inpaint_opts *o, double *out,
                                        double *log_prob)
{
    WEIR__AS_FOUND;
    weir_inpaint_opts own = weir_inpaint_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    if (!weir__model_usable(m, who)
        || !weir__sized_read(c, "model_inpaint_into: options", "them from weir_inpaint_defaults", o,
                             &own, sizeof own)
        || !weir__log_prob_read(c, own.how, &how))
        return weir_status_of(c);
    if (n < 0 || (n > 0 && (!x || !known || !out)))
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "%s: NULL or a negative count: expected n samples, what is known of them "
                         "and room",
                         who);
    if (!inpaint_fits(m, n, &own, how.condition)) return weir_status_of(c);
    inpaint_job j = {
        .m = m,
        .o = &own,
        .how = &how,
        .x = x,
        .known = known,
        .n = n,
        .out = out,
        .log_prob = log_prob,
    };
    return m->row->sample == weir__path_model_sample ? inpaint_by_sampler(&j) : inpaint_run(&j);
}
