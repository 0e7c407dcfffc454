/* runge_kutta.c - samplers that are Runge-Kutta methods on the flow's ODE, in one of two frames:
 *
 *     t:      dx/dt = u(x, t)
 *     sigma:  dy/dsigma = e, the noise in x, for y = x / a and sigma = b / a (Karras et al. 2022)
 *
 * The second is the same ODE for every path. Where a = 0 sigma is infinite, and where b = 0 what a
 * denoiser says no longer gives e, so steps from and to those times are Euler's, whose limit is
 * finite. */
#include <math.h>
#include <stddef.h>
#include "diffusion/diffusion.h"

typedef struct rk_opts {
    weir__sampler_opts base;
    int32_t frame;     /* of those with steps that are fixed */
    double rtol, atol; /* of adaptive ones */
    int64_t max_steps;
} rk_opts;
enum { FRAME_T, FRAME_SIGMA };

static const weir_option fixed_options[] = {
    WEIR__SAMPLER_OPTIONS("auto", "from noise to data; 0: the sampler's own number"),
    { "frame", WEIR_OPTION_CHOICE, offsetof(rk_opts, frame), "t", 0, 0, "t|sigma",
      "steps in t on x, or in sigma = b / a on x / a" },
    { 0 },
};
static const weir_option adaptive_options[] = {
    WEIR__SAMPLER_OPTIONS("auto", "so many fixed steps; 0: every sample chooses its own"),
    { "rtol", WEIR_OPTION_REAL, offsetof(rk_opts, rtol), "1e-5", 0, 1, NULL,
      "a step's estimated error, of values and log p alike, is at most atol + rtol |x|" },
    { "atol", WEIR_OPTION_REAL, offsetof(rk_opts, atol), "1e-5", 0, 1e3, NULL,
      "the part of it that is the same for every value, in the scale the network sees" },
    { "max_steps", WEIR_OPTION_INT, offsetof(rk_opts, max_steps), "10000", 1, 1e9, NULL,
      "a sample may try" },
    { 0 },
};

/* -- methods ----------------------------------------------------------------------------------- */
static weir_status rk_adaptive(const weir_ode *p, const weir_tableau *m, const rk_opts *o)
{
    weir_ode_opts a = weir_ode_defaults();
    a.rtol = o->rtol;
    a.atol = o->atol;
    a.max_steps = o->max_steps;
    return weir_ode_adaptive(p, m, &a);
}

/* Those with an error estimate are adaptive unless steps are asked for. */
static bool rk_adapts(const weir_tableau *m, const rk_opts *o)
{
    return m->first_same_as_last && o->base.common.steps == 0;
}

static weir_status rk_solve(const weir_ode *p, const weir_tableau *m, const double *times,
                            int64_t n_times, const rk_opts *o)
{
    return rk_adapts(m, o) ? rk_adaptive(p, m, o) : weir_ode_fixed(p, m, n_times - 1, times);
}

/* An ODE that is not the flow's knows no sigma. */
static weir_status rk_solve_other(const weir_ode *p, const weir_tableau *m, const double *times,
                                  int64_t n_times, const rk_opts *o)
{
    if (o->frame == FRAME_T) return rk_solve(p, m, times, n_times, o);
    return weir_fail(p->ctx, WEIR_ERROR_UNSUPPORTED,
                     "sampler.%s: frame=sigma: expected frame=t for a log-density", m->name);
}

/* -- frame t ----------------------------------------------------------------------------------- */
typedef struct rk_walker {
    const weir_sampling *p;
    weir__steps steps; /* of frame sigma */
    int64_t first_step; /* of the ODE, among those of the problem */
    weir_status status;
} rk_walker;

static bool rk_velocity(void *user, int64_t n, const int64_t *samples, const double *t,
                        const double *x, double *dx)
{
    rk_walker *r = user;
    const weir_predictor *k = &r->p->predictor;
    r->status = k->predict(k->user, &weir__prediction_velocity, n, samples, t, x, dx);
    return r->status == WEIR_OK;
}

static weir_status rk_show(void *user, int64_t step, double t, const double *x)
{
    rk_walker *r = user;
    (void)t;
    (void)x; /* p->x itself */
    return weir__steps_show(&r->steps, step) ? WEIR_OK : r->steps.status;
}

/* Steps that a method chooses are in a time in which the velocity does not jump. */
static weir_status rk_solve_smooth(const weir_sampling *p, weir_ode *ode, const weir_tableau *m,
                                   const rk_opts *o)
{
    weir__angle angle;
    if (!rk_adapts(m, o) || !weir__path_jumps(p->path))
        return rk_solve(ode, m, p->times, p->n_times, o);
    bool good = weir__angle_begin(&angle, p->path, p->path_options, ode);
    weir_status status = good ? rk_adaptive(ode, m, o) : weir_status_of(p->ctx);
    weir__angle_end(&angle);
    return status;
}

static weir_status rk_in_t(const weir_sampling *p, const weir_tableau *m, const rk_opts *o)
{
    rk_walker r = { .p = p };
    weir_ode ode = {
        .size = sizeof ode,
        .ctx = p->ctx,
        .n = p->n,
        .dim = p->dim,
        .t0 = p->times[0],
        .t1 = p->times[p->n_times - 1],
        .x = p->x,
        .f = rk_velocity,
        .user = &r,
        .report = p->report,
        .on_state = p->on_state ? rk_show : NULL,
    };
    if (!weir__steps_begin(&r.steps, p, 0)) return weir__steps_end(&r.steps);
    weir_status status = rk_solve_smooth(p, &ode, m, o);
    weir_status shown = weir__steps_end(&r.steps);
    if (r.status != WEIR_OK) return r.status;
    return shown != WEIR_OK ? shown : status;
}

/* -- frame sigma ------------------------------------------------------------------------------- */
/* e at sigma of y = x / a; the first of the run's arrays is room for x. */
static bool rk_noise_in(void *user, int64_t n, const int64_t *samples, const double *sigma,
                        const double *y, double *dy)
{
    rk_walker *r = user;
    const weir_sampling *p = r->p;
    double *x = r->steps.room;
    for (int64_t i = 0; i < n; i++) {
        double t = p->path->time_of(p->path_options, sigma[i]);
        double a = p->path->at(p->path_options, t).a;
        r->steps.t[i] = t;
        for (int64_t j = i * p->dim; j < (i + 1) * p->dim; j++) x[j] = a * y[j];
    }
    const weir_predictor *k = &p->predictor;
    r->status = k->predict(k->user, &weir__prediction_eps, n, samples, r->steps.t, x, dy);
    return r->status == WEIR_OK;
}

static void rk_scale(int64_t size, double by, const double *from, double *to)
{
    for (int64_t j = 0; j < size; j++) to[j] = by * from[j];
}

/* x = a y, where the ODE shows y. */
static weir_status rk_show_scaled(void *user, int64_t step, double sigma, const double *y)
{
    rk_walker *r = user;
    int64_t at = r->first_step + step;
    if (step == 0) return WEIR_OK; /* shown already */
    rk_scale(r->steps.size, weir__steps_point(&r->steps, r->p->times[at]).a, y, r->p->x);
    return weir__steps_show(&r->steps, at) ? WEIR_OK : r->steps.status;
}

/* The step from times[i], of first order. */
static bool rk_first(rk_walker *r, int64_t i)
{
    weir__steps *w = &r->steps;
    const weir_sampling *p = r->p;
    weir_path_point at = weir__steps_point(w, p->times[i]);
    weir_path_point to = weir__steps_point(w, p->times[i + 1]);
    if (!weir__steps_predict(w, &weir__prediction_x0, p->times[i], p->x, w->room)) return false;
    weir__steps_first(w->size, at, to, p->x, w->room, p->x);
    return weir__steps_show(w, i + 1);
}

/* The steps from times[first] to times[last], at all of which sigma is finite and above 0; the last
 * two arrays of the run are y and the sigmas. */
static bool rk_between(rk_walker *r, const weir_tableau *m, const rk_opts *o, int64_t first,
                       int64_t last, double *sigmas)
{
    weir__steps *w = &r->steps;
    const weir_sampling *p = r->p;
    double *y = w->room + w->size;
    for (int64_t i = first; i <= last; i++) {
        weir_path_point k = weir__steps_point(w, p->times[i]);
        sigmas[i - first] = k.b / k.a;
    }
    weir_ode ode = {
        .size = sizeof ode,
        .ctx = p->ctx,
        .n = p->n,
        .dim = p->dim,
        .t0 = sigmas[0],
        .t1 = sigmas[last - first],
        .x = y,
        .f = rk_noise_in,
        .user = r,
        .on_state = rk_show_scaled,
    };
    r->first_step = first;
    rk_scale(w->size, 1 / weir__steps_point(w, p->times[first]).a, p->x, y);
    weir_status status = rk_solve(&ode, m, sigmas, last - first + 1, o);
    if (w->status == WEIR_OK) w->status = r->status;
    if (w->status == WEIR_OK) w->status = status;
    return w->status == WEIR_OK;
}

static bool rk_walk(rk_walker *r, const weir_tableau *m, const rk_opts *o, double *sigmas)
{
    weir__steps *w = &r->steps;
    int64_t first = 0, last = r->p->n_times - 1;
    if (!weir__steps_show(w, 0)) return false;
    if (weir__steps_point(w, r->p->times[0]).a == 0 && !rk_first(r, first++)) return false;
    bool ends = weir__steps_point(w, r->p->times[last]).b == 0 && last > first;
    if (ends) last--;
    if (last > first && !rk_between(r, m, o, first, last, sigmas)) return false;
    return !ends || rk_first(r, last);
}

static weir_status rk_in_sigma(const weir_sampling *p, const weir_tableau *m, const rk_opts *o)
{
    rk_walker r = { .p = p };
    if (!weir__steps_fall(p, m->name)) return weir_status_of(p->ctx);
    double *sigmas = weir__alloc_n(p->ctx, p->n_times, sizeof *sigmas);
    if (sigmas && weir__steps_begin(&r.steps, p, 2)) rk_walk(&r, m, o, sigmas);
    weir__free(p->ctx, sigmas);
    return sigmas ? weir__steps_end(&r.steps) : weir_status_of(p->ctx);
}

static weir_status rk_run_in_frame(const weir_sampling *p, const weir_tableau *m, const rk_opts *o)
{
    return o->frame == FRAME_SIGMA ? rk_in_sigma(p, m, o) : rk_in_t(p, m, o);
}

/* -- rows -------------------------------------------------------------------------------------- */
/* NAME, order in words, steps by default (0: adaptive), options */
#define SAMPLER(n, what, default_steps, options_) \
    static weir_status n##_solve(const weir_ode *p, const double *times, int64_t n_times, \
                                 const void *options) \
    { \
        return rk_solve_other(p, weir_ode_method(#n), times, n_times, options); \
    } \
    static weir_status n##_run(const weir_sampling *p, const void *options) \
    { \
        return rk_run_in_frame(p, weir_ode_method(#n), options); \
    } \
    const weir_sampler_row weir__sampler_##n = { \
        .row = { \
            .size = sizeof(weir_sampler_row), \
            .version = 1, \
            .name = "sampler." #n, \
            .doc = what, \
            .options = options_, \
            .options_size = sizeof(rk_opts), \
            .test = "", \
            .renamed = WEIR__SAMPLER_RENAMED, \
        }, \
        .steps = default_steps, \
        .run = n##_run, \
        .solve = n##_solve, \
    };

SAMPLER(euler, "x + h u(x, t): first order", 100, fixed_options)
SAMPLER(midpoint, "u at half a step: second order", 50, fixed_options)
SAMPLER(heun, "mean of u at both ends: second order", 50, fixed_options)
SAMPLER(rk4, "the classical fourth-order method", 25, fixed_options)
SAMPLER(dopri5, "Dormand-Prince 5(4), every sample with steps of its own", 0, adaptive_options)
SAMPLER(tsit5, "Tsitouras 5(4), every sample with steps of its own", 0, adaptive_options)
