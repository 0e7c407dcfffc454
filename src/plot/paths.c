/* paths.c - how particles go from noise to data in the plane: a line each, and a dot that moves
 * along it, again and again; in print, and for readers who want no motion, a dot where it ends. A
 * path that leaves the finite numbers ends there. */
#include <math.h>
#include "plot/plot.h"

enum {
    SHOWN = 200,
    CORNERS = 40,
    FRAMES = 24
}; /* paths; points of each, and places of its dot, at
    * most about so many */

static const double *paths_place(const weir__paths *s, int64_t point, int64_t i)
{
    return s->xy + (point * s->n + i) * 2;
}

static weir__axes paths_frame(const weir__paths *s, int64_t n, weir__range x, weir__range y)
{
    for (int64_t point = 0; point < s->points; point++)
        for (int64_t i = 0; i < n; i++) {
            x = weir__range_add(x, paths_place(s, point, i)[0]);
            y = weir__range_add(y, paths_place(s, point, i)[1]);
        }
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

static void paths_line(weir__page *p, const weir__axes *a, const weir__paths *s, int64_t i)
{
    int64_t stride = (s->points + CORNERS - 1) / CORNERS, last = s->points - 1;
    bool going = corner(p, a, paths_place(s, 0, i), "M");
    for (int64_t point = stride; going && point < last; point += stride)
        going = corner(p, a, paths_place(s, point, i), "L");
    if (going) corner(p, a, paths_place(s, last, i), "L");
}

static bool arrives(const weir__paths *s, int64_t i)
{
    bool finite = true;
    for (int64_t point = 0; point < s->points; point++)
        finite = finite && isfinite(paths_place(s, point, i)[0])
                 && isfinite(paths_place(s, point, i)[1]);
    return finite;
}

/* Dots at a point of all paths that arrive: every frame has as many. */
static void dots(weir__page *p, const weir__axes *a, const weir__paths *s, int64_t n, int64_t point)
{
    for (int64_t i = 0; i < n; i++)
        if (arrives(s, i) && corner(p, a, paths_place(s, point, i), "M")) weir__put(p, "h0");
}

/* They take four fifths of the time to arrive, and stay there for the rest. */
static void motion(weir__page *p, const weir__axes *a, const weir__paths *s, int64_t n)
{
    int64_t last = s->points - 1, frames = last < FRAMES ? last : FRAMES;
    bool some = false;
    for (int64_t i = 0; i < n; i++) some = some || arrives(s, i);
    if (!some) return;
    weir__put(p, "<path class=\"dots c1 moving\" d=\"");
    dots(p, a, s, n, 0);
    weir__put(p, "\"><animate attributeName=\"d\" dur=\"6s\" repeatCount=\"indefinite\" "
                 "keyTimes=\"");
    for (int64_t k = 0; k <= frames; k++) {
        weir__put_at(p, 0.8 * (double)k / (double)frames);
        weir__put(p, ";");
    }
    weir__put(p, "1\" values=\"");
    for (int64_t k = 0; k <= frames; k++) {
        dots(p, a, s, n, last * k / frames);
        weir__put(p, ";");
    }
    dots(p, a, s, n, last);
    weir__put(p, "\"/></path>\n");
}

void weir__put_paths(weir__page *p, const weir__paths *s, weir__range x, weir__range y)
{
    int64_t n = s->n < SHOWN ? s->n : SHOWN;
    weir__axes a = paths_frame(s, n, x, y);
    weir__panel_begin(p, &a, s->title);
    weir__put_axes(p, &a);
    weir__put(p, "<path class=\"path\" d=\"");
    for (int64_t i = 0; i < n; i++) paths_line(p, &a, s, i);
    weir__put(p, "\"/>\n<path class=\"dots c1 still\" d=\"");
    for (int64_t i = 0; i < n; i++)
        if (corner(p, &a, paths_place(s, s->points - 1, i), "M")) weir__put(p, "h0");
    weir__put(p, "\"/>\n");
    motion(p, &a, s, n);
    weir__panel_end(p, s->title, s->caption);
}
