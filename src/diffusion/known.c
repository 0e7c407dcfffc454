/* known.c - a predictor around another that knows values of the data: where they are known D is
 * them, and e the noise between x and them. A sampler carries known values along as
 * x_t = a x_0 + b eps, whose eps is the one that it began with or has drawn since. So the rest is
 * drawn beside what is known at each time (Lugmayr et al. 2022, equation 8). */
#include <stddef.h>
#include "diffusion/diffusion.h"

void weir_x0_known_defaults_sized(weir_x0_known *k, size_t size)
{
    const weir_x0_known whole = { .size = sizeof whole };
    weir__sized_defaults(k, size, &whole, sizeof whole);
}

static bool known_fits(const weir_x0_known *k)
{
    if (k->path && k->dim > 0 && k->own.predict && k->x0 && k->known) return true;
    weir_fail(
        k->ctx, WEIR_ERROR_ARGUMENT,
        "x0_known: NULL: expected weir_x0_known_defaults with a path, dim, own, x0 and known");
    return false;
}

/* Of one sample at t, with x and the data x0 [dim]. At b = 0 x is the data, and `own` is kept. */
static void known_put(const weir_x0_known *k, const weir_prediction_row *want, double t,
                      const double *x, const double *x0, const bool *known, double *out)
{
    weir_path_point p = k->path->at(k->path_options, t);
    if (!(p.b > 0)) return;
    weir_prediction_point m = want->at(NULL, p);
    for (int64_t j = 0; j < k->dim; j++) {
        if (!known[j]) continue;
        double eps = (x[j] - p.a * x0[j]) / p.b;
        out[j] = (m.x0 * x0[j] + m.eps * eps) / m.scale;
    }
}

static weir_status known_predict(void *user, const weir_prediction_row *want, int64_t n,
                                 const int64_t *samples, const double *t, const double *x,
                                 double *out)
{
    weir_x0_known read = { 0 }, *k = &read;
    weir_ctx *c = weir__sized_ctx(user, offsetof(weir_x0_known, ctx));
    bool whole = weir__sized_read(c, "x0_known: options", "them from weir_x0_known_defaults", user,
                                  &read, sizeof read);
    if (!whole || !known_fits(k)) return weir_status_of(c);
    weir_status s = k->own.predict(k->own.user, want, n, samples, t, x, out);
    for (int64_t i = 0; s == WEIR_OK && i < n; i++) {
        int64_t at = i * k->dim, of = samples[i] * k->dim;
        known_put(k, want, t[i], x + at, k->x0 + of, k->known + of, out + at);
    }
    return s;
}

weir_predictor weir_x0_known_predictor(weir_x0_known *k)
{
    bool has = weir__sized_ctx(k, offsetof(weir_x0_known, ctx)) != NULL;
    return (weir_predictor){ .predict = has ? known_predict : NULL, .user = k };
}
