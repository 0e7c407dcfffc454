/* path.c - paths from data to noise: x_t = a x_0 + b eps. */
#include <math.h>
#include "diffusion/diffusion.h"

/* -- fm: straight lines (Liu et al. 2022; Lipman et al. 2022 with sigma_min = 0): a = 1 - t, b = t ------------------------------------- */
static weir_path_point fm_at(const void *options, double t)
{
    (void)options;
    return (weir_path_point){ .a = 1 - t, .b = t, .da = -1, .db = 1 };
}

static double fm_time_of(const void *options, double sigma) { return (void)options, isinf(sigma) ? 1 : sigma / (1 + sigma); }
static void fm_interval(const void *options, double *lo, double *hi) { (void)options, *lo = 0, *hi = 1; }

static const weir_path_row fm = {
    .row = { .size = sizeof(weir_path_row), .version = 1, .name = "path.fm", .doc = "straight lines: x_t = (1 - t) x_0 + t eps, u = eps - x_0",
             .options_size = sizeof(size_t), .test = "" },
    .at = fm_at,
    .time_of = fm_time_of,
    .interval = fm_interval,
};

const weir_row *const weir__path_rows[] = { &fm.row };
const int64_t weir__path_row_count = sizeof weir__path_rows / sizeof *weir__path_rows;

/* -- training pairs ----------------------------------------------------------------------------------------------------------------------- */
enum { A, B, DA, DB, FACTORS };

/* a, b, a' and b' of every row's time, shaped to multiply `like` [n, ..] */
static bool factors(const weir_path_row *path, const void *options, const weir_tensor *t, const weir_tensor *like, weir_tensor *f[FACTORS])
{
    weir_ctx *c = like->object.ctx;
    int64_t n = like->shape[0], shape[WEIR_RANK_MAX] = { n };
    double *v = weir__alloc(c, (size_t)(n * (1 + FACTORS)) * sizeof *v), *times = v ? v + n * FACTORS : NULL;
    for (int i = 1; i < like->ndim; i++) shape[i] = 1;
    for (int k = 0; k < FACTORS; k++) f[k] = weir_empty(c, like->dtype, like->ndim, shape);
    bool good = v && weir_ok(c) && weir_copy_to_f64(t, times, n) == WEIR_OK;
    for (int64_t i = 0; good && i < n; i++) {
        weir_path_point p = path->at(options, times[i]);
        v[A * n + i] = p.a, v[B * n + i] = p.b, v[DA * n + i] = p.da, v[DB * n + i] = p.db;
    }
    for (int k = 0; good && k < FACTORS; k++) weir__convert(like->dtype, weir__ptr(f[k]), WEIR_F64, v + k * n, n);
    weir__free(c, v);
    return good;
}

void weir__path_mix(const weir_path_row *path, const void *options, weir_tensor *x0, weir_tensor *eps, weir_tensor *t, weir_tensor **x, weir_tensor **target)
{
    weir_tensor *f[FACTORS];
    *x = *target = weir__nil(x0->object.ctx, WEIR__TENSOR);
    if (weir_is_nil(x0) || weir_is_nil(eps) || weir_is_nil(t) || !factors(path, options, t, x0, f)) return;
    *x = weir_add(weir_mul(f[A], x0), weir_mul(f[B], eps));
    *target = weir_add(weir_mul(f[DA], x0), weir_mul(f[DB], eps));
}
