/* images.c - pictures side by side, each its own small PNG: the page lays them out and shows their
 * pixels as squares. */
#include "plot/plot.h"

static void put_one(weir__page *p, const weir__images *s, const float *x, unsigned char *pixels)
{
    int64_t size = s->h * s->w;
    weir__bytes png = { 0 };
    for (int64_t i = 0; i < size; i++)
        for (int k = 0; k < s->channels; k++)
            pixels[i * s->channels + k] = weir__pixel_byte(x[k * size + i]);
    if (weir__png_encode(p->c, pixels, s->h, s->w, s->channels, &png) != WEIR_OK) return;
    weir__put(p, "<img alt=\"\" width=\"%lld\" height=\"%lld\" src=\"", (long long)s->w,
              (long long)s->h);
    weir__put_png(p, png);
    weir__put(p, "\">");
    weir__free(p->c, png.data);
}

static int columns_of(const weir__images *s)
{
    int side = 1;
    if (s->columns > 0) return (int)s->columns;
    while ((int64_t)side * side < s->n) side++;
    return side;
}

void weir__put_images(weir__page *p, const weir__images *s)
{
#ifdef WEIR_HAVE_PNG
    int64_t size = weir__size_times(weir__size_times(s->h, s->w), s->channels);
    unsigned char *pixels = weir__alloc_n(p->c, size, 1);
    weir__put(p, "<figure>\n<div class=\"sheet\" role=\"img\" style=\"--columns:%d\" aria-label=\"",
              columns_of(s));
    weir__put_text(p, s->title);
    weir__put(p, ": %lld pictures\">\n", (long long)s->n);
    for (int64_t i = 0; pixels && i < s->n; i++)
        put_one(p, s, s->x + i * s->channels * s->h * s->w, pixels);
    weir__put(p, "\n</div>\n");
    weir__free(p->c, pixels);
#else
    (void)put_one;
    (void)columns_of;
    weir__put(p, "<figure>\n<p>This build writes no PNG.</p>\n");
#endif
    weir__put_caption(p, s->title, s->caption);
    weir__put(p, "</figure>\n");
}
