/* variational.c - the variational bound of log p of a chain of K steps on a path (Ho et al. 2020,
 * eq. 5; Kingma et al. 2021, eq. 13). With t_i = i / K of the path's times, snr = a^2 / b^2 and D
 * the data that the network predicts from x_i = a_i x + b_i eps_i:
 *
 *     -log p(x) <= KL(q(x_K | x) | N(0, (a_K^2 + b_K^2) I))
 *                  + sum_{i=2}^{K} 1/2 (snr_{i-1} - snr_i) |x - D(x_i, t_i)|^2
 *                  - log N(x; D(x_1, t_1), beta_1 I),      beta_1 = b_1^2 / (a_1^2 + b_1^2)
 *
 * Steps back have the variance of q(x_{i-1} | x_i, x), which DDPM calls fixed small, the last
 * beta_1. Each expectation is by one eps_i, of the sample's id. */
#include <math.h>
#include "models/path_model.h"

#define LOG_2PI 1.8378770664093454836

enum { VARIATIONAL_STEPS = 1000 };

typedef struct variational {
    const weir__field *field;
    int64_t n, dim, steps;
    const double *data; /* [n, dim] */
    double *noisy, *said, *times; /* [n, dim], [n, dim], [n] */
    int64_t *places; /* [n] */
    double *bound; /* [n] */
} variational;

/* Those of the table, of a path that has one. */
static int64_t variational_steps(const weir__field *f, const weir_log_prob_opts *o)
{
    const int64_t *own = weir__option_value(&f->path->row, (void *)(uintptr_t)f->path_options,
                                            "steps", WEIR_OPTION_INT);
    if (o->steps > 0) return o->steps;
    return own ? *own : VARIATIONAL_STEPS;
}

/* -KL(N(a x, b^2 I) | N(0, s^2 I)), s^2 = a^2 + b^2 */
static void variational_end(variational *v, weir_path_point p)
{
    double s2 = p.a * p.a + p.b * p.b, rest = p.b * p.b / s2;
    double each = 0.5 * (rest - 1 - log(rest));
    for (int64_t i = 0; i < v->n; i++) {
        double square = 0;
        for (int64_t j = 0; j < v->dim; j++)
            square += v->data[i * v->dim + j] * v->data[i * v->dim + j];
        v->bound[i] = -each * (double)v->dim - 0.5 * p.a * p.a / s2 * square;
    }
}

/* noisy = a x + b eps, and what the network says of it */
static weir_status variational_ask(variational *v, double t, weir_path_point p)
{
    const weir__field *f = v->field;
    int64_t count = v->n * v->dim;
    weir_scope s = weir_scope_begin_no_grad(f->ctx);
    weir_tensor *eps = weir_randn(f->ctx, WEIR_F64, 2, (const int64_t[]){ v->n, v->dim });
    weir_status status = weir_copy_to_f64(eps, v->noisy, count);
    weir_scope_end(s);
    if (status != WEIR_OK) return status;
    for (int64_t i = 0; i < count; i++) v->noisy[i] = p.a * v->data[i] + p.b * v->noisy[i];
    for (int64_t i = 0; i < v->n; i++) v->times[i] = t;
    return weir__field_predict((void *)(uintptr_t)f, &weir__prediction_x0, v->n, v->places,
                               v->times, v->noisy, v->said);
}

/* Takes weight / 2 |x - D|^2 off, and `constant`. */
static void variational_take(variational *v, double weight, double constant)
{
    for (int64_t i = 0; i < v->n; i++) {
        double square = 0;
        for (int64_t j = i * v->dim; j < (i + 1) * v->dim; j++)
            square += (v->data[j] - v->said[j]) * (v->data[j] - v->said[j]);
        v->bound[i] -= 0.5 * weight * square + constant;
    }
}

static double variational_snr(weir_path_point p) { return p.a * p.a / (p.b * p.b); }

static weir_status variational_run(variational *v)
{
    const weir__field *f = v->field;
    double lo, hi, begin, end, before = 0;
    weir_status status = WEIR_OK;
    f->path->interval(f->path_options, &begin, &end);
    weir__field_ends(f, &lo, &hi); /* within the path's, which the table stands on */
    variational_end(v, f->path->at(f->path_options, hi));
    for (int64_t i = 1; i <= v->steps && status == WEIR_OK; i++) {
        double t = begin + (end - begin) * (double)i / (double)v->steps;
        t = fmin(fmax(t, lo), hi);
        weir_path_point p = f->path->at(f->path_options, t);
        double beta = p.b * p.b / (p.a * p.a + p.b * p.b), snr = variational_snr(p);
        status = variational_ask(v, t, p);
        if (i == 1) variational_take(v, 1 / beta, 0.5 * (double)v->dim * (LOG_2PI + log(beta)));
        else variational_take(v, before - snr, 0);
        before = snr;
    }
    return status;
}

static bool variational_room(variational *v, weir_ctx *c)
{
    int64_t values = weir__size_times(weir__size_times(3, v->n), v->dim);
    double *room = weir__alloc_n(c, weir__size_plus(values, weir__size_times(2, v->n)),
                                 sizeof *room);
    v->places = weir__alloc_n(c, v->n, sizeof *v->places);
    v->data = room;
    if (!room || !v->places) return false;
    v->noisy = room + v->n * v->dim;
    v->said = v->noisy + v->n * v->dim;
    v->times = v->said + v->n * v->dim;
    v->bound = v->times + v->n;
    for (int64_t i = 0; i < v->n; i++) v->places[i] = i;
    return true;
}

static void variational_tell(const variational *v, weir_log_prob_info *info)
{
    info->kind = WEIR_LOG_PROB_LOWER_BOUND;
    info->probes = 0;
    info->solver = NULL;
    info->fixed_steps = 0;
    info->evaluations = (double)v->steps;
    info->n_out_of_steps = 0;
    for (int64_t i = 0; i < v->n; i++) {
        if (info->stderr_of) info->stderr_of[i] = NAN; /* one draw does not say */
        if (info->report)
            info->report[i] = (weir_sample_report){ .end = WEIR_SAMPLE_DONE, .steps = v->steps };
    }
}

weir_tensor *weir__variational_bound(weir_model *m, const weir__field *f, weir_tensor *y,
                                     const weir_condition *k, const weir_log_prob_opts *o,
                                     weir_log_prob_info *info)
{
    weir_ctx *c = y->object.ctx;
    weir__field field = *f;
    weir_tensor *result = weir__nil(c, WEIR__TENSOR);
    if (weir__log_prob_is_recorded(m, y)) {
        weir_fail(c, WEIR_ERROR_UNSUPPORTED,
                  "%s: bound: no gradients by it: expected a scope of weir_scope_begin_no_grad",
                  m->row->row.name);
        return result;
    }
    field.ctx = c;
    field.condition = k;
    variational v = {
        .field = &field, .n = y->shape[0], .dim = m->dim, .steps = variational_steps(f, o)
    };
    bool good = variational_room(&v, c)
                && weir_copy_to_f64(y, (double *)(uintptr_t)v.data, v.n * v.dim) == WEIR_OK
                && variational_run(&v) == WEIR_OK;
    if (good) result = weir_cast(weir_from_f64(c, v.bound, 1, &v.n), m->dtype);
    if (good && info) variational_tell(&v, info);
    weir__free(c, (void *)(uintptr_t)v.data);
    weir__free(c, v.places);
    return result;
}
