/* image_grid.c - many small images on one sheet. */
#include <string.h>
#include "io/internal.h"

enum { GAP = 2, READABLE = 64, SIDE_MAX = 32768 };

typedef struct sheet {
    int64_t rows, columns, h, w; /* of the grid; of the sheet in pixels */
    int64_t scale;
    int channels;
    unsigned char *pixels;
} sheet;

/* One image, every pixel a square of `scale`. */
static void image_grid_draw(const sheet *s, const float *x, int64_t h, int64_t w, int64_t top,
                            int64_t left)
{
    for (int64_t y = 0; y < h * s->scale; y++) {
        unsigned char *to = s->pixels + ((top + y) * s->w + left) * s->channels;
        const float *from = x + y / s->scale * w;
        for (int64_t i = 0; i < w * s->scale; i++)
            for (int k = 0; k < s->channels; k++)
                *to++ = weir__pixel_byte(from[k * h * w + i / s->scale]);
    }
}

static int64_t square_side(int64_t n)
{
    int64_t side = 1;
    while (side * side < n) side++;
    return side;
}

static bool lay_out(sheet *s, int64_t n, int64_t h, int64_t w, int64_t columns, int scale)
{
    if (n < 1 || h < 1 || w < 1 || columns < 0 || scale < 0 || n > SIDE_MAX * (int64_t)SIDE_MAX
        || h > SIDE_MAX || w > SIDE_MAX)
        return false;
    int64_t side = h > w ? h : w;
    s->scale = scale;
    if (s->scale == 0) s->scale = side >= READABLE ? 1 : (READABLE + side - 1) / side;
    s->columns = columns ? columns : square_side(n);
    if (s->columns > n) s->columns = n;
    s->rows = (n + s->columns - 1) / s->columns;
    if (s->scale > SIDE_MAX || s->rows > SIDE_MAX || s->columns > SIDE_MAX) return false;
    s->h = s->rows * (h * s->scale + GAP) + GAP;
    s->w = s->columns * (w * s->scale + GAP) + GAP;
    return s->h <= SIDE_MAX && s->w <= SIDE_MAX;
}

weir_status weir__png_grid(weir_ctx *c, const float *x, int64_t n, int channels, int64_t h,
                           int64_t w, int64_t columns, int scale, weir__bytes *out)
{
    *out = (weir__bytes){ 0 };
    if (!weir_ok(c)) return weir_status_of(c);
    sheet s = { .channels = channels };
    if (channels != 1 && channels != 3)
        return weir_fail(c, WEIR_ERROR_SHAPE, "image grid: %d channels: expected 1 or 3", channels);
    if (!lay_out(&s, n, h, w, columns, scale))
        return weir_fail(c, WEIR_ERROR_RANGE,
                         "image grid: %lld images of %lld x %lld: expected at least one, and a "
                         "sheet of at most %d pixels a side",
                         (long long)n, (long long)h, (long long)w, SIDE_MAX);
    size_t bytes = (size_t)s.h * (size_t)s.w * (size_t)channels;
    s.pixels = weir__alloc(c, bytes);
    if (!s.pixels) return weir_status_of(c);
    memset(s.pixels, 255, bytes);
    for (int64_t i = 0; i < n; i++)
        image_grid_draw(&s, x + i * channels * h * w, h, w,
                        GAP + i / s.columns * (h * s.scale + GAP),
                        GAP + i % s.columns * (w * s.scale + GAP));
    weir__png_encode(c, s.pixels, s.h, s.w, channels, out);
    weir__free(c, s.pixels);
    return weir_status_of(c);
}
