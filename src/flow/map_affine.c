/* map_affine.c - y = x exp(s) + t (RealNVP: Dinh, Sohl-Dickstein, Bengio 2017, section 3.2; MAF:
 * Papamakarios, Pavlakou, Murray 2017), with parameters h and t of an element and s = scale(h); or
 * with first=shift, (x + t) exp(s), as the code of RealNVP and Glow has it.
 *
 * How a network's output h becomes a log scale s, with bound c:
 *     exp        h
 *     sigmoid    log sigmoid(h + 2)          Glow: scales in (0, 1)
 *     tanh       c tanh(h / c)               RealNVP and FrEIA bound it likewise; slope 1 at 0
 *     soft       h / (1 + |h| / c)           zuko: c = log 1000 there
 *     floored_sigmoid    log(sigmoid(h + 2) + 0.001)     nflows' couplings
 *     floored_softplus   log(softplus(h) + 0.001)        nflows' autoregressive layers
 *     clamped_softplus   log(min(softplus(h) + 0.001, 3))    nflows' couplings, general
 *     wide_tanh          c tanh h                        FrEIA's clamps
 *     wide_sigmoid       2 c (sigmoid(h) - 1/2)
 *     slow_tanh          c tanh(h / (10 c)), t / 10      FrEIA's all-in-one block
 *     learned_tanh       k tanh h, k learned             RealNVP's code
 *     atan               c 2/pi atan(h / c)              FrEIA's clamp in its first versions
 *     wide_atan          c 2/pi atan h                   FrEIA's clamp_activation="ATAN"
 *
 * FrEIA writes 0.636 for 2/pi = 0.63662 (FrEIA/modules/coupling_layers.py), which keeps its log
 * scales below 0.99903 c: wide_atan is its clamp where bound = 0.318 pi clamp.
 *
 * GIN (Sorrenson, Rother, Koethe 2020) takes the mean of s over a sample off, which keeps volume.
 */
#include <math.h>
#include "flow/map.h"

enum {
    EXP,
    SIGMOID,
    TANH,
    SOFT,
    FLOORED_SIGMOID,
    FLOORED_SOFTPLUS,
    CLAMPED_SOFTPLUS,
    WIDE_TANH,
    WIDE_SIGMOID,
    SLOW_TANH,
    LEARNED_TANH,
    ATAN,
    WIDE_ATAN
};
enum { SCALE_FIRST, SHIFT_FIRST };

/* c tanh(slope h) */
static weir_tensor *affine_tanh(weir_tensor *h, double c, double slope)
{
    return weir_scale(weir_tanh(weir_scale(h, slope)), c);
}

/* c 2/pi atan(slope h) */
static weir_tensor *affine_atan(weir_tensor *h, double c, double slope)
{
    return weir_scale(weir_atan(weir_scale(h, slope)), c * M_2_PI);
}

static weir_tensor *affine_softplus(weir_tensor *h, double most)
{
    return weir_log(weir_clamp(weir_affine(weir_softplus(h), 1, 1e-3), 0, most));
}

static weir_tensor *affine_log_scale(const weir__affine_map *m, weir_tensor *h)
{
    const weir__affine_opts *o = &m->o;
    switch (o->scale) {
    case EXP: return h;
    case SIGMOID: return weir_logsigmoid(weir_affine(h, 1, 2));
    case TANH: return affine_tanh(h, o->bound, 1 / o->bound);
    case SOFT: return weir_div(h, weir_affine(weir_abs(h), 1 / o->bound, 1));
    case FLOORED_SIGMOID: return weir_log(weir_affine(weir_sigmoid(weir_affine(h, 1, 2)), 1, 1e-3));
    case FLOORED_SOFTPLUS: return weir_log(weir_affine(weir_softplus(h), 1, 1e-3));
    case CLAMPED_SOFTPLUS: return affine_softplus(h, 3);
    case WIDE_TANH: return affine_tanh(h, o->bound, 1);
    case WIDE_SIGMOID: return affine_tanh(h, o->bound, 0.5); /* 2 sigmoid(h) - 1 = tanh(h / 2) */
    case SLOW_TANH: return affine_tanh(h, o->bound, 0.1 / o->bound);
    case LEARNED_TANH: return weir_mul(weir_tanh(h), weir_parameter_here(h, m->rescale));
    case ATAN: return affine_atan(h, o->bound, 1 / o->bound);
    case WIDE_ATAN: return affine_atan(h, o->bound, 1);
    }
    return h;
}

static weir_tensor *affine_keep_volume(weir_tensor *log_scale)
{
    static const int axes[] = { 1, 2, 3 };
    if (weir_is_nil(log_scale)) return log_scale;
    return weir_sub(log_scale, weir_mean_axes(log_scale, log_scale->ndim - 1, axes, true));
}

static weir_tensor *map_affine_apply(const weir__map *m, weir_tensor *x, weir_tensor *h,
                                     bool inverse, weir_tensor **log_slope)
{
    const weir__affine_map *own = (const weir__affine_map *)m;
    const weir__affine_opts *o = &own->o;
    weir_tensor *log_scale = affine_log_scale(own, weir_select(h, -1, 0));
    weir_tensor *shift = weir_select(h, -1, 1);
    if (own->keeps_volume) log_scale = affine_keep_volume(log_scale);
    if (o->scale == SLOW_TANH) shift = weir_scale(shift, 0.1);
    *log_slope = inverse ? weir_neg(log_scale) : log_scale;
    weir_tensor *scale = weir_exp(*log_slope);
    bool shift_now = inverse == (o->first == SCALE_FIRST);
    if (inverse) shift = weir_neg(shift);
    if (shift_now) return weir_mul(weir_add(x, shift), scale);
    return weir_add(weir_mul(x, scale), shift);
}

weir__affine_map weir__affine_map_of(const weir__affine_opts *o)
{
    return (weir__affine_map){ .map = { .params = 2, .apply = map_affine_apply }, .o = *o };
}

void weir__affine_map_learn(weir__affine_map *map, weir_module *m, weir_dtype t)
{
    static const int64_t one[] = { 1 };
    const weir_init start = { WEIR_INIT_CONSTANT, map->o.bound };
    if (map->o.scale != LEARNED_TANH) return;
    map->rescale = weir_module_parameter(m, "rescale", t, 1, one, start);
}
