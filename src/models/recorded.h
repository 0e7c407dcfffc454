/* recorded.h - the ODE of a density in ops that are recorded: solve_recorded.c, and the adjoint of
 * it, solve_adjoint.c. */
#ifndef WEIR_RECORDED_H
#define WEIR_RECORDED_H
#include "models/models.h"
#include "weir/grad.h"

typedef struct weir__recorded_ode {
    const weir__field *f;
    const weir_condition *k;
    weir_tensor *probes; /* [n, k, dim]; NULL: the exact trace, by the lines of units */
    weir_tensor *units;  /* [dim, dim] */
    weir_ctx *c;
    int64_t n;
} weir__recorded_ode;

typedef struct weir__evaluation {
    weir_tensor *u; /* as x */
    weir_tensor *trace; /* [n] */
    weir_tensor *jacobian; /* [n]: mean of |e^T du/dx|^2 */
} weir__evaluation;

/* Of x, which wants a gradient. */
weir__evaluation weir__recorded_at(const weir__recorded_ode *r, weir_tensor *x, double t);
/* x + h sum of a[j] k[j] */
weir_tensor *weir__recorded_along(weir_tensor *x, double h, int n, const double *a,
                                  weir_tensor *const *k);
/* One step of x, and of the integrals on `sums`: of the trace on log_prob. */
void weir__recorded_step(const weir__recorded_ode *r, const weir_tableau *m, double t, double next,
                         weir_tensor **x, weir__recorded *sums);
/* log p [n] of the state at the noise, time t, and the integral of the trace. */
weir_tensor *weir__recorded_log_prob(const weir__field *f, double t, weir_tensor *x,
                                     weir_tensor *trace);

/* As weir__solve_recorded without a condition, from data to noise at 1, with gradients by the
 * adjoint: of first order alone. f and solver live as long as the tape. */
weir__recorded weir__solve_adjoint(const weir__field *f, const weir_tableau *m,
                                   const weir_choice *solver, weir_tensor *x, weir_tensor *probes);

#endif
