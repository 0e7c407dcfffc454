/* weir/ode.h - ordinary differential equations dx/dt = f(x, t) for many samples at once, by
 * explicit Runge-Kutta methods.
 *
 *     static bool decay(void *user, int64_t n, const int64_t *samples, const double *t,
 *                       const double *x, double *dx)
 *     {
 *         for (int64_t i = 0; i < n; i++) dx[i] = -x[i];
 *         return (void)user, (void)samples, (void)t, true;
 *     }
 *     int main(void)
 *     {
 *         double x[] = { 1, 2, 3 }; // three samples of one value; they become x exp(-1)
 *         weir_ode p = { .size = sizeof p, .ctx = weir_open(1), .n = 3, .dim = 1, .t1 = 1,
 *                        .x = x, .f = decay };
 *         if (weir_ode_adaptive(&p, weir_ode_method("dopri5"), NULL) == WEIR_OK) puts("done");
 *         weir_close(p.ctx);
 *     }
 *
 * Samples do not know of one another: each has its own time, steps and end, and those that have
 * arrived leave the batch that f is called with. If f gives a sample the same bits in any
 * batch, so does the solver. Numbers are double, whatever f computes in; they have no gradients.
 * What happens to a sample is a value, not an error: its report says whether it arrived, and the
 * other samples are as if it were not there.
 */
#ifndef WEIR_ODE_H
#define WEIR_ODE_H
#include "weir/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* dx [n, dim] = f(x [n, dim], t [n]) of the samples samples[0..n-1] of the problem. False: stop,
 * the context has the error. */
typedef bool weir_ode_fn(void *user, int64_t n, const int64_t *samples, const double *t,
                         const double *x, double *dx);

typedef enum weir_sample_end {
    WEIR_SAMPLE_DONE, /* arrived */
    WEIR_SAMPLE_NOT_FINITE, /* met NaN or infinity: the sample is NaN */
    WEIR_SAMPLE_OUT_OF_STEPS /* steps used up, or too small to move time: the sample is the last
                             good state of its trajectory */
} weir_sample_end;
typedef struct weir_sample_report {
    weir_sample_end end;
    int64_t evaluations;     /* of f */
    int64_t steps, rejected; /* taken; tried and thrown away */
} weir_sample_report;

typedef struct weir_ode {
    size_t size;             /* sizeof it */
    weir_ctx *ctx;
    int64_t n, dim;
    double t0, t1;           /* either way round */
    double *x;               /* [n, dim]: in the states at t0, out those at t1 */
    weir_ode_fn *f;
    void *user;
    weir_sample_report *report; /* [n], or NULL */
    /* Fixed steps only; or NULL. Sees the states x [n, dim] at t: those it begins with (step 0),
     * and those at every step's end. Anything but WEIR_OK ends the solve, and is what it returns.
     */
    weir_status (*on_state)(void *user, int64_t step, double t, const double *x);
    int64_t tail; /* adaptive: the last `tail` numbers of a sample have an error norm of their own,
                     and the larger counts; 0 */
} weir_ode;

/* x' = x + h sum_i b_i k_i, k_i = f(x + h sum_j a_ij k_j, t + c_i h). e = b - b^ gives the error
 * estimate of embedded pairs. */
enum { WEIR_ODE_STAGES = 64 }; /* at most */
typedef struct weir_tableau {
    size_t size; /* sizeof it */
    const char *name;
    int stages, order;
    bool first_same_as_last; /* the last stage is the next step's first */
    const double *c, *a, *b; /* [stages], [stages, stages], [stages] */
    const double *e; /* [stages], or NULL: no estimate */
} weir_tableau;
/* euler, midpoint, heun, rk4, dopri5, tsit5; NULL: none of these. */
WEIR_API const weir_tableau *weir_ode_method(const char *name);

/* Steps that end at times[1], .. times[steps]; times[0] is t0. NULL: even ones from t0 to t1. */
WEIR_API weir_status weir_ode_fixed(const weir_ode *p, const weir_tableau *method, int64_t steps,
                                    const double *times);

typedef struct weir_ode_opts {
    size_t size;
    double rtol, atol; /* a step is taken when the root mean square of error / (atol + rtol max(|x|,
                          |x'|)) is at most 1; 1e-5 each */
    int64_t max_steps; /* a sample may try; 10000 */
} weir_ode_opts;
WEIR_API void weir_ode_defaults_sized(weir_ode_opts *o, size_t size);
WEIR_DEFAULTS(weir_ode_opts, weir_ode_defaults)
/* Steps of each sample's own choice (Hairer, Norsett, Wanner 1993, II.4); only for methods with an
 * error estimate. Options NULL: defaults. */
WEIR_API weir_status weir_ode_adaptive(const weir_ode *p, const weir_tableau *method,
                                       const weir_ode_opts *options);

#ifdef __cplusplus
}
#endif
#endif
