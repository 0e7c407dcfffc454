/* pairs.c - what a network on a path is trained on: with x_0 of the data, eps of the noise and
 * times t of the batch, its input x_t (scaled as it wants it), what it is told of t, what it is to
 * say, and the weight of its error. All are linear in x_0 and eps: each sample has two factors of
 * its input and two of its target. */
#include <math.h>
#include <string.h>
#include "diffusion/diffusion.h"

enum { X0, EPS, TARGET_X0, TARGET_EPS, LABEL, WEIGHT, FACTORS };

/* -- factors ----------------------------------------------------------------------------------- */
typedef struct pairs_points {
    double *times;
    weir_path_point *path;
    weir_prediction_point *said;
} pairs_points;

/* Each point is written whole, some time before it is read: a struct that was stored by its members
 * and is at once copied by wider loads waits for the stores. */
static bool pairs_points_at(const weir__field *f, const weir_tensor *t, int64_t n, pairs_points *p)
{
    if (weir_copy_to_f64(t, p->times, n) != WEIR_OK) return false;
    for (int64_t i = 0; i < n; i++) p->path[i] = f->path->at(f->path_options, p->times[i]);
    for (int64_t i = 0; i < n; i++)
        p->said[i] = f->prediction->at(f->prediction_options, p->path[i]);
    return true;
}

/* FACTORS runs of n into v; the weight's where weights are wanted. */
static void pairs_factors(const weir__field *f, const weir_loss_weight_row *weight,
                          const void *weight_options, const pairs_points *p, int64_t n, double *v)
{
    for (int64_t i = 0; i < n; i++) {
        double scale = f->sigma_data > 0 ? weir__field_input_scale(f, p->path[i]) : 1;
        v[X0 * n + i] = scale * p->path[i].a;
        v[EPS * n + i] = scale * p->path[i].b;
        v[TARGET_X0 * n + i] = p->said[i].x0 / p->said[i].scale;
        v[TARGET_EPS * n + i] = p->said[i].eps / p->said[i].scale;
    }
    for (int64_t i = 0; f->label != WEIR__LABEL_TIME && i < n; i++)
        v[LABEL * n + i] = weir__field_label(f, p->times[i]);
    for (int64_t i = 0; weight && i < n; i++)
        v[WEIGHT * n + i] = weir__field_weight(f, weight, weight_options, p->times[i]);
}

/* NULL after an error; the caller frees. */
static double *pairs_all_factors(const weir__field *f, const weir_loss_weight_row *weight,
                                 const void *weight_options, const weir_tensor *t, int64_t n)
{
    weir_ctx *c = t->object.ctx;
    pairs_points p = { weir__alloc_n(c, n, sizeof *p.times), weir__alloc_n(c, n, sizeof *p.path),
                       weir__alloc_n(c, n, sizeof *p.said) };
    double *v = weir__alloc_n(c, weir__size_times(n, FACTORS), sizeof *v);
    bool good = p.times && p.path && p.said && v && pairs_points_at(f, t, n, &p);
    if (good) pairs_factors(f, weight, weight_options, &p, n, v);
    weir__free(c, p.times);
    weir__free(c, p.path);
    weir__free(c, p.said);
    if (good) return v;
    weir__free(c, v);
    return NULL;
}

static weir_tensor *pairs_column(weir_tensor *like, const double *v)
{
    int64_t n = like->shape[0];
    return weir_cast(weir_from_f64(like->object.ctx, v, 1, &n), like->dtype);
}

/* -- combinations ------------------------------------------------------------------------------ */
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

bool weir__field_pairs(const weir__field *f, const weir_loss_weight_row *weight,
                       const void *weight_options, weir_tensor *x0, weir_tensor *eps,
                       weir_tensor *t, weir__pairs *out)
{
    weir_ctx *c = x0->object.ctx;
    weir_tensor *nil = weir__nil(c, WEIR__TENSOR);
    *out = (weir__pairs){ nil, nil, nil, nil };
    if (!c->modes.no_grad && !weir_is_nil(t) && t->requires_grad)
        weir_fail(c, WEIR_ERROR_GRAPH, "%s: times that want gradients: expected values alone",
                  f->path->row.name);
    if (!weir_ok(c) || weir_is_nil(x0) || weir_is_nil(eps) || weir_is_nil(t)) return false;
    int64_t n = x0->shape[0];
    if (weight == &weir__loss_weight_none) weight = NULL;
    double *v = pairs_all_factors(f, weight, weight_options, t, n);
    if (!v) return false;
    bool plain = !x0->requires_grad && !eps->requires_grad && x0->contiguous && eps->contiguous
                 && eps->dtype == x0->dtype && eps->ndim == x0->ndim
                 && memcmp(eps->shape, x0->shape, (size_t)x0->ndim * sizeof *x0->shape) == 0;
    weir_tensor *(*of)(weir_tensor *, weir_tensor *, const double *,
                       const double *) = plain ? mixed : combined;
    out->x = of(x0, eps, v + X0 * n, v + EPS * n);
    out->target = of(x0, eps, v + TARGET_X0 * n, v + TARGET_EPS * n);
    out->label = f->label == WEIR__LABEL_TIME ? t : pairs_column(x0, v + LABEL * n);
    out->weight = weight ? pairs_column(x0, v + WEIGHT * n) : NULL;
    weir__free(c, v);
    return weir_ok(c);
}

/* -- the Brownian bridge ----------------------------------------------------------------------- */
/* Deviation at t and its derivative, sigma (1 - 2 t) / (2 sqrt(t (1 - t))): at the ends 0, as
 * torchcfm has it by 1e-8 in the denominator. */
void weir__bridge_factors(double sigma, int64_t n, const double *t, double *v)
{
    for (int64_t i = 0; i < n; i++) {
        double square = t[i] * (1 - t[i]);
        v[i] = sigma * sqrt(square);
        v[n + i] = v[i] * (1 - 2 * t[i]) / (2 * square + 1e-8);
    }
}

bool weir__field_bridge(weir_tensor *t, double sigma, weir__pairs *pairs)
{
    weir_ctx *c = t->object.ctx;
    weir_tensor *x = pairs->x;
    int64_t n = t->shape[0];
    double *v = weir__alloc_n(c, weir__size_times(3, n), sizeof *v);
    if (v && weir_copy_to_f64(t, v + 2 * n, n) == WEIR_OK) {
        double *one = v + 2 * n;
        weir__bridge_factors(sigma, n, one, v);
        for (int64_t i = 0; i < n; i++) one[i] = 1;
        weir_tensor *z = weir_randn(c, x->dtype, x->ndim, x->shape);
        pairs->x = combined(x, z, one, v);
        pairs->target = combined(pairs->target, z, one, v + n);
    }
    weir__free(c, v);
    return weir_ok(c);
}
