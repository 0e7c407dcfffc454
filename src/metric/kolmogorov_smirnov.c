/* kolmogorov_smirnov.c - D = sup |F - G| of the empirical distribution functions of each column.
 *
 * The standard error is that of F - G at the place x of the largest distance, as if x were given:
 * sqrt(F (1 - F) / n + G (1 - G) / m). p is Kolmogorov's limit (1933)
 *
 *     P(sqrt(n m / (n + m)) D > t) -> 2 sum_k (-1)^(k - 1) exp(-2 k^2 t^2),
 *
 * an upper bound in the limit where values repeat. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "metric/metric.h"

/* P(K > t) of Kolmogorov's distribution. Below 1 by its second form, sqrt(2 pi) / t
 * sum_k exp(-(2 k - 1)^2 pi^2 / (8 t^2)), which converges there. */
static double kolmogorov_tail(double t)
{
    const double pi = 3.14159265358979323846;
    double sum = 0;
    if (!(t > 0.04)) return 1; /* 1 - p is below 1e-300 */
    if (t < 1) {
        double e = pi * pi / (8 * t * t);
        for (int k = 7; k >= 1; k--) sum += exp(-(double)((2 * k - 1) * (2 * k - 1)) * e);
        return 1 - sqrt(2 * pi) / t * sum;
    }
    for (int k = 8; k >= 1; k--) sum += (k % 2 ? 2 : -2) * exp(-2 * (double)(k * k) * t * t);
    return sum;
}

/* Of two columns in ascending order. Equal values are passed together. */
static weir_metric_value ks_sorted(int64_t n, const double *x, int64_t m, const double *y)
{
    double largest = 0, variance = 0;
    int64_t i = 0, j = 0;
    while (i < n && j < m) {
        double at = x[i] < y[j] ? x[i] : y[j];
        while (i < n && x[i] <= at) i++;
        while (j < m && y[j] <= at) j++;
        double f = (double)i / (double)n, g = (double)j / (double)m;
        if (fabs(f - g) <= largest) continue;
        largest = fabs(f - g);
        variance = f * (1 - f) / (double)n + g * (1 - g) / (double)m;
    }
    double size = (double)n * (double)m / ((double)n + (double)m);
    return (weir_metric_value){
        .value = largest,
        .error = sqrt(variance),
        .p_value = kolmogorov_tail(sqrt(size) * largest),
    };
}

typedef struct columns {
    const weir_metric_pair *p;
    double *room; /* n_a + n_b a piece */
    weir_metric_value *out;
} columns;

static void columns_piece(void *columns_, int piece, int64_t begin, int64_t end)
{
    const columns *k = columns_;
    const weir_metric_pair *p = k->p;
    double *x = k->room + piece * (p->n_a + p->n_b), *y = x + p->n_a;
    for (int64_t j = begin; j < end; j++) {
        for (int64_t i = 0; i < p->n_a; i++) x[i] = p->a[i * p->dim + j];
        for (int64_t i = 0; i < p->n_b; i++) y[i] = p->b[i * p->dim + j];
        qsort(x, (size_t)p->n_a, sizeof *x, weir__ascending);
        qsort(y, (size_t)p->n_b, sizeof *y, weir__ascending);
        k->out[j] = ks_sorted(p->n_a, x, p->n_b, y);
    }
}

static weir_status ks_measure(weir_ctx *c, const weir_metric_pair *p, const void *options,
                              weir_metric_value *out)
{
    int64_t both = weir__size_plus(p->n_a, p->n_b);
    int pieces = weir__pieces_for(p->dim, 100 * (double)both, c->threads);
    double *room = weir__alloc_n(c, weir__size_times(pieces, both), sizeof *room);
    if (!room) return weir_status_of(c);
    weir__divide(c->threads, pieces, p->dim, columns_piece, &(columns){ p, room, out });
    weir__free(c, room);
    return weir_status_of(c);
}

const weir_metric_row weir__metric_kolmogorov_smirnov = {
    .row = {
        .size = sizeof(weir_metric_row),
        .version = 1,
        .name = "metric.kolmogorov_smirnov",
        .doc = "sup |F - G| of each column",
        .options_size = sizeof(size_t),
        .test = "",
    },
    .same = "about 0.87 sqrt((n + m) / (n m)), and p uniform on [0, 1]",
    .error_doc = "of F - G at the place of the largest distance, as if that were given",
    .per_column = true,
    .measure = ks_measure,
};
