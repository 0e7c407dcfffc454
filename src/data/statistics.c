/* statistics.c - mean, spread of every column, by weight: what standardize=yes puts into a model. */
#include <math.h>
#include <string.h>
#include "data/data.h"

typedef struct moments {
    const weir_dataset *d;
    double *row;         /* [dim], of the row at hand */
    double *mean, *std;  /* [dim] */
    double scale; /* weights are multiplied by this power of two: sums with squares stay finite */
    double total; /* of the weights, scaled */
} moments;

static void moments_read_into(const moments *m, int64_t i, double *out)
{
    weir__store_read(m->d->store, weir__dataset_id(m->d, i), 0, m->d->store->dim, out);
}

/* The weight of row i, which is then at hand; 0: it was not read. */
static double moments_read(const moments *m, int64_t i)
{
    double w = m->scale * weir__dataset_weight(m->d, i);
    if (w > 0) moments_read_into(m, i, m->row);
    return w;
}

/* The first row that weighs something is where deviations are taken from. */
static void moments_begin(moments *m)
{
    double most = 0;
    int64_t first = -1;
    for (int64_t i = 0; i < m->d->n; i++) {
        double w = weir__dataset_weight(m->d, i);
        if (first < 0 && w > 0) first = i;
        most = fmax(most, w);
    }
    m->scale = most > 0 ? ldexp(1, -ilogb(most)) : 1;
    m->total = 0;
    if (first >= 0) moments_read_into(m, first, m->mean);
}

static void moments_add_deviations(moments *m)
{
    int64_t dim = m->d->store->dim;
    memset(m->std, 0, (size_t)dim * sizeof *m->std);
    for (int64_t i = 0; i < m->d->n; i++) {
        double w = moments_read(m, i);
        m->total += w;
        for (int64_t j = 0; w > 0 && j < dim; j++) m->std[j] += w * (m->row[j] - m->mean[j]);
    }
    for (int64_t j = 0; j < dim; j++) m->mean[j] += m->std[j] / m->total;
}

static void moments_add_squares(moments *m)
{
    int64_t dim = m->d->store->dim;
    memset(m->std, 0, (size_t)dim * sizeof *m->std);
    for (int64_t i = 0; i < m->d->n; i++) {
        double w = moments_read(m, i);
        for (int64_t j = 0; w > 0 && j < dim; j++) {
            double deviation = m->row[j] - m->mean[j];
            m->std[j] += w * (deviation * deviation);
        }
    }
    for (int64_t j = 0; j < dim; j++) m->std[j] = sqrt(m->std[j] / m->total);
}

/* mean = sum w x / sum w, std^2 = sum w (x - mean)^2 / sum w, in two passes around the first row: exact
 * for constant columns, whose deviation must come out as 0 and not as rounding, and good for those far
 * from 0. */
static weir_status moments_of(weir_dataset *d, double *row, double *mean, double *std)
{
    moments m = { .d = d, .row = row, .mean = mean, .std = std };
    moments_begin(&m);
    moments_add_deviations(&m);
    moments_add_squares(&m);
    for (int64_t j = 0; j < d->store->dim; j++)
        if (!isfinite(mean[j]) || !isfinite(std[j]))
            return weir_fail(d->object.ctx, WEIR_ERROR_VALUE,
                             "%.300s: column %lld: mean %g, deviation %g: expected finite ones", d->name,
                             (long long)weir__store_column(d->store, j), mean[j], std[j]);
    return WEIR_OK;
}

weir_status weir__dataset_moments(weir_dataset *d, double *mean, double *std)
{
    weir_ctx *c = d->object.ctx;
    if (weir__dataset_check_finite(d, WEIR_F64) != WEIR_OK) return weir_status_of(c);
    double *row = weir__alloc_n(c, d->store->dim, sizeof *row);
    if (row) moments_of(d, row, mean, std);
    weir__free(c, row);
    return weir_status_of(c);
}

weir_status weir_dataset_statistics(weir_dataset *d, double *mean, double *std)
{
    WEIR__AS_FOUND;
    if (weir__dataset_dead(d)) return weir__dataset_none(d, "dataset_statistics");
    weir_ctx *c = d->object.ctx;
    if (!weir_ok(c)) return weir_status_of(c);
    if (!mean || !std || d->n < 1)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "dataset_statistics: expected rows, and room for mean and std");
    if (weir__dataset_moments(d, mean, std) != WEIR_OK) return weir_status_of(c);
    for (int64_t j = 0; j < d->store->dim; j++)
        if (std[j] == 0) std[j] = 1;
    return WEIR_OK;
}
