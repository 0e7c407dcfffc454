/* rows.c - the list of measures, and small sums that they share. */
#include "metric/metric.h"

#define F(n) &weir__metric_##n.row,
const weir_row *const weir__metric_rows[] = { WEIR__METRIC_LIST(F) };
#undef F
const int64_t weir__metric_row_count = sizeof weir__metric_rows / sizeof *weir__metric_rows;

double weir__metric_mean(int64_t n, const double *v)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += v[i];
    return sum / (double)n;
}

double weir__metric_variance(int64_t n, const double *v)
{
    double mean = weir__metric_mean(n, v), sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (v[i] - mean) * (v[i] - mean);
    return sum / (double)(n - 1);
}
