/* path_ve.c - paths that leave the data as they are and add noise: x_t = x_0 + b(t) eps.
 *
 *     ve:   b = sigma_min (sigma_max / sigma_min)^t, t from 0 to 1 (Song et al. 2021)
 *     edm:  b = t, from 0 to sigma_max (Karras et al. 2022) */
#include <math.h>
#include <stddef.h>
#include "diffusion/diffusion.h"

/* -- ve ---------------------------------------------------------------------------------------- */
typedef struct ve_opts {
    size_t size;
    double low, high;
} ve_opts;

static const weir_option ve_options[] = {
    { "sigma_min", WEIR_OPTION_REAL, offsetof(ve_opts, low), "0.01", 1e-9, 1e6, NULL,
      "noise at t = 0, which samples lose by a last step to the data" },
    { "sigma_max", WEIR_OPTION_REAL, offsetof(ve_opts, high), "50", 1e-6, 1e9, NULL,
      "noise at t = 1" },
    { 0 },
};

static weir_path_point ve_at(const void *options, double t)
{
    const ve_opts *o = options;
    double rate = log(o->high / o->low), b = o->low * exp(rate * t);
    return (weir_path_point){ .a = 1, .b = b, .da = 0, .db = b * rate };
}

static double ve_time_of(const void *options, double sigma)
{
    const ve_opts *o = options;
    return log(sigma / o->low) / log(o->high / o->low);
}

const weir_path_row weir__path_ve = {
    .row = {
        .size = sizeof(weir_path_row),
        .version = 1,
        .name = "path.ve",
        .doc = "noise added, geometric in t (Song et al. 2021)",
        .options = ve_options,
        .options_size = sizeof(ve_opts),
        .test = "sigma_max=20",
    },
    .at = ve_at,
    .time_of = ve_time_of,
    .interval = weir__path_unit,
};

/* -- edm --------------------------------------------------------------------------------------- */
typedef struct edm_opts {
    size_t size;
    double high;
} edm_opts;

static const weir_option edm_options[] = {
    { "sigma_max", WEIR_OPTION_REAL, offsetof(edm_opts, high), "80", 1e-6, 1e9, NULL,
      "the last t" },
    { 0 },
};

static weir_path_point path_ve_edm_at(const void *options, double t)
{
    (void)options;
    return (weir_path_point){ .a = 1, .b = t, .da = 0, .db = 1 };
}

static double edm_time_of(const void *options, double sigma)
{
    return fmin(sigma, ((const edm_opts *)options)->high);
}

static void edm_interval(const void *options, double *lo, double *hi)
{
    *lo = 0;
    *hi = ((const edm_opts *)options)->high;
}

const weir_path_row weir__path_edm = {
    .row = {
        .size = sizeof(weir_path_row),
        .version = 1,
        .name = "path.edm",
        .doc = "noise added, t itself its deviation (Karras et al. 2022)",
        .options = edm_options,
        .options_size = sizeof(edm_opts),
        .test = "sigma_max=20",
    },
    .at = path_ve_edm_at,
    .time_of = edm_time_of,
    .interval = edm_interval,
};
