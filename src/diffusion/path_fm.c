/* path_fm.c - the paths of flow matching: straight lines (Liu et al. 2022; Lipman et al. 2022), and
 * a quarter of a circle (Albergo, Vanden-Eijnden 2022). */
#include <math.h>
#include <stddef.h>
#include "diffusion/diffusion.h"

#define HALF_PI 1.57079632679489661923

/* -- fm: a = 1 - t, b = s + (1 - s) t ---------------------------------------------------------- */
typedef struct fm_opts {
    size_t size;
    double sigma_min;
} fm_opts;

static const weir_option fm_options[] = {
    { "sigma_min", WEIR_OPTION_REAL, offsetof(fm_opts, sigma_min), "0", 0, 0.999, NULL,
      "s: what noise is left at the data (Lipman et al.), b = s + (1 - s) t" },
    { 0 },
};

static double fm_least(const void *options)
{
    return options ? ((const fm_opts *)options)->sigma_min : 0;
}

static weir_path_point fm_at(const void *options, double t)
{
    double s = fm_least(options);
    return (weir_path_point){ .a = 1 - t, .b = s + (1 - s) * t, .da = -1, .db = 1 - s };
}

/* b = sigma a: s + (1 - s) t = sigma (1 - t) */
static double fm_time_of(const void *options, double sigma)
{
    double s = fm_least(options);
    return isinf(sigma) ? 1 : (sigma - s) / (1 + sigma - s);
}

const weir_path_row weir__path_fm = {
    .row = {
        .size = sizeof(weir_path_row),
        .version = 1,
        .name = "path.fm",
        .doc = "straight lines: x_t = (1 - t) x_0 + t eps, u = eps - x_0",
        .options = fm_options,
        .options_size = sizeof(fm_opts),
        .test = "sigma_min=0.01",
    },
    .at = fm_at,
    .time_of = fm_time_of,
    .interval = weir__path_unit,
};

/* -- trig: a = cos(pi t / 2), b = sin(pi t / 2) ------------------------------------------------ */
static weir_path_point trig_at(const void *options, double t)
{
    (void)options;
    double a = t == 1 ? 0 : cos(HALF_PI * t), b = sin(HALF_PI * t);
    return (weir_path_point){ .a = a, .b = b, .da = -HALF_PI * b, .db = HALF_PI * a };
}

static double trig_time_of(const void *options, double sigma)
{
    (void)options;
    return atan(sigma) / HALF_PI;
}

const weir_path_row weir__path_trig = {
    .row = {
        .size = sizeof(weir_path_row),
        .version = 1,
        .name = "path.trig",
        .doc = "a quarter of a circle: x_t = cos(pi t / 2) x_0 + sin(pi t / 2) eps",
        .options_size = sizeof(size_t),
        .test = "",
    },
    .at = trig_at,
    .time_of = trig_time_of,
    .interval = weir__path_unit,
};
