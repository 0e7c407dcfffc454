/* paths.h - paths of the literature beside the library's own, for tests of what must hold on any path. */
#ifndef WEIR_PATHS_H
#define WEIR_PATHS_H
#include "diffusion/diffusion.h"

#define HALF_PI 1.57079632679489661923

/* a = cos(pi t / 2), b = sin(pi t / 2) */
static weir_path_point trig_at(const void *o, double t)
{
    double a = t == 1 ? 0 : cos(HALF_PI * t), b = sin(HALF_PI * t);
    return (weir_path_point){ .a = a, .b = b, .da = -HALF_PI * b, .db = HALF_PI * a };
}

static double trig_time_of(const void *o, double sigma) { return atan(sigma) / HALF_PI; }

/* Variance preserving, beta from 0.1 to 20: a = exp(-B / 2), B = 0.1 t + 9.95 t^2 */
static weir_path_point vp_at(const void *o, double t)
{
    double rate = 0.1 + 19.9 * t, total = 0.1 * t + 9.95 * t * t, a = exp(-total / 2), b = sqrt(-expm1(-total));
    return (weir_path_point){ .a = a, .b = b, .da = -rate * a / 2, .db = rate * a * a / (2 * b) };
}

static double vp_time_of(const void *o, double sigma)
{
    double l = log1p(sigma * sigma);
    return 2 * l / (sqrt(0.01 + 39.8 * l) + 0.1);
}

/* t is sigma itself (Karras et al. 2022) */
static weir_path_point edm_at(const void *o, double t) { return (weir_path_point){ .a = 1, .b = t, .da = 0, .db = 1 }; }
static double edm_time_of(const void *o, double sigma) { return sigma; }

static void from_0_to_1(const void *o, double *lo, double *hi)
{
    *lo = 0;
    *hi = 1;
}

static void up_to_80(const void *o, double *lo, double *hi)
{
    *lo = 0;
    *hi = 80;
}

#define OTHER_ROW(row_name) { .size = sizeof(weir_path_row), .version = 1, .name = row_name, .doc = "of the literature" }

static const weir_path_row other_paths[] = {
    { .row = OTHER_ROW("path.trig"), .at = trig_at, .time_of = trig_time_of, .interval = from_0_to_1 },
    { .row = OTHER_ROW("path.vp"), .at = vp_at, .time_of = vp_time_of, .interval = from_0_to_1 },
    { .row = OTHER_ROW("path.edm"), .at = edm_at, .time_of = edm_time_of, .interval = up_to_80 },
};
enum { OTHER_PATHS = 3 };

/* fm of the library, then these */
static inline const weir_path_row *path_number(weir_ctx *c, int i)
{
    return i == 0 ? (const weir_path_row *)weir_row_find(c, "path", "fm") : &other_paths[i - 1];
}

#endif
