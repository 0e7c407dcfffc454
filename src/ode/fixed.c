/* fixed.c - a Runge-Kutta method with steps that all samples share. */
#include <math.h>
#include <string.h>
#include "ode/ode.h"

#define STEPS_MAX \
    1000000000000000 /* more than any machine takes: the count of evaluations fits \
                      */

typedef struct work {
    const weir_ode *p;
    const weir_tableau *m;
    int64_t size;  /* n * dim */
    int64_t *rows; /* 0, 1, .. n-1 */
    double *t;     /* [n] */
    double *at;    /* [n, dim]: where a stage looks */
    double *k;     /* [stages][n, dim] */
    bool first_known; /* k[0] is there from the step before */
    weir_status status; /* of on_state */
} work;

static bool fixed_evaluate(work *w, double t, const double *x, double *dx)
{
    for (int64_t i = 0; i < w->p->n; i++) w->t[i] = t;
    return w->p->f(w->p->user, w->p->n, w->rows, w->t, x, dx);
}

static bool step(work *w, double t, double next)
{
    const weir_tableau *m = w->m;
    double h = next - t;
    for (int s = w->first_known; s < m->stages; s++) {
        weir__ode_combine(w->size, w->at, w->p->x, h, s, m->a + s * m->stages, w->k, w->size);
        if (!fixed_evaluate(w, m->c[s] == 1 ? next : t + m->c[s] * h, w->at, w->k + s * w->size))
            return false;
    }
    weir__ode_combine(w->size, w->p->x, w->p->x, h, m->stages, m->b, w->k, w->size);
    w->first_known = m->first_same_as_last;
    if (w->first_known)
        memcpy(w->k, w->k + (m->stages - 1) * w->size, (size_t)w->size * sizeof *w->k);
    return true;
}

/* Shows the states at the end of a step; false: no further. */
static bool fixed_show(work *w, int64_t step, double t)
{
    const weir_ode *p = w->p;
    if (p->on_state) w->status = p->on_state(p->user, step, t, p->x);
    return w->status == WEIR_OK;
}

static double fixed_time(const weir_ode *p, const double *times, int64_t i, int64_t steps)
{
    return times ? times[i] : p->t0 + (p->t1 - p->t0) * (double)i / (double)steps;
}

static bool fixed_walk(work *w, int64_t steps, const double *times)
{
    const weir_ode *p = w->p;
    if (!fixed_show(w, 0, times ? times[0] : p->t0)) return false;
    for (int64_t i = 0; i < steps; i++) {
        double t = fixed_time(p, times, i, steps), next = fixed_time(p, times, i + 1, steps);
        if (!step(w, t, next) || !fixed_show(w, i + 1, next)) return false;
    }
    return true;
}

/* A sample that is not finite at its end is NaN as a whole. */
static void report(const weir_ode *p, const weir_tableau *m, int64_t steps)
{
    int64_t evaluations = m->first_same_as_last && steps > 0 ? steps * (m->stages - 1) + 1
                                                             : steps * m->stages;
    for (int64_t r = 0; r < p->n; r++) {
        double *x = p->x + r * p->dim;
        bool good = weir__ode_finite(p->dim, x);
        for (int64_t i = 0; !good && i < p->dim; i++) x[i] = NAN;
        if (p->report)
            p->report[r] = (weir_sample_report){ .end = good ? WEIR_SAMPLE_DONE
                                                             : WEIR_SAMPLE_NOT_FINITE,
                                                 .evaluations = evaluations,
                                                 .steps = steps };
    }
}

/* p and m are whole. */
static weir_status fixed_solve(const weir_ode *p, const weir_tableau *m, int64_t steps,
                               const double *times)
{
    weir_ctx *c = p->ctx;
    if (steps < 0 || steps > STEPS_MAX)
        return weir_fail(c, WEIR_ERROR_RANGE, "ode: steps=%lld: expected 0 to 1e15",
                         (long long)steps);
    if (p->n == 0) return WEIR_OK;
    work w = { .p = p, .m = m, .size = weir__size_times(p->n, p->dim) };
    w.rows = weir__alloc_n(c, p->n, sizeof *w.rows);
    int64_t all = weir__size_plus(p->n, weir__size_times(m->stages + 1, w.size));
    w.t = w.rows ? weir__alloc_n(c, all, sizeof *w.t) : NULL;
    if (w.t) {
        w.at = w.t + p->n;
        w.k = w.at + w.size;
        for (int64_t i = 0; i < p->n; i++) w.rows[i] = i;
        if (fixed_walk(&w, steps, times)) report(p, m, steps);
    }
    weir__free(c, w.rows);
    weir__free(c, w.t);
    return w.status == WEIR_OK ? weir_status_of(c) : w.status;
}

weir_status weir_ode_fixed(const weir_ode *p, const weir_tableau *m, int64_t steps,
                           const double *times)
{
    WEIR__AS_FOUND;
    weir_ode problem;
    weir_tableau method;
    weir_ctx *c = weir__ode_read("ode_fixed", p, m, &problem, &method);
    if (!c) return WEIR_ERROR_ARGUMENT;
    return weir_ok(c) ? fixed_solve(&problem, &method, steps, times) : weir_status_of(c);
}
