/* map.h - monotone maps of single elements, whose parameters a network computes of what a layer
 * keeps (coupling.c) or has already (autoregressive.c). */
#ifndef WEIR_FLOW_MAP_H
#define WEIR_FLOW_MAP_H
#include "nn/nn.h"
#include "weir/spline.h"

/* x [B, n] or [B, n, H, W] by parameters h of x's shape and [.., params] -> y, and log dy/dx of x's
 * shape (left NULL: 0); the inverse likewise of y, with log dx/dy. */
typedef struct weir__map weir__map;
struct weir__map {
    int64_t params;
    weir_tensor *(*apply)(const weir__map *m, weir_tensor *x, weir_tensor *h, bool inverse,
                          weir_tensor **log_slope);
    double period; /* of angles, of which networks see cosine and sine; 0: they are none */
};
/* What a network sees of n columns or channels: themselves, or 2 n of angles; and how many. */
weir_tensor *weir__map_see(const weir__map *m, weir_tensor *x);
int64_t weir__map_seen(const weir__map *m, int64_t n);

/* -- map_affine.c: y = x exp(s) + t, or (x + t) exp(s) ---------------------------------------- */
typedef struct weir__affine_opts {
    int32_t scale, first;
    double bound;
} weir__affine_opts;
#define WEIR__AFFINE_OPTIONS(at) \
    { "scale", WEIR_OPTION_CHOICE, at + offsetof(weir__affine_opts, scale), "soft", 0, 0, \
      "exp|sigmoid|tanh|soft|floored_sigmoid|floored_softplus|clamped_softplus|wide_tanh|" \
      "wide_sigmoid|slow_tanh|learned_tanh|atan|wide_atan", \
      "how the net's output h becomes a log scale: h; log sigmoid(h + 2); c tanh(h / c); " \
      "h / (1 + |h| / c); log(sigmoid(h + 2) + 0.001); log(softplus(h) + 0.001); the same " \
      "of 3 at most; c tanh h; 2 c (sigmoid(h) - 1/2); c tanh(h / (10 c)), shifts a tenth of " \
      "the net's; k tanh h, k learned, from c; c 2/pi atan(h / c); c 2/pi atan h" }, \
    { "first", WEIR_OPTION_CHOICE, at + offsetof(weir__affine_opts, first), "scale", 0, 0, \
      "scale|shift", "x exp(s) + t, or (x + t) exp(s)" }, \
    { "bound", WEIR_OPTION_REAL, at + offsetof(weir__affine_opts, bound), "3", 1e-3, 100, NULL, \
      "c: the largest log scale of scale=tanh, soft, atan, wide_ and slow_; k at the start" }
typedef struct weir__affine_map {
    weir__map map;
    weir__affine_opts o;
    bool keeps_volume; /* log scales less their mean over a sample: log|det| = 0 */
    weir_tensor *rescale; /* [1]: k of learned_tanh; NULL: another scale */
} weir__affine_map;
weir__affine_map weir__affine_map_of(const weir__affine_opts *o);
/* What the map of the layer m learns itself, as a parameter of m. */
void weir__affine_map_learn(weir__affine_map *map, weir_module *m, weir_dtype t);

/* -- map_spline.c: rational-quadratic splines -------------------------------------------------- */
typedef struct weir__spline_opts {
    int64_t bins;
    int32_t domain, form;
    double bound, min_width, min_height, min_slope;
} weir__spline_opts;
#define WEIR__SPLINE_OPTIONS(at) \
    { "bins", WEIR_OPTION_INT, at + offsetof(weir__spline_opts, bins), "8", 2, 64, NULL, \
      "of a spline" }, \
    { "domain", WEIR_OPTION_CHOICE, at + offsetof(weir__spline_opts, domain), "line", 0, 0, \
      "line|cube|circle", \
      "line: splines on [-B, B], the identity beyond; cube: on [0, B]; circle: angles of period " \
      "2 B" }, \
    { "form", WEIR_OPTION_CHOICE, at + offsetof(weir__spline_opts, form), "floored", 0, 0, \
      "floored|bounded", \
      "of widths, heights and slopes: softmax and softplus above their least (nflows); softmax " \
      "and exp of bounded numbers, slopes from min_slope to 1 / min_slope (zuko)" }, \
    { "bound", WEIR_OPTION_REAL, at + offsetof(weir__spline_opts, bound), "0", 0, 1e6, NULL, \
      "B; 0: 3 of a line, 1 of a cube, pi of a circle" }, \
    { "min_width", WEIR_OPTION_REAL, at + offsetof(weir__spline_opts, min_width), "1e-3", 1e-5, \
      0.1, NULL, "of a bin, as part of the whole" }, \
    { "min_height", WEIR_OPTION_REAL, at + offsetof(weir__spline_opts, min_height), "1e-3", 1e-5, \
      0.1, NULL, "of a bin, as part of the whole" }, \
    { "min_slope", WEIR_OPTION_REAL, at + offsetof(weir__spline_opts, min_slope), "1e-3", 1e-5, \
      0.9, NULL, "at a knot" }
typedef struct weir__spline_map {
    weir__map map;
    weir_rq_spline_opts o;
    double limit; /* of form=bounded: -log(min_slope); 0: floored */
} weir__spline_map;
/* False: the error, which begins with `who`, is set. */
bool weir__spline_map_of(weir_ctx *c, const char *who, const weir__spline_opts *o,
                         weir__spline_map *m);

#endif
