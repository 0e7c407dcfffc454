/* solve_adjoint_adaptive.c - the two ways of solve_adjoint.c by steps that the solver chooses, in
 * double. There every sample has steps of its own, (x, int tr du/dx, int |u|^2, int |e^T du/dx|^2)
 * its state, so that what it gives does not depend on its batch. Back the samples go together,
 *
 *     (x_1, .., x_n, lambda_1, .., lambda_n, g),   dg/dt = -dH/dtheta,
 *
 * for g is one for all of them; the error of g has a norm of its own. H is linear in lambda, a, b
 * and c, so that these are first divided by their largest, which makes tolerances those of a
 * gradient of size 1. The room of both is that of one state a stage. A sample that does not arrive
 * is NaN, and so are then all gradients. */
#include <math.h>
#include <string.h>
#include "models/recorded.h"
#include "ops/ops.h"

enum { INTEGRALS = WEIR__ADJOINT_OUTPUTS - 1 };

/* x [n, stride] of double as a tensor of the network's type. */
static weir_tensor *adaptive_tensor(const weir__recorded_ode *r, int64_t n, const double *x,
                                    int64_t stride)
{
    weir_tensor *y = weir__field_tensor(r->f, n, x, stride);
    return weir_is_nil(y) ? weir__nil(r->c, WEIR__TENSOR) : y;
}

/* From 0 to 1 or back. The reports say which samples arrived. */
static bool solve_adjoint_adaptive_solve(weir_ode *p, const weir_choice *solver, double from,
                                         double to)
{
    const weir_sampler_row *row = (const weir_sampler_row *)solver->row;
    const double ends[] = { from, to };
    p->size = sizeof *p;
    p->t0 = from;
    p->t1 = to;
    return row->solve(p, ends, 2, solver->options) == WEIR_OK;
}

/* Samples that did not arrive are NaN. */
static void adaptive_lose(const weir_ode *p)
{
    for (int64_t i = 0; i < p->n; i++)
        for (int64_t j = 0; p->report[i].end != WEIR_SAMPLE_DONE && j < p->dim; j++)
            p->x[i * p->dim + j] = NAN;
}

/* -- there ------------------------------------------------------------------------------------- */
/* [n, k, dim] of the samples in `rows`. */
static weir_tensor *there_probes(const weir__recorded_ode *r, int64_t n, const int64_t *rows)
{
    weir_tensor *at = weir_from_i64(r->c, rows, 1, &n);
    return r->probes ? weir_index_select(r->probes, 0, at) : NULL;
}

/* Column j of dx [n, row], from v [n]. */
static bool there_put(int64_t n, int64_t row, int64_t j, weir_tensor *v, double *room, double *dx)
{
    if (weir_copy_to_f64(v, room, n) != WEIR_OK) return false;
    for (int64_t i = 0; i < n; i++) dx[i * row + j] = room[i];
    return true;
}

static bool there_puts(const weir__recorded_ode *r, const weir__evaluation *y, double *dx)
{
    int64_t n = r->n, dim = r->f->dim, row = dim + INTEGRALS;
    weir_tensor *kinetic = weir_sum_samples(weir_square(y->u));
    double *room = weir__alloc_n(r->c, weir__size_times(n, dim), sizeof *room);
    bool good = room && weir_copy_to_f64(y->u, room, n * dim) == WEIR_OK;
    for (int64_t i = 0; good && i < n; i++)
        memcpy(dx + i * row, room + i * dim, (size_t)dim * sizeof *dx);
    good = good && there_put(n, row, dim + WEIR__ADJOINT_TRACE - 1, y->trace, room, dx)
           && there_put(n, row, dim + WEIR__ADJOINT_KINETIC - 1, kinetic, room, dx)
           && there_put(n, row, dim + WEIR__ADJOINT_JACOBIAN - 1, y->jacobian, room, dx);
    weir__free(r->c, room);
    return good;
}

static bool there_at(void *user, int64_t n, const int64_t *samples, const double *t,
                     const double *x, double *dx)
{
    const weir__recorded_ode *whole = user;
    weir__recorded_ode r = *whole;
    weir_scope s = weir_scope_begin(r.c);
    r.c->modes.no_grad = false;
    r.n = n;
    r.k = weir__condition_gather(r.c, whole->k, n, samples);
    r.probes = there_probes(whole, n, samples);
    r.labels = weir__field_labels(r.f, n, t);
    weir_tensor *at = weir__adjoint_leaf(adaptive_tensor(&r, n, x, r.f->dim + INTEGRALS));
    bool good = weir_ok(r.c);
    if (good) {
        weir__evaluation y = weir__recorded_at(&r, at, 0);
        good = weir_ok(r.c) && there_puts(&r, &y, dx);
    }
    weir_scope_end(s);
    return good;
}

/* The states [n, dim + INTEGRALS] into the outputs. */
static void there_give(const weir__recorded_ode *r, const double *state, weir_tensor **out)
{
    int64_t n = r->n, dim = r->f->dim, row = dim + INTEGRALS;
    weir_scope s = weir_scope_begin_no_grad(r->c);
    weir_copy_(out[WEIR__ADJOINT_STATE], adaptive_tensor(r, n, state, row));
    weir_tensor *all = weir_cast(weir_from_f64(r->c, state, 2, (const int64_t[]){ n, row }),
                                 r->f->dtype);
    for (int i = WEIR__ADJOINT_TRACE; i < WEIR__ADJOINT_OUTPUTS && weir_ok(r->c); i++) {
        int64_t j = dim + i - 1;
        weir_copy_(out[i], weir_reshape(weir_slice(all, 1, j, j + 1, 1), 1, &n));
    }
    weir_scope_end(s);
}

void weir__adjoint_there(const weir__recorded_ode *r, const weir_choice *solver, weir_tensor **out)
{
    int64_t n = r->n, dim = r->f->dim, row = dim + INTEGRALS;
    double *state = weir__alloc0_n(r->c, weir__size_times(n, row), sizeof *state);
    double *x = state ? weir__alloc_n(r->c, weir__size_times(n, dim), sizeof *x) : NULL;
    weir_sample_report *report = x ? weir__alloc0_n(r->c, n, sizeof *report) : NULL;
    if (report && weir_copy_to_f64(out[WEIR__ADJOINT_STATE], x, n * dim) == WEIR_OK) {
        for (int64_t i = 0; i < n; i++)
            memcpy(state + i * row, x + i * dim, (size_t)dim * sizeof *x);
        weir_ode p = {
            .ctx = r->c,
            .n = n,
            .dim = row,
            .x = state,
            .f = there_at,
            .user = (void *)(uintptr_t)r,
            .report = report,
            .tail = INTEGRALS,
        };
        if (solve_adjoint_adaptive_solve(&p, solver, 0, 1)) {
            adaptive_lose(&p);
            there_give(r, state, out);
        }
    }
    weir__free(r->c, state);
    weir__free(r->c, x);
    weir__free(r->c, report);
}

/* -- and back ---------------------------------------------------------------------------------- */
/* The sums as one line of numbers, by `sign`. */
static bool again_read(const weir__adjoint_back *b, double sign, double *g)
{
    bool good = true;
    for (int i = 0; good && i < b->n; g += b->sum[i++]->numel) {
        good = weir_copy_to_f64(b->sum[i], g, b->sum[i]->numel) == WEIR_OK;
        for (int64_t j = 0; good && j < b->sum[i]->numel; j++) g[j] *= sign;
    }
    return good;
}

/* v [..] of double times `scale` into t, in place. */
static void again_write(weir_ctx *c, weir_tensor *t, const double *v, double scale)
{
    weir_tensor *from = weir_from_f64(c, v, t->ndim, t->shape);
    if (weir_ok(c)) weir_copy_(t, weir_cast(weir_scale(from, scale), t->dtype));
}

static bool again_at(void *user, int64_t n, const int64_t *samples, const double *t,
                     const double *x, double *dx)
{
    const weir__adjoint_back *b = user;
    int64_t size = b->x->numel;
    weir_tensor *u, *slope;
    weir_scope s = weir_scope_begin_no_grad(b->c);
    (void)n; /* 1 */
    (void)samples;
    weir_tensor *at = adaptive_tensor(&b->ode, b->ode.n, x, b->ode.f->dim);
    weir_tensor *lambda = adaptive_tensor(&b->ode, b->ode.n, x + size, b->ode.f->dim);
    for (int i = 0; i < b->n && weir_ok(b->c); i++) weir_copy_(b->sum[i], weir_scale(b->sum[i], 0));
    bool good = weir_ok(b->c);
    if (good) {
        weir__adjoint_stage(b, at, lambda, *t, 1, &u, &slope);
        good = weir_ok(b->c) && weir_copy_to_f64(u, dx, size) == WEIR_OK
               && weir_copy_to_f64(slope, dx + size, size) == WEIR_OK
               && again_read(b, -1, dx + 2 * size);
    }
    for (int64_t j = 0; good && j < size; j++) dx[size + j] = -dx[size + j];
    weir_scope_end(s);
    return good;
}

/* The largest of what flows in, NaN where one is; 0: nothing does. */
static double again_largest(const weir__adjoint_back *b)
{
    double most = 0;
    for (int i = 0; i < WEIR__ADJOINT_OUTPUTS; i++) {
        if (!b->by[i] || b->by[i]->numel == 0) continue;
        double v = weir_item(weir_amax(weir_abs(weir_detach(b->by[i]))));
        if (!(v <= most)) most = v;
    }
    return most;
}

/* A line of x, lambda and room for g; NULL: the error is set. */
static double *again_state(const weir__adjoint_back *b, int64_t total)
{
    int64_t size = b->x->numel;
    double *state = weir__alloc0_n(b->c, total, sizeof *state);
    bool good = state && weir_copy_to_f64(b->x, state, size) == WEIR_OK
                && weir_copy_to_f64(b->lambda, state + size, size) == WEIR_OK;
    if (good) return state;
    weir__free(b->c, state);
    return NULL;
}

static void again_give(const weir__adjoint_back *b, const double *state, double scale)
{
    int64_t size = b->x->numel;
    again_write(b->c, b->x, state, 1);
    again_write(b->c, b->lambda, state + size, scale);
    const double *g = state + 2 * size;
    for (int i = 0; i < b->n && weir_ok(b->c); g += b->sum[i++]->numel)
        again_write(b->c, b->sum[i], g, scale);
}

void weir__adjoint_back_again(const weir__adjoint_back *whole, const weir_choice *solver)
{
    weir__adjoint_back b = *whole;
    int64_t tail = 0;
    double scale = again_largest(&b);
    weir_sample_report report;
    if (scale == 0 || !weir_ok(b.c)) return;
    weir_scope s = weir_scope_begin_no_grad(b.c);
    for (int i = 0; i < WEIR__ADJOINT_OUTPUTS; i++)
        if (b.by[i]) b.by[i] = weir_scale(weir_detach(b.by[i]), 1 / scale);
    weir_copy_(b.lambda, weir_scale(b.lambda, 1 / scale));
    for (int i = 0; i < b.n; i++) tail += b.sum[i]->numel;
    int64_t total = weir__size_plus(weir__size_times(2, b.x->numel), tail);
    double *state = weir_ok(b.c) ? again_state(&b, total) : NULL;
    weir_ode p = {
        .ctx = b.c,
        .n = 1,
        .dim = total,
        .x = state,
        .f = again_at,
        .user = &b,
        .report = &report,
        .tail = tail,
    };
    if (state && solve_adjoint_adaptive_solve(&p, solver, 1, 0)) {
        adaptive_lose(&p);
        again_give(&b, state, scale);
    }
    weir__free(b.c, state);
    weir_scope_end(s);
}
