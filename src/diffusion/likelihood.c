/* likelihood.c - log-densities by the instantaneous change of variables (Chen et al. 2018; Grathwohl et al. 2019):
 *
 *     dx/dt = u(x, t), dA/dt = tr du/dx, from x_0 = x and A = 0 at t = lo:   log p(x) = log N(x_1; 0, sigma^2 I) + A(hi)
 *
 * The trace is exact, by one Jacobian-vector product for every element of x, or Hutchinson's e^T (du/dx) e with k Rademacher probes e
 * that stay the same during a solve: their mean is unbiased, and their spread gives its standard error. A row of the solve is
 * (x, A_1 .. A_k), with one A for the exact trace. */
#include <math.h>
#include <string.h>
#include "diffusion/diffusion.h"

enum { BLOCK = 16 }; /* products at a time: memory of a product, and work that every block repeats, both stay small */

typedef struct solve {
    const weir__likelihood *l;
    int64_t k; /* traces a row */
} solve;

/* [n, count, dim]: rows first .. first+count-1 of the unit matrix, for every sample */
static weir_tensor *units(const weir__field *f, int64_t n, int64_t first, int64_t count)
{
    const int64_t shape[] = { n, count, f->dim };
    weir_tensor *e = weir_zeros(f->ctx, f->dtype, 3, shape);
    double one = 1;
    size_t bytes = weir_dtype_size(f->dtype);
    for (int64_t i = 0; !weir_is_nil(e) && i < n * count; i++)
        weir__convert(f->dtype, (char *)weir__ptr(e) + (size_t)(i * f->dim + first + i % count) * bytes, WEIR_F64, &one, 1);
    return e;
}

/* [n, count, dim]: probes first .. first+count-1 of the rows in `rows` */
static weir_tensor *probes_of(const weir__likelihood *l, int64_t n, const int64_t *rows, int64_t first, int64_t count)
{
    const weir__field *f = l->field;
    const int64_t shape[] = { n, count, f->dim };
    weir_tensor *e = weir_empty(f->ctx, f->dtype, 3, shape);
    size_t bytes = weir_dtype_size(f->dtype) * (size_t)f->dim;
    for (int64_t i = 0; !weir_is_nil(e) && i < n; i++)
        memcpy((char *)weir__ptr(e) + (size_t)(i * count) * bytes, (char *)weir__ptr(l->probes) + (size_t)(rows[i] * l->probes->shape[1] + first) * bytes,
               (size_t)count * bytes);
    return e;
}

/* e^T (du/dx) e of every tangent: into traces [count] of each sample where they are probes, added up into one where they are units */
static bool add_products(const solve *s, int64_t n, int64_t first, weir_tensor *e, weir_tensor *jv, double *dx)
{
    int64_t count = e->shape[1], dim = s->l->field->dim, row = dim + s->k;
    double *product = weir__alloc(s->l->field->ctx, (size_t)(2 * dim) * sizeof *product), *probe = product + (product ? dim : 0);
    size_t bytes = weir_dtype_size(e->dtype) * (size_t)dim;
    for (int64_t i = 0; product && i < n * count; i++) {
        double sum = 0;
        weir__convert(WEIR_F64, product, jv->dtype, (char *)weir__ptr(jv) + (size_t)i * bytes, dim);
        weir__convert(WEIR_F64, probe, e->dtype, (char *)weir__ptr(e) + (size_t)i * bytes, dim);
        for (int64_t j = 0; j < dim; j++) sum += product[j] * probe[j];
        dx[i / count * row + dim + (s->l->probes ? first + i % count : 0)] += sum;
    }
    weir__free(s->l->field->ctx, product);
    return product != NULL;
}

static bool write_velocity(const solve *s, int64_t n, const weir_tensor *u, double *dx)
{
    const weir__field *f = s->l->field;
    size_t bytes = weir_dtype_size(f->dtype) * (size_t)f->dim;
    for (int64_t i = 0; i < n; i++) weir__convert(WEIR_F64, dx + i * (f->dim + s->k), f->dtype, (char *)weir__ptr(u) + (size_t)i * bytes, f->dim);
    return true;
}

static bool block(const solve *s, int64_t n, const int64_t *rows, weir_tensor *x, weir_tensor *t, int64_t first, int64_t count, double *dx)
{
    const weir__field *f = s->l->field;
    weir_scope scope = weir_scope_begin(f->ctx);
    weir_tensor *jv, *e = s->l->probes ? probes_of(s->l, n, rows, first, count) : units(f, n, first, count);
    weir_tensor *u = weir_contiguous(weir_network_jvp(f->net, x, t, NULL, e, &jv));
    jv = weir_contiguous(jv);
    bool good = !weir_is_nil(u) && !weir_is_nil(jv) && write_velocity(s, n, u, dx) && add_products(s, n, first, e, jv, dx);
    weir_scope_end(scope);
    return good;
}

static bool with_trace(void *user, int64_t n, const int64_t *rows, const double *t, const double *x, double *dx)
{
    const solve *s = user;
    const weir__field *f = s->l->field;
    int64_t row = f->dim + s->k, tangents = s->l->probes ? s->k : f->dim;
    weir_scope scope = weir_scope_begin_no_grad(f->ctx);
    weir_tensor *xs = weir__field_tensor(f, n, x, row), *ts = weir__field_times(f, n, t);
    bool good = !weir_is_nil(xs) && !weir_is_nil(ts);
    memset(dx, 0, (size_t)(n * row) * sizeof *dx);
    for (int64_t first = 0; good && first < tangents; first += BLOCK)
        good = block(s, n, rows, xs, ts, first, tangents - first < BLOCK ? tangents - first : BLOCK, dx);
    weir_scope_end(scope);
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

static void finish(const weir__likelihood *l, int64_t n, int64_t k, const double *state, const weir_row_report *report, double *log_p, double *error)
{
    int64_t dim = l->field->dim;
    for (int64_t i = 0; i < n; i++) {
        const double *x = state + i * (dim + k);
        double spread, trace = mean_of(k, x + dim, &spread);
        bool arrived = report[i].end == WEIR_ROW_DONE;
        log_p[i] = arrived ? normal_log_density(dim, x, l->sigma) + trace : NAN;
        if (error) error[i] = !arrived ? NAN : l->probes ? spread : 0;
    }
}

weir_status weir__likelihood_run(const weir__likelihood *l, int64_t n, const double *x, double *log_p, double *error, weir_row_report *report)
{
    weir_ctx *c = l->field->ctx;
    int64_t dim = l->field->dim;
    solve s = { .l = l, .k = l->probes ? l->probes->shape[1] : 1 };
    double *state = weir__alloc0(c, (size_t)(n * (dim + s.k)) * sizeof *state);
    if (!state) return weir_status_of(c);
    for (int64_t i = 0; i < n; i++) memcpy(state + i * (dim + s.k), x + i * dim, (size_t)dim * sizeof *x);
    weir_ode p = { .ctx = c, .n = n, .dim = dim + s.k, .t0 = l->lo, .t1 = l->hi, .x = state, .f = with_trace, .user = &s, .report = report, .tail = s.k };
    if (l->sampler->run(&p, l->sampler_options) == WEIR_OK) finish(l, n, s.k, state, report, log_p, error);
    weir__free(c, state);
    return weir_status_of(c);
}
