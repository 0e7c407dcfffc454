/* data_log_prob.c - the log-likelihood of a data set: means over the samples that did not fail, by
 * weight, with their standard errors. Validation, the report and `weir score` count by it. */
#include <string.h>
#include "train/train.h"

weir_data_log_prob_opts weir_data_log_prob_defaults(void)
{
    return (weir_data_log_prob_opts){
        .size = sizeof(weir_data_log_prob_opts),
        .score = weir_score_defaults(),
        .doubled = 100,
    };
}

typedef struct counting {
    weir_ctx *c;
    weir_model *m;
    weir_dataset *d;
    const weir_data_log_prob_opts *o;
    weir_data_log_prob_info *info;
    weir_score_opts score; /* of a batch, which has its condition */
    int64_t n;
    double *log_prob, *errors, *weights; /* [n] */
} counting;

/* -- means ------------------------------------------------------------------------------------- */
static weir__mean count_mean(const counting *k, const double *v)
{
    weir__mean m = { 0 };
    for (int64_t i = 0; i < k->n; i++) weir__mean_add(&m, v[i], k->weights[i]);
    return m;
}

/* Standard error of the mean that comes from draws and probes, whose errors e are independent
 * between samples: sqrt(sum (w e)^2) / sum w. */
static double count_estimator_error(const counting *k)
{
    const double *v = k->log_prob, *e = k->errors, *w = k->weights;
    double squares = 0, total = 0;
    bool weighted = k->info->weighted;
    if (k->info->levels > 0 && k->info->draws == 1) return NAN; /* one draw cannot say */
    for (int64_t i = 0; i < k->n; i++)
        if (isfinite(v[i])) total += w[i];
    if (!(total > 0)) return NAN;
    for (int64_t i = 0; i < k->n; i++) {
        if (!isfinite(v[i]) || !(w[i] > 0)) continue;
        squares += pow((weighted ? w[i] / total : 1) * e[i], 2);
    }
    return weighted ? sqrt(squares) : sqrt(squares) / total;
}

static void count_means(const counting *k)
{
    weir__mean m = count_mean(k, k->log_prob);
    weir_data_log_prob_info *r = k->info;
    r->n_counted = m.n;
    r->n_left_out = m.failed;
    r->n_effective = weir__mean_effective(&m);
    r->nats = weir__mean_value(&m);
    r->nats_stderr = weir__mean_error(&m);
    r->estimator_stderr = count_estimator_error(k);
    r->bits_per_dim = weir_bits_per_dim(r->nats, r->dim, r->levels);
    r->nats_unit_range = weir_nats_unit_range(r->nats, r->dim, r->levels);
}

/* log p_true - log p_model over the same samples, where the truth is known. */
static void count_excess(const counting *k)
{
    double *truth = weir__alloc_n(k->c, k->n, sizeof *truth);
    k->info->known = truth && weir_dataset_true_log_prob(k->d, 0, k->n, truth);
    for (int64_t i = 0; k->info->known && i < k->n; i++) truth[i] -= k->log_prob[i];
    if (k->info->known) {
        weir__mean m = count_mean(k, truth);
        k->info->excess = weir__mean_value(&m);
        k->info->excess_stderr = weir__mean_error(&m);
    }
    weir__free(k->c, truth);
}

/* -- the error of fixed steps ------------------------------------------------------------------ */
/* The samples at the places `rows` [n] in twice as many steps. */
static weir_status doubled_batch(const counting *k, int64_t n, const int64_t *rows,
                                 double *log_prob)
{
    weir_score_opts o = k->score;
    o.steps = 2 * k->info->fixed_steps;
    weir_scope s = weir_scope_begin_no_grad(k->c);
    weir_batch *b = weir__dataset_gather(k->d, rows, 0, n);
    b = weir__data_batch_under(k->c, b, k->o->score.condition, k->n, 0, rows);
    weir_tensor *lp = weir_model_log_prob(k->m, b, &o, NULL);
    if (!weir_is_nil(lp)) weir_copy_to_f64(lp, log_prob, n);
    weir_scope_end(s);
    return weir_status_of(k->c);
}

/* Adds up their differences, by weight. */
static void doubled_count(const counting *k, int64_t n, const int64_t *rows,
                          const double *log_prob, weir__mean *bias, weir__mean *square)
{
    for (int64_t i = 0; i < n; i++) {
        double d = log_prob[i] - k->log_prob[rows[i]], w = k->weights[rows[i]];
        weir__mean_add(bias, d, w);
        weir__mean_add(square, d * d, w);
    }
}

static weir_status doubled_all(const counting *k, int64_t n, int64_t *rows, double *log_prob)
{
    weir_data_log_prob_info *r = k->info;
    weir__mean bias = { 0 }, square = { 0 };
    int64_t batch = k->o->score.batch > 0 ? k->o->score.batch : WEIR__CHUNK_ROWS;
    for (int64_t i = 0; i < n; i++)
        rows[i] = (int64_t)(((double)i + 0.5) * (double)k->n / (double)n);
    for (int64_t first = 0; first < n; first += batch) {
        int64_t part = n - first < batch ? n - first : batch;
        if (doubled_batch(k, part, rows + first, log_prob) != WEIR_OK) return weir_status_of(k->c);
        doubled_count(k, part, rows + first, log_prob, &bias, &square);
    }
    r->n_doubled = bias.n;
    r->step_bias = weir__mean_value(&bias);
    r->step_error = sqrt(weir__mean_value(&square));
    return weir_status_of(k->c);
}

static weir_status count_doubled(const counting *k)
{
    int64_t n = k->o->doubled < k->n ? k->o->doubled : k->n;
    if (n <= 0 || k->info->fixed_steps == 0 || 2 * k->info->fixed_steps > 1000000)
        return weir_status_of(k->c);
    int64_t *rows = weir__alloc_n(k->c, n, sizeof *rows);
    double *log_prob = weir__alloc_n(k->c, n, sizeof *log_prob);
    if (rows && log_prob) doubled_all(k, n, rows, log_prob);
    weir__free(k->c, rows);
    weir__free(k->c, log_prob);
    return weir_status_of(k->c);
}

/* -- batches ----------------------------------------------------------------------------------- */
static void count_failed(weir_data_log_prob_info *r, int64_t id)
{
    if (r->n_failed < WEIR_FAILED_LISTED) r->failed_ids[r->n_failed] = id;
    r->n_failed++;
}

static void count_rows(const counting *k, const weir_batch *b, int64_t first, int64_t n)
{
    const double *w = weir_batch_weights(b);
    double *v = k->log_prob + first;
    k->info->weighted = w != NULL;
    for (int64_t i = 0; i < n; i++) {
        k->weights[first + i] = w ? w[i] : 1;
        if (isfinite(v[i])) continue;
        v[i] = NAN;
        count_failed(k->info, weir_batch_ids(b)[i]);
    }
}

static weir_status count_batch(const counting *k, int64_t first, int64_t n)
{
    weir_scope s = weir_scope_begin_no_grad(k->c);
    weir_score_info info = { .stderr_of = k->errors + first };
    weir_batch *b = weir_dataset_batch(k->d, first, n);
    b = weir__data_batch_under(k->c, b, k->o->score.condition, k->n, first, NULL);
    weir_tensor *lp = weir_model_log_prob(k->m, b, &k->score, &info);
    if (!weir_is_nil(lp) && weir_copy_to_f64(lp, k->log_prob + first, n) == WEIR_OK)
        count_rows(k, b, first, n);
    if (weir_ok(k->c) && k->o->on_batch)
        k->o->on_batch(k->o->user, first, n, weir_batch_ids(b), weir_batch_weights(b),
                       k->log_prob + first);
    k->info->kind = info.kind;
    k->info->draws = info.draws;
    k->info->probes = info.probes;
    k->info->solver = info.solver;
    k->info->fixed_steps = info.fixed_steps;
    weir_scope_end(s);
    return weir_status_of(k->c);
}

static bool count_stops(const counting *k, int64_t done)
{
    const weir_score_opts *o = &k->o->score;
    return o->on_step && o->on_step(o->user, done, k->n) != 0;
}

static weir_status count_all(const counting *k)
{
    int64_t rows = k->o->score.batch > 0 ? k->o->score.batch : WEIR__CHUNK_ROWS;
    for (int64_t first = 0; first < k->n; first += rows) {
        int64_t n = k->n - first < rows ? k->n - first : rows;
        if (count_batch(k, first, n) != WEIR_OK) return weir_status_of(k->c);
        if (count_stops(k, first + n)) return WEIR_STOPPED;
    }
    count_means(k);
    return count_doubled(k);
}

weir_status weir__data_log_prob(weir_model *m, weir_dataset *d, const weir_data_log_prob_opts *o,
                                bool with_truth, weir_data_log_prob_info *info)
{
    weir_ctx *c = m->object.ctx;
    int64_t n = weir_dataset_rows(d);
    if (o->limit > 0 && o->limit < n) n = o->limit;
    *info = (weir_data_log_prob_info){
        .kind = m->row->score_kind,
        .n = n,
        .dim = m->dim,
        .levels = m->levels,
        .nats = NAN,
        .nats_stderr = NAN,
        .estimator_stderr = NAN,
        .step_error = NAN,
        .step_bias = NAN,
        .bits_per_dim = NAN,
        .nats_unit_range = NAN,
        .excess = NAN,
        .excess_stderr = NAN,
    };
    if (n == 0) return weir_status_of(c);
    double *own = weir__alloc0_n(c, weir__size_times(n, 3), sizeof *own);
    if (!own) return weir_status_of(c);
    counting k = {
        .c = c,
        .m = m,
        .d = d,
        .o = o,
        .info = info,
        .score = o->score,
        .n = n,
        .log_prob = o->log_prob ? o->log_prob : own,
        .errors = o->stderr_of ? o->stderr_of : own + n,
        .weights = own + 2 * n,
    };
    k.score.condition = NULL;
    weir_status s = count_all(&k);
    if (s == WEIR_OK && with_truth) count_excess(&k);
    weir__free(c, own);
    return s == WEIR_OK ? weir_status_of(c) : s;
}

/* -- whether the data are the model's ---------------------------------------------------------- */
/* The first value of a batch that is no integer within [0, levels), or -1. */
static int64_t data_no_integer(const double *v, int64_t n, double levels)
{
    for (int64_t i = 0; i < n; i++)
        if (isfinite(v[i]) && !(v[i] >= 0 && v[i] < levels && v[i] == floor(v[i]))) return i;
    return -1;
}

static weir_status data_integers_of(weir_ctx *c, weir_dataset *d, int64_t first, int64_t n,
                                    double levels, double *v)
{
    weir_scope s = weir_scope_begin_no_grad(c);
    weir_batch *b = weir_dataset_batch(d, first, n);
    int64_t dim = weir_dataset_dim(d), count = weir_batch_size(b) * dim, bad = -1;
    if (weir_copy_to_f64(weir_batch_x(b), v, count) == WEIR_OK)
        bad = data_no_integer(v, count, levels);
    if (bad >= 0)
        weir_fail(c, WEIR_ERROR_VALUE,
                  "%.200s: row %lld: value %g: expected integers in [0, %g), as the model was "
                  "made for",
                  weir_dataset_spec(d), (long long)weir_batch_ids(b)[bad / dim], v[bad], levels);
    weir_scope_end(s);
    return weir_status_of(c);
}

/* Data without levels are good for a model of integers when their values are such integers. */
static weir_status data_integers(weir_model *m, weir_dataset *d, int64_t n)
{
    enum { ROWS = 256 };
    weir_ctx *c = m->object.ctx;
    double *v = weir__alloc_n(c, weir__size_times(ROWS, m->dim), sizeof *v);
    for (int64_t first = 0; v && weir_ok(c) && first < n; first += ROWS)
        data_integers_of(c, d, first, n - first < ROWS ? n - first : ROWS, (double)m->levels, v);
    weir__free(c, v);
    return weir_status_of(c);
}

static weir_status data_fit(weir_model *m, weir_dataset *d, int64_t n)
{
    weir_ctx *c = m->object.ctx;
    int64_t dim = weir_dataset_dim(d), levels = weir_dataset_levels(d);
    const char *spec = weir_dataset_spec(d);
    if (dim != m->dim)
        return weir_fail(c, WEIR_ERROR_SHAPE,
                         "%.200s: %lld values a row: expected %lld, as the model was made for",
                         spec, (long long)dim, (long long)m->dim);
    if (levels == m->levels) return WEIR_OK;
    if (levels == 0) return data_integers(m, d, n);
    if (m->levels == 0)
        return weir_fail(c, WEIR_ERROR_SHAPE,
                         "%.200s: integers of %lld levels: expected continuous data (levels=0 in "
                         "the SPEC), as the model was made for",
                         spec, (long long)levels);
    return weir_fail(c, WEIR_ERROR_SHAPE,
                     "%.200s: integers of %lld levels: expected %lld levels, as the model was "
                     "made for",
                     spec, (long long)levels, (long long)m->levels);
}

weir_status weir_data_log_prob(weir_model *m, weir_dataset *d, const weir_data_log_prob_opts *o,
                               weir_data_log_prob_info *info)
{
    WEIR__AS_FOUND;
    weir_data_log_prob_opts defaults = weir_data_log_prob_defaults();
    weir_data_log_prob_info unused;
    weir_ctx *c = m ? m->object.ctx : d ? d->object.ctx : NULL;
    if (!o) o = &defaults;
    if (!m || !d)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "data_log_prob: NULL: expected a model and a data set");
    if (!weir__model_usable(m, "data_log_prob")) return weir_status_of(c);
    if (d->object.nil || d->object.ctx != c)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "data_log_prob: data nil or of another context: expected a data set "
                         "that could be opened in the model's");
    if (o->size != sizeof *o || o->limit < 0 || o->doubled < 0)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "data_log_prob: options: expected those of weir_data_log_prob_defaults, "
                         "limit 0 or more, doubled too");
    if (!weir__score_options_fit(c, &o->score)) return weir_status_of(c);
    int64_t n = weir_dataset_rows(d);
    if (o->limit > 0 && o->limit < n) n = o->limit;
    if (data_fit(m, d, n) != WEIR_OK || weir_model_match_classes(m, d) != WEIR_OK
        || weir__data_condition_fits(m, d, o->score.condition, n, "data_log_prob") != WEIR_OK)
        return weir_status_of(c);
    return weir__data_log_prob(m, d, o, true, info ? info : &unused);
}
