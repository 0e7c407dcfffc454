/* sliced_wasserstein.c - (mean over unit vectors u of W_p^p(u.X, u.Y))^(1/p), with W_p^p of sorted
 * projections: the integral of |F^-1 - G^-1|^p over [0, 1], exact for unequal sizes too.
 *
 * The standard error is by linearisation (del Barrio, Loubes 2019): with potentials f, g of the
 * optimal plan, f(x) + g(y) <= |x - y|^p and equality on its support, Var W_p^p is
 * Var f(X) / n + Var g(Y) / m; f and g are means over the directions, whose own variance
 * Var_u W_p^p / L is added. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include "metric/metric.h"

typedef struct opts {
    size_t size;
    int64_t directions, order;
} opts;

static const weir_option options[] = {
    { "directions", WEIR_OPTION_INT, offsetof(opts, directions), "500", 2, 1e6, NULL,
      "unit vectors, drawn by the seed; of one column there is one" },
    { "order", WEIR_OPTION_INT, offsetof(opts, order), "2", 1, 2, NULL, "p of W_p" },
    { 0 },
};

typedef struct place {
    double v;
    int64_t i; /* of the sample */
} place;

enum { BLOCKS = 16 }; /* directions are added up in so many parts, whatever the threads */

typedef struct slicing {
    const weir_metric_pair *p;
    int64_t directions, order;
    uint64_t key;
    double *cost;       /* [directions] W_p^p */
    double *potentials; /* [BLOCKS, n_a + n_b], sums over the directions of a block */
    place *places;      /* [BLOCKS, n_a + n_b] */
    double *unit;       /* [BLOCKS, dim] */
} slicing;

/* -- one direction ----------------------------------------------------------------------------- */
static void slice_unit(const slicing *s, int64_t direction, double *u)
{
    double square = 0;
    for (int64_t k = 0; k < s->p->dim; k++) {
        u[k] = weir__normal(s->key, (uint64_t)direction, (uint64_t)k);
        square += u[k] * u[k];
    }
    for (int64_t k = 0; k < s->p->dim; k++) u[k] /= sqrt(square);
}

static int sliced_wasserstein_ascending(const void *a_, const void *b_)
{
    const place *a = a_, *b = b_;
    if (a->v != b->v) return a->v < b->v ? -1 : 1;
    return (a->i > b->i) - (a->i < b->i);
}

static void slice_project(int64_t n, int64_t dim, const double *x, const double *u, place *out)
{
    for (int64_t i = 0; i < n; i++) {
        double v = 0;
        for (int64_t k = 0; k < dim; k++) v += x[i * dim + k] * u[k];
        out[i] = (place){ v, i };
    }
    qsort(out, (size_t)n, sizeof *out, sliced_wasserstein_ascending);
}

static double slice_distance(const slicing *s, double x, double y)
{
    double d = fabs(x - y);
    return s->order == 1 ? d : d * d;
}

/* Walks the optimal plan between sorted samples of masses 1/n and 1/m, its support a staircase. On
 * each of its steps one potential follows from the other. Adds them to f and g; returns W_p^p. */
static double slice_plan(const slicing *s, const place *x, const place *y, double *f, double *g)
{
    int64_t n = s->p->n_a, m = s->p->n_b, i = 0, j = 0, at = 0;
    double potential_x = 0, potential_y = slice_distance(s, x[0].v, y[0].v), total = 0;
    f[x[0].i] += potential_x;
    g[y[0].i] += potential_y;
    while (i < n && j < m) {
        int64_t end_x = (i + 1) * m, end_y = (j + 1) * n, end = end_x < end_y ? end_x : end_y;
        total += (double)(end - at) * slice_distance(s, x[i].v, y[j].v);
        at = end;
        if (end_x == end && ++i < n) {
            potential_x = slice_distance(s, x[i].v, y[j].v) - potential_y;
            f[x[i].i] += potential_x;
        }
        if (end_y == end && ++j < m) {
            potential_y = slice_distance(s, x[i].v, y[j].v) - potential_x;
            g[y[j].i] += potential_y;
        }
    }
    return total / ((double)n * (double)m);
}

static void slice_blocks(void *slicing_, int piece, int64_t begin, int64_t end)
{
    const slicing *s = slicing_;
    int64_t n = s->p->n_a, both = n + s->p->n_b, dim = s->p->dim;
    for (int64_t b = begin; b < end; b++) {
        place *x = s->places + b * both, *y = x + n;
        double *f = s->potentials + b * both, *u = s->unit + b * dim;
        for (int64_t l = b; l < s->directions; l += BLOCKS) {
            slice_unit(s, l, u);
            slice_project(n, dim, s->p->a, u, x);
            slice_project(s->p->n_b, dim, s->p->b, u, y);
            s->cost[l] = slice_plan(s, x, y, f, f + n);
        }
    }
}

/* -- all of them ------------------------------------------------------------------------------- */
/* Means over the directions, in the first block. */
static void sliced_potentials(const slicing *s, int64_t both)
{
    for (int64_t i = 0; i < both; i++) {
        double sum = 0;
        for (int64_t b = 0; b < BLOCKS; b++) sum += s->potentials[b * both + i];
        s->potentials[i] = sum / (double)s->directions;
    }
}

static weir_metric_value sliced_value(const slicing *s)
{
    int64_t n = s->p->n_a, m = s->p->n_b;
    sliced_potentials(s, n + m);
    double power = weir__metric_mean(s->directions, s->cost), order = (double)s->order;
    double variance = weir__metric_variance(n, s->potentials) / (double)n
                      + weir__metric_variance(m, s->potentials + n) / (double)m;
    if (s->directions > 1)
        variance += weir__metric_variance(s->directions, s->cost) / (double)s->directions;
    weir_metric_value v = { .value = pow(power, 1 / order), .p_value = NAN };
    if (v.value > 0) v.error = sqrt(variance) / (order * pow(v.value, order - 1));
    return v;
}

static weir_status sliced_measure(weir_ctx *c, const weir_metric_pair *p, const void *options_,
                                  weir_metric_value *out)
{
    const opts *o = options_;
    int64_t both = weir__size_plus(p->n_a, p->n_b), room = weir__size_times(BLOCKS, both);
    slicing s = {
        .p = p,
        .directions = p->dim == 1 ? 1 : o->directions,
        .order = o->order,
        .key = weir__hash_mix(p->seed, weir__hash_text("sliced_wasserstein")),
        .cost = weir__alloc_n(c, o->directions, sizeof *s.cost),
        .potentials = weir__alloc0_n(c, room, sizeof *s.potentials),
        .places = weir__alloc_n(c, room, sizeof *s.places),
        .unit = weir__alloc_n(c, weir__size_times(BLOCKS, p->dim), sizeof *s.unit),
    };
    if (weir_ok(c)) {
        int threads = weir__threads_most(c->threads);
        weir__divide(c->threads, threads < BLOCKS ? threads : BLOCKS, BLOCKS, slice_blocks, &s);
        *out = sliced_value(&s);
    }
    weir__free(c, s.cost);
    weir__free(c, s.potentials);
    weir__free(c, s.places);
    weir__free(c, s.unit);
    return weir_status_of(c);
}

const weir_metric_row weir__metric_sliced_wasserstein = {
    .row = {
        .size = sizeof(weir_metric_row),
        .version = 1,
        .name = "metric.sliced_wasserstein",
        .doc = "Wasserstein distance of projections, (mean W_p^p)^(1/p)",
        .options = options,
        .options_size = sizeof(opts),
        .test = "directions=20 order=1",
    },
    .same = "above 0, and falls as n^(-1/2)",
    .error_doc = "by linearisation with the potentials of the optimal plans, and over directions",
    .measure = sliced_measure,
};
