/* adaptive.c - an embedded Runge-Kutta pair with steps that each sample chooses for itself (Hairer,
 * Norsett, Wanner 1993, II.4).
 *
 *     err = norm of h sum_i e_i k_i over atol + rtol max(|x|, |x'|);   taken when err <= 1;   h <-
 * h min(10, max(0.2, 0.9 err^(-1/order)))
 *
 * A step that was taken never shrinks the next one, and after one that was not the next does not
 * grow. Samples walk side by side: in each round every sample that is still on its way tries one
 * step, and f sees these samples alone. */
#include <math.h>
#include <string.h>
#include "ode/ode.h"

typedef struct row {
    double t, h;
    int64_t tries;
    bool refused; /* the last try was */
    weir_sample_report report;
} row;

typedef struct work {
    const weir_ode *p;
    const weir_tableau *m;
    const weir_ode_opts *o;
    double sign;      /* of time */
    row *rows;        /* [n] */
    int64_t n_active, *active; /* samples on their way, in order */
    double *k; /* [stages][n, dim], by sample */
    double *next;     /* [n, dim]: x' */
    double *t, *at, *dx; /* what f is given and gives, of active samples alone */
} work;

void weir_ode_defaults_sized(weir_ode_opts *o, size_t size)
{
    const weir_ode_opts whole = {
        .size = sizeof whole, .rtol = 1e-5, .atol = 1e-5, .max_steps = 10000
    };
    weir__sized_defaults(o, size, &whole, sizeof whole);
}

static double *of(const work *w, double *base, int64_t r) { return base + r * w->p->dim; }
static int64_t gap(const work *w) { return weir__size_times(w->p->n, w->p->dim); }

/* -- norms ------------------------------------------------------------------------------------- */
/* Root mean square of v / (atol + rtol max(|x|, |y|)) over elements [from, to); 0 / 0, where
 * nothing moves at 0, is 0 */
static double rms(const weir_ode_opts *o, int64_t from, int64_t to, const double *v,
                  const double *x, const double *y)
{
    double sum = 0;
    for (int64_t i = from; i < to; i++) {
        double q = v[i] == 0 ? 0 : v[i] / (o->atol + o->rtol * fmax(fabs(x[i]), fabs(y[i])));
        sum += q * q;
    }
    return to > from ? sqrt(sum / (double)(to - from)) : 0;
}

static double norm(const work *w, const double *v, const double *x, const double *y)
{
    int64_t head = w->p->dim - w->p->tail;
    double a = rms(w->o, 0, head, v, x, y), b = rms(w->o, head, w->p->dim, v, x, y);
    return isnan(a) || a > b ? a : b;
}

/* -- evaluations ------------------------------------------------------------------------------- */
/* f of active sample i at w->t[i], w->at[i] into stage `s` of it */
static bool adaptive_evaluate(work *w, int s)
{
    size_t bytes = (size_t)w->p->dim * sizeof(double);
    if (w->n_active == 0) return true;
    if (!w->p->f(w->p->user, w->n_active, w->active, w->t, w->at, w->dx)) return false;
    for (int64_t i = 0; i < w->n_active; i++) {
        memcpy(of(w, w->k + s * gap(w), w->active[i]), of(w, w->dx, i), bytes);
        w->rows[w->active[i]].report.evaluations++;
    }
    return true;
}

static void adaptive_end_row(work *w, int64_t r, weir_sample_end end)
{
    w->rows[r].report.end = end;
    for (int64_t i = 0; end == WEIR_SAMPLE_NOT_FINITE && i < w->p->dim; i++)
        of(w, w->p->x, r)[i] = NAN;
}

/* Keeps the samples that go on; `on` may end a sample. */
static void sift(work *w, bool (*on)(work *w, int64_t r))
{
    int64_t n = 0;
    for (int64_t i = 0; i < w->n_active; i++)
        if (on(w, w->active[i])) w->active[n++] = w->active[i];
    w->n_active = n;
}

/* -- the first step ---------------------------------------------------------------------------- */
static bool begins_well(work *w, int64_t r)
{
    if (weir__ode_finite(w->p->dim, of(w, w->p->x, r))
        && weir__ode_finite(w->p->dim, of(w, w->k, r)))
        return true;
    adaptive_end_row(w, r, WEIR_SAMPLE_NOT_FINITE);
    return false;
}

/* A first guess from the sizes of x and f (Hairer, II.4, a) */
static double adaptive_first_guess(work *w, int64_t r)
{
    const double *x = of(w, w->p->x, r), *k = of(w, w->k, r);
    double d0 = norm(w, x, x, x);
    double d1 = norm(w, k, x, x);
    double h = d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1;
    return fmin(h, fabs(w->p->t1 - w->p->t0));
}

/* and one from how fast f changes (d to f) */
static double second_guess(work *w, int64_t r, double h)
{
    const double *x = of(w, w->p->x, r), *k = of(w, w->k, r);
    double *change = of(w, w->k + gap(w), r), d1 = norm(w, k, x, x);
    for (int64_t i = 0; i < w->p->dim; i++) change[i] -= k[i];
    double d2 = norm(w, change, x, x) / h, top = fmax(d1, d2);
    double other = top <= 1e-15 ? fmax(1e-6, 1e-3 * h) : pow(0.01 / top, 1.0 / w->m->order);
    double best = fmin(fmin(100 * h, other), fabs(w->p->t1 - w->p->t0));
    return isfinite(best) && isfinite(d2) ? best : h;
}

static bool adaptive_begin(work *w)
{
    const weir_ode *p = w->p;
    for (int64_t r = 0; r < p->n; r++) {
        w->active[r] = r;
        w->rows[r] = (row){ .t = p->t0 };
        w->t[r] = p->t0;
    }
    w->n_active = p->n;
    memcpy(w->at, p->x, (size_t)gap(w) * sizeof *w->at);
    if (!adaptive_evaluate(w, 0)) return false;
    sift(w, begins_well);
    for (int64_t i = 0; i < w->n_active; i++) {
        int64_t r = w->active[i];
        double h = w->rows[r].h = adaptive_first_guess(w, r);
        w->t[i] = p->t0 + w->sign * h;
        weir__ode_combine(p->dim, of(w, w->at, i), of(w, p->x, r), w->sign * h, 1,
                          (const double[]){ 1 }, of(w, w->k, r), gap(w));
    }
    if (!adaptive_evaluate(w, 1)) return false;
    for (int64_t i = 0; i < w->n_active; i++)
        w->rows[w->active[i]].h = w->sign * second_guess(w, w->active[i], w->rows[w->active[i]].h);
    return true;
}

/* -- a round: one try of every active sample --------------------------------------------------- */
/* The last step ends at t1 exactly, up to a hundredth longer than planned. */
static bool reaches_end(const work *w, const row *r)
{
    return fabs(w->p->t1 - r->t) <= 1.01 * fabs(r->h);
}

static bool try_steps(work *w)
{
    const weir_tableau *m = w->m;
    for (int64_t i = 0; i < w->n_active; i++) {
        row *r = &w->rows[w->active[i]];
        if (reaches_end(w, r)) r->h = w->p->t1 - r->t;
    }
    for (int s = 1; s < m->stages; s++) {
        for (int64_t i = 0; i < w->n_active; i++) {
            int64_t r = w->active[i];
            const row *a = &w->rows[r];
            w->t[i] = m->c[s] == 1 && reaches_end(w, a) ? w->p->t1 : a->t + m->c[s] * a->h;
            weir__ode_combine(w->p->dim, of(w, w->at, i), of(w, w->p->x, r), a->h, s,
                              m->a + s * m->stages, of(w, w->k, r), gap(w));
            if (s == m->stages - 1)
                memcpy(of(w, w->next, r), of(w, w->at, i),
                       (size_t)w->p->dim * sizeof *w->at); /* a[last] = b */
        }
        if (!adaptive_evaluate(w, s)) return false;
    }
    return true;
}

static double error_of(work *w, int64_t r)
{
    double *e = w->dx; /* free between evaluations; the first sample of it */
    memset(e, 0, (size_t)w->p->dim * sizeof *e);
    weir__ode_combine(w->p->dim, e, e, w->rows[r].h, w->m->stages, w->m->e, of(w, w->k, r), gap(w));
    double err = norm(w, e, of(w, w->p->x, r), of(w, w->next, r));
    return weir__ode_finite(w->p->dim, of(w, w->next, r)) ? err : NAN;
}

static void adaptive_take(work *w, int64_t r, double err)
{
    row *a = &w->rows[r];
    size_t bytes = (size_t)w->p->dim * sizeof(double);
    double grow = err == 0 ? 10 : fmin(10, fmax(1, 0.9 * pow(err, -1.0 / w->m->order)));
    a->t = reaches_end(w, a) ? w->p->t1 : a->t + a->h;
    memcpy(of(w, w->p->x, r), of(w, w->next, r), bytes);
    memcpy(of(w, w->k, r), of(w, w->k + (w->m->stages - 1) * gap(w), r), bytes);
    a->h *= a->refused ? 1 : grow;
    a->refused = false;
    a->report.steps++;
}

static void adaptive_refuse(work *w, int64_t r, double err)
{
    row *a = &w->rows[r];
    a->h *= isfinite(err) ? fmin(1, fmax(0.2, 0.9 * pow(err, -1.0 / w->m->order))) : 0.2;
    a->refused = true;
    a->report.rejected++;
}

static bool goes_on(work *w, int64_t r)
{
    row *a = &w->rows[r];
    double err = error_of(w, r);
    if (err <= 1) adaptive_take(w, r, err);
    else adaptive_refuse(w, r, err);
    if (a->t == w->p->t1) return false; /* DONE, as it began */
    if (fabs(a->h) <= 16 * 0x1p-52 * fabs(a->t) || a->t + a->h == a->t) {
        adaptive_end_row(w, r, isfinite(err) ? WEIR_SAMPLE_OUT_OF_STEPS : WEIR_SAMPLE_NOT_FINITE);
        return false;
    }
    if (++a->tries < w->o->max_steps) return true;
    adaptive_end_row(w, r, WEIR_SAMPLE_OUT_OF_STEPS);
    return false;
}

static bool adaptive_walk(work *w)
{
    if (w->p->n == 0 || w->p->t0 == w->p->t1) return true;
    if (!adaptive_begin(w)) return false;
    while (w->n_active > 0) {
        if (!try_steps(w)) return false;
        sift(w, goes_on);
    }
    return true;
}

/* -- memory ------------------------------------------------------------------------------------ */
static bool adaptive_options_fit(weir_ctx *c, const weir_tableau *m, const weir_ode_opts *o)
{
    if (!(o->rtol >= 0 && o->atol >= 0 && o->rtol + o->atol > 0) || !isfinite(o->rtol + o->atol)
        || o->max_steps < 1) {
        weir_fail(c, WEIR_ERROR_RANGE,
                  "ode: rtol=%g atol=%g max_steps=%lld: expected 0 or more, not both 0, and 1 step "
                  "or more",
                  o->rtol, o->atol, (long long)o->max_steps);
        return false;
    }
    if (m->first_same_as_last && m->e) return true;
    weir_fail(c, WEIR_ERROR_UNSUPPORTED,
              "ode: %s: no error estimate: expected dopri5 or tsit5 for steps of its own choice",
              m->name);
    return false;
}

static bool take_memory(work *w)
{
    weir_ctx *c = w->p->ctx;
    int64_t n = w->p->n, size = gap(w);
    w->rows = weir__alloc0_n(c, n, sizeof *w->rows);
    w->active = w->rows ? weir__alloc_n(c, n, sizeof *w->active) : NULL;
    int64_t all = weir__size_times(size, w->m->stages + 3);
    all = weir__size_plus(all, weir__size_plus(n, w->p->dim));
    w->k = w->active ? weir__alloc_n(c, all, sizeof *w->k) : NULL;
    if (!w->k) return false;
    w->next = w->k + size * w->m->stages;
    w->at = w->next + size;
    w->dx = w->at + size;
    w->t = w->dx + size + w->p->dim;
    return true;
}

/* p, m and o are whole. */
static weir_status adaptive_solve(const weir_ode *p, const weir_tableau *m, const weir_ode_opts *o)
{
    weir_ctx *c = p->ctx;
    if (p->on_state)
        return weir_fail(c, WEIR_ERROR_UNSUPPORTED,
                         "ode: a trajectory: expected fixed steps, whose ends it shows");
    if (!adaptive_options_fit(c, m, o)) return weir_status_of(c);
    work w = { .p = p, .m = m, .o = o, .sign = p->t1 < p->t0 ? -1 : 1 };
    if (take_memory(&w) && adaptive_walk(&w))
        for (int64_t r = 0; p->report && r < p->n; r++) p->report[r] = w.rows[r].report;
    weir__free(c, w.rows);
    weir__free(c, w.active);
    weir__free(c, w.k);
    return weir_status_of(c);
}

weir_status weir_ode_adaptive(const weir_ode *p, const weir_tableau *m, const weir_ode_opts *o)
{
    WEIR__AS_FOUND;
    weir_ode problem;
    weir_tableau method;
    weir_ode_opts own = weir_ode_defaults();
    weir_ctx *c = weir__ode_read("ode_adaptive", p, m, &problem, &method);
    if (!c) return WEIR_ERROR_ARGUMENT;
    if (!weir_ok(c)
        || !weir__sized_read(c, "ode_adaptive: options", "them from weir_ode_defaults", o, &own,
                             sizeof own))
        return weir_status_of(c);
    return adaptive_solve(&problem, &method, &own);
}
