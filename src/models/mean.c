/* mean.c - the mean of samples by weight and its standard error, the same wherever log-densities
 * are summed up.
 *
 *     mean = sum w v / sum w,   s^2 = sum w (v - mean)^2 / sum w
 *     n_eff = (sum w)^2 / sum w^2                                           (Kish 1965)
 *     error = sqrt(n_eff / (n_eff - 1)) max(s / sqrt(n_eff), sqrt(sum w^2 (v - mean)^2) / sum w)
 *
 * The second term of the maximum is the linearised error of a ratio of sums; where one weight
 * dominates it is about 0, for the mean then is that sample. The first is the error of n_eff
 * samples that spread as all do. Where all weights are equal both are s / sqrt(n - 1).
 *
 * Signed weights have the same sums; without a sum of weights above 0 there is no mean, and where
 * the first term's s^2 is negative the second stands alone.
 *
 * Deviations are taken from the first value, so that large means cost no digits; weights are
 * divided by a power of two near the largest, so that their squares stay finite. */
#include <math.h>
#include "models/models.h"

/* Divides all sums by 2^steps, as the weights in them. */
static void mean_rescale(weir__mean *m, int steps)
{
    m->exponent += steps;
    m->weight = ldexp(m->weight, -steps);
    m->sum = ldexp(m->sum, -steps);
    m->square = ldexp(m->square, -steps);
    m->w2 = ldexp(m->w2, -2 * steps);
    m->w2d = ldexp(m->w2d, -2 * steps);
    m->w2dd = ldexp(m->w2dd, -2 * steps);
}

void weir__mean_add(weir__mean *m, double v, double w)
{
    if (w == 0 || isnan(w)) return;
    if (!isfinite(v)) {
        m->failed++;
        return;
    }
    if (m->n++ == 0) {
        m->from = v;
        m->exponent = ilogb(w);
    }
    if (ilogb(w) > m->exponent) mean_rescale(m, ilogb(w) - m->exponent);
    double d = v - m->from;
    w = ldexp(w, -m->exponent);
    m->weight += w;
    m->sum += w * d;
    m->square += w * d * d;
    m->w2 += w * w;
    m->w2d += w * w * d;
    m->w2dd += w * w * d * d;
}

double weir__mean_value(const weir__mean *m)
{
    return m->n > 0 && m->weight > 0 ? m->from + m->sum / m->weight : NAN;
}

double weir__mean_effective(const weir__mean *m)
{
    return m->n > 0 ? m->weight * m->weight / m->w2 : 0;
}

double weir__mean_error(const weir__mean *m)
{
    double n = weir__mean_effective(m);
    if (m->n < 2 || !(n > 1) || !(m->weight > 0)) return NAN;
    double d = m->sum / m->weight;
    double squares = m->w2dd - d * (2 * m->w2d - d * m->w2);
    double spread = m->square - d * (2 * m->sum - d * m->weight);
    double linear = sqrt(fmax(0, squares) * n / (n - 1)) / m->weight;
    return fmax(linear, sqrt(fmax(0, spread) * n / (n - 1)) / sqrt(m->weight * n));
}
