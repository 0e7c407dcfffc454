/* ancestral.c - samplers that draw x' at the next time from x and the data D that is predicted:
 * with e = (x - a D) / b
 *
 *     x' = a' D + sqrt(b'^2 - s^2) e + d z,   s = eta b' sqrt(1 - (a b' / (a' b))^2)
 *
 * DDIM (Song, Meng, Ermon 2021) has d = s; eta = 0 draws nothing. At eta = 1 this is the exact
 * posterior of x' where x_0 = D, the ancestral sampler of DDPM (Ho, Jain, Abbeel 2020), whose
 * larger variance is d^2 = b^2 - (a b' / a')^2, that of one step of noising. In x / a it is Euler's
 * step in sigma down to sqrt(sigma'^2 - (s / a')^2) and noise up to sigma', by which name it is
 * known too. Nothing is drawn at the data, b' = 0. All of it holds on any path. */
#include <math.h>
#include <stddef.h>
#include "diffusion/diffusion.h"

/* x' = of_x x + of_x0 D + of_noise z */
typedef struct draw {
    double of_x, of_x0, of_noise;
} draw;

static draw draw_of(weir_path_point p, weir_path_point q, double eta)
{
    double kept = p.a * q.b / (q.a * p.b); /* sigma' / sigma */
    double s = eta * q.b * sqrt(1 - kept * kept);
    double of_x = sqrt(q.b * q.b - s * s) / p.b;
    return (draw){ .of_x = of_x, .of_x0 = q.a - p.a * of_x, .of_noise = s };
}

/* With the deviation of a step of noising. */
static draw draw_of_large(weir_path_point p, weir_path_point q)
{
    draw d = draw_of(p, q, 1);
    double kept = p.a * q.b / q.a;
    d.of_noise = q.b > 0 ? sqrt(p.b * p.b - kept * kept) : 0;
    return d;
}

static bool ancestral_step(weir__steps *w, double t, draw k)
{
    double *x = w->p->x, *x0 = w->room, *z = w->room + w->size;
    if (!weir__steps_predict(w, &weir__prediction_x0, t, x, x0)) return false;
    if (k.of_noise > 0 && !weir__steps_noise(w, z)) return false;
    for (int64_t j = 0; j < w->size; j++) x[j] = k.of_x * x[j] + k.of_x0 * x0[j];
    for (int64_t j = 0; j < w->size && k.of_noise > 0; j++) x[j] += k.of_noise * z[j];
    return true;
}

typedef struct ancestral {
    double eta;
    bool large;
} ancestral;

static weir_status ancestral_run(const weir_sampling *p, ancestral how, const char *who)
{
    weir__steps w;
    bool good = weir__steps_begin(&w, p, 2) && weir__steps_fall(p, who) && weir__steps_show(&w, 0);
    for (int64_t i = 0; good && i + 1 < p->n_times; i++) {
        weir_path_point at = weir__steps_point(&w, p->times[i]);
        weir_path_point to = weir__steps_point(&w, p->times[i + 1]);
        draw k = how.large ? draw_of_large(at, to) : draw_of(at, to, how.eta);
        good = ancestral_step(&w, p->times[i], k) && weir__steps_show(&w, i + 1);
    }
    return weir__steps_end(&w);
}

/* -- ddim -------------------------------------------------------------------------------------- */
typedef struct ddim_opts {
    weir__sampler_opts base;
    double eta;
} ddim_opts;

static const weir_option ddim_options[] = {
    WEIR__SAMPLER_OPTIONS("auto", "from noise to data; 0: 50"),
    { "eta", WEIR_OPTION_REAL, offsetof(ddim_opts, eta), "0", 0, 1, NULL,
      "noise of a step: 0: none, 1: as ddpm" },
    { 0 },
};

static weir_status ddim_run(const weir_sampling *p, const void *options)
{
    const ddim_opts *o = options;
    return ancestral_run(p, (ancestral){ .eta = o->eta }, "sampler.ddim");
}

const weir_sampler_row weir__sampler_ddim = {
    .row = {
        .size = sizeof(weir_sampler_row),
        .version = 1,
        .name = "sampler.ddim",
        .doc = "towards the data predicted, with or without noise (Song, Meng, Ermon 2021)",
        .options = ddim_options,
        .options_size = sizeof(ddim_opts),
        .test = "steps=10 eta=0.5",
    },
    .steps = 50,
    .run = ddim_run,
    .ends_at_data = true,
};

/* -- euler_ancestral --------------------------------------------------------------------------- */
static const weir_option euler_options[] = {
    WEIR__SAMPLER_OPTIONS("karras", "from noise to data; 0: 50"),
    { "eta", WEIR_OPTION_REAL, offsetof(ddim_opts, eta), "1", 0, 1, NULL,
      "noise of a step: 0: none, 1: as ddpm" },
    { 0 },
};

static weir_status euler_run(const weir_sampling *p, const void *options)
{
    const ddim_opts *o = options;
    return ancestral_run(p, (ancestral){ .eta = o->eta }, "sampler.euler_ancestral");
}

const weir_sampler_row weir__sampler_euler_ancestral = {
    .row = {
        .size = sizeof(weir_sampler_row),
        .version = 1,
        .name = "sampler.euler_ancestral",
        .doc = "Euler in sigma below the next, then noise up to it: ddim that draws",
        .options = euler_options,
        .options_size = sizeof(ddim_opts),
        .test = "steps=10 eta=0.8",
    },
    .steps = 50,
    .run = euler_run,
    .ends_at_data = true,
};

/* -- ddpm -------------------------------------------------------------------------------------- */
typedef struct ddpm_opts {
    weir__sampler_opts base;
    int32_t variance;
} ddpm_opts;
enum { VARIANCE_SMALL, VARIANCE_LARGE };

static const weir_option ddpm_options[] = {
    WEIR__SAMPLER_OPTIONS("auto", "from noise to data; 0: 250"),
    { "variance", WEIR_OPTION_CHOICE, offsetof(ddpm_opts, variance), "small", 0, 0, "small|large",
      "of a step: that of x' where x_0 is known, or of a step of noising" },
    { 0 },
};

static weir_status ddpm_run(const weir_sampling *p, const void *options)
{
    const ddpm_opts *o = options;
    bool large = o->variance == VARIANCE_LARGE;
    return ancestral_run(p, (ancestral){ .eta = 1, .large = large }, "sampler.ddpm");
}

const weir_sampler_row weir__sampler_ddpm = {
    .row = {
        .size = sizeof(weir_sampler_row),
        .version = 1,
        .name = "sampler.ddpm",
        .doc = "ancestral: every step drawn from its posterior (Ho, Jain, Abbeel 2020)",
        .options = ddpm_options,
        .options_size = sizeof(ddpm_opts),
        .test = "steps=10 variance=large",
    },
    .steps = 250,
    .run = ddpm_run,
    .ends_at_data = true,
};
