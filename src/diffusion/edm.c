/* edm.c - Heun's method in sigma on x / a, with churn: before a step some noise is added, as if
 * sigma were higher (Karras et al. 2022, algorithms 1 and 2). With y = x / a, from sigma to sigma'
 * of N:
 *
 *     s = sigma (1 + min(churn / N, sqrt 2 - 1)),  y += sqrt(s^2 - sigma^2) noise z
 *     y' = y + (sigma' - s) (e(y, s) + e(y~, sigma')) / 2,   y~ = y + (sigma' - s) e(y, s)
 *
 * where e is the noise in x; churn where sigma lies between tmin and tmax. Steps from sigma
 * infinite, a = 0, and to 0, the data, are Euler's. All of it is the same on any path. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "diffusion/diffusion.h"

typedef struct edm_opts {
    weir__sampler_opts base;
    double churn, low, high, noise;
} edm_opts;

static const weir_option edm_options[] = {
    WEIR__SAMPLER_OPTIONS("karras", "from noise to data; 0: 18"),
    { "s_churn", WEIR_OPTION_REAL, offsetof(edm_opts, churn), "0", 0, 1e6, NULL,
      "noise added, over all steps; 0: none is drawn" },
    { "s_tmin", WEIR_OPTION_REAL, offsetof(edm_opts, low), "0", 0, 1e9, NULL,
      "it is added from this sigma" },
    { "s_tmax", WEIR_OPTION_REAL, offsetof(edm_opts, high), "1e9", 0, 1e9, NULL, "up to this" },
    { "s_noise", WEIR_OPTION_REAL, offsetof(edm_opts, noise), "1", 0, 10, NULL,
      "deviation of what is added; a little above 1 replaces detail that a network loses" },
    { 0 },
};

typedef struct edm_run {
    weir__steps steps;
    const edm_opts *o;
} edm_run;
enum { NOISE, NEXT, DATA, ROOMS }; /* arrays [n, dim] */

static double *edm_room(const edm_run *r, int which)
{
    return r->steps.room + which * r->steps.size;
}

/* A time and the path there. */
typedef struct place {
    double t;
    weir_path_point is;
} place;

static place edm_place(const edm_run *r, double t)
{
    return (place){ .t = t, .is = weir__steps_point(&r->steps, t) };
}

/* Where churn leads from a place: sigma times 1 + g, within the path. */
static place edm_raised(const edm_run *r, place from)
{
    const weir_sampling *p = r->steps.p;
    double lo, hi, sigma = from.is.b / from.is.a;
    double g = fmin(r->o->churn / (double)(p->n_times - 1), sqrt(2) - 1);
    if (!(g > 0) || !isfinite(sigma) || sigma < r->o->low || sigma > r->o->high) return from;
    p->path->interval(p->path_options, &lo, &hi);
    double t = fmin(p->path->time_of(p->path_options, sigma * (1 + g)), hi);
    place up = edm_place(r, t);
    return t > from.t && up.is.a > 0 ? up : from;
}

/* x at the place it was raised to. */
static bool edm_churn(edm_run *r, place from, place up)
{
    weir__steps *w = &r->steps;
    double *x = w->p->x, *z = edm_room(r, NOISE);
    if (up.t == from.t) return true;
    if (!weir__steps_noise(w, z)) return false;
    double sigma = from.is.b / from.is.a, s = up.is.b / up.is.a;
    double of_x = up.is.a / from.is.a, of_z = up.is.a * sqrt(s * s - sigma * sigma) * r->o->noise;
    for (int64_t j = 0; j < w->size; j++) x[j] = of_x * x[j] + of_z * z[j];
    return true;
}

/* The noise in y at a place, by the data predicted. */
static bool edm_noise_in(edm_run *r, place at, const double *y, double *e)
{
    weir__steps *w = &r->steps;
    double *x0 = edm_room(r, DATA);
    if (!weir__steps_predict(w, &weir__prediction_x0, at.t, y, x0)) return false;
    for (int64_t j = 0; j < w->size; j++) e[j] = (y[j] - at.is.a * x0[j]) / at.is.b;
    return true;
}

/* From `at` to `to` by Euler's step, and then along the mean of the noise at both. */
static bool edm_heun(edm_run *r, place at, place to)
{
    weir__steps *w = &r->steps;
    double *x = w->p->x, *e = edm_room(r, NOISE), *next = edm_room(r, NEXT);
    double *x0 = edm_room(r, DATA);
    if (!edm_noise_in(r, at, x, e)) return false;
    weir__steps_first(w->size, at.is, to.is, x, x0, next);
    if (at.is.a == 0 || to.is.b == 0) {
        memcpy(x, next, (size_t)w->size * sizeof *x);
        return true;
    }
    if (!edm_noise_in(r, to, next, x0)) return false; /* which then is the noise */
    double of_x = to.is.a / at.is.a, h = to.is.a * (to.is.b / to.is.a - at.is.b / at.is.a) / 2;
    for (int64_t j = 0; j < w->size; j++) x[j] = of_x * x[j] + h * (e[j] + x0[j]);
    return true;
}

static weir_status edm_run_all(const weir_sampling *p, const void *options)
{
    edm_run r = { .o = options };
    weir__steps *w = &r.steps;
    bool good = weir__steps_begin(w, p, ROOMS) && weir__steps_fall(p, "sampler.edm")
                && weir__steps_show(w, 0);
    for (int64_t i = 0; good && i + 1 < p->n_times; i++) {
        place from = edm_place(&r, p->times[i]), up = edm_raised(&r, from);
        good = edm_churn(&r, from, up) && edm_heun(&r, up, edm_place(&r, p->times[i + 1]))
               && weir__steps_show(w, i + 1);
    }
    return weir__steps_end(w);
}

const weir_sampler_row weir__sampler_edm = {
    .row = {
        .size = sizeof(weir_sampler_row),
        .version = 1,
        .name = "sampler.edm",
        .doc = "Heun in sigma on x / a, with churn or without (Karras et al. 2022)",
        .options = edm_options,
        .options_size = sizeof(edm_opts),
        .test = "steps=10 s_churn=5 s_noise=1.003",
    },
    .steps = 18,
    .run = edm_run_all,
    .ends_at_data = true,
};
