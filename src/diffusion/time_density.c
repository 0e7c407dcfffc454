/* time_density.c - distributions of training times, drawn by sample id. */
#include <math.h>
#include <stddef.h>
#include "diffusion/diffusion.h"

/* -- uniform ----------------------------------------------------------------------------------- */
static weir_tensor *time_density_uniform_draw(weir_ctx *c, weir_dtype t, int64_t n,
                                              const void *options)
{
    (void)options;
    return weir_rand(c, t, 1, &n);
}
static double uniform_log_density(const void *options, double t)
{
    (void)options;
    return t > 0 && t < 1 ? 0 : -INFINITY;
}

static const weir_time_density_row uniform = {
    .row = { .size = sizeof(weir_time_density_row),
             .version = 1,
             .name = "time_density.uniform",
             .doc = "every time alike",
             .options_size = sizeof(size_t),
             .test = "" },
    .draw = time_density_uniform_draw,
    .log_density = uniform_log_density,
};

/* -- logit-normal (Esser et al. 2024): t = sigmoid(mean + std z); on path.fm log sigma is then
 * N(mean, std^2), as in EDM ----------------- */
typedef struct logit_opts {
    size_t size;
    double mean, std;
} logit_opts;
static const weir_option logit_options[] = {
    { "mean", WEIR_OPTION_REAL, offsetof(logit_opts, mean), "0", -20, 20, NULL,
      "of logit t; above 0: more noise" },
    { "std", WEIR_OPTION_REAL, offsetof(logit_opts, std), "1", 1e-3, 20, NULL,
      "deviation of logit t" },
    { 0 },
};

static weir_tensor *logit_draw(weir_ctx *c, weir_dtype t, int64_t n, const void *options)
{
    const logit_opts *o = options;
    return weir_sigmoid(weir_affine(weir_randn(c, t, 1, &n), o->std, o->mean));
}

/* -(logit t - mean)^2 / (2 std^2) - log(std sqrt(2 pi) t (1 - t)) */
static double logit_log_density(const void *options, double t)
{
    const logit_opts *o = options;
    if (!(t > 0 && t < 1)) return -INFINITY;
    double z = (log(t) - log1p(-t) - o->mean) / o->std;
    return -0.5 * z * z - 0.91893853320467274178 - log(o->std) - log(t) - log1p(-t);
}

static const weir_time_density_row logit_normal = {
    .row = { .size = sizeof(weir_time_density_row),
             .version = 1,
             .name = "time_density.logit_normal",
             .doc = "t = sigmoid(mean + std z), z normal",
             .options = logit_options,
             .options_size = sizeof(logit_opts),
             .test = "mean=-0.4" },
    .draw = logit_draw,
    .log_density = logit_log_density,
};

/* -- log_normal: sigma = exp(mean + std z) (Karras et al. 2022) -------------------------------- */
static const weir_option log_normal_options[] = {
    { "mean", WEIR_OPTION_REAL, offsetof(logit_opts, mean), "-1.2", -20, 20, NULL,
      "of log sigma; above 0: more noise" },
    { "std", WEIR_OPTION_REAL, offsetof(logit_opts, std), "1.2", 1e-3, 20, NULL,
      "deviation of log sigma" },
    { 0 },
};

static weir_tensor *log_normal_draw(weir_ctx *c, weir_dtype t, int64_t n, const void *options)
{
    const logit_opts *o = options;
    return weir_exp(weir_affine(weir_randn(c, t, 1, &n), o->std, o->mean));
}

static double log_normal_log_density(const void *options, double sigma)
{
    const logit_opts *o = options;
    if (!(sigma > 0)) return -INFINITY;
    double z = (log(sigma) - o->mean) / o->std;
    return -0.5 * z * z - 0.91893853320467274178 - log(o->std) - log(sigma);
}

static const weir_time_density_row log_normal = {
    .row = { .size = sizeof(weir_time_density_row),
             .version = 1,
             .name = "time_density.log_normal",
             .doc = "sigma = exp(mean + std z), z normal",
             .options = log_normal_options,
             .options_size = sizeof(logit_opts),
             .test = "mean=-0.4" },
    .draw = log_normal_draw,
    .log_density = log_normal_log_density,
    .of_sigma = true,
};

/* -- cosmap (Esser et al. 2024): t = 1 - 1 / (tan(pi u / 2) + 1) ------------------------------- */
static weir_tensor *cosmap_draw(weir_ctx *c, weir_dtype t, int64_t n, const void *options)
{
    (void)options;
    weir_tensor *angle = weir_scale(weir_rand(c, t, 1, &n), 1.57079632679489661923);
    weir_tensor *sine = weir_sin(angle); /* tan / (tan + 1), without what is infinite */
    return weir_div(sine, weir_add(sine, weir_cos(angle)));
}

static double cosmap_log_density(const void *options, double t)
{
    (void)options;
    if (!(t > 0 && t < 1)) return -INFINITY;
    return log(0.63661977236758134308) - log(1 - 2 * t + 2 * t * t);
}

static const weir_time_density_row cosmap = {
    .row = { .size = sizeof(weir_time_density_row),
             .version = 1,
             .name = "time_density.cosmap",
             .doc = "on path.fm what uniform times are on path.trig (Esser et al. 2024)",
             .options_size = sizeof(size_t),
             .test = "" },
    .draw = cosmap_draw,
    .log_density = cosmap_log_density,
};

const weir_row *const weir__time_density_rows[] = { &uniform.row, &logit_normal.row,
                                                    &log_normal.row, &cosmap.row };
const int64_t weir__time_density_row_count = sizeof weir__time_density_rows
                                             / sizeof *weir__time_density_rows;
