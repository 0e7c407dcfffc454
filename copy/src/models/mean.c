/* mean.c - the mean of rows by weight and its standard error, the same wherever log-densities are summed up.
 *
 *     mean = sum w v / sum w        error = sqrt(sum w^2 (v - mean)^2) / sum w * sqrt(n / (n - 1)),
 *
 * which is s / sqrt(n) where all weights are equal. Deviations are taken from the first value, so that large means cost no digits. */
#include <math.h>
#include "models/models.h"

void weir__mean_add(weir__mean *m, double v, double w)
{
    if (!isfinite(v)) {
        m->failed++;
        return;
    }
    if (!(w > 0)) return;
    if (m->n++ == 0) m->from = v;
    double d = v - m->from;
    m->weight += w, m->sum += w * d;
    m->w2 += w * w, m->w2d += w * w * d, m->w2dd += w * w * d * d;
}

double weir__mean_value(const weir__mean *m) { return m->n > 0 ? m->from + m->sum / m->weight : NAN; }

double weir__mean_error(const weir__mean *m)
{
    if (m->n < 2) return NAN;
    double n = (double)m->n, d = m->sum / m->weight, squares = m->w2dd - d * (2 * m->w2d - d * m->w2);
    return sqrt(fmax(0, squares) * n / (n - 1)) / m->weight;
}
