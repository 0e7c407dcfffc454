/* measure.c - a measure by name, of a pair that is looked at first. */
#include <math.h>
#include "base/value.h"
#include "metric/metric.h"

void weir_metric_pair_sized(int64_t dim, int64_t n_a, const double *a, int64_t n_b, const double *b,
                            weir_metric_pair *p, size_t size)
{
    const weir_metric_pair whole = {
        .size = sizeof whole,
        .dim = dim,
        .n_a = n_a,
        .n_b = n_b,
        .a = a,
        .b = b,
        .seed = 1,
    };
    weir__sized_defaults(p, size, &whole, sizeof whole);
}

static weir_status pair_finite(weir_ctx *c, const char *which, int64_t n, int64_t dim,
                               const double *v)
{
    for (int64_t i = 0; i < n * dim; i++) {
        if (isfinite(v[i])) continue;
        return weir_fail(c, WEIR_ERROR_VALUE,
                         "metric_measure: sample %lld of %s: value %lld: expected a finite number",
                         (long long)(i / dim), which, (long long)(i % dim));
    }
    return WEIR_OK;
}

static weir_status pair_fits(weir_ctx *c, const weir_metric_pair *p)
{
    if (p->dim < 1 || !p->a || !p->b)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "metric_measure: pair: expected one of weir_metric_pair_of, dim 1 or "
                         "more, two arrays");
    if (p->n_a < 2 || p->n_b < 2)
        return weir_fail(c, WEIR_ERROR_SHAPE,
                         "metric_measure: %lld and %lld samples: expected 2 or more of each",
                         (long long)p->n_a, (long long)p->n_b);
    int64_t all = weir__size_times(weir__size_plus(p->n_a, p->n_b), p->dim);
    if (weir__bytes_of(all, sizeof *p->a) == SIZE_MAX)
        return weir_fail(c, WEIR_ERROR_SHAPE,
                         "metric_measure: pair: expected no more values than memory can hold");
    weir_status status = pair_finite(c, "a", p->n_a, p->dim, p->a);
    return status == WEIR_OK ? pair_finite(c, "b", p->n_b, p->dim, p->b) : status;
}

static weir_status measure_by(weir_ctx *c, const weir_choice *k, const weir_metric_pair *p,
                              weir_metric_value *out)
{
    const weir_metric_row *row = (const weir_metric_row *)k->row;
    weir_scope s = weir_scope_begin(c);
    weir_status status = row->measure(c, p, k->options, out);
    weir_scope_end(s);
    return weir_ok(c) ? status : weir_status_of(c);
}

weir_status weir_metric_measure(weir_ctx *c, const char *metric, const weir_metric_pair *p,
                                weir_metric_value *out)
{
    WEIR__AS_FOUND;
    static const weir_option option = {
        .name = "metric", .type = WEIR_OPTION_ROW, .def = "", .choices = "metric"
    };
    if (!c) return WEIR_ERROR_ARGUMENT;
    if (!weir_ok(c)) return weir_status_of(c);
    if (!metric || !p || !out)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "metric_measure: NULL: expected a metric, a pair and where to write");
    weir_choice k = { 0 };
    weir_metric_pair own = { .seed = 1 };
    if (!weir__sized_read(c, "metric_measure: pair", "one of weir_metric_pair_of", p, &own,
                          sizeof own))
        return weir_status_of(c);
    weir_status status = pair_fits(c, &own);
    if (status == WEIR_OK)
        status = weir__choice_read(&(weir__site){ c, "metric_measure", "metric" }, &option, &k,
                                   metric);
    if (status == WEIR_OK && !k.row)
        status = weir_fail(c, WEIR_ERROR_NAME,
                           "metric_measure: an empty text: expected a metric that `weir list "
                           "metric` shows");
    if (status == WEIR_OK) status = measure_by(c, &k, &own, out);
    weir__choice_clear(c, &k);
    return status;
}
