/* report_columns.c - moments, quantiles and histograms of columns, by weight. */
#include "train/columns.h"
#include <math.h>
#include "data/data.h"

static double report_columns_at(const weir__lines *s, int64_t i, int64_t j)
{
    return s->x[i * s->dim + j];
}
static double weight(const weir__lines *s, int64_t i) { return s->weight ? s->weight[i] : 1; }

/* The finite values of a column; *total is their weight. */
static int64_t column_entries(const weir__lines *s, int64_t j, weir__weighted *e, double *total)
{
    int64_t n = 0;
    *total = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (!isfinite(report_columns_at(s, i, j)) || weight(s, i) == 0) continue;
        e[n++] = (weir__weighted){ report_columns_at(s, i, j), weight(s, i) };
        *total += weight(s, i);
    }
    return n;
}

/* sum w ((x - mean) / scale)^power / sum w */
static double moment(const weir__weighted *e, int64_t n, double total, double mean, double scale,
                     int power)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        double z = (e[i].value - mean) / scale, term = e[i].weight;
        for (int k = 0; k < power; k++) term *= z;
        sum += term;
    }
    return sum / total;
}

static void fill_moments(weir__marginal *out, weir__weighted *e, int64_t n, double total)
{
    static const double parts[WEIR__QUANTILES] = { 0.05, 0.25, 0.5, 0.75, 0.95 };
    out->mean = moment(e, n, total, 0, 1, 1);
    out->std = sqrt(moment(e, n, total, out->mean, 1, 2));
    if (out->std > 0) {
        out->skewness = moment(e, n, total, out->mean, out->std, 3);
        out->kurtosis = moment(e, n, total, out->mean, out->std, 4) - 3;
    }
    weir__weighted_sort(e, n);
    for (int q = 0; q < WEIR__QUANTILES; q++)
        out->quantile[q] = weir__weighted_quantile(e, n, total, parts[q]);
}

weir_status weir__column_moments(weir_ctx *c, const weir__lines *s, int64_t j, weir__marginal *out)
{
    double total;
    *out = (weir__marginal){
        .mean = NAN, .std = NAN, .skewness = NAN, .kurtosis = NAN, .outside = NAN
    };
    for (int q = 0; q < WEIR__QUANTILES; q++) out->quantile[q] = NAN;
    if (s->n == 0) return weir_status_of(c);
    weir__weighted *e = weir__alloc_n(c, s->n, sizeof *e);
    if (!e) return weir_status_of(c);
    int64_t n = column_entries(s, j, e, &total);
    if (n > 0 && total > 0) fill_moments(out, e, n, total);
    weir__free(c, e);
    return weir_status_of(c);
}

double weir__column_outside(const weir__lines *s, int64_t j, weir__range r)
{
    double beyond = 0, total = 0;
    for (int64_t i = 0; i < s->n; i++) {
        double v = report_columns_at(s, i, j);
        total += weight(s, i);
        if (!(v >= r.lo && v <= r.hi)) beyond += weight(s, i);
    }
    return total > 0 && r.lo <= r.hi ? beyond / total : NAN;
}

void weir__column_bins(const weir__lines *s, int64_t j, const weir__table_column *k, double *out)
{
    double total = 0, width = (k->hi - k->lo) / (double)k->bins;
    for (int64_t i = 0; i < k->bins; i++) out[i] = 0;
    for (int64_t i = 0; i < s->n; i++) {
        double bin = floor((report_columns_at(s, i, j) - k->lo) / width);
        total += weight(s, i);
        if (report_columns_at(s, i, j) == k->hi) bin = (double)(k->bins - 1);
        if (bin >= 0 && bin < (double)k->bins) out[(int64_t)bin] += weight(s, i);
    }
    for (int64_t i = 0; i < k->bins && total > 0; i++) out[i] = fmax(0, out[i] / (total * width));
}

double weir__column_correlation(const weir__lines *s, int64_t j, int64_t k)
{
    double w = 0, mj = 0, mk = 0, jj = 0, kk = 0, jk = 0;
    for (int64_t i = 0; i < s->n; i++) {
        w += weight(s, i);
        mj += weight(s, i) * report_columns_at(s, i, j);
        mk += weight(s, i) * report_columns_at(s, i, k);
    }
    for (int64_t i = 0; i < s->n; i++) {
        double dj = report_columns_at(s, i, j) - mj / w, dk = report_columns_at(s, i, k) - mk / w;
        jj += weight(s, i) * dj * dj;
        kk += weight(s, i) * dk * dk;
        jk += weight(s, i) * dj * dk;
    }
    return jk / (sqrt(jj) * sqrt(kk));
}
