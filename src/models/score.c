/* score.c - log-densities of data as stored. Random numbers (dequantisation, probes) belong to the
 * sample's id and the number of the draw, so a sample's result depends on neither its batch nor the
 * chunk it was computed in. */
#include <math.h>
#include <string.h>
#include "models/path_model.h"

void weir_log_prob_defaults_sized(weir_log_prob_opts *o, size_t size)
{
    const weir_log_prob_opts whole = {
        .size = sizeof whole, .draws = 1, .probes = -1, .importance = 1
    };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

bool weir__log_prob_read(weir_ctx *c, const weir_log_prob_opts *given, weir_log_prob_opts *o)
{
    if (!weir__sized_read(c, "score: options", "them from weir_log_prob_defaults", given, o,
                          sizeof *o))
        return false;
    if (o->draws < 1 || o->draws > 1000000) {
        weir_fail(c, WEIR_ERROR_RANGE, "score: draws=%lld: expected 1 to 1000000",
                  (long long)o->draws);
        return false;
    }
    if (o->importance < 1 || o->importance > 1000000) {
        weir_fail(c, WEIR_ERROR_RANGE, "score: importance=%lld: expected 1 to 1000000",
                  (long long)o->importance);
        return false;
    }
    if (o->steps < 0 || o->steps > 1000000) {
        weir_fail(c, WEIR_ERROR_RANGE, "score: steps=%lld: expected 0 to 1000000",
                  (long long)o->steps);
        return false;
    }
    if (o->bound != WEIR_BOUND_NONE && o->bound != WEIR_BOUND_VARIATIONAL) {
        weir_fail(c, WEIR_ERROR_RANGE, "score: bound=%d: expected none (0) or variational (1)",
                  (int)o->bound);
        return false;
    }
    if (o->probes < -1 || o->batch < 0) {
        weir_fail(c, WEIR_ERROR_RANGE,
                  "score: negative probes or batch: expected 0 or more, or -1 probes");
        return false;
    }
    return true;
}

/* -- gradients that would be lost -------------------------------------------------------------- */
static bool score_seek_parameter(void *user, const char *name, const weir__entry *e)
{
    bool *found = user;
    (void)name;
    *found = !e->is_buffer && e->tensor->requires_grad;
    return !*found;
}

bool weir__log_prob_is_recorded(weir_model *m, const weir_tensor *x)
{
    bool wanted = x->requires_grad;
    if (x->object.ctx->modes.no_grad) return false;
    if (!wanted) weir__module_visit(m->module, score_seek_parameter, &wanted);
    return wanted;
}

/* False, after an error, where gradients are wanted of a model that has none to give. */
static bool score_keeps_gradients(weir_model *m, const weir_tensor *x)
{
    weir_ctx *c = x->object.ctx;
    if (!m->row->no_gradient || !weir__log_prob_is_recorded(m, x)) return true;
    weir_fail(c, WEIR_ERROR_GRAPH,
              "model_log_prob: %s: no gradients (%s): expected a scope of weir_scope_begin_no_grad",
              m->row->row.name, m->row->no_gradient);
    return false;
}

/* False, after an error, where a bound is wanted of a model that has none. */
static bool score_has_bound(weir_ctx *c, const weir_model *m, const weir_log_prob_opts *o)
{
    if (o->bound == WEIR_BOUND_NONE || m->row->log_prob == weir__path_model_log_prob) return true;
    weir_fail(c, WEIR_ERROR_UNSUPPORTED,
              "score: bound: %s: expected a model on a path of noise, such as ddpm",
              m->row->row.name);
    return false;
}

/* One draw's log p of the data as stored, [B]. */
static weir_tensor *one_draw(weir_model *m, weir_batch *b, const weir_log_prob_opts *o,
                             weir_log_prob_info *info, int64_t draw)
{
    weir_tensor *x = weir_batch_x(b);
    weir_ctx *c = x->object.ctx;
    weir_scope s = weir_scope_begin(
        c); /* what a draw needs on its way ends with it, whatever their number */
    weir__frame_set(c, (weir__frame){
                           .stream = weir__hash_text(WEIR__STREAM_SCORE),
                           .step = (uint64_t)draw,
                           .ids = weir_batch_ids(b),
                           .n_ids = weir_batch_size(b),
                       });
    if (o->use_seed) weir__seed_set(c, o->seed);
    const weir_condition *k = weir__model_condition_seen(m, c, weir_batch_condition(b));
    weir_tensor *log_q, *y = weir__model_transform(m, x, k, &log_q);
    weir_tensor *lp = y;
    if (!weir_is_nil(y)) {
        lp = m->row->log_prob(m, y, k, o, info);
        lp = weir__hook_gave_rows(c, m->row->row.name, "log_prob", lp, weir_batch_size(b));
        lp = weir__model_log_prob_stored(m, lp, log_q);
    }
    weir__scope_end_keeping(s, 1, (void *const *)&lp);
    return lp;
}

/* -- bounds ------------------------------------------------------------------------------------ */
/* Of probes there is no bound: the mean of exp of an estimate is not p. False: the error is set. */
static bool bound_fits(const weir_model *m, const weir_log_prob_info *info)
{
    bool probes = info->kind == WEIR_LOG_PROB_ESTIMATE;
    if (info->importance == 1 || info->kind == WEIR_LOG_PROB_EXACT) return true;
    weir_fail(m->object.ctx, WEIR_ERROR_UNSUPPORTED, "score: importance=%lld: %s: %s",
              (long long)info->importance, m->row->row.name,
              probes ? "a log-density that probes estimate: expected 1, or no probes"
                     : "the variational bound: expected 1");
    return false;
}

/* log(1/K sum_k exp(lp_k)) over the K draws from number K `bound` on, [B]: of K = 1 that draw. */
static weir_tensor *one_bound(weir_model *m, weir_batch *b, const weir_log_prob_opts *o,
                              weir_log_prob_info *info, int64_t bound)
{
    int64_t k = info->importance;
    weir_tensor *total = one_draw(m, b, o, info, k * bound);
    if (!bound_fits(m, info)) return weir__nil(m->object.ctx, WEIR__TENSOR);
    double evaluations = info->evaluations;
    for (int64_t i = 1; i < k && !weir_is_nil(total); i++) {
        weir_tensor *next = one_draw(m, b, o, info, k * bound + i);
        total = weir_logsumexp(weir_stack(2, (weir_tensor *[]){ total, next }, 0), 0, false);
        evaluations += info->evaluations;
    }
    info->evaluations = evaluations / (double)k;
    return k > 1 ? weir_affine(total, 1, -log((double)k)) : total;
}

static void finish_bounds(const weir_model *m, weir_log_prob_info *info)
{
    bool uniform = !m->dequantizer || m->dequantizer->row == &weir__dequantizer_uniform;
    bool draws = weir__model_draws(m);
    if (info->kind != WEIR_LOG_PROB_EXACT || !draws) return;
    if (info->importance > 1 || !uniform) info->kind = WEIR_LOG_PROB_LOWER_BOUND;
}

static double score_element(const weir_tensor *t, int64_t i) { return weir_get(t, &i); }

/* Adds a draw to the running mean and sum of squared deviations of each sample (Welford 1962). */
static void add_draw(const weir_tensor *lp, int64_t draw, double *mean, double *squares)
{
    for (int64_t i = 0; i < lp->numel; i++) {
        double v = score_element(lp, i), d = v - mean[i];
        mean[i] += d / (double)(draw + 1);
        squares[i] += d * (v - mean[i]);
    }
}

/* What a model says of its samples itself (probes' errors, solver's reports) stands where one draw
 * is all there is. */
static void finish_info(const weir_tensor *lp, int64_t draws, const double *squares,
                        weir_log_prob_info *info)
{
    for (int64_t i = 0; i < lp->numel; i++) {
        double n = (double)draws, v = score_element(lp, i);
        info->n_failed += !isfinite(v);
        if (info->stderr_of && (draws > 1 || !isfinite(v)))
            info->stderr_of[i] = isfinite(v) ? sqrt(squares[i] / (n - 1) / n) : NAN;
        if (info->report && !isfinite(v) && info->report[i].end == WEIR_SAMPLE_DONE)
            info->report[i].end = WEIR_SAMPLE_NOT_FINITE;
    }
}

static weir_tensor *mean_of_draws(weir_model *m, weir_batch *b, const weir_log_prob_opts *o,
                                  weir_log_prob_info *info)
{
    weir_ctx *c = weir_batch_x(b)->object.ctx;
    double *mean = weir__alloc0_n(c, weir__size_times(weir_batch_size(b), 2), sizeof *mean);
    double *squares = mean + (mean ? weir_batch_size(b) : 0);
    info->importance = weir__model_draws(m) ? o->importance : 1;
    weir_tensor *total = mean ? one_bound(m, b, o, info, 0) : weir__nil(c, WEIR__TENSOR);
    int64_t draws = weir__model_draws(m) || info->kind != WEIR_LOG_PROB_EXACT
                        ? o->draws
                        : 1; /* without randomness one is all */
    double evaluations = info->evaluations;
    if (!weir_is_nil(total) && draws > 1) add_draw(total, 0, mean, squares);
    for (int64_t k = 1; k < draws && !weir_is_nil(total); k++) {
        weir_tensor *lp = one_bound(m, b, o, info, k);
        if (!weir_is_nil(lp)) add_draw(lp, k, mean, squares);
        total = weir_add(total, lp);
        evaluations += info->evaluations;
    }
    if (draws > 1) total = weir_scale(total, 1 / (double)draws);
    info->draws = draws;
    info->evaluations = evaluations / (double)draws;
    if (!weir_is_nil(total)) finish_info(total, draws, squares, info);
    finish_bounds(m, info);
    weir__free(c, mean);
    return total;
}

/* As for a model of one exact evaluation; others say what they did. */
static void begin_info(const weir_model *m, const weir_log_prob_opts *o, int64_t n,
                       weir_log_prob_info *info)
{
    *info = (weir_log_prob_info){ .size = sizeof *info,
                                  .kind = m->row->log_prob_kind,
                                  .draws = o->draws,
                                  .evaluations = 1,
                                  .importance = 1,
                                  .stderr_of = info->stderr_of,
                                  .report = info->report };
    for (int64_t i = 0; info->stderr_of && i < n; i++) info->stderr_of[i] = 0;
    for (int64_t i = 0; info->report && i < n; i++)
        info->report[i] = (weir_sample_report){ .end = WEIR_SAMPLE_DONE, .evaluations = 1 };
}

static bool score_read_info(weir_ctx *c, const weir_log_prob_info *given, weir_log_prob_info *info)
{
    *info = (weir_log_prob_info){ 0 };
    return weir__sized_read(c, "score: info", "its sizeof", given, info, sizeof *info);
}

weir_tensor *weir_model_log_prob(weir_model *m, weir_batch *b, const weir_log_prob_opts *o,
                                 weir_log_prob_info *info)
{
    WEIR__AS_FOUND;
    weir_log_prob_opts own = weir_log_prob_defaults();
    weir_log_prob_info told;
    weir_tensor *x = b ? weir_batch_x(b) : NULL;
    weir_ctx *c = x ? weir_ctx_of(x) : weir_model_ctx(m);
    if (!m || !b)
        weir_fail(c, WEIR_ERROR_ARGUMENT, "model_log_prob: NULL: expected a model and a batch");
    if (!m || !b || !weir__model_usable(m, "model_log_prob") || !weir_ok(c) || weir_is_nil(x))
        return weir__nil(c, WEIR__TENSOR);
    if (!weir__log_prob_read(c, o, &own) || !score_read_info(c, info, &told))
        return weir__nil(c, WEIR__TENSOR);
    if (!weir__reaches(c, m, "model_log_prob", "a model") || !score_keeps_gradients(m, x))
        return weir__nil(c, WEIR__TENSOR);
    if (!m->row->log_prob) {
        weir_fail(c, WEIR_ERROR_UNSUPPORTED,
                  "model_log_prob: %s: no log-density: expected a row with log_prob",
                  m->row->row.name);
        return weir__nil(c, WEIR__TENSOR);
    }
    if (!score_has_bound(c, m, &own)) return weir__nil(c, WEIR__TENSOR);
    if (own.condition) {
        weir_fail(c, WEIR_ERROR_ARGUMENT,
                  "model_log_prob: condition in the options: expected it in the batch");
        return weir__nil(c, WEIR__TENSOR);
    }
    b = weir__model_batch(m, c, b, "model_log_prob");
    if (!weir_ok(c)) return weir__nil(c, WEIR__TENSOR);
    begin_info(m, &own, weir_batch_size(b), &told);
    weir_tensor *lp = mean_of_draws(m, b, &own, &told);
    weir__sized_write(info, &told, sizeof told);
    return lp;
}

/* -- the caller's arrays, in chunks ------------------------------------------------------------ */
typedef struct job {
    weir_model *m;
    weir_dtype dtype; /* of x */
    const void *x;
    int64_t n;
    const weir_log_prob_opts *o;
    int64_t *ids; /* of one chunk */
} job;

static weir_status score_chunk(const job *j, int64_t first, int64_t n, double *log_prob,
                               weir_log_prob_info *info)
{
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    const int64_t shape[] = { n, m->dim };
    weir_scope s = weir_scope_begin_no_grad(c);
    const char *from = (const char *)j->x + (size_t)(first * m->dim) * weir_dtype_size(j->dtype);
    weir_tensor *x = weir_tensor_wrap(c, j->dtype, (void *)(uintptr_t)from, 2, shape, NULL, NULL,
                                      NULL);
    for (int64_t i = 0; i < n; i++) j->ids[i] = first + i;
    weir_condition *k = weir__model_condition_part(c, j->o->condition, j->n, first, n);
    weir_log_prob_opts o = *j->o;
    o.condition = NULL; /* the batch has its part */
    weir_tensor *lp = weir_model_log_prob(m, weir_batch_wrap(c, x, j->ids, NULL, k), &o, info);
    if (!weir_is_nil(lp) && weir_copy_to_f64(lp, log_prob, n) == WEIR_OK)
        for (int64_t i = 0; i < n; i++)
            if (!isfinite(log_prob[i])) log_prob[i] = NAN;
    weir_scope_end(s);
    return weir_status_of(c);
}

static weir_status all_chunks(job *j, int64_t n, double *log_prob, weir_log_prob_info *total)
{
    int64_t rows = j->o->batch > 0 ? j->o->batch : WEIR__CHUNK_ROWS;
    if (rows > n) rows = n;
    j->ids = weir__alloc_n(j->m->object.ctx, rows, sizeof *j->ids);
    if (!j->ids) return weir_status_of(j->m->object.ctx);
    weir_status s = WEIR_OK;
    for (int64_t first = 0; first < n && s == WEIR_OK; first += rows) {
        int64_t k = n - first < rows ? n - first : rows;
        weir_log_prob_info part = {
            .size = sizeof part,
            .stderr_of = total->stderr_of ? total->stderr_of + first : NULL,
            .report = total->report ? total->report + first : NULL,
        };
        s = score_chunk(j, first, k, log_prob + first, &part);
        total->n_failed += part.n_failed;
        total->n_out_of_steps += part.n_out_of_steps;
        total->kind = part.kind;
        total->draws = part.draws;
        total->importance = part.importance;
        total->probes = part.probes;
        total->solver = part.solver;
        total->fixed_steps = part.fixed_steps;
        total->evaluations += (part.evaluations - total->evaluations) * (double)k
                              / (double)(first + k);
        if (s == WEIR_OK && j->o->on_step && j->o->on_step(j->o->user, first + k, n) != 0)
            s = WEIR_STOPPED;
    }
    weir__free(j->m->object.ctx, j->ids);
    return s;
}

static weir_status log_prob_into(weir_model *m, weir_dtype t, const void *x, int64_t n,
                                 const weir_log_prob_opts *o, double *log_prob,
                                 weir_log_prob_info *info)
{
    weir_log_prob_opts own = weir_log_prob_defaults();
    weir_log_prob_info told;
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    if (weir__region_refuses(c, "model_log_prob_into", WEIR__REGION_MAKE)) return WEIR_ERROR_STATE;
    if (!weir__model_usable(m, "model_log_prob_into") || !weir__log_prob_read(c, o, &own)
        || !score_read_info(c, info, &told))
        return weir_status_of(c);
    if (n < 0 || (n > 0 && (!x || !log_prob)))
        return weir_fail(
            c, WEIR_ERROR_ARGUMENT,
            "model_log_prob_into: NULL or a negative count: expected n samples and room "
            "for n results");
    begin_info(m, &own, n, &told);
    if (!weir__model_condition_divides(c, own.condition, n, "model_log_prob_into"))
        return weir_status_of(c);
    job j = { .m = m, .dtype = t, .x = x, .n = n, .o = &own };
    weir_status s = all_chunks(&j, n, log_prob, &told);
    weir__sized_write(info, &told, sizeof told);
    return s;
}

weir_status weir_model_log_prob_into(weir_model *m, const float *x, int64_t n,
                                     const weir_log_prob_opts *o, double *log_prob,
                                     weir_log_prob_info *info)
{
    WEIR__AS_FOUND;
    return log_prob_into(m, WEIR_F32, x, n, o, log_prob, info);
}

weir_status weir_model_log_prob_into_f64(weir_model *m, const double *x, int64_t n,
                                         const weir_log_prob_opts *o, double *log_prob,
                                         weir_log_prob_info *info)
{
    WEIR__AS_FOUND;
    return log_prob_into(m, WEIR_F64, x, n, o, log_prob, info);
}
