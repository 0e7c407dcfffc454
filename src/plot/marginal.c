/* marginal.c - one column of a table: the histograms of data and samples over each other, and below
 * them their quantiles: a line from 0.05 to 0.95, a bar from 0.25 to 0.75, a dot at the median. */
#include <math.h>
#include "plot/plot.h"

enum { WIDE = 300, HIGH = 190, STRIP = 12 };

static const weir__frame_box box = {
    .left = 8, .top = 22, .right = WIDE - 8, .bottom = HIGH - 52, .width = WIDE, .height = HIGH
};

double weir__bins_most(const weir__table_column *k)
{
    double most = 0;
    for (int set = 0; set < WEIR__TABLE_SETS; set++)
        for (int64_t i = 0; i < k->bins; i++) most = fmax(most, k->of[set].density[i]);
    return most > 0 ? most : 1;
}

static void marginal_step(weir__page *p, char pen, double at)
{
    weir__put(p, "%c", pen);
    weir__put_at(p, at);
}

void weir__put_bins(weir__page *p, const weir__table_column *k, int set, weir__scale x,
                    weir__scale y)
{
    double width = (x.to1 - x.to0) / (double)k->bins;
    weir__put(p, "<path class=\"bins c%d\" d=\"", set);
    marginal_step(p, 'M', x.to0);
    marginal_step(p, ' ', y.to0);
    for (int64_t i = 0; i < k->bins; i++) {
        marginal_step(p, 'V', weir__scale_at(y, k->of[set].density[i]));
        marginal_step(p, 'H', x.to0 + width * (double)(i + 1));
    }
    marginal_step(p, 'V', y.to0);
    weir__put(p, "\"/>\n");
}

/* -- quantiles --------------------------------------------------------------------------------- */
static void quantile_line(weir__page *p, const char *name, int set, weir__scale x, double y,
                          const double *from_to)
{
    weir__put(p, "<path class=\"%s c%d\" d=\"", name, set);
    marginal_step(p, 'M', fmax(x.to0, weir__scale_at(x, from_to[0])));
    marginal_step(p, ' ', y);
    marginal_step(p, 'H', fmin(x.to1, weir__scale_at(x, from_to[1])));
    weir__put(p, "\"/>\n");
}

static void quantiles(weir__page *p, const weir__marginal *m, int set, weir__scale x)
{
    const double *q = m->quantile;
    double y = box.bottom + 30 + STRIP * set;
    if (!isfinite(q[0]) || !isfinite(q[WEIR__QUANTILES - 1])) return;
    quantile_line(p, "reach", set, x, y, (const double[]){ q[0], q[4] });
    quantile_line(p, "middle", set, x, y, (const double[]){ q[1], q[3] });
    quantile_line(p, "median", set, x, y, (const double[]){ q[2], q[2] });
}

void weir__put_marginal(weir__page *p, const weir__table *t, int64_t column)
{
    const weir__table_column *k = &t->columns[column];
    weir__axes a = { .x = { { k->lo, k->hi }, box.left, box.right },
                     .y = { { 0, weir__bins_most(k) }, box.bottom, box.top },
                     .x_ticks = 4,
                     .y_ticks = 2,
                     .y_hidden = true,
                     .box = box };
    weir__put(p, "<figure>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", WIDE, HIGH);
    weir__put_text(p, k->name);
    weir__put(p, "\">\n");
    weir__put_axes(p, &a);
    for (int set = 0; set < WEIR__TABLE_SETS; set++) {
        if (t->sets[set].n == 0) continue;
        weir__put_bins(p, k, set, a.x, a.y);
        quantiles(p, &k->of[set], set, a.x);
    }
    weir__put(p, "</svg>\n");
    weir__put_caption(p, k->name, NULL);
    weir__put(p, "</figure>\n");
}
