/* path.c - paths from data to noise: x_t = a x_0 + b eps. */
#include <math.h>
#include <string.h>
#include "diffusion/diffusion.h"

/* -- fm: a = 1 - t, b = t (Liu et al. 2022; Lipman et al. 2022 with sigma_min = 0) ------------- */
static weir_path_point fm_at(const void *options, double t)
{
    (void)options;
    return (weir_path_point){ .a = 1 - t, .b = t, .da = -1, .db = 1 };
}

static double fm_time_of(const void *options, double sigma)
{
    (void)options;
    return isinf(sigma) ? 1 : sigma / (1 + sigma);
}
static void fm_interval(const void *options, double *lo, double *hi)
{
    (void)options;
    *lo = 0;
    *hi = 1;
}

static const weir_path_row fm = {
    .row = { .size = sizeof(weir_path_row),
             .version = 1,
             .name = "path.fm",
             .doc = "straight lines: x_t = (1 - t) x_0 + t eps, u = eps - x_0",
             .options_size = sizeof(size_t),
             .test = "" },
    .at = fm_at,
    .time_of = fm_time_of,
    .interval = fm_interval,
};

const weir_row *const weir__path_rows[] = { &fm.row };
const int64_t weir__path_row_count = sizeof weir__path_rows / sizeof *weir__path_rows;

/* -- training pairs ---------------------------------------------------------------------------- */
enum { A, B, DA, DB, FACTORS };

/* a, b, a' and b' of n times: FACTORS runs of n. NULL after an error; the caller frees. */
static double *factors(const weir_path_row *path, const void *options, const weir_tensor *t,
                       int64_t n)
{
    weir_ctx *c = t->object.ctx;
    double *v = weir__alloc_n(c, weir__size_times(n, 1 + FACTORS), sizeof *v);
    double *times = v ? v + n * FACTORS : NULL;
    if (!v || weir_copy_to_f64(t, times, n) != WEIR_OK) {
        weir__free(c, v);
        return NULL;
    }
    for (int64_t i = 0; i < n; i++) {
        weir_path_point p = path->at(options, times[i]);
        v[A * n + i] = p.a;
        v[B * n + i] = p.b;
        v[DA * n + i] = p.da;
        v[DB * n + i] = p.db;
    }
    return v;
}

/* a x0 + b eps in ops, where gradients are wanted */
static weir_tensor *combined(weir_tensor *x0, weir_tensor *eps, const double *a, const double *b)
{
    int64_t n = x0->shape[0], shape[WEIR_RANK_MAX] = { n };
    for (int i = 1; i < x0->ndim; i++) shape[i] = 1;
    weir_tensor *fa = weir_empty(x0->object.ctx, x0->dtype, x0->ndim, shape),
                *fb = weir_empty(x0->object.ctx, x0->dtype, x0->ndim, shape);
    if (!weir_ok(x0->object.ctx)) return weir__nil(x0->object.ctx, WEIR__TENSOR);
    weir__convert(x0->dtype, weir__ptr(fa), WEIR_F64, a, n);
    weir__convert(x0->dtype, weir__ptr(fb), WEIR_F64, b, n);
    return weir_add(weir_mul(fa, x0), weir_mul(fb, eps));
}

/* The same in one pass; to the bit, for products are rounded before they are added. */
#define MIX(T) \
    static void mix_##T(int64_t n, int64_t dim, const double *a, const double *b, const T *x, \
                        const T *e, T *y) \
    { \
        for (int64_t i = 0; i < n; i++) \
            for (int64_t j = i * dim; j < (i + 1) * dim; j++) \
                y[j] = (T)a[i] * x[j] + (T)b[i] * e[j]; \
    }
MIX(float)
MIX(double)
#undef MIX

static weir_tensor *mixed(weir_tensor *x0, weir_tensor *eps, const double *a, const double *b)
{
    int64_t n = x0->shape[0], dim = n ? x0->numel / n : 0;
    weir_tensor *y = weir_empty(x0->object.ctx, x0->dtype, x0->ndim, x0->shape);
    if (weir_is_nil(y)) return y;
    if (x0->dtype == WEIR_F32) mix_float(n, dim, a, b, weir__ptr(x0), weir__ptr(eps), weir__ptr(y));
    else mix_double(n, dim, a, b, weir__ptr(x0), weir__ptr(eps), weir__ptr(y));
    return y;
}

void weir__path_mix(const weir_path_row *path, const void *options, weir_tensor *x0,
                    weir_tensor *eps, weir_tensor *t, weir_tensor **x, weir_tensor **target)
{
    weir_ctx *c = x0->object.ctx;
    *x = *target = weir__nil(c, WEIR__TENSOR);
    if (!c->modes.no_grad && !weir_is_nil(t) && t->requires_grad)
        weir_fail(c, WEIR_ERROR_GRAPH, "%s: times that want gradients: expected values alone",
                  path->row.name);
    if (!weir_ok(c)) return;
    double *f = weir_is_nil(x0) || weir_is_nil(eps) || weir_is_nil(t)
                    ? NULL
                    : factors(path, options, t, x0->shape[0]);
    if (!f) return;
    bool plain = !x0->requires_grad && !eps->requires_grad && x0->contiguous && eps->contiguous
                 && eps->dtype == x0->dtype && eps->ndim == x0->ndim
                 && memcmp(eps->shape, x0->shape, (size_t)x0->ndim * sizeof *x0->shape) == 0;
    weir_tensor *(*of)(weir_tensor *, weir_tensor *, const double *,
                       const double *) = plain ? mixed : combined;
    int64_t n = x0->shape[0];
    *x = of(x0, eps, f + A * n, f + B * n);
    *target = of(x0, eps, f + DA * n, f + DB * n);
    weir__free(c, f);
}
