/* steps.c - what samplers share whose samples all step at the same times: room, and the callbacks
 * of the caller for all samples at one time. */
#include <math.h>
#include "diffusion/diffusion.h"

bool weir__steps_begin(weir__steps *w, const weir_sampling *p, int arrays)
{
    int64_t size = weir__size_times(p->n, p->dim);
    int64_t reals = weir__size_plus(p->n, weir__size_times(arrays, size));
    *w = (weir__steps){ .p = p, .size = size };
    w->samples = weir__alloc0_n(p->ctx, weir__size_times(p->n, 2), sizeof *w->samples);
    w->t = w->samples ? weir__alloc_n(p->ctx, reals, sizeof *w->t) : NULL;
    w->status = w->t ? weir_status_of(p->ctx) : WEIR_ERROR_MEMORY;
    if (!w->t) return false;
    w->draws = w->samples + p->n;
    w->room = w->t + p->n;
    for (int64_t i = 0; i < p->n; i++) w->samples[i] = i;
    return w->status == WEIR_OK;
}

weir_status weir__steps_end(weir__steps *w)
{
    weir__free(w->p->ctx, w->samples);
    weir__free(w->p->ctx, w->t);
    return w->status == WEIR_OK ? weir_status_of(w->p->ctx) : w->status;
}

static void steps_at(weir__steps *w, double t)
{
    for (int64_t i = 0; i < w->p->n; i++) w->t[i] = t;
}

bool weir__steps_predict(weir__steps *w, const weir_prediction_row *want, double t, const double *x,
                         double *out)
{
    const weir_predictor *k = &w->p->predictor;
    steps_at(w, t);
    w->status = k->predict(k->user, want, w->p->n, w->samples, w->t, x, out);
    return w->status == WEIR_OK;
}

bool weir__steps_noise(weir__steps *w, double *z)
{
    const weir_sampling *p = w->p;
    w->status = p->noise(p->user, w->draws, p->n, w->samples, z);
    for (int64_t i = 0; i < p->n; i++) w->draws[i]++;
    return w->status == WEIR_OK;
}

bool weir__steps_show(weir__steps *w, int64_t step)
{
    const weir_sampling *p = w->p;
    if (!p->on_state) return true;
    steps_at(w, p->times[step]);
    w->status = p->on_state(p->user, step, w->t, p->x);
    return w->status == WEIR_OK;
}

bool weir__steps_fall(const weir_sampling *p, const char *who)
{
    if (p->times[p->n_times - 1] < p->times[0]) return true;
    weir_fail(p->ctx, WEIR_ERROR_UNSUPPORTED, "%s: from data to noise: expected times that fall",
              who);
    return false;
}

weir_path_point weir__steps_point(const weir__steps *w, double t)
{
    return w->p->path->at(w->p->path_options, t);
}

void weir__steps_first(int64_t size, weir_path_point p, weir_path_point q, const double *x,
                       const double *x0, double *y)
{
    double of_x = q.b / p.b, of_x0 = q.a - p.a * q.b / p.b;
    for (int64_t j = 0; j < size; j++) y[j] = of_x * x[j] + of_x0 * x0[j];
}
