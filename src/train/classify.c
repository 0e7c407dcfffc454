/* classify.c - Bayes' rule over the classes of a model, and how well it does where the class is
 * known (weir/classify.h says the formulas). */
#include <math.h>
#include <string.h>
#include "train/train.h"
#include "weir/classify.h"

static const char who[] = "data_classify";

void weir_classify_defaults_sized(weir_classify_opts *o, size_t size)
{
    const weir_classify_opts whole = { .size = sizeof whole, .bins = 15 };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

typedef struct bin {
    double weight, right, sure; /* sums of w, of w where it was right, of w times the largest p */
} bin;

typedef struct classify_job {
    weir_model *m;
    weir_dataset *d;
    const weir_classify_opts *o;
    const weir_log_prob_opts *how;
    weir_classify_info *info;
    double *log_prior; /* [classes] */
    double *p; /* [batch, classes]: log p(x | k), then p(k | x) */
    double *column; /* [batch] */
    bin *bins;
    weir__mean right, loss;
} classify_job;

/* -- one batch --------------------------------------------------------------------------------- */
/* log p(x | k) of the batch's samples into column k of j->p. */
static weir_status classify_score(classify_job *j, weir_batch *b, int64_t k)
{
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    int64_t n = weir_batch_size(b);
    weir_log_prob_opts o = *j->how;
    o.condition = NULL;
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_tensor *t = weir_empty(c, WEIR_I64, 1, &n);
    int64_t *at = weir_is_nil(t) ? NULL : weir_data_mut(t);
    for (int64_t i = 0; at && i < n; i++) at[i] = k;
    const weir_condition *had = weir_batch_condition(b);
    const weir_condition *under = weir_condition_with(had ? had : weir_condition_new(c), "class",
                                                      t);
    if (weir_ok(c)) b = weir__batch_with_condition(c, b, under);
    weir_tensor *lp = weir_model_log_prob(m, b, &o, NULL);
    if (!weir_is_nil(lp)) weir_copy_to_f64(lp, j->column, n);
    for (int64_t i = 0; weir_ok(c) && i < n; i++) j->p[i * m->classes + k] = j->column[i];
    weir_scope_end(s);
    return weir_status_of(c);
}

/* log p(x | k) [K] becomes p(k | x); *log_of, where not NULL, log p(k | x) of that class. False:
 * some log p is not finite, and all are NaN. */
static bool classify_bayes(const classify_job *j, double *p, int64_t of, double *log_of)
{
    int64_t n = j->m->classes;
    double most = -INFINITY, sum = 0;
    bool finite = true;
    for (int64_t k = 0; k < n; k++) {
        finite = finite && isfinite(p[k]);
        p[k] += j->log_prior[k];
        if (p[k] > most) most = p[k];
    }
    for (int64_t k = 0; k < n; k++) sum += exp(p[k] - most);
    if (of >= 0) *log_of = p[of] - most - log(sum);
    for (int64_t k = 0; k < n; k++) p[k] = finite ? exp(p[k] - most) / sum : NAN;
    return finite;
}

static int64_t classify_best(int64_t n, const double *p)
{
    int64_t best = 0;
    for (int64_t k = 1; k < n; k++)
        if (p[k] > p[best]) best = k;
    return best;
}

static void classify_bin(classify_job *j, double sure, bool right, double w)
{
    int64_t n = j->o->bins, at = (int64_t)(sure * (double)n);
    bin *b = &j->bins[at < n ? at : n - 1];
    b->weight += w;
    b->right += right ? w : 0;
    b->sure += w * sure;
}

static void classify_count(classify_job *j, double *p, int64_t label, double w)
{
    double log_of = NAN;
    int64_t n = j->m->classes;
    bool good = classify_bayes(j, p, label, &log_of);
    j->info->n_failed += !good;
    j->info->n_known += label >= 0;
    if (!good || label < 0) return;
    int64_t best = classify_best(n, p);
    weir__mean_add(&j->right, best == label, w);
    weir__mean_add(&j->loss, -log_of, w);
    classify_bin(j, p[best], best == label, w);
    if (j->o->confusion) j->o->confusion[label * n + best]++;
}

static weir_status classify_batch(void *job, int64_t first, int64_t n)
{
    classify_job *j = job;
    weir_ctx *c = j->m->object.ctx;
    int64_t classes = j->m->classes;
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_batch *b = weir_dataset_batch(j->d, first, n);
    b = weir__data_batch_under(c, b, j->how->condition, j->info->n, first, NULL);
    for (int64_t k = 0; weir_ok(c) && k < classes; k++) classify_score(j, b, k);
    const double *w = weir_batch_weights(b);
    for (int64_t i = 0; weir_ok(c) && i < n; i++)
        classify_count(j, j->p + i * classes, weir_dataset_label(j->d, first + i), w ? w[i] : 1);
    if (weir_ok(c) && j->o->posterior)
        memcpy(j->o->posterior + first * classes, j->p, (size_t)(n * classes) * sizeof *j->p);
    weir_scope_end(s);
    return weir_status_of(c);
}

/* -- the request ------------------------------------------------------------------------------- */
static void classify_finish(classify_job *j)
{
    weir_classify_info *info = j->info;
    double total = 0, error = 0;
    for (int64_t i = 0; i < j->o->bins; i++) total += j->bins[i].weight;
    for (int64_t i = 0; i < j->o->bins; i++)
        error += fabs(j->bins[i].right - j->bins[i].sure) / total;
    info->accuracy = weir__mean_value(&j->right);
    info->accuracy_stderr = weir__mean_error(&j->right);
    info->log_loss = weir__mean_value(&j->loss);
    info->log_loss_stderr = weir__mean_error(&j->loss);
    info->calibration = total > 0 ? error : NAN;
}

static weir_status classify_run(classify_job *j)
{
    weir_status s = weir__data_walk(j->how, j->info->n, classify_batch, j);
    if (s == WEIR_OK) classify_finish(j);
    return s;
}

static bool classify_prior(classify_job *j)
{
    int64_t n = j->m->classes;
    const double *prior = j->o->prior;
    double sum = 0;
    bool good = true;
    for (int64_t k = 0; k < n; k++) {
        double v = prior ? prior[k] : 1;
        good = good && isfinite(v) && v >= 0;
        sum += v;
        j->log_prior[k] = log(v);
    }
    if (good && sum > 0) return true;
    weir_fail(j->m->object.ctx, WEIR_ERROR_RANGE,
              "%s: prior: expected finite numbers, 0 or more, and some above", who);
    return false;
}

static bool classify_take(classify_job *j)
{
    weir_ctx *c = j->m->object.ctx;
    int64_t classes = j->m->classes, rows = j->how->batch;
    if (rows == 0) rows = WEIR__CHUNK_ROWS;
    j->log_prior = weir__alloc_n(c, classes, sizeof *j->log_prior);
    j->p = weir__alloc_n(c, weir__size_times(rows, classes), sizeof *j->p);
    j->column = weir__alloc_n(c, rows, sizeof *j->column);
    j->bins = weir__alloc0_n(c, j->o->bins, sizeof *j->bins);
    return j->log_prior && j->p && j->column && j->bins;
}

static bool classify_fits(const weir_model *m, const weir_classify_opts *o)
{
    weir_ctx *c = m->object.ctx;
    if (o->bins < 1 || o->bins > 1000000) {
        weir_fail(c, WEIR_ERROR_RANGE, "%s: %lld bins: expected 1 to 1000000", who,
                  (long long)o->bins);
        return false;
    }
    if (m->classes > 0) return true;
    weir_fail(c, WEIR_ERROR_UNSUPPORTED,
              "%s: %s: expected a model made with classes (classes=auto)", who, m->row->row.name);
    return false;
}

/* The class is what is inferred; every other condition of the model must be given. */
static weir_status classify_data_fit(weir_model *m, weir_dataset *d, const weir_condition *k)
{
    weir_ctx *c = m->object.ctx;
    const weir_condition *all = k;
    weir_scope s = weir_scope_begin_no_grad(c);
    if (weir_dataset_classes(d) == 0) {
        int64_t n = weir_condition_samples(k);
        if (n < 1) n = 1;
        all = k ? k : weir_condition_new(c);
        all = weir_condition_with(all, "class", weir_zeros(c, WEIR_I64, 1, &n));
    }
    if (weir_ok(c)) weir__data_fits(m, d, all, weir_dataset_samples(d), who);
    weir_scope_end(s);
    return weir_status_of(c);
}

static weir_status classify_all(classify_job *j)
{
    weir_ctx *c = j->m->object.ctx;
    weir_status s = WEIR_OK;
    if (classify_take(j) && classify_prior(j)) s = classify_run(j);
    weir__free(c, j->log_prior);
    weir__free(c, j->p);
    weir__free(c, j->column);
    weir__free(c, j->bins);
    return s == WEIR_OK ? weir_status_of(c) : s;
}

weir_status weir_data_classify(weir_model *m, weir_dataset *d, const weir_classify_opts *o,
                               weir_classify_info *info)
{
    WEIR__AS_FOUND;
    weir_classify_opts own = weir_classify_defaults();
    weir_classify_info told = { 0 };
    weir_log_prob_opts how = weir_log_prob_defaults();
    if (!weir__data_usable(m, d, who)) return weir_status_of(m ? weir__ctx_of(m) : weir__ctx_of(d));
    weir_ctx *c = m->object.ctx;
    if (!weir__sized_read(c, "data_classify: options", "them from weir_classify_defaults", o, &own,
                          sizeof own)
        || !weir__sized_read(c, "data_classify: info", "its sizeof", info, &told, sizeof told)
        || !weir__log_prob_read(c, own.how, &how))
        return weir_status_of(c);
    if (!classify_fits(m, &own) || classify_data_fit(m, d, how.condition) != WEIR_OK)
        return weir_status_of(c);
    told = (weir_classify_info){
        .size = sizeof told,
        .n = weir_dataset_samples(d),
        .classes = m->classes,
    };
    if (own.confusion)
        memset(own.confusion, 0, (size_t)(m->classes * m->classes) * sizeof *own.confusion);
    classify_job j = { .m = m, .d = d, .o = &own, .how = &how, .info = &told };
    weir_status s = classify_all(&j);
    if (s == WEIR_OK) weir__sized_write(info, &told, sizeof told);
    return s;
}
