/* weir/classify.h - what class-conditional densities say of the class, and which samples are unlike
 * the training data.
 *
 *     weir_model *m = weir_model_new(c, "nice", "dim=64 levels=17 classes=10 hidden=16");
 *     weir_dataset *d = weir_dataset_open(c, "digits,split=test");
 *     weir_classify_info info = { .size = sizeof info };
 *     weir_status s = weir_data_classify(m, d, NULL, &info);
 *     if (s == WEIR_OK) printf("%g of %lld\n", info.accuracy, (long long)info.n);
 *     weir_dataset_free(d);
 *     weir_model_free(m);
 *
 * By Bayes' rule p(k | x) = p(k) p(x | k) / sum_j p(j) p(x | j). */
#ifndef WEIR_CLASSIFY_H
#define WEIR_CLASSIFY_H
#include "weir/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_classify_opts {
    size_t size;
    /* Of each log p(x | k); its condition is what else the model wants and the data do not offer.
     * NULL: the defaults. */
    const weir_log_prob_opts *how;
    const double *prior; /* [classes], 0 or more, of any sum above 0; NULL: equal */
    double *posterior; /* [n, classes] or NULL: where to put p(k | x); NaN where log p failed */
    int64_t *confusion; /* [classes, classes] or NULL: samples of class i that were put into j */
    int64_t bins; /* of calibration: 15 */
} weir_classify_opts;
WEIR_API void weir_classify_defaults_sized(weir_classify_opts *o, size_t size);
WEIR_DEFAULTS(weir_classify_opts, weir_classify_defaults)

/* Means are over samples whose class is known and whose log-densities are finite, by weight where
 * the data have weights; NaN where there are none.
 *
 *     accuracy     share whose class has the largest p(k | x), ties to the first
 *     log_loss     mean of -log p(class | x), nats
 *     calibration  expected error (Guo et al. 2017): over equal bins of the largest p(k | x), the
 *                  mean of |share right - mean of the largest|, by their samples */
typedef struct weir_classify_info {
    size_t size;
    int64_t n, classes;
    int64_t n_known, n_failed; /* whose class is known; without a finite log p under some class */
    double accuracy, accuracy_stderr, log_loss, log_loss_stderr, calibration;
} weir_classify_info;
/* Classifies the samples of d by m, which has classes; d then numbers its classes as m does. Data
 * without classes are classified (posterior) and nothing is known of how well. o and info may be
 * NULL. */
WEIR_API weir_status weir_data_classify(weir_model *m, weir_dataset *d, const weir_classify_opts *o,
                                        weir_classify_info *info) WEIR_MUST_CHECK;

/* -- beside the training data ------------------------------------------------------------------ */
/* The data of the run in `folder`, as its config.json names them: "train" or "valid". To be freed
 * by weir_dataset_free; nil, after an error, where they are no longer there. */
WEIR_API weir_dataset *weir_run_data(weir_ctx *c, const char *folder, const char *split);
/* The share of each of m's classes in d, by weight: prior [classes of m], a prior for
 * weir_data_classify. */
WEIR_API weir_status weir_data_class_prior(weir_model *m, weir_dataset *d, double *prior);
/* The q-quantile, 0 <= q <= 1, of the log-densities of d under m, nats: linear between the order
 * statistics (type 7 of Hyndman, Fan 1996), samples that failed below all others. At most `most`
 * samples are scored, those of the smallest hash of their id; 0: all. */
WEIR_API weir_status weir_data_log_prob_quantile(weir_model *m, weir_dataset *d, double q,
                                                 int64_t most, const weir_log_prob_opts *o,
                                                 double *nats);

#ifdef __cplusplus
}
#endif
#endif
