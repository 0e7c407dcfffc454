/* guidance.c - predictors that stand around another: classifier-free guidance, and the clamp of the
 * data that is predicted. */
#include <math.h>
#include "diffusion/diffusion.h"

/* -- guidance ---------------------------------------------------------------------------------- */
weir_guidance weir_guidance_defaults(void)
{
    return (weir_guidance){
        .size = sizeof(weir_guidance),
        .weight = 1,
        .sigma_low = -INFINITY,
        .sigma_high = INFINITY,
    };
}

static bool guidance_fits(const weir_guidance *g)
{
    if (g->size == sizeof *g && g->path && g->dim > 0 && g->own.predict && g->other.predict)
        return true;
    weir_fail(g->ctx, WEIR_ERROR_ARGUMENT,
              "guidance: NULL: expected weir_guidance_defaults with a path, dim, own and other");
    return false;
}

static double guidance_weight(const weir_guidance *g, double t)
{
    weir_path_point p = g->path->at(g->path_options, t);
    double sigma = p.b / p.a;
    return sigma > g->sigma_low && sigma <= g->sigma_high ? g->weight : 1;
}

static bool guidance_acts(const weir_guidance *g, int64_t n, const double *t)
{
    for (int64_t i = 0; i < n; i++)
        if (guidance_weight(g, t[i]) != 1) return true;
    return false;
}

/* out [n, dim] = other + weight (out - other) */
static void guidance_mix(const weir_guidance *g, int64_t n, const double *t, const double *other,
                         double *out)
{
    for (int64_t i = 0; i < n; i++) {
        double w = guidance_weight(g, t[i]);
        for (int64_t j = i * g->dim; j < (i + 1) * g->dim && w != 1; j++)
            out[j] = other[j] + w * (out[j] - other[j]);
    }
}

static weir_status guidance_predict(void *user, const weir_prediction_row *want, int64_t n,
                                    const int64_t *samples, const double *t, const double *x,
                                    double *out)
{
    const weir_guidance *g = user;
    if (!guidance_fits(g)) return weir_status_of(g->ctx);
    weir_status s = g->own.predict(g->own.user, want, n, samples, t, x, out);
    if (s != WEIR_OK || !guidance_acts(g, n, t)) return s;
    double *other = weir__alloc_n(g->ctx, weir__size_times(n, g->dim), sizeof *other);
    if (!other) return weir_status_of(g->ctx);
    s = g->other.predict(g->other.user, want, n, samples, t, x, other);
    if (s == WEIR_OK) guidance_mix(g, n, t, other, out);
    weir__free(g->ctx, other);
    return s;
}

weir_predictor weir_guidance_predictor(weir_guidance *g)
{
    return (weir_predictor){ .predict = g && g->ctx ? guidance_predict : NULL, .user = g };
}

/* -- clamp ------------------------------------------------------------------------------------- */
weir_x0_clamp weir_x0_clamp_defaults(void)
{
    return (weir_x0_clamp){ .size = sizeof(weir_x0_clamp), .low = -1, .high = 1 };
}

static bool clamp_fits(const weir_x0_clamp *k)
{
    if (k->size == sizeof *k && k->path && k->dim > 0 && k->own.predict && k->low <= k->high)
        return true;
    weir_fail(
        k->ctx, WEIR_ERROR_ARGUMENT,
        "x0_clamp: NULL: expected weir_x0_clamp_defaults with a path, dim, own, and low <= high");
    return false;
}

/* What `own` says in the form that is wanted, of the samples where b = 0. */
static weir_status clamp_skip(const weir_x0_clamp *k, const weir_prediction_row *want, int64_t n,
                              const int64_t *samples, const double *t, const double *x, double *out)
{
    weir_status s = WEIR_OK;
    for (int64_t i = 0, j; i < n && s == WEIR_OK; i = j) {
        bool data = k->path->at(k->path_options, t[i]).b == 0;
        for (j = i + 1; j < n && (k->path->at(k->path_options, t[j]).b == 0) == data; j++) continue;
        if (!data) continue;
        int64_t at = i * k->dim;
        s = k->own.predict(k->own.user, want, j - i, samples + i, t + i, x + at, out + at);
    }
    return s;
}

static weir_status clamp_predict(void *user, const weir_prediction_row *want, int64_t n,
                                 const int64_t *samples, const double *t, const double *x,
                                 double *out)
{
    const weir_x0_clamp *k = user;
    const weir_prediction_row *x0 = &weir__prediction_x0;
    if (!clamp_fits(k)) return weir_status_of(k->ctx);
    weir_status s = k->own.predict(k->own.user, x0, n, samples, t, x, out);
    if (s != WEIR_OK) return s;
    for (int64_t j = 0; j < n * k->dim; j++) {
        if (out[j] < k->low) out[j] = k->low;
        if (out[j] > k->high) out[j] = k->high;
    }
    s = weir_prediction_convert(k->ctx, k->path, k->path_options, x0, want, n, k->dim, t, x, out);
    return s == WEIR_OK ? clamp_skip(k, want, n, samples, t, x, out) : s;
}

weir_predictor weir_x0_clamp_predictor(weir_x0_clamp *k)
{
    return (weir_predictor){ .predict = k && k->ctx ? clamp_predict : NULL, .user = k };
}
