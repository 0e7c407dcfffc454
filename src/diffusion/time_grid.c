/* time_grid.c - the times at whose ends a sampler steps. Rows are written for a solve from noise to
 * data; one the other way has the same times turned about, but for even ones, which are counted
 * from where the solve begins. */
#include <math.h>
#include <stddef.h>
#include "diffusion/diffusion.h"

/* -- uniform: even times, shifted (Esser et al. 2024, section 5.3.2) --------------------------- */
typedef struct uniform_opts {
    size_t size;
    double shift;
} uniform_opts;

static const weir_option uniform_options[] = {
    { "shift", WEIR_OPTION_REAL, offsetof(uniform_opts, shift), "1", 1e-3, 1e3, NULL,
      "k: times are k t / (1 + (k - 1) t) of even ones; above 1: more at the noise" },
    { 0 },
};

/* On path.fm sigma is multiplied by k. Ends stay exact. */
static void uniform_fill(const void *options, const weir_path_row *path, const void *path_options,
                         double from, double to, int64_t steps, double *times)
{
    double k = ((const uniform_opts *)options)->shift;
    weir__even_times(from, to, steps, times);
    for (int64_t i = 1; i < steps && k != 1; i++)
        times[i] = k * times[i] / (1 + (k - 1) * times[i]);
}

void weir__even_times(double from, double to, int64_t steps, double *times)
{
    for (int64_t i = 0; i < steps; i++) times[i] = from + (to - from) * (double)i / (double)steps;
    times[steps] = to;
}

/* -- by sigma = b / a: n values from sigma_max to sigma_min, then the data --------------------- */
typedef struct sigma_opts {
    size_t size;
    double sigma_max, sigma_min, rho;
} sigma_opts;

#define SIGMA_OPTIONS \
    { "sigma_max", WEIR_OPTION_REAL, offsetof(sigma_opts, sigma_max), "80", 1e-6, 1e9, NULL, \
      "b / a where it begins, or the path's largest" }, \
    { "sigma_min", WEIR_OPTION_REAL, offsetof(sigma_opts, sigma_min), "0.002", 1e-9, 1e6, NULL, \
      "b / a where its last step begins" }

static const weir_option karras_options[] = {
    SIGMA_OPTIONS,
    { "rho", WEIR_OPTION_REAL, offsetof(sigma_opts, rho), "7", 0.1, 100, NULL,
      "even steps of sigma^(1/rho); above 1: more near the data" },
    { 0 },
};
#define auto_options uniform_options
static const weir_option exponential_options[] = { SIGMA_OPTIONS, { 0 } };

static double karras_between(const sigma_opts *o, double high, double low, double part)
{
    double a = pow(high, 1 / o->rho), b = pow(low, 1 / o->rho);
    return pow(a + part * (b - a), o->rho);
}

static double exponential_between(const sigma_opts *o, double high, double low, double part)
{
    (void)o;
    return exp(log(high) + part * (log(low) - log(high)));
}

static double time_grid_sigma_at(const weir_path_row *path, const void *path_options, double t)
{
    weir_path_point p = path->at(path_options, t);
    return p.b / p.a;
}

typedef double between_fn(const sigma_opts *o, double high, double low, double part);

/* From `noise` to `data`: the last of n sigmas is the data's own where that is not below
 * sigma_min. */
static void sigma_fall(const sigma_opts *o, const weir_path_row *path, const void *path_options,
                       double noise, double data, int64_t steps, double *times, between_fn *between)
{
    double end = time_grid_sigma_at(path, path_options, data), low = fmax(end, o->sigma_min);
    double most = time_grid_sigma_at(path, path_options, noise), high = fmin(most, o->sigma_max);
    int64_t n = end < o->sigma_min ? steps : steps + 1;
    for (int64_t i = 0; i < n; i++) {
        double part = n > 1 ? (double)i / (double)(n - 1) : 0;
        double sigma = i == 0 ? high : between(o, high, low, part);
        times[i] = path->time_of(path_options, sigma);
    }
    if (high == most) times[0] = noise;
    times[steps] = data;
}

static void sigma_fill(const void *options, const weir_path_row *path, const void *path_options,
                       double from, double to, int64_t steps, double *times, between_fn *between)
{
    if (from > to) sigma_fall(options, path, path_options, from, to, steps, times, between);
    if (from > to) return;
    sigma_fall(options, path, path_options, to, from, steps, times, between);
    for (int64_t i = 0, j = steps; i < j; i++, j--) {
        double t = times[i];
        times[i] = times[j];
        times[j] = t;
    }
}

static void karras_fill(const void *options, const weir_path_row *path, const void *path_options,
                        double from, double to, int64_t steps, double *times)
{
    sigma_fill(options, path, path_options, from, to, steps, times, karras_between);
}

static void exponential_fill(const void *options, const weir_path_row *path,
                             const void *path_options, double from, double to, int64_t steps,
                             double *times)
{
    sigma_fill(options, path, path_options, from, to, steps, times, exponential_between);
}

/* -- cosine: sigma = tan of even angles, even times on path.vp_cosine and path.trig ------------ */
typedef struct cosine_opts {
    size_t size;
} cosine_opts;

static const weir_option cosine_options[] = { { 0 } };

static void cosine_fill(const void *options, const weir_path_row *path, const void *path_options,
                        double from, double to, int64_t steps, double *times)
{
    weir_path_point p = path->at(path_options, from), q = path->at(path_options, to);
    double a = atan2(p.b, p.a), b = atan2(q.b, q.a);
    (void)options;
    times[0] = from;
    for (int64_t i = 1; i < steps; i++)
        times[i] = path->time_of(path_options, tan(a + (b - a) * (double)i / (double)steps));
    times[steps] = to;
}

/* -- list: times of one's own, interpolated linearly where there are more or fewer steps ------- */
typedef struct list_opts {
    size_t size;
    weir_reals times; /* from noise to data */
} list_opts;

static const weir_option list_options[] = {
    { "times", WEIR_OPTION_REALS, offsetof(list_opts, times), "1,0.5,0", 0, 1e9, NULL,
      "t at which steps end, from the noise to the data; of N of them N - 1 steps are these, "
      "others lie between" },
    { 0 },
};

/* The time at `part` of the way through the list, 0: its first */
static double list_at(const weir_reals *times, double part)
{
    double at = part * (double)(times->n - 1);
    int64_t i = (int64_t)at;
    if (i >= times->n - 1) return times->at[times->n - 1];
    return times->at[i] + (at - (double)i) * (times->at[i + 1] - times->at[i]);
}

static void list_fill(const void *options, const weir_path_row *path, const void *path_options,
                      double from, double to, int64_t steps, double *times)
{
    const weir_reals *given = &((const list_opts *)options)->times;
    (void)path;
    (void)path_options;
    weir__even_times(from, to, steps, times);
    for (int64_t i = 1; i < steps && given->n > 1; i++) {
        double part = (double)i / (double)steps;
        times[i] = list_at(given, from > to ? part : 1 - part);
    }
}

/* -- auto -------------------------------------------------------------------------------------- */
/* Where t is sigma itself, as on path.edm, even times would spend nearly every step where the noise
 * hides the data: sigma is above 5 on three quarters of the path and more. */
static bool auto_is_even(const weir_path_row *path, const void *path_options)
{
    double data, noise;
    path->interval(path_options, &data, &noise);
    return time_grid_sigma_at(path, path_options, data + (noise - data) / 4) < 5;
}

static void auto_fill(const void *options, const weir_path_row *path, const void *path_options,
                      double from, double to, int64_t steps, double *times)
{
    static const sigma_opts karras = { .sigma_max = 80, .sigma_min = 0.002, .rho = 7 };
    bool shifted = ((const uniform_opts *)options)->shift != 1;
    if (shifted || auto_is_even(path, path_options))
        uniform_fill(options, path, path_options, from, to, steps, times);
    else karras_fill(&karras, path, path_options, from, to, steps, times);
}

/* -- rows -------------------------------------------------------------------------------------- */
/* ID, NAME, formula in words, option struct, test input */
#define GRID(id, n, what, opts, example) \
    static const weir_time_grid_row id = { \
        .row = { \
            .size = sizeof(weir_time_grid_row), \
            .version = 1, \
            .name = "time_grid." #n, \
            .doc = what, \
            .options = n##_options, \
            .options_size = sizeof(opts), \
            .test = example, \
        }, \
        .fill = n##_fill, \
    };

GRID(auto_grid, auto,
     "even times as uniform has them; Karras's where t is sigma (path.edm) and none is shifted",
     uniform_opts, "shift=1")
GRID(uniform, uniform, "even times, shifted towards the noise or the data", uniform_opts, "shift=3")
GRID(karras, karras,
     "sigma^(1/rho) even from sigma_max to sigma_min, then the data (Karras et al. 2022)",
     sigma_opts, "rho=5")
GRID(exponential, exponential, "log sigma even from sigma_max to sigma_min, then the data",
     sigma_opts, "sigma_max=20")

GRID(cosine, cosine,
     "the angle atan(b / a) even, as in the cosine schedule (Nichol, Dhariwal 2021)", cosine_opts,
     "")
GRID(list, list, "times that are given", list_opts, "times=1,0.9,0.5,0")

const weir_row *const weir__time_grid_rows[] = {
    &auto_grid.row, &uniform.row, &karras.row, &exponential.row, &cosine.row, &list.row,
};
const int64_t weir__time_grid_row_count = sizeof weir__time_grid_rows
                                          / sizeof *weir__time_grid_rows;
