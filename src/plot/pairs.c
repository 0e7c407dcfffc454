/* pairs.c - every two columns of a table: below the diagonal the points of data and samples over
 * each other, on it the histograms, above it the correlations (Pearson). */
#include <math.h>
#include <string.h>
#include "plot/plot.h"

enum { WIDE = 960, LEFT = 52, BELOW = 24, GAP = 6, CELL = 300, SHOWN = 40000, NAME = 18 };

typedef struct cells {
    const weir__table *t;
    double side; /* of a cell, with the gap after it */
} cells;

static double cell_left(const cells *g, int64_t j) { return LEFT + g->side * (double)j; }
static double cell_top(const cells *g, int64_t i) { return GAP + g->side * (double)i; }

static weir__scale pairs_across(const cells *g, int64_t j)
{
    const weir__table_column *k = &g->t->columns[j];
    double left = cell_left(g, j);
    return (weir__scale){ { k->lo, k->hi }, left, left + g->side - GAP };
}

static weir__scale pairs_up(const cells *g, int64_t i)
{
    const weir__table_column *k = &g->t->columns[i];
    double top = cell_top(g, i);
    return (weir__scale){ { k->lo, k->hi }, top + g->side - GAP, top };
}

static void put_pair(weir__page *p, const char *before, double x, const char *between, double y)
{
    weir__put(p, "%s", before);
    weir__put_at(p, x);
    weir__put(p, "%s", between);
    weir__put_at(p, y);
}

static void pairs_frame(weir__page *p, const cells *g, int64_t i, int64_t j)
{
    put_pair(p, "<path class=\"axis\" d=\"M", cell_left(g, j), " ", cell_top(g, i));
    put_pair(p, "h", g->side - GAP, "v", g->side - GAP);
    weir__put(p, "H");
    weir__put_at(p, cell_left(g, j));
    weir__put(p, "z\"/>\n");
}

/* -- points ------------------------------------------------------------------------------------ */
/* So many of each set that the page stays small. */
static int64_t points_shown(const weir__table *t, int64_t n)
{
    int64_t panels = t->n_columns * (t->n_columns - 1) / 2;
    int64_t most = SHOWN / WEIR__TABLE_SETS / panels;
    return n < most ? n : most;
}

static void pairs_points(weir__page *p, const cells *g, int set, int64_t i, int64_t j)
{
    const weir__table_set *s = &g->t->sets[set];
    weir__scale x = pairs_across(g, j), y = pairs_up(g, i);
    int64_t n = points_shown(g->t, s->n);
    weir__put(p, "<path class=\"dots small c%d\" d=\"", set);
    for (int64_t k = 0; k < n; k++) {
        double at_x = weir__scale_at(x, s->x[k * s->stride + j]);
        double at_y = weir__scale_at(y, s->x[k * s->stride + i]);
        if (!(at_x >= x.to0 && at_x <= x.to1 && at_y <= y.to0 && at_y >= y.to1)) continue;
        put_pair(p, "M", at_x, " ", at_y);
        weir__put(p, "h0");
    }
    weir__put(p, "\"/>\n");
}

/* -- the other cells --------------------------------------------------------------------------- */
static void pairs_label(weir__page *p, const char *class_name, double x, double y, const char *text)
{
    weir__put(p, "<text class=\"%s\"", class_name);
    put_pair(p, " x=\"", x, "\" y=\"", y);
    weir__put(p, "\">");
    weir__put_text(p, text);
    weir__put(p, "</text>\n");
}

/* A name that is long is cut, between letters. */
static void pairs_column_name(weir__page *p, double x, double y, const char *name)
{
    char cut[4 * NAME + 8];
    size_t used = 0;
    int letters = 0;
    for (; name[used] && letters < NAME && used < 4 * NAME; letters++) {
        size_t n = weir__utf8_sequence((const unsigned char *)name + used);
        used += n ? n : 1;
    }
    snprintf(cut, sizeof cut, "%.*s%s", (int)used, name, name[used] ? "\u2026" : "");
    pairs_label(p, "name", x, y, cut);
}

static void histogram(weir__page *p, const cells *g, int64_t j)
{
    const weir__table_column *k = &g->t->columns[j];
    weir__scale y = pairs_up(g, j);
    y.from = (weir__range){ 0, weir__bins_most(k) };
    y.to1 += 18; /* room for the name */
    for (int set = 0; set < WEIR__TABLE_SETS; set++)
        if (g->t->sets[set].n > 0) weir__put_bins(p, k, set, pairs_across(g, j), y);
    pairs_column_name(p, cell_left(g, j) + 5, cell_top(g, j) + 14, k->name);
}

static void correlations(weir__page *p, const cells *g, int64_t i, int64_t j)
{
    double x = cell_left(g, j) + (g->side - GAP) / 2, y = cell_top(g, i) + g->side / 2 - 6;
    for (int set = 0; set < WEIR__TABLE_SETS; set++) {
        char number[WEIR__NUMBER];
        const weir__table_set *s = &g->t->sets[set];
        if (s->n == 0) continue;
        pairs_label(p, set == WEIR__TABLE_DATA ? "r c0" : "r c1", x, y + 17 * set,
                    weir__number(number, s->correlation[i][j], 2));
    }
}

/* Labels at the left and at the foot of all cells, two or three a column. */
static void ticks(weir__page *p, const cells *g, int64_t k)
{
    char text[WEIR__NUMBER];
    weir__scale x = pairs_across(g, k), y = pairs_up(g, k);
    weir__ticks t = weir__ticks_choose(x.from, 2);
    if (t.n < 2) t = weir__ticks_choose(x.from, 3);
    double foot = cell_top(g, g->t->n_columns) - GAP;
    for (int i = 0; i < t.n; i++) {
        weir__number(text, t.at[i], t.decimals);
        pairs_label(p, "tx", weir__scale_at(x, t.at[i]), foot + 16, text);
        if (k > 0) pairs_label(p, "ty", LEFT - 5, weir__scale_at(y, t.at[i]) + 4, text);
    }
}

static void cell(weir__page *p, const cells *g, int64_t i, int64_t j)
{
    if (i < j) {
        correlations(p, g, i, j);
        return;
    }
    pairs_frame(p, g, i, j);
    if (i == j) {
        histogram(p, g, i);
        return;
    }
    for (int set = 0; set < WEIR__TABLE_SETS; set++) pairs_points(p, g, set, i, j);
}

void weir__put_pairs(weir__page *p, const weir__table *t)
{
    if (t->n_columns < 2) return;
    int64_t n = t->n_columns;
    cells g = { .t = t, .side = fmin(CELL, (WIDE - LEFT) / (double)n) };
    put_pair(p, "<figure>\n<svg class=\"pairs\" viewBox=\"0 0 ", cell_left(&g, n), " ",
             cell_top(&g, n) + BELOW);
    weir__put(p, "\" role=\"img\" aria-label=\"pairs of columns\">\n");
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) cell(p, &g, i, j);
    for (int64_t k = 0; k < n; k++) ticks(p, &g, k);
    weir__put(p, "</svg>\n");
    weir__put_caption(p, "Pairs.", t->caption);
    weir__put(p, "</figure>\n");
}
