/* tradeoff.c - quality against cost of many ways to do one thing, both in logarithms: thin lines,
 * whose names a pointer shows, and in front of them the points that no other beats at as little
 * cost. */
#include <math.h>
#include "plot/plot.h"

enum { WIDE = 440, HIGH = 330 };

static const weir__frame_box box = {
    .left = 52, .top = 30, .right = WIDE - 16, .bottom = HIGH - 40, .width = WIDE, .height = HIGH
};

/* A point in log10, NaN where it has none. */
static double tradeoff_log(double v) { return v > 0 && isfinite(v) ? log10(v) : NAN; }
static double at_x(const weir__tradeoff *k, int64_t line, int64_t i)
{
    return tradeoff_log(k->series[line].x[i]);
}
static double at_y(const weir__tradeoff *k, int64_t line, int64_t i)
{
    return tradeoff_log(k->series[line].y[i]);
}

/* A point of the front: those that are best so far. */
typedef struct best {
    int64_t line;
    double x, y;
} best;

/* The best beyond x and below y by a fifth: the least y at the least x there. False: none is. */
static bool next_best(const weir__tradeoff *k, best *b)
{
    best next = { -1, INFINITY, INFINITY };
    for (int64_t line = 0; line < k->n; line++)
        for (int64_t i = 0; i < k->series[line].n; i++) {
            double x = at_x(k, line, i), y = at_y(k, line, i);
            if (!(x > b->x) || !(y < b->y - 0.08)) continue;
            if (x < next.x || (x == next.x && y < next.y)) next = (best){ line, x, y };
        }
    bool found = next.line >= 0;
    if (found) *b = next;
    return found;
}

static weir__axes tradeoff_axes(const weir__tradeoff *k)
{
    weir__range x = weir__range_none(), y = x;
    for (int64_t line = 0; line < k->n; line++)
        for (int64_t i = 0; i < k->series[line].n; i++) {
            x = weir__range_add(x, at_x(k, line, i));
            y = weir__range_add(y, at_y(k, line, i));
        }
    best b = { -1, -INFINITY, INFINITY };
    if (next_best(k, &b)) y.hi = fmin(y.hi, b.y + 0.3); /* twice the first of the front */
    x = weir__range_open(x);
    y = weir__range_open(y);
    double wide = x.hi - x.lo, high = y.hi - y.lo;
    return (weir__axes){
        .x = { { x.lo - 0.12 * wide, x.hi + 0.04 * wide }, box.left, box.right },
        .y = { { y.lo - 0.08 * high, y.hi + 0.05 * high }, box.bottom, box.top },
        .logarithmic = true,
        .x_label = k->x_label,
        .y_label = k->y_label,
        .box = box,
    };
}

static void tradeoff_to(weir__page *p, const weir__axes *a, const char *pen, double x, double y)
{
    weir__put(p, "%s", pen);
    weir__put_at(p, weir__scale_at(a->x, x));
    weir__put(p, " ");
    weir__put_at(p, weir__scale_at(a->y, y));
}

static void one_line(weir__page *p, const weir__axes *a, const weir__tradeoff *k, int64_t line)
{
    bool down = false;
    weir__put(p, "<path class=\"line\" d=\"");
    for (int64_t i = 0; i < k->series[line].n; i++) {
        double x = at_x(k, line, i), y = at_y(k, line, i);
        bool some = isfinite(x) && y <= a->y.from.hi;
        if (some) tradeoff_to(p, a, down ? "L" : "M", x, y);
        if (some && !down) weir__put(p, "h0"); /* a lone point is a dot */
        down = some;
    }
    weir__put(p, "\"><title>");
    weir__put_text(p, k->series[line].name);
    weir__put(p, "</title></path>\n");
}

/* -- the front --------------------------------------------------------------------------------- */
static void front(weir__page *p, const weir__axes *a, const weir__tradeoff *k)
{
    best b = { -1, -INFINITY, INFINITY };
    bool down = false;
    weir__put(p, "<path class=\"front\" d=\"");
    while (next_best(k, &b)) {
        tradeoff_to(p, a, down ? "L" : "M", b.x, b.y);
        if (!down) weir__put(p, "h0");
        down = true;
    }
    weir__put(p, "\"/>\n");
}

/* Below and to the left of a point of the front there is nothing. */
static void names(weir__page *p, const weir__axes *a, const weir__tradeoff *k)
{
    best b = { -1, -INFINITY, INFINITY };
    int64_t said = -1;
    while (next_best(k, &b)) {
        if (b.line == said) continue;
        weir__put(p, "<text class=\"note strong\" x=\"");
        weir__put_at(p, fmax(weir__scale_at(a->x, b.x) - 6, box.left + 70));
        weir__put(p, "\" y=\"");
        weir__put_at(p, weir__scale_at(a->y, b.y) + 12);
        weir__put(p, "\">");
        weir__put_text(p, k->series[b.line].name);
        weir__put(p, "</text>\n");
        said = b.line;
    }
}

void weir__put_tradeoff(weir__page *p, const weir__tradeoff *k)
{
    weir__axes a = tradeoff_axes(k);
    weir__put(p, "<figure>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDE, HIGH);
    weir__put_text(p, k->title);
    weir__put(p, "\">\n");
    weir__put_axes(p, &a);
    for (int64_t line = 0; line < k->n; line++) one_line(p, &a, k, line);
    front(p, &a, k);
    names(p, &a, k);
    weir__put(p, "</svg>\n");
    weir__put_caption(p, k->title, k->caption);
    weir__put(p, "</figure>\n");
}
