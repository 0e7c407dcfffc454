/* pixels.c - what is too fine for SVG: heat maps and sheets of images, as PNG by the io room. */
#include <math.h>
#include <string.h>
#include "plot/plot.h"

void weir__viridis(double t, unsigned char rgb[3])
{
    static const unsigned char table[][3] = {
        { 68, 1, 84 },    { 72, 26, 108 },  { 71, 47, 125 },  { 65, 68, 135 },  { 57, 86, 140 },  { 49, 104, 142 }, { 42, 120, 142 }, { 35, 136, 142 }, { 31, 152, 139 },
        { 34, 168, 132 }, { 53, 183, 121 }, { 84, 197, 104 }, { 122, 209, 81 }, { 165, 219, 54 }, { 210, 226, 27 }, { 253, 231, 37 },
    };
    enum { LAST = sizeof table / sizeof *table - 1 };
    double at = !(t > 0) ? 0 : t >= 1 ? LAST : t * LAST; /* NaN: the darkest */
    int i = at >= LAST ? LAST - 1 : (int)at;
    for (int k = 0; k < 3; k++) rgb[k] = (unsigned char)(table[i][k] + (at - i) * (table[i + 1][k] - table[i][k]) + 0.5);
}

weir_status weir__heat_png(weir_ctx *c, const double *v, int64_t h, int64_t w, double top, weir__bytes *png)
{
    *png = (weir__bytes){ 0 };
    unsigned char *pixels = weir__alloc(c, (size_t)(h * w) * 3);
    if (!pixels) return weir_status_of(c);
    for (int64_t i = 0; i < h * w; i++) weir__viridis(v[i] / top, pixels + 3 * i);
    weir__png_encode(c, pixels, h, w, 3, png);
    weir__free(c, pixels);
    return weir_status_of(c);
}

/* -- sheets ----------------------------------------------------------------------------------------------------------------------- */
enum { GAP = 2, GAP_GREY = 132, READABLE = 36, SHEET_MAX = 4096 };

static unsigned char to_byte(float v) { return !(v > 0) ? 0 : v >= 1 ? 255 : (unsigned char)(v * 255 + 0.5f); }

static void draw(unsigned char *to, int64_t row_bytes, const float *x, int channels, int64_t h, int64_t w, int64_t scale)
{
    for (int64_t y = 0; y < h * scale; y++)
        for (int64_t i = 0; i < w * scale; i++)
            for (int k = 0; k < channels; k++) to[y * row_bytes + i * channels + k] = to_byte(x[k * h * w + y / scale * w + i / scale]);
}

weir_status weir__sheet_png(weir_ctx *c, const float *x, int64_t n, int channels, int64_t h, int64_t w, int64_t columns, weir__bytes *png)
{
    *png = (weir__bytes){ 0 };
    int64_t side = h > w ? h : w, scale = side >= READABLE ? 1 : (READABLE + side - 1) / side, rows = (n + columns - 1) / columns;
    int64_t sheet_h = rows * (h * scale + GAP) - GAP, sheet_w = columns * (w * scale + GAP) - GAP;
    if (n < 1 || sheet_h > SHEET_MAX || sheet_w > SHEET_MAX)
        return weir_fail(c, WEIR_ERROR_RANGE, "sheet: %lld images of %lld x %lld: expected at least one, and smaller ones", (long long)n, (long long)h, (long long)w);
    unsigned char *pixels = weir__alloc(c, (size_t)(sheet_h * sheet_w * channels));
    if (!pixels) return weir_status_of(c);
    memset(pixels, GAP_GREY, (size_t)(sheet_h * sheet_w * channels));
    for (int64_t i = 0; i < n; i++)
        draw(pixels + ((i / columns) * (h * scale + GAP) * sheet_w + (i % columns) * (w * scale + GAP)) * channels, sheet_w * channels, x + i * channels * h * w,
             channels, h, w, scale);
    weir__png_encode(c, pixels, sheet_h, sheet_w, channels, png);
    weir__free(c, pixels);
    return weir_status_of(c);
}
