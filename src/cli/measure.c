/* measure.c - the log-likelihood of a data set: means over the rows that did not fail, by weight, with their standard errors. */
#include <math.h>
#include <string.h>
#include "cli/cli.h"
#include "models/models.h"

const char *weir__kind_name(weir_score_kind kind)
{
    return kind == WEIR_SCORE_EXACT ? "exact" : kind == WEIR_SCORE_ESTIMATE ? "estimate" : "lower_bound";
}

/* -- sums ----------------------------------------------------------------------------------------------------------------------- */
static weir__mean mean_of(int64_t n, const double *v, const double *w)
{
    weir__mean m = { 0 };
    for (int64_t i = 0; i < n; i++) weir__mean_add(&m, v[i], w ? w[i] : 1);
    return m;
}

static void measure_means(weir__measure *r, const double *w)
{
    weir__mean m = mean_of(r->n, r->rows, w);
    r->nats = weir__mean_value(&m);
    r->nats_stderr = weir__mean_error(&m);
    r->weighted = w != NULL;
    r->effective = weir__mean_effective(&m);
}

/* Standard error of the mean that comes from draws and probes, whose errors `e` are independent between rows. */
static double estimator_error(int64_t n, const double *v, const double *e, const double *w)
{
    double squares = 0, total = 0;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(v[i])) total += w ? w[i] : 1;
    if (!(total > 0)) return NAN;
    for (int64_t i = 0; i < n; i++)
        if (isfinite(v[i]) && (!w || w[i] > 0)) squares += pow((w ? w[i] / total : 1) * e[i], 2);
    return w ? sqrt(squares) : sqrt(squares) / total;
}

/* -- rows ------------------------------------------------------------------------------------------------------------------------- */
typedef struct work {
    weir_ctx *c;
    weir_model *m;
    weir_dataset *d;
    const weir_score_opts *o;
    double *errors, *weights; /* [n] */
    bool weighted;
} work;

static weir_status score_rows(work *k, int64_t first, int64_t n, weir__measure *r)
{
    weir_scope s = weir_scope_begin_no_grad(k->c);
    weir_score_info info = { .stderr_of = k->errors + first };
    weir_batch *b = weir_dataset_batch(k->d, first, n);
    weir_tensor *lp = weir_model_log_prob(k->m, b, k->o, &info);
    double *v = r->rows + first;
    if (!weir_is_nil(lp) && weir_copy_to_f64(lp, v, n) == WEIR_OK) {
        const double *w = weir_batch_weights(b);
        k->weighted = w != NULL;
        for (int64_t i = 0; i < n; i++) {
            k->weights[first + i] = w ? w[i] : 1;
            if (isfinite(v[i])) continue;
            v[i] = NAN;
            if (r->n_failed < WEIR__FAILED_LISTED) r->failed[r->n_failed] = weir_batch_ids(b)[i];
            r->n_failed++;
        }
    }
    r->kind = info.kind, r->draws = info.draws, r->probes = info.probes;
    weir_scope_end(s);
    return weir_status_of(k->c);
}

/* log p_true - log p_model on the same rows, where the truth is known. */
static void compare_with_truth(work *k, weir__measure *r)
{
    double *truth = weir__alloc_n(k->c, r->n, sizeof *truth);
    r->known = truth && weir_dataset_true_log_prob(k->d, 0, r->n, truth);
    for (int64_t i = 0; r->known && i < r->n; i++) truth[i] -= r->rows[i];
    if (r->known) {
        weir__mean m = mean_of(r->n, truth, k->weighted ? k->weights : NULL);
        r->excess = weir__mean_value(&m);
        r->excess_stderr = weir__mean_error(&m);
    }
    weir__free(k->c, truth);
}

/* Data without levels are good for a model of integers when their values are such integers. */
static weir_status check_integers(weir_ctx *c, weir_model *m, weir_dataset *d, int64_t n)
{
    enum { ROWS = 256 };
    double levels = (double)weir_model_levels(m);
    int64_t dim = weir_dataset_dim(d);
    double *v = weir__alloc_n(c, weir__size_times(ROWS, dim), sizeof *v);
    for (int64_t first = 0; v && weir_ok(c) && first < n; first += ROWS) {
        weir_scope s = weir_scope_begin_no_grad(c);
        weir_batch *b = weir_dataset_batch(d, first, n - first < ROWS ? n - first : ROWS);
        int64_t count = weir_batch_size(b) * dim;
        if (weir_copy_to_f64(weir_batch_x(b), v, count) != WEIR_OK) count = 0;
        for (int64_t i = 0; i < count; i++)
            if (isfinite(v[i]) && !(v[i] >= 0 && v[i] < levels && v[i] == floor(v[i]))) {
                weir_fail(c, WEIR_ERROR_VALUE, "%.200s: row %lld: value %g: expected integers in [0, %g), as the model was made for", weir_dataset_spec(d),
                          (long long)weir_batch_ids(b)[i / dim], v[i], levels);
                break;
            }
        weir_scope_end(s);
    }
    weir__free(c, v);
    return weir_status_of(c);
}

static weir_status check_fit(weir_ctx *c, weir_model *m, weir_dataset *d, int64_t n)
{
    int64_t dim = weir_dataset_dim(d), levels = weir_dataset_levels(d), wanted = weir_model_levels(m);
    if (!weir_ok(c)) return weir_status_of(c);
    if (dim != weir_model_dim(m))
        return weir_fail(c, WEIR_ERROR_SHAPE, "%.200s: %lld values a row: expected %lld, as the model was made for", weir_dataset_spec(d), (long long)dim,
                         (long long)weir_model_dim(m));
    if (levels == wanted) return WEIR_OK;
    if (levels == 0) return check_integers(c, m, d, n);
    if (wanted == 0)
        return weir_fail(c, WEIR_ERROR_SHAPE, "%.200s: integers of %lld levels: expected continuous data (levels=0 in the SPEC), as the model was made for",
                         weir_dataset_spec(d), (long long)levels);
    return weir_fail(c, WEIR_ERROR_SHAPE, "%.200s: integers of %lld levels: expected %lld levels, as the model was made for", weir_dataset_spec(d),
                     (long long)levels, (long long)wanted);
}

weir_status weir__measure_run(weir_model *m, weir_dataset *d, const weir_score_opts *o, int64_t limit, weir__measure *r)
{
    weir_ctx *c = weir_model_ctx(m);
    int64_t n = weir_dataset_rows(d), rows = o->batch > 0 ? o->batch : 256;
    work k = { .c = c, .m = m, .d = d, .o = o };
    if (limit > 0 && limit < n) n = limit;
    *r = (weir__measure){ .n = n, .dim = weir_model_dim(m), .levels = weir_model_levels(m), .excess = NAN, .excess_stderr = NAN };
    if (check_fit(c, m, d, n) != WEIR_OK) return weir_status_of(c);
    r->rows = weir__alloc_n(c, n, sizeof *r->rows);
    k.errors = weir__alloc0_n(c, weir__size_times(n, 2), sizeof *k.errors);
    k.weights = k.errors + (k.errors ? n : 0);
    for (int64_t first = 0; weir_ok(c) && !weir__signalled() && first < n; first += rows) score_rows(&k, first, n - first < rows ? n - first : rows, r);
    if (weir_ok(c) && !weir__signalled()) {
        const double *w = k.weighted ? k.weights : NULL;
        measure_means(r, w);
        r->estimator_stderr = estimator_error(n, r->rows, k.errors, w);
        if (r->levels > 0 && r->draws == 1) r->estimator_stderr = NAN; /* one draw cannot say how much it matters */
        compare_with_truth(&k, r);
    }
    weir__free(c, k.errors);
    return weir_ok(c) && weir__signalled() ? WEIR_STOPPED : weir_status_of(c);
}

void weir__measure_free(weir_ctx *c, weir__measure *r)
{
    weir__free(c, r->rows);
    r->rows = NULL;
}
