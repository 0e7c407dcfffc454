/* tableau.c - the methods, and what every solver does with one. */
#include <math.h>
#include <string.h>
#include "ode/ode.h"

static const weir_tableau tableaux[] = {
    { .name = "euler", .stages = 1, .order = 1, .b = { 1 } },
    { .name = "midpoint", .stages = 2, .order = 2, .c = { 0, 0.5 }, .a = { { 0 }, { 0.5 } }, .b = { 0, 1 } },
    { .name = "heun", .stages = 2, .order = 2, .c = { 0, 1 }, .a = { { 0 }, { 1 } }, .b = { 0.5, 0.5 } },
    { .name = "rk4", .stages = 4, .order = 4, .c = { 0, 0.5, 0.5, 1 }, .a = { { 0 }, { 0.5 }, { 0, 0.5 }, { 0, 0, 1 } },
      .b = { 1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6 } },
    /* Dormand, Prince 1980: RK5(4)7M. torchdiffeq's e is two thirds of this (Shampine's choice of b^). */
    { .name = "dopri5", .stages = 7, .order = 5, .first_same_as_last = true, .c = { 0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1 },
      .a = { { 0 },
             { 1.0 / 5 },
             { 3.0 / 40, 9.0 / 40 },
             { 44.0 / 45, -56.0 / 15, 32.0 / 9 },
             { 19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729 },
             { 9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656 },
             { 35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84 } },
      .b = { 35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84, 0 },
      .e = { 71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40 } },
};

const weir_tableau *weir_ode_method(const char *name)
{
    for (size_t i = 0; name && i < sizeof tableaux / sizeof *tableaux; i++)
        if (strcmp(tableaux[i].name, name) == 0) return &tableaux[i];
    return NULL;
}

bool weir__ode_fits(const char *who, const weir_ode *p, const weir_tableau *m)
{
    if (!p || !p->ctx) return false;
    bool rows = p->n >= 0 && p->dim >= 1 && (p->n == 0 || p->x);
    if (!m || !p->f || !rows || p->tail < 0 || p->tail >= p->dim) {
        weir_fail(p->ctx, WEIR_ERROR_ARGUMENT,
                  "%s: expected a method, a function, rows, and a tail shorter than a row", who);
        return false;
    }
    if (m->stages < 1 || m->stages > WEIR_ODE_STAGES) {
        weir_fail(p->ctx, WEIR_ERROR_ARGUMENT, "%s: a method of %d stages: expected 1 to %d", who,
                  m->stages, WEIR_ODE_STAGES);
        return false;
    }
    if (!isfinite(p->t0) || !isfinite(p->t1)) return weir_fail(p->ctx, WEIR_ERROR_RANGE, "ode: from %g to %g: expected finite times", p->t0, p->t1), false;
    return weir_ok(p->ctx);
}

void weir__ode_combine(int64_t dim, double *y, const double *x, double h, int n, const double *w, const double *k, int64_t gap)
{
    if (y != x) memcpy(y, x, (size_t)dim * sizeof *y);
    for (int j = 0; j < n; j++) {
        if (w[j] == 0) continue;
        double hw = h * w[j];
        const double *kj = k + j * gap;
        for (int64_t i = 0; i < dim; i++) y[i] += hw * kj[i];
    }
}

bool weir__ode_finite(int64_t dim, const double *x)
{
    for (int64_t i = 0; i < dim; i++)
        if (!isfinite(x[i])) return false;
    return true;
}
