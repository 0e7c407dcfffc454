/* data_log_prob.c - the log-likelihood of a data set: means over the samples that did not fail, by
 * weight, with their standard errors. Validation, the report and `weir score` count by it. */
#include <string.h>
#include "train/train.h"

void weir_data_log_prob_defaults_sized(weir_data_log_prob_opts *o, size_t size)
{
    const weir_data_log_prob_opts whole = { .size = sizeof whole, .doubled = 100 };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

typedef struct counting {
    weir_ctx *c;
    weir_model *m;
    weir_dataset *d;
    const weir_data_log_prob_opts *o;
    weir_data_log_prob_info *info;
    const weir_log_prob_opts *asked;
    weir_log_prob_opts how; /* of a batch, which has its condition */
    int64_t n;
    double *log_prob, *errors, *weights; /* [n] */
    int64_t *ids; /* [n] */
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
    if (weir__model_draws(k->m) && k->info->draws == 1) return NAN; /* one draw cannot say */
    for (int64_t i = 0; i < k->n; i++)
        if (isfinite(v[i])) total += w[i];
    if (!(total > 0)) return NAN;
    for (int64_t i = 0; i < k->n; i++) {
        if (!isfinite(v[i]) || w[i] == 0) continue;
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
    weir_log_prob_opts o = k->how;
    o.steps = 2 * k->info->fixed_steps;
    weir_scope s = weir_scope_begin_no_grad(k->c);
    weir_batch *b = weir__dataset_gather(k->d, rows, 0, n);
    b = weir__data_batch_under(k->c, b, k->asked->condition, k->n, 0, rows);
    weir_tensor *lp = weir_model_log_prob(k->m, b, &o, NULL);
    if (!weir_is_nil(lp)) weir_copy_to_f64(lp, log_prob, n);
    weir_scope_end(s);
    return weir_status_of(k->c);
}

/* Adds up their differences, by weight. */
static void doubled_count(const counting *k, int64_t n, const int64_t *rows, const double *log_prob,
                          weir__mean *bias, weir__mean *square)
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
    int64_t batch = k->asked->batch > 0 ? k->asked->batch : WEIR__CHUNK_ROWS;
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

/* Nats a sample that steps may be wrong by before it is said: some hundredths, and of many values
 * 0.01 bits of each. */
static double doubled_least(const counting *k)
{
    return 0.05 + 0.01 * 0.69314718055994531 * (double)k->info->dim;
}

/* One line where twice as many steps say something else. */
static void doubled_warn(const counting *k)
{
    const weir_data_log_prob_info *r = k->info;
    if (r->n_doubled == 0 || !(r->step_error > doubled_least(k))) return;
    weir__log(
        k->c,
        "warning: log p by %lld fixed steps of %s: twice as many change it by %.3g nats a sample: "
        "expected more, or those that dopri5 chooses",
        (long long)r->fixed_steps, strchr(r->solver, '.') + 1, r->step_error);
}

static weir_status count_doubled(const counting *k)
{
    int64_t n = k->o->doubled < k->n ? k->o->doubled : k->n;
    if (n <= 0 || k->info->fixed_steps == 0 || 2 * k->info->fixed_steps > 1000000)
        return weir_status_of(k->c);
    int64_t *rows = weir__alloc_n(k->c, n, sizeof *rows);
    double *log_prob = weir__alloc_n(k->c, n, sizeof *log_prob);
    if (rows && log_prob && doubled_all(k, n, rows, log_prob) == WEIR_OK) doubled_warn(k);
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
    for (int64_t i = 0; i < n; i++) {
        k->weights[first + i] = w ? w[i] : 1;
        k->ids[first + i] = weir_batch_ids(b)[i];
        if (!isfinite(v[i])) v[i] = NAN;
    }
}

static weir_status count_batch(const counting *k, int64_t first, int64_t n)
{
    weir_scope s = weir_scope_begin_no_grad(k->c);
    weir_log_prob_info info = { .size = sizeof info, .stderr_of = k->errors + first };
    weir_batch *b = weir_dataset_batch(k->d, first, n);
    b = weir__data_batch_under(k->c, b, k->asked->condition, k->n, first, NULL);
    weir_tensor *lp = weir_model_log_prob(k->m, b, &k->how, &info);
    if (!weir_is_nil(lp) && weir_copy_to_f64(lp, k->log_prob + first, n) == WEIR_OK)
        count_rows(k, b, first, n);
    k->info->kind = info.kind;
    k->info->draws = info.draws;
    k->info->importance = info.importance;
    k->info->probes = info.probes;
    k->info->solver = info.solver;
    k->info->fixed_steps = info.fixed_steps;
    weir_scope_end(s);
    return weir_status_of(k->c);
}

/* A batch whose values are known */
static void count_told(const counting *k, int64_t first, int64_t n)
{
    const double *w = k->info->weighted ? k->weights + first : NULL;
    for (int64_t i = first; i < first + n; i++)
        if (isnan(k->log_prob[i])) count_failed(k->info, k->ids[i]);
    if (k->o->on_batch)
        k->o->on_batch(k->o->user, first, n, k->ids + first, w, k->log_prob + first);
}

static bool count_stops(const counting *k, int64_t done)
{
    const weir_log_prob_opts *o = k->asked;
    return o->on_step && o->on_step(o->user, done, k->n) != 0;
}

static int64_t count_rows_a_batch(const counting *k)
{
    return k->asked->batch > 0 ? k->asked->batch : WEIR__CHUNK_ROWS;
}

/* Batches [own.lo, own.hi); *stopped: on_step wanted no more. */
static void count_batches(const counting *k, weir__span own, bool tell, bool *stopped)
{
    int64_t rows = count_rows_a_batch(k);
    for (int64_t b = own.lo; b < own.hi && !*stopped; b++) {
        int64_t first = b * rows, n = k->n - first < rows ? k->n - first : rows;
        if (count_batch(k, first, n) != WEIR_OK) return;
        if (tell) count_told(k, first, n);
        *stopped = count_stops(k, first + n);
    }
}

/* Shares what each rank has counted; then reports all, in order. */
static bool count_gather(const counting *k, int64_t batches)
{
    int ranks = weir_ranks(k->c);
    int64_t rows = count_rows_a_batch(k);
    void *const arrays[] = { k->log_prob, k->errors, k->weights, k->ids };
    size_t *ends = weir__alloc_n(k->c, ranks, sizeof *ends);
    bool good = ends != NULL;
    for (int r = 0; good && r < ranks; r++) {
        int64_t end = weir__tree_own(batches, r, ranks).hi * rows;
        ends[r] = (size_t)(end < k->n ? end : k->n) * sizeof(double);
    }
    for (int i = 0; good && i < 4; i++) good = weir__group_gather(k->c, arrays[i], ends);
    weir__free(k->c, ends);
    for (int64_t first = 0; good && first < k->n; first += rows)
        count_told(k, first, k->n - first < rows ? k->n - first : rows);
    return good;
}

/* The ranks of a group divide the batches, where there is one for each. */
static weir_status count_all(const counting *k)
{
    int64_t rows = count_rows_a_batch(k), batches = (k->n + rows - 1) / rows;
    int ranks = weir_ranks(k->c);
    bool divided = ranks > 1 && batches >= ranks, stopped = false;
    weir__span own = { 0, batches };
    if (divided) own = weir__tree_own(batches, weir_rank(k->c), ranks);
    k->info->weighted = k->d->store->weights != NULL;
    count_batches(k, own, !divided, &stopped);
    int64_t bits = stopped;
    if (!weir__group_any(k->c, &bits)) return weir_status_of(k->c);
    if (bits) return WEIR_STOPPED;
    if (divided && !count_gather(k, batches)) {
        weir__group_fail(k->c);
        return weir_status_of(k->c);
    }
    count_means(k);
    return count_doubled(k);
}

/* Without memory: the other ranks are told. */
static weir_status count_nothing(weir_ctx *c)
{
    int64_t bits = 0;
    weir__group_any(c, &bits);
    return weir_status_of(c);
}

weir_status weir__data_log_prob(weir_model *m, weir_dataset *d, const weir_data_log_prob_opts *o,
                                bool with_truth, weir_data_log_prob_info *info)
{
    weir_ctx *c = m->object.ctx;
    int64_t n = weir_dataset_samples(d);
    const weir_log_prob_opts usual = weir_log_prob_defaults(), *asked = o->how ? o->how : &usual;
    if (o->limit > 0 && o->limit < n) n = o->limit;
    *info = (weir_data_log_prob_info){
        .size = sizeof *info,
        .kind = m->row->log_prob_kind,
        .n = n,
        .dim = m->dim,
        .levels = m->levels,
        .dequantizer = m->dequantizer ? m->dequantizer->row->row.name : NULL,
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
    int64_t *ids = weir__alloc0_n(c, n, sizeof *ids);
    double *errors = own ? own + n : NULL;
    counting k = {
        .c = c,
        .m = m,
        .d = d,
        .o = o,
        .info = info,
        .asked = asked,
        .how = *asked,
        .n = n,
        .log_prob = o->log_prob ? o->log_prob : own,
        .errors = o->stderr_of ? o->stderr_of : errors,
        .weights = own ? own + 2 * n : NULL,
        .ids = ids,
    };
    k.how.condition = NULL;
    weir_status s = own && ids ? count_all(&k) : count_nothing(c);
    if (s == WEIR_OK && with_truth) count_excess(&k);
    weir__free(c, ids);
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
                  "%.200s: sample %lld: value %g: expected integers in [0, %g), as the model was "
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
    int64_t levels = weir_dataset_levels(d);
    const char *spec = weir_dataset_spec(d);
    if (weir__model_fits(m, d) != WEIR_OK) return weir_status_of(c);
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

weir_status weir__data_fits(weir_model *m, weir_dataset *d, const weir_condition *k, int64_t n,
                            const char *who)
{
    weir_status status = data_fit(m, d, n);
    if (status == WEIR_OK) status = weir_model_match_classes(m, d);
    return status == WEIR_OK ? weir__data_condition_fits(m, d, k, n, who) : status;
}

/* False, with the error set, for arguments that no request can be about. */
bool weir__data_usable(weir_model *m, weir_dataset *d, const char *who)
{
    weir_ctx *c = m ? weir__ctx_of(m) : weir__ctx_of(d);
    if (!m || !d)
        weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: NULL: expected a model and a data set", who);
    if (!m || !d || !weir__model_usable(m, who)) return false;
    if (!d->object.nil && d->object.ctx == c) return true;
    weir_fail(c, WEIR_ERROR_ARGUMENT,
              "%s: data nil or of another context: expected a data set that could be opened in the "
              "model's",
              who);
    return false;
}

weir_status weir_data_log_prob(weir_model *m, weir_dataset *d, const weir_data_log_prob_opts *o,
                               weir_data_log_prob_info *info)
{
    WEIR__AS_FOUND;
    weir_data_log_prob_opts own = weir_data_log_prob_defaults();
    weir_log_prob_opts how = weir_log_prob_defaults();
    weir_data_log_prob_info told = { 0 };
    weir_ctx *c = m ? weir__ctx_of(m) : weir__ctx_of(d);
    if (!weir__data_usable(m, d, "data_log_prob")) return weir_status_of(c);
    if (!weir__sized_read(c, "data_log_prob: options", "them from weir_data_log_prob_defaults", o,
                          &own, sizeof own)
        || !weir__sized_read(c, "data_log_prob: info", "its sizeof", info, &told, sizeof told)
        || !weir__log_prob_read(c, own.how, &how))
        return weir_status_of(c);
    own.how = &how;
    if (own.limit < 0 || own.doubled < 0)
        return weir_fail(c, WEIR_ERROR_ARGUMENT,
                         "data_log_prob: options: expected limit and doubled 0 or more");
    int64_t n = weir_dataset_samples(d);
    if (own.limit > 0 && own.limit < n) n = own.limit;
    if (weir__data_fits(m, d, how.condition, n, "data_log_prob") != WEIR_OK)
        return weir_status_of(c);
    weir_status s = weir__data_log_prob(m, d, &own, true, &told);
    weir__sized_write(info, &told, sizeof told);
    return s;
}
