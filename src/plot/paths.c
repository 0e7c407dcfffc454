/* paths.c - how particles go from noise to data in the plane: a line each, a dot where it ends. A path that leaves the finite numbers
 * ends there. */
#include <math.h>
#include "plot/plot.h"

enum { SHOWN = 200, CORNERS = 40 }; /* paths; points of each, at most about so many */

static const double *place(const weir__paths *s, int64_t point, int64_t i)
{
    return s->xy + (point * s->n + i) * 2;
}

static weir__axes frame(const weir__paths *s, int64_t n, weir__range x, weir__range y)
{
    for (int64_t point = 0; point < s->points; point++)
        for (int64_t i = 0; i < n; i++) x = weir__range_add(x, place(s, point, i)[0]), y = weir__range_add(y, place(s, point, i)[1]);
    return weir__panel_axes(x, y);
}

static bool corner(weir__page *p, const weir__axes *a, const double *xy, const char *pen)
{
    if (!isfinite(xy[0]) || !isfinite(xy[1])) return false;
    weir__put(p, "%s", pen);
    weir__put_at(p, weir__scale_at(a->x, xy[0]));
    weir__put(p, " ");
    weir__put_at(p, weir__scale_at(a->y, xy[1]));
    return true;
}

static void line(weir__page *p, const weir__axes *a, const weir__paths *s, int64_t i)
{
    int64_t stride = (s->points + CORNERS - 1) / CORNERS, last = s->points - 1;
    bool going = corner(p, a, place(s, 0, i), "M");
    for (int64_t point = stride; going && point < last; point += stride) going = corner(p, a, place(s, point, i), "L");
    if (going) corner(p, a, place(s, last, i), "L");
}

void weir__put_paths(weir__page *p, const weir__paths *s, weir__range x, weir__range y)
{
    int64_t n = s->n < SHOWN ? s->n : SHOWN;
    weir__axes a = frame(s, n, x, y);
    weir__panel_begin(p, &a, s->title);
    weir__put_axes(p, &a);
    weir__put(p, "<path class=\"path\" d=\"");
    for (int64_t i = 0; i < n; i++) line(p, &a, s, i);
    weir__put(p, "\"/>\n<path class=\"dots c1\" d=\"");
    for (int64_t i = 0; i < n; i++)
        if (corner(p, &a, place(s, s->points - 1, i), "M")) weir__put(p, "h0");
    weir__put(p, "\"/>\n");
    weir__panel_end(p, s->title, s->caption);
}
