/* sampler.c - samplers that are Runge-Kutta methods on dx/dt = u(x, t) in raw time. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "diffusion/diffusion.h"

typedef struct opts {
    weir_sampler_opts base;
    double shift;
    double rtol, atol; /* adaptive ones */
    int64_t max_steps;
} opts;

#define STEPS(def, doc) { "steps", WEIR_OPTION_INT, offsetof(opts, base) + offsetof(weir_sampler_opts, steps), def, 0, 1e6, NULL, doc }
#define SHIFT { "shift", WEIR_OPTION_REAL, offsetof(opts, shift), "1", 1e-3, 1e3, NULL, "k: times are k t / (1 + (k - 1) t) of even ones; above 1: more at the noise" }
static const weir_option fixed_options[] = { STEPS("0", "from noise to data; 0: the sampler's own number"), SHIFT, { 0 } };
static const weir_option adaptive_options[] = {
    STEPS("0", "so many fixed steps; 0: every row chooses its own"),
    SHIFT,
    { "rtol", WEIR_OPTION_REAL, offsetof(opts, rtol), "1e-5", 0, 1, NULL, "relative tolerance of a step" },
    { "atol", WEIR_OPTION_REAL, offsetof(opts, atol), "1e-5", 0, 1e3, NULL, "absolute tolerance of a step" },
    { "max_steps", WEIR_OPTION_INT, offsetof(opts, max_steps), "10000", 1, 1e9, NULL, "a row may try" },
    { 0 },
};

/* Even times from t0 to t1, shifted (Esser et al. 2024, section 5.3.2): on path.fm sigma is multiplied by k. Ends stay exact. */
static double time_at(const weir_ode *p, double k, int64_t i, int64_t steps)
{
    double t = p->t0 + (p->t1 - p->t0) * (double)i / (double)steps;
    return k == 1 || i == 0 || i == steps ? t : k * t / (1 + (k - 1) * t);
}

static weir_status fixed(const weir_ode *p, const weir_tableau *m, const opts *o, int64_t steps)
{
    double *times = weir__alloc_n(p->ctx, weir__size_plus(steps, 1), sizeof *times);
    if (!times) return weir_status_of(p->ctx);
    for (int64_t i = 0; i <= steps; i++) times[i] = time_at(p, o->shift, i, steps);
    weir_status s = weir_ode_fixed(p, m, steps, times);
    weir__free(p->ctx, times);
    return s;
}

static weir_status adaptive(const weir_ode *p, const weir_tableau *m, const opts *o)
{
    weir_ode_opts a = weir_ode_defaults();
    a.rtol = o->rtol, a.atol = o->atol, a.max_steps = o->max_steps;
    return weir_ode_adaptive(p, m, &a);
}

/* NAME, order in words, steps by default (0: adaptive), options */
#define SAMPLER(n, what, default_steps, options_) \
    static weir_status n##_run(const weir_ode *p, const void *options) \
    { \
        const opts *o = options; \
        const weir_tableau *m = weir_ode_method(#n); \
        int64_t steps = o->base.steps > 0 ? o->base.steps : default_steps; \
        return steps > 0 ? fixed(p, m, o, steps) : adaptive(p, m, o); \
    } \
    const weir_sampler_row weir__sampler_##n = { \
        .row = { .size = sizeof(weir_sampler_row), .version = 1, .name = "sampler." #n, .doc = what, .options = options_, .options_size = sizeof(opts), \
                 .test = "" }, \
        .steps = default_steps, \
        .run = n##_run, \
    };

SAMPLER(euler, "x + h u(x, t): first order", 100, fixed_options)
SAMPLER(midpoint, "u at half a step: second order", 50, fixed_options)
SAMPLER(heun, "mean of u at both ends: second order", 50, fixed_options)
SAMPLER(rk4, "the classical fourth-order method", 25, fixed_options)
SAMPLER(dopri5, "Dormand-Prince 5(4), every row with steps of its own", 0, adaptive_options)

const weir_row *const weir__sampler_rows[] = {
#define F(n) &weir__sampler_##n.row,
    WEIR__SAMPLER_LIST(F)
#undef F
};
const int64_t weir__sampler_row_count = sizeof weir__sampler_rows / sizeof *weir__sampler_rows;
