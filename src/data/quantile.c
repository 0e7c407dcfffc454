/* quantile.c - quantiles of columns by weight, which single samples far away do not move: what
 * standardize=robust puts into a model. */
#include <math.h>
#include <stdlib.h>
#include "data/data.h"

static int weighted_order(const void *a_, const void *b_)
{
    const weir__weighted *a = a_, *b = b_;
    return (a->value > b->value) - (a->value < b->value);
}

void weir__weighted_sort(weir__weighted *e, int64_t n)
{
    qsort(e, (size_t)n, sizeof *e, weighted_order);
}

double weir__weighted_quantile(const weir__weighted *sorted, int64_t n, double total, double q)
{
    double below = 0;
    for (int64_t i = 0; i < n; i++) {
        below += sorted[i].weight;
        if (below >= q * total) return sorted[i].value;
    }
    return sorted[n - 1].value;
}

/* Column j of d's samples that weigh something, sorted; *n how many. The largest weight counts 1,
 * so that no sum overflows. */
static double quantile_fill(weir_dataset *d, int64_t j, weir__weighted *sorted, int64_t *n)
{
    double most = 0, total = 0;
    *n = 0;
    for (int64_t i = 0; i < d->n; i++) most = fmax(most, weir__dataset_size(d, i));
    for (int64_t i = 0; i < d->n; i++) {
        weir__weighted e = { .weight = weir__dataset_size(d, i) / most };
        if (!(e.weight > 0)) continue;
        weir__store_read(d->store, weir__dataset_id(d, i), j, 1, &e.value);
        sorted[(*n)++] = e;
        total += e.weight;
    }
    weir__weighted_sort(sorted, *n);
    return total;
}

/* For a normal distribution the quartiles lie so many deviations apart. */
#define QUANTILE_NORMAL_SPREAD 1.3489795003921634

weir_status weir__dataset_robust(weir_dataset *d, double *median, double *spread)
{
    weir_ctx *c = d->object.ctx;
    if (weir__dataset_check_finite(d, WEIR_F64) != WEIR_OK) return weir_status_of(c);
    if (!weir__store_undecoded(c, d->store)) return weir_status_of(c);
    weir__weighted *sorted = weir__alloc_n(c, d->n, sizeof *sorted);
    for (int64_t j = 0; sorted && j < d->store->dim; j++) {
        int64_t n;
        double total = quantile_fill(d, j, sorted, &n);
        median[j] = n > 0 ? weir__weighted_quantile(sorted, n, total, 0.5) : 0;
        spread[j] = 0;
        if (n == 0) continue;
        double low = weir__weighted_quantile(sorted, n, total, 0.25);
        double high = weir__weighted_quantile(sorted, n, total, 0.75);
        spread[j] = (high - low) / QUANTILE_NORMAL_SPREAD;
    }
    weir__free(c, sorted);
    return weir_status_of(c);
}
