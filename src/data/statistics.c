/* statistics.c - mean, spread of every column, by weight: what standardize=yes puts into a model.
 * Of signed weights by their size |w|: the model sees all samples, and sum w (x - mean)^2 may be
 * negative. */
#include <math.h>
#include <string.h>
#include "data/data.h"

typedef struct moments {
    weir_dataset *d;
    bool context;         /* of its context; else of its data */
    const weir__store *s; /* the one of the two */
    double *row;         /* [dim], of the sample at hand */
    double *mean, *std;  /* [dim] */
    double scale; /* weights are multiplied by this power of two: sums with squares stay finite */
    double total; /* of the weights, scaled */
} moments;

static void moments_read_into(const moments *m, int64_t i, double *out)
{
    weir__store_read(m->s, weir__dataset_id(m->d, i), 0, m->s->dim, out);
}

/* The weight of sample i, which is then at hand; 0: it was not read. */
static double moments_read(const moments *m, int64_t i)
{
    double w = m->scale * weir__dataset_size(m->d, i);
    if (w > 0) moments_read_into(m, i, m->row);
    return w;
}

/* The first sample that weighs something is where deviations are taken from. */
static void moments_begin(moments *m)
{
    double most = 0;
    int64_t first = -1;
    for (int64_t i = 0; i < m->d->n; i++) {
        double w = weir__dataset_size(m->d, i);
        if (first < 0 && w > 0) first = i;
        most = fmax(most, w);
    }
    m->scale = most > 0 ? ldexp(1, -ilogb(most)) : 1;
    m->total = 0;
    if (first >= 0) moments_read_into(m, first, m->mean);
}

static void moments_add_deviations(moments *m)
{
    int64_t dim = m->s->dim;
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
    int64_t dim = m->s->dim;
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

static weir_status moments_check(const moments *m)
{
    char place[160];
    for (int64_t j = 0; j < m->s->dim; j++) {
        if (isfinite(m->mean[j]) && isfinite(m->std[j])) continue;
        weir__store_place(m->d->store, m->context, j, place, sizeof place);
        return weir_fail(m->d->object.ctx, WEIR_ERROR_VALUE,
                         "%.300s: %s: mean %g, deviation %g: expected finite ones", m->d->name,
                         place, m->mean[j], m->std[j]);
    }
    return WEIR_OK;
}

/* mean = sum w x / sum w, std^2 = sum w (x - mean)^2 / sum w, in two passes around the first
 * sample: exact for constant columns, whose deviation must come out as 0 and not as rounding, and
 * good for those far from 0. */
static weir_status moments_of(weir_dataset *d, bool context, double *mean, double *std)
{
    weir_ctx *c = d->object.ctx;
    moments m = { .d = d, .context = context, .mean = mean, .std = std };
    m.s = context ? d->store->context : d->store;
    weir_status finite = context ? weir__dataset_check_context(d)
                                 : weir__dataset_check_finite(d, WEIR_F64);
    if (finite != WEIR_OK) return finite;
    m.row = weir__alloc_n(c, m.s->dim, sizeof *m.row);
    if (!m.row) return weir_status_of(c);
    moments_begin(&m);
    moments_add_deviations(&m);
    moments_add_squares(&m);
    weir__free(c, m.row);
    return moments_check(&m);
}

weir_status weir__dataset_moments(weir_dataset *d, double *mean, double *std)
{
    return moments_of(d, false, mean, std);
}

/* Where half of a column is equal, its deviation stays that of all. */
static weir_status statistics_robust(weir_dataset *d, double *mean, double *std)
{
    weir_ctx *c = d->object.ctx;
    int64_t dim = d->store->dim;
    double *median = weir__alloc_n(c, weir__size_times(2, dim), sizeof *median);
    double *spread = median ? median + dim : NULL;
    if (median && weir__dataset_robust(d, median, spread) == WEIR_OK)
        for (int64_t j = 0; j < dim; j++) {
            mean[j] = median[j];
            if (spread[j] > 0) std[j] = spread[j];
        }
    weir__free(c, median);
    return weir_status_of(c);
}

/* Of what never changes the deviation is 1: it is 0 when standardized. */
static weir_status moments_public(weir_dataset *d, bool context, double *mean, double *std,
                                  const char *who)
{
    if (weir__dataset_dead(d)) return weir__dataset_none(d, who);
    weir_ctx *c = d->object.ctx;
    if (!weir_ok(c)) return weir_status_of(c);
    if (!mean || !std || d->n < 1 || (context && !d->store->context))
        return weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: expected rows%s, and room for mean and std",
                         who, context ? " with a context" : "");
    bool robust = !context && d->opts.standardize == WEIR__STANDARDIZE_ROBUST;
    if (moments_of(d, context, mean, std) != WEIR_OK
        || (robust && statistics_robust(d, mean, std) != WEIR_OK))
        return weir_status_of(c);
    int64_t dim = context ? d->store->context->dim : d->store->dim;
    for (int64_t j = 0; j < dim; j++)
        if (std[j] == 0) std[j] = 1;
    return WEIR_OK;
}

weir_status weir_dataset_statistics(weir_dataset *d, double *mean, double *std)
{
    WEIR__AS_FOUND;
    return moments_public(d, false, mean, std, "dataset_statistics");
}

weir_status weir_dataset_context_statistics(weir_dataset *d, double *mean, double *std)
{
    WEIR__AS_FOUND;
    return moments_public(d, true, mean, std, "dataset_context_statistics");
}
