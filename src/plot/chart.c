/* chart.c - curves over steps. Drawn about as wide as a phone, so that its text is readable there
 * and merely grows elsewhere. */
#include <math.h>
#include "plot/plot.h"

enum {
    WIDE = 440,
    HIGH = 270,
    POINTS = 600
}; /* points a curve: more are drawn as means of neighbours */

static const weir__frame_box box = {
    .left = 48, .top = 30, .right = WIDE - 16, .bottom = HIGH - 40, .width = WIDE, .height = HIGH
};

/* Air around the curves, and above the mark for its name: what is best stands highest, so no curve
 * runs there. */
static weir__range chart_padded(weir__range r, double mark)
{
    r = weir__range_open(r);
    double width = r.hi - r.lo;
    return (weir__range){ r.lo - 0.05 * width, isfinite(mark)
                                                   ? fmax(r.hi + 0.05 * width, mark + 0.12 * width)
                                                   : r.hi + 0.05 * width };
}

static weir__scale x_scale(const weir__chart *k)
{
    weir__range r = weir__range_none();
    for (int i = 0; i < k->n_series; i++) {
        weir__range one = weir__range_of(k->series[i].n, k->series[i].x);
        r = weir__range_add(weir__range_add(r, one.lo), one.hi);
    }
    if (r.lo > 0 && r.lo < 0.2 * r.hi)
        r.lo = 0; /* steps begin at 0, whenever the first line was written */
    return (weir__scale){ weir__range_open(r), box.left, box.right };
}

static weir__scale y_scale(weir_ctx *c, const weir__chart *k)
{
    weir__range r = weir__range_none();
    for (int i = 0; i < k->n_series; i++) {
        weir__range one = weir__range_typical(c, k->series[i].n, k->series[i].y);
        r = weir__range_add(weir__range_add(r, one.lo), one.hi);
    }
    r = weir__range_add(weir__range_add(r, k->level), k->mark_y);
    return (weir__scale){ chart_padded(r, k->mark_y), box.bottom, box.top };
}

/* -- curves ------------------------------------------------------------------------------------ */
/* Mean of points first .. first + n - 1 that are finite; false when none is. */
static bool mean_point(const weir__series *s, int64_t first, int64_t n, double *x, double *y)
{
    double sx = 0, sy = 0;
    int64_t used = 0;
    for (int64_t i = first; i < first + n && i < s->n; i++)
        if (isfinite(s->x[i]) && isfinite(s->y[i])) {
            sx += s->x[i];
            sy += s->y[i];
            used++;
        }
    *x = sx / (double)used;
    *y = sy / (double)used;
    return used > 0;
}

static double chart_within(double v)
{
    return fmax(-200, fmin(HIGH + 200, v));
} /* the clip hides it; extreme numbers upset renderers */

static void curve(weir__page *p, const weir__series *s, const weir__scale *sx,
                  const weir__scale *sy, int number, int id)
{
    int64_t step = s->n > POINTS ? (s->n + POINTS - 1) / POINTS : 1;
    bool down = false; /* the pen: up at a gap */
    weir__put(p, "<path class=\"curve c%d\" clip-path=\"url(#f%d)\" d=\"", number, id);
    for (int64_t i = 0; i < s->n; i += step) {
        double x, y;
        bool some = mean_point(s, i, step, &x, &y);
        if (some) {
            weir__put(p, down ? "L" : "M");
            weir__put_at(p, weir__scale_at(*sx, x));
            weir__put(p, " ");
            weir__put_at(p, chart_within(weir__scale_at(*sy, y)));
            if (!down) weir__put(p, "h0"); /* a lone point is a dot */
        }
        down = some;
    }
    weir__put(p, "\"/>\n");
}

static void chart_key(weir__page *p, const weir__chart *k)
{
    if (k->n_series < 2) return;
    for (int i = 0; i < k->n_series; i++) {
        weir__put(p, "<text class=\"key c%d\" x=\"%d\" y=\"%d\">", i, (int)box.right,
                  20 - 15 * (k->n_series - 1 - i) + 2);
        weir__put_text(p, k->series[i].name);
        weir__put(p, "</text>\n");
    }
}

static void level(weir__page *p, const weir__chart *k, const weir__scale *sy)
{
    if (!isfinite(k->level)) return;
    double y = weir__scale_at(*sy, k->level);
    weir__put(p, "<path class=\"level\" d=\"M%d ", (int)box.left);
    weir__put_at(p, y);
    weir__put(p, "H%d\"/>\n<text class=\"note left\" x=\"%d\" y=\"", (int)box.right,
              (int)box.left + 4);
    weir__put_at(p, y < box.top + 16 ? y + 15 : y - 5);
    weir__put(p, "\">");
    weir__put_text(p, k->level_name);
    weir__put(p, "</text>\n");
}

static void mark(weir__page *p, const weir__chart *k, const weir__scale *sx, const weir__scale *sy)
{
    if (!isfinite(k->mark_x) || !isfinite(k->mark_y)) return;
    double x = weir__scale_at(*sx, k->mark_x), y = weir__scale_at(*sy, k->mark_y);
    weir__put(p, "<circle class=\"mark\" r=\"4\" cx=\"");
    weir__put_at(p, x);
    weir__put(p, "\" cy=\"");
    weir__put_at(p, y);
    weir__put(p, "\"/>\n<text class=\"note strong\" x=\"");
    weir__put_at(p, fmin(fmax(x, box.left + 80), box.right));
    weir__put(p, "\" y=\"");
    weir__put_at(p, y - 10);
    weir__put(p, "\">");
    weir__put_text(p, k->mark_name);
    weir__put(p, "</text>\n");
}

void weir__put_chart(weir__page *p, const weir__chart *k, int id)
{
    weir__axes a = { .x = x_scale(k),
                     .y = y_scale(p->c, k),
                     .x_ticks = 5,
                     .y_ticks = 5,
                     .x_label = k->x_label,
                     .y_label = k->y_label,
                     .box = box };
    weir__put(p, "<figure>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDE, HIGH);
    weir__put_text(p, k->title);
    weir__put(p,
              "\">\n<clipPath id=\"f%d\"><rect x=\"%d\" y=\"%d\" width=\"%d\" "
              "height=\"%d\"/></clipPath>\n",
              id, (int)box.left - 2, (int)box.top - 2, (int)(box.right - box.left) + 4,
              (int)(box.bottom - box.top) + 2);
    weir__put_axes(p, &a);
    level(p, k, &a.y);
    for (int i = 0; i < k->n_series; i++) curve(p, &k->series[i], &a.x, &a.y, i, id);
    chart_key(p, k);
    mark(p, k, &a.x, &a.y);
    weir__put(p, "</svg>\n");
    weir__put_caption(p, k->title, k->caption);
    weir__put(p, "</figure>\n");
}
