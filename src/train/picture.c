/* picture.c - samples as a PNG: a grid of images; points of two columns as a scatter. */
#include <math.h>
#include <string.h>
#include "train/train.h"

enum { SIDE = 640, MARGIN = 24 };

bool weir_model_image_shape(const weir_model *m, int64_t *channels, int64_t *h, int64_t *w)
{
    WEIR__AS_FOUND;
    const int64_t *shape = NULL;
    weir__image_shape s;
    int ndim = m && !m->object.nil ? weir_model_shape(m, &shape) : 0;
    if (!weir__image_shape_of(ndim, shape, weir_model_levels(m), &s)) return false;
    if (channels) *channels = s.channels;
    if (h) *h = s.h;
    if (w) *w = s.w;
    return true;
}

static weir_status image_grid(weir_model *m, const weir__samples *x, const weir__image_shape *s,
                              weir__bytes *png)
{
    weir_ctx *c = weir_model_ctx(m);
    int64_t levels = weir_model_levels(m), count = x->n * x->dim;
    float top = levels > 1 ? (float)(levels - 1) : 1; /* without levels values are within [0, 1] */
    float *y = weir__alloc_n(c, count, sizeof *y);
    for (int64_t i = 0; y && i < count; i++) y[i] = (float)weir__samples_at(x, i) / top;
    if (y) weir__png_grid(c, y, x->n, s->channels, s->h, s->w, 0, 0, png);
    weir__free(c, y);
    return weir_status_of(c);
}

/* -- scatter ----------------------------------------------------------------------------------- */
typedef struct window {
    double left, top, scale;
} window; /* pixel = (value - corner) * scale */

/* One scale for both axes; all finite points lie inside. */
static window window_of(const weir__samples *x)
{
    double low[2] = { INFINITY, INFINITY }, high[2] = { -INFINITY, -INFINITY };
    for (int64_t i = 0; i < 2 * x->n; i++) {
        double v = weir__samples_at(x, i);
        if (!isfinite(v)) continue;
        low[i % 2] = fmin(low[i % 2], v);
        high[i % 2] = fmax(high[i % 2], v);
    }
    if (!(high[0] >= low[0] && high[1] >= low[1])) {
        low[0] = low[1] = -1;
        high[0] = high[1] = 1;
    }
    double extent = fmax(high[0] - low[0], high[1] - low[1]);
    if (!(extent > 0)) extent = 2;
    window v = { .scale = (SIDE - 2 * MARGIN) / extent };
    v.left = (low[0] + high[0]) / 2 - SIDE / 2.0 / v.scale;
    v.top = (low[1] + high[1]) / 2 + SIDE / 2.0 / v.scale;
    return v;
}

/* A soft dot of about two pixels' radius, darkening what is there. */
static void picture_dot(unsigned char *pixels, double px, double py)
{
    for (int y = (int)py - 2; y <= (int)py + 2; y++)
        for (int x = (int)px - 2; x <= (int)px + 2; x++) {
            if (x < 0 || y < 0 || x >= SIDE || y >= SIDE) continue;
            double distance = hypot(x + 0.5 - px, y + 0.5 - py),
                   cover = 0.55 * fmin(1, fmax(0, 2.2 - distance));
            unsigned char *p = pixels + 3 * (y * SIDE + x);
            static const double ink[3] = { 38, 84, 160 };
            for (int k = 0; k < 3; k++)
                p[k] = (unsigned char)(p[k] + (ink[k] - p[k]) * cover + 0.5);
        }
}

static weir_status scatter(weir_ctx *c, const weir__samples *x, weir__bytes *png)
{
    unsigned char *pixels = weir__alloc_n(c, SIDE * SIDE * 3, 1);
    if (!pixels) return weir_status_of(c);
    window v = window_of(x);
    memset(pixels, 255, (size_t)SIDE * SIDE * 3);
    for (int64_t i = 0; i < x->n; i++) {
        double px = weir__samples_at(x, 2 * i), py = weir__samples_at(x, 2 * i + 1);
        if (!isfinite(px) || !isfinite(py)) continue;
        picture_dot(pixels, (px - v.left) * v.scale, (v.top - py) * v.scale);
    }
    weir__png_encode(c, pixels, SIDE, SIDE, 3, png);
    weir__free(c, pixels);
    return weir_status_of(c);
}

weir_status weir__picture(weir_model *m, const weir__samples *x, weir__bytes *png)
{
    weir__image_shape s;
    const int64_t *shape;
    weir_ctx *c = weir_model_ctx(m);
    int ndim = weir_model_shape(m, &shape);
    *png = (weir__bytes){ 0 };
    if (weir__image_shape_of(ndim, shape, weir_model_levels(m), &s))
        return image_grid(m, x, &s, png);
    if (weir_model_dim(m) == 2) return scatter(c, x, png);
    return weir_fail(c, WEIR_ERROR_ARGUMENT,
                     "picture: samples of %lld values: expected images or points of 2 values for a "
                     ".png; .npy and .csv take any",
                     (long long)weir_model_dim(m));
}
