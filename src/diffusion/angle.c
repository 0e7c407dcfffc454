/* angle.c - the ODE of a path made of tables, in a time in which its velocity does not jump.
 * Between two lines of path.ddpm log a is linear in t, so that a' and b' jump at every line: an
 * adaptive method then meets errors that no estimate of its foresees. With a^2 + b^2 = 1 the angle
 *
 *     phi = atan(b / a),   dx/dphi = u dt/dphi = -sin(phi) E[x_0 | x] + cos(phi) E[eps | x],
 *     dt/dphi = (a^2 + b^2) / (a b' - a' b),
 *
 * is one in which only what the network says of its label t has kinks, and its ends are finite. */
#include <math.h>
#include "diffusion/diffusion.h"

bool weir__path_jumps(const weir_path_row *path) { return path == &weir__path_ddpm; }

static double angle_of(const weir__angle *w, double t)
{
    weir_path_point p = w->path->at(w->path_options, t);
    return atan2(p.b, p.a);
}

static double angle_time(const weir__angle *w, double phi)
{
    double t0 = w->in_t.t0, t1 = w->in_t.t1;
    double t = w->path->time_of(w->path_options, tan(phi));
    return fmin(fmax(t, fmin(t0, t1)), fmax(t0, t1));
}

static double angle_rate(const weir__angle *w, double t)
{
    weir_path_point p = w->path->at(w->path_options, t);
    return (p.a * p.a + p.b * p.b) / (p.a * p.db - p.da * p.b);
}

static bool angle_velocity(void *user, int64_t n, const int64_t *samples, const double *phi,
                           const double *x, double *dx)
{
    const weir__angle *w = user;
    int64_t dim = w->in_t.dim;
    for (int64_t i = 0; i < n; i++) w->t[i] = angle_time(w, phi[i]);
    if (!w->in_t.f(w->in_t.user, n, samples, w->t, x, dx)) return false;
    for (int64_t i = 0; i < n; i++) {
        double rate = angle_rate(w, w->t[i]);
        for (int64_t j = i * dim; j < (i + 1) * dim; j++) dx[j] *= rate;
    }
    return true;
}

bool weir__angle_begin(weir__angle *w, const weir_path_row *path, const void *path_options,
                       weir_ode *ode)
{
    *w = (weir__angle){ .in_t = *ode, .path = path, .path_options = path_options };
    w->t = weir__alloc_n(ode->ctx, ode->n, sizeof *w->t);
    if (!w->t) return false;
    ode->t0 = angle_of(w, w->in_t.t0);
    ode->t1 = angle_of(w, w->in_t.t1);
    ode->f = angle_velocity;
    ode->user = w;
    return true;
}

void weir__angle_end(weir__angle *w) { weir__free(w->in_t.ctx, w->t); }
