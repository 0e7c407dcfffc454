/* dpm.c - DPM-Solver and DPM-Solver++ with single steps: exponential Runge-Kutta methods in lambda,
 * of order 1 to 3, that hold the noise (Lu et al. 2022a) or the data (Lu et al. 2022b). With the
 * step of exponential.c, P_k = weir__steps_phi(k, z), and m_r the form at the share r of lambda:
 *
 *     order 1:  x' = of_x x + of_m m
 *     order 2:  ..            - scale w_1 (m_1/2 - m)
 *     order 3:  ..            - scale (w_1 (m_1/3 - m) + w_2 (m_2/3 - m))
 *
 * By the papers' algorithms w_1 = P_0 for order 2; w_1 = 0 and w_2 = 3/2 P_1 for order 3. By
 * Taylor's series w_1 = 2 P_1 for order 2; w_1 = 6 P_1 - 18 P_2 and w_2 = 9 P_2 - 3/2 P_1 for order
 * 3. To m_2/3 leads a step with w_1 = 2 P_1 of its own z. Steps from sigma infinite, a = 0, and to
 * the data, b = 0, are of first order. */
#include <math.h>
#include <stddef.h>
#include "diffusion/diffusion.h"

typedef struct dpm_opts {
    weir__sampler_opts base;
    int32_t type;
} dpm_opts;
enum { TYPE_PAPER, TYPE_TAYLOR };

/* What a row is. */
typedef struct dpm_kind {
    const char *who;
    int order;
    bool noise;
} dpm_kind;

typedef struct dpm_run {
    weir__steps steps;
    dpm_kind kind;
    int32_t type;
} dpm_run;
enum { M0, M1, M2, AT, ROOMS }; /* arrays [n, dim] */

static double *dpm_room(const dpm_run *r, int which)
{
    return r->steps.room + which * r->steps.size;
}

static bool dpm_predict(dpm_run *r, weir__moment at, const double *x, int into)
{
    return weir__steps_predict(&r->steps, weir__leg_form(r->kind.noise), at.t, x,
                               dpm_room(r, into));
}

/* y = of_x x + of_m m - scale (w[0] (m_1 - m) + w[1] (m_2 - m)), of the first `changes` */
static void dpm_go(dpm_run *r, weir__leg leg, int changes, const double *w, double *y)
{
    double c[4] = { leg.of_x, leg.of_m };
    double *v[4] = { r->steps.p->x, dpm_room(r, M0), dpm_room(r, M1), dpm_room(r, M2) };
    for (int k = 0; k < changes; k++) {
        c[2 + k] = -leg.scale * w[k];
        c[1] -= c[2 + k];
    }
    weir__steps_mix(r->steps.size, 2 + changes, c, v, y);
}

static bool dpm_first(dpm_run *r, weir__moment from, weir__moment to)
{
    weir__steps *w = &r->steps;
    double *x = w->p->x, *x0 = dpm_room(r, M0);
    if (!weir__steps_predict(w, &weir__prediction_x0, from.t, x, x0)) return false;
    weir__steps_first(w->size, from.is, to.is, x, x0, x);
    return true;
}

static bool dpm_second(dpm_run *r, weir__moment from, weir__moment to)
{
    double *at = dpm_room(r, AT);
    weir__moment half = weir__steps_between(&r->steps, from, to, 0.5);
    dpm_go(r, weir__leg_of(r->kind.noise, from.is, half.is), 0, NULL, at);
    if (!dpm_predict(r, half, at, M1)) return false;
    weir__leg leg = weir__leg_of(r->kind.noise, from.is, to.is);
    bool taylor = r->type == TYPE_TAYLOR;
    double w = taylor ? 2 * weir__steps_phi(1, leg.z) : weir__steps_phi(0, leg.z);
    dpm_go(r, leg, 1, &w, r->steps.p->x);
    return true;
}

static bool dpm_third(dpm_run *r, weir__moment from, weir__moment to)
{
    double *at = dpm_room(r, AT);
    weir__moment third = weir__steps_between(&r->steps, from, to, 1.0 / 3);
    weir__moment thirds = weir__steps_between(&r->steps, from, to, 2.0 / 3);
    dpm_go(r, weir__leg_of(r->kind.noise, from.is, third.is), 0, NULL, at);
    if (!dpm_predict(r, third, at, M1)) return false;
    weir__leg leg = weir__leg_of(r->kind.noise, from.is, thirds.is);
    double half = 2 * weir__steps_phi(1, leg.z);
    dpm_go(r, leg, 1, &half, at);
    if (!dpm_predict(r, thirds, at, M2)) return false;
    leg = weir__leg_of(r->kind.noise, from.is, to.is);
    double p1 = weir__steps_phi(1, leg.z), p2 = weir__steps_phi(2, leg.z);
    double paper[2] = { 0, 1.5 * p1 }, taylor[2] = { 6 * p1 - 18 * p2, 9 * p2 - 1.5 * p1 };
    dpm_go(r, leg, 2, r->type == TYPE_TAYLOR ? taylor : paper, r->steps.p->x);
    return true;
}

static bool dpm_step(dpm_run *r, weir__moment from, weir__moment to)
{
    double *x = r->steps.p->x;
    if (weir__leg_first(from.is, to.is)) return dpm_first(r, from, to);
    if (!dpm_predict(r, from, x, M0)) return false;
    if (r->kind.order == 3) return dpm_third(r, from, to);
    if (r->kind.order == 2) return dpm_second(r, from, to);
    dpm_go(r, weir__leg_of(r->kind.noise, from.is, to.is), 0, NULL, x);
    return true;
}

static weir_status dpm_run_all(const weir_sampling *p, dpm_kind kind, int32_t type)
{
    dpm_run r = { .kind = kind, .type = type };
    weir__steps *w = &r.steps;
    bool good = weir__steps_begin(w, p, ROOMS) && weir__steps_fall(p, kind.who)
                && weir__steps_show(w, 0);
    for (int64_t i = 0; good && i + 1 < p->n_times; i++) {
        weir__moment from = weir__steps_moment(w, p->times[i]);
        good = dpm_step(&r, from, weir__steps_moment(w, p->times[i + 1]))
               && weir__steps_show(w, i + 1);
    }
    return weir__steps_end(w);
}

/* -- rows -------------------------------------------------------------------------------------- */
#define STEPS_DOC "from noise to data; 0: the sampler's own number"
static const weir_option first_options[] = {
    WEIR__SAMPLER_OPTIONS("karras", STEPS_DOC),
    { 0 },
};
static const weir_option higher_options[] = {
    WEIR__SAMPLER_OPTIONS("karras", STEPS_DOC),
    { "type", WEIR_OPTION_CHOICE, offsetof(dpm_opts, type), "paper", 0, 0, "paper|taylor",
      "weights of what changes along a step: the papers' algorithm, or Taylor's series" },
    { 0 },
};

static int32_t first_type(const void *options)
{
    (void)options;
    return TYPE_PAPER;
}

static int32_t higher_type(const void *options) { return ((const dpm_opts *)options)->type; }

/* NAME, order, whether it holds the noise, in words, steps by default, options, their struct, test
 * input */
#define SAMPLER(n, order_, noise_, what, default_steps, options_, struct_, example) \
    static weir_status n##_run(const weir_sampling *p, const void *options) \
    { \
        const dpm_kind kind = { .who = "sampler." #n, .order = order_, .noise = noise_ }; \
        return dpm_run_all(p, kind, options_##_type(options)); \
    } \
    const weir_sampler_row weir__sampler_##n = { \
        .row = { \
            .size = sizeof(weir_sampler_row), \
            .version = 1, \
            .name = "sampler." #n, \
            .doc = what, \
            .options = options_##_options, \
            .options_size = sizeof(struct_), \
            .test = example, \
        }, \
        .steps = default_steps, \
        .run = n##_run, \
        .ends_at_data = true, \
    };

SAMPLER(dpm_1, 1, true, "DPM-Solver that holds the noise, first order (Lu et al. 2022)", 50, first,
        weir__sampler_opts, "steps=10")
SAMPLER(dpm_2, 2, true, "DPM-Solver, second order in two evaluations a step (Lu et al. 2022)", 25,
        higher, dpm_opts, "steps=10 type=taylor")
SAMPLER(dpm_3, 3, true, "DPM-Solver, third order in three evaluations a step (Lu et al. 2022)", 17,
        higher, dpm_opts, "steps=10 type=taylor")
SAMPLER(dpmpp_2s, 2, false, "DPM-Solver++ that holds the data, second order in single steps", 25,
        higher, dpm_opts, "steps=10 type=taylor")
SAMPLER(dpmpp_3s, 3, false, "DPM-Solver++ that holds the data, third order in single steps", 17,
        higher, dpm_opts, "steps=10 type=taylor")
