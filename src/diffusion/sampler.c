/* sampler.c - the list of samplers, and what is the same in every run of one: the grid of times,
 * the look at what was given, the counts, and what becomes of samples that are not finite. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "diffusion/diffusion.h"
#include "kern/kern.h"
#include "ode/ode.h"

const weir_row *const weir__sampler_rows[] = {
#define F(n) &weir__sampler_##n.row,
    WEIR__SAMPLER_LIST(F)
#undef F
};
const int64_t weir__sampler_row_count = sizeof weir__sampler_rows / sizeof *weir__sampler_rows;

/* -- times ------------------------------------------------------------------------------------- */
int64_t weir_sampler_steps(const weir_sampler_row *s, const void *options)
{
    const weir_sampler_opts *o = options;
    if (!s) return 0;
    bool has = o && o->size >= offsetof(weir_sampler_opts, grid);
    return has && o->steps > 0 ? o->steps : s->steps;
}

/* Rising or falling, and finite. */
static bool times_fit(const double *times, int64_t n)
{
    if (n < 2 || !isfinite(times[0])) return false;
    double sign = times[1] > times[0] ? 1 : -1;
    for (int64_t i = 1; i < n; i++)
        if (!isfinite(times[i]) || !(sign * (times[i] - times[i - 1]) > 0)) return false;
    return true;
}

/* The options are whole. */
static weir_status times_fill(weir_ctx *c, const weir_sampler_row *s, const void *options,
                              const weir_path_row *path, const void *path_options, double from,
                              double to, double *times)
{
    const weir_choice *grid = &((const weir_sampler_opts *)options)->grid;
    const weir_time_grid_row *row = (const weir_time_grid_row *)grid->row;
    int64_t steps = weir_sampler_steps(s, options);
    if (steps > 0 && row) row->fill(grid->options, path, path_options, from, to, steps, times);
    else weir__even_times(from, to, steps > 0 ? steps : 1, times);
    if (times_fit(times, steps > 0 ? steps + 1 : 2)) return weir_status_of(c);
    return weir_fail(c, WEIR_ERROR_RANGE,
                     "%s: %s of %lld steps from t = %g to %g: expected times in order", s->row.name,
                     row ? row->row.name : "even times", (long long)steps, from, to);
}

weir_status weir_sampler_times(weir_ctx *c, const weir_sampler_row *s, const void *options,
                               const weir_path_row *path, const void *path_options, double from,
                               double to, double *times)
{
    WEIR__AS_FOUND;
    if (!c) return WEIR_ERROR_ARGUMENT;
    if (!s || !options || !path || !times)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "sampler_times: NULL: expected a sampler, its options, a path, and room");
    s = (const weir_sampler_row *)weir__row_look(c, "sampler_times", "sampler", &s->row);
    path = (const weir_path_row *)weir__row_look(c, "sampler_times", "path",
                                                 (const weir_row *)path);
    void *made = NULL;
    if (s && path) options = weir__options_whole(c, &s->row, options, &made);
    if (!s || !path || !options) return weir_status_of(c);
    weir_status status = times_fill(c, s, options, path, path_options, from, to, times);
    weir__options_delete(c, &s->row, made);
    return status;
}

double *weir__sampler_times(weir_ctx *c, const weir_sampler_row *s, const void *options,
                            const weir_path_row *path, const void *path_options, double from,
                            double to, int64_t *n)
{
    int64_t steps = weir_sampler_steps(s, options);
    *n = steps > 0 ? weir__size_plus(steps, 1) : 2;
    double *times = weir__alloc_n(c, *n, sizeof *times);
    if (!times) return NULL;
    if (weir_sampler_times(c, s, options, path, path_options, from, to, times) == WEIR_OK)
        return times;
    weir__free(c, times);
    return NULL;
}

/* -- noise ------------------------------------------------------------------------------------- */
void weir__sampler_noise(weir_ctx *c, int64_t n, const int64_t *ids, const int64_t *draw,
                         int64_t dim, double *out)
{
    uint64_t stream = weir__hash_mix(weir__seed(c), weir__hash_text(WEIR__STREAM_SAMPLER));
    stream = weir__hash_mix(stream, c->frame.step);
    for (int64_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && draw[j] == draw[i]; j++) continue;
        uint64_t key = weir__hash_mix(stream, (uint64_t)draw[i]);
        c->kern->normal_rows[WEIR_F64](j - i, dim, out + i * dim, key, ids + i);
    }
}

/* -- a run ------------------------------------------------------------------------------------- */
typedef struct run {
    const weir_sampling *given;
    int64_t *ids; /* [n] room for those of a draw; NULL: the caller draws */
} run;

static weir_status run_predict(void *user, const weir_prediction_row *want, int64_t n,
                               const int64_t *samples, const double *t, const double *x,
                               double *out)
{
    const weir_sampling *p = ((const run *)user)->given;
    for (int64_t i = 0; p->report && i < n; i++) p->report[samples[i]].evaluations++;
    return p->predictor.predict(p->predictor.user, want, n, samples, t, x, out);
}

static weir_status run_noise(void *user, const int64_t *draw, int64_t n, const int64_t *samples,
                             double *out)
{
    const run *r = user;
    const weir_sampling *p = r->given;
    if (p->noise) return p->noise(p->user, draw, n, samples, out);
    for (int64_t i = 0; i < n; i++) r->ids[i] = p->ids ? p->ids[samples[i]] : samples[i];
    weir__sampler_noise(p->ctx, n, r->ids, draw, p->dim, out);
    return WEIR_OK;
}

static weir_status run_on_state(void *user, int64_t step, const double *t, const double *x)
{
    const weir_sampling *p = ((const run *)user)->given;
    return p->on_state(p->user, step, t, x);
}

static void run_begin_report(const weir_sampling *p)
{
    for (int64_t i = 0; p->report && i < p->n; i++)
        p->report[i] = (weir_sample_report){ .end = WEIR_SAMPLE_DONE, .steps = p->n_times - 1 };
}

static void run_finish(const weir_sampling *p)
{
    for (int64_t i = 0; i < p->n; i++) {
        double *x = p->x + i * p->dim;
        if (weir__ode_finite(p->dim, x)) continue;
        for (int64_t j = 0; j < p->dim; j++) x[j] = NAN;
        if (p->report) p->report[i].end = WEIR_SAMPLE_NOT_FINITE;
    }
}

static bool run_fits(const weir_sampler_row *s, const void *options, const weir_sampling *p)
{
    bool whole = s && options && p->n >= 0 && p->dim > 0;
    whole = whole && (p->x || p->n == 0) && p->path && p->predictor.predict && p->times;
    if (!whole)
        weir_fail(p->ctx, WEIR_ERROR_ARGUMENT,
                  "sampler_run: NULL or a negative count: expected a sampler, its options, and a "
                  "weir_sampling with its size, samples, a path, times and a predictor");
    else if (!times_fit(p->times, p->n_times))
        weir_fail(p->ctx, WEIR_ERROR_RANGE,
                  "%s: %lld times: expected two or more, finite and in order", s->row.name,
                  (long long)p->n_times);
    return weir_ok(p->ctx);
}

/* p and the options are whole. */
static weir_status run_whole(const weir_sampler_row *s, const void *options, const weir_row *path,
                             const weir_sampling *p)
{
    run r = { .given = p };
    if (!p->noise) r.ids = weir__alloc_n(p->ctx, p->n, sizeof *r.ids);
    if (!p->noise && !r.ids) return weir_status_of(p->ctx);
    weir_sampling own = *p;
    own.path = (const weir_path_row *)path;
    own.predictor = (weir_predictor){ .predict = run_predict, .user = &r };
    own.noise = run_noise;
    own.on_state = p->on_state ? run_on_state : NULL;
    own.user = &r;
    run_begin_report(p);
    weir_status status = s->run(&own, options);
    if (status == WEIR_OK) run_finish(p);
    weir__free(p->ctx, r.ids);
    return status;
}

weir_status weir_sampler_run(const weir_sampler_row *s, const void *options, const weir_sampling *p)
{
    WEIR__AS_FOUND;
    weir_sampling own = { 0 };
    void *made = NULL;
    weir_ctx *c = weir__sized_ctx(p, offsetof(weir_sampling, ctx));
    if (!c) return WEIR_ERROR_ARGUMENT;
    if (!weir__sized_read(c, "sampler_run: problem", "its sizeof", p, &own, sizeof own)
        || !run_fits(s, options, &own))
        return weir_status_of(c);
    s = (const weir_sampler_row *)weir__row_look(c, "sampler_run", "sampler", &s->row);
    const weir_row *path = weir__row_look(c, "sampler_run", "path", &own.path->row);
    if (s && path) options = weir__options_whole(c, &s->row, options, &made);
    if (!s || !path || !options) return weir_status_of(c);
    weir_status status = own.n == 0 ? WEIR_OK : run_whole(s, options, path, &own);
    weir__options_delete(c, &s->row, made);
    return status;
}
