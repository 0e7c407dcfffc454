/* map_spline.c - rational-quadratic splines (Durkan, Bekasov, Murray, Papamakarios 2019): on a line
 * with the identity beyond [-B, B], on [0, B] with slopes of their own at the ends, or on a circle
 * (Rezende et al. 2020).
 *
 * With form=bounded parameters are zuko's: with l = -log(min_slope) widths and heights are
 * softmax(h / (1 + |2 h| / l)), which is 1e-5 or more, and slopes exp(h / (1 + |h| / l)). They are
 * given to the spline as what its own forms make the same of. */
#include <math.h>
#include "flow/map.h"

#define PI 3.14159265358979323846
enum { LINE, CUBE, CIRCLE };
enum { FLOORED, BOUNDED };
static const double least = 1e-5; /* of a width, height or slope of form=bounded */

/* -- form=bounded ------------------------------------------------------------------------------ */
static weir_tensor *bounded(weir_tensor *h, double limit)
{
    return weir_div(h, weir_affine(weir_abs(h), 1 / limit, 1));
}

/* log(p - least), of which the spline makes p = least + (1 - K least) softmax(.) again */
static weir_tensor *bounded_sizes(weir_tensor *h, double limit)
{
    return weir_log(weir_affine(weir_softmax(bounded(h, limit / 2), -1), 1, -least));
}

/* What least + softplus(. + c) is exp(h) of. */
static weir_tensor *bounded_slopes(weir_tensor *h, double limit)
{
    weir_tensor *above = weir_affine(weir_exp(bounded(h, limit)), 1, -least);
    weir_tensor *rest = weir_log(weir_neg(weir_expm1(weir_neg(above))));
    return weir_affine(weir_add(above, rest), 1, -log(expm1(1 - least)));
}

static weir_tensor *bounded_params(const weir__spline_map *s, weir_tensor *h)
{
    int64_t k = s->o.bins, n = s->map.params;
    weir_tensor *parts[3];
    if (!weir_split(h, -1, 3, (const int64_t[]){ k, k, n - 2 * k }, parts)) return parts[0];
    for (int i = 0; i < 2; i++) parts[i] = bounded_sizes(parts[i], s->limit);
    parts[2] = bounded_slopes(parts[2], s->limit);
    return weir_cat(3, parts, -1);
}

static weir_tensor *spline_apply(const weir__map *m, weir_tensor *x, weir_tensor *h, bool inverse,
                                 weir_tensor **log_slope)
{
    const weir__spline_map *s = (const weir__spline_map *)m;
    if (s->limit > 0) h = bounded_params(s, h);
    return weir_rq_spline(x, h, &s->o, inverse, log_slope);
}

static void bounded_begin(weir__spline_map *m, const weir__spline_opts *o)
{
    m->limit = -log(o->min_slope);
    m->o.min_width = least;
    m->o.min_height = least;
    m->o.min_slope = least;
}

/* The smallest width is above min_slope / K. */
static bool bounded_fits(weir_ctx *c, const char *who, const weir__spline_opts *o)
{
    if (o->min_slope > (double)o->bins * least) return true;
    weir_fail(c, WEIR_ERROR_RANGE,
              "%s: form=bounded bins=%lld min_slope=%g: expected min_slope above bins times %g",
              who, (long long)o->bins, o->min_slope, least);
    return false;
}

static bool spline_bins_fit(weir_ctx *c, const char *who, const weir__spline_opts *o)
{
    double size = o->min_width > o->min_height ? o->min_width : o->min_height;
    if (o->form == BOUNDED) return bounded_fits(c, who, o);
    if ((double)o->bins * size < 1) return true;
    weir_fail(c, WEIR_ERROR_RANGE,
              "%s: bins=%lld with a smallest width or height of %g: expected less than 1 of them "
              "together",
              who, (long long)o->bins, size);
    return false;
}

bool weir__spline_map_of(weir_ctx *c, const char *who, const weir__spline_opts *o,
                         weir__spline_map *m)
{
    static const double bounds[] = { 3, 1, PI };
    static const weir_spline_ends ends[] = { WEIR_SPLINE_LINEAR, WEIR_SPLINE_FREE,
                                             WEIR_SPLINE_CIRCLE };
    double bound = o->bound > 0 ? o->bound : bounds[o->domain];
    if (!spline_bins_fit(c, who, o)) return false;
    *m = (weir__spline_map){
        .map = { .apply = spline_apply, .period = o->domain == CIRCLE ? 2 * bound : 0 },
        .o = {
            .size = sizeof m->o,
            .bins = o->bins,
            .low = o->domain == CUBE ? 0 : -bound,
            .high = bound,
            .min_width = o->min_width,
            .min_height = o->min_height,
            .min_slope = o->min_slope,
            .ends = ends[o->domain],
        },
    };
    if (o->form == BOUNDED) bounded_begin(m, o);
    m->map.params = weir_rq_spline_params(&m->o);
    return true;
}
