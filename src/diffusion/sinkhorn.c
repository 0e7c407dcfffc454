/* sinkhorn.c - the entropic plan of n samples and n noises, of weight 1 each: the least
 *
 *     sum_ij P_ij C_ij + reg sum_ij P_ij (log P_ij - 1),   sums of lines and columns 1,
 *
 * is P_ij = exp((f_i + g_j - C_ij) / reg), and Sinkhorn's iteration (1967) finds the potentials f
 * and g: in turn it makes all lines, and all columns, sum to 1. They are begun at a large reg,
 * which is made smaller by steps, by sums in the logarithm. At the last one the kernel of the
 * potentials so far is kept, and lines and columns are scaled by factors, which are taken into the
 * potentials before they leave the range of doubles (Schmitzer 2019). */
#include <math.h>
#include "diffusion/diffusion.h"

#define SHRINK 0.25      /* of reg, from one step to the next */
#define LARGEST 1e100    /* factor before it is taken into the potentials */
enum { SWEEPS = 2 };     /* at each reg before the last */

typedef struct sinkhorn {
    weir_ctx *ctx;
    int64_t n;
    const double *cost; /* [n, n] */
    double reg;
    double *f, *g; /* potentials of lines and of columns */
    double *u, *v; /* factors beside them, 1 at first */
    double *sum;   /* of columns */
    double *plan;  /* [n, n]: the kernel exp((f + g - cost) / reg) */
} sinkhorn;

/* -- in the logarithm -------------------------------------------------------------------------- */
/* f_i = -reg log sum_j exp((g_j - C_ij) / reg) */
static void sinkhorn_lines(sinkhorn *s, double reg)
{
    for (int64_t i = 0; i < s->n; i++) {
        const double *cost = s->cost + i * s->n;
        double most = -INFINITY, sum = 0;
        for (int64_t j = 0; j < s->n; j++) most = fmax(most, s->g[j] - cost[j]);
        for (int64_t j = 0; j < s->n; j++) sum += exp((s->g[j] - cost[j] - most) / reg);
        s->f[i] = -most - reg * log(sum);
    }
}

/* g_j likewise; u is room for the most of each column. */
static void sinkhorn_columns(sinkhorn *s, double reg)
{
    double *most = s->u;
    for (int64_t j = 0; j < s->n; j++) {
        most[j] = -INFINITY;
        s->sum[j] = 0;
    }
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t j = 0; j < s->n; j++) most[j] = fmax(most[j], s->f[i] - s->cost[i * s->n + j]);
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t j = 0; j < s->n; j++)
            s->sum[j] += exp((s->f[i] - s->cost[i * s->n + j] - most[j]) / reg);
    for (int64_t j = 0; j < s->n; j++) s->g[j] = -most[j] - reg * log(s->sum[j]);
}

/* Half the way of costs, at least as large as the reg that is wanted. */
static double sinkhorn_first_reg(const sinkhorn *s)
{
    double low = INFINITY, high = -INFINITY;
    for (int64_t k = 0; k < s->n * s->n; k++) {
        low = fmin(low, s->cost[k]);
        high = fmax(high, s->cost[k]);
    }
    return fmax((high - low) / 2, s->reg);
}

static void sinkhorn_begin(sinkhorn *s)
{
    double reg = sinkhorn_first_reg(s);
    for (int64_t j = 0; j < s->n; j++) s->g[j] = 0;
    for (;; reg = fmax(reg * SHRINK, s->reg)) {
        for (int k = 0; k < SWEEPS; k++) {
            sinkhorn_lines(s, reg);
            sinkhorn_columns(s, reg);
        }
        if (reg <= s->reg) return;
    }
}

/* -- by factors -------------------------------------------------------------------------------- */
/* The kernel anew, of potentials with the factors in them, which are 1 then. */
static void sinkhorn_absorb(sinkhorn *s)
{
    int64_t n = s->n;
    for (int64_t i = 0; i < n; i++) {
        s->f[i] += s->reg * log(s->u[i]);
        s->g[i] += s->reg * log(s->v[i]);
        s->u[i] = s->v[i] = 1;
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            s->plan[i * n + j] = exp((s->f[i] + s->g[j] - s->cost[i * n + j]) / s->reg);
}

/* Sums of columns are 1 from the iteration before: those of lines are made 1, and how far the
 * farthest was from it is returned; then those of columns. */
static double sinkhorn_scale(sinkhorn *s)
{
    int64_t n = s->n;
    double error = 0;
    for (int64_t j = 0; j < n; j++) s->sum[j] = 0;
    for (int64_t i = 0; i < n; i++) {
        const double *k = s->plan + i * n;
        double line = 0;
        for (int64_t j = 0; j < n; j++) line += k[j] * s->v[j];
        error = fmax(error, fabs(s->u[i] * line - 1));
        s->u[i] = 1 / line;
        for (int64_t j = 0; j < n; j++) s->sum[j] += k[j] * s->u[i];
    }
    for (int64_t j = 0; j < n; j++) s->v[j] = 1 / s->sum[j];
    return error;
}

static bool sinkhorn_is_far(const sinkhorn *s)
{
    bool far = false;
    for (int64_t i = 0; i < s->n; i++) {
        double u = s->u[i], v = s->v[i];
        far = far || !(u < LARGEST && u > 1 / LARGEST && v < LARGEST && v > 1 / LARGEST);
    }
    return far;
}

/* How far the farthest line is from a sum of 1 at the end. */
static double sinkhorn_iterate(sinkhorn *s, double tolerance, int64_t most)
{
    double error = INFINITY;
    for (int64_t k = 0; k < most; k++) {
        error = sinkhorn_scale(s);
        if (error <= tolerance) return error;
        if (sinkhorn_is_far(s)) sinkhorn_absorb(s);
    }
    return error;
}

weir_status weir__sinkhorn(weir_ctx *c, int64_t n, const double *cost, double reg, double tolerance,
                           int64_t most, double *plan)
{
    double *room = weir__alloc_n(c, weir__size_times(5, n), sizeof *room);
    if (!room || n == 0) {
        weir__free(c, room);
        return weir_status_of(c);
    }
    sinkhorn s = { .ctx = c, .n = n, .cost = cost, .reg = reg, .plan = plan };
    s.f = room;
    s.g = s.f + n;
    s.u = s.g + n;
    s.v = s.u + n;
    s.sum = s.v + n;
    sinkhorn_begin(&s);
    for (int64_t i = 0; i < n; i++) s.u[i] = s.v[i] = 1;
    sinkhorn_absorb(&s);
    double error = sinkhorn_iterate(&s, tolerance, most);
    if (!(error <= tolerance))
        weir_fail(c, WEIR_ERROR_VALUE,
                  "coupling.schroedinger: sums of the plan off by %g after %lld iterations: "
                  "expected %g, a larger sigma converges sooner",
                  error, (long long)most, tolerance);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) plan[i * n + j] *= s.u[i] * s.v[j];
    weir__free(c, room);
    return weir_status_of(c);
}
