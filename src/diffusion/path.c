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
static double member(weir_path_point p, int which) { return which == 0 ? p.a : which == 1 ? p.b : which == 2 ? p.da : p.db; }

/* a, b, a' or b' of every row's time, shaped to multiply `like` [B, ..] */
static weir_tensor *factor(const weir_path_row *path, const void *options, const weir_tensor *t, const weir_tensor *like, int which)
{
    weir_ctx *c = like->object.ctx;
    int64_t shape[WEIR_RANK_MAX] = { like->shape[0] };
    for (int i = 1; i < like->ndim; i++) shape[i] = 1;
    weir_tensor *y = weir_empty(c, like->dtype, like->ndim, shape);
    for (int64_t i = 0; !weir_is_nil(y) && i < shape[0]; i++) {
        double v = member(path->at(options, weir_get(t, &i)), which);
        weir__convert(y->dtype, (char *)weir__ptr(y) + (size_t)i * weir_dtype_size(y->dtype), WEIR_F64, &v, 1);
    }
    return y;
}

static weir_tensor *blend(weir_tensor *p, weir_tensor *x0, weir_tensor *q, weir_tensor *eps) { return weir_add(weir_mul(p, x0), weir_mul(q, eps)); }

void weir__path_mix(const weir_path_row *path, const void *options, weir_tensor *x0, weir_tensor *eps, weir_tensor *t, weir_tensor **x, weir_tensor **target)
{
    *x = *target = weir__nil(x0->object.ctx, WEIR__TENSOR);
    if (weir_is_nil(x0) || weir_is_nil(eps) || weir_is_nil(t)) return;
    *x = blend(factor(path, options, t, x0, 0), x0, factor(path, options, t, x0, 1), eps);
    *target = blend(factor(path, options, t, x0, 2), x0, factor(path, options, t, x0, 3), eps);
}
