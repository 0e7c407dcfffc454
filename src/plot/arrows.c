/* arrows.c - a vector field of the plane: an arrow in every cell, of the direction there and of a
 * length as the root of the field's, for fields are a few large vectors and many small ones. */
#include <math.h>
#include "plot/plot.h"

static double longest(const weir__arrows *k)
{
    double most = 0;
    for (int64_t i = 0; i < k->side * k->side; i++) {
        double length = hypot(k->v[2 * i], k->v[2 * i + 1]);
        if (isfinite(length)) most = fmax(most, length);
    }
    return most;
}

static void arrows_to(weir__page *p, const char *pen, double x, double y)
{
    weir__put(p, "%s", pen);
    weir__put_at(p, x);
    weir__put(p, " ");
    weir__put_at(p, y);
}

/* From (x, y), the middle, by (dx, dy) of the drawing: half before, half behind, and a head. */
static void arrow(weir__page *p, double x, double y, double dx, double dy)
{
    double ex = x + dx / 2, ey = y + dy / 2;
    arrows_to(p, "M", x - dx / 2, y - dy / 2);
    arrows_to(p, "L", ex, ey);
    arrows_to(p, "M", ex - 0.3 * dx - 0.2 * dy, ey - 0.3 * dy + 0.2 * dx);
    arrows_to(p, "L", ex, ey);
    arrows_to(p, "L", ex - 0.3 * dx + 0.2 * dy, ey - 0.3 * dy - 0.2 * dx);
}

void weir__put_arrows(weir__page *p, const weir__arrows *k)
{
    weir__axes a = weir__panel_axes((weir__range){ k->x0, k->x1 }, (weir__range){ k->y0, k->y1 });
    double n = (double)k->side, most = longest(k);
    double cell_x = (a.box.right - a.box.left) / n, cell_y = (a.box.bottom - a.box.top) / n;
    double reach = 0.95 * fmin(cell_x, cell_y);
    weir__panel_begin(p, &a, k->title);
    weir__put_axes(p, &a);
    weir__put(p, "<path class=\"arrows\" d=\"");
    for (int64_t i = 0; i < k->side * k->side; i++) {
        double vx = k->v[2 * i], vy = k->v[2 * i + 1], length = hypot(vx, vy);
        if (!(length > 0) || !isfinite(length)) continue;
        double scale = reach * sqrt(length / most) / length;
        double x = a.box.left + cell_x * ((double)(i % k->side) + 0.5);
        double y = a.box.bottom - cell_y * ((double)(i / k->side) + 0.5);
        arrow(p, x, y, scale * vx, -scale * vy);
    }
    weir__put(p, "\"/>\n");
    weir__panel_end(p, k->title, k->caption);
}
