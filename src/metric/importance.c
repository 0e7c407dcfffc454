/* importance.c - log Z, its error and how far it can be trusted, from log weights. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "metric/metric.h"
#include "weir/importance.h"

/* -- the tail --------------------------------------------------------------------------------- */
/* mean log(1 - b x_i), which is the shape where b is -k / sigma */
static double importance_shape(const double *x, int64_t n, double b)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += log1p(-b * x[i]);
    return sum / (double)n;
}

/* Zhang and Stephens (2009): the mean of b = -k / sigma under its profile likelihood at m points,
 * as their prior has them, x ascending and above 0 from the quartile on. Two passes, so that the
 * likelihoods can be scaled by the largest. */
static double importance_fit(const double *x, int64_t n)
{
    int64_t m = 30 + (int64_t)sqrt((double)n);
    double quartile = x[(int64_t)floor((double)n / 4 + 0.5) - 1], most = -INFINITY;
    double weight = 0, sum = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t j = 1; j <= m; j++) {
            double b = 1 / x[n - 1] + (1 - sqrt((double)m / ((double)j - 0.5))) / (3 * quartile);
            double k = importance_shape(x, n, b);
            double log_l = (double)n * (log(-b / k) - k - 1);
            if (!isfinite(log_l))
                continue; /* b = 0: as probable as its neighbours, and one of many */
            if (pass == 0) most = fmax(most, log_l);
            if (pass == 0) continue;
            weight += exp(log_l - most);
            sum += b * exp(log_l - most);
        }
    return importance_shape(x, n, sum / weight);
}

/* k of the largest of the ascending weights; those are overwritten. */
static double importance_tail(double *w, int64_t n)
{
    enum { LEAST = 5, PRIOR = 10 };
    double most = fmin((double)n / 5, 3 * sqrt((double)n));
    int64_t tail = (int64_t)ceil(most);
    if (tail < LEAST || tail >= n) return NAN;
    double *x = w + n - tail, cut = w[n - tail - 1];
    for (int64_t i = 0; i < tail; i++) x[i] -= cut;
    if (!(x[(int64_t)floor((double)tail / 4 + 0.5) - 1] > 0)) return NAN;
    double k = importance_fit(x, tail);
    return ((double)tail * k + PRIOR * 0.5) / (double)(tail + PRIOR);
}

/* -- the whole -------------------------------------------------------------------------------- */
static bool importance_fits(weir_ctx *c, const double *log_w, int64_t n)
{
    if (!log_w || n < 1) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "importance: %s: expected log weights of 1 sample or more",
                  log_w ? "none" : "NULL");
        return false;
    }
    for (int64_t i = 0; i < n; i++) {
        if (log_w[i] < INFINITY) continue;
        weir_fail(c, WEIR_ERROR_VALUE, "importance: sample %lld: log weight %g: expected a number",
                  (long long)i, log_w[i]);
        return false;
    }
    return true;
}

static void importance_sums(const double *log_w, int64_t n, double top, double *w,
                            weir_importance_info *r)
{
    double sum = 0, squares = 0, count = (double)n;
    for (int64_t i = 0; i < n; i++) {
        w[i] = exp(log_w[i] - top);
        sum += w[i];
        squares += w[i] * w[i];
    }
    double spread = fmax(count * squares / (sum * sum) - 1, 0);
    r->log_z = top + log(sum / count);
    r->log_z_stderr = n > 1 ? sqrt(spread / (count - 1)) : NAN;
    r->ess = sum * sum / squares;
    r->largest = 1 / sum;
    r->efficiency = sum / count;
}

static void importance_all(const double *log_w, int64_t n, double *w, weir_importance_info *r)
{
    double top = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        top = fmax(top, log_w[i]);
        r->n_zero += log_w[i] == -INFINITY;
    }
    r->log_z = top;
    if (top == -INFINITY) return;
    importance_sums(log_w, n, top, w, r);
    qsort(w, (size_t)n, sizeof *w, weir__ascending);
    r->pareto_k = importance_tail(w, n);
}

weir_status weir_importance(weir_ctx *c, const double *log_w, int64_t n, weir_importance_info *info)
{
    WEIR__AS_FOUND;
    weir_importance_info unused;
    if (!weir_ok(c)) return weir_status_of(c);
    if (!weir__sized_read(c, "importance: info", "its sizeof", info, &unused, sizeof unused))
        return weir_status_of(c);
    if (!importance_fits(c, log_w, n)) return weir_status_of(c);
    weir_importance_info r = {
        .size = sizeof r,
        .n = n,
        .log_z_stderr = NAN,
        .ess = NAN,
        .largest = NAN,
        .efficiency = NAN,
        .pareto_k = NAN,
    };
    double *w = weir__alloc_n(c, n, sizeof *w);
    if (w) importance_all(log_w, n, w, &r);
    weir__free(c, w);
    if (w) weir__sized_write(info, &r, sizeof r);
    return weir_status_of(c);
}
