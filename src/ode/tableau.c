/* tableau.c - the methods, and what every solver does with one. */
#include <math.h>
#include <string.h>
#include "ode/ode.h"

static const double euler_c[] = { 0 }, euler_a[] = { 0 }, euler_b[] = { 1 };
static const double midpoint_c[] = { 0, 0.5 };
static const double midpoint_a[] = { 0, 0, 0.5, 0 };
static const double midpoint_b[] = { 0, 1 };
static const double heun_c[] = { 0, 1 };
static const double heun_a[] = { 0, 0, 1, 0 };
static const double heun_b[] = { 0.5, 0.5 };
static const double rk4_c[] = { 0, 0.5, 0.5, 1 };
static const double rk4_a[4][4] = { { 0 }, { 0.5 }, { 0, 0.5 }, { 0, 0, 1 } };
static const double rk4_b[] = { 1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6 };
/* Dormand, Prince 1980: RK5(4)7M. torchdiffeq's e is two thirds of this (Shampine's choice of b^).
 */
static const double dopri5_c[] = { 0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1 };
static const double dopri5_a[7][7] = {
    { 0 },
    { 1.0 / 5 },
    { 3.0 / 40, 9.0 / 40 },
    { 44.0 / 45, -56.0 / 15, 32.0 / 9 },
    { 19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729 },
    { 9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656 },
    { 35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84 },
};
static const double dopri5_b[] = {
    35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84, 0,
};
static const double dopri5_e[] = {
    71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40,
};
/* Tsitouras 2011, to the digits in use. */
static const double tsit5_c[] = { 0, 0.161, 0.327, 0.9, 0.9800255409045097, 1, 1 };
static const double tsit5_b[] = {
    0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081,
    2.324710524099774,   0,
};
static const double tsit5_a[7][7] = {
    { 0 },
    { 0.161 },
    { -0.008480655492356989, 0.335480655492357 },
    { 2.8971530571054935, -6.359448489975075, 4.3622954328695815 },
    { 5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525 },
    { 5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401,
      -0.028269050394068383 },
    { 0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081,
      2.324710524099774 },
};
static const double tsit5_e[] = {
    -0.00178001105222577714,
    -0.0008164344596567469,
    0.007880878010261995,
    -0.1447110071732629,
    0.5823571654525552,
    -0.45808210592918697,
    1.0 / 66,
};

static const weir_tableau tableaux[] = {
    {
        .size = sizeof(weir_tableau),
        .name = "euler",
        .stages = 1,
        .order = 1,
        .c = euler_c,
        .a = euler_a,
        .b = euler_b,
    },
    {
        .size = sizeof(weir_tableau),
        .name = "midpoint",
        .stages = 2,
        .order = 2,
        .c = midpoint_c,
        .a = midpoint_a,
        .b = midpoint_b,
    },
    {
        .size = sizeof(weir_tableau),
        .name = "heun",
        .stages = 2,
        .order = 2,
        .c = heun_c,
        .a = heun_a,
        .b = heun_b,
    },
    {
        .size = sizeof(weir_tableau),
        .name = "rk4",
        .stages = 4,
        .order = 4,
        .c = rk4_c,
        .a = rk4_a[0],
        .b = rk4_b,
    },
    {
        .size = sizeof(weir_tableau),
        .name = "dopri5",
        .stages = 7,
        .order = 5,
        .first_same_as_last = true,
        .c = dopri5_c,
        .a = dopri5_a[0],
        .b = dopri5_b,
        .e = dopri5_e,
    },
    {
        .size = sizeof(weir_tableau),
        .name = "tsit5",
        .stages = 7,
        .order = 5,
        .first_same_as_last = true,
        .c = tsit5_c,
        .a = tsit5_a[0],
        .b = tsit5_b,
        .e = tsit5_e,
    },
};

const weir_tableau *weir_ode_method(const char *name)
{
    for (size_t i = 0; name && i < sizeof tableaux / sizeof *tableaux; i++)
        if (strcmp(tableaux[i].name, name) == 0) return &tableaux[i];
    return NULL;
}

static bool ode_fits(const char *who, const weir_ode *p, const weir_tableau *m)
{
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
    if (!isfinite(p->t0) || !isfinite(p->t1))
        weir_fail(p->ctx, WEIR_ERROR_RANGE, "ode: from %g to %g: expected finite times", p->t0,
                  p->t1);
    return weir_ok(p->ctx);
}

static bool ode_read_method(weir_ctx *c, const char *who, const weir_tableau *m,
                            weir_tableau *method)
{
    *method = (weir_tableau){ 0 };
    if (!weir__sized_read(c, "ode: method", "its sizeof", m, method, sizeof *method)) return false;
    if (!m || (method->c && method->a && method->b)) return true;
    weir_fail(c, WEIR_ERROR_ARGUMENT, "%s: expected a method with its c, a and b", who);
    return false;
}

weir_ctx *weir__ode_read(const char *who, const weir_ode *p, const weir_tableau *m,
                         weir_ode *problem, weir_tableau *method)
{
    weir_ctx *c = weir__sized_ctx(p, offsetof(weir_ode, ctx));
    if (!c) return NULL;
    *problem = (weir_ode){ 0 };
    if (!weir__sized_read(c, "ode: problem", "its sizeof", p, problem, sizeof *problem)) return c;
    if (ode_read_method(c, who, m, method)) ode_fits(who, problem, m ? method : NULL);
    return c;
}

void weir__ode_combine(int64_t dim, double *y, const double *x, double h, int n, const double *w,
                       const double *k, int64_t gap)
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
