/* score_grad.c - log p and its gradient by the sample, in the caller's arrays: what samplers and
 * variational objectives of a host program ask for. Samples are independent, so the gradient of the
 * sum over a chunk is that of every sample. */
#include <math.h>
#include <string.h>
#include "models/models.h"
#include "weir/grad.h"

typedef struct grad_job {
    weir_model *m;
    weir_dtype dtype; /* of x and grad */
    const char *x;
    char *grad;
    int64_t n;
    const weir_log_prob_opts *o;
    int64_t *ids; /* of one chunk */
} grad_job;

/* d sum(log p) / dx [n, dim] into the caller's array; NaN for samples whose log p is not finite. */
static weir_status grad_put(const grad_job *j, int64_t first, int64_t n, weir_tensor *g,
                            const double *log_prob)
{
    weir_ctx *c = j->m->object.ctx;
    int64_t dim = j->m->dim;
    size_t sample = (size_t)dim * weir_dtype_size(j->dtype);
    char *to = j->grad + (size_t)first * sample;
    if (weir_is_nil(g)) return weir_status_of(c);
    weir__convert(j->dtype, to, g->dtype, weir_data(weir_contiguous(g)), n * dim);
    const double nan = NAN;
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; !isfinite(log_prob[i]) && k < dim; k++)
            weir__convert(j->dtype, to + (size_t)i * sample + (size_t)k * weir_dtype_size(j->dtype),
                          WEIR_F64, &nan, 1);
    return weir_status_of(c);
}

static weir_status grad_chunk(const grad_job *j, int64_t first, int64_t n, double *log_prob,
                              weir_log_prob_info *info)
{
    weir_model *m = j->m;
    weir_ctx *c = m->object.ctx;
    const int64_t shape[] = { n, m->dim };
    weir_scope s = weir_scope_begin(c);
    const char *from = j->x + (size_t)(first * m->dim) * weir_dtype_size(j->dtype);
    for (int64_t i = 0; i < n; i++) j->ids[i] = first + i;
    weir_tensor *x = weir_tensor_wrap(c, j->dtype, (void *)(uintptr_t)from, 2, shape, NULL, NULL,
                                      NULL);
    x = weir_set_requires_grad(x, true);
    weir_log_prob_opts o = *j->o;
    o.condition = NULL; /* the batch has its part */
    weir_condition *k = weir__model_condition_part(c, j->o->condition, j->n, first, n);
    weir_tensor *lp = weir_model_log_prob(m, weir_batch_wrap(c, x, j->ids, NULL, k), &o, info),
                *g = NULL;
    if (weir_copy_to_f64(lp, log_prob, n) == WEIR_OK) {
        weir_tensor *total = weir_sum(lp);
        weir_grad(1, &total, 1, &x, NULL, false, true, &g);
        if (weir_ok(c)) grad_put(j, first, n, g, log_prob);
    }
    weir_scope_end(s);
    return weir_status_of(c);
}

static weir_status grad_run(grad_job *j, double *log_prob, weir_log_prob_info *total)
{
    weir_ctx *c = j->m->object.ctx;
    int64_t rows = j->o->batch > 0 ? j->o->batch : WEIR__CHUNK_ROWS;
    if (rows > j->n) rows = j->n;
    j->ids = weir__alloc_n(c, rows, sizeof *j->ids);
    for (int64_t first = 0; first < j->n && weir_ok(c); first += rows) {
        int64_t k = j->n - first < rows ? j->n - first : rows;
        weir_log_prob_info part = {
            .size = sizeof part,
            .stderr_of = total->stderr_of ? total->stderr_of + first : NULL,
            .report = total->report ? total->report + first : NULL,
        };
        grad_chunk(j, first, k, log_prob + first, &part);
        total->kind = part.kind;
        total->draws = part.draws;
        total->importance = part.importance;
        total->probes = part.probes;
        total->solver = part.solver;
        total->fixed_steps = part.fixed_steps;
        total->evaluations = part.evaluations;
        total->n_failed += part.n_failed;
        bool stop = weir_ok(c) && j->o->on_step && j->o->on_step(j->o->user, first + k, j->n) != 0;
        if (!stop) continue;
        weir__free(c, j->ids);
        return WEIR_STOPPED;
    }
    weir__free(c, j->ids);
    return weir_status_of(c);
}

static weir_status grad_into(weir_model *m, weir_dtype t, const void *x, int64_t n,
                             const weir_log_prob_opts *o, double *log_prob, void *grad,
                             weir_log_prob_info *info)
{
    static const char who[] = "model_log_prob_grad_into";
    weir_log_prob_opts own = weir_log_prob_defaults();
    weir_log_prob_info told = { 0 };
    if (!m) return WEIR_ERROR_ARGUMENT;
    weir_ctx *c = m->object.ctx;
    if (!weir__model_usable(m, who) || !weir__log_prob_read(c, o, &own)
        || !weir__sized_read(c, "score: info", "its sizeof", info, &told, sizeof told))
        return weir_status_of(c);
    if (n < 0 || (n > 0 && (!x || !log_prob || !grad)))
        return weir_fail(
            c, WEIR_ERROR_ARGUMENT,
            "%s: NULL or a negative count: expected n samples and room for their results", who);
    if (!weir__model_condition_divides(c, own.condition, n, who)) return weir_status_of(c);
    told = (weir_log_prob_info){
        .size = sizeof told,
        .kind = m->row->log_prob_kind,
        .draws = own.draws,
        .importance = 1,
        .evaluations = 1,
        .stderr_of = told.stderr_of,
        .report = told.report,
    };
    grad_job j = { .m = m, .dtype = t, .x = x, .grad = grad, .n = n, .o = &own };
    weir_status s = grad_run(&j, log_prob, &told);
    weir__sized_write(info, &told, sizeof told);
    return s;
}

weir_status weir_model_log_prob_grad_into(weir_model *m, const float *x, int64_t n,
                                          const weir_log_prob_opts *o, double *log_prob,
                                          float *grad, weir_log_prob_info *info)
{
    WEIR__AS_FOUND;
    return grad_into(m, WEIR_F32, x, n, o, log_prob, grad, info);
}

weir_status weir_model_log_prob_grad_into_f64(weir_model *m, const double *x, int64_t n,
                                              const weir_log_prob_opts *o, double *log_prob,
                                              double *grad, weir_log_prob_info *info)
{
    WEIR__AS_FOUND;
    return grad_into(m, WEIR_F64, x, n, o, log_prob, grad, info);
}
