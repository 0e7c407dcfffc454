/* columns.h - what is said of a column of numbers by weight: moments, quantiles, histograms. */
#ifndef WEIR_TRAIN_COLUMNS_H
#define WEIR_TRAIN_COLUMNS_H
#include "plot/plot.h"

/* n lines of `dim` values; those that are not finite are passed over. */
typedef struct weir__lines {
    int64_t n, dim;
    const double *x, *weight; /* [n, dim]; [n] or NULL: 1 */
} weir__lines;

/* Column j: with w_i, m = sum w x / sum w and s^2 = sum w (x - m)^2 / sum w, the mean m, s, the
 * skewness sum w ((x - m) / s)^3 / sum w, the kurtosis likewise with a 4th power, minus 3, and the
 * quantiles: the least value up to which at least that part of the weight lies. NaN where there is
 * no weight, or no spread. */
weir_status weir__column_moments(weir_ctx *c, const weir__lines *s, int64_t j, weir__marginal *out);
/* The part of the weight that lies beyond r. */
double weir__column_outside(const weir__lines *s, int64_t j, weir__range r);
/* Densities of the bins of k's frame, in which 1 is the weight of all lines. */
void weir__column_bins(const weir__lines *s, int64_t j, const weir__table_column *k, double *out);
/* Pearson's correlation of two columns. */
double weir__column_correlation(const weir__lines *s, int64_t j, int64_t k);

#endif
