/* path_ddpm.c - the tables of DDPM as a path (Ho et al. 2020; Nichol, Dhariwal 2021). With N rates
 * beta_i, i = 0 .. N-1, a_i^2 = (1 - beta_0) .. (1 - beta_i) stands at t = (i + 1) / N, and between
 * these times and t = 0, a = 1, log a is linear (Lu et al. 2022); b = sqrt(1 - a^2).
 *
 *     linear:         beta_i even from beta_min to beta_max
 *     scaled_linear:  sqrt(beta_i) even (latent diffusion)
 *     cosine:         a_i^2 = F((i + 1) / N) / F(0), F(t) = cos^2(pi/2 (t + s) / (1 + s)), s =
 *                     0.008, and beta at most 0.999
 *
 * The products have closed forms, so that there is no table: of factors q - j for j = 0 .. i it is
 * Gamma(q + 1) / Gamma(q - i). */
#include <math.h>
#include <stddef.h>
#include "diffusion/diffusion.h"

#define HALF_PI 1.57079632679489661923

typedef struct ddpm_opts {
    size_t size;
    int64_t steps;
    double low, high;
    int32_t schedule;
} ddpm_opts;
enum { LINEAR, SCALED_LINEAR, COSINE };

static const weir_option options[] = {
    { "schedule", WEIR_OPTION_CHOICE, offsetof(ddpm_opts, schedule), "linear", 0, 0,
      "linear|scaled_linear|cosine", "the table of rates beta" },
    { "steps", WEIR_OPTION_INT, offsetof(ddpm_opts, steps), "1000", 2, 1e6, NULL,
      "N: rates in the table" },
    { "beta_min", WEIR_OPTION_REAL, offsetof(ddpm_opts, low), "1e-4", 1e-9, 0.999, NULL,
      "the first rate, but for cosine" },
    { "beta_max", WEIR_OPTION_REAL, offsetof(ddpm_opts, high), "0.02", 1e-9, 0.999, NULL,
      "the last rate, but for cosine" },
    { 0 },
};

/* -- the table --------------------------------------------------------------------------------- */
/* lgamma without its global. */
static double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* log(Gamma(w + n) / Gamma(w)), without the cancellation of large ones: by Stirling's series. */
static double log_gamma_ratio(double w, double n)
{
    double z = w + n;
    if (w < 100) return log_gamma(z) - log_gamma(w);
    double series = (1 / z - 1 / w) / 12 - (1 / (z * z * z) - 1 / (w * w * w)) / 360;
    return (w - 0.5) * log1p(n / w) + n * log(z) - n + series;
}

/* log of (f + d) (f + 2 d) .. (f + n d), d of either sign, factors above 0 */
static double log_product(double f, double d, double n)
{
    if (fabs(d) * n < 1e-12 * f) return n * log(f);
    if (d > 0) return n * log(d) + log_gamma_ratio(f / d + 1, n);
    return n * log(-d) + log_gamma_ratio(f / -d - n, n);
}

/* log a^2 after n of the rates */
static double linear_log(const ddpm_opts *o, double n)
{
    double d = (o->high - o->low) / (double)(o->steps - 1);
    return log_product(1 - o->low + d, -d, n);
}

static double scaled_linear_log(const ddpm_opts *o, double n)
{
    double s = sqrt(o->low), d = (sqrt(o->high) - s) / (double)(o->steps - 1);
    return log_product(1 - s + d, -d, n) + log_product(1 + s - d, d, n);
}

static double cosine_log(const ddpm_opts *o, double n)
{
    const double s = 0.008, first = HALF_PI * s / (1 + s);
    double at = n < (double)o->steps ? n : n - 1;
    double phi = HALF_PI * (at / (double)o->steps + s) / (1 + s);
    double all = 2 * log(cos(phi) / cos(first));
    return at < n ? all + log1p(-0.999) : all; /* the last rate would be 1 */
}

/* log a at the time n / N */
static double ddpm_log_a(const ddpm_opts *o, double n)
{
    if (n <= 0) return 0;
    if (o->schedule == COSINE) return 0.5 * cosine_log(o, n);
    return 0.5 * (o->schedule == LINEAR ? linear_log(o, n) : scaled_linear_log(o, n));
}

/* -- the path ---------------------------------------------------------------------------------- */
static weir_path_point ddpm_at(const void *opts_, double t)
{
    const ddpm_opts *o = opts_;
    double N = (double)o->steps, n = fmin(fmax(floor(t * N), 0), N - 1);
    double low = ddpm_log_a(o, n), slope = (ddpm_log_a(o, n + 1) - low) * N;
    double log_a = low + slope * (t - n / N);
    double a = exp(log_a), b = sqrt(-expm1(2 * log_a));
    return (weir_path_point){ .a = a, .b = b, .da = slope * a, .db = -slope * a * a / b };
}

/* log a = -log(1 + sigma^2) / 2, which falls with t: the interval is found by bisection. */
static double ddpm_time_of(const void *opts_, double sigma)
{
    const ddpm_opts *o = opts_;
    double wanted = -0.5 * log1p(sigma * sigma), low = 0, high = (double)o->steps;
    if (wanted <= ddpm_log_a(o, high)) return 1;
    while (high - low > 1) {
        double middle = floor((low + high) / 2);
        if (ddpm_log_a(o, middle) > wanted) low = middle;
        else high = middle;
    }
    double from = ddpm_log_a(o, low), to = ddpm_log_a(o, high);
    return (low + (wanted - from) / (to - from)) / (double)o->steps;
}

const weir_path_row weir__path_ddpm = {
    .row = {
        .size = sizeof(weir_path_row),
        .version = 1,
        .name = "path.ddpm",
        .doc = "the tables of DDPM, log a linear between their times",
        .options = options,
        .options_size = sizeof(ddpm_opts),
        .test = "schedule=scaled_linear steps=50 beta_max=0.2",
    },
    .at = ddpm_at,
    .time_of = ddpm_time_of,
    .interval = weir__path_unit,
};
