/* coupling.c - which noise each sample of a batch is trained with. Any coupling of data and noise
 * that leaves both their distributions gives the same marginals of x_t, and so a velocity that
 * carries the one to the other (Tong et al. 2024); one of short ways is crossed less.
 *
 *     ot:            the permutation of least sum |x_i - eps_p(i)|^2 (assignment.c)
 *     schroedinger:  drawn from the entropic plan (coupling_schroedinger.c)
 *
 * Samples exchange noise with those of their own condition and weight alone: paired over classes,
 * the noise of a class would not be N(0, I), which it is drawn from afterwards, and paired over
 * weights that of all would not. Contexts of real values are all different: with a finite weight w
 * samples of unlike ones exchange noise at the cost
 *
 *     |x_i - eps_j|^2 + w |k_i - k_j|^2
 *
 * (Kerrigan et al. 2024; Chemseddine et al. 2024), so that the noise of a context is that of its
 * neighbourhood, narrower for larger w. A training step in shards pairs each shard by itself. */
#include <math.h>
#include <string.h>
#include "diffusion/diffusion.h"
#include "kern/kern.h"

/* -- independent ------------------------------------------------------------------------------- */
static weir_status independent_pair(weir_ctx *c, const void *options, int64_t n, int64_t dim,
                                    const double *x0, const double *eps, int64_t *partner)
{
    (void)options;
    (void)dim;
    (void)x0;
    (void)eps;
    for (int64_t i = 0; i < n; i++) partner[i] = i;
    return weir_status_of(c);
}

/* -- ot ---------------------------------------------------------------------------------------- */
/* c [n, n] = -x e^T, and 0 where that is not finite: a sample of NaN goes with any noise, at a cost
 * that leaves those of the others their digits. */
bool weir__coupling_products(weir_ctx *c, int64_t n, int64_t dim, const double *x, const double *e,
                             double *cost)
{
    weir__gemm g = {
        .m = n,
        .n = n,
        .k = dim,
        .a = x,
        .a_row = dim,
        .a_col = 1,
        .b = e,
        .b_row = 1,
        .b_col = dim,
        .c = cost,
        .c_row = n,
    };
    void *scratch = weir__alloc(c, c->kern->gemm_scratch[WEIR_F64](&g, c->threads));
    if (!scratch) return false;
    c->kern->gemm[WEIR_F64](&g, scratch, c->threads);
    weir__free(c, scratch);
    for (int64_t i = 0; i < n * n; i++) cost[i] = isfinite(cost[i]) ? -cost[i] : 0;
    return true;
}

/* |x - e|^2 = |x|^2 + |e|^2 - 2 x e: the squares are the same sum in any permutation. */
static weir_status ot_pair(weir_ctx *c, const void *options, int64_t n, int64_t dim,
                           const double *x0, const double *eps, int64_t *partner)
{
    (void)options;
    double *cost = weir__alloc_n(c, weir__size_times(n, n), sizeof *cost);
    if (cost && (n == 0 || weir__coupling_products(c, n, dim, x0, eps, cost)))
        weir__assign(c, n, cost, partner);
    weir__free(c, cost);
    return weir_status_of(c);
}

/* -- rows -------------------------------------------------------------------------------------- */
typedef struct coupling_opts {
    size_t size;
    double condition;
} coupling_opts;
static const weir_option coupling_options[] = { WEIR__COUPLING_CONDITION, { 0 } };

#define COUPLING(n, what, ...) \
    const weir_coupling_row weir__coupling_##n = { \
        .row = { \
            .size = sizeof(weir_coupling_row), \
            .version = 1, \
            .name = "coupling." #n, \
            .doc = what, \
            .test = "", \
            __VA_ARGS__, \
        }, \
        .pair = n##_pair, \
    };

COUPLING(independent, "any noise with any sample", .options_size = sizeof(size_t))
COUPLING(ot,
         "of the batch's samples of one condition and weight, the permutation of least squared "
         "distances (Tong et al. 2024)",
         .options = coupling_options, .options_size = sizeof(coupling_opts))

const weir_row *const weir__coupling_rows[] = { &weir__coupling_independent.row,
                                                &weir__coupling_ot.row,
                                                &weir__coupling_schroedinger.row };
const int64_t weir__coupling_row_count = sizeof weir__coupling_rows / sizeof *weir__coupling_rows;

/* -- samples alike ----------------------------------------------------------------------------- */
/* group [n], where samples so far alike have one number, made finer by `values` [n, width] of
 * theirs: the number of a group is its first sample. */
static void alike_by(int64_t n, int64_t width, const double *values, const int64_t *old,
                     int64_t *group)
{
    size_t bytes = (size_t)width * sizeof *values;
    for (int64_t i = 0; i < n; i++) {
        int64_t j = 0;
        while (j < i
               && (group[j] != j || old[j] != old[i]
                   || memcmp(values + j * width, values + i * width, bytes) != 0))
            j++;
        group[i] = j;
    }
}

static weir_status alike_condition(weir_ctx *c, int64_t n, const weir_tensor *t, int64_t *old,
                                   int64_t *group)
{
    double *values = weir__alloc_n(c, t->numel, sizeof *values);
    memcpy(old, group, (size_t)n * sizeof *old);
    if (values && weir_copy_to_f64(t, values, t->numel) == WEIR_OK)
        alike_by(n, t->numel / n, values, old, group);
    weir__free(c, values);
    return weir_status_of(c);
}

/* Whether a part of the condition is a place in space, of which some are near: a context. */
static bool alike_has_distance(const weir_tensor *t) { return weir_dtype_is_real(t->dtype); }

weir_status weir__alike(weir_ctx *c, int64_t n, const double *weights, const weir_condition *k,
                        bool contexts, int64_t *group)
{
    int64_t *old = weir__alloc_n(c, n, sizeof *old);
    for (int64_t i = 0; old && i < n; i++) old[i] = group[i] = 0;
    if (old && weights) alike_by(n, 1, weights, old, group);
    for (int64_t i = 0; old && n > 0 && i < weir_condition_count(k) && weir_ok(c); i++) {
        const char *name;
        weir_tensor *t = weir_condition_at(k, i, &name);
        if (contexts || !alike_has_distance(t)) alike_condition(c, n, t, old, group);
    }
    weir__free(c, old);
    return weir_status_of(c);
}

/* -- a batch ----------------------------------------------------------------------------------- */
typedef struct coupled {
    weir_ctx *ctx;
    const weir_coupling_row *row;
    const void *options;
    double condition; /* weight of the distance of contexts; infinite: it is not looked at */
    int64_t n, dim; /* dim: of the data, and of contexts behind them */
    double *x0, *eps; /* [n, dim] */
    double *some_x0, *some_eps; /* [n, dim], of a group */
    int64_t *group, *member, *of; /* [n]: of samples; samples of a group; their partners in it */
    int64_t *partner; /* [n] */
    double *u, *some_u; /* [n] of samples, of those of a group; NULL: nothing is drawn */
} coupled;

/* Values of contexts a sample, where their distance counts. */
static int64_t coupled_width(const coupled *p, const weir_condition *k)
{
    int64_t width = 0;
    const char *name;
    for (int64_t i = 0; isfinite(p->condition) && i < weir_condition_count(k); i++) {
        const weir_tensor *t = weir_condition_at(k, i, &name);
        if (alike_has_distance(t)) width += t->numel / p->n;
    }
    return width;
}

/* v [n, width] into columns at .. of x [n, dim], times `scale`. */
static void coupled_put(const coupled *p, int64_t at, int64_t width, const double *v, double scale,
                        double *x)
{
    for (int64_t i = 0; i < p->n; i++)
        for (int64_t j = 0; j < width; j++) x[i * p->dim + at + j] = scale * v[i * width + j];
}

static bool coupled_read(coupled *p, const weir_tensor *t, int64_t at, double scale, double *x)
{
    int64_t width = t->numel / p->n;
    double *v = p->some_x0; /* not in use yet */
    if (weir_copy_to_f64(t, v, t->numel) != WEIR_OK) return false;
    coupled_put(p, at, width, v, scale, x);
    return true;
}

/* Data and noise, and behind both the contexts of their samples. */
static bool coupled_fill(coupled *p, const weir_tensor *x0, const weir_tensor *eps,
                         const weir_condition *k)
{
    int64_t at = x0->numel / p->n;
    const char *name;
    bool good = coupled_read(p, x0, 0, 1, p->x0) && coupled_read(p, eps, 0, 1, p->eps);
    for (int64_t i = 0; good && at < p->dim && i < weir_condition_count(k); i++) {
        const weir_tensor *t = weir_condition_at(k, i, &name);
        if (!alike_has_distance(t)) continue;
        good = coupled_read(p, t, at, sqrt(p->condition), p->x0)
               && coupled_read(p, t, at, sqrt(p->condition), p->eps);
        at += t->numel / p->n;
    }
    return good;
}

/* u of every sample, where the coupling draws. */
static bool coupled_uniform(coupled *p)
{
    weir_ctx *c = p->ctx;
    if (!p->row->draw) return true;
    p->u = weir__alloc_n(c, weir__size_times(2, p->n), sizeof *p->u);
    if (!p->u) return false;
    p->some_u = p->u + p->n;
    return weir_copy_to_f64(weir_rand(c, WEIR_F64, 1, &p->n), p->u, p->n) == WEIR_OK;
}

static bool coupled_begin(coupled *p, const weir_tensor *x0, const weir_tensor *eps,
                          const weir_condition *k)
{
    weir_ctx *c = p->ctx;
    int64_t size = weir__size_times(p->n, p->dim);
    p->x0 = weir__alloc_n(c, weir__size_times(4, size), sizeof *p->x0);
    p->group = weir__alloc_n(c, weir__size_times(4, p->n), sizeof *p->group);
    if (!p->x0 || !p->group) return false;
    p->eps = p->x0 + size;
    p->some_x0 = p->eps + size;
    p->some_eps = p->some_x0 + size;
    p->member = p->group + p->n;
    p->of = p->member + p->n;
    p->partner = p->of + p->n;
    return coupled_fill(p, x0, eps, k) && coupled_uniform(p);
}

static weir_status coupled_pair(coupled *p, int64_t n)
{
    const weir_coupling_row *row = p->row;
    if (row->draw)
        return row->draw(p->ctx, p->options, n, p->dim, p->some_x0, p->some_eps, p->some_u, p->of);
    return row->pair(p->ctx, p->options, n, p->dim, p->some_x0, p->some_eps, p->of);
}

/* Partners within the group that begins with sample `first`. */
static weir_status coupled_group(coupled *p, int64_t first)
{
    int64_t n = 0;
    size_t bytes = (size_t)p->dim * sizeof(double);
    for (int64_t i = first; i < p->n; i++) {
        if (p->group[i] != first) continue;
        memcpy(p->some_x0 + n * p->dim, p->x0 + i * p->dim, bytes);
        memcpy(p->some_eps + n * p->dim, p->eps + i * p->dim, bytes);
        if (p->u) p->some_u[n] = p->u[i];
        p->member[n++] = i;
    }
    weir_status status = coupled_pair(p, n);
    for (int64_t i = 0; status == WEIR_OK && i < n; i++)
        p->partner[p->member[i]] = p->member[p->of[i]];
    return status;
}

weir_tensor *weir__coupled(const weir_coupling_row *row, const void *options, weir_tensor *x0,
                           weir_tensor *eps, const double *weights, const weir_condition *k)
{
    weir_ctx *c = x0->object.ctx;
    if (row == &weir__coupling_independent || weir_is_nil(x0) || weir_is_nil(eps)) return eps;
    int64_t n = x0->shape[0];
    if (n == 0) return eps;
    const double *condition = options ? weir__option_value(&row->row, (void *)(uintptr_t)options,
                                                           "condition", WEIR_OPTION_REAL)
                                      : NULL;
    coupled p = { .ctx = c, .row = row, .options = options, .n = n };
    p.condition = condition ? *condition : INFINITY;
    p.dim = x0->numel / n + coupled_width(&p, k);
    bool good = coupled_begin(&p, x0, eps, k)
                && weir__alike(c, n, weights, k, isinf(p.condition), p.group) == WEIR_OK;
    for (int64_t i = 0; good && i < n; i++)
        if (p.group[i] == i) good = coupled_group(&p, i) == WEIR_OK;
    weir_tensor *paired = good ? weir_index_select(eps, 0, weir_from_i64(c, p.partner, 1, &n))
                               : weir__nil(c, WEIR__TENSOR);
    weir__free(c, p.u);
    weir__free(c, p.group);
    weir__free(c, p.x0);
    return paired;
}
