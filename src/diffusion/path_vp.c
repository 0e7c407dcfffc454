/* path_vp.c - the paths of score SDEs that keep or bound the variance (Song et al. 2021), and the
 * cosine schedule in continuous time (Nichol, Dhariwal 2021). With the rate beta(t) = r0 + d t,
 * d = r1 - r0, and its integral B(t) = r0 t + d t^2 / 2:
 *
 *     vp:      a = exp(-B / 2),           b = sqrt(1 - exp(-B))
 *     sub_vp:  a = exp(-B / 2),           b = 1 - exp(-B)
 *     cosine:  a = cos phi / cos phi_0,   b = sqrt(1 - a^2),   phi = pi/2 (t + s) / (1 + s) */
#include <math.h>
#include <stddef.h>
#include "diffusion/diffusion.h"

#define HALF_PI 1.57079632679489661923

/* -- vp and sub_vp ----------------------------------------------------------------------------- */
typedef struct rate_opts {
    size_t size;
    double low, high;
} rate_opts;

static const weir_option rate_options[] = {
    { "beta_min", WEIR_OPTION_REAL, offsetof(rate_opts, low), "0.1", 1e-9, 1e4, NULL,
      "rate of the noise at the data" },
    { "beta_max", WEIR_OPTION_REAL, offsetof(rate_opts, high), "20", 1e-9, 1e4, NULL,
      "rate at the noise" },
    { 0 },
};

static double rate_at(const rate_opts *o, double t) { return o->low + (o->high - o->low) * t; }

static double rate_integral(const rate_opts *o, double t)
{
    return t * (o->low + 0.5 * (o->high - o->low) * t);
}

/* The t where the integral is B. */
static double rate_time(const rate_opts *o, double B)
{
    double root = sqrt(o->low * o->low + 2 * (o->high - o->low) * B);
    double t = 2 * B / (root + o->low);
    return t < 1 ? t : 1; /* of an infinite B, too */
}

static weir_path_point vp_at(const void *options, double t)
{
    double B = rate_integral(options, t), rate = rate_at(options, t);
    double a = exp(-B / 2), b = sqrt(-expm1(-B));
    return (weir_path_point){ .a = a, .b = b, .da = -rate * a / 2, .db = rate * a * a / (2 * b) };
}

static double vp_time_of(const void *options, double sigma)
{
    return rate_time(options, log1p(sigma * sigma));
}

static weir_path_point sub_vp_at(const void *options, double t)
{
    double B = rate_integral(options, t), rate = rate_at(options, t), a = exp(-B / 2);
    return (weir_path_point){ .a = a, .b = -expm1(-B), .da = -rate * a / 2, .db = rate * a * a };
}

/* (1 - a^2) / a = sigma: a = exp(-asinh(sigma / 2)) */
static double sub_vp_time_of(const void *options, double sigma)
{
    return rate_time(options, 2 * asinh(sigma / 2));
}

/* -- vp_cosine --------------------------------------------------------------------------------- */
typedef struct cosine_opts {
    size_t size;
    double offset;
} cosine_opts;

static const weir_option cosine_options[] = {
    { "offset", WEIR_OPTION_REAL, offsetof(cosine_opts, offset), "0.008", 1e-6, 1, NULL,
      "s: keeps the rate of the noise above 0 at the data" },
    { 0 },
};

static weir_path_point vp_cosine_at(const void *options, double t)
{
    double s = ((const cosine_opts *)options)->offset, speed = HALF_PI / (1 + s);
    double first = speed * s, phi = speed * (t + s), least = cos(first);
    double a = t == 1 ? 0 : cos(phi) / least;
    double b = sqrt(sin(phi - first) * sin(phi + first)) / least;
    double da = -speed * sin(phi) / least;
    return (weir_path_point){ .a = a, .b = b, .da = da, .db = -a * da / b };
}

static double vp_cosine_time_of(const void *options, double sigma)
{
    double s = ((const cosine_opts *)options)->offset, speed = HALF_PI / (1 + s);
    if (isinf(sigma)) return 1;
    double t = acos(cos(speed * s) / hypot(1, sigma)) / speed - s;
    return t > 0 ? t : 0;
}

/* -- rows -------------------------------------------------------------------------------------- */
/* NAME, formula in words, option struct and table, test input */
#define PATH(n, what, opts, table, example) \
    const weir_path_row weir__path_##n = { \
        .row = { \
            .size = sizeof(weir_path_row), \
            .version = 1, \
            .name = "path." #n, \
            .doc = what, \
            .options = table, \
            .options_size = sizeof(opts), \
            .test = example, \
        }, \
        .at = n##_at, \
        .time_of = n##_time_of, \
        .interval = weir__path_unit, \
    };

PATH(vp, "variance kept, rate of the noise linear in t (Ho et al. 2020; Song et al. 2021)",
     rate_opts, rate_options, "beta_max=15")
PATH(vp_cosine, "variance kept, a a cosine of t (Nichol, Dhariwal 2021)", cosine_opts,
     cosine_options, "offset=0.01")
PATH(sub_vp, "variance below that of vp (Song et al. 2021)", rate_opts, rate_options, "beta_max=15")
