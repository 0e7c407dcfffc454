/* solve_recorded.c - log-densities of continuous models with their history: what a gradient by the
 * sample, its condition or the parameters comes from. The ODE of likelihood.c,
 *
 *     dx/dt = u(x, t), dA/dt = tr du/dx,   log p(x) = log N(x_1; 0, sigma^2 I) + A,
 *
 * by a Runge-Kutta method whose steps are fixed, in ops that are recorded: gradients are those of
 * the number that is given (discretise, then optimise: Onken, Ruthotto 2020), to any order that the
 * network has one more of. The trace is exact, or e^T (du/dx) e of given probes e. */
#include <math.h>
#include "models/recorded.h"

enum { STAGES_MAX = 8 };

/* -- one evaluation ---------------------------------------------------------------------------- */
static weir_tensor *recorded_velocity(const weir__recorded_ode *r, weir_tensor *x, double t)
{
    const weir__field *f = r->f;
    weir_path_point p = f->path->at(f->path_options, t);
    weir__conversion v = weir__conversion_at(p, f->prediction, f->prediction_options,
                                             &weir__prediction_velocity, NULL);
    double scale = weir__field_input_scale(f, p);
    if (r->labels) return weir_network_at(f->net, x, r->labels, r->k);
    weir_tensor *label = weir_full(r->c, f->dtype, 1, &r->n, weir__field_label(f, t));
    weir_tensor *y = weir_network_at(f->net, scale == 1 ? x : weir_scale(x, scale), label, r->k);
    if (v.of_x == 0 && v.of_y == 1) return y;
    return weir_add(weir_scale(x, v.of_x), weir_scale(y, v.of_y));
}

/* Probe or unit vector number i of every sample, as x. */
static weir_tensor *recorded_vector(const weir__recorded_ode *r, const weir_tensor *x, int64_t i)
{
    weir_tensor *e;
    if (r->probes) e = weir_slice(r->probes, 1, i, i + 1, 1);
    else
        e = weir_expand(weir_slice(r->units, 0, i, i + 1, 1), 2,
                        (const int64_t[]){ r->n, r->f->dim });
    return weir_reshape(weir_contiguous(e), x->ndim, x->shape);
}

weir__evaluation weir__recorded_at(const weir__recorded_ode *r, weir_tensor *x, double t)
{
    weir__evaluation y = { .u = recorded_velocity(r, x, t) };
    int64_t count = r->probes ? r->probes->shape[1] : r->f->dim;
    y.trace = y.jacobian = weir_zeros(r->c, r->f->dtype, 1, &r->n);
    for (int64_t i = 0; i < count && weir_ok(r->c); i++) {
        weir_tensor *e = recorded_vector(r, x, i), *g;
        weir_grad(1, &y.u, 1, &x, &e, true, true, &g);
        if (weir_is_nil(g)) continue; /* u does not depend on x */
        y.trace = weir_add(y.trace, weir_sum_samples(weir_mul(g, e)));
        y.jacobian = weir_add(y.jacobian, weir_sum_samples(weir_square(g)));
    }
    if (!r->probes) return y;
    y.trace = weir_scale(y.trace, 1 / (double)count);
    y.jacobian = weir_scale(y.jacobian, 1 / (double)count);
    return y;
}

/* -- steps ------------------------------------------------------------------------------------- */
/* x + h sum of a[j] k[j] */
weir_tensor *weir__recorded_along(weir_tensor *x, double h, int n, const double *a,
                                  weir_tensor *const *k)
{
    for (int j = 0; j < n; j++)
        if (a[j] != 0) x = weir_add(x, weir_scale(k[j], h * a[j]));
    return x;
}

void weir__recorded_step(const weir__recorded_ode *r, const weir_tableau *m, double t, double next,
                         weir_tensor **x, weir__recorded *sums)
{
    weir_tensor *u[STAGES_MAX], *trace[STAGES_MAX], *jacobian[STAGES_MAX], *kinetic[STAGES_MAX];
    double h = next - t;
    for (int s = 0; s < m->stages; s++) {
        weir_tensor *at = weir__recorded_along(*x, h, s, m->a + s * m->stages, u);
        weir__evaluation y = weir__recorded_at(r, at, m->c[s] == 1 ? next : t + m->c[s] * h);
        u[s] = y.u;
        trace[s] = y.trace;
        jacobian[s] = y.jacobian;
        kinetic[s] = weir_sum_samples(weir_square(y.u));
    }
    *x = weir__recorded_along(*x, h, m->stages, m->b, u);
    sums->log_prob = weir__recorded_along(sums->log_prob, h, m->stages, m->b, trace);
    sums->jacobian = weir__recorded_along(sums->jacobian, h, m->stages, m->b, jacobian);
    sums->kinetic = weir__recorded_along(sums->kinetic, h, m->stages, m->b, kinetic);
}

weir_tensor *weir__recorded_log_prob(const weir__field *f, double t, weir_tensor *x,
                                     weir_tensor *trace)
{
    double sigma = f->path->at(f->path_options, t).b;
    weir_tensor *square = weir_sum_samples(weir_square(weir_scale(x, 1 / sigma)));
    double constant = (double)f->dim * (0.91893853320467274178 + log(sigma));
    return weir_sub(trace, weir_affine(square, 0.5, constant));
}

weir__recorded weir__solve_recorded(const weir__field *f, const weir_tableau *m,
                                    const double *times, int64_t n_times, weir_tensor *x,
                                    const weir_condition *k, weir_tensor *probes)
{
    weir_ctx *c = x->object.ctx;
    weir__recorded_ode r = { .f = f, .k = k, .probes = probes, .c = c, .n = x->shape[0] };
    weir__recorded sums;
    if (!probes) r.units = weir_eye(c, f->dtype, f->dim);
    sums.log_prob = sums.kinetic = sums.jacobian = weir_zeros(c, f->dtype, 1, &r.n);
    if (!x->requires_grad) x = weir_set_requires_grad(weir_detach(x), true);
    for (int64_t i = 0; i + 1 < n_times && weir_ok(c); i++)
        weir__recorded_step(&r, m, times[i], times[i + 1], &x, &sums);
    sums.log_prob = weir__recorded_log_prob(f, times[n_times - 1], x, sums.log_prob);
    return sums;
}
