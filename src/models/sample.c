/* sample.c - noise to data. A sample is known by (stream, number), and its noise belongs to
 * these: `-n 10` is the beginning of `-n 1000`, in chunks of any size, and two calls give what
 * one would. Integer data come out as integers (transform.c). */
#include <math.h>
#include <string.h>
#include "models/models.h"
#include "weir/group.h"
#include "weir/latent.h"
#include "weir/objective.h"

void weir_sample_defaults_sized(weir_sample_opts *o, size_t size)
{
    const weir_sample_opts whole = { .size = sizeof whole, .first = -1, .temperature = 1 };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

/* The options as a whole struct. */
static bool sample_read(weir_ctx *c, const weir_sample_opts *given, weir_sample_opts *o)
{
    *o = weir_sample_defaults();
    return weir__sized_read(c, "sample: options", "them from weir_sample_defaults", given, o,
                            sizeof *o);
}

static bool sample_options_fit(weir_ctx *c, const weir_sample_opts *o, int64_t n)
{
    if (n < 0 || o->first < -1 || o->batch < 0 || o->steps < 0) {
        weir_fail(c, WEIR_ERROR_RANGE, "sample: a negative count: expected 0 or more, or first=-1");
        return false;
    }
    if (o->steps > 1000000) {
        weir_fail(c, WEIR_ERROR_RANGE, "sample: steps=%lld: expected at most 1000000",
                  (long long)o->steps);
        return false;
    }
    if ((o->noise && o->noise_f64) || (o->trajectory && o->trajectory_f64)) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "sample: noise or a trajectory in both types: expected one");
        return false;
    }
    if ((o->trajectory || o->trajectory_f64) && o->steps == 0) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "sample: a trajectory: expected steps, whose ends it shows");
        return false;
    }
    if (!isfinite(o->temperature) || o->temperature < 0) {
        weir_fail(c, WEIR_ERROR_RANGE,
                  "sample: temperature %g: expected a finite number, 0 or more", o->temperature);
        return false;
    }
    return true;
}

typedef struct job {
    weir_model *m;
    const weir_sample_opts *o;
    int64_t n;
    int64_t first;  /* number of the first sample */
    int64_t stream; /* 0, or of a share its own */
    bool goes_on;   /* the next call begins behind this one */
    double *log_q;  /* [n], or NULL: not wanted */
    int64_t *ids;   /* of one chunk */
    double *values; /* of one chunk */
} job;

/* -- which samples ----------------------------------------------------------------------------- */
/* Of a share, and a rank, its own; of the first of both 0. */
static int64_t sample_stream(const weir_model *m)
{
    const weir_ctx *c = m->object.ctx;
    return m->sample_stream * weir_ranks(c) + weir_rank(c);
}

/* False, after an error, where numbers run out. All n are taken at once, should on_step draw
 * too. */
static bool sample_begin(job *j)
{
    weir_model *m = j->m;
    j->goes_on = j->o->first < 0 && !j->o->use_seed && !j->o->noise && !j->o->noise_f64;
    j->first = j->goes_on ? m->sample_position : j->o->first;
    j->stream = j->goes_on ? sample_stream(m) : 0;
    if (j->first < 0) j->first = 0;
    if (j->n > INT64_MAX - j->first) {
        weir_fail(m->object.ctx, WEIR_ERROR_RANGE,
                  "sample: %lld samples from %lld: expected numbers below 2^63", (long long)j->n,
                  (long long)j->first);
        j->goes_on = false;
        return false;
    }
    if (j->goes_on) m->sample_position = j->first + j->n;
    return true;
}

/* Numbers that were not drawn are given back, unless another call has gone on behind them. */
static void sample_end(job *j, int64_t done)
{
    int64_t *position = &j->m->sample_position;
    if (j->goes_on && *position == j->first + j->n) *position = j->first + done;
}

int64_t weir_model_sample_position(const weir_model *m) { return m ? m->sample_position : 0; }

weir_status weir_model_set_sample_position(weir_model *m, int64_t position)
{
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    if (!weir__model_usable(m, "model_set_sample_position")) return weir_status_of(c);
    if (position < 0)
        return weir_fail(c, WEIR_ERROR_RANGE, "model_set_sample_position: %lld: expected 0 or more",
                         (long long)position);
    m->sample_position = position;
    return WEIR_OK;
}

/* -- drawing them ------------------------------------------------------------------------------ */
/* Samples at .. at+n-1 of the caller's noise, or drawn; of the model's type. */
static weir_tensor *noise(const job *j, int64_t at, int64_t n, const weir_condition *k,
                          weir_tensor **log_q)
{
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    const int64_t shape[] = { n, m->noise_dim };
    weir_tensor *z;
    const char *name = m->row->row.name;
    if (!j->o->noise && !j->o->noise_f64) {
        z = m->row->noise(m, n, k, j->o->temperature, log_q);
        if (log_q) *log_q = weir__hook_gave_rows(c, name, "noise", *log_q, n);
        return weir__hook_gave(c, name, "noise", z);
    }
    if (j->o->noise) z = weir_from_f32(c, j->o->noise + at * m->noise_dim, 2, shape);
    else z = weir_from_f64(c, j->o->noise_f64 + at * m->noise_dim, 2, shape);
    if (!weir_is_nil(z) && z->dtype != m->dtype) z = weir_cast(z, m->dtype);
    if (log_q)
        *log_q = weir__hook_gave_rows(c, name, "noise_log_prob", m->row->noise_log_prob(m, z, k),
                                      n);
    return j->o->temperature == 1 ? z : weir_scale(z, j->o->temperature);
}

/* What stands in the place of noise, where the caller says it. */
static weir_tensor *source_given(weir_model *m, int64_t n, const weir_sample_start *begun)
{
    weir_ctx *c = m->object.ctx;
    if (!weir_ok(c)) return weir__nil(c, WEIR__TENSOR);
    return weir_cast(weir_from_f64(c, begun->x, 2, (const int64_t[]){ n, m->dim }), m->dtype);
}

/* log q of the data as stored: of the noise, less the map's log-det, and that of the data
 * transform. */
static weir_tensor *stored_log_q(const weir_model *m, weir_tensor *log_q, weir_tensor *log_det)
{
    return weir_affine(weir_sub(log_q, log_det), 1, weir__model_log_det(m));
}

static weir_status put_log_q(const job *j, int64_t at, int64_t n, weir_tensor *log_q,
                             weir_tensor *log_det)
{
    return weir_copy_to_f64(stored_log_q(j->m, log_q, log_det), j->log_q + at, n);
}

/* -- trajectories ------------------------------------------------------------------------------ */
/* What a model's row shows of one chunk, on its way to the caller. */
typedef struct shown {
    job *j;
    int64_t at; /* first of the chunk in the request */
    bool seen;
    weir_status status; /* of the caller's on_state */
} shown;

/* The states of one step of a chunk into the caller's array [steps + 1, n, dim]. */
static void shown_store(const job *j, int64_t step, int64_t at, int64_t n)
{
    weir_dtype t = j->o->trajectory ? WEIR_F32 : WEIR_F64;
    void *all = j->o->trajectory ? (void *)j->o->trajectory : j->o->trajectory_f64;
    if (!all || step > j->o->steps) return;
    size_t from = (size_t)((step * j->n + at) * j->m->dim);
    weir__convert(t, (char *)all + from * weir_dtype_size(t), WEIR_F64, j->values, n * j->m->dim);
}

/* The row's on_state: x [n, dim] are transformed data of the chunk. */
static weir_status shown_put(void *user, int64_t step, int64_t first, int64_t n, const double *t,
                             const double *x)
{
    shown *s = user;
    const job *j = s->j;
    int64_t at = s->at + first;
    s->seen = true;
    memcpy(j->values, x, (size_t)(n * j->m->dim) * sizeof *x);
    weir__model_unscale(j->m, j->values, n);
    shown_store(j, step, at, n);
    if (j->o->on_state) s->status = j->o->on_state(j->o->user, step, at, n, t, j->values);
    return s->status;
}

static bool shown_wanted(const job *j)
{
    return j->o->on_state || j->o->trajectory || j->o->trajectory_f64;
}

/* y from z by the model's row; nil: the error is set, or s->status is not WEIR_OK. */
static weir_tensor *sample_by_row(const job *j, weir_tensor *z, const weir_condition *k,
                                  weir_sample_opts *o, weir_tensor **log_det, shown *s)
{
    const weir_model_row *row = j->m->row;
    o->on_state = shown_wanted(j) ? shown_put : NULL;
    o->user = s;
    weir_ctx *c = j->m->object.ctx;
    weir_tensor *y = weir__hook_gave(c, row->row.name, "sample",
                                     row->sample(j->m, z, k, o, log_det));
    if (log_det) *log_det = weir__hook_gave_rows(c, row->row.name, "sample", *log_det, z->shape[0]);
    if (!o->on_state || s->seen || weir_is_nil(y)) return y;
    weir_fail(j->m->object.ctx, WEIR_ERROR_UNSUPPORTED,
              "sample: a trajectory: %s: expected a model with a sampler", row->row.name);
    return weir__nil(j->m->object.ctx, WEIR__TENSOR);
}

/* As of a model that samples by one exact map; others say what they did. */
static void begin_reports(weir_sample_report *report, int64_t n)
{
    for (int64_t i = 0; report && i < n; i++)
        report[i] = (weir_sample_report){ .end = WEIR_SAMPLE_DONE, .evaluations = 1 };
}

static void finish_reports(weir_sample_report *report, const double *values, int64_t n, int64_t dim)
{
    for (int64_t i = 0; report && i < n * dim; i++)
        if (!isfinite(values[i]) && report[i / dim].end == WEIR_SAMPLE_DONE)
            report[i / dim].end = WEIR_SAMPLE_NOT_FINITE;
}

/* Sets the random frame and the seed of samples at .. at+n-1, until the scope ends. */
static void sample_frame(const job *j, int64_t at, int64_t n)
{
    weir_ctx *c = j->m->object.ctx;
    for (int64_t i = 0; i < n; i++) j->ids[i] = j->first + at + i;
    weir__frame frame = {
        .stream = weir__hash_text(WEIR__STREAM_SAMPLE),
        .step = (uint64_t)j->stream,
        .ids = j->ids,
        .n_ids = n,
    };
    weir__frame_set(c, frame);
    if (j->o->use_seed) weir__seed_set(c, j->o->seed);
}

/* Theirs, as the model's row sees it. */
static const weir_condition *sample_condition(const job *j, int64_t at, int64_t n)
{
    weir_ctx *c = j->m->object.ctx;
    weir_condition *k = weir__model_condition_part(c, j->o->condition, j->n, at, n);
    return weir__model_condition_seen(j->m, c, weir__model_condition_ready(j->m, c, k));
}

/* Samples at .. at+n-1 of the request into j->values. */
static weir_status sample_chunk(job *j, int64_t at, int64_t n)
{
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    weir_scope s = weir_scope_begin_no_grad(c);
    sample_frame(j, at, n);
    weir_sample_opts o = *j->o;
    if (o.report) begin_reports(o.report += at, n);
    shown way = { .j = j, .at = at };
    const weir_condition *k = sample_condition(j, at, n);
    weir_tensor *log_q = NULL, *log_det = NULL;
    weir_sample_start begun = { 0 };
    if (o.start) {
        weir__start_part(m, o.start, j->ids, at, n, k, &begun);
        o.start = &begun;
        sample_frame(j, at, n);
    }
    bool given = o.start && begun.at_source;
    weir_tensor *z = given ? source_given(m, n, &begun)
                           : noise(j, at, n, k, j->log_q ? &log_q : NULL);
    weir_tensor *y = z;
    if (given) o.start = NULL;
    if (!weir_is_nil(z)) y = sample_by_row(j, z, k, &o, j->log_q ? &log_det : NULL, &way);
    if (!weir_is_nil(y) && weir_copy_to_f64(y, j->values, n * m->dim) == WEIR_OK) {
        finish_reports(o.report, j->values, n, m->dim);
        weir__model_untransform(m, j->values, n);
        if (j->log_q) put_log_q(j, at, n, log_q, log_det);
    }
    weir__free(c, (void *)(uintptr_t)begun.x);
    weir_scope_end(s);
    return way.status == WEIR_OK ? weir_status_of(c) : way.status;
}

static weir_status sample_run(job *j, weir_dtype t, void *out)
{
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    int64_t n = j->n, done = 0;
    int64_t rows = j->o->batch > 0 ? j->o->batch : WEIR__CHUNK_ROWS;
    bool array = j->o->trajectory || j->o->trajectory_f64;
    int64_t states = array ? j->o->steps + 1 : 1;
    if (weir__size_times(states, weir__size_times(n, m->dim)) == WEIR__ABSURD)
        return weir_fail(c, WEIR_ERROR_MEMORY,
                         "sample: %lld samples of %lld values: expected fewer", (long long)n,
                         (long long)m->dim);
    if (rows > n) rows = n;
    j->ids = weir__alloc_n(c, rows, sizeof *j->ids);
    j->values = j->ids ? weir__alloc_n(c, weir__size_times(rows, m->dim), sizeof *j->values) : NULL;
    weir_status s = weir_status_of(c);
    if (s == WEIR_OK && !sample_begin(j)) s = weir_status_of(c);
    while (done < n && s == WEIR_OK) {
        int64_t k = n - done < rows ? n - done : rows;
        if ((s = sample_chunk(j, done, k)) != WEIR_OK) break;
        weir__convert(t, (char *)out + (size_t)(done * m->dim) * weir_dtype_size(t), WEIR_F64,
                      j->values, k * m->dim);
        done += k;
        if (j->o->on_step && j->o->on_step(j->o->user, done, n) != 0) s = WEIR_STOPPED;
    }
    sample_end(j, done);
    weir__free(c, j->ids);
    weir__free(c, j->values);
    return s;
}

/* False, after an error, for a row that knows densities alone. */
static bool model_draws(weir_model *m, const char *who)
{
    if (m->row->noise && m->row->sample) return true;
    weir_fail(m->object.ctx, WEIR_ERROR_UNSUPPORTED,
              "%s: %s: no samples: expected a row with noise and sample", who, m->row->row.name);
    return false;
}

/* False, after an error, for a request that cannot be had. */
static bool request_fits(weir_model *m, int64_t n, const weir_sample_opts *given,
                         weir_sample_opts *o, weir_sample_start *start, const char *who)
{
    weir_ctx *c = m->object.ctx;
    bool fits = weir__model_usable(m, who) && model_draws(m, who) && sample_read(c, given, o)
                && sample_options_fit(c, o, n)
                && weir__model_condition_fits(m, c, o->condition, who)
                && weir__model_condition_divides(c, o->condition, n, who)
                && weir__start_read(m, o, start, who);
    if (fits && o->start) o->start = start;
    return fits;
}

static weir_status sample_into(weir_model *m, int64_t n, const weir_sample_opts *o, weir_dtype t,
                               void *x)
{
    weir_sample_opts own;
    weir_sample_start start;
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    if (weir__region_refuses(c, "model_sample_into", WEIR__REGION_MAKE)) return WEIR_ERROR_STATE;
    if (!request_fits(m, n, o, &own, &start, "model_sample_into")) return weir_status_of(c);
    if (n > 0 && !x)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "model_sample_into: NULL: expected room for n samples");
    job j = { .m = m, .o = &own, .n = n };
    return sample_run(&j, t, x);
}

weir_status weir_model_sample_into(weir_model *m, int64_t n, const weir_sample_opts *o, float *x)
{
    WEIR__AS_FOUND;
    return sample_into(m, n, o, WEIR_F32, x);
}
weir_status weir_model_sample_into_f64(weir_model *m, int64_t n, const weir_sample_opts *o,
                                       double *x)
{
    WEIR__AS_FOUND;
    return sample_into(m, n, o, WEIR_F64, x);
}

/* -- with their log q -------------------------------------------------------------------------- */
static bool log_q_is_known(weir_model *m, const weir_sample_opts *o, const char *who)
{
    weir_ctx *c = m->object.ctx;
    bool given = o->noise || o->noise_f64;
    if (!m->row->noise_log_prob) {
        weir_fail(c, WEIR_ERROR_UNSUPPORTED, "%s: %s: expected a model whose map says its log-det",
                  who, m->row->row.name);
        return false;
    }
    if (o->temperature > 0 && (!given || o->temperature == 1)) return true;
    weir_fail(c, WEIR_ERROR_RANGE,
              "%s: temperature %g: expected above 0, and 1 with noise of your own", who,
              o->temperature);
    return false;
}

static weir_status sample_log_prob_into(weir_model *m, int64_t n, const weir_sample_opts *o,
                                        weir_dtype t, void *x, double *log_q)
{
    static const char who[] = "model_sample_log_prob_into";
    weir_sample_opts own;
    weir_sample_start start;
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    if (!request_fits(m, n, o, &own, &start, who) || !log_q_is_known(m, &own, who))
        return weir_status_of(c);
    if (n > 0 && (!x || !log_q))
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "%s: NULL: expected room for n samples and their log q", who);
    job j = { .m = m, .o = &own, .n = n, .log_q = log_q };
    return sample_run(&j, t, x);
}

weir_status weir_model_sample_log_prob_into(weir_model *m, int64_t n, const weir_sample_opts *o,
                                            float *x, double *log_q)
{
    WEIR__AS_FOUND;
    return sample_log_prob_into(m, n, o, WEIR_F32, x, log_q);
}

weir_status weir_model_sample_log_prob_into_f64(weir_model *m, int64_t n, const weir_sample_opts *o,
                                                double *x, double *log_q)
{
    WEIR__AS_FOUND;
    return sample_log_prob_into(m, n, o, WEIR_F64, x, log_q);
}

/* -- recorded ---------------------------------------------------------------------------------- */
/* What the map gives, as data are stored: continuous ones. */
static weir_tensor *recorded_stored(weir_model *m, weir_tensor *y)
{
    if (weir_is_nil(y)) return y;
    int64_t shape[WEIR_RANK_MAX] = { y->shape[0] };
    memcpy(shape + 1, m->shape, (size_t)m->ndim * sizeof *shape);
    y = weir_reshape(y, m->ndim + 1, shape);
    if (m->mean) y = weir_add(weir_mul(weir_cast(y, WEIR_F64), m->std), m->mean);
    return weir_cast(y, weir_model_data_dtype(m));
}

/* All samples of the request in the scope around; nil after an error. */
static weir_tensor *sample_recorded(job *j, weir_tensor **log_q)
{
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    weir_tensor *kept[] = { weir__nil(c, WEIR__TENSOR), weir__nil(c, WEIR__TENSOR) };
    weir_tensor *of_noise, *log_det;
    weir_scope s = weir_scope_begin(c);
    weir_sample_opts o = *j->o;
    shown way = { .j = j };
    sample_frame(j, 0, j->n);
    const weir_condition *k = sample_condition(j, 0, j->n);
    weir_tensor *z = noise(j, 0, j->n, k, &of_noise);
    if (!weir_is_nil(z)) {
        kept[0] = recorded_stored(m, sample_by_row(j, z, k, &o, &log_det, &way));
        if (!weir_is_nil(kept[0])) kept[1] = stored_log_q(m, of_noise, log_det);
    }
    weir__scope_end_keeping(s, 2, (void *const *)kept);
    *log_q = weir_ok(c) ? kept[1] : weir__nil(c, WEIR__TENSOR);
    return weir_ok(c) ? kept[0] : weir__nil(c, WEIR__TENSOR);
}

static bool sample_is_recordable(weir_model *m, const weir_sample_opts *o, const char *who)
{
    if (!log_q_is_known(m, o, who)) return false;
    if (m->levels == 0 && !shown_wanted(&(job){ .o = o })) return true;
    weir_fail(m->object.ctx, WEIR_ERROR_UNSUPPORTED, "%s: %s: %s", who, m->row->row.name,
              m->levels > 0 ? "integer data: expected continuous ones, rounding has no gradient"
                            : "a trajectory: expected none");
    return false;
}

weir_tensor *weir_model_sample_log_prob(weir_model *m, int64_t n, const weir_sample_opts *o,
                                        weir_tensor **log_q)
{
    WEIR__AS_FOUND;
    static const char who[] = "model_sample_log_prob";
    weir_sample_opts own;
    weir_sample_start start;
    weir_ctx *c = weir_model_ctx(m);
    weir_tensor *x = weir__nil(c, WEIR__TENSOR);
    if (log_q) *log_q = x;
    if (!m) return x;
    if (!log_q)
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected room for the tensor of log q", who);
    if (!request_fits(m, n, o, &own, &start, who) || !sample_is_recordable(m, &own, who)) return x;
    job j = { .m = m, .o = &own, .n = n };
    j.ids = weir__alloc_n(c, n, sizeof *j.ids);
    if (j.ids && sample_begin(&j)) {
        x = sample_recorded(&j, log_q);
        sample_end(&j, weir_ok(c) ? n : 0);
    }
    weir__free(c, j.ids);
    return x;
}

/* -- values ------------------------------------------------------------------------------------ */
weir_tensor *weir_model_sample(weir_model *m, int64_t n, const weir_sample_opts *o)
{
    WEIR__AS_FOUND;
    weir_sample_opts own;
    weir_sample_start start;
    weir_ctx *c = weir_model_ctx(m);
    if (!m || !request_fits(m, n, o, &own, &start, "model_sample"))
        return weir__nil(c, WEIR__TENSOR);
    int64_t shape[WEIR_RANK_MAX] = { n };
    memcpy(shape + 1, m->shape, (size_t)m->ndim * sizeof *shape);
    weir_dtype t = weir_model_data_dtype(m);
    weir_tensor *x = weir_empty(c, t, m->ndim + 1, shape);
    job j = { .m = m, .o = &own, .n = n };
    weir_status s = weir_is_nil(x) ? weir_status_of(c) : sample_run(&j, t, weir_data_mut(x));
    if (s == WEIR_STOPPED)
        weir_fail(c, s, "model_sample: stopped by on_step: expected to run to the end");
    return s == WEIR_OK ? x : weir__nil(c, WEIR__TENSOR);
}
