/* guidance.c - predictors that stand around another: classifier-free guidance, and the clamp of the
 * data that is predicted. */
#include <math.h>
#include <stddef.h>
#include <string.h>
#include "diffusion/diffusion.h"

/* -- guidance ---------------------------------------------------------------------------------- */
static const weir_guidance guidance_whole = {
    .size = sizeof(weir_guidance),
    .weight = 1,
    .sigma_low = -INFINITY,
    .sigma_high = INFINITY,
};

void weir_guidance_defaults_sized(weir_guidance *g, size_t size)
{
    weir__sized_defaults(g, size, &guidance_whole, sizeof guidance_whole);
}

static bool guidance_fits(const weir_guidance *g)
{
    bool given = g->path && g->dim > 0;
    if (given && g->own.predict && g->other.predict && g->rescale >= 0 && g->rescale <= 1)
        return true;
    weir_fail(g->ctx, WEIR_ERROR_ARGUMENT,
              "guidance: NULL: expected weir_guidance_defaults with a path, dim, own and other, "
              "and a rescale of 0 to 1");
    return false;
}

static double guidance_weight(const weir_guidance *g, double t)
{
    weir_path_point p = g->path->at(g->path_options, t);
    double sigma = p.b / p.a;
    return sigma > g->sigma_low && sigma <= g->sigma_high ? g->weight : 1;
}

static bool guidance_is(const weir_guidance *g, int64_t n, const double *t, double weight)
{
    for (int64_t i = 0; i < n; i++)
        if (guidance_weight(g, t[i]) != weight) return false;
    return true;
}

static double guidance_deviation(int64_t n, const double *v)
{
    double mean = 0, squares = 0;
    for (int64_t j = 0; j < n; j++) mean += v[j] / (double)n;
    for (int64_t j = 0; j < n; j++) squares += (v[j] - mean) * (v[j] - mean);
    return sqrt(squares / (double)n);
}

/* y [dim] = other + weight (own - other), rescaled; y may be other */
static void guidance_mix(const weir_guidance *g, double weight, const double *own,
                         const double *other, double *y)
{
    double before = g->rescale > 0 ? guidance_deviation(g->dim, own) : 0;
    for (int64_t j = 0; j < g->dim; j++) y[j] = other[j] + weight * (own[j] - other[j]);
    double after = g->rescale > 0 ? guidance_deviation(g->dim, y) : 0;
    double scale = after > 0 ? g->rescale * before / after + 1 - g->rescale : 1;
    for (int64_t j = 0; j < g->dim && scale != 1; j++) y[j] *= scale;
}

/* In one form into out [n, dim], with room for as much. */
static weir_status guidance_both(const weir_guidance *g, const weir_prediction_row *form, int64_t n,
                                 const int64_t *samples, const double *t, const double *x,
                                 double *room, double *out)
{
    weir_status s = g->other.predict(g->other.user, form, n, samples, t, x, out);
    if (s == WEIR_OK) s = g->own.predict(g->own.user, form, n, samples, t, x, room);
    for (int64_t i = 0; s == WEIR_OK && i < n; i++) {
        double weight = guidance_weight(g, t[i]), *own = room + i * g->dim, *y = out + i * g->dim;
        if (weight == 1) memcpy(y, own, (size_t)g->dim * sizeof *y);
        else guidance_mix(g, weight, own, y, y);
    }
    return s;
}

static weir_status guidance_predict(void *user, const weir_prediction_row *want, int64_t n,
                                    const int64_t *samples, const double *t, const double *x,
                                    double *out)
{
    weir_guidance read = guidance_whole, *g = &read;
    weir_ctx *c = weir__sized_ctx(user, offsetof(weir_guidance, ctx));
    bool known = weir__sized_read(c, "guidance: options", "them from weir_guidance_defaults", user,
                                  &read, sizeof read);
    if (!known || !guidance_fits(g)) return weir_status_of(c);
    const weir_prediction_row *form = g->rescale > 0 ? &weir__prediction_v : want;
    if (guidance_is(g, n, t, 1)) return g->own.predict(g->own.user, want, n, samples, t, x, out);
    if (g->rescale == 0 && guidance_is(g, n, t, 0))
        return g->other.predict(g->other.user, want, n, samples, t, x, out);
    double *room = weir__alloc_n(g->ctx, weir__size_times(n, g->dim), sizeof *room);
    if (!room) return weir_status_of(g->ctx);
    weir_status s = guidance_both(g, form, n, samples, t, x, room, out);
    weir__free(g->ctx, room);
    if (s != WEIR_OK || form == want) return s;
    return weir_prediction_convert(g->ctx, g->path, g->path_options, form, NULL, want, NULL, n,
                                   g->dim, t, x, out);
}

weir_predictor weir_guidance_predictor(weir_guidance *g)
{
    bool has = weir__sized_ctx(g, offsetof(weir_guidance, ctx)) != NULL;
    return (weir_predictor){ .predict = has ? guidance_predict : NULL, .user = g };
}

/* -- clamp ------------------------------------------------------------------------------------- */
static const weir_x0_clamp clamp_whole = { .size = sizeof(weir_x0_clamp), .low = -1, .high = 1 };

void weir_x0_clamp_defaults_sized(weir_x0_clamp *k, size_t size)
{
    weir__sized_defaults(k, size, &clamp_whole, sizeof clamp_whole);
}

static bool clamp_fits(const weir_x0_clamp *k)
{
    if (k->path && k->dim > 0 && k->own.predict && k->low <= k->high) return true;
    weir_fail(
        k->ctx, WEIR_ERROR_ARGUMENT,
        "x0_clamp: NULL: expected weir_x0_clamp_defaults with a path, dim, own, and low <= high");
    return false;
}

/* x0 [n, dim]; NaN stays one. */
static void clamp_data(const weir_x0_clamp *k, int64_t n, double *x0)
{
    for (int64_t j = 0; j < n * k->dim; j++) {
        double low = k->lows ? k->lows[j % k->dim] : k->low;
        double high = k->highs ? k->highs[j % k->dim] : k->high;
        if (x0[j] < low) x0[j] = low;
        if (x0[j] > high) x0[j] = high;
    }
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
    weir_x0_clamp read = clamp_whole, *k = &read;
    const weir_prediction_row *x0 = &weir__prediction_x0;
    weir_ctx *c = weir__sized_ctx(user, offsetof(weir_x0_clamp, ctx));
    bool known = weir__sized_read(c, "x0_clamp: options", "them from weir_x0_clamp_defaults", user,
                                  &read, sizeof read);
    if (!known || !clamp_fits(k)) return weir_status_of(c);
    weir_status s = k->own.predict(k->own.user, x0, n, samples, t, x, out);
    if (s != WEIR_OK) return s;
    clamp_data(k, n, out);
    s = weir_prediction_convert(k->ctx, k->path, k->path_options, x0, NULL, want, NULL, n, k->dim,
                                t, x, out);
    return s == WEIR_OK ? clamp_skip(k, want, n, samples, t, x, out) : s;
}

weir_predictor weir_x0_clamp_predictor(weir_x0_clamp *k)
{
    bool has = weir__sized_ctx(k, offsetof(weir_x0_clamp, ctx)) != NULL;
    return (weir_predictor){ .predict = has ? clamp_predict : NULL, .user = k };
}
