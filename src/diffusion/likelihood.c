/* likelihood.c - log-densities by the instantaneous change of variables (Chen et al. 2018;
 * Grathwohl et al. 2019):
 *
 *     dx/dt = u(x, t), dA/dt = tr du/dx, from x_0 = x and A = 0 at t = lo:   log p(x) = log N(x_1;
 *     0, sigma^2 I) + A(hi)
 *
 * The trace is exact, by one product with the Jacobian for every element of x, or Hutchinson's e^T
 * (du/dx) e with k Rademacher probes e that stay the same during a solve: their mean is unbiased,
 * and their spread gives its standard error. A sample of the solve is (x, A_1 .. A_k), with one A
 * for the exact trace. */
#include <math.h>
#include <string.h>
#include "diffusion/diffusion.h"

/* Products at a time: memory of a product, and work that every block repeats, both stay small. By a
 * network's own rule for tangents those of a block go forward together; else each is a backward of
 * one recorded pass, and e^T (du/dx) is as good as (du/dx) e. */
enum { BLOCK = 16, BLOCK_BACKWARD = 64 };

typedef struct solve {
    const weir__likelihood *l;
    int64_t k; /* traces a sample */
} solve;

/* One evaluation of the ODE: samples [n] of the solve at states x [n, dim + k]. Per sample, what
 * makes the velocity of x and of what the network says, and its Jacobian of the network's. */
typedef struct asked {
    const solve *s;
    int64_t n;
    const int64_t *samples;
    const double *x;
    weir__conversion *velocity, *jacobian;
} asked;

/* [n, count, dim]: unit vectors first .. first+count-1, the same memory for every sample */
static weir_tensor *likelihood_units(const weir__field *f, int64_t n, int64_t first, int64_t count)
{
    weir_tensor *e = weir_zeros(f->ctx, f->dtype, 3, (const int64_t[]){ 1, count, f->dim });
    const double one = 1;
    for (int64_t k = 0; !weir_is_nil(e) && k < count; k++) {
        size_t at = (size_t)(k * f->dim + first + k) * weir_dtype_size(f->dtype);
        weir__convert(f->dtype, (char *)weir__ptr(e) + at, WEIR_F64, &one, 1);
    }
    return weir_expand(e, 3, (const int64_t[]){ n, count, f->dim });
}

/* [n, count, dim]: probes first .. first+count-1 of the samples in `rows` */
static weir_tensor *probes_of(const weir__likelihood *l, int64_t n, const int64_t *rows,
                              int64_t first, int64_t count)
{
    const weir__field *f = l->field;
    const int64_t shape[] = { n, count, f->dim };
    weir_tensor *e = weir_empty(f->ctx, f->dtype, 3, shape);
    size_t bytes = weir_dtype_size(f->dtype) * (size_t)f->dim;
    for (int64_t i = 0; !weir_is_nil(e) && i < n; i++)
        memcpy((char *)weir__ptr(e) + (size_t)(i * count) * bytes,
               (char *)weir__ptr(l->probes)
                   + (size_t)(rows[i] * l->probes->shape[1] + first) * bytes,
               (size_t)count * bytes);
    return e;
}

/* Part of sample i's exact trace, from jv [count, count]: element first+j of the product with unit
 * vector first+k */
static void likelihood_add_diagonal(int64_t count, const double *jv, weir__conversion of,
                                    double *trace)
{
    for (int64_t k = 0; k < count; k++) trace[0] += of.of_x + of.of_y * jv[k * count + k];
}

/* Sample i's traces by probes first .. first+count-1: jv and e [count, dim] */
static void likelihood_add_probes(int64_t dim, int64_t count, const double *jv, const double *e,
                                  weir__conversion of, double *traces)
{
    for (int64_t k = 0; k < count; k++) {
        double sum = 0;
        for (int64_t j = 0; j < dim; j++) sum += jv[k * dim + j] * e[k * dim + j];
        traces[k] += of.of_x * (double)dim + of.of_y * sum; /* e is of +-1 */
    }
}

static bool likelihood_put_exact(const asked *a, int64_t first, weir_tensor *jv, double *host,
                                 double *dx)
{
    const solve *s = a->s;
    int64_t n = a->n;
    int64_t dim = s->l->field->dim, row = dim + s->k, count = jv->shape[1];
    weir_tensor *around = weir_slice(jv, 2, first, first + count, 1); /* the diagonal */
    if (weir_copy_to_f64(around, host, n * count * count) != WEIR_OK) return false;
    for (int64_t i = 0; i < n; i++)
        likelihood_add_diagonal(count, host + i * count * count, a->jacobian[i],
                                dx + i * row + dim);
    return true;
}

static bool likelihood_put_probes(const asked *a, int64_t first, weir_tensor *e, weir_tensor *jv,
                                  double *host, double *dx)
{
    const solve *s = a->s;
    int64_t n = a->n;
    int64_t dim = s->l->field->dim, row = dim + s->k, count = jv->shape[1], size = count * dim;
    double *probes = host + n * size;
    if (weir_copy_to_f64(jv, host, n * size) != WEIR_OK) return false;
    if (weir_copy_to_f64(e, probes, n * size) != WEIR_OK) return false;
    for (int64_t i = 0; i < n; i++)
        likelihood_add_probes(dim, count, host + i * size, probes + i * size, a->jacobian[i],
                              dx + i * row + dim + first);
    return true;
}

/* What the network says and products as velocity and traces, into dx [n, dim + k] */
static bool likelihood_put(const asked *a, int64_t first, weir_tensor *y, weir_tensor *e,
                           weir_tensor *jv, double *dx)
{
    const solve *s = a->s;
    int64_t n = a->n;
    weir_ctx *c = s->l->field->ctx;
    int64_t dim = s->l->field->dim, row = dim + s->k, count = e->shape[1];
    int64_t size = s->l->probes ? weir__size_times(2 * count, dim) : count * count;
    int64_t all = weir__size_times(n, weir__size_plus(dim, size));
    double *said = weir__alloc_n(c, all, sizeof *said);
    if (!said) return false;
    bool good = weir_copy_to_f64(y, said, n * dim) == WEIR_OK;
    for (int64_t i = 0; good && i < n; i++)
        for (int64_t j = 0; j < dim; j++)
            dx[i * row + j] = a->velocity[i].of_x * a->x[i * row + j]
                              + a->velocity[i].of_y * said[i * dim + j];
    if (good && s->l->probes) good = likelihood_put_probes(a, first, e, jv, said + n * dim, dx);
    else if (good) good = likelihood_put_exact(a, first, jv, said + n * dim, dx);
    weir__free(c, said);
    return good;
}

static bool block(const asked *a, weir_tensor *x, weir_tensor *t, int64_t first, int64_t count,
                  double *dx)
{
    const solve *s = a->s;
    const weir__field *f = s->l->field;
    int64_t n = a->n;
    weir_scope scope = weir_scope_begin(f->ctx);
    weir_tensor *jv, *e;
    if (s->l->probes) e = probes_of(s->l, n, a->samples, first, count);
    else e = likelihood_units(f, n, first, count);
    weir_condition *k = weir__field_condition(f, n, a->samples);
    weir_tensor *y = f->net->row->jvp ? weir_network_jvp(f->net, x, t, k, e, &jv)
                                      : weir_network_vjp(f->net, x, t, k, e, &jv);
    bool good = !weir_is_nil(y) && !weir_is_nil(jv) && likelihood_put(a, first, y, e, jv, dx);
    weir_scope_end(scope);
    return good;
}

/* What makes the velocity of what the network says, and its Jacobian of the network's. */
static void likelihood_conversions(asked *a, const double *t)
{
    const weir__field *f = a->s->l->field;
    for (int64_t i = 0; i < a->n; i++) {
        weir_path_point p = f->path->at(f->path_options, t[i]);
        a->velocity[i] = weir__conversion_at(p, f->prediction, f->prediction_options,
                                             &weir__prediction_velocity, NULL);
        a->jacobian[i] = a->velocity[i];
        a->jacobian[i].of_y *= weir__field_input_scale(f, p);
    }
}

static bool with_trace(void *user, int64_t n, const int64_t *samples, const double *t,
                       const double *x, double *dx)
{
    const solve *s = user;
    const weir__field *f = s->l->field;
    int64_t row = f->dim + s->k, tangents = s->l->probes ? s->k : f->dim;
    asked a = { .s = s, .n = n, .samples = samples, .x = x };
    a.velocity = weir__alloc_n(f->ctx, weir__size_times(2, n), sizeof *a.velocity);
    if (!a.velocity) return false;
    a.jacobian = a.velocity + n;
    likelihood_conversions(&a, t);
    weir_scope scope = weir_scope_begin_no_grad(f->ctx);
    weir_tensor *xs = weir__field_input(f, n, t, x, row), *ts = weir__field_labels(f, n, t);
    bool good = !weir_is_nil(xs) && !weir_is_nil(ts);
    memset(dx, 0, (size_t)(n * row) * sizeof *dx);
    int64_t most = f->net->row->jvp ? BLOCK : BLOCK_BACKWARD;
    for (int64_t first = 0; good && first < tangents; first += most)
        good = block(&a, xs, ts, first, tangents - first < most ? tangents - first : most, dx);
    weir_scope_end(scope);
    weir__free(f->ctx, a.velocity);
    return good;
}

/* log N(x; 0, sigma^2 I) */
static double normal_log_density(int64_t dim, const double *x, double sigma)
{
    double sum = 0;
    for (int64_t i = 0; i < dim; i++) sum += (x[i] / sigma) * (x[i] / sigma);
    return -0.5 * sum - (double)dim * (0.91893853320467274178 + log(sigma));
}

/* Mean of v[0..k-1]; its standard error in *error: NaN for one */
static double mean_of(int64_t k, const double *v, double *error)
{
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < k; i++) sum += v[i];
    double mean = sum / (double)k;
    for (int64_t i = 0; i < k; i++) squares += (v[i] - mean) * (v[i] - mean);
    *error = k > 1 ? sqrt(squares / (double)(k - 1) / (double)k) : NAN;
    return mean;
}

/* sigma: deviation of the noise where the solve ends */
static void likelihood_finish(const weir__likelihood *l, int64_t n, int64_t k, double sigma,
                              const double *state, const weir_sample_report *report, double *log_p,
                              double *error)
{
    int64_t dim = l->field->dim;
    for (int64_t i = 0; i < n; i++) {
        const double *x = state + i * (dim + k);
        double spread, trace = mean_of(k, x + dim, &spread);
        bool arrived = report[i].end == WEIR_SAMPLE_DONE;
        log_p[i] = arrived ? normal_log_density(dim, x, sigma) + trace : NAN;
        if (!l->probes) spread = 0;
        if (error) error[i] = arrived ? spread : NAN;
    }
}

bool weir__likelihood_by(weir_ctx *c, const weir_sampler_row *sampler)
{
    if (sampler->solve) return true;
    weir_fail(c, WEIR_ERROR_UNSUPPORTED,
              "%s: a log-density by it: expected a method for ODEs, such as dopri5 or heun",
              sampler->row.name);
    return false;
}

/* By steps of the method's own choice. */
static bool likelihood_solve_in_angle(const weir__likelihood *l, weir_ode *p)
{
    weir__angle angle;
    const weir__field *f = l->field;
    bool good = weir__angle_begin(&angle, f->path, f->path_options, p);
    const double ends[] = { p->t0, p->t1 };
    good = good && l->sampler->solve(p, ends, 2, l->sampler_options) == WEIR_OK;
    weir__angle_end(&angle);
    return good;
}

/* Carries state [n, dim + k] to the noise, whose deviation is left in *sigma. */
static bool likelihood_solve(solve *s, int64_t n, double *state, weir_sample_report *report,
                             double *sigma)
{
    const weir__likelihood *l = s->l;
    const weir__field *f = l->field;
    int64_t n_times;
    double *times = weir__sampler_times(f->ctx, l->sampler, l->sampler_options, f->path,
                                        f->path_options, l->lo, l->hi, &n_times);
    if (!times) return false;
    weir_ode p = {
        .size = sizeof p,
        .ctx = f->ctx,
        .n = n,
        .dim = f->dim + s->k,
        .t0 = times[0],
        .t1 = times[n_times - 1],
        .x = state,
        .f = with_trace,
        .user = s,
        .report = report,
        .tail = s->k,
    };
    *sigma = f->path->at(f->path_options, p.t1).b;
    bool adaptive = weir_sampler_steps(l->sampler, l->sampler_options) == 0;
    bool good = adaptive && weir__path_jumps(f->path)
                    ? likelihood_solve_in_angle(l, &p)
                    : l->sampler->solve(&p, times, n_times, l->sampler_options) == WEIR_OK;
    weir__free(f->ctx, times);
    return good;
}

weir_status weir__likelihood_run(const weir__likelihood *l, int64_t n, const double *x,
                                 double *log_p, double *error, weir_sample_report *report)
{
    weir_ctx *c = l->field->ctx;
    int64_t dim = l->field->dim;
    solve s = { .l = l, .k = l->probes ? l->probes->shape[1] : 1 };
    double sigma;
    if (!weir__likelihood_by(c, l->sampler)) return weir_status_of(c);
    int64_t size = weir__size_times(n, weir__size_plus(dim, s.k));
    double *state = weir__alloc0_n(c, size, sizeof *state);
    if (!state) return weir_status_of(c);
    for (int64_t i = 0; i < n; i++)
        memcpy(state + i * (dim + s.k), x + i * dim, (size_t)dim * sizeof *x);
    if (likelihood_solve(&s, n, state, report, &sigma))
        likelihood_finish(l, n, s.k, sigma, state, report, log_p, error);
    weir__free(c, state);
    return weir_status_of(c);
}
