/* axes.c - the frame of a figure: hair lines at round numbers, their labels outside. Colours are
 * classes, so that style.c sets them. */
#include <math.h>
#include "plot/plot.h"

static void axes_label(weir__page *p, const char *class_name, double x, double y, const char *text)
{
    weir__put(p, "<text class=\"%s\" x=\"", class_name);
    weir__put_at(p, x);
    weir__put(p, "\" y=\"");
    weir__put_at(p, y);
    weir__put(p, "\">");
    weir__put_text(p, text);
    weir__put(p, "</text>\n");
}

static void axes_line(weir__page *p, double x0, double y0, bool across, double end)
{
    weir__put(p, "M");
    weir__put_at(p, x0);
    weir__put(p, " ");
    weir__put_at(p, y0);
    weir__put(p, across ? "H" : "V");
    weir__put_at(p, end);
}

static void grid(weir__page *p, const weir__axes *a, const weir__ticks *x, const weir__ticks *y)
{
    const weir__frame_box *b = &a->box;
    weir__put(p, "<path class=\"grid\" d=\"");
    for (int i = 0; i < y->n && !a->y_hidden; i++)
        axes_line(p, b->left, weir__scale_at(a->y, y->at[i]), true, b->right);
    weir__put(p, "\"/>\n<path class=\"axis\" d=\"");
    for (int i = 0; i < x->n; i++)
        axes_line(p, weir__scale_at(a->x, x->at[i]), b->bottom, false, b->bottom + 4);
    axes_line(p, b->left, b->bottom, true, b->right);
    weir__put(p, "\"/>\n");
}

static weir__ticks axes_ticks(const weir__axes *a, weir__range r, int wanted)
{
    return a->logarithmic ? weir__ticks_of_log(r) : weir__ticks_choose(r, wanted);
}

static const char *axes_number(const weir__axes *a, const weir__ticks *t, int i,
                               char text[WEIR__NUMBER])
{
    double v = t->at[i];
    if (!a->logarithmic) return weir__number(text, v, t->decimals);
    return weir__number(text, pow(10, v), (int)fmax(0, ceil(-v - 1e-9)));
}

void weir__put_axes(weir__page *p, const weir__axes *a)
{
    const weir__frame_box *b = &a->box;
    weir__ticks x = axes_ticks(a, a->x.from, a->x_ticks);
    weir__ticks y = axes_ticks(a, a->y.from, a->y_ticks);
    char text[WEIR__NUMBER];
    grid(p, a, &x, &y);
    for (int i = 0; i < y.n && !a->y_hidden; i++)
        axes_label(p, "ty", b->left - 6, weir__scale_at(a->y, y.at[i]) + 4,
                   axes_number(a, &y, i, text));
    for (int i = 0; i < x.n; i++)
        axes_label(p, "tx", weir__scale_at(a->x, x.at[i]), b->bottom + 17,
                   axes_number(a, &x, i, text));
    if (a->y_label) axes_label(p, "ly", b->left, b->top - 10, a->y_label);
    if (a->x_label) axes_label(p, "lx", b->right, b->bottom + 33, a->x_label);
}
