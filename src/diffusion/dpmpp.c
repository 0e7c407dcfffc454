/* dpmpp.c - DPM-Solver++ with many steps: the data D predicted at earlier steps gives its changes,
 * one evaluation a step; and its SDE, which draws noise (Lu et al. 2022b). With h = log(sigma /
 * sigma'), h_1 and h_2 those of the steps before, q = (1 + eta) h and P_k = weir__steps_phi(k, -q):
 *
 *     x' = (b' / b) e^(-eta h) x - a' (P_0 D + w_1 T_1 + w_2 T_2) + b' sqrt(1 - e^(-2 eta h)) z
 *
 *     order 2:  T_1 = (h / h_1) (D - D_1),   w_1 = P_0 / 2 (midpoint) or P_1 (heun),   w_2 = 0
 *     order 3:  d = (h / h_1) (D - D_1),   d' = (h / h_2) (D_1 - D_2),   w_1 = P_1,   w_2 = q_3 P_2
 *               T_1 = d + h_1 / (h_1 + h_2) (d - d'),   T_2 = h / (h_1 + h_2) (d - d')
 *
 * where T_2 is half of the second derivative: q_3 = 2 is of third order after a start that is, and
 * q_3 = 1 is what is commonly used. The first step is of order 1 and the second of order 2 (heun);
 * so are those after sigma infinite, a = 0, from where, and to the data, b = 0, steps are
 * of first order and draw nothing. */
#include <math.h>
#include <stddef.h>
#include "diffusion/diffusion.h"

enum { TYPE_MIDPOINT, TYPE_HEUN };
/* How a run steps. */
typedef struct multi_kind {
    const char *who;
    int order;
    int32_t type;
    double eta, q3;
} multi_kind;

typedef struct multi_run {
    weir__steps steps;
    multi_kind kind;
    int known;      /* earlier steps whose data is kept, at a finite sigma */
    double h[2];    /* of the steps before, the last first */
    double *of[3];  /* the data, now and before */
} multi_run;
enum { NOISE = 3, ROOMS }; /* arrays [n, dim], after those of the data */

/* Coefficients of x, D, D_1, D_2, of the first `terms` of them, and of z. */
typedef struct multi_step {
    int terms;
    double c[4], of_z;
} multi_step;
enum { OF_X, OF_D, OF_D1, OF_D2 };

static multi_step multi_weights(const multi_run *r, weir_path_point p, weir_path_point q, double h)
{
    const multi_kind *k = &r->kind;
    int order = k->order < r->known + 1 ? k->order : r->known + 1;
    bool midpoint = k->order == 2 && k->type == TYPE_MIDPOINT;
    double z = -(1 + k->eta) * h, p0 = weir__steps_phi(0, z);
    double w1 = midpoint ? p0 / 2 : weir__steps_phi(1, z), w2 = 0; /* of d and d - d' */
    multi_step s = { .terms = 1 + order, .c = { q.b / p.b * exp(-k->eta * h), -q.a * p0 } };
    s.of_z = q.b * sqrt(-expm1(-2 * k->eta * h));
    if (order == 3) w2 = (w1 * r->h[0] + k->q3 * weir__steps_phi(2, z) * h) / (r->h[0] + r->h[1]);
    double of_d = order > 1 ? -q.a * (w1 + w2) * h / r->h[0] : 0;
    double of_older = order > 2 ? q.a * w2 * h / r->h[1] : 0;
    s.c[OF_D] += of_d;
    s.c[OF_D1] = of_older - of_d;
    s.c[OF_D2] = -of_older;
    return s;
}

/* The data of this step becomes that of the one before. */
static void multi_keep(multi_run *r, double h)
{
    double *oldest = r->of[2];
    r->of[2] = r->of[1];
    r->of[1] = r->of[0];
    r->of[0] = oldest;
    r->h[1] = r->h[0];
    r->h[0] = h;
    if (r->known < 2) r->known++;
}

static bool multi_walk(multi_run *r, double t, double next)
{
    weir__steps *w = &r->steps;
    double *x = w->p->x, *z = w->room + NOISE * w->size;
    weir_path_point p = weir__steps_point(w, t), q = weir__steps_point(w, next);
    if (!weir__steps_predict(w, &weir__prediction_x0, t, x, r->of[0])) return false;
    if (weir__leg_first(p, q)) {
        weir__steps_first(w->size, p, q, x, r->of[0], x);
        return true; /* and nothing is kept of sigma infinite */
    }
    double h = log(p.b / p.a * (q.a / q.b));
    multi_step s = multi_weights(r, p, q, h);
    if (s.of_z > 0 && !weir__steps_noise(w, z)) return false;
    weir__steps_mix(w->size, s.terms, s.c, (double *[]){ x, r->of[0], r->of[1], r->of[2] }, x);
    if (s.of_z > 0) weir__steps_mix(w->size, 2, (double[]){ 1, s.of_z }, (double *[]){ x, z }, x);
    multi_keep(r, h);
    return true;
}

static weir_status multi_run_all(const weir_sampling *p, multi_kind kind)
{
    multi_run r = { .kind = kind };
    weir__steps *w = &r.steps;
    bool good = weir__steps_begin(w, p, ROOMS) && weir__steps_fall(p, kind.who)
                && weir__steps_show(w, 0);
    for (int k = 0; good && k < 3; k++) r.of[k] = w->room + k * w->size;
    for (int64_t i = 0; good && i + 1 < p->n_times; i++)
        good = multi_walk(&r, p->times[i], p->times[i + 1]) && weir__steps_show(w, i + 1);
    return weir__steps_end(w);
}

/* -- rows -------------------------------------------------------------------------------------- */
typedef struct second_opts {
    weir__sampler_opts base;
    int32_t type;
} second_opts;
typedef struct third_opts {
    weir__sampler_opts base;
    double q3;
} third_opts;
typedef struct sde_opts {
    weir__sampler_opts base;
    int32_t type;
    double eta;
} sde_opts;

#define TYPE_OPTION(struct_) \
    { "type", \
      WEIR_OPTION_CHOICE, \
      offsetof(struct_, type), \
      "midpoint", \
      0, \
      0, \
      "midpoint|heun", \
      "weight of what changes: that of the middle of a step, or the exact one" }
static const weir_option second_options[] = {
    WEIR__SAMPLER_OPTIONS("karras", "from noise to data; 0: 25"),
    TYPE_OPTION(second_opts),
    { 0 },
};
static const weir_option third_options[] = {
    WEIR__SAMPLER_OPTIONS("karras", "from noise to data; 0: 25"),
    { "q3", WEIR_OPTION_REAL, offsetof(third_opts, q3), "1", 0, 4, NULL,
      "weight of the second change: 2 is consistent, 1 as published samples have it" },
    { 0 },
};
static const weir_option sde_options[] = {
    WEIR__SAMPLER_OPTIONS("karras", "from noise to data; 0: 50"),
    TYPE_OPTION(sde_opts),
    { "eta", WEIR_OPTION_REAL, offsetof(sde_opts, eta), "1", 0, 10, NULL,
      "noise of the SDE, of its variance: 0: none, 1: that of the reverse diffusion" },
    { 0 },
};

static multi_kind second_kind(const void *options)
{
    return (multi_kind){ .order = 2, .type = ((const second_opts *)options)->type };
}

static multi_kind third_kind(const void *options)
{
    return (multi_kind){ .order = 3, .q3 = ((const third_opts *)options)->q3 };
}

static multi_kind sde_kind(const void *options)
{
    const sde_opts *o = options;
    return (multi_kind){ .order = 2, .type = o->type, .eta = o->eta };
}

/* NAME, in words, steps by default, options and their kind, test input */
#define SAMPLER(n, what, default_steps, options_, example) \
    static weir_status n##_run(const weir_sampling *p, const void *options) \
    { \
        multi_kind kind = options_##_kind(options); \
        kind.who = "sampler." #n; \
        return multi_run_all(p, kind); \
    } \
    const weir_sampler_row weir__sampler_##n = { \
        .row = { \
            .size = sizeof(weir_sampler_row), \
            .version = 1, \
            .name = "sampler." #n, \
            .doc = what, \
            .options = options_##_options, \
            .options_size = sizeof(options_##_opts), \
            .test = example, \
        }, \
        .steps = default_steps, \
        .run = n##_run, \
        .ends_at_data = true, \
    };

SAMPLER(dpmpp_2m, "DPM-Solver++ of second order, one evaluation a step (Lu et al. 2022)", 25,
        second, "steps=10 type=heun")
SAMPLER(dpmpp_3m, "DPM-Solver++ of three steps, one evaluation a step (Lu et al. 2022)", 25, third,
        "steps=10 q3=2")
SAMPLER(dpmpp_2m_sde, "the SDE by DPM-Solver++, one evaluation and one draw a step", 50, sde,
        "steps=10 eta=0.7")
