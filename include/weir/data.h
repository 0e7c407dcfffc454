/* weir/data.h - data sets, batches and loaders.
 *
 *     weir_dataset *d = weir_dataset_open(c, "digits,split=train");
 *     weir_loader *l = weir_loader_new(d, "batch=128 seed=1");
 *     weir_scope s = weir_scope_begin(c);
 *     weir_batch *b = weir_loader_next(l);              // x [128, 64], ids, weights
 *     printf("%lld of %lld\n", (long long)weir_batch_size(b), (long long)weir_dataset_samples(d));
 *     weir_scope_end(s);
 *     weir_loader_free(l), weir_dataset_free(d);
 *
 * SPEC: digits | toy:NAME[,n=N] | FILE.npy | FILE.csv[.gz] | an IDX file, gzipped or not | a folder
 * of PNG/JPEG, followed by ,split=train|valid|test ,valid=FRACTION|last:N ,test=FRACTION|last:N
 * ,limit=N ,levels=N ,label=COLUMN ,labels=FILE ,weight=COLUMN ,weights=signed
 * ,standardize=yes|no ,condition=COLUMNS ,conditions=FILE ,columns=COLUMNS ,skip=COLUMNS
 * ,na=error|drop ,map=yes|no . A value with commas stands in quotes: condition="a,b,c". limit=N
 * leaves N samples of the split (all, when it has no more): those whose id has the smallest
 * fixed hash, in order of id. They are the same on every machine and for every seed, and a
 * picture of the whole also where the file is sorted; limit=10 is a part of limit=20. A sample's
 * id is its line in the file before split and limit: random numbers that belong to a sample come
 * from its id.
 *
 * An npy or IDX file that is not packed, and whose values are as the machine has them, is
 * mapped: values come from it when they are wanted, so that it may be larger than memory, and
 * the processes of a machine share it. FILE may be several, data-*.npy with * and ? behind the
 * last /: one set, its samples in the order of the names, runs of digits as numbers (data-2
 * before data-10), whose values, splits and fingerprint are those of one file of all. Of such
 * files all have samples of one type and shape. What changes values copies all into memory:
 * columns that are taken out, bits=, na=drop where a sample lacks a value, other orders of bytes
 * and of axes; map=no does, too. A mapped file must stay as it is. One that was written to, by
 * its size and time, is an error of the next batch, of statistics and of the fingerprint; where
 * it is made shorter between that look and a read the system sends SIGBUS, which is not caught.
 * A new file renamed over it does no harm.
 *
 * Images of a folder are decoded when they are first read: opening looks at the header of each file
 * (size, channels, bits). Pixels stay in memory up to file_bytes of weir_open_opts (2^30 unless
 * said), those that were read first; the others are decoded each time, so that a folder may be
 * larger than memory. Threads of the context decode together. A file that is broken behind its
 * header, is gone, or was written to, by its size and time, is an error of the batch, the
 * statistics or the fingerprint that wants its pixels; those in memory are what they were.
 * standardize=robust, and checks of columns where levels=0, put all into memory; so does map=no,
 * when it is opened.
 *
 * Conditions: of data with labels, or with columns or a file of conditions, every batch offers
 * "class" (i64 [B]) and "context" (real [B, K], doubles where the file has them). A COLUMN is a
 * name of the header or a number from 1; COLUMNS are several in quotes, or a range 3-7. Classes are
 * integers from 0, or words, which are numbered by their bytes' order; sub-folders of images are
 * such words. Of what data offer, a model takes what it was made to want.
 *
 * Weights: a sample of weight w counts as w samples. They are finite, not negative, and their sum
 * is finite. A sample of weight 0 is as if it were not there for loaders, training, statistics and
 * means: a NaN in it is no error. What is asked of it by name, such as its log-density, is answered
 * all the same.
 *
 * Signed weights, as events of next-to-leading order have them, only where asked for
 * (weights=signed in a SPEC beside weight=, in a stream's loader; the calls that say so). The loss
 * is the same sum w l / (B W), held-out means sum w log p / sum w, n_effective (sum w)^2 / sum w^2;
 * sum w must be above 0 over the samples of every split. Statistics and quantiles, which only scale
 * the data, count samples by |w|, for all are seen. Comparisons refuse weights of either kind. A
 * sample of negative weight is pushed away from: its part of the loss has no lower bound, so that a
 * training which has not enough positive ones beside it diverges; the best on held-out samples is
 * kept as ever. */
#ifndef WEIR_DATA_H
#define WEIR_DATA_H
#include "weir/registry.h"
#include "weir/condition.h"
#include "weir/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct weir_dataset weir_dataset;
typedef struct weir_loader weir_loader;
typedef struct weir_batch weir_batch;

/* -- batches: live in the scope they are made in ----------------------------------------------- */
/* [B, ...], values as stored: f64 where the source holds f64, i32 or i64 and no levels (CSV, .npy
 * of such, from_f64), else f32. weir_cast gives the other. */
WEIR_API weir_tensor *weir_batch_x(const weir_batch *b);
WEIR_API bool weir_batch_is_nil(const weir_batch *b);
WEIR_API bool weir_dataset_is_nil(const weir_dataset *d);
WEIR_API bool weir_loader_is_nil(const weir_loader *l);
WEIR_API int64_t weir_batch_size(const weir_batch *b);
WEIR_API const int64_t *weir_batch_ids(const weir_batch *b); /* [B] */
WEIR_API const double *weir_batch_weights(const weir_batch *b); /* [B], NULL: all 1 */
/* The mean weight of the samples that the batch was drawn from: what weights are to be divided by.
 * 1 for streams and wrapped batches. */
WEIR_API double weir_batch_mean_weight(const weir_batch *b);
/* "class" and "context", as far as the data have them, or the caller's own. NULL: none */
WEIR_API const weir_condition *weir_batch_condition(const weir_batch *b);
/* What weir_model_row.prepare added; NULL: nothing. Apart from the condition, so that no rule of
 * conditions meets it. */
WEIR_API const weir_condition *weir_batch_prepared(const weir_batch *b);
/* A copy of b in the current scope of t's context, with t [B, ..] under that name among what is
 * prepared. Nil on error. */
WEIR_API weir_batch *weir_batch_prepared_with(weir_batch *b, const char *name, weir_tensor *t);
/* A batch of the caller's own. ids NULL: 0..B-1; weights NULL: 1; condition may be NULL. ids and
 * weights are copied, x is not. */
WEIR_API weir_batch *weir_batch_wrap(weir_ctx *c, weir_tensor *x, const int64_t *ids,
                                     const double *weights, const weir_condition *condition);

/* The same of weights of either sign. */
WEIR_API weir_batch *weir_batch_wrap_signed(weir_ctx *c, weir_tensor *x, const int64_t *ids,
                                            const double *weights, const weir_condition *condition);

/* -- data sets: live outside scopes ------------------------------------------------------------ */
WEIR_API weir_dataset *weir_dataset_open(weir_ctx *c, const char *spec);
/* Copies n samples of dim values. */
WEIR_API weir_dataset *weir_dataset_from_f32(weir_ctx *c, const float *x, int64_t n, int64_t dim);
WEIR_API weir_dataset *weir_dataset_from_f64(weir_ctx *c, const double *x, int64_t n, int64_t dim);
/* Weights of all n samples of a data set that is no view and has no limit; not all 0. NULL: 1 each.
 * Copies them. Loaders made before are of no more use. */
WEIR_API weir_status weir_dataset_set_weights(weir_dataset *d, const double *weights);
/* The same of weights of either sign, of a sum above 0. */
WEIR_API weir_status weir_dataset_set_signed_weights(weir_dataset *d, const double *weights);
/* The same of their classes, integers from 0 [samples], and of what they are conditioned on
 * [samples, dim]. NULL: none. Names of classes and of values of a context are those of before no
 * more. */
WEIR_API weir_status weir_dataset_set_labels(weir_dataset *d, const int64_t *labels);
WEIR_API weir_status weir_dataset_set_context(weir_dataset *d, const double *context, int64_t dim);
WEIR_API void weir_dataset_free(weir_dataset *d); /* after its views and loaders */
/* A view of part of `d` by its splits: "train", "valid", "test" or "" for all samples; shares d's
 * data: free it before d. */
WEIR_API weir_dataset *weir_dataset_split(weir_dataset *d, const char *split);
WEIR_API int64_t weir_dataset_samples(const weir_dataset *d);
WEIR_API int64_t weir_dataset_dim(const weir_dataset *d); /* elements a sample */
/* of one sample: [64], [1, 28, 28] ... returns its rank */
WEIR_API int weir_dataset_shape(const weir_dataset *d, const int64_t **shape);
WEIR_API int64_t weir_dataset_levels(const weir_dataset *d); /* 0: continuous */
WEIR_API bool weir_dataset_standardize(const weir_dataset *d); /* asked for? */
WEIR_API const char *weir_dataset_spec(const weir_dataset *d);
/* of contents, samples and order */
WEIR_API uint64_t weir_dataset_fingerprint(const weir_dataset *d);
WEIR_API int64_t weir_dataset_label(const weir_dataset *d, int64_t sample); /* -1: none */
/* Classes of the source, whatever the split: as many as have names, or the largest label + 1. 0:
 * none. */
WEIR_API int64_t weir_dataset_classes(const weir_dataset *d);
WEIR_API int64_t weir_dataset_context_dim(const weir_dataset *d); /* values a sample; 0: none */
/* Names, in UTF-8 (bytes of a file that are not become U+FFFD): of columns of the data and of the
 * context as a CSV's header has them, of classes where they are words. NULL: there is none. Owned
 * by the data set. Setting: all of them (of classes at least as many as there are), or n 0: none;
 * views have the same. */
typedef enum weir_names { WEIR_NAMES_COLUMN, WEIR_NAMES_CLASS, WEIR_NAMES_CONTEXT } weir_names;
WEIR_API const char *weir_dataset_name(const weir_dataset *d, weir_names which, int64_t index);
WEIR_API weir_status weir_dataset_set_names(weir_dataset *d, weir_names which, int64_t n,
                                            const char *const *names);
/* Samples first .. first+n-1 as one batch in the current scope (cut at the end). */
WEIR_API weir_batch *weir_dataset_batch(weir_dataset *d, int64_t first, int64_t n);
/* True log-density [n] of samples where it is known (toys whose doc line says so: gmm3, gaussian,
 * 8gaussians, checkerboard), in nats. False where it is not. */
WEIR_API bool weir_dataset_true_log_prob(weir_dataset *d, int64_t first, int64_t n, double *out);
/* Column means sum |w| x / sum |w| and standard deviations sqrt(sum |w| (x - mean)^2 / sum |w|) (0
 * replaced by 1) over all samples, [dim] each: what standardize=yes puts into a model. */
WEIR_API weir_status weir_dataset_statistics(weir_dataset *d, double *mean, double *std);
/* The same of the values of the context. */
WEIR_API weir_status weir_dataset_context_statistics(weir_dataset *d, double *mean, double *std);

/* -- loaders: live outside scopes -------------------------------------------------------------- */
/* Options: batch=N, seed=N, shuffle=yes|no, weights=positive|signed (of streams), flip=P. The order
 * of epoch e is a function of (seed, e) alone; samples of weight 0 are left out; the last samples
 * that fill no batch join none in that epoch; a batch larger than the data is the data. flip: with
 * probability P an image is mirrored, x[.., w] -> x[.., W-1-w], by a draw of (seed, e, id); an
 * error of streams, of samples that are no images (as weir_model_image_shape has it), and of images
 * that are conditioned on arrays. */
WEIR_API weir_loader *weir_loader_new(weir_dataset *d, const char *options);
/* copies x */
WEIR_API weir_loader *weir_loader_from_array(weir_ctx *c, const float *x, int64_t n, int64_t dim,
                                             const char *options);
WEIR_API weir_loader *weir_loader_from_array_f64(weir_ctx *c, const double *x, int64_t n,
                                                 int64_t dim, const char *options);
/* Streaming: fill(user, step, x [batch, dim], ids, weights) writes a batch and returns its samples,
 * 0 at the end of data, < 0 on error. Weights are 1 unless it writes others, and are taken as they
 * are: gradients scale with them, so their mean over the stream should be 1. */
WEIR_API weir_loader *weir_loader_from_callback(weir_ctx *c,
                                                int64_t (*fill)(void *user, int64_t step, float *x,
                                                                int64_t *ids, double *weights),
                                                void *user, int64_t dim, const char *options);
WEIR_API weir_loader *weir_loader_from_callback_f64(weir_ctx *c,
                                                    int64_t (*fill)(void *user, int64_t step,
                                                                    double *x, int64_t *ids,
                                                                    double *weights),
                                                    void *user, int64_t dim, const char *options);
WEIR_API void weir_loader_free(weir_loader *l); /* not the data set, unless the loader made it */
/* batch of step 0, 1, 2 ...; nil at the end of a stream */
WEIR_API weir_batch *weir_loader_next(weir_loader *l);
WEIR_API weir_dataset *weir_loader_dataset(weir_loader *l); /* nil for a stream */
WEIR_API int64_t weir_loader_steps_per_epoch(const weir_loader *l);
WEIR_API int64_t weir_loader_step(const weir_loader *l); /* of the next batch */
/* the position is a pure function of the step */
WEIR_API void weir_loader_seek(weir_loader *l, int64_t step);

#ifdef __cplusplus
}
#endif
#endif
