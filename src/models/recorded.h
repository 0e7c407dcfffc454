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
    weir_tensor *labels; /* [n]: samples at times of their own, of a network that says the velocity
                          * itself; NULL: all at one */
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

/* -- solve_adjoint.c --------------------------------------------------------------------------- */
/* As weir__solve_recorded, from data to noise at 1, by a network that says the velocity, with
 * gradients by the adjoint: of first order alone, by x, k and the parameters. f and solver live as
 * long as the tape. The solver's steps may be fixed or of its own choice. */
weir__recorded weir__solve_adjoint(const weir__field *f, const weir_tableau *m,
                                   const weir_choice *solver, weir_tensor *x,
                                   const weir_condition *k, weir_tensor *probes);

/* The outputs of the solve: the state at the noise, and the three integrals. */
enum {
    WEIR__ADJOINT_STATE,
    WEIR__ADJOINT_TRACE,
    WEIR__ADJOINT_KINETIC,
    WEIR__ADJOINT_JACOBIAN,
    WEIR__ADJOINT_OUTPUTS
};

/* The way back. */
typedef struct weir__adjoint_back {
    weir_ctx *c;
    weir__recorded_ode ode;
    const weir_tableau *method;
    weir_tensor *by[WEIR__ADJOINT_OUTPUTS]; /* gradients of the outputs; NULL: 0 */
    weir_tensor *x, *lambda; /* in place */
    int n; /* of conditions and parameters that want a gradient */
    weir_tensor **wanted; /* [1 + n]: the state of a stage, and they */
    weir_tensor **grad; /* [1 + n]: by them, of one stage */
    weir_tensor **sum; /* [n]: int dH / dtheta dt so far, in place */
} weir__adjoint_back;
/* u and dH/dx at the stage's x and lambda, dH / dtheta times `weight` on the sums. */
void weir__adjoint_stage(const weir__adjoint_back *b, weir_tensor *x, weir_tensor *lambda, double t,
                         double weight, weir_tensor **u, weir_tensor **slope);
/* x as a leaf that wants a gradient. */
weir_tensor *weir__adjoint_leaf(weir_tensor *x);

/* -- solve_adjoint_adaptive.c: by steps that the solver chooses ----------------------------------
 */
/* out[STATE] is the state to begin with; the other outputs [n] are 0. */
void weir__adjoint_there(const weir__recorded_ode *r, const weir_choice *solver, weir_tensor **out);
/* x, lambda and sums of b to the data. */
void weir__adjoint_back_again(const weir__adjoint_back *b, const weir_choice *solver);

#endif
