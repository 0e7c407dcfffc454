/* unipc.c - UniPC: a predictor of order p from the forms m that were predicted at earlier steps,
 * and a corrector from the one at x' too, which the next step then has (Zhao et al. 2023). With the
 * step of exponential.c, h = log(sigma / sigma'), P_k = weir__steps_phi(k, z), and earlier places
 * at r_k = (lambda_k - lambda) / h < 0:
 *
 *     x' = of_x x + of_m m - scale sum_k w_k (m_k - m) / r_k,   sum_k r_k^(j-1) w_k = j! P_j
 *
 * for j = 1 .. count of terms: p - 1 earlier ones, and of the corrector m' at x' with r = 1 as
 * well. Where there is one term it is w = B / 2, B = z (bh1) or e^z - 1 (bh2). The order grows with
 * the steps from 1, and after sigma infinite, a = 0; from there, and to the data, b = 0, steps are
 * of first order and not corrected. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "diffusion/diffusion.h"

typedef struct unipc_opts {
    weir__sampler_opts base;
    int64_t order;
    int32_t b, form, corrector;
} unipc_opts;
enum { B_H1, B_H2 };
enum { FORM_X0, FORM_EPS };
enum { CORRECT_NONE, CORRECT_INNER, CORRECT_ALL };

static const weir_option unipc_options[] = {
    WEIR__SAMPLER_OPTIONS("karras", "from noise to data; 0: 20"),
    { "order", WEIR_OPTION_INT, offsetof(unipc_opts, order), "3", 1, 3, NULL,
      "of the predictor; the corrector adds one" },
    { "b", WEIR_OPTION_CHOICE, offsetof(unipc_opts, b), "bh2", 0, 0, "bh1|bh2",
      "weight where one difference is known: by h, or by e^h - 1" },
    { "form", WEIR_OPTION_CHOICE, offsetof(unipc_opts, form), "x0", 0, 0, "x0|eps",
      "held along a step: the data, or the noise" },
    { "corrector", WEIR_OPTION_CHOICE, offsetof(unipc_opts, corrector), "inner", 0, 0,
      "none|inner|all", "inner: but for the last step, whose correction is one evaluation more" },
    { 0 },
};

typedef struct unipc_run {
    weir__steps steps;
    const unipc_opts *o;
    int known;     /* forms of earlier steps that are kept, at a finite sigma */
    double h[2];   /* of the steps before, the last first */
    double *of[4]; /* the form at x', now, and before */
    double *x;     /* where the step began */
} unipc_run;
enum { NEXT, NOW, TERMS = 3, ROOMS = 5 }; /* arrays [n, dim]: of the form, then x */

/* w of sum_k r_k^(j-1) w_k = c_j, j = 1 .. n (Bjorck, Pereyra 1970); c becomes w. */
static void unipc_solve(int n, const double *r, double *c)
{
    for (int k = 0; k < n - 1; k++)
        for (int j = n - 1; j > k; j--) c[j] -= r[k] * c[j - 1];
    for (int k = n - 2; k >= 0; k--) {
        for (int j = k + 1; j < n; j++) c[j] /= r[j] - r[j - k - 1];
        for (int j = k; j < n - 1; j++) c[j] -= c[j + 1];
    }
}

/* The weights of n differences at r. */
static void unipc_weights(const unipc_run *r, double z, int n, const double *at, double *w)
{
    double factorial = 1;
    for (int j = 1; j <= n; j++) {
        factorial *= j;
        w[j - 1] = factorial * weir__steps_phi(j, z);
    }
    if (n == 1) w[0] = (r->o->b == B_H1 ? z : expm1(z)) / 2;
    else unipc_solve(n, at, w);
}

/* The step from r->x to p->x; `corrected`: with the form at x'. */
static void unipc_go(unipc_run *r, weir__leg leg, bool corrected)
{
    double at[TERMS], w[TERMS], c[2 + TERMS] = { leg.of_x, leg.of_m }, h = fabs(leg.z), back = 0;
    double *v[2 + TERMS] = { r->x, r->of[NOW] };
    int n = 0, order = r->o->order < r->known + 1 ? (int)r->o->order : r->known + 1;
    for (; n < order - 1; n++) {
        back += r->h[n];
        at[n] = -back / h;
        v[2 + n] = r->of[NOW + 1 + n];
    }
    if (corrected) {
        at[n] = 1;
        v[2 + n++] = r->of[NEXT];
    }
    unipc_weights(r, leg.z, n, at, w);
    for (int k = 0; k < n; k++) {
        c[2 + k] = -leg.scale * w[k] / at[k];
        c[1] -= c[2 + k];
    }
    weir__steps_mix(r->steps.size, 2 + n, c, v, r->steps.p->x);
}

/* Of a step of h, a place whose sigma was infinite being none to come back to. */
static void unipc_keep(unipc_run *r, double h, bool first)
{
    double *oldest = r->of[3];
    memmove(r->of + 1, r->of, 3 * sizeof *r->of);
    r->of[NEXT] = oldest;
    r->h[1] = r->h[0];
    r->h[0] = h;
    if (first) r->known = 0;
    else if (r->known < 2) r->known++;
}

static bool unipc_predict(unipc_run *r, double t, bool noise, int into)
{
    weir__steps *w = &r->steps;
    return weir__steps_predict(w, weir__leg_form(noise), t, w->p->x, r->of[into]);
}

/* From times[i], whose form is known but where sigma is infinite. */
static bool unipc_walk(unipc_run *r, int64_t i)
{
    const weir_sampling *p = r->steps.p;
    double t = p->times[i], next = p->times[i + 1];
    weir_path_point at = weir__steps_point(&r->steps, t), to = weir__steps_point(&r->steps, next);
    bool first = weir__leg_first(at, to), noise = r->o->form == FORM_EPS,
         last = i + 2 == p->n_times;
    if (at.a == 0 && !unipc_predict(r, t, false, NOW)) return false;
    weir__leg leg = weir__leg_of(noise && at.a > 0, at, to);
    memcpy(r->x, p->x, (size_t)r->steps.size * sizeof *r->x);
    if (first) r->known = 0;
    unipc_go(r, leg, false);
    bool corrected = !first && r->o->corrector != CORRECT_NONE;
    if (last && !(corrected && r->o->corrector == CORRECT_ALL)) return true;
    if (!unipc_predict(r, next, noise, NEXT)) return false;
    if (corrected) unipc_go(r, leg, true);
    unipc_keep(r, fabs(leg.z), first);
    return true;
}

static weir_status unipc_run_all(const weir_sampling *p, const void *options)
{
    unipc_run r = { .o = options };
    weir__steps *w = &r.steps;
    bool good = weir__steps_begin(w, p, ROOMS) && weir__steps_fall(p, "sampler.unipc")
                && weir__steps_show(w, 0);
    for (int k = 0; good && k < 4; k++) r.of[k] = w->room + k * w->size;
    if (good) r.x = w->room + 4 * w->size;
    bool noise = r.o->form == FORM_EPS;
    if (good && weir__steps_point(w, p->times[0]).a > 0)
        good = unipc_predict(&r, p->times[0], noise, NOW);
    for (int64_t i = 0; good && i + 1 < p->n_times; i++)
        good = unipc_walk(&r, i) && weir__steps_show(w, i + 1);
    return weir__steps_end(w);
}

const weir_sampler_row weir__sampler_unipc = {
    .row = {
        .size = sizeof(weir_sampler_row),
        .version = 1,
        .name = "sampler.unipc",
        .doc = "predictor and corrector of many steps, one evaluation each (Zhao et al. 2023)",
        .options = unipc_options,
        .options_size = sizeof(unipc_opts),
        .test = "steps=10 order=2 b=bh1 corrector=all",
    },
    .steps = 20,
    .run = unipc_run_all,
    .ends_at_data = true,
};
