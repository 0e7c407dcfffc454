/* solve_log_prob.c - log-densities of models that are a network on a path: the ODE carries the data
 * to the noise, and the trace of its Jacobian says how volume changes (diffusion/likelihood.c).
 * Probes belong to the sample's id. */
#include <math.h>
#include <string.h>
#include "models/models.h"

/* Values a sample: up to ALWAYS_EXACT the exact trace costs no more than an estimate worth having;
 * it costs one product a value, so that above EXACT_UP_TO a model estimates it unless told
 * otherwise. */
enum { ALWAYS_EXACT = 4, EXACT_UP_TO = 128, PROBES = 2 };

/* 0: the exact trace */
static int64_t score_probes(const weir_model *m, int64_t own, const weir_log_prob_opts *o)
{
    int64_t k = o->probes >= 0 ? o->probes : own;
    if (k < 0) k = m->dim > EXACT_UP_TO ? PROBES : 0;
    return m->dim > ALWAYS_EXACT ? k : 0;
}

weir_tensor *weir__rademacher(weir_ctx *c, const weir_model *m, int64_t n, int64_t k)
{
    weir_tensor *u = weir_rand(c, m->dtype, 3, (const int64_t[]){ n, k, m->dim });
    weir_tensor *half = weir_scalar(c, m->dtype, 0.5);
    return weir_where(weir_lt(u, half), weir_scalar(c, m->dtype, -1), weir_scalar(c, m->dtype, 1));
}

typedef struct scored {
    double *x, *log_p, *error; /* [n, dim], [n], [n] */
    weir_sample_report *report; /* [n] */
} scored;

static bool score_take(scored *r, weir_ctx *c, int64_t n, int64_t dim)
{
    r->x = weir__alloc_n(c, weir__size_times(n, weir__size_plus(dim, 2)), sizeof *r->x);
    r->report = weir__alloc0_n(c, n, sizeof *r->report);
    if (!r->x || !r->report) return false;
    r->log_p = r->x + n * dim;
    r->error = r->log_p + n;
    return true;
}

static void score_tell_rows(int64_t n, const scored *r, weir_log_prob_info *info)
{
    info->evaluations = 0;
    info->n_out_of_steps = 0;
    for (int64_t i = 0; i < n; i++) {
        info->evaluations += (double)r->report[i].evaluations / (double)n;
        info->n_out_of_steps += r->report[i].end == WEIR_SAMPLE_OUT_OF_STEPS;
        if (info->stderr_of) info->stderr_of[i] = r->error[i];
        if (info->report) info->report[i] = r->report[i];
    }
}

static void score_tell(const weir__likelihood *l, weir_log_prob_info *info)
{
    info->kind = l->probes ? WEIR_LOG_PROB_ESTIMATE : WEIR_LOG_PROB_EXACT;
    info->probes = l->probes ? l->probes->shape[1] : 0;
    info->solver = l->sampler->row.name;
    info->fixed_steps = weir_sampler_steps(l->sampler, l->sampler_options);
}

static weir_tensor *score_run(weir_model *m, const weir__likelihood *l, weir_tensor *y,
                              weir_log_prob_info *info)
{
    weir_ctx *c = l->field->ctx;
    int64_t n = y->shape[0];
    scored r = { 0 };
    weir_tensor *result = weir__nil(c, WEIR__TENSOR);
    const weir__field *f = l->field;
    double a = f->path->at(f->path_options, l->lo).a; /* data are x / a there */
    bool good = score_take(&r, c, n, m->dim) && weir_copy_to_f64(y, r.x, n * m->dim) == WEIR_OK;
    for (int64_t i = 0; good && i < n * m->dim; i++) r.x[i] *= a;
    good = good && weir__likelihood_run(l, n, r.x, r.log_p, r.error, r.report) == WEIR_OK;
    for (int64_t i = 0; good && i < n; i++) r.log_p[i] += (double)m->dim * log(a);
    if (good) result = weir_cast(weir_from_f64(c, r.log_p, 1, &n), m->dtype);
    if (good && info) {
        score_tell_rows(n, &r, info);
        score_tell(l, info);
    }
    weir__free(c, r.x);
    weir__free(c, r.report);
    return result;
}

/* -- with history ------------------------------------------------------------------------------ */
/* Steps of an adaptive solver where it is recorded. */
enum { RECORDED_STEPS = 20 };

static void score_tell_recorded(const weir__likelihood *l, const weir_tableau *method, int64_t n,
                                int64_t steps, weir_log_prob_info *info)
{
    score_tell(l, info);
    info->fixed_steps = steps;
    info->evaluations = (double)(steps * method->stages);
    info->n_out_of_steps = 0;
    for (int64_t i = 0; i < n; i++) {
        if (info->stderr_of) info->stderr_of[i] = l->probes ? NAN : 0;
        if (info->report)
            info->report[i] = (weir_sample_report){ .end = WEIR_SAMPLE_DONE, .steps = steps };
    }
}

static weir_tensor *score_record(weir_model *m, weir__likelihood *l, weir_tensor *y,
                                 weir_log_prob_info *info)
{
    const weir__field *f = l->field;
    const weir_row *row = &l->sampler->row;
    const weir_tableau *method = weir_ode_method(strchr(row->name, '.') + 1);
    int64_t n_times;
    if (!method) {
        weir_fail(f->ctx, WEIR_ERROR_UNSUPPORTED,
                  "%s: %s: no gradients by it: expected euler, midpoint, heun, rk4 or dopri5",
                  m->row->row.name, row->name);
        return weir__nil(f->ctx, WEIR__TENSOR);
    }
    weir_sampler_opts *o = (weir_sampler_opts *)(uintptr_t)l->sampler_options;
    if (weir_sampler_steps(l->sampler, o) == 0) o->steps = RECORDED_STEPS;
    double *times = weir__sampler_times(f->ctx, l->sampler, o, f->path, f->path_options, l->lo,
                                        l->hi, &n_times);
    if (!times) return weir__nil(f->ctx, WEIR__TENSOR);
    double a = f->path->at(f->path_options, l->lo).a; /* as above */
    if (a != 1) y = weir_scale(y, a);
    weir_tensor *log_p =
        weir__solve_recorded(f, method, times, n_times, y, f->condition, l->probes).log_prob;
    if (a != 1) log_p = weir_affine(log_p, 1, (double)m->dim * log(a));
    if (info) score_tell_recorded(l, method, y->shape[0], n_times - 1, info);
    weir__free(f->ctx, times);
    return log_p;
}

weir_tensor *weir__solve_log_prob(weir_model *m, const weir__field *f, const weir_choice *own,
                                  int64_t probes, weir_tensor *y, const weir_condition *k,
                                  const weir_log_prob_opts *o, weir_log_prob_info *info)
{
    weir_ctx *c = y->object.ctx;
    weir_log_prob_opts defaults = weir_log_prob_defaults();
    weir__field field = *f;
    weir__likelihood l = { .field = &field };
    weir_choice sampler;
    if (!o) o = &defaults;
    field.ctx = c;
    field.condition = k;
    int64_t n_probes = score_probes(m, probes, o);
    if (n_probes > 0) l.probes = weir__rademacher(c, m, y->shape[0], n_probes);
    if (!weir_ok(c) || !weir__sampler_open(c, &m->row->row, own, o->solver, &sampler))
        return weir__nil(c, WEIR__TENSOR);
    if (weir__sampler_alters(m, &sampler)) {
        weir__sampler_close(c, &sampler);
        return weir__nil(c, WEIR__TENSOR);
    }
    if (o->steps > 0) ((weir_sampler_opts *)sampler.options)->steps = o->steps;
    l.sampler = (const weir_sampler_row *)sampler.row;
    l.sampler_options = sampler.options;
    weir__field_ends(f, &l.lo, &l.hi);
    weir_tensor *result = weir__log_prob_is_recorded(m, y) ? score_record(m, &l, y, info)
                                                           : score_run(m, &l, y, info);
    weir__sampler_close(c, &sampler);
    return result;
}
