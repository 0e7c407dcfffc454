/* plane.c - two-dimensional models: the density as a heat map, and points, in panels that share one
 * frame. */
#include <math.h>
#include "plot/plot.h"

enum { SIDE = 360, SHOWN = 2500 }; /* points a panel */

/* The frame keeps the plane's proportions: a circle is round, within reason. */
weir__axes weir__panel_axes(weir__range x, weir__range y)
{
    x = weir__range_open(x);
    y = weir__range_open(y);
    double ratio = fmax(0.4, fmin(1.6, (y.hi - y.lo) / (x.hi - x.lo)));
    weir__frame_box b = { .left = 30, .top = 8, .right = SIDE - 8, .width = SIDE };
    b.bottom = b.top + (b.right - b.left) * ratio;
    b.height = b.bottom + 24;
    return (weir__axes){ .x = { x, b.left, b.right },
                         .y = { y, b.bottom, b.top },
                         .x_ticks = 5,
                         .y_ticks = 5,
                         .box = b };
}

static weir__range plane_across(const weir__plane *k) { return (weir__range){ k->x0, k->x1 }; }
static weir__range plane_up(const weir__plane *k) { return (weir__range){ k->y0, k->y1 }; }

void weir__panel_begin(weir__page *p, const weir__axes *a, const char *title)
{
    weir__put(p, "<figure>\n<svg viewBox=\"0 0 %d ", SIDE);
    weir__put_at(p, a->box.height);
    weir__put(p, "\" role=\"img\" aria-label=\"");
    weir__put_text(p, title);
    weir__put(p, "\">\n");
}

void weir__panel_end(weir__page *p, const char *title, const char *caption)
{
    weir__put(p, "</svg>\n");
    weir__put_caption(p, title, caption);
    weir__put(p, "</figure>\n");
}

static void box_attributes(weir__page *p, const weir__frame_box *b)
{
    const double v[4] = { b->left, b->top, b->right - b->left, b->bottom - b->top };
    static const char *const name[4] = { "x", "y", "width", "height" };
    for (int i = 0; i < 4; i++) {
        weir__put(p, " %s=\"", name[i]);
        weir__put_at(p, v[i]);
        weir__put(p, "\"");
    }
}

/* -- points ------------------------------------------------------------------------------------ */
/* One path of strokes without length, which round caps make into dots: a third of the bytes of as
 * many circles. */
static void plane_points(weir__page *p, const weir__plane *k, const weir__points *s, int number)
{
    weir__axes a = weir__panel_axes(plane_across(k), plane_up(k));
    int64_t n = s->n < SHOWN ? s->n : SHOWN;
    weir__panel_begin(p, &a, s->title);
    weir__put_axes(p, &a);
    weir__put(p, "<path class=\"dots c%d\" d=\"", number);
    for (int64_t i = 0; i < n; i++) {
        double x = weir__scale_at(a.x, s->xy[2 * i]), y = weir__scale_at(a.y, s->xy[2 * i + 1]);
        if (!(x >= a.box.left && x <= a.box.right && y >= a.box.top && y <= a.box.bottom)) continue;
        weir__put(p, "M");
        weir__put_at(p, x);
        weir__put(p, " ");
        weir__put_at(p, y);
        weir__put(p, "h0");
    }
    weir__put(p, "\"/>\n");
    weir__panel_end(p, s->title, s->caption);
}

/* -- the density ------------------------------------------------------------------------------- */
#ifdef WEIR_HAVE_PNG
static weir_status heat(weir__page *p, const weir__plane *k, double top, weir__bytes *png)
{
    int64_t size = weir__size_times(weir__size_times(k->side, k->side), 3);
    unsigned char *pixels = weir__alloc_n(p->c, size, 1);
    if (!pixels) return weir_status_of(p->c);
    for (int64_t i = 0; i < k->side; i++)
        for (int64_t j = 0; j < k->side; j++) /* pictures begin at the top */
            weir__viridis(exp(k->log_p[(k->side - 1 - i) * k->side + j] - top),
                          pixels + (i * k->side + j) * 3);
    weir__png_encode(p->c, pixels, k->side, k->side, 3, png);
    weir__free(p->c, pixels);
    return weir_status_of(p->c);
}
#endif

static void bar(weir__page *p, double top)
{
    char text[WEIR__NUMBER];
    double most = exp(top);
    int decimals = most >= 100 || most <= 0 ? 0 : (int)fmin(6, fmax(0, 2 - floor(log10(most))));
    weir__put(p, "<p class=\"bar\"><span>0</span><i style=\"background:linear-gradient(to right");
    for (int i = 0; i <= 8; i++) {
        unsigned char c[3];
        weir__viridis(i / 8.0, c);
        weir__put(p, ",#%02x%02x%02x", c[0], c[1], c[2]);
    }
    weir__put(p, ")\"></i><span>%s</span></p>\n", weir__number(text, most, decimals));
}

static void plane_density(weir__page *p, const weir__plane *k)
{
#ifdef WEIR_HAVE_PNG
    weir__axes a = weir__panel_axes(plane_across(k), plane_up(k));
    weir__bytes png = { 0 };
    weir__range r = weir__range_of(k->side * k->side, k->log_p);
    double top = r.lo <= r.hi ? r.hi : 0;
    if (heat(p, k, top, &png) != WEIR_OK) return;
    weir__panel_begin(p, &a, k->title);
    weir__put_axes(p, &a);
    weir__put(p, "<image preserveAspectRatio=\"none\"");
    box_attributes(p, &a.box);
    weir__put(p, " href=\"");
    weir__put_png(p, png);
    weir__free(p->c, png.data);
    weir__put(p, "\"/>\n</svg>\n");
    bar(p, top);
    weir__put_caption(p, k->title, k->caption);
    weir__put(p, "</figure>\n");
#else
    (void)k;
    (void)box_attributes;
    (void)bar;
    weir__put(p, "<figure>\n<p>This build writes no PNG.</p>\n</figure>\n");
#endif
}

void weir__put_plane(weir__page *p, const weir__plane *k)
{
    if (k->points[0].n > 0) plane_points(p, k, &k->points[0], 0);
    if (k->points[1].n > 0) plane_points(p, k, &k->points[1], 1);
    if (k->side > 0) plane_density(p, k);
    if (k->paths.n > 0 && k->paths.points > 1)
        weir__put_paths(p, &k->paths, plane_across(k), plane_up(k));
}
