/* metric.h - the inside of measures of two sets of samples. */
#ifndef WEIR_METRIC_INTERNAL_H
#define WEIR_METRIC_INTERNAL_H
#include "base/base.h"
#include "kern/kern.h"
#include "weir/metric.h"

/* Every measure, in the order of the listing: metric.energy is weir__metric_energy, and so on. */
#define WEIR__METRIC_LIST(F) F(energy) F(sliced_wasserstein) F(classifier) F(kolmogorov_smirnov)
#define F(n) extern const weir_metric_row weir__metric_##n;
WEIR__METRIC_LIST(F)
#undef F
extern const weir_row *const weir__metric_rows[];
extern const int64_t weir__metric_row_count;

/* sum of (v_i - mean)^2 / (n - 1) */
double weir__metric_variance(int64_t n, const double *v);
double weir__metric_mean(int64_t n, const double *v);

#endif
