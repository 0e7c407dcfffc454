/* exponential.c - what exponential integrators share. Along the flow's ODE y = x / a obeys, in
 * lambda = -log sigma = log(a / b),
 *
 *     dy/dlambda = D - y = -sigma e,   D the data and e the noise in x
 *
 * of which the linear part is solved exactly. From p to q with h = lambda' - lambda, and m the form
 * that is held along the step (Lu et al. 2022a, 2022b):
 *
 *     data:   x' = (b' / b) x - a' (e^z - 1) m,   z = -h
 *     noise:  x' = (a' / a) x - b' (e^z - 1) m,   z = h
 *
 * and where m changes along the step, weir__steps_phi weighs its differences. It is the same method
 * on any path. */
#include <math.h>
#include "diffusion/diffusion.h"

const weir_prediction_row *weir__leg_form(bool noise)
{
    return noise ? &weir__prediction_eps : &weir__prediction_x0;
}

weir__leg weir__leg_of(bool noise, weir_path_point p, weir_path_point q)
{
    double h = log(p.b / p.a * (q.a / q.b));
    if (noise)
        return (
            weir__leg){ .of_x = q.a / p.a, .of_m = q.b - p.b * q.a / p.a, .scale = q.b, .z = h };
    return (weir__leg){ .of_x = q.b / p.b, .of_m = q.a - p.a * q.b / p.b, .scale = q.a, .z = -h };
}

bool weir__leg_first(weir_path_point p, weir_path_point q) { return p.a == 0 || q.b == 0; }

double weir__steps_phi(int k, double z)
{
    if (fabs(z) >= 1) {
        double value = expm1(z), factorial = 1;
        for (int j = 1; j <= k; j++) {
            factorial *= j;
            value = value / z - 1 / factorial;
        }
        return value;
    }
    double term = 1, sum = 0;
    for (int j = 1; j <= k; j++) term /= j;
    for (int j = 1; j <= 20; j++) {
        term *= z / (j + k);
        sum += term;
    }
    return sum;
}

weir__moment weir__steps_moment(const weir__steps *w, double t)
{
    return (weir__moment){ .t = t, .is = weir__steps_point(w, t) };
}

weir__moment weir__steps_between(const weir__steps *w, weir__moment p, weir__moment q, double r)
{
    double sigma = p.is.b / p.is.a, ratio = q.is.b / q.is.a / sigma;
    return weir__steps_moment(w, w->p->path->time_of(w->p->path_options, sigma * pow(ratio, r)));
}

void weir__steps_mix(int64_t size, int terms, const double *c, double *const *v, double *y)
{
    for (int64_t j = 0; j < size; j++) {
        double sum = 0;
        for (int k = 0; k < terms; k++) sum += c[k] * v[k][j];
        y[j] = sum;
    }
}
