/* weir/metric.h - how far two sets of samples are apart, each measure with its standard error.
 *
 *     const double a[] = { 0, 1, 2, 3 }, b[] = { 1, 2, 3, 4, 5 };
 *     weir_metric_pair p = weir_metric_pair_of(1, 4, a, 5, b); // of one value a sample
 *     weir_metric_value v;
 *     if (weir_metric_measure(c, "energy", &p, &v) == WEIR_OK)
 *         printf("%g +- %g\n", v.value, v.error);
 *
 * Measures are rows of the kind "metric"; one that a program registers is one more:
 *
 * - energy: 2 E|X - Y| - E|X - X'| - E|Y - Y'|, the square of the energy distance (Szekely, Rizzo
 *   2013), unbiased
 * - sliced_wasserstein: (mean over unit vectors u of W_p^p(u.X, u.Y))^(1/p) (Bonneel et al. 2015)
 * - classifier: accuracy of a network on samples it has not seen (Lopez-Paz, Oquab 2017)
 * - kolmogorov_smirnov: sup |F - G| of each column
 *
 * |x| is the Euclidean norm, distances are in units of the data. All use every pair or every order
 * statistic: nothing is drawn but the directions of sliced_wasserstein and the start and batches of
 * classifier, which go by the seed. Same seed, same bits at any number of threads.
 */
#ifndef WEIR_METRIC_H
#define WEIR_METRIC_H
#include "weir/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Two sets of samples; the memory is the caller's. */
typedef struct weir_metric_pair {
    size_t size;
    int64_t dim;      /* values a sample, 1 or more */
    int64_t n_a, n_b; /* samples, 2 or more each */
    const double *a;  /* [n_a, dim], finite */
    const double *b;  /* [n_b, dim], finite */
    uint64_t seed;    /* 1 */
} weir_metric_pair;
WEIR_API void weir_metric_pair_sized(int64_t dim, int64_t n_a, const double *a, int64_t n_b,
                                     const double *b, weir_metric_pair *p, size_t size);
static inline weir_metric_pair weir_metric_pair_of(int64_t dim, int64_t n_a, const double *a,
                                                   int64_t n_b, const double *b)
{
    weir_metric_pair p;
    weir_metric_pair_sized(dim, n_a, a, n_b, b, &p, sizeof p);
    return p;
}

typedef struct weir_metric_value {
    double value;
    double error;   /* standard error; the row's `error_doc` says of what, and how it is found */
    double p_value; /* of such a value or a more extreme one where both sets are of one
                       distribution; NaN: the row has none */
} weir_metric_value;

typedef struct weir_metric_row {
    weir_row row;          /* row.test: options of the tests */
    const char *same;      /* one line: its value where both sets are of one distribution */
    const char *error_doc; /* one line: how the standard error is found */
    bool per_column;       /* one value a column, else one */
    /* Writes 1 or p->dim values. Work may be divided among the context's threads. */
    weir_status (*measure)(weir_ctx *c, const weir_metric_pair *p, const void *options,
                           weir_metric_value *out);
} weir_metric_row;

/* By the row and options of the text, "NAME" or "NAME key=value ..", into out [1], or [dim] of a
 * row of columns. An unknown name, a bad option, a pair that is not as above: an error. */
WEIR_API weir_status weir_metric_measure(weir_ctx *c, const char *metric, const weir_metric_pair *p,
                                         weir_metric_value *out);

/* -- data sets and models ---------------------------------------------------------------------- */
typedef struct weir_compare_opts {
    size_t size;
    int64_t limit; /* samples of each set at most, those of the smallest hash of their id (as
                      weir/data.h, limit=); 0: all. 10000 */
    uint64_t seed; /* 1 */
} weir_compare_opts;
WEIR_API void weir_compare_defaults_sized(weir_compare_opts *o, size_t size);
WEIR_DEFAULTS(weir_compare_opts, weir_compare_defaults)
typedef struct weir_compare_info {
    size_t size; /* sizeof it, set before the call */
    int64_t dim, n_a, n_b; /* samples that were compared */
    int64_t n_left_a, n_left_b; /* samples with a value that is not finite: left out */
} weir_compare_info;
/* The same of two data sets of one size of sample and one context, c. Data with weights are an
 * error: a weighted sample is not one of several. o and info may be NULL. */
WEIR_API weir_status weir_compare(weir_dataset *a, weir_dataset *b, const char *metric,
                                  const weir_compare_opts *o, weir_metric_value *out,
                                  weir_compare_info *info);
/* n draws of a model as a data set of its own in the model's context: what is compared with other
 * data. o as in weir_model_sample_into, or NULL. Under the condition of o, else of a model that
 * wants one under those of n samples of `like` (NULL: none), the ones that weir_compare takes with
 * limit = n, one of each; `like` then numbers its classes as m does. Lives outside scopes; nil
 * after an error. */
WEIR_API weir_dataset *weir_model_sample_dataset(weir_model *m, int64_t n,
                                                 const weir_sample_opts *o, weir_dataset *like);

#ifdef __cplusplus
}
#endif
#endif
